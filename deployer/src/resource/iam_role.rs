//! An IAM role with its inline policy, identified by its name.
//!
//! The policy lives under one name and is exactly what `stack.yaml` says; policies that others attach
//! to the role are left alone. Documents compare by meaning.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>

mod inline;

use aws_sdk_iam::types::{Role, Tag};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::operations::{self as op, Operation, Reach};
use super::tags::{self, Tags};
use super::{Fault, Gathered, Job, Live, Place, Reading, ResourceType, Sources};
use crate::address::Address;
use crate::aws::{self, Aws, Verdict};
use crate::error::{Error, Result};
use crate::policy::{self, INLINE_QUOTA, Policy, TRUST_QUOTA};

/// The service that takes roles on if nothing else is said.
const LAMBDA: &str = "lambda.amazonaws.com";

/// The resource type `iam_role`.
pub struct IamRole;

/// A role, as users declare it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// 1 to 64 characters.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_+=,.@-]{1,64}$"))]
    pub name: String,
    /// At most 1000 characters.
    #[schemars(length(max = 1000))]
    #[serde(default)]
    pub description: String,
    /// Who may take the role on: a service, or a whole trust policy. Lambda if left out.
    #[serde(default = "trust_lambda", deserialize_with = "policy::trust")]
    #[schemars(schema_with = "policy::trust_schema", extend("default" = LAMBDA))]
    pub trust: Policy,
    /// What the role may do: a list of `actions` on references, or a whole policy document.
    #[serde(default, deserialize_with = "permissions")]
    #[schemars(schema_with = "policy::permissions_schema")]
    pub allow: Option<Policy>,
    /// What that policy is called at the role, where others have made it; otherwise left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_name: Option<String>,
    /// Put on it beside the tags of the whole stack and those of ownership.
    #[serde(default)]
    #[schemars(schema_with = "tags::schema")]
    pub tags: Tags,
}

/// A role, as it is to be and as it is observed. Policies of others need not be as we would take
/// them from users.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spec {
    name: String,
    description: String,
    #[serde(deserialize_with = "stored")]
    trust: Policy,
    #[serde(deserialize_with = "stored_if_any")]
    allow: Option<Policy>,
    /// None for the name that is ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy_name: Option<String>,
    tags: Tags,
}

/// What a role is found by, and its policy.
#[derive(Debug, Serialize, Deserialize)]
pub struct Identity {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy_name: Option<String>,
}

/// What AWS assigns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outputs {
    /// The ARN.
    pub arn: String,
    /// The unique id: another one for a role that was made anew under the same name.
    pub id: String,
    /// The name again, to be referred to.
    pub name: String,
}

fn trust_lambda() -> Policy {
    Policy::trust(LAMBDA)
}

fn permissions<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Policy>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Permissions(#[serde(deserialize_with = "policy::permissions")] Policy);

    // A declaration is read twice, and one without a policy says so the second time.
    Ok(Option::<Permissions>::deserialize(from)?.map(|Permissions(policy)| policy))
}

fn stored<'de, D: Deserializer<'de>>(from: D) -> Result<Policy, D::Error> {
    Value::deserialize(from).map(Policy::stored)
}

fn stored_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Policy>, D::Error> {
    Ok(Option::<Value>::deserialize(from)?.map(Policy::stored))
}

