//! The events of a log group.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>

use super::{Aws, failed};
use crate::audit::Event;
use crate::error::Result;

impl Aws {
    /// Hands over all events of a log group that a filter of AWS lets through, if there is one, logged
    /// from then on and until then (milliseconds since 1970).
    ///
    /// AWS looks through a part of the log for each page, so a page may be empty and not the last.
    pub async fn log_events(
        &self,
        group: &str,
        filter: Option<&str>,
        (since, until): (i64, Option<i64>),
        mut take: impl FnMut(Event),
    ) -> Result<()> {
        let call = self.logs.filter_log_events().log_group_name(group);
        let call = call.set_filter_pattern(filter.map(str::to_owned));
        let call = call.start_time(since).set_end_time(until);
        let mut token = None;
        loop {
            let page = call.clone().set_next_token(token).send().await;
            let page = page.map_err(|error| failed("FilterLogEvents", group, &error))?;
            for event in page.events.unwrap_or_default() {
                let time = event.timestamp.unwrap_or_default();
                if time >= since && until.is_none_or(|until| time <= until) {
                    let message = event.message.unwrap_or_default();
                    let stream = event.log_stream_name.unwrap_or_default();
                    // The local AWS gives events no ids.
                    let id = event.event_id.unwrap_or_else(|| format!("{stream} {time} {message}"));
                    take(Event { id, time, message });
                }
            }
            token = page.next_token;
            if token.is_none() {
                return Ok(());
            }
        }
    }
}
