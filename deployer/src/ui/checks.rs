//! Whether what was applied works.

use super::Ui;
use super::style::{GREEN, YELLOW, paint};
use crate::address::Address;
use crate::resource::{Check, Finding};

impl Ui {
    /// What was asked of what was applied; whether nothing failed.
    pub fn checks(&self, all: &[(Address, Vec<Check>)]) -> bool {
        let mut held = true;
        for (address, checks) in all {
            self.heading(&format!("Does {address} work?"));
            for Check { what, finding } in checks {
                match finding {
                    Finding::Holds => self.status(&format!("{} {what}", paint(GREEN, "✓"))),
                    Finding::Unproven(why) => {
                        self.status(&format!("{} not seen that {what}: {why}", paint(YELLOW, "?")));
                    }
                    Finding::Fails(error) => {
                        held = false;
                        self.error(
                            &error
                                .clone()
                                .within(format!("{address}: it does not hold that {what}")),
                        );
                    }
                }
            }
        }
        held
    }
}