impl ResourceType for IamRole {
    const KIND: &'static str = "iam_role";
    const ABOUT: &'static str = "a role, its trust and its inline policy";
    const EXAMPLE: &'static str = "\
name: example
description: What the function may do
trust: lambda.amazonaws.com
allow:
  - actions: secretsmanager:GetSecretValue
    on: ${secret.ca.arn}
";
    const OUTPUTS: &'static [&'static str] = &["arn", "id", "name"];
    const REPLACE_ON: &'static [&'static str] = &["name"];
    const OPERATIONS: &'static [Operation] = &[
        op::reads("GetRole", &["iam:GetRole"]),
        op::reads("GetRolePolicy", &["iam:GetRolePolicy"]),
        op::explains("ListAttachedRolePolicies", &["iam:ListAttachedRolePolicies"]),
        op::explains("ListInstanceProfilesForRole", &["iam:ListInstanceProfilesForRole"]),
        op::explains("ListRolePolicies", &["iam:ListRolePolicies"]),
        op::discovers("ListRoleTags", &["iam:ListRoleTags"]),
        op::discovers("ListRoles", &["iam:ListRoles"]),
        op::makes("CreateRole", &["iam:CreateRole", "iam:TagRole"]),
        op::changes("PutRolePolicy", &["iam:PutRolePolicy"])
            .in_making(&["allow"])
            .in_changing(&["allow"]),
        op::changes("TagRole", &["iam:TagRole"]),
        op::changes("UntagRole", &["iam:UntagRole"]),
        op::changes("UpdateAssumeRolePolicy", &["iam:UpdateAssumeRolePolicy"])
            .in_changing(&["trust"]),
        op::changes("UpdateRoleDescription", &["iam:UpdateRoleDescription"])
            .in_changing(&["description"]),
        op::removes_parts("DeleteRolePolicy", &["iam:DeleteRolePolicy"]),
        op::removes("DeleteRole", &["iam:DeleteRole"]),
    ];
    const REACH: &'static [Reach] = &[("iam:", &["{arn}"])];

    type Declared = Declared;
    type Identity = Identity;
    type Spec = Spec;
    type Outputs = Outputs;

    fn validate(declared: &Declared) -> Vec<Fault> {
        let mut faults = tags::validate(&declared.tags);
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if declared.name.is_empty()
            || declared.name.len() > 64
            || !declared.name.chars().all(allowed)
        {
            faults.push(Fault::new(["name"], "must be 1 to 64 letters, digits and _ + = , . @ -"));
        }
        if let Some(name) = &declared.policy_name
            && (name.is_empty() || name.len() > 128 || !name.chars().all(allowed))
        {
            let message = "must be 1 to 128 letters, digits and _ + = , . @ -";
            faults.push(Fault::new(["policy_name"], message));
        }
        if declared.description.chars().count() > 1000 {
            faults.push(Fault::new(["description"], "must be at most 1000 characters"));
        }
        // AWS counts without white space.
        if declared.allow.as_ref().is_some_and(|policy| policy.non_whitespace_len() > INLINE_QUOTA)
        {
            faults.push(Fault::new(
                ["allow"],
                "the policy is longer than the 10,240 characters that AWS takes",
            ));
        }
        if declared.trust.non_whitespace_len() > TRUST_QUOTA {
            faults.push(Fault::new(
                ["trust"],
                "the trust policy is longer than the 2,048 characters that AWS takes",
            ));
        }
        faults
    }

    fn foretell(place: &Place, identity: Identity) -> Outputs {
        let Place { partition, account, .. } = place;
        let arn = format!("arn:{partition}:iam::{account}:role/{}", identity.name);
        Outputs { arn, id: "*".to_owned(), name: identity.name }
    }

    fn gather(declared: Declared, _sources: &Sources<'_>) -> Result<Gathered<Spec>> {
        let Declared { name, description, trust, allow, policy_name, tags } = declared;
        let policy_name = policy_name.filter(|name| name != inline::OURS);
        let spec = Spec { name, description, trust, allow, policy_name, tags };
        Ok(Gathered { spec, payload: None })
    }

    /// Policies that mean the same are no change, however they are written.
    fn align(mut observed: Spec, desired: &Spec, _last: Option<&Spec>) -> Spec {
        if observed.trust.means_same(&desired.trust) {
            observed.trust = desired.trust.clone();
        }
        if let (Some(mine), Some(theirs)) = (&observed.allow, &desired.allow)
            && mine.means_same(theirs)
        {
            observed.allow.clone_from(&desired.allow);
        }
        observed
    }

    async fn read(
        aws: &Aws,
        identity: Identity,
        _prior: Option<Outputs>,
        _address: &Address,
    ) -> Result<Reading<Live<Spec, Outputs>>> {
        let name = &identity.name;
        let (role, allow) = tokio::join!(
            aws.iam.get_role().role_name(name).send(),
            inline::read(aws, name, identity.policy_name.as_deref()),
        );
        let role = aws::read("GetRole", name, role)?;
        let allow = allow?;
        let Some(role) = role.and_then(|answer| answer.role) else { return Ok(Reading::Absent) };
        Ok(Reading::Present(Live::new(
            Spec {
                name: role.role_name().to_owned(),
                description: role.description().unwrap_or_default().to_owned(),
                trust: Policy::from_aws(role.assume_role_policy_document().unwrap_or_default())?,
                allow,
                policy_name: identity.policy_name.clone(),
                tags: tags::from_aws(role.tags().iter().map(|tag| (tag.key(), tag.value()))),
            },
            Outputs {
                arn: role.arn().to_owned(),
                id: role.role_id().to_owned(),
                name: role.role_name().to_owned(),
            },
        )))
    }

    async fn discover(aws: &Aws, stack: &str) -> Result<Vec<(Address, Identity)>> {
        let listed = aws.iam.list_roles().into_paginator().items().send();
        let roles: Vec<Role> = listed
            .collect::<Result<_, _>>()
            .await
            .map_err(|error| aws::failed("ListRoles", "all roles", &error))?;
        let tagged = roles.into_iter().map(|role| async move {
            let name = role.role_name;
            let tags = aws.iam.list_role_tags().role_name(&name).send().await;
            let tags = aws::read("ListRoleTags", &name, tags)?.map(|found| found.tags);
            let tags = tags.unwrap_or_default();
            let tags = tags::from_aws(tags.iter().map(|tag| (tag.key(), tag.value())));
            Ok(tags::address_in(&tags, stack, Self::KIND)
                .map(|at| (at, Identity { name, policy_name: None })))
        });
        tags::all_tagged(tagged).await
    }

    async fn create(aws: &Aws, job: &Job<'_>, spec: Spec) -> Result<Option<Outputs>> {
        let call = aws
            .iam
            .create_role()
            .role_name(&spec.name)
            .set_description(Some(spec.description.clone()).filter(|text| !text.is_empty()))
            .assume_role_policy_document(spec.trust.to_json_string())
            .set_tags(Some(to_aws(&spec.tags)?));
        let made = job.create("CreateRole", &spec.name, || call.clone().send()).await?;
        let Some(made) = made else { return Ok(None) };
        let told_nothing = || Error::new(format!("CreateRole told nothing of {}", spec.name));
        let role = made.role.ok_or_else(told_nothing)?;
        let outputs = Outputs {
            arn: role.arn().to_owned(),
            id: role.role_id().to_owned(),
            name: spec.name.clone(),
        };
        job.announce(&outputs)?;
        inline::put(aws, job, &spec).await?;
        Ok(Some(outputs))
    }

    async fn update(
        aws: &Aws,
        job: &Job<'_>,
        live: Live<Spec, Outputs>,
        spec: Spec,
    ) -> Result<Outputs> {
        let (old, name) = (&live.spec, &spec.name);
        if !old.trust.means_same(&spec.trust) {
            let call = aws.iam.update_assume_role_policy().role_name(name);
            let call = call.policy_document(spec.trust.to_json_string());
            job.write("UpdateAssumeRolePolicy", name, || call.clone().send()).await?;
        }
        if old.description != spec.description {
            let call =
                aws.iam.update_role_description().role_name(name).description(&spec.description);
            job.write("UpdateRoleDescription", name, || call.clone().send()).await?;
        }
        let same = match (&old.allow, &spec.allow) {
            (Some(old), Some(new)) => old.means_same(new),
            (None, None) => true,
            _ => false,
        };
        let moved = old.policy_name != spec.policy_name;
        if moved || !same {
            inline::put(aws, job, &spec).await?;
        }
        if moved {
            inline::remove(aws, job, name, old.policy_name.as_deref()).await?;
        }
        let (set, remove) = tags::changes(&old.tags, &spec.tags);
        if !set.is_empty() {
            let call = aws.iam.tag_role().role_name(name).set_tags(Some(to_aws(&set)?));
            job.write("TagRole", name, || call.clone().send()).await?;
        }
        if !remove.is_empty() {
            let call = aws.iam.untag_role().role_name(name).set_tag_keys(Some(remove));
            job.write("UntagRole", name, || call.clone().send()).await?;
        }
        Ok(live.outputs)
    }

    async fn delete(aws: &Aws, job: &Job<'_>, live: Live<Spec, Outputs>) -> Result<Option<String>> {
        let (name, policy) = (&live.spec.name, live.spec.policy_name.as_deref());
        inline::remove(aws, job, name, policy).await?;
        let deleted = aws::poll(job.note, || async {
            let deleted = aws.iam.delete_role().role_name(name).send().await;
            let verdict = aws::judge("DeleteRole", name, deleted)?;
            if matches!(verdict, Verdict::NotYet(..)) {
                refuse_what_others_hung_on(aws, name, policy).await?;
            }
            Ok(verdict)
        });
        deleted.await?.deleted()?;
        Ok(None)
    }
}

