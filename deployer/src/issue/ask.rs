//! Asking, and asking again for a little while when somebody was too busy to answer.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::refusal;
use crate::call::Response;
use crate::error::Result;

/// People and scripts wait for a certificate about as long as for one call of API Gateway.
const PATIENCE: Duration = Duration::from_secs(30);

/// The first pause; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Sends a request until the answer is final, or patience is at its end.
///
/// Asking twice does no harm: at worst there are two certificates for the same key. `chance` yields
/// numbers from 0 to 1, so that many clients that were turned away do not come back all at once.
pub(super) async fn ask(
    send: impl AsyncFn() -> Result<Response>,
    chance: &dyn Fn() -> f64,
    report: &dyn Fn(&str),
) -> Result<Response> {
    let begun = Instant::now();
    let mut longest = FIRST_PAUSE;
    loop {
        let response = send().await?;
        let pause = longest.mul_f64(0.5 + chance() / 2.0);
        if !refusal::may_pass(&response) || begun.elapsed() + pause > PATIENCE {
            return Ok(response);
        }
        let seconds = pause.as_secs_f64();
        report(&format!(
            "answered with status {}, asking again in {seconds:.1} s",
            response.status
        ));
        sleep(pause).await;
        longest *= 2;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::error::Error;

    /// Asks somebody who answers with these statuses in turn, the last one again and again; the
    /// result, and when each question came.
    async fn asked(statuses: &[u16]) -> (Result<u16>, Vec<u64>) {
        let (begun, times) = (Instant::now(), RefCell::new(Vec::new()));
        let send = async || {
            let status = statuses[times.borrow().len().min(statuses.len() - 1)];
            times.borrow_mut().push(begun.elapsed().as_secs());
            match status {
                0 => Err(Error::new("no connection")),
                _ => Ok(Response { status, headers: http::HeaderMap::new(), body: Vec::new() }),
            }
        };
        let answer = ask(send, &|| 1.0, &|_| ()).await.map(|response| response.status);
        (answer, times.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn a_final_answer_is_asked_for_once() {
        for status in [200, 400, 403, 500] {
            let (answer, times) = asked(&[status]).await;
            assert_eq!((answer.expect("an answer"), times), (status, vec![0]));
        }
        assert_eq!(asked(&[0]).await.1, [0]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_busy_are_asked_again_for_half_a_minute() {
        let (answer, times) = asked(&[429, 503, 200]).await;
        assert_eq!((answer.expect("an answer"), times), (200, vec![0, 1, 3]));
        let (answer, times) = asked(&[503]).await;
        assert_eq!((answer.expect("an answer"), times), (503, vec![0, 1, 3, 7, 15]));
    }
}
