//! How the command line fails: one line, and 2 for wrong input, 1 for everything else.

use mudeung_sdk::ApiError;
use mudeung_sdk::problem::Code;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

#[derive(Debug)]
pub(crate) enum Failure {
    /// What was typed is wrong.
    Input(String),
    /// It was right, but it did not work.
    Failed(String),
    /// The reader of our output went away; nobody is left to tell.
    ReaderGone,
}

impl Failure {
    pub(crate) fn report(self) -> ExitCode {
        let (text, code) = match self {
            Self::Input(text) => (text, 2),
            Self::Failed(text) => (text, 1),
            Self::ReaderGone => return ExitCode::SUCCESS,
        };
        let _ = writeln!(std::io::stderr(), "mudeung-cli: {text}");
        ExitCode::from(code)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Input(text) | Self::Failed(text) => f.write_str(text),
            Self::ReaderGone => f.write_str("the reader went away"),
        }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let text = error.to_string();
        match (&error, error.code()) {
            (ApiError::Configuration(_), _) => Self::Input(text),
            (
                _,
                Some(
                    Code::BadRequest
                    | Code::InvalidParameter
                    | Code::InvalidFilter
                    | Code::UnknownColumn
                    | Code::InvalidQuery,
                ),
            ) => Self::Input(text),
            (ApiError::File { source, .. }, _) if source.kind() == ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::Failed(text),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::Failed(format!("cannot write: {error}")),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        match error.io_error_kind() {
            Some(ErrorKind::BrokenPipe) => Self::ReaderGone,
            _ => Self::Failed(format!("cannot write: {error}")),
        }
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        use clap::error::ErrorKind::{DisplayHelpOnMissingArgumentOrSubcommand, MissingSubcommand};
        if matches!(error.kind(), DisplayHelpOnMissingArgumentOrSubcommand | MissingSubcommand) {
            return Self::Input("say what to do: login, datasets, pull, query, usage or quota (see --help)".to_owned());
        }
        let rendered = error.render().to_string();
        let first = rendered.lines().take_while(|line| !line.is_empty()).map(str::trim).collect::<Vec<_>>().join(" ");
        let text = first.strip_prefix("error: ").unwrap_or(&first);
        Self::Input(format!("{text} (see --help)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Arguments;
    use clap::Parser;

    #[test]
    fn wrong_arguments_give_one_line_that_points_to_the_help() {
        for arguments in [&["query"][..], &["pull", "a..b"], &["nonsense"], &["pull", "a", "--version", "x"], &[]] {
            let error = Arguments::try_parse_from(["mudeung-cli"].iter().chain(arguments)).unwrap_err();
            let Failure::Input(text) = Failure::from(error) else { panic!("{arguments:?}") };
            assert!(!text.contains('\n') && text.ends_with("(see --help)"), "{text}");
        }
    }
}
