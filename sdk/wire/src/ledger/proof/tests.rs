//! Proofs in files: they hold for their entry, their index and their log, and for nothing else.

use super::*;
use crate::ledger::checkpoint::{Checkpoint, LogVerifier};
use crate::ledger::cosignature::{WitnessVerifier, cosign};
use crate::ledger::entry::Kind;
use crate::ledger::tree::{CompactRange, prove_inclusion};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use std::collections::HashMap;

const ORIGIN: &str = "example.org/ledger";

fn entry(index: u64) -> Vec<u8> {
    Entry::new(Kind::Intent, "data.read_rows", i64::try_from(index).unwrap(), [7; 16]).to_bytes().unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn proof(index: u64, size: u64) -> TlogProof {
    let (mut range, mut nodes) = (CompactRange::default(), HashMap::new());
    for index in 0..size {
        range.append(leaf_hash(&entry(index)), |level, at, hash| {
            nodes.insert((level, at), hash);
        });
    }
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: range.root() };
    let mut note = SignedNote::parse(&checkpoint.sign(&key(1))).unwrap();
    let cosignature = cosign(&note, "w.example", &key(2), 1_700_000_000);
    note.add(cosignature);
    let hashes = prove_inclusion(index, size, &mut |level, at| nodes.get(&(level, at)).copied()).unwrap();
    TlogProof { extra: Some(entry(index)), index, hashes, checkpoint: note.to_string() }
}

fn trust() -> Trust {
    let log = LogVerifier::new(ORIGIN.to_owned(), key(1).verifying_key());
    let witness = WitnessVerifier::new("w.example".to_owned(), key(2).verifying_key());
    Trust::new(vec![log], vec![witness], 1).unwrap()
}

#[test]
fn every_entry_is_proved_in_a_file_at_every_size_to_65() {
    let trust = trust();
    for size in 1..=65 {
        for index in [0, size / 2, size - 1] {
            let text = proof(index, size).to_string();
            let (found, witnessed) = TlogProof::parse(&text).unwrap().verify_entry(&trust).unwrap();
            assert_eq!(found.to_bytes().unwrap(), entry(index));
            assert_eq!(witnessed.checkpoint.size, size);
            assert_eq!(witnessed.witnesses, [("w.example".to_owned(), 1_700_000_000)]);
        }
    }
}

