//! The binary as its user meets it: help that is a golden file, errors of one line, exit codes that say whose fault it is.

#![cfg(test)]

mod bad_input;
mod curate;
mod help;
mod ledger;

use std::path::Path;
use std::process::{Command, Output};

/// Runs the binary with arguments in a folder.
fn mudeung(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mudeung")).args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The folder of the bundled definitions.
fn definition(name: &str) -> String {
    format!("{}/../../datasets/definitions/{name}", env!("CARGO_MANIFEST_DIR"))
}
