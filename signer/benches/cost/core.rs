//! The function's own work on a request, without the Lambda runtime around it.

use aws_lc_rs::rand;
use signer::ca::Ca;
use signer::caller::Caller;
use signer::certificate::ToBeSigned;
use signer::issue::{Evidence, approve};
use signer::policy::Policy;
use time::OffsetDateTime;

use crate::authority::Authority;
use crate::request::{Kind, policy};

pub(crate) struct Core {
    policy: Policy,
    ca: Ca,
    caller: Caller,
    body: String,
}

impl Core {
    pub(crate) fn new(kind: Kind) -> Self {
        let bundle = Authority::new().bundle().to_string();
        Self {
            policy: Policy::from_json(policy().as_bytes()).unwrap(),
            ca: Ca::from_json(bundle.as_bytes(), OffsetDateTime::now_utc()).unwrap(),
            caller: Caller {
                arn: "arn:aws:sts::111122223333:assumed-role/deploy/session".to_owned(),
                user_id: "AROAEXAMPLE:session".to_owned(),
            },
            body: kind.body(),
        }
    }

    pub(crate) fn issue(&self) {
        let mut evidence = Evidence::default();
        let approved =
            approve(self.body.as_bytes(), &self.caller, &self.policy, &mut evidence).unwrap();
        let mut random = [0; 20];
        rand::fill(&mut random).unwrap();
        approved.issue(&self.ca, OffsetDateTime::now_utc(), random, ToBeSigned::sign).unwrap();
    }
}
