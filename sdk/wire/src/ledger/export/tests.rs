//! Runs of every place and length against the plain tree, and folders with one fault each.

use super::*;
use crate::ledger::checkpoint::{Checkpoint, LogVerifier};
use crate::ledger::entry::{Entry, Kind};
use crate::ledger::tree::{CompactRange, leaf_hash, subtree};
use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;

fn number(value: u64) -> usize {
    usize::try_from(value).unwrap()
}

fn tree(size: u64) -> (Vec<Hash>, HashMap<(u32, u64), Hash>, Hash) {
    let leaves: Vec<Hash> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    let (mut range, mut nodes) = (CompactRange::default(), HashMap::new());
    for leaf in &leaves {
        range.append(*leaf, |level, index, hash| {
            nodes.insert((level, index), hash);
        });
    }
    (leaves, nodes, range.root())
}

fn at(nodes: &HashMap<(u32, u64), Hash>, places: &[(u32, u64)]) -> Vec<Hash> {
    places.iter().map(|place| nodes[place]).collect()
}

#[test]
fn every_run_of_every_small_tree_makes_the_root_and_a_changed_one_does_not() {
    for size in 0..40_u64 {
        let (leaves, nodes, root) = tree(size);
        for start in 0..=size {
            for end in start..=size {
                let (left, right) = (at(&nodes, &left_of(start)), at(&nodes, &right_of(end, size)));
                let run = |leaves: &[Hash]| {
                    let mut check = RangeCheck::start(start, &left).unwrap();
                    leaves.iter().for_each(|leaf| check.leaf(*leaf));
                    check.root(size, &right)
                };
                let own: Vec<Hash> = leaves[number(start)..number(end)].to_vec();
                assert_eq!(run(&own), Ok(root), "{start}..{end} of {size}");
                if !own.is_empty() {
                    let mut changed = own.clone();
                    changed[0][0] ^= 1;
                    assert_ne!(run(&changed), Ok(root));
                    assert_ne!(run(&own[1..]), Ok(root), "one left out");
                }
            }
        }
    }
}

#[test]
fn the_subtrees_beside_a_run_are_those_of_the_plain_tree() {
    let (_, nodes, root) = tree(37);
    let mut node = |level, index| nodes.get(&(level, index)).copied();
    assert_eq!(subtree(0, 37, &mut node), Some(root));
    assert_eq!(left_of(11), [(3, 0), (1, 4), (0, 10)]);
    assert_eq!(right_of(13, 37), [(0, 13), (1, 7), (4, 1), (2, 8), (0, 36)]);
    assert!(left_of(0).is_empty() && right_of(37, 37).is_empty());
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn verifier() -> LogVerifier {
    LogVerifier::new("example.org/ledger".to_owned(), key().verifying_key())
}

/// Entries 3 to 8 of ten.
fn write(folder: &Path) -> Manifest {
    let entries: Vec<Vec<u8>> =
        (0..10).map(|n| Entry::new(Kind::Intent, "x", n, [u8::try_from(n).unwrap(); 16]).to_bytes().unwrap()).collect();
    let (mut range, mut nodes) = (CompactRange::default(), HashMap::new());
    for entry in &entries {
        range.append(leaf_hash(entry), |level, index, hash| {
            nodes.insert((level, index), hash);
        });
    }
    let checkpoint = Checkpoint { origin: "example.org/ledger".to_owned(), size: 10, root: range.root() };
    let mut files = Vec::new();
    std::fs::create_dir_all(folder.join("entries")).unwrap();
    for (start, end) in [(3, 6), (6, 8)] {
        let lines: String = (start..end)
            .map(|index| format!("{}\n", serde_json::to_string(&Line::of(index, &entries[number(index)])).unwrap()))
            .collect();
        let name = format!("entries/{start:016}.ndjson");
        std::fs::write(folder.join(&name), &lines).unwrap();
        let sha256 = Sha256::digest(&lines).iter().map(|byte| format!("{byte:02x}")).collect();
        files.push(File { name, start, entries: end - start, size_bytes: lines.len().try_into().unwrap(), sha256 });
    }
    let manifest = Manifest {
        format: EXPORT_FORMAT,
        kind: "ndjson".to_owned(),
        origin: checkpoint.origin.clone(),
        verifier: verifier().to_string(),
        from: None,
        to: None,
        made_at: "2026-01-01T00:00:00Z".to_owned(),
        start: 3,
        end: 8,
        tree_size: 10,
        root: encode(&checkpoint.root),
        checkpoint: checkpoint.sign(&key()),
        proof: Proof::of(&at(&nodes, &left_of(3)), &at(&nodes, &right_of(8, 10))),
        files,
    };
    sign(folder, &manifest);
    manifest
}

fn sign(folder: &Path, manifest: &Manifest) {
    let bytes = serde_json::to_vec_pretty(manifest).unwrap();
    std::fs::write(folder.join(NOTE), sign_manifest(&manifest.origin, &bytes, &key())).unwrap();
    std::fs::write(folder.join(CHECKPOINT), &manifest.checkpoint).unwrap();
    std::fs::write(folder.join(MANIFEST), bytes).unwrap();
}

fn check(folder: &Path) -> Result<Checked, BrokenExport> {
    verify_export(folder, &verifier(), |_, _| {})
}

#[test]
fn an_export_verifies_and_says_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = write(folder.path());
    let mut told = Vec::new();
    let checked = verify_export(folder.path(), &verifier(), |done, all| told.push((done, all))).unwrap();
    assert_eq!((checked.entries, checked.manifest, checked.checkpoint.size), (5, manifest, 10));
    assert_eq!(told, [(3, 5), (5, 5)]);
}

