//! A witness (C2SP tlog-witness): remembers the largest checkpoint of each log it knows, and cosigns the next one only
//! when that begins with it. Run by somebody else than the log, so that the log cannot show two histories.

mod http;
mod memory;

pub use http::{RunningWitness, start};

use crate::keys::KeyError;
use ed25519_dalek::SigningKey;
use memory::Memory;
use mudeung_core::clock::{Clock, Entropy};
use mudeung_wire::ledger::add_checkpoint::AddCheckpoint;
use mudeung_wire::ledger::checkpoint::{Checkpoint, InvalidCheckpoint, LogVerifier};
use mudeung_wire::ledger::cosignature::{WitnessVerifier, cosign};
use mudeung_wire::ledger::note::{SignedNote, is_key_name};
use mudeung_wire::ledger::tree::{empty_root, verify_consistency};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The most logs that one witness looks after.
const LOGS_MAX: usize = 1_024;

/// A witness with its key, the logs it knows and what it remembers of them.
pub struct Witness {
    name: String,
    key: SigningKey,
    logs: Vec<LogVerifier>,
    clock: Arc<dyn Clock>,
    /// Held while a checkpoint is compared and remembered, so that no two are at once.
    memory: Mutex<Memory>,
}

/// Why a witness cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// Its key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What it remembers cannot be read or is used by another process.
    #[error("{0}")]
    Memory(String),
    /// What it was told does not hold together.
    #[error("{0}")]
    Input(String),
}

/// Why a checkpoint is not cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The request is not of the form of one: 400.
    Malformed(&'static str),
    /// No key of that log signed it: 403.
    NotSigned,
    /// The log is not known: 404.
    UnknownLog,
    /// The size that is remembered is another: 409.
    OtherSize(u64),
    /// It does not begin with what is remembered: 422.
    Inconsistent,
    /// It cannot be remembered, so it is not cosigned: 500.
    NotDurable(String),
}

impl Witness {
    /// A witness with its key and memory in a folder that its owner alone may enter. The key is made when it is not
    /// there; a lost memory is what would let it be fooled, so it lies beside the key.
    pub fn open(
        name: &str,
        folder: &Path,
        logs: Vec<LogVerifier>,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
    ) -> Result<Self, WitnessError> {
        if !is_key_name(name) {
            return Err(WitnessError::Input(format!("`{name}` cannot be the name of a key: no spaces, no plus signs")));
        }
        if logs.is_empty() || logs.len() > LOGS_MAX {
            return Err(WitnessError::Input(format!("a witness looks after 1 to {LOGS_MAX} keys of logs")));
        }
        let key = crate::keys::read_witness_key(folder, entropy)?;
        let memory = Memory::open(&folder.join("seen")).map_err(|error| WitnessError::Memory(error.to_string()))?;
        Ok(Self { name: name.to_owned(), key, logs, clock, memory: Mutex::new(memory) })
    }

    /// The key to check its cosignatures with.
    pub fn verifier(&self) -> WitnessVerifier {
        WitnessVerifier::new(self.name.clone(), self.key.verifying_key())
    }

    /// Answers a request to `add-checkpoint`: the line of the cosignature. What is cosigned is durable before.
    pub fn add_checkpoint(&self, body: &str) -> Result<String, Refusal> {
        let AddCheckpoint { old, hashes: proof, checkpoint: note } =
            AddCheckpoint::parse(body).map_err(Refusal::Malformed)?;
        let note = note.as_str();
        let signed = SignedNote::parse(note).map_err(|error| Refusal::Malformed(error.0))?;
        let origin = signed.text().split('\n').next().unwrap_or_default();
        let known: Vec<LogVerifier> = self.logs.iter().filter(|log| log.name() == origin).cloned().collect();
        if known.is_empty() {
            return Err(Refusal::UnknownLog);
        }
        let checkpoint = Checkpoint::verify_any(note, &known).map_err(|error| match error {
            InvalidCheckpoint::Shape(problem) => Refusal::Malformed(problem),
            _ => Refusal::NotSigned,
        })?;
        if old > checkpoint.size {
            return Err(Refusal::Malformed("the old size is larger than the checkpoint's"));
        }
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let last = memory.last(origin).map_err(|error| Refusal::NotDurable(error.to_string()))?;
        let (size, root) = last.map_or((0, empty_root()), |last| (last.size, last.root));
        if size != old {
            return Err(Refusal::OtherSize(size));
        }
        let held = verify_consistency(size, &root, checkpoint.size, &checkpoint.root, &proof);
        held.ok().ok_or(Refusal::Inconsistent)?;
        let mut durable =
            |text: &str| memory.remember(origin, text).map_err(|error| Refusal::NotDurable(error.to_string()));
        durable(note)?;
        let time = u64::try_from(self.clock.now().seconds()).unwrap_or_default().max(1);
        let cosignature = cosign(&signed, &self.name, &self.key, time);
        // What is shown to others carries the log's signature and ours alone.
        let mut shown = signed.only_of(origin);
        shown.add(cosignature.clone());
        durable(&shown.to_string())?;
        Ok(format!("{cosignature}\n"))
    }

    /// The last checkpoint that was cosigned, by the hash of its log's name in hexadecimal digits.
    pub fn latest(&self, origin_hash: &str) -> Option<String> {
        let known = self.logs.iter().find(|log| memory::file_name(log.name()) == origin_hash)?;
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.text(known.name()).ok().flatten()
    }
}
