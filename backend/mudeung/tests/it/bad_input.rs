//! What is not right is said in one line that names what and where, with exit code 2; nothing is written.

use super::{definition, mudeung, text};

fn refused(arguments: &[&str], expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output = mudeung(folder.path(), arguments);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(expected), "{error}");
    assert!(!error.contains("panicked"), "{error}");
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    refused(&["serve", "--config", "nowhere.toml"], "nowhere.toml");
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mudeung.toml");
    let config = "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"\"\ncolour = 1\n\
                  [database]\ncontrol = \"c\"\nledger = \"l\"\n[data]\nstore = \"s\"\nkeys = \"k\"\n";
    std::fs::write(&file, config).unwrap();
    let output = mudeung(folder.path(), &["check-config", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("colour"), "{}", text(&output.stderr));
}

#[test]
fn a_ledger_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let output = mudeung(folder.path(), &["ledger", "verify", "--database", "nothing.sqlite"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_dataset_that_is_not_bundled_is_answered_with_those_that_are() {
    refused(&["synth", "nothing", "--rows", "1", "--out", "out"], "lymph_node");
    refused(&["synth", "../lymph_node", "--rows", "1", "--out", "out"], "neither a folder nor one of");
}

#[test]
fn an_input_folder_without_the_files_is_refused() {
    refused(&["curate", "build", &definition("lymph_node"), "--input", "nowhere"], "nowhere");
}

#[test]
fn a_folder_of_images_that_is_not_there_is_named_and_nothing_is_made_of_it() {
    let images = ["curate", "dicom", &definition("lymph_node"), "--key", "key", "--from", "nowhere", "--out", "out"];
    refused(&images, "nowhere");
    refused(&[&images[..8], &["out", "--held-back", "out/list.json"]].concat(), "would lie in the release");
}
