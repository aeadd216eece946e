//! What must hold of the pure core whatever it is sent: no panic, no fault of its own, and no
//! certificate but one that verifies, for the key and the names of the request.
//!
//! The fuzz targets share this file.

use std::time::{Duration, SystemTime};

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};
use serde_json::json;
use signer::ca::Ca;
use signer::caller::Caller;
use signer::certificate::ToBeSigned;
use signer::issue::{Evidence, Issued, approve};
use signer::policy::Policy;
use signer::refusal::{Code, Refusal};
use time::OffsetDateTime;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use crate::authority::Authority;
use crate::rules::policy;

/// The pure core with a policy, a CA and a caller.
pub(crate) struct Core {
    policy: Policy,
    ca: Ca,
    root: CertificateDer<'static>,
    caller: Caller,
}

impl Core {
    pub(crate) fn new() -> Self {
        let authority = Authority::new();
        let bundle = authority.bundle().to_string();
        Self {
            policy: policy(),
            ca: Ca::from_json(bundle.as_bytes(), OffsetDateTime::now_utc()).unwrap(),
            root: CertificateDer::from_pem_slice(authority.root.as_bytes()).unwrap(),
            caller: Caller {
                arn: "arn:aws:sts::111122223333:assumed-role/deploy/session".into(),
                user_id: "AROAEXAMPLE:session".into(),
            },
        }
    }

    /// Sends a request with this text as `csr`, which was signed with the key to `spki`, and checks
    /// what must hold of the answer.
    pub(crate) fn ask(&self, csr: &str, spki: &[u8], random: [u8; 20]) -> Result<Issued, Refusal> {
        let body = json!({"csr": csr}).to_string();
        let outcome = self.answer(body.as_bytes(), random);
        match &outcome {
            Ok(issued) => self.check(spki, issued),
            Err(refusal) => assert_ne!(refusal.code, Code::Internal, "{refusal:?}"),
        }
        outcome
    }

    fn answer(&self, body: &[u8], random: [u8; 20]) -> Result<Issued, Refusal> {
        let mut evidence = Evidence::default();
        approve(body, &self.caller, &self.policy, &mut evidence)?.issue(
            &self.ca,
            OffsetDateTime::now_utc(),
            random,
            ToBeSigned::sign,
        )
    }

    /// By webpki, which verifies no certificate of a CA as a peer's.
    fn check(&self, spki: &[u8], issued: &Issued) {
        let leaf = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap();
        let chain = [CertificateDer::from_pem_slice(issued.chain.as_bytes()).unwrap()];
        let anchors = [anchor_from_trusted_cert(&self.root).unwrap()];
        let leaf = EndEntityCert::try_from(&leaf).unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let now = UnixTime::since_unix_epoch(now + Duration::from_secs(1));
        let verifies = |usage: KeyUsage| {
            let algorithms = ALL_VERIFICATION_ALGS;
            leaf.verify_for_usage(algorithms, &anchors, &chain, now, usage, None, None).is_ok()
        };
        // The request may have asked for one of them only.
        assert!(verifies(KeyUsage::client_auth()) || verifies(KeyUsage::server_auth()));
        assert_eq!(leaf.subject_public_key_info().as_ref(), spki);
    }
}
