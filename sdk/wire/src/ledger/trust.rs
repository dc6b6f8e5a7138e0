//! Whom a reader trusts: the keys of a log, present and former, and the witnesses of which some number must have signed.

use super::checkpoint::{Checkpoint, InvalidCheckpoint, LogVerifier};
use super::cosignature::WitnessVerifier;
use super::note::SignedNote;

/// Whom to trust. Held by whoever checks, never taken from what is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    logs: Vec<LogVerifier>,
    witnesses: Vec<WitnessVerifier>,
    threshold: usize,
}

/// A trust that no checkpoint could meet, or that counts a witness twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTrust {
    /// No log.
    #[error("no key of a log is given")]
    NoLog,
    /// The keys are of several logs.
    #[error("the keys are of more than one log: {0} and {1}")]
    OtherLog(String, String),
    /// Two witnesses with one key.
    #[error("the witnesses {0} and {1} have the same key")]
    SameWitness(String, String),
    /// Fewer witnesses than must have signed.
    #[error("{threshold} witnesses must have signed, but only {witnesses} are known")]
    TooFewWitnesses {
        /// So many must have signed.
        threshold: usize,
        /// So many are known.
        witnesses: usize,
    },
}

/// A checkpoint that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// What the log signed.
    pub checkpoint: Checkpoint,
    /// The known witnesses that cosigned, with the time in seconds since the Unix epoch.
    pub witnesses: Vec<(String, u64)>,
}

impl Trust {
    /// Trusts a log by its present and former keys, all under one name, when at least `threshold` of the witnesses
    /// cosigned.
    pub fn new(
        logs: Vec<LogVerifier>,
        witnesses: Vec<WitnessVerifier>,
        threshold: usize,
    ) -> Result<Self, InvalidTrust> {
        let first = logs.first().ok_or(InvalidTrust::NoLog)?;
        if let Some(other) = logs.iter().find(|log| log.name() != first.name()) {
            return Err(InvalidTrust::OtherLog(first.name().to_owned(), other.name().to_owned()));
        }
        for (place, witness) in witnesses.iter().enumerate() {
            if let Some(other) = witnesses.iter().take(place).find(|other| other.key() == witness.key()) {
                return Err(InvalidTrust::SameWitness(other.name().to_owned(), witness.name().to_owned()));
            }
        }
        if threshold > witnesses.len() {
            return Err(InvalidTrust::TooFewWitnesses { threshold, witnesses: witnesses.len() });
        }
        Ok(Self { logs, witnesses, threshold })
    }

    /// Trusts one key of a log, without witnesses.
    pub fn log(verifier: LogVerifier) -> Self {
        Self { logs: vec![verifier], witnesses: Vec::new(), threshold: 0 }
    }

    /// The name of the log.
    pub fn origin(&self) -> &str {
        self.logs.first().map_or("", LogVerifier::name)
    }

    /// Reads a signed checkpoint and checks the log's signature and the witnesses'.
    pub fn check(&self, note: &str) -> Result<Witnessed, InvalidCheckpoint> {
        let checkpoint = Checkpoint::verify_any(note, &self.logs)?;
        let note = SignedNote::parse(note)?;
        let mut witnesses = Vec::new();
        for witness in &self.witnesses {
            if let Some(time) = witness.cosigned_at(&note)? {
                witnesses.push((witness.name().to_owned(), time));
            }
        }
        if witnesses.len() < self.threshold {
            return Err(InvalidCheckpoint::TooFewWitnesses { found: witnesses.len(), threshold: self.threshold });
        }
        Ok(Witnessed { checkpoint, witnesses })
    }
}