#[test]
fn the_form_of_a_proof_is_that_of_the_specification() {
    let TlogProof { hashes, checkpoint, .. } = proof(1, 2);
    let text = proof(1, 2).to_string();
    let extra = STANDARD.encode(entry(1));
    let sibling = STANDARD.encode(hashes[0]);
    assert_eq!(text, format!("c2sp.org/tlog-proof@v1\nextra {extra}\nindex 1\n{sibling}\n\n{checkpoint}"));
    let bare = TlogProof { extra: None, ..proof(0, 1) };
    assert!(bare.to_string().starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nexample.org/ledger\n1\n"));
    assert_eq!(TlogProof::parse(&bare.to_string()).unwrap(), bare);
    assert!(bare.verify(&leaf_hash(&entry(0)), &trust()).is_ok());
    assert!(matches!(bare.verify_entry(&trust()), Err(InvalidProof::NoEntry)));
}

#[test]
fn a_proof_of_another_entry_or_index_or_log_does_not_hold() {
    let good = proof(5, 11);
    assert!(good.verify_entry(&trust()).is_ok());
    for index in (0..20).filter(|index| *index != 5) {
        assert!(TlogProof { index, ..good.clone() }.verify_entry(&trust()).is_err(), "{index}");
    }
    let other = TlogProof { extra: Some(entry(6)), ..good.clone() };
    assert!(matches!(other.verify_entry(&trust()), Err(InvalidProof::Failed(_))));
    let moved = TlogProof { checkpoint: proof(5, 12).checkpoint, ..good.clone() };
    assert!(matches!(moved.verify_entry(&trust()), Err(InvalidProof::Failed(_))));
    let stranger = Trust::log(LogVerifier::new(ORIGIN.to_owned(), key(3).verifying_key()));
    assert!(matches!(good.verify_entry(&stranger), Err(InvalidProof::Checkpoint(InvalidCheckpoint::NotSigned(_)))));
}

#[test]
fn texts_that_are_almost_proofs_are_refused() {
    let text = proof(5, 11).to_string();
    let hash = format!("{}\n", STANDARD.encode([9_u8; 32]));
    let cases = [
        text.replace("@v1", "@v2"),
        text.replace("index 5", "index 05"),
        text.replace("index 5", "index +5"),
        text.replace("index 5", "index  5"),
        text.replace("index 5\n", ""),
        text.replace("extra ", "extra  "),
        text.replace("extra ", "extra x\nextra "),
        text.replace("index 5\n", "index 5\nAAAA\n"),
        text.replace("index 5\n", &format!("index 5\n{}", hash.repeat(PROOF_HASHES_MAX))),
        text.replace('\n', "\r\n"),
        text.replace("\n\n", "\n"),
        format!("\n{text}"),
        format!("{text}\n"),
        "c2sp.org/tlog-proof@v1\nindex 0\n\n".to_owned(),
        "x".repeat(PROOF_BYTES_MAX + 1),
    ];
    for case in cases {
        assert!(TlogProof::parse(&case).is_err(), "{}", &case[..case.len().min(300)]);
    }
}

#[test]
fn the_longest_entry_fits_into_a_proof() {
    let longest = TlogProof {
        extra: Some(vec![7; ENTRY_BYTES_MAX]),
        index: u64::MAX,
        hashes: vec![[9; 32]; PROOF_HASHES_MAX],
        checkpoint: proof(0, 1).checkpoint,
    };
    assert_eq!(TlogProof::parse(&longest.to_string()).unwrap(), longest);
}

/// What other implementations are tested with, ours in Python among them.
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../python/tests/proofs.json");

/// Proofs that hold and proofs that do not, each with a word why.
fn vectors() -> Vec<(&'static str, usize, bool, String)> {
    let good = proof(5, 11);
    let text = good.to_string();
    let change = |how: fn(&mut TlogProof)| {
        let mut changed = proof(5, 11);
        how(&mut changed);
        changed.to_string()
    };
    let unwitnessed = |proof: &TlogProof| {
        let note = SignedNote::parse(&proof.checkpoint).unwrap();
        TlogProof { checkpoint: note.only_of(ORIGIN).to_string(), ..proof.clone() }.to_string()
    };
    let foreign = Checkpoint { origin: ORIGIN.to_owned(), size: 11, root: [3; 32] }.sign(&key(3));
    vec![
        ("the only entry", 1, true, proof(0, 1).to_string()),
        ("the last entry of a full tree", 1, true, proof(7, 8).to_string()),
        ("an entry in the middle", 1, true, text.clone()),
        ("without its cosignature, when none is asked for", 0, true, unwitnessed(&good)),
        ("without its cosignature, when one is asked for", 1, false, unwitnessed(&good)),
        ("another index", 1, false, change(|proof| proof.index = 6)),
        ("another entry", 1, false, change(|proof| proof.extra = Some(entry(6)))),
        ("no entry", 1, false, change(|proof| proof.extra = None)),
        ("a hash changed", 1, false, change(|proof| proof.hashes[1][9] ^= 1)),
        ("a hash less", 1, false, change(|proof| proof.hashes.truncate(3))),
        ("a hash more", 1, false, change(|proof| proof.hashes.push([0; 32]))),
        ("the checkpoint of another tree", 1, false, change(|proof_| proof_.checkpoint = proof(5, 12).checkpoint)),
        ("a size that was not signed", 1, false, text.replace("\n11\n", "\n12\n")),
        ("signed by a stranger", 0, false, TlogProof { checkpoint: foreign, ..good }.to_string()),
        ("a leading zero", 1, false, text.replace("index 5", "index 05")),
        ("another version", 1, false, text.replace("@v1", "@v2")),
        ("lines that end like on Windows", 1, false, text.replace('\n', "\r\n")),
        ("cut off", 1, false, text.trim_end().to_owned()),
        ("nothing", 0, false, String::new()),
    ]
}

#[test]
fn the_vectors_for_other_implementations_are_the_golden_file() {
    let log = LogVerifier::new(ORIGIN.to_owned(), key(1).verifying_key());
    let witness = WitnessVerifier::new("w.example".to_owned(), key(2).verifying_key());
    let mut cases = Vec::new();
    for (name, threshold, holds, text) in vectors() {
        let trust = Trust::new(vec![log.clone()], vec![witness.clone()], threshold).unwrap();
        let found = TlogProof::parse(&text).is_ok_and(|proof| proof.verify_entry(&trust).is_ok());
        assert_eq!(found, holds, "{name}");
        cases.push(serde_json::json!({ "name": name, "threshold": threshold, "holds": holds, "proof": text }));
    }
    let document = serde_json::json!({ "log": log.to_string(), "witness": witness.to_string(), "cases": cases });
    let document = format!("{}\n", serde_json::to_string_pretty(&document).unwrap());
    if std::env::var_os("MUDEUNG_UPDATE_GOLDEN").is_some() {
        std::fs::write(VECTORS, &document).unwrap();
    }
    let golden = std::fs::read_to_string(VECTORS).unwrap_or_default();
    assert!(golden == document, "{VECTORS} differs; if the change is wanted, run with MUDEUNG_UPDATE_GOLDEN=1");
}

proptest! {
    #[test]
    fn a_proof_with_one_bit_changed_never_holds(size in 1_u64..40, pick: u64, place: prop::sample::Index, bit in 0_u8..8) {
        let mut bytes = proof(pick % size, size).to_string().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let text = String::from_utf8(bytes);
        let held = text.ok().and_then(|text| TlogProof::parse(&text).ok()?.verify_entry(&trust()).ok());
        prop_assert!(held.is_none());
    }

    #[test]
    fn any_text_is_refused_or_reads_back(lines in prop::collection::vec("[a-zA-Z0-9+/= ]{0,46}", 0..6)) {
        let text = format!("c2sp.org/tlog-proof@v1\nindex 3\n{}\n\n{}", lines.join("\n"), proof(0, 1).checkpoint);
        if let Ok(proof) = TlogProof::parse(&text) {
            prop_assert_eq!(proof.to_string(), text);
        }
    }
}