/// IAM refuses to delete a role on which something hangs, in the same words whether that is about to
/// go or will stay for ever. There is no use in waiting for what will stay.
async fn refuse_what_others_hung_on(aws: &Aws, name: &str, ours: Option<&str>) -> Result<()> {
    let (inline, attached, profiles) = tokio::join!(
        aws.iam.list_role_policies().role_name(name).send(),
        aws.iam.list_attached_role_policies().role_name(name).send(),
        aws.iam.list_instance_profiles_for_role().role_name(name).send(),
    );
    let inline = aws::read("ListRolePolicies", name, inline)?;
    let attached = aws::read("ListAttachedRolePolicies", name, attached)?;
    let profiles = aws::read("ListInstanceProfilesForRole", name, profiles)?;
    let inline = inline.map(|found| found.policy_names).unwrap_or_default();
    let attached = attached.and_then(|found| found.attached_policies).unwrap_or_default();
    let profiles = profiles.map(|found| found.instance_profiles).unwrap_or_default();
    let hanging: Vec<String> = inline
        .iter()
        .filter(|policy| *policy != ours.unwrap_or(inline::OURS))
        .map(|policy| format!("the inline policy {policy}"))
        .chain(
            attached
                .iter()
                .map(|policy| format!("the policy {}", policy.policy_arn().unwrap_or_default())),
        )
        .chain(
            profiles
                .iter()
                .map(|profile| format!("the instance profile {}", profile.instance_profile_name())),
        )
        .collect();
    if hanging.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!("the role {name} cannot be deleted"))
        .because(format!("somebody else has hung on it: {}", hanging.join(", ")))
        .hint("detach that from the role, then run again"))
}

fn to_aws(tags: &Tags) -> Result<Vec<Tag>> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<_, _>>()
        .map_err(|error| Error::new("could not build the role's tags").caused_by(&error))
}
