//! Notes against the examples of the specifications and the `signed_note` crate.

use super::*;
use crate::ledger::checkpoint::{Checkpoint, InvalidCheckpoint, LogVerifier};
use crate::ledger::cosignature::{WitnessVerifier, cosign};
use crate::ledger::trust::{InvalidTrust, Trust};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use signed_note::{Note, StandardVerifier, VerifierList};

const ORIGIN: &str = "example.org/ledger";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn log(seed: u8) -> LogVerifier {
    LogVerifier::new(ORIGIN.to_owned(), key(seed).verifying_key())
}

fn witness(seed: u8) -> WitnessVerifier {
    WitnessVerifier::new(format!("w{seed}.example"), key(seed).verifying_key())
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size, root: [3; 32] }
}

fn cosigned(size: u64, witnesses: &[u8]) -> String {
    let mut note = SignedNote::parse(&checkpoint(size).sign(&key(1))).unwrap();
    for seed in witnesses {
        let signature = cosign(&note, &format!("w{seed}.example"), &key(*seed), 1_700_000_000);
        note.add(signature);
    }
    note.to_string()
}

#[test]
fn the_example_of_the_specification_verifies() {
    let verifier = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let note = "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let verifier = LogVerifier::parse(verifier).unwrap();
    // It is a note but not a checkpoint, so that only its form and its key can be looked at here.
    assert_eq!(SignedNote::parse(note).unwrap().to_string(), note);
    assert!(matches!(Checkpoint::verify(note, &verifier), Err(InvalidCheckpoint::Shape(_))));
    let (name, public) = parse_verifier_key(&verifier.to_string(), ED25519).unwrap();
    let id = key_id(&name, ED25519, &public);
    let parsed = SignedNote::parse(note).unwrap();
    let bytes = parsed.by("example.com/foo", id).next().unwrap();
    let signature = ed25519_dalek::Signature::from_slice(bytes).unwrap();
    assert!(public.verify_strict(parsed.text().as_bytes(), &signature).is_ok());
}

#[test]
fn the_signed_note_crate_verifies_our_checkpoints_beside_cosignatures() {
    let note = cosigned(7, &[2, 3]);
    let verifier = StandardVerifier::new(&log(1).to_string()).unwrap();
    let theirs = Note::from_bytes(note.as_bytes()).unwrap();
    let (verified, unverified) = theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 2));
    assert_eq!(theirs.text(), checkpoint(7).text().as_bytes());
    assert_eq!(String::from_utf8(theirs.to_bytes()).unwrap(), note);
    let other = StandardVerifier::new(&log(9).to_string()).unwrap();
    assert!(theirs.verify(&VerifierList::new(vec![Box::new(other)])).is_err());
}

#[test]
fn a_checkpoint_needs_as_many_known_witnesses_as_were_asked_for() {
    let trust = |threshold| Trust::new(vec![log(1)], vec![witness(2), witness(3), witness(4)], threshold).unwrap();
    let note = cosigned(7, &[2, 4, 5]);
    let held = trust(2).check(&note).unwrap();
    assert_eq!(held.checkpoint, checkpoint(7));
    let names: Vec<&str> = held.witnesses.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["w2.example", "w4.example"]);
    assert_eq!(trust(3).check(&note), Err(InvalidCheckpoint::TooFewWitnesses { found: 2, threshold: 3 }));
    assert!(trust(1).check(&cosigned(7, &[5])).is_err(), "a witness that nobody knows counts for nothing");
    assert!(trust(0).check(&cosigned(7, &[])).is_ok());
}

#[test]
fn one_witness_cannot_count_twice() {
    let again = WitnessVerifier::new("other.example".to_owned(), key(2).verifying_key());
    let twice = Trust::new(vec![log(1)], vec![witness(2), again], 2);
    assert!(matches!(twice, Err(InvalidTrust::SameWitness(_, _))));
    let mut note = SignedNote::parse(&cosigned(7, &[2])).unwrap();
    let later = cosign(&note, "w2.example", &key(2), 1_800_000_000);
    note.add(later);
    let trust = Trust::new(vec![log(1)], vec![witness(2), witness(3)], 2).unwrap();
    assert!(trust.check(&note.to_string()).is_err());
    assert_eq!(witness(2).cosigned_at(&note), Ok(Some(1_800_000_000)), "the later one counts");
}

#[test]
fn a_trust_that_nothing_can_meet_is_refused() {
    assert!(matches!(Trust::new(vec![], vec![], 0), Err(InvalidTrust::NoLog)));
    assert!(matches!(Trust::new(vec![log(1)], vec![witness(2)], 2), Err(InvalidTrust::TooFewWitnesses { .. })));
    let other = LogVerifier::new("other.example".to_owned(), key(1).verifying_key());
    assert!(matches!(Trust::new(vec![log(1), other], vec![], 0), Err(InvalidTrust::OtherLog(_, _))));
}

