//! When a refused or broken call is tried again, and how long to wait before that.

use crate::error::ApiError;
use mudeung_wire::problem::{Code, Problem};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use std::time::Duration;

/// The longest error body that is read, in bytes.
const ERROR_BODY_BYTES_MAX: usize = 64 * 1024;
/// The longest piece of a foreign error body that is shown, in characters.
const SHOWN_CHARS_MAX: usize = 200;

/// How patient the client is. Waits are the server's `Retry-After` where it sends one, otherwise doubled from
/// `first_wait`.
///
/// ```
/// use mudeung_sdk::RetryPolicy;
/// use std::time::Duration;
/// let impatient = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
/// assert_eq!(RetryPolicy::default().wait_max, Duration::from_secs(60));
/// assert_eq!(impatient.attempts, 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a call is tried in all; 1 means no retry.
    pub attempts: u32,
    /// The wait before the first retry when the server names none.
    pub first_wait: Duration,
    /// A server that asks to wait longer than this gets no retry; the caller gets [`ApiError::Later`].
    pub wait_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 4, first_wait: Duration::from_millis(500), wait_max: Duration::from_secs(60) }
    }
}

impl RetryPolicy {
    /// How long to wait before another attempt after `failed` failed ones, or nothing when it is over.
    pub(crate) fn wait(&self, failed: u32, asked: Option<Duration>) -> Option<Duration> {
        if failed >= self.attempts {
            return None;
        }
        let doubled = self.first_wait.saturating_mul(2_u32.saturating_pow(failed.saturating_sub(1)));
        match asked {
            Some(asked) => (asked <= self.wait_max).then_some(asked),
            None => Some(doubled.min(self.wait_max)),
        }
    }
}

/// A refusal as it was answered.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    problem: Option<Box<Problem>>,
    shown: String,
}

impl Refusal {
    pub(crate) async fn read(response: Response) -> Self {
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let body = read_start(response).await;
        Self::parse(status, retry_after, &body)
    }

    pub(crate) fn parse(status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let problem = serde_json::from_slice(body).ok().map(Box::new);
        let shown = String::from_utf8_lossy(body).split_whitespace().collect::<Vec<_>>().join(" ");
        Self { status, retry_after, problem, shown: shown.chars().take(SHOWN_CHARS_MAX).collect() }
    }

    /// Whether the same call may succeed in a while.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self.status.as_u16(), 429 | 502 | 503 | 504)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match (refusal.problem, refusal.retry_after) {
            (Some(problem), Some(retry_after)) => Self::Later { problem, retry_after },
            (Some(problem), None) => Self::Problem(problem),
            (None, Some(retry_after)) => Self::Later { problem: Box::new(made_up(refusal.status)), retry_after },
            (None, None) => Self::Unexpected {
                status: refusal.status.as_u16(),
                what: match refusal.shown.is_empty() {
                    true => "an error without a body".to_owned(),
                    false => refusal.shown,
                },
            },
        }
    }
}

/// The server's wish, in whole seconds. The form with a date is not ours and counts as no wish.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn made_up(status: StatusCode) -> Problem {
    let code = if status == StatusCode::TOO_MANY_REQUESTS { Code::RateLimited } else { Code::Overloaded };
    Problem {
        kind: String::new(),
        title: code.title_en().to_owned(),
        status: status.as_u16(),
        code: code.as_str().to_owned(),
        detail: String::new(),
        instance: String::new(),
        invalid_parameters: Vec::new(),
        violated_policies: Vec::new(),
    }
}

async fn read_start(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ERROR_BODY_BYTES_MAX {
            break;
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_end_and_follow_the_server() {
        let policy = RetryPolicy::default();
        let millis = |failed, asked| policy.wait(failed, asked).map(|wait| wait.as_millis());
        assert_eq!([millis(1, None), millis(2, None), millis(3, None)], [Some(500), Some(1_000), Some(2_000)]);
        assert_eq!(millis(4, None), None);
        assert_eq!(millis(1, Some(Duration::from_secs(7))), Some(7_000));
        assert_eq!(millis(1, Some(Duration::from_secs(61))), None);
    }

    #[test]
    fn a_foreign_error_is_shown_in_one_short_line() {
        let page = format!("<html>\n<body>  {}</body>", "x".repeat(1_000));
        let error = ApiError::from(Refusal::parse(StatusCode::BAD_GATEWAY, None, page.as_bytes()));
        let shown = error.to_string();
        assert!(shown.starts_with("unexpected answer (502): <html> <body> xxx"), "{shown}");
        assert!(shown.len() < 260 && !shown.contains('\n'));
    }
}
