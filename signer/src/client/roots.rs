//! Which roots a connection to AWS is checked against.
//!
//! To read the system's bundle takes six times the instructions of the rest of the cold start, and all
//! but five of its 140 roots have no business to speak for AWS.

use aws_smithy_http_client::tls::TrustStore;

/// The roots of Amazon Trust Services, which every endpoint of the partition `aws` chains to, as its
/// repository lists them for those who pin: Amazon Root CA 1 to 4, Starfield Services Root CA - G2.
const AMAZON: &str = include_str!("roots/amazon.pem");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Roots {
    /// None, where there is no TLS.
    None,
    /// Amazon's own.
    Amazon,
    /// The system's bundle, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name in its place.
    System,
}

impl Roots {
    /// Amazon's for Amazon's own endpoints, unless there is a bundle of the user's choice. A custom
    /// endpoint may have its certificate from anywhere.
    pub(super) fn of(endpoint: Option<&str>, region: &str, own_bundle: bool) -> Self {
        let is_plain =
            |url: &str| url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
        match endpoint {
            Some(url) if is_plain(url) => Self::None,
            None if !own_bundle && in_partition_aws(region) => Self::Amazon,
            _ => Self::System,
        }
    }

    pub(super) fn store(self) -> TrustStore {
        match self {
            Self::None => TrustStore::empty(),
            Self::Amazon => TrustStore::empty().with_pem_certificate(AMAZON),
            Self::System => TrustStore::default(),
        }
    }
}

/// Its regions have three parts (`eu-central-1`), others have four (`us-gov-west-1`,
/// `eusc-de-east-1`), but for those of China (`cn-north-1`).
fn in_partition_aws(region: &str) -> bool {
    region.split('-').count() == 3 && !region.starts_with("cn-")
}

#[cfg(test)]
mod tests {
    use super::{AMAZON, Roots};
    use crate::pem;
    use x509_parser::certificate::X509Certificate;
    use x509_parser::prelude::FromDer as _;

    #[test]
    fn amazons_roots_are_for_its_own_endpoints_only() {
        let custom = Some("https://vpce-1.secretsmanager.eu-west-1.vpce.amazonaws.com");
        for (endpoint, region, own_bundle, roots) in [
            (None, "eu-west-1", false, Roots::Amazon),
            (None, "eu-west-1", true, Roots::System),
            (None, "cn-north-1", false, Roots::System),
            (None, "us-gov-west-1", false, Roots::System),
            (None, "eusc-de-east-1", false, Roots::System),
            (custom, "eu-west-1", false, Roots::System),
            (Some("http://127.0.0.1:4566"), "eu-west-1", false, Roots::None),
            (Some("HTTP://127.0.0.1:4566"), "eu-west-1", true, Roots::None),
            (Some("https://127.0.0.1:4566"), "eu-west-1", false, Roots::System),
        ] {
            assert_eq!(Roots::of(endpoint, region, own_bundle), roots, "{endpoint:?} {region}");
        }
    }

    #[test]
    fn amazons_roots_are_the_five_that_it_publishes() {
        let blocks = pem::blocks(AMAZON).expect("PEM");
        let names = blocks.iter().map(|block| {
            let (_, root) = X509Certificate::from_der(&block.der).expect("a certificate");
            assert!(root.verify_signature(None).is_ok(), "self-signed");
            let name = root.subject().iter_common_name().next().expect("a common name");
            name.as_str().expect("text").to_owned()
        });
        let names: Vec<_> = names.collect();
        let expected = [
            "Amazon Root CA 1",
            "Amazon Root CA 2",
            "Amazon Root CA 3",
            "Amazon Root CA 4",
            "Starfield Services Root Certificate Authority - G2",
        ];
        assert_eq!(names, expected);
    }
}
