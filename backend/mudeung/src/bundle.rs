//! The bundled dataset definitions, embedded in the binary.

use crate::failure::Failure;
use include_dir::{Dir, include_dir};
use std::path::Path;

static DEFINITIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../datasets/definitions");

/// Unpacks every definition into a folder.
pub(crate) fn unpack(to: &Path) -> Result<(), Failure> {
    let unpacked = std::fs::create_dir_all(to).and_then(|()| DEFINITIONS.extract(to));
    unpacked.map_err(|error| Failure::failed(format!("cannot write {}: {error}", to.display())))
}

/// The names of the bundled definitions.
pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> = DEFINITIONS.dirs().map(|folder| folder.path().display().to_string()).collect();
    names.sort();
    names
}
