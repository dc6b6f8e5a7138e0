//! The folder the keys lie in: readable by its owner alone, encrypted when there is a key to do it with, and written
//! whole or not at all.

use super::kek::KeyEncryptionKey;
use super::{KeyError, sealing};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mudeung_core::clock::Entropy;
use mudeung_core::secret::Secret;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// What others may do: nothing.
const OTHERS: u32 = 0o077;
/// What an encrypted file begins with; the name of the key it was encrypted under follows, and then a line of base64.
const SEALED: &str = "mudeung-sealed-key v1 ";

/// A folder of keys.
pub(super) struct Folder<'k> {
    path: PathBuf,
    kek: Option<&'k KeyEncryptionKey>,
}

/// A key file as it lies there.
enum Stored {
    Plain(Secret<String>),
    Sealed { under: String, body: Vec<u8> },
}

impl<'k> Folder<'k> {
    /// Opens the folder; makes it when it is not there. One that others can enter is refused.
    pub(super) fn open(path: &Path, kek: Option<&'k KeyEncryptionKey>) -> Result<Self, KeyError> {
        let folder = Self { path: path.to_owned(), kek };
        if !path.exists() {
            let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path);
            made.map_err(|source| io(path, source))?;
        }
        refuse_exposed(path, FOLDER_MODE)?;
        Ok(folder)
    }

    /// The text of a file. Refused is one that others can read, and one that is not encrypted although it should be: it
    /// may have been put there by somebody else.
    pub(super) fn read(&self, name: &str) -> Result<Secret<String>, KeyError> {
        match (self.stored(name)?, self.kek) {
            (Stored::Plain(text), None) => Ok(text),
            (Stored::Plain(_), Some(_)) => Err(KeyError::Unsealed { path: self.path.join(name) }),
            (Stored::Sealed { .. }, None) => Err(KeyError::Locked { path: self.path.join(name) }),
            (Stored::Sealed { under, body }, Some(kek)) if under == kek.id() => self.unsealed(name, kek, &body),
            (Stored::Sealed { under, .. }, Some(kek)) => Err(self.other_kek(name, under, kek)),
        }
    }

    /// The text of a file, which is made when it is not there.
    pub(super) fn read_or_make(
        &self,
        name: &str,
        entropy: &dyn Entropy,
        make: impl FnOnce() -> Result<Secret<String>, KeyError>,
    ) -> Result<Secret<String>, KeyError> {
        match self.read(name) {
            Err(KeyError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                self.write_new(name, &self.as_stored(name, &make()?, entropy)?)?;
                self.read(name)
            }
            other => other,
        }
    }

    /// Encrypts a file that is not, and one that was encrypted under an older key anew. Answers whether it was changed; one
    /// that is not there, or is as it should be, was not.
    pub(super) fn seal(
        &self,
        name: &str,
        older: Option<&KeyEncryptionKey>,
        entropy: &dyn Entropy,
    ) -> Result<bool, KeyError> {
        let Some(kek) = self.kek else { return Ok(false) };
        let text = match (self.stored(name), older) {
            (Err(KeyError::Io { source, .. }), _) if source.kind() == ErrorKind::NotFound => return Ok(false),
            (Err(other), _) => return Err(other),
            (Ok(Stored::Plain(text)), _) => text,
            (Ok(Stored::Sealed { under, body }), _) if under == kek.id() => {
                self.unsealed(name, kek, &body)?;
                return Ok(false);
            }
            (Ok(Stored::Sealed { under, body }), Some(older)) if under == older.id() => {
                self.unsealed(name, older, &body)?
            }
            (Ok(Stored::Sealed { under, .. }), _) => return Err(self.other_kek(name, under, kek)),
        };
        self.replace(name, &self.as_stored(name, &text, entropy)?)?;
        Ok(true)
    }

    /// Says what is wrong with a file.
    pub(super) fn damaged(&self, name: &str, problem: &'static str) -> KeyError {
        KeyError::Damaged { path: self.path.join(name), problem }
    }

    fn stored(&self, name: &str) -> Result<Stored, KeyError> {
        let path = self.path.join(name);
        let text = std::fs::read_to_string(&path).map(Secret::new).map_err(|source| io(&path, source))?;
        refuse_exposed(&path, FILE_MODE)?;
        let Some((under, body)) = text.expose().strip_prefix(SEALED).and_then(|rest| rest.split_once('\n')) else {
            return Ok(Stored::Plain(text));
        };
        let body = STANDARD.decode(body.trim_end()).ok().ok_or_else(|| self.damaged(name, "not base64"))?;
        Ok(Stored::Sealed { under: under.to_owned(), body })
    }

    fn unsealed(&self, name: &str, kek: &KeyEncryptionKey, body: &[u8]) -> Result<Secret<String>, KeyError> {
        let plain = sealing::open(kek.expose(), &binding(name, kek), body);
        let plain = plain.ok_or_else(|| {
            self.damaged(name, "cannot be decrypted, because it was changed or is another file under this name")
        })?;
        let text = std::str::from_utf8(plain.expose()).map(|text| Secret::new(text.to_owned()));
        text.ok().ok_or_else(|| self.damaged(name, "is no text"))
    }

    /// What is written for a text: the text itself, or encrypted.
    fn as_stored(&self, name: &str, text: &Secret<String>, entropy: &dyn Entropy) -> Result<Secret<String>, KeyError> {
        let Some(kek) = self.kek else { return Ok(text.clone()) };
        let sealed = sealing::seal(kek.expose(), &binding(name, kek), text.expose().as_bytes(), entropy);
        let sealed = sealed.ok_or_else(|| self.damaged(name, "cannot be encrypted"))?;
        Ok(Secret::new(format!("{SEALED}{}\n{}\n", kek.id(), STANDARD.encode(sealed))))
    }

    /// Writes a file that must not be there yet.
    fn write_new(&self, name: &str, text: &Secret<String>) -> Result<(), KeyError> {
        let path = self.path.join(name);
        if path.exists() {
            return Err(io(&path, ErrorKind::AlreadyExists.into()));
        }
        self.replace(name, text)
    }

    /// Writes a file under a temporary name and then gives it its own.
    fn replace(&self, name: &str, text: &Secret<String>) -> Result<(), KeyError> {
        let path = self.path.join(name);
        let temporary = self.path.join(format!(".{name}.new"));
        let write = || -> std::io::Result<()> {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(&temporary)?;
            file.set_permissions(Permissions::from_mode(FILE_MODE))?;
            file.write_all(text.expose().as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&temporary, &path)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|source| io(&path, source))
    }

    fn other_kek(&self, name: &str, wanted: String, given: &KeyEncryptionKey) -> KeyError {
        KeyError::OtherKek { path: self.path.join(name), wanted, given: given.id().to_owned() }
    }
}

/// An encrypted file is bound to its own name, so that no two can be exchanged.
fn binding(name: &str, kek: &KeyEncryptionKey) -> Vec<u8> {
    format!("{SEALED}{}\n{name}", kek.id()).into_bytes()
}

/// Refuses what others on this machine could read.
/// The text of a file that its owner alone can read.
pub fn read_private(path: &Path) -> Result<Secret<String>, KeyError> {
    let text = Secret::new(std::fs::read_to_string(path).map_err(|source| io(path, source))?);
    refuse_exposed(path, FILE_MODE)?;
    Ok(text)
}

fn refuse_exposed(path: &Path, wanted: u32) -> Result<(), KeyError> {
    let metadata = std::fs::metadata(path).map_err(|source| io(path, source))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS == 0 { Ok(()) } else { Err(KeyError::Exposed { path: path.to_owned(), mode, wanted }) }
}

fn io(path: &Path, source: std::io::Error) -> KeyError {
    KeyError::Io { path: path.to_owned(), source }
}
