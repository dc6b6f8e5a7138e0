//! The local side of a download: `NAME.part` with its entity tag, its running hash, and the final rename.

use crate::error::ApiError;
use bytes::Bytes;
use mudeung_wire::api::FileItem;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// What a file must become.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) path: PathBuf,
    size_bytes: u64,
    sha256: String,
}

impl Target {
    /// Refuses names that would lead out of the directory: the name comes from the network.
    pub(super) fn new(directory: &Path, item: &FileItem) -> Result<Self, ApiError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if item.name.is_empty() || item.name.starts_with('.') || !item.name.chars().all(plain) {
            let what = format!("the file name {:?}", item.name);
            return Err(ApiError::Unexpected { status: 200, what });
        }
        let path = directory.join(&item.name);
        Ok(Self { path, size_bytes: item.size_bytes, sha256: item.sha256.to_ascii_lowercase() })
    }

    /// Itself, when the file is already there as it should be.
    pub(super) async fn find_whole(self) -> Result<Option<Self>, ApiError> {
        blocking(move || {
            match std::fs::metadata(&self.path) {
                Ok(metadata) if metadata.len() == self.size_bytes => {}
                Ok(_) => return Ok(None),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(ApiError::file(&self.path, error)),
            }
            let mut file = File::open(&self.path).map_err(|error| ApiError::file(&self.path, error))?;
            let (hash, _) = hash_all(&mut file).map_err(|error| ApiError::file(&self.path, error))?;
            Ok((hex(hash) == self.sha256).then_some(self))
        })
        .await
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(ending);
        name.into()
    }
}

/// A file that is coming in.
pub(super) struct Part {
    target: Target,
    path: PathBuf,
    /// Absent only while a blocking task has it.
    open: Option<Open>,
    length: u64,
    etag: Option<String>,
    was_restarted: bool,
}

struct Open {
    file: File,
    hash: Sha256,
}

impl Part {
    /// Opens what an earlier attempt left behind, or starts anew.
    pub(super) async fn open(target: Target) -> Result<Self, ApiError> {
        blocking(move || {
            let path = target.beside(".part");
            let failed = |error| ApiError::file(&path, error);
            let mut options = OpenOptions::new();
            let mut file = options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
            if file.try_lock().is_err() {
                let taken = std::io::Error::new(ErrorKind::ResourceBusy, "another download is writing this file");
                return Err(failed(taken));
            }
            let (hash, length) = hash_all(&mut file).map_err(failed)?;
            let etag = std::fs::read_to_string(target.beside(".part.etag")).ok();
            let mut part = Self { target, path, open: Some(Open { file, hash }), length, etag, was_restarted: false };
            if part.length > part.target.size_bytes || part.etag.is_none() {
                part.empty()?;
            }
            Ok(part)
        })
        .await
    }

    /// Bytes that are here.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// The entity tag of what is here.
    pub(super) fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// Whether the beginning is from this run.
    pub(super) fn was_restarted(&self) -> bool {
        self.was_restarted
    }

    /// Remembers the entity tag, for this process and for the next.
    pub(super) async fn keep_etag(&mut self, etag: &str) -> Result<(), ApiError> {
        if self.etag.as_deref() == Some(etag) {
            return Ok(());
        }
        let path = self.target.beside(".part.etag");
        tokio::fs::write(&path, etag).await.map_err(|error| ApiError::file(&path, error))?;
        self.etag = Some(etag.to_owned());
        Ok(())
    }

    /// Adds bytes at the end and says how many there are now.
    pub(super) async fn append(&mut self, bytes: Bytes) -> Result<u64, ApiError> {
        let mut open = self.take_open()?;
        let added = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let (open, written) = blocking(move || {
            let written = open.file.write_all(&bytes);
            open.hash.update(&bytes);
            Ok((open, written))
        })
        .await?;
        self.open = Some(open);
        written.map_err(|error| ApiError::file(&self.path, error))?;
        self.length += added;
        Ok(self.length)
    }

    /// Throws away what is here.
    pub(super) fn restart(&mut self) -> Result<(), ApiError> {
        self.was_restarted = true;
        self.empty()
    }

    /// Checks the file and gives it its own name; or hands it back when it is not what was announced.
    pub(super) async fn finish(mut self) -> Result<Result<PathBuf, Self>, ApiError> {
        let open = self.take_open()?;
        if self.length != self.target.size_bytes || hex(open.hash.clone()) != self.target.sha256 {
            self.open = Some(open);
            return Ok(Err(self));
        }
        blocking(move || {
            open.file.sync_all().map_err(|error| ApiError::file(&self.path, error))?;
            std::fs::rename(&self.path, &self.target.path).map_err(|error| ApiError::file(&self.target.path, error))?;
            remove(&self.target.beside(".part.etag"))?;
            Ok(Ok(self.target.path))
        })
        .await
    }

    /// Removes it and says what was wrong with it.
    pub(super) async fn discard(mut self) -> Result<String, ApiError> {
        let open = self.take_open()?;
        let what = match self.length == self.target.size_bytes {
            true => format!("its sha-256 is {}, announced was {}", hex(open.hash.clone()), self.target.sha256),
            false => format!("it has {} bytes, announced were {}", self.length, self.target.size_bytes),
        };
        blocking(move || {
            drop(open);
            remove(&self.path)?;
            remove(&self.target.beside(".part.etag"))?;
            Ok(what)
        })
        .await
    }

    fn take_open(&mut self) -> Result<Open, ApiError> {
        self.open.take().ok_or_else(|| {
            ApiError::file(
                &self.path,
                std::io::Error::other("an earlier write was broken off; start the download again"),
            )
        })
    }

    fn empty(&mut self) -> Result<(), ApiError> {
        let mut open = self.take_open()?;
        let emptied = open.file.set_len(0).and_then(|()| std::io::Seek::rewind(&mut open.file));
        emptied.map_err(|error| ApiError::file(&self.path, error))?;
        open.hash = Sha256::new();
        self.open = Some(open);
        self.length = 0;
        self.etag = None;
        Ok(())
    }
}

fn hash_all(file: &mut File) -> std::io::Result<(Sha256, u64)> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut length = 0;
    loop {
        let read = file.read(&mut buffer)?;
        match buffer.get(..read) {
            None | Some([]) => return Ok((hash, length)),
            Some(bytes) => hash.update(bytes),
        }
        length += u64::try_from(read).unwrap_or(u64::MAX);
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn remove(path: &Path) -> Result<(), ApiError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ApiError::file(path, error)),
        _ => Ok(()),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(ApiError::file(Path::new("download"), std::io::Error::other(error))),
    }
}
