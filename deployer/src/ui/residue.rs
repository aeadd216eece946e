//! What is left after a destroy, as people read it.

use std::fmt::Write;

use super::style::{DIM, GREEN, YELLOW, paint};
use crate::plan::Residue;

pub(super) fn render(residue: &Residue) -> String {
    let mut text = String::new();
    if residue.gone > 0 {
        let objects = if residue.gone == 1 { "object is" } else { "objects are" };
        let all = residue.kept.is_empty() && residue.others.is_empty();
        let nothing = if all { ", and nothing is left" } else { "" };
        let _ = writeln!(text, "{} {} {objects} gone{nothing}", paint(GREEN, "✓"), residue.gone);
    }
    for (address, kept) in &residue.kept {
        let _ = writeln!(
            text,
            "{} {address}: AWS keeps {} until {}",
            paint(YELLOW, "!"),
            kept.what,
            kept.until
        );
        let _ = writeln!(text, "    to bring it back until then: deployer apply");
        let _ = writeln!(text, "    to be rid of it at once: {}", paint(DIM, &kept.purge));
    }
    for (address, whose) in &residue.others {
        let _ = writeln!(text, "- {address} was left alone: {whose}");
    }
    text
}
