//! Reads a configuration file and says in one line what is wrong with it, and where.

use super::Config;
use ipnet::IpNet;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::net::IpAddr;

/// A text that is not a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {}{problem}", path_prefix(path))]
pub struct ConfigError {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// The key, with the tables it lies in, for instance `limits.body_bytes`; empty when the text is not TOML.
    pub path: String,
    /// What is wrong.
    pub problem: String,
}

fn path_prefix(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

/// Reads networks and bare addresses.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let network = |text: &String| {
        let single = text.parse::<IpAddr>().ok().map(IpNet::from);
        let network = single.or_else(|| text.parse().ok());
        network.ok_or_else(|| D::Error::custom(format!("`{text}` is not a network such as 10.0.0.0/8")))
    };
    texts.iter().map(network).collect()
}

impl Config {
    /// Reads a configuration. Unknown keys are refused: a mistyped limit must not be a missing one.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start);
            let before = text.get(..at).unwrap_or(text);
            let problem = error.message().lines().collect::<Vec<_>>().join("; ");
            ConfigError {
                line: before.matches('\n').count() + 1,
                column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
                path: path_at(text, at),
                problem,
            }
        })
    }
}

/// The key at a position: the header of its table and what stands before the `=` of its line.
fn path_at(text: &str, at: usize) -> String {
    let line_end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at + length);
    let lines: Vec<&str> = text.get(..line_end).unwrap_or(text).lines().collect();
    let header = |line: &&str| line.trim().strip_prefix('[').and_then(|rest| rest.split(']').next()).map(str::to_owned);
    let table = lines.iter().rev().find_map(header);
    let key = lines.last().and_then(|line| line.split_once('=')).map(|(key, _)| key.trim().to_owned());
    table.into_iter().chain(key).collect::<Vec<_>>().join(".")
}