#[test]
fn a_cosignature_stands_for_its_time_its_text_and_its_key() {
    let note = cosigned(7, &[2]);
    let trust = Trust::new(vec![log(1)], vec![witness(2)], 1).unwrap();
    assert!(trust.check(&note).is_ok());
    // The time is the first eight bytes after the identifier: another one is another statement.
    let mut parsed = SignedNote::parse(&note).unwrap();
    let honest = parsed.signatures[1].clone();
    parsed.signatures[1].bytes[7] ^= 1;
    assert_eq!(trust.check(&parsed.to_string()), Err(InvalidCheckpoint::BadSignature));
    // The same line under another checkpoint.
    let mut moved = SignedNote::parse(&checkpoint(8).sign(&key(1))).unwrap();
    moved.add(honest);
    assert_eq!(trust.check(&moved.to_string()), Err(InvalidCheckpoint::BadSignature));
    // A log's signature is no cosignature and the other way round, though the keys be the same.
    let by_log = WitnessVerifier::new(ORIGIN.to_owned(), key(1).verifying_key());
    assert_eq!(by_log.cosigned_at(&SignedNote::parse(&note).unwrap()), Ok(None));
}

#[test]
fn notes_signed_by_a_former_key_verify_as_long_as_it_is_trusted() {
    let old = checkpoint(7).sign(&key(1));
    let new = checkpoint(9).sign(&key(8));
    let both = Trust::new(vec![log(8), log(1)], vec![], 0).unwrap();
    assert_eq!(both.check(&old).unwrap().checkpoint.size, 7);
    assert_eq!(both.check(&new).unwrap().checkpoint.size, 9);
    assert!(matches!(Trust::log(log(8)).check(&old), Err(InvalidCheckpoint::NotSigned(_))));
}

#[test]
fn one_false_signature_by_a_known_key_condemns_the_note() {
    let mut note = SignedNote::parse(&checkpoint(7).sign(&key(1))).unwrap();
    let mut forged = note.signatures[0].clone();
    forged.bytes[0] ^= 1;
    note.add(forged);
    assert_eq!(Checkpoint::verify(&note.to_string(), &log(1)), Err(InvalidCheckpoint::BadSignature));
}

#[test]
fn texts_that_are_almost_notes_are_refused() {
    let note = cosigned(7, &[2]);
    assert_eq!(SignedNote::parse(&note).unwrap().to_string(), note);
    let cases = [
        note.trim_end().to_owned(),
        format!("{note}\n"),
        format!("{note}trailing\n"),
        note.replace('\u{2014}', "-"),
        note.replace("\u{2014} w2.example", "\u{2014} w2+example"),
        note.replace("\u{2014} w2.example ", "\u{2014}  "),
        note.replace("\n7\n", "\n7\r\n"),
        note.replace("\n\n", "\n"),
        format!("{}\n", "a".repeat(NOTE_BYTES_MAX)),
        format!("{note}{}", "\u{2014} x AAAAAAA=\n".repeat(SIGNATURES_MAX)),
        String::new(),
    ];
    for case in cases {
        assert!(SignedNote::parse(&case).is_err(), "{case:?}");
    }
    for (was, is) in
        [("\n7\n", "\n07\n"), ("\n7\n", "\n+7\n"), ("\n7\n", "\n-7\n"), ("\n7\n", "\n\n"), ("\n7\n", "\n0\n")]
    {
        assert!(Checkpoint::verify(&note.replacen(was, is, 1), &log(1)).is_err(), "{is:?}");
    }
}

#[test]
fn verifier_keys_of_one_use_are_not_those_of_the_other() {
    for seed in 0..50 {
        let text = witness(seed).to_string();
        assert_eq!(WitnessVerifier::parse(&text), Some(witness(seed)));
        assert_eq!(LogVerifier::parse(&text), None);
        assert_eq!(WitnessVerifier::parse(&log(seed).to_string()), None);
        assert_eq!(
            WitnessVerifier::parse(&text.replacen("example", "exampel", 1)),
            None,
            "the identifier binds the name"
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_or_reads_back(text in "[a\u{2014} \nA=]{0,60}") {
        if let Ok(note) = SignedNote::parse(&text) {
            prop_assert_eq!(note.to_string(), text);
        }
    }

    #[test]
    fn a_note_with_one_byte_changed_never_verifies(place: prop::sample::Index, bit in 0_u8..8) {
        let note = cosigned(7, &[2]);
        let trust = Trust::new(vec![log(1)], vec![witness(2)], 1).unwrap();
        let mut bytes = note.into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        if let Ok(text) = String::from_utf8(bytes) {
            prop_assert!(trust.check(&text).is_err(), "{text}");
        }
    }
}
