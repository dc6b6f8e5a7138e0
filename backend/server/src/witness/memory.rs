//! What a witness remembers: the last checkpoint of each log, one file each, durable before it is relied on.

use crate::hex::hex;
use mudeung_wire::ledger::checkpoint::Checkpoint;
use mudeung_wire::ledger::note::SignedNote;
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The folder of the files. One process at a time: it is locked as long as this lives.
pub(super) struct Memory {
    folder: PathBuf,
    _lock: File,
}

/// The name of a log's file: the SHA-256 of the log's name in hexadecimal digits.
pub(super) fn file_name(origin: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(origin).into();
    hex(&hash)
}

impl Memory {
    /// Opens the folder; makes it when it is not there.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = folder.join("lock");
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        lock.try_lock()
            .map_err(|error| Error::other(format!("{}: another witness runs on it: {error}", folder.display())))?;
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    /// The last checkpoint of a log. A file that cannot be read is an error, never a log that was not seen yet.
    pub(super) fn last(&self, origin: &str) -> Result<Option<Checkpoint>> {
        let Some(text) = self.text(origin)? else { return Ok(None) };
        let note = SignedNote::parse(&text).map_err(Error::other)?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(Error::other)?;
        if checkpoint.origin == origin { Ok(Some(checkpoint)) } else { Err(Error::other("the note is of another log")) }
    }

    /// The note as it was remembered.
    pub(super) fn text(&self, origin: &str) -> Result<Option<String>> {
        match std::fs::read_to_string(self.folder.join(file_name(origin))) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces the last checkpoint of a log, whole or not at all.
    pub(super) fn remember(&mut self, origin: &str, note: &str) -> Result<()> {
        let path = self.folder.join(file_name(origin));
        let temporary = path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(note.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, &path)?;
        File::open(&self.folder)?.sync_all()
    }
}
