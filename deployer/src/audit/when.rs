//! Points in time, as people name them.

use std::str::FromStr;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// This long ago.
    Ago(Duration),
    /// Then.
    At(OffsetDateTime),
}

impl FromStr for When {
    type Err = String;

    /// Reads `90m`, `1h 30m`, `2d`, or a time such as `2026-05-08` or `2026-05-08T05:39:10Z`.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(ago) = humantime::parse_duration(text) {
            return Ok(Self::Ago(ago));
        }
        // A day begins at midnight, UTC.
        let time = OffsetDateTime::parse(text, &Rfc3339)
            .or_else(|_| OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339));
        time.map(Self::At).map_err(|_| {
            "expected how long ago, such as 90m, 12h or 2d, or a time such as 2026-05-08 or \
             2026-05-08T05:39:10Z"
                .to_owned()
        })
    }
}

impl When {
    /// The time that is meant, in milliseconds since 1970; nothing is before that.
    pub fn milliseconds(self, now: OffsetDateTime) -> i64 {
        let time = match self {
            Self::Ago(ago) => now.checked_sub(ago.try_into().unwrap_or(time::Duration::MAX)),
            Self::At(time) => Some(time),
        };
        let time = time.map_or(0, |time| time.unix_timestamp_nanos() / 1_000_000);
        i64::try_from(time).unwrap_or(i64::MAX).max(0)
    }
}
