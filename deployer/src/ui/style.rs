//! Symbols, words and colours.

use anstyle::{AnsiColor, Style};

use crate::plan::Action;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const RED: Style = AnsiColor::Red.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default();

/// The actions in the order in which they are counted.
pub(super) const ACTIONS: [Action; 5] =
    [Action::Create, Action::Restore, Action::Update, Action::Replace, Action::Delete];

pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The sign of an action in a plan.
pub(super) fn symbol(action: Action) -> String {
    match action {
        Action::NoOp => " ".to_owned(),
        Action::Create => paint(GREEN, "+"),
        Action::Restore => paint(GREEN, "^"),
        Action::Update => paint(YELLOW, "~"),
        Action::Replace => paint(RED, "±"),
        Action::Delete => paint(RED, "-"),
    }
}

/// What will be done, for a plan's summary.
pub(super) fn verb(action: Action) -> &'static str {
    match action {
        Action::NoOp => "leave",
        Action::Create => "create",
        Action::Restore => "restore",
        Action::Update => "change",
        Action::Replace => "replace",
        Action::Delete => "delete",
    }
}

/// What is being done.
pub(super) fn doing(action: Action) -> &'static str {
    match action {
        Action::NoOp => "unchanged",
        Action::Create => "creating",
        Action::Restore => "restoring",
        Action::Update => "changing",
        Action::Replace => "replacing",
        Action::Delete => "deleting",
    }
}

/// What was done.
pub(super) fn done(action: Action) -> &'static str {
    match action {
        Action::NoOp => "unchanged",
        Action::Create => "created",
        Action::Restore => "restored",
        Action::Update => "changed",
        Action::Replace => "replaced",
        Action::Delete => "deleted",
    }
}
