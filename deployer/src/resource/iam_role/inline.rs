//! The one inline policy of a role that is managed here, under the name that is ours or that others
//! gave it.

use super::Spec;
use crate::aws::{self, Aws};
use crate::error::Result;
use crate::policy::Policy;
use crate::resource::Job;

/// The name of a policy that was made here.
pub(super) const OURS: &str = "deployer";

pub(super) async fn read(aws: &Aws, role: &str, name: Option<&str>) -> Result<Option<Policy>> {
    let call = aws.iam.get_role_policy().role_name(role).policy_name(name.unwrap_or(OURS));
    let found = aws::read("GetRolePolicy", role, call.send().await)?;
    found.map(|found| Policy::from_aws(found.policy_document())).transpose()
}

/// Puts the policy, or removes it where there is to be none.
pub(super) async fn put(aws: &Aws, job: &Job<'_>, spec: &Spec) -> Result<()> {
    let name = spec.policy_name.as_deref();
    let Some(policy) = &spec.allow else { return remove(aws, job, &spec.name, name).await };
    let call = aws.iam.put_role_policy().role_name(&spec.name).policy_name(name.unwrap_or(OURS));
    let call = call.policy_document(policy.to_json_string());
    job.write("PutRolePolicy", &spec.name, || call.clone().send()).await?;
    Ok(())
}

pub(super) async fn remove(aws: &Aws, job: &Job<'_>, role: &str, name: Option<&str>) -> Result<()> {
    let call = aws.iam.delete_role_policy().role_name(role).policy_name(name.unwrap_or(OURS));
    job.delete("DeleteRolePolicy", role, || call.clone().send()).await?;
    Ok(())
}
