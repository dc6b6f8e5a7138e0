//! The release key: the secret behind pseudonyms and date shifts, kept apart from everything that is released.

mod shelf;
#[cfg(test)]
mod tests;

pub use shelf::{DestroyedKey, destroy_project};

use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use mudeung_core::clock::Entropy;
use sha2::Sha256;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The master key of a hospital's releases. Each release derives its own keys from it, so that two recipients cannot
/// link their data; destroying it makes every release irreversible. A key of a file has a secret for each release and
/// recipient beside it, so that one of them alone can be made irreversible ([`destroy_project`]).
pub struct ReleaseKey {
    master: Zeroizing<[u8; 32]>,
    shelf: Option<shelf::Shelf>,
}

/// A release key that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("{path}: the release key cannot be read or made: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the operating system says.
        reason: String,
    },
    /// Others than the owner may read the file.
    #[error("{path}: the release key is readable by others (mode {mode:03o}); run `chmod 600` on it")]
    Exposed {
        /// The file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// The file does not hold 64 hexadecimal digits.
    #[error("{path}: a release key is 64 hexadecimal digits")]
    Malformed {
        /// The file.
        path: String,
    },
    /// The project key was destroyed: there are no more releases of that name for that recipient.
    #[error(
        "the key of release `{release}` for `{recipient}` was destroyed at {at}; a new release needs another name in \
         [release] of its recipe"
    )]
    Destroyed {
        /// The release.
        release: String,
        /// Its recipient.
        recipient: String,
        /// When, as RFC 3339.
        at: String,
    },
    /// There is no key of that release and recipient.
    #[error("there is no key of release `{release}` for `{recipient}` beside this release key")]
    NoProject {
        /// The release.
        release: String,
        /// Its recipient.
        recipient: String,
    },
    /// No project key could be derived, so nothing may be pseudonymised.
    #[error("no project key can be derived from the release key")]
    Derivation,
    /// The file lies in the folder that is served.
    #[error("{path}: the release key must not lie within the output store {store}; keep it apart")]
    WithinStore {
        /// The file.
        path: String,
        /// The store's folder.
        store: String,
    },
}

/// The keys of one release, derived from the master key and the release's name and recipient.
pub(crate) struct ProjectKeys {
    pseudonym: Zeroizing<[u8; 32]>,
    shift: Zeroizing<[u8; 32]>,
}

impl ReleaseKey {
    /// A key of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self { master: Zeroizing::new(bytes), shelf: None }
    }

    /// Reads a key of 64 hexadecimal digits from a file that only its owner may read and that lies outside `store`.
    ///
    /// With it releases can be built that were built before; a new one needs [`ReleaseKey::load_or_create`].
    pub fn load(path: &Path, store: &Path) -> Result<Self, KeyError> {
        Self::open(path, store, None)
    }

    fn open(path: &Path, store: &Path, entropy: Option<&dyn Entropy>) -> Result<Self, KeyError> {
        let shown = path.display().to_string();
        let unreadable =
            |error: std::io::Error| KeyError::Unreadable { path: shown.clone(), reason: error.to_string() };
        refuse_within(path, store)?;
        let mode = mode_of(&std::fs::metadata(path).map_err(unreadable)?);
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: shown, mode });
        }
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(unreadable)?);
        let master = decode(text.trim()).map(Zeroizing::new).ok_or(KeyError::Malformed { path: shown })?;
        Ok(Self { master, shelf: Some(shelf::Shelf::of(path, entropy)) })
    }

    /// Reads the key file, or makes one with fresh bytes when there is none.
    pub fn load_or_create(path: &Path, store: &Path, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        if !path.exists() {
            refuse_within(path, store)?;
            create(path, entropy).map_err(|error| KeyError::Unreadable {
                path: path.display().to_string(),
                reason: error.to_string(),
            })?;
        }
        Self::open(path, store, Some(entropy))
    }

    pub(crate) fn project(&self, release: &str, recipient: &str) -> Result<ProjectKeys, KeyError> {
        let mut salt = Vec::new();
        for part in [release, recipient] {
            salt.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            salt.extend(part.as_bytes());
        }
        let mut secret = Zeroizing::new(self.master.to_vec());
        if let Some(shelf) = &self.shelf {
            secret.extend_from_slice(shelf.secret(release, recipient)?.as_slice());
        }
        let root = Hkdf::<Sha256>::new(Some(&salt), &secret);
        let expand = |label: &[u8]| {
            let mut key = Zeroizing::new([0_u8; 32]);
            // 32 bytes are far below HKDF's limit of 8,160, the only way this can fail.
            root.expand(label, key.as_mut_slice()).map_err(|_too_long| KeyError::Derivation)?;
            Ok(key)
        };
        Ok(ProjectKeys { pseudonym: expand(b"mudeung/v1/pseudonym")?, shift: expand(b"mudeung/v1/date-shift")? })
    }
}

/// Never shows the key.
impl std::fmt::Debug for ReleaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReleaseKey(…)")
    }
}

impl ProjectKeys {
    /// The keyed hash of an identifier within a domain: equal identifiers in two domains do not link.
    pub(crate) fn identifier(&self, domain: &str, id: &str) -> [u8; 32] {
        mac(&self.pseudonym, &[b"v1|", domain.as_bytes(), b"|", id.as_bytes()])
    }

    /// The shift of a person in days: whole weeks, so that weekdays stay, 1 to `weeks` of them, either way.
    pub(crate) fn shift_days(&self, person: &str, weeks: u32) -> i32 {
        let [a, b, c, d, e, f, g, h, sign, ..] = mac(&self.shift, &[b"v1|", person.as_bytes()]);
        let width = u64::from(weeks.max(1));
        let distance = 1 + u64::from_be_bytes([a, b, c, d, e, f, g, h]) % width;
        let days = i32::try_from(distance.saturating_mul(7)).unwrap_or(i32::MAX);
        if sign & 1 == 0 { days } else { -days }
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut padded = [0_u8; 64];
    for (to, from) in padded.iter_mut().zip(key) {
        *to = *from;
    }
    // A key of one block padded with zeros is the same HMAC key, and needs no fallible constructor.
    let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&padded.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn create(path: &Path, entropy: &dyn Entropy) -> std::io::Result<()> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    entropy.fill(bytes.as_mut_slice());
    let mut text = encode(&bytes);
    text.push('\n');
    write_secret(path, &text)
}

/// Two hexadecimal digits for each byte.
fn encode(bytes: &[u8; 32]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in bytes {
        // Writing to a text never fails.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Writes a new file that its owner alone may read, whole or not at all.
fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // Such a file is made with mode 600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map(drop).map_err(|refused| refused.error)
}

fn refuse_within(path: &Path, store: &Path) -> Result<(), KeyError> {
    match store_around(path, store) {
        Some(store) => Err(KeyError::WithinStore { path: path.display().to_string(), store }),
        None => Ok(()),
    }
}

/// The store, when a file lies within it, where it would be served.
pub(crate) fn store_around(path: &Path, store: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let store = absolute(store);
    absolute(folder).starts_with(&store).then(|| store.display().to_string())
}

fn absolute(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

#[cfg(unix)]
fn mode_of(metadata: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777
}

#[cfg(not(unix))]
fn mode_of(_: &std::fs::Metadata) -> u32 {
    0o600
}

fn decode(text: &str) -> Option<[u8; 32]> {
    let mut key = [0_u8; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(key)
}
