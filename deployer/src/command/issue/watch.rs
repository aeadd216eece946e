//! `deployer issue --watch`

use std::process::ExitCode;

use time::OffsetDateTime;

use super::{chance, issuer, now};
use crate::cli::Global;
use crate::error::Result;
use crate::interrupt::{Interrupt, Signal};
use crate::issue::watch::{Look, Work, watch};
use crate::issue::{self, Renewal, Request};
use crate::ui::{self, Ui};

pub(super) async fn run(
    global: &Global,
    url: Option<String>,
    request: Request,
    json: bool,
    ui: &Ui,
) -> Result<ExitCode> {
    let interrupt = Interrupt::listen(ui::watch_interrupted)?;
    let watched = Watched { global, url, request, json, ui, interrupt };
    if watched.look(now(), chance()).is_ok_and(|look| look.due > now()) {
        watched.look_ahead().await;
    }
    let signal = watch(&watched, now, chance, |event| ui.renewal(event)).await?;
    Ok(ExitCode::from(signal.status()))
}

/// The certificate that is being watched.
struct Watched<'a> {
    global: &'a Global,
    url: Option<String>,
    request: Request,
    json: bool,
    ui: &'a Ui,
    interrupt: Interrupt,
}

impl Watched<'_> {
    /// Whoever starts it is to hear now of what would be in the way hours later.
    async fn look_ahead(&self) {
        if let Err(error) = issuer(self.global, self.url.clone(), self.ui).await {
            self.ui.error(&error.within("a certificate could not be renewed as things stand"));
            self.ui.status("going on all the same: it is tried again when it is time");
        }
    }
}

impl Work for Watched<'_> {
    fn look(&self, now: OffsetDateTime, chance: f64) -> Result<Look> {
        Ok(match issue::renewal(&self.request, now, chance)? {
            Renewal::Later { present, at } => {
                Look { lifetime: Some(present.certificate.lifetime()), due: at }
            }
            Renewal::Now { lifetime, .. } => Look { lifetime, due: now },
        })
    }

    async fn renew(&self, now: OffsetDateTime, chance: f64) -> Result<()> {
        let Renewal::Now { request, because, .. } = issue::renewal(&self.request, now, chance)?
        else {
            return Ok(());
        };
        self.ui.detail(&format!("renewing: {because}"));
        let issuer = issuer(self.global, self.url.clone(), self.ui).await?;
        let report = |text: &str| self.ui.detail(text);
        let obtained = issue::obtain(&request, &issuer, &report).await?;
        // From here to the end of the hook a request to end has to wait.
        self.interrupt.changing();
        let new = obtained.install()?;
        self.ui.status("the certificate was issued, and verified against the root");
        self.ui.certificate(&new, self.json);
        Ok(())
    }

    fn is_hook_pending(&self) -> bool {
        self.request.is_hook_pending()
    }

    async fn run_hook(&self) -> Result<()> {
        self.interrupt.changing();
        self.request.run_hook().await
    }

    fn rest(&self) -> Option<Signal> {
        self.interrupt.rest()
    }
}
