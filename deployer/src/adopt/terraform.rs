//! The state file of Terraform and `OpenTofu`, format version 4, as far as an adoption needs it.
//!
//! The attributes of a resource stay the text that they are in the file, and only what is asked for
//! is ever taken out of it. Terraform keeps secrets there in the clear: a value is not asked for, and
//! no message quotes what it is about.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::value::RawValue;

use super::given::is_given;
use crate::error::{Error, Result};

/// The format of Terraform since 0.12, and of every `OpenTofu`.
const VERSION: u64 = 4;

/// Attributes that may be sensitive, because they are never asked for.
const NEVER_READ: [&str; 3] = ["secret_string", "secret_binary", "secret_string_wo"];

/// One object that Terraform manages.
pub struct Instance<'a> {
    /// What Terraform calls it, such as `module.issuer.aws_iam_role.signer[0]`.
    pub address: String,
    /// Its type in Terraform.
    pub kind: String,
    /// Module, name and index, as the material of a name in `stack.yaml`.
    pub(super) label: String,
    attributes: Option<&'a RawValue>,
    sensitive: Vec<String>,
    /// Why it must be left alone.
    obstacle: Option<&'static str>,
}

#[derive(Deserialize)]
struct Header {
    version: Option<u64>,
    format_version: Option<IgnoredAny>,
    encrypted_data: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow, default)]
    resources: Vec<Resource<'a>>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    module: String,
    #[serde(borrow, default)]
    instances: Vec<Stored<'a>>,
}

#[derive(Deserialize)]
struct Stored<'a> {
    index_key: Option<Value>,
    status: Option<String>,
    deposed: Option<String>,
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
    sensitive_attributes: Option<Vec<Vec<Step>>>,
}

/// A step on the way to a sensitive value; the first one is the attribute's name.
#[derive(Deserialize)]
struct Step {
    value: Value,
}

/// Reads the objects of a state, in the order of their addresses. Data sources are none.
///
/// # Errors
/// If it is not a state of version 4. What the parser says is not told beyond the place: it would
/// quote from the file.
pub fn read<'a>(text: &'a str, file: &str) -> Result<Vec<Instance<'a>>> {
    let misshapen = |error: &serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        unusable(file)
            .because(format!("it does not have the form of one at line {line}, column {column}"))
            .hint("take it from Terraform itself: `terraform state pull > terraform.tfstate`")
    };
    check(&serde_json::from_str(text).map_err(|error| misshapen(&error))?, file)?;
    let state: File<'a> = serde_json::from_str(text).map_err(|error| misshapen(&error))?;
    let managed = state.resources.into_iter().filter(|resource| resource.mode == "managed");
    let mut instances: Vec<_> = managed.flat_map(instances).collect();
    instances.sort_by(|one, other| one.address.cmp(&other.address));
    Ok(instances)
}

fn unusable(file: &str) -> Error {
    Error::new(format!("could not understand the Terraform state {file}"))
}

fn check(header: &Header, file: &str) -> Result<()> {
    let pull = "`terraform state pull > terraform.tfstate`";
    Err(match header.version {
        Some(VERSION) => return Ok(()),
        Some(other) => unusable(file)
            .because(format!("its format is version {other}, and this release knows {VERSION}"))
            .hint("Terraform 0.12 and later, and every OpenTofu, write version 4"),
        None if header.encrypted_data.is_some() => unusable(file)
            .because("it is encrypted")
            .hint("have OpenTofu decrypt it: `tofu state pull > terraform.tfstate`"),
        None if header.format_version.is_some() => unusable(file)
            .because("it is what `terraform show -json` prints, which is no state")
            .hint(format!("take the state itself: {pull}")),
        None => unusable(file)
            .because("it does not tell the version of its format")
            .hint(format!("is this the file that you meant? Terraform writes one with {pull}")),
    })
}

