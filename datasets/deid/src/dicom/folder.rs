//! The folder of a release: written beside its place under a hidden name, and given its own when it is whole.

use super::DicomError;
use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A folder that is being written. Dropped before it is finished, it leaves nothing.
pub(super) struct Folder {
    target: PathBuf,
    building: PathBuf,
    lock_path: PathBuf,
    /// Held as long as the folder is written, so that nobody takes it for a leftover.
    _lock: File,
    finished: bool,
}

impl Folder {
    /// Begins a folder that is not there yet. What a writer that was killed left behind is taken away first.
    pub(super) fn create(target: &Path) -> Result<Self, DicomError> {
        if target.exists() {
            return Err(DicomError::Exists(target.to_owned()));
        }
        let name = target.file_name().ok_or_else(|| DicomError::Place(target.to_owned()))?.to_string_lossy();
        let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(failed(parent))?;
        let building = parent.join(format!(".{name}.building"));
        let lock_path = parent.join(format!(".{name}.lock"));
        let lock = File::create(&lock_path).map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DicomError::Busy(target.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(&lock_path)(error)),
        }
        if building.exists() {
            fs::remove_dir_all(&building).map_err(failed(&building))?;
        }
        fs::create_dir(&building).map_err(failed(&building))?;
        Ok(Self { target: target.to_owned(), building, lock_path, _lock: lock, finished: false })
    }

    /// Where a file of this name lies until the folder is finished.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.building.join(name)
    }

    /// Writes a file and the folders above it.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), DicomError> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        let mut file = File::create_new(&path).map_err(failed(&path))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed(&path))
    }

    /// Gives the folder its name.
    pub(super) fn finish(mut self) -> Result<(), DicomError> {
        if self.target.exists() {
            return Err(DicomError::Exists(self.target.clone()));
        }
        sync(&self.building)?;
        fs::rename(&self.building, &self.target).map_err(failed(&self.target))?;
        self.finished = true;
        sync(self.target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next who writes here.
        if !self.finished {
            drop(fs::remove_dir_all(&self.building));
        }
        drop(fs::remove_file(&self.lock_path));
    }
}

fn sync(path: &Path) -> Result<(), DicomError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(failed(path))
}

/// Why a path could not be written.
pub(super) fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> DicomError {
    let path = path.to_owned();
    |error| DicomError::Write { path, reason: error.to_string() }
}
