//! The question before anything is changed.

use std::io::{self, IsTerminal, Write};

use super::Ui;
use super::style::{BOLD, paint};
use crate::error::{Error, Result};

impl Ui {
    /// Asks for a yes.
    ///
    /// # Errors
    /// If nobody is there to ask, or the answer is no.
    pub fn confirm(&self, question: &str) -> Result<()> {
        if !io::stdin().is_terminal() {
            return Err(Error::new("this needs a confirmation, and standard input is no terminal")
                .hint("nothing was changed; add --yes to go ahead without being asked"));
        }
        let mut err = anstream::stderr();
        let _ = write!(err, "\n{} ", paint(BOLD, &format!("{question} Only `yes` goes ahead:")));
        let _ = err.flush();
        let mut answer = String::new();
        io::stdin()
            .read_line(&mut answer)
            .map_err(|error| Error::new("could not read the answer").because(error))?;
        if answer.trim() == "yes" {
            return Ok(());
        }
        Err(Error::new("not confirmed, nothing was changed"))
    }
}
