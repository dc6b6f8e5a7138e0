//! Consistency proofs in a file: the request `add-checkpoint` (C2SP tlog-witness), which brings along the checkpoint that
//! it proves to extend an earlier tree.

use super::checkpoint::Checkpoint;
use super::proof::{InvalidProof, parse_decimal, parse_hashes};
use super::tree::{Hash, verify_consistency};
use super::trust::{Trust, Witnessed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The proof that the tree of a signed checkpoint begins with the tree of the first `old` entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Number of entries of the earlier tree.
    pub old: u64,
    /// The hashes of the consistency proof.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint of the later tree.
    pub checkpoint: String,
}

impl AddCheckpoint {
    /// Reads a request. The form of the checkpoint in it is not looked at. An error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or("no checkpoint")?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(parse_decimal);
        let old = old.ok_or("the first line is not the old size")?;
        let hashes = parse_hashes(lines).ok_or("a line is not a hash, or there are too many")?;
        Ok(Self { old, hashes, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that the checkpoint is of a ledger one trusts and that its tree begins with the one of a checkpoint that
    /// is held.
    pub fn verify(&self, held: &Checkpoint, trust: &Trust) -> Result<Witnessed, InvalidProof> {
        if held.size != self.old {
            return Err(InvalidProof::Shape("it begins at another size than the checkpoint that is held"));
        }
        let witnessed = trust.check(&self.checkpoint)?;
        let Witnessed { checkpoint, .. } = &witnessed;
        if checkpoint.origin != held.origin {
            return Err(InvalidProof::Shape("the checkpoint that is held is of another log"));
        }
        verify_consistency(held.size, &held.root, checkpoint.size, &checkpoint.root, &self.hashes)?;
        Ok(witnessed)
    }
}

impl std::fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::checkpoint::LogVerifier;
    use crate::ledger::tree::{CompactRange, prove_consistency};
    use ed25519_dalek::SigningKey;
    use std::collections::HashMap;

    fn trees(size: u64) -> (HashMap<(u32, u64), Hash>, Vec<Hash>) {
        let (mut range, mut nodes, mut roots) = (CompactRange::default(), HashMap::new(), Vec::new());
        roots.push(range.root());
        for index in 0..size {
            let leaf = crate::ledger::tree::leaf_hash(&index.to_be_bytes());
            range.append(leaf, |level, at, hash| assert_eq!(nodes.insert((level, at), hash), None));
            roots.push(range.root());
        }
        (nodes, roots)
    }

    fn checkpoint(size: usize, root: Hash) -> Checkpoint {
        Checkpoint { origin: "example.org/ledger".to_owned(), size: u64::try_from(size).unwrap(), root }
    }

    #[test]
    fn a_proof_reads_back_and_holds_for_the_tree_it_begins_with_and_no_other() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let trust = Trust::log(LogVerifier::new("example.org/ledger".to_owned(), key.verifying_key()));
        let (nodes, roots) = trees(70);
        let later = checkpoint(70, roots[70]).sign(&key);
        for old in 1..=70_u64 {
            let hashes = prove_consistency(old, 70, &mut |level, at| nodes.get(&(level, at)).copied()).unwrap();
            let proof = AddCheckpoint { old, hashes, checkpoint: later.clone() };
            let read = AddCheckpoint::parse(&proof.to_string()).unwrap();
            assert_eq!(read, proof);
            let place = usize::try_from(old).unwrap();
            let held = checkpoint(place, roots[place]);
            assert_eq!(read.verify(&held, &trust).unwrap().checkpoint.size, 70);
            assert!(read.verify(&checkpoint(place, [9; 32]), &trust).is_err(), "another tree of {old}");
            assert!(read.verify(&checkpoint(place - 1, roots[place - 1]), &trust).is_err(), "another size");
            let elsewhere = Checkpoint { origin: "example.org/other".to_owned(), ..held.clone() };
            assert!(read.verify(&elsewhere, &trust).is_err(), "another log");
            let by_another = checkpoint(70, roots[70]).sign(&SigningKey::from_bytes(&[8; 32]));
            assert!(AddCheckpoint { checkpoint: by_another, ..proof }.verify(&held, &trust).is_err());
        }
    }

    #[test]
    fn what_is_not_a_proof_is_refused() {
        for text in ["", "old 1\n", "old 01\n\nx", "new 1\n\nx", "old 1\nAAAA\n\nx", "old 1\n \n\nx"] {
            assert!(AddCheckpoint::parse(text).is_err(), "{text:?}");
        }
    }
}
