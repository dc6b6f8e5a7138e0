//! The folder the keys lie in: readable by its owner alone, and written whole or not at all.

use super::KeyError;
use mudeung_core::secret::Secret;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// What others may do: nothing.
const OTHERS: u32 = 0o077;

/// A folder of keys.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens the folder; makes it when it is not there. One that others can enter is refused.
    pub(super) fn open(path: &Path) -> Result<Self, KeyError> {
        let folder = Self { path: path.to_owned() };
        if !path.exists() {
            let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path);
            made.map_err(|source| io(path, source))?;
        }
        refuse_exposed(path, FOLDER_MODE)?;
        Ok(folder)
    }

    /// The names of the files in it, sorted.
    pub(super) fn names(&self) -> Result<Vec<String>, KeyError> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path).map_err(|source| io(&self.path, source))? {
            let entry = entry.map_err(|source| io(&self.path, source))?;
            names.extend(entry.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }

    /// The text of a file. One that others can read is refused.
    pub(super) fn read(&self, name: &str) -> Result<Secret<String>, KeyError> {
        let path = self.path.join(name);
        let text = std::fs::read_to_string(&path).map_err(|source| io(&path, source))?;
        refuse_exposed(&path, FILE_MODE)?;
        Ok(Secret::new(text))
    }

    /// The text of a file, which is made when it is not there.
    pub(super) fn read_or_make(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Secret<String>, KeyError>,
    ) -> Result<Secret<String>, KeyError> {
        match self.read(name) {
            Err(KeyError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                self.make(name, make()?.expose())?;
                self.read(name)
            }
            other => other,
        }
    }

    /// Writes a new file under a temporary name and then gives it its own; an existing file is never replaced.
    pub(super) fn make(&self, name: &str, text: &str) -> Result<(), KeyError> {
        let path = self.path.join(name);
        if path.exists() {
            return Err(io(&path, ErrorKind::AlreadyExists.into()));
        }
        let temporary = self.path.join(format!(".{name}.new"));
        let write = || -> std::io::Result<()> {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(&temporary)?;
            file.set_permissions(Permissions::from_mode(FILE_MODE))?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&temporary, &path)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|source| io(&path, source))
    }

    /// Says what is wrong with a file.
    pub(super) fn damaged(&self, name: &str, problem: &'static str) -> KeyError {
        KeyError::Damaged { path: self.path.join(name), problem }
    }
}

fn refuse_exposed(path: &Path, wanted: u32) -> Result<(), KeyError> {
    let metadata = std::fs::metadata(path).map_err(|source| io(path, source))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS == 0 { Ok(()) } else { Err(KeyError::Exposed { path: path.to_owned(), mode, wanted }) }
}

fn io(path: &Path, source: std::io::Error) -> KeyError {
    KeyError::Io { path: path.to_owned(), source }
}
