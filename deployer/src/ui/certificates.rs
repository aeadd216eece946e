//! Certificates, and what becomes of one that is being watched.

use std::fmt::Display;

use serde_json::{Value, json};
use signer::notation::utc;

use super::errors;
use super::progress::Screen;
use super::style::{BOLD, DIM, RED, YELLOW, paint};
use crate::interrupt::{Answer, Signal};
use crate::issue::watch::Event;
use crate::issue::{Issued, Urgency};

/// A certificate as lines of text.
pub(super) fn render(issued: &Issued) -> String {
    let certificate = &issued.certificate;
    let (key, usages) = (&certificate.key_type, list(&certificate.usages));
    let validity = [certificate.not_before, certificate.not_after].map(utc);
    let mut lines = vec![
        format!("names       {}", list(&certificate.names)),
        format!("key         {key} ({usages})"),
        format!("valid       {} to {}", validity[0], validity[1]),
        format!("serial      {}", certificate.serial),
        format!("issuer      {}", certificate.issuer),
    ];
    let paths = &issued.paths;
    let all = [&paths.certificate, &paths.chain, &paths.fullchain];
    let all = all.into_iter().chain(paths.key.as_ref());
    lines.extend(all.map(|path| format!("file        {}", path.display())));
    lines.join("\n")
}

/// A certificate as JSON.
pub(super) fn document(issued: &Issued) -> Value {
    let (certificate, paths) = (&issued.certificate, &issued.paths);
    let texts = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>();
    json!({
        "names": texts(&mut certificate.names.iter().map(ToString::to_string)),
        "common_name": certificate.common_name,
        "usages": texts(&mut certificate.usages.iter().map(ToString::to_string)),
        "key_type": certificate.key_type,
        "serial": certificate.serial,
        "not_before": utc(certificate.not_before),
        "not_after": utc(certificate.not_after),
        "issuer": certificate.issuer,
        "paths": {
            "certificate": paths.certificate,
            "chain": paths.chain,
            "fullchain": paths.fullchain,
            "key": paths.key,
        },
    })
}

/// What happens while a certificate is watched: the nearer its end, the louder.
pub(super) fn event(event: &Event<'_>, options: &str) -> String {
    match event {
        Event::Waiting(until) => paint(DIM, &format!("the next renewal is at {}", utc(*until))),
        Event::HookFailed(error) => {
            let error = errors::render(error, options);
            format!("{error}{}", paint(YELLOW, "! it is run again within a minute"))
        }
        Event::Failed { error, pause, urgency, until } => {
            let again = format!("trying again in {} s", pause.whole_seconds());
            let end = until.map(utc).unwrap_or_default();
            let line = match (urgency, until) {
                (Urgency::Low, _) => paint(
                    YELLOW,
                    &format!("! it was not renewed, and is valid until {end}; {again}"),
                ),
                (Urgency::High, _) => paint(
                    YELLOW.bold(),
                    &format!(
                        "WARNING: the certificate expires at {end} and is not renewed; {again}"
                    ),
                ),
                (Urgency::Expired, Some(_)) => paint(
                    RED.bold(),
                    &format!("EXPIRED: the certificate expired at {end}; {again}"),
                ),
                (Urgency::Expired, None) => {
                    paint(BOLD, &format!("! there is no certificate yet; {again}"))
                }
            };
            format!("{}{line}", errors::render(error, options))
        }
    }
}

/// How a run that watches a certificate answers a request to end.
pub fn watch_interrupted(signal: Signal, answer: Answer) {
    let what = match answer {
        Answer::Finishing => "finishing what is under way; a second time stops at once",
        Answer::Unchanged | Answer::AtOnce | Answer::Changed => "the files are complete",
    };
    Screen::stderr().print(&format!("\n{}", paint(YELLOW, &format!("{signal}: {what}"))));
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use time::Duration;

    use super::*;
    use crate::error::Error;

    #[test]
    fn failures_are_told_the_louder_the_nearer_the_end_is() {
        let error = Error::new("the issuer refused the request").because("name_not_allowed: no");
        let end = time::macros::datetime!(2026-05-08 12:00:00.5 UTC);
        let told = |urgency, until| {
            let pause = Duration::seconds(90);
            let text = event(&Event::Failed { error: &error, pause, urgency, until }, "");
            anstream::adapter::strip_str(&text).to_string()
        };
        let all = [
            told(Urgency::Low, Some(end)),
            told(Urgency::High, Some(end)),
            told(Urgency::Expired, Some(end)),
            told(Urgency::Expired, None),
        ];
        expect![[r#"
            error: the issuer refused the request
              because: name_not_allowed: no
            ! it was not renewed, and is valid until 2026-05-08T12:00:00Z; trying again in 90 s
            error: the issuer refused the request
              because: name_not_allowed: no
            WARNING: the certificate expires at 2026-05-08T12:00:00Z and is not renewed; trying again in 90 s
            error: the issuer refused the request
              because: name_not_allowed: no
            EXPIRED: the certificate expired at 2026-05-08T12:00:00Z; trying again in 90 s
            error: the issuer refused the request
              because: name_not_allowed: no
            ! there is no certificate yet; trying again in 90 s"#]].assert_eq(&all.join("\n"));
    }
}
