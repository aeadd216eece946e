//! What somebody comes to do, and the purposes of the operations that it takes.

use clap::ValueEnum;

use crate::resource::operations::Purpose;

/// What somebody is to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Errand {
    /// To see what would change.
    Plan,
    /// To deploy, change and remove the stack.
    Apply,
    /// To remove the stack.
    Destroy,
    /// To request certificates.
    Issue,
    /// To read who got which.
    Audit,
}

impl Errand {
    /// The purposes of the operations that it takes on each resource. An apply may also have to
    /// replace something, or to remove what is not declared any more.
    pub(super) fn purposes(self) -> &'static [Purpose] {
        match self {
            Self::Plan => &[Purpose::Look],
            Self::Apply => &[Purpose::Look, Purpose::Make, Purpose::Change, Purpose::Remove],
            Self::Destroy => &[Purpose::Look, Purpose::Remove],
            Self::Issue | Self::Audit => &[],
        }
    }

    /// The one action on resources of one kind that it takes beside.
    pub(super) fn action(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Issue => Some(("http_route", "execute-api:Invoke")),
            Self::Audit => Some(("log_group", "logs:FilterLogEvents")),
            _ => None,
        }
    }
}
