//! Project keys: a secret for each release and recipient, in a file of its own beside the master key, so that one can be
//! destroyed and the others stay.

use super::{KeyError, decode, encode};
use crate::key::write_secret;
use mudeung_core::clock::{Entropy, Timestamp};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What the file of a key is called; the first half of the name says whose it is.
const KEY: &str = "key";
/// What is left of a key that was destroyed.
const GRAVE: &str = "destroyed";

/// Where the project keys of a master key lie.
pub(super) struct Shelf {
    folder: PathBuf,
    /// What new keys are made of; without it there are no new ones.
    fresh: Option<Zeroizing<[u8; 32]>>,
}

/// A project key that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestroyedKey {
    /// The release.
    pub release: String,
    /// Its recipient.
    pub recipient: String,
    /// SHA-256 of the key, in hexadecimal digits: whoever has a copy of it can be shown that it is the one.
    pub fingerprint: String,
}

impl Shelf {
    /// The shelf of the master key in that file.
    pub(super) fn of(key: &Path, entropy: Option<&dyn Entropy>) -> Self {
        let fresh = entropy.map(|entropy| {
            let mut fresh = Zeroizing::new([0_u8; 32]);
            entropy.fill(fresh.as_mut_slice());
            fresh
        });
        Self { folder: folder_of(key), fresh }
    }

    /// The secret of a project, made when there is none; one that was destroyed is not made again.
    pub(super) fn secret(&self, release: &str, recipient: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let (path, grave) = (self.path(release, recipient, KEY), self.path(release, recipient, GRAVE));
        if let Ok(text) = std::fs::read_to_string(&grave) {
            let at = text.lines().nth(1).unwrap_or_default().to_owned();
            return Err(KeyError::Destroyed { release: release.to_owned(), recipient: recipient.to_owned(), at });
        }
        if !path.exists() {
            let missing = || KeyError::NoProject { release: release.to_owned(), recipient: recipient.to_owned() };
            let fresh = self.fresh.as_ref().ok_or_else(missing)?;
            let mut hash = Sha256::new();
            hash.update(fresh.as_slice());
            hash.update(name(release, recipient));
            let secret = Zeroizing::new(<[u8; 32]>::from(hash.finalize()));
            match write_secret(&path, &format!("{}\n{}", *encode(&secret), title(release, recipient))) {
                // Another build was first: its key is the key.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                done => done.map_err(|error| unreadable(&path, &error))?,
            }
        }
        read(&path)
    }

    fn path(&self, release: &str, recipient: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", name(release, recipient)))
    }
}

/// Destroys the key of a project: its file is overwritten and taken away, and a note of it stays, so that no build makes
/// another for the same release and recipient. Called again after it broke off, it goes on.
///
/// What a file system, a solid-state disk or a backup kept of the file it cannot reach.
///
/// # Errors
///
/// When there is no such key, or the folder cannot be changed.
pub fn destroy_project(key: &Path, release: &str, recipient: &str, now: Timestamp) -> Result<DestroyedKey, KeyError> {
    let shelf = Shelf::of(key, None);
    let (path, grave) = (shelf.path(release, recipient, KEY), shelf.path(release, recipient, GRAVE));
    let fail = |error: std::io::Error| unreadable(&path, &error);
    if !path.exists() {
        return Err(match shelf.secret(release, recipient) {
            Err(refused) => refused,
            Ok(_) => KeyError::NoProject { release: release.to_owned(), recipient: recipient.to_owned() },
        });
    }
    let fingerprint = match std::fs::read_to_string(&grave) {
        // It broke off before, and there may be no key in the file any more.
        Ok(note) => note.lines().next().unwrap_or_default().to_owned(),
        Err(_) => encode(&<[u8; 32]>::from(Sha256::digest(read(&path)?.as_slice()))).to_string(),
    };
    let at = jiff::Timestamp::from_microsecond(now.micros()).map(|at| at.to_string()).unwrap_or_default();
    let note = format!("{fingerprint}\n{at}\n{}", title(release, recipient));
    match write_secret(&grave, &note) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        done => done.map_err(|error| unreadable(&grave, &error))?,
    }
    overwrite(&path).map_err(fail)?;
    std::fs::remove_file(&path).map_err(fail)?;
    std::fs::File::open(&shelf.folder).and_then(|folder| folder.sync_all()).map_err(fail)?;
    Ok(DestroyedKey { release: release.to_owned(), recipient: recipient.to_owned(), fingerprint })
}

fn overwrite(path: &Path) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).open(path)?;
    let length = file.metadata()?.len();
    std::io::copy(&mut std::io::repeat(0).take(length), &mut file)?;
    file.sync_all()
}

fn read(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?);
    let mode = super::mode_of(&std::fs::metadata(path).map_err(|error| unreadable(path, &error))?);
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.display().to_string(), mode });
    }
    let malformed = || KeyError::Malformed { path: path.display().to_string() };
    text.lines().next().and_then(decode).map(Zeroizing::new).ok_or_else(malformed)
}

fn unreadable(path: &Path, error: &std::io::Error) -> KeyError {
    KeyError::Unreadable { path: path.display().to_string(), reason: error.to_string() }
}

/// Beside `release.key` the folder `release.key.projects`.
fn folder_of(key: &Path) -> PathBuf {
    let mut name = key.file_name().unwrap_or_default().to_owned();
    name.push(".projects");
    key.with_file_name(name)
}

/// A name that no release and recipient share with another, whatever they are called.
fn name(release: &str, recipient: &str) -> String {
    let mut hash = Sha256::new();
    for part in [release, recipient] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let mut name = (*encode(&<[u8; 32]>::from(hash.finalize()))).clone();
    name.truncate(32);
    name
}

/// Whose key it is, for people.
fn title(release: &str, recipient: &str) -> String {
    let plain = |text: &str| text.replace(char::is_control, " ");
    format!("{} for {}\n", plain(release), plain(recipient))
}
