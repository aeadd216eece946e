//! What IAM says beforehand: would it allow somebody these actions?

use std::collections::{BTreeMap, BTreeSet};

use super::{Aws, EvaluationResult, briefly, failed};
use crate::error::{Error, Result};

/// As many answers as one call brings.
const MOST: i32 = 1000;

/// What IAM says of one action on one ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// Such as `iam:GetRole`.
    pub action: String,
    /// The ARN.
    pub resource: String,
    /// What it comes to.
    pub decision: Decision,
}

/// What an opinion comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is allowed, or that depends on what IAM is only told by the call itself.
    Open,
    /// No policy of the caller's allows it; one of the object's still may.
    NotAllowed,
    /// A policy denies it.
    Denied,
}

impl Decision {
    fn of(decision: &str, missing: &[String]) -> Self {
        match decision {
            _ if !missing.is_empty() => Self::Open,
            "explicitDeny" => Self::Denied,
            "implicitDeny" => Self::NotAllowed,
            _ => Self::Open,
        }
    }
}

impl Aws {
    /// Asks IAM about actions, each on the ARNs that it is about. What it says nothing of is left
    /// out.
    ///
    /// Each action is a question of its own: IAM refuses a call (`InvalidInput`) with actions that
    /// "require different authorization information", and documents nowhere which those are.
    ///
    /// # Errors
    /// If the caller is nobody whose policies IAM could look at, or may not ask.
    pub async fn simulate(
        &self,
        questions: &BTreeMap<&str, BTreeSet<String>>,
    ) -> Result<Vec<Opinion>> {
        let caller = &self.identity().await?.caller;
        let who = principal(caller)
            .ok_or_else(|| Error::new(format!("{caller} is neither a user nor a role")))?;
        let mut said = Vec::new();
        // One after the other: whoever may not ask learns it from the first, and nobody is throttled.
        for (action, resources) in questions {
            let call = self.iam.simulate_principal_policy().policy_source_arn(&who);
            let call = call.action_names(*action).max_items(MOST);
            let call = call.set_resource_arns(Some(resources.iter().cloned().collect()));
            let answer = call.customize().config_override(briefly()).send().await;
            let answer = answer.map_err(|error| failed("SimulatePrincipalPolicy", &who, &error))?;
            said.extend(answer.evaluation_results().iter().flat_map(opinions));
        }
        Ok(said)
    }
}

/// What a result says of its ARN; where several were asked about, what it says of each.
fn opinions(result: &EvaluationResult) -> Vec<Opinion> {
    let opinion = |resource: &str, decision: &str, missing: &[String]| Opinion {
        action: result.eval_action_name().to_owned(),
        resource: resource.to_owned(),
        decision: Decision::of(decision, missing),
    };
    let each = result.resource_specific_results();
    if each.is_empty() {
        let (resource, decision) = (result.eval_resource_name(), result.eval_decision().as_str());
        let missing = result.missing_context_values();
        return vec![opinion(resource.unwrap_or("*"), decision, missing)];
    }
    let opinions = each.iter().map(|one| {
        let decision = one.eval_resource_decision().as_str();
        opinion(one.eval_resource_name(), decision, one.missing_context_values())
    });
    opinions.collect()
}

/// The user or role whose policies count for a caller. The root has none, and a federated user's are
/// not to be had.
fn principal(caller: &str) -> Option<String> {
    let mut parts = caller.splitn(6, ':').skip(1);
    let (partition, service, _, account) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (kind, name) = parts.next()?.split_once('/')?;
    match (service, kind) {
        ("iam", "user") => Some(caller.to_owned()),
        ("sts", "assumed-role") => {
            let (role, _) = name.split_once('/')?;
            Some(format!("arn:{partition}:iam::{account}:role/{role}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::types::{PolicyEvaluationDecisionType, ResourceSpecificResult};

    use super::*;

    #[test]
    fn what_is_said_of_each_arn_counts_where_several_were_asked_about() {
        let (denied, allowed) =
            (PolicyEvaluationDecisionType::ImplicitDeny, PolicyEvaluationDecisionType::Allowed);
        let result = || {
            let result = EvaluationResult::builder().eval_action_name("iam:GetRole");
            result.eval_resource_name("arn:a").eval_decision(denied.clone())
        };
        let each = |arn: &str, decision: &PolicyEvaluationDecisionType| {
            let one = ResourceSpecificResult::builder().eval_resource_name(arn);
            one.eval_resource_decision(decision.clone()).build().expect("a result")
        };
        let said = |result: EvaluationResult| {
            let said = opinions(&result).into_iter();
            said.map(|one| (one.resource, one.decision)).collect::<Vec<_>>()
        };
        let whole = result().build().expect("a result");
        assert_eq!(said(whole), [("arn:a".to_owned(), Decision::NotAllowed)]);
        let both = result()
            .resource_specific_results(each("arn:a", &allowed))
            .resource_specific_results(each("arn:b", &denied));
        assert_eq!(
            said(both.build().expect("a result")),
            [("arn:a".to_owned(), Decision::Open), ("arn:b".to_owned(), Decision::NotAllowed)]
        );
    }

    #[test]
    fn policies_are_those_of_users_and_of_the_roles_behind_sessions() {
        let user = "arn:aws:iam::111122223333:user/team/ada";
        assert_eq!(principal(user).as_deref(), Some(user));
        assert_eq!(
            principal("arn:aws-cn:sts::111122223333:assumed-role/ci/run-7").as_deref(),
            Some("arn:aws-cn:iam::111122223333:role/ci")
        );
        for nobody in
            ["arn:aws:iam::111122223333:root", "arn:aws:sts::111122223333:federated-user/ada", ""]
        {
            assert_eq!(principal(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn what_depends_on_the_call_itself_is_open() {
        let missing = ["aws:MultiFactorAuthPresent".to_owned()];
        for (said, missing, decision) in [
            ("allowed", &[][..], Decision::Open),
            ("implicitDeny", &[][..], Decision::NotAllowed),
            ("explicitDeny", &[][..], Decision::Denied),
            ("implicitDeny", &missing[..], Decision::Open),
            ("explicitDeny", &missing[..], Decision::Open),
            ("somethingNew", &[][..], Decision::Open),
        ] {
            assert_eq!(Decision::of(said, missing), decision, "{said} {missing:?}");
        }
    }
}
