//! Prints checkpoints and proofs of a tree at every size for other implementations to check:
//! `proof_vectors SIZE_MAX` writes one line of JSON for each size from 1 on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
use mudeung_wire::ledger::cosignature::{WitnessVerifier, cosign};
use mudeung_wire::ledger::note::SignedNote;
use mudeung_wire::ledger::tree::{CompactRange, Hash, empty_root, leaf_hash, prove_consistency, prove_inclusion};
use std::collections::HashMap;
use std::error::Error;
use std::io::Write;

/// Below this size there are proofs for every index and every earlier size.
const ALL_BELOW: u64 = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let size_max: u64 = std::env::args().nth(1).ok_or("proof_vectors SIZE_MAX")?.parse()?;
    let (log, witness) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    let origin = "example.org/ledger".to_owned();
    let verifier = LogVerifier::new(origin.clone(), log.verifying_key()).to_string();
    let cosigner = WitnessVerifier::new("witness.example".to_owned(), witness.verifying_key()).to_string();
    let (mut range, mut nodes, mut roots) = (CompactRange::default(), HashMap::new(), vec![empty_root()]);
    let mut out = std::io::stdout().lock();
    for size in 1..=size_max {
        range.append(leaf_hash(&(size - 1).to_be_bytes()), |level, at, hash| {
            nodes.insert((level, at), hash);
        });
        roots.push(range.root());
        let checkpoint = Checkpoint { origin: origin.clone(), size, root: range.root() };
        let mut note = SignedNote::parse(&checkpoint.sign(&log))?;
        let cosignature = cosign(&note, "witness.example", &witness, 1_700_000_000 + size);
        note.add(cosignature);
        let mut node = |level, at| nodes.get(&(level, at)).copied();
        let (mut inclusion, mut consistency) = (Vec::new(), Vec::new());
        for place in sample(size) {
            let proof = prove_inclusion(place, size, &mut node).ok_or("no proof")?;
            inclusion.push(serde_json::json!({ "index": place, "hashes": encoded(&proof) }));
            let proof = prove_consistency(place + 1, size, &mut node).ok_or("no proof")?;
            let old = roots.get(usize::try_from(place + 1)?).ok_or("no root")?;
            let old = STANDARD.encode(old);
            consistency.push(serde_json::json!({ "from": place + 1, "root": old, "hashes": encoded(&proof) }));
        }
        let line = serde_json::json!({
            "verifier": verifier, "witness": cosigner, "size": size, "root": STANDARD.encode(range.root()),
            "note": note.to_string(), "inclusion": inclusion, "consistency": consistency,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// All places in a small tree; in a larger one its edges, its middle and the neighbours of powers of two.
fn sample(size: u64) -> Vec<u64> {
    if size < ALL_BELOW {
        return (0..size).collect();
    }
    let mut places = vec![0, size / 3, size / 2, size - 2, size - 1];
    places.extend((5..11).flat_map(|power| [(1 << power) - 1, 1 << power]).filter(|place| *place < size));
    places.sort_unstable();
    places.dedup();
    places
}

fn encoded(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}
