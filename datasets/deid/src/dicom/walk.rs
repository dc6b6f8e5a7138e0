//! The files of the input folder, in one order.

use super::DicomError;
use super::quarantine::Reason;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Folders nested deeper than this are not looked into.
const DEPTH_MAX: usize = 64;

/// Refuses a folder to write that lies in the one that is read, or the other way round.
pub(super) fn check_apart(from: &Path, out: &Path) -> Result<(), DicomError> {
    let from = fs::canonicalize(from).map_err(unreadable(from))?;
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A parent that is not there yet is taken as it is written.
    let parent = fs::canonicalize(parent).or_else(|_| std::path::absolute(parent)).map_err(unreadable(parent))?;
    let whole = out.file_name().map_or_else(|| parent.clone(), |name| parent.join(name));
    if whole.starts_with(&from) || from.starts_with(&whole) {
        return Err(DicomError::Within(out.to_owned()));
    }
    Ok(())
}

/// The paths of all files below a folder, from there, sorted. Links are not followed: they could lead out of the
/// folder.
pub(super) fn files(from: &Path) -> Result<Vec<PathBuf>, DicomError> {
    let mut found = Vec::new();
    let mut folders = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let path = from.join(&folder);
        for entry in fs::read_dir(&path).map_err(unreadable(&path))? {
            let entry = entry.map_err(unreadable(&path))?;
            let kind = entry.file_type().map_err(unreadable(&path))?;
            let name = folder.join(entry.file_name());
            if kind.is_file() {
                found.push(name);
            } else if kind.is_dir() {
                if depth >= DEPTH_MAX {
                    let reason = format!("folders are nested deeper than {DEPTH_MAX}");
                    return Err(DicomError::Unreadable { path: from.join(name), reason });
                }
                folders.push((name, depth + 1));
            }
        }
    }
    if found.is_empty() {
        return Err(DicomError::Empty(from.to_owned()));
    }
    found.sort();
    Ok(found)
}

/// The bytes of a file, no more than so many.
pub(super) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Reason> {
    let file = File::open(path).map_err(|_refused| Reason::Unreadable)?;
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(|_refused| Reason::Unreadable)?;
    let length = u64::try_from(bytes.len()).map_err(|_beyond| Reason::TooLarge)?;
    if length > bytes_max { Err(Reason::TooLarge) } else { Ok(bytes) }
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> DicomError {
    let path = path.to_owned();
    |error| DicomError::Unreadable { path, reason: error.to_string() }
}