fn instances(resource: Resource<'_>) -> impl Iterator<Item = Instance<'_>> {
    let Resource { kind, name, module, instances, .. } = resource;
    instances.into_iter().map(move |stored| {
        let index = stored.index_key.as_ref().map(|key| format!("[{key}]")).unwrap_or_default();
        let deposed = if stored.deposed.is_some() { " (deposed)" } else { "" };
        let within = if module.is_empty() { String::new() } else { format!("{module}.") };
        let sensitive = stored.sensitive_attributes.unwrap_or_default().into_iter();
        let name_of = |path: Vec<Step>| Some(path.first()?.value.as_str()?.to_owned());
        Instance {
            address: printable(&format!("{within}{kind}.{name}{index}{deposed}")),
            kind: kind.clone(),
            label: format!("{}_{name}_{index}", module.replace("module.", "")),
            attributes: stored.attributes,
            sensitive: sensitive.filter_map(name_of).collect(),
            obstacle: match (stored.deposed, stored.status.as_deref()) {
                (Some(_), _) => Some("it is deposed: Terraform is about to delete it"),
                (_, Some("tainted")) => Some("it is tainted: Terraform is about to replace it"),
                _ if stored.attributes.is_none() => Some(
                    "its attributes are as Terraform 0.11 wrote them: run `terraform apply -refresh-only`",
                ),
                _ => None,
            },
        }
    })
}

/// One line, whatever the file says.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

impl Instance<'_> {
    /// Takes some of its attributes out of the file.
    ///
    /// # Errors
    /// Why it must be left to Terraform.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        if let Some(obstacle) = self.obstacle {
            return Err(obstacle.to_owned());
        }
        let is_secret = |name: &&String| !NEVER_READ.contains(&name.as_str());
        if let Some(name) = self.sensitive.iter().find(is_secret) {
            return Err(format!(
                "Terraform marks its `{name}` as sensitive, and nothing that is goes into a stack file"
            ));
        }
        let text = self.attributes.map(RawValue::get).unwrap_or_default();
        let mut reader = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| format!("its `{}` is not as the AWS provider writes it", error.path()))
    }

    /// The attributes that say something and are not among those that are known; `usual` are those
    /// that say what AWS does anyway.
    pub(super) fn unknown(&self, known: &[&str], usual: &[(&str, Value)]) -> Vec<String> {
        let all: serde_json::Map<String, Value> = self.read().unwrap_or_default();
        let is_usual = |name: &str, value: &Value| {
            usual.iter().any(|(known, usual)| *known == name && usual == value)
        };
        all.into_iter()
            .filter(|(name, value)| !known.contains(&name.as_str()) && is_given(value))
            .filter(|(name, value)| !is_usual(name, value))
            .map(|(name, _)| name)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn refusal(text: &str) -> Error {
        read(text, "it.tfstate").err().expect("a refusal")
    }

    #[test]
    fn every_instance_has_the_address_that_terraform_gives_it() {
        let state = r#"{"version": 4, "resources": [
            {"mode": "managed", "type": "aws_iam_role", "name": "a", "instances": [
                {"index_key": 0, "attributes": {}}, {"index_key": "e u", "attributes": {}}]},
            {"mode": "managed", "module": "module.x[\"y\"].module.z", "type": "aws_iam_role",
             "name": "a", "instances": [{"attributes": {}}]},
            {"mode": "data", "type": "aws_region", "name": "here", "instances": [{"attributes": {}}]}
        ]}"#;
        let read = read(state, "").expect("a state");
        let addresses: Vec<_> = read.iter().map(|instance| instance.address.as_str()).collect();
        assert_eq!(
            addresses,
            [
                r#"aws_iam_role.a["e u"]"#,
                "aws_iam_role.a[0]",
                r#"module.x["y"].module.z.aws_iam_role.a"#,
            ]
        );
    }

    #[test]
    fn what_is_no_state_of_version_4_is_refused_with_the_way_on() {
        let cases = [
            (r#"{"version": 3, "modules": []}"#, "its format is version 3", "0.12"),
            (r#"{"version": 5, "resources": 1}"#, "its format is version 5", "0.12"),
            (r#"{"encrypted_data": "c2VjcmV0", "encryption_version": "v0"}"#, "encrypted", "tofu"),
            (r#"{"format_version": "1.0", "values": {}}"#, "terraform show", "state pull"),
            ("{}", "does not tell the version", "state pull"),
            ("", "line 1, column 0", "state pull"),
        ];
        for (text, cause, hint) in cases {
            let error = refusal(text);
            assert!(error.causes[0].contains(cause), "{text}: {error:?}");
            assert!(error.hints[0].contains(hint), "{text}: {error:?}");
        }
    }

    #[test]
    fn no_message_quotes_the_file() {
        type Attributes = BTreeMap<String, BTreeMap<String, u32>>;

        let misplaced = r#"{"version": 4, "resources": "hunter2"}"#;
        assert!(!format!("{:?}", refusal(misplaced)).contains("hunter2"));
        let mistyped = r#"{"version": 4, "resources": [{"mode": "managed", "type": "t", "name": "n",
            "instances": [{"attributes": {"policy": {"key": "hunter2"}}}]}]}"#;
        let read = read(mistyped, "").expect("a state");
        let reason = read[0].read::<Attributes>().expect_err("a reason");
        assert_eq!(reason, "its `policy.key` is not as the AWS provider writes it");
    }

    #[test]
    fn what_terraform_hides_or_is_about_to_remove_is_left_to_it() {
        let instance = |more: &str| {
            format!(
                r#"{{"version": 4, "resources": [{{"mode": "managed", "type": "t", "name": "n",
                "instances": [{{"attributes": {{}}, {more}}}]}}]}}"#
            )
        };
        let reason = |more: &str| {
            let text = instance(more);
            read(&text, "").expect("a state")[0].read::<IgnoredAny>().err()
        };
        let sensitive = |name: &str| {
            format!(r#""sensitive_attributes": [[{{"type": "get_attr", "value": "{name}"}}]]"#)
        };
        assert_eq!(reason(&sensitive("secret_string")), None);
        assert!(reason(&sensitive("environment")).expect("a reason").contains("sensitive"));
        assert!(reason(r#""status": "tainted""#).expect("a reason").contains("tainted"));
        assert!(reason(r#""deposed": "00112233""#).expect("a reason").contains("deposed"));
    }
}
