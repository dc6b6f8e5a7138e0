//! What can go wrong, one variant for each thing that a caller can do about it.

use mudeung_wire::problem::{Code, Problem};
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

/// Why a call failed. Every message is one line and holds no secret and no signed address.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The settings or arguments cannot work: change them.
    #[error("{0}")]
    Configuration(String),
    /// The token endpoint refused the credential: check the client id and secret.
    #[error("sign-in refused ({error}): {description}")]
    SignIn {
        /// The code of RFC 6749.
        error: String,
        /// What the server said about it.
        description: String,
    },
    /// The server refused the call: look at the problem's code and detail.
    #[error("{}", sentence(.0))]
    Problem(Box<Problem>),
    /// The server asks to come back later, and that is later than the retry policy waits.
    #[error("{}; try again in {} s", sentence(.problem), .retry_after.as_secs())]
    Later {
        /// What the server said.
        problem: Box<Problem>,
        /// How long it asked to wait.
        retry_after: Duration,
    },
    /// A query that ran without its caller ended without a result.
    #[error("the query failed ({code}): {detail}")]
    QueryFailed {
        /// A code as problems have them.
        code: String,
        /// What the server said about it.
        detail: String,
    },
    /// The server could not be reached, or the connection broke: check the address and the network.
    #[error("no answer from the server: {}", chain(.0))]
    Transport(#[source] reqwest::Error),
    /// Something answered that is not this API, for instance a proxy or another server.
    #[error("unexpected answer ({status}): {what}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// What is not as it should be.
        what: String,
    },
    /// What arrived is not what the server announced. Nothing was kept.
    #[error("{file} arrived damaged: {what}; nothing was kept, download it again")]
    Damaged {
        /// The file's name.
        file: String,
        /// What differs.
        what: String,
    },
    /// The ledger does not hold what the server said, or not any more. Nothing more is asked of such a server: show the
    /// folder to the hospital.
    #[error("the receipt of entry {index} DOES NOT HOLD: {what}; the evidence is in {}", .folder.display())]
    Receipt {
        /// The entry.
        index: u64,
        /// What is wrong with its proof.
        what: String,
        /// Where the proof and the checkpoints are.
        folder: PathBuf,
    },
    /// A local file could not be written or read.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The rows are not a complete Arrow stream: the answer was cut short or altered on its way.
    #[error("the rows did not arrive whole: {0}")]
    Rows(#[from] arrow::error::ArrowError),
}

impl ApiError {
    /// The problem that the server named, when it named one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) | Self::Later { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// The problem's code, when there is one and this version of the client knows it.
    ///
    /// ```
    /// use mudeung_sdk::{ApiError, problem::{Code, Problem}};
    /// let problem = Problem {
    ///     kind: "/docs/problems/not_found".into(),
    ///     title: "Not found".into(),
    ///     status: 404,
    ///     code: "not_found".into(),
    ///     detail: "There is no dataset `x`".into(),
    ///     instance: "urn:trace:1".into(),
    ///     invalid_parameters: vec![],
    ///     violated_policies: vec![],
    /// };
    /// assert_eq!(ApiError::Problem(Box::new(problem)).code(), Some(Code::NotFound));
    /// ```
    pub fn code(&self) -> Option<Code> {
        self.problem().and_then(|problem| Code::parse(&problem.code))
    }

    /// How long the server asked to wait.
    pub(crate) fn asked_wait(&self) -> Option<Duration> {
        match self {
            Self::Later { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// Whether the same call may succeed in a while.
    pub fn is_temporary(&self) -> bool {
        let busy = |problem: &Problem| matches!(problem.status, 429 | 502 | 503 | 504);
        match self {
            Self::Later { .. } | Self::Transport(_) => true,
            Self::Problem(problem) => busy(problem),
            Self::Unexpected { status, .. } => matches!(status, 502..=504),
            _ => false,
        }
    }

    pub(crate) fn transport(error: reqwest::Error) -> Self {
        // A signed address opens data: it must not reach a log through an error message.
        Self::Transport(error.without_url())
    }

    pub(crate) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }
}

fn sentence(problem: &Problem) -> String {
    let mut text = match problem.detail.is_empty() {
        true => format!("{} ({})", problem.title, problem.code),
        false => format!("{} ({}): {}", problem.title, problem.code, problem.detail),
    };
    for parameter in &problem.invalid_parameters {
        // The detail often says the same.
        if !text.contains(&parameter.reason) {
            text.push_str(&format!("; {}: {}", parameter.name, parameter.reason));
        }
    }
    one_line(&text)
}

fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    one_line(&text)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
