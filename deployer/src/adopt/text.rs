//! The text of the stack file, to be read and edited by people.

use std::fmt::Write;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Adopted;
use crate::error::{Context, Result};

/// Writes the stack file.
pub(super) fn stack(
    name: &str,
    (account, region): (&str, &str),
    adopted: &[Adopted],
) -> Result<String> {
    let mut text = format!(
        "# Taken from a Terraform state by `deployer adopt`. Above each entry stands what Terraform\n\
         # called it.\n\nstack: {name}\naccount: \"{account}\"\nregion: {region}\n\nresources:\n"
    );
    for (number, resource) in adopted.iter().enumerate() {
        let gap = if number == 0 { "" } else { "\n" };
        let _ = writeln!(text, "{gap}  # {}", resource.terraform.join(", "));
        let _ = writeln!(text, "  {}:", resource.address);
        indent(&mut text, "    ", &Ordered(&resource.declared))?;
    }
    let outputs = outputs(adopted);
    if !outputs.is_empty() {
        text.push_str("\noutputs:\n");
        let outputs: Vec<_> =
            outputs.iter().map(|(name, value)| (name.as_str(), value.as_str().into())).collect();
        indent(&mut text, "  ", &Ordered(&outputs))?;
    }
    Ok(text)
}

fn indent(text: &mut String, by: &str, document: &impl Serialize) -> Result<()> {
    let yaml = serde_yaml::to_string(document).context(|| "could not write YAML".to_owned())?;
    for line in yaml.lines() {
        let _ = if line.is_empty() { writeln!(text) } else { writeln!(text, "{by}{line}") };
    }
    Ok(())
}

/// The URL and the ARN of every route; without the route's name where there is only one.
fn outputs(adopted: &[Adopted]) -> Vec<(String, String)> {
    let routes: Vec<_> = adopted.iter().filter_map(|route| Some((route, url(route)?))).collect();
    let only = routes.len() == 1;
    let name = |route: &Adopted, what: &str| {
        if only { what.to_owned() } else { format!("{}_{what}", route.address.name) }
    };
    let each = |(route, url): &(&Adopted, String)| {
        let arn = format!("${{{}.arn}}", route.address);
        [(name(route, "url"), url.clone()), (name(route, "invoke_arn"), arn)]
    };
    routes.iter().flat_map(each).collect()
}

fn url(route: &Adopted) -> Option<String> {
    let field = |wanted: &str| {
        let found = route.declared.iter().find(|(name, _)| *name == wanted);
        found.and_then(|(_, value)| value.as_str())
    };
    let (_, path) = field("route")?.split_once(' ')?;
    Some(format!("{}{path}", field("api")?.replace(".id}", ".endpoint}")))
}

/// Fields in the order in which they are to be read.
struct Ordered<'a>(&'a [(&'a str, Value)]);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
