//! What the ledger hands out and takes back: checkpoints and proofs.

use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
use mudeung_wire::ledger::note::SignedNote;
use mudeung_wire::ledger::proof::TlogProof;
use mudeung_wire::ledger::trust::Trust;

/// The verifier of a key that signs nothing that is in the corpus.
const STRANGER: &str = "stranger.example/ledger+5c4e2a5b+AdV6pn1NiYDBfgbPBGAOnAlZuLdNeAsC3p3KwBCV1gGq";

/// A note that is read is written the same, and only who holds a log's key signs its checkpoints.
pub fn checkpoint(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(note) = SignedNote::parse(text) {
        assert_eq!(note.to_string(), text);
        let _ = Checkpoint::parse(note.text());
    }
    let _ = Checkpoint::parse(text);
    let verifiers: Vec<LogVerifier> = LogVerifier::parse(STRANGER).into_iter().collect();
    assert!(Checkpoint::verify_any(text, &verifiers).is_err(), "a stranger's signature: {text}");
    if let Some(verifier) = LogVerifier::parse(text) {
        assert_eq!(verifier.to_string(), text);
    }
}

/// A proof that is read is written the same, and none holds for a log that did not sign it.
pub fn tlog_proof(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(proof) = TlogProof::parse(text) else { return };
    assert_eq!(proof.to_string(), text);
    if let Some(verifier) = LogVerifier::parse(STRANGER) {
        assert!(proof.verify_entry(&Trust::log(verifier)).is_err(), "a stranger's proof: {text}");
    }
}