#[test]
fn one_byte_anywhere_in_the_folder_breaks_it() {
    let folder = tempfile::tempdir().unwrap();
    for name in [MANIFEST, NOTE, CHECKPOINT, "entries/0000000000000003.ndjson", "entries/0000000000000006.ndjson"] {
        write(folder.path());
        let size = std::fs::read(folder.path().join(name)).unwrap().len();
        for position in (0..size).step_by(37).chain([size - 1]) {
            write(folder.path());
            let path = folder.path().join(name);
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[position] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            assert!(check(folder.path()).is_err(), "{name} byte {position}");
        }
        std::fs::remove_file(folder.path().join(name)).unwrap();
        assert!(matches!(check(folder.path()), Err(BrokenExport::Io { .. })), "{name} is missing");
    }
}

/// Whoever holds the key can sign a manifest, but not one whose entries are not in the tree it signed before.
#[test]
fn a_signed_manifest_over_other_entries_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let resigned = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = write(folder.path());
        change(&mut manifest);
        sign(folder.path(), &manifest);
        check(folder.path())
    };
    assert!(resigned(&|_| {}).is_ok());
    assert!(matches!(resigned(&|manifest| manifest.start = 2), Err(BrokenExport::Root)));
    assert!(matches!(resigned(&|manifest| drop(manifest.files.pop())), Err(BrokenExport::Manifest(_))));
    assert!(matches!(resigned(&|manifest| manifest.files.reverse()), Err(BrokenExport::Manifest(_))));
    assert!(matches!(resigned(&|manifest| drop(manifest.proof.left.pop())), Err(BrokenExport::Root)));
    let swapped = resigned(&|manifest| manifest.proof.right[0] = encode(&[9; 32]));
    assert!(matches!(swapped, Err(BrokenExport::Root)));
    let led_out = resigned(&|manifest| manifest.files[0].name = "../x".to_owned());
    assert!(matches!(led_out, Err(BrokenExport::Manifest(_))), "{led_out:?}");
}

#[test]
fn a_manifest_is_never_taken_for_a_checkpoint_nor_signed_by_another_key() {
    let note = sign_manifest("example.org/ledger", b"{}", &key());
    assert_eq!(verify_manifest(&note, b"{}", &verifier()), Ok(()));
    assert!(verify_manifest(&note, b"{ }", &verifier()).is_err());
    assert!(Checkpoint::verify(&note, &verifier()).is_err());
    let other = sign_manifest("example.org/ledger", b"{}", &SigningKey::from_bytes(&[8; 32]));
    assert!(verify_manifest(&other, b"{}", &verifier()).is_err());
    let checkpoint = Checkpoint { origin: "example.org/ledger".to_owned(), size: 1, root: [0; 32] }.sign(&key());
    assert!(verify_manifest(&checkpoint, b"{}", &verifier()).is_err());
}
