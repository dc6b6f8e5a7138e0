//! The object store's folders: `<root>/<dataset>/<tier>/<version>/<table>/part-00000.parquet` and `manifest.json`.
//!
//! A version is built under a temporary name in the same root and renamed when it is whole, so a reader sees all of
//! it or nothing, and a version that exists is never written to again.

use crate::layout::{FileStatistics, LayoutError, TableWriter, WrittenFile, hex};
use crate::number::to_u64;
use arrow::datatypes::SchemaRef;
use mudeung_core::id::FileId;
use mudeung_core::name::Name;
use mudeung_core::reader::TableAddress;
use mudeung_core::tier::Tier;
use mudeung_wire::manifest::{Manifest, ManifestFile, ManifestGenerator};
use sha2::{Digest, Sha256};
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(test)]
mod tests;

/// The file that describes a version.
pub(crate) const MANIFEST: &str = "manifest.json";
/// The generator of a version, when it has one.
pub(crate) const GENERATOR: &str = "generator.toml";
/// Where versions are built; no dataset can have this name.
const BUILDING: &str = ".building";
static BUILDS: AtomicU64 = AtomicU64::new(0);

/// Why a version could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// The version exists; versions never change. Build the next number.
    #[error("version {number} of {dataset}/{tier} exists already and cannot be changed; build the next number")]
    Exists {
        /// The dataset.
        dataset: Name,
        /// The tier.
        tier: Tier,
        /// The version's number.
        number: u32,
    },
    /// There is no such version.
    #[error("there is no version {number} of {dataset}/{tier} in the store")]
    Missing {
        /// The dataset.
        dataset: Name,
        /// The tier.
        tier: Tier,
        /// The version's number.
        number: u32,
    },
    /// The manifest and what was written differ.
    #[error("the manifest does not describe what was written: {0}")]
    Manifest(String),
    /// A table could not be written.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The disk or the bucket refused.
    #[error("{path}: {source}")]
    Io {
        /// The file, the folder, or the bucket's name.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
}

/// A version that is being written. Dropped before [`VersionWriter::finish`], it leaves nothing.
pub struct VersionWriter {
    dataset: Name,
    tier: Tier,
    number: u32,
    target: PathBuf,
    building: PathBuf,
    /// Held while the build lives, so that a cleaner can tell a running build from a leftover.
    lock: Option<(File, PathBuf)>,
}

impl VersionWriter {
    /// Starts a version. Fails at once when it exists.
    pub fn create(root: &Path, dataset: &Name, tier: Tier, number: u32) -> Result<Self, VersionError> {
        let target = version_path(root, dataset, tier, number);
        if target.exists() {
            return Err(VersionError::Exists { dataset: dataset.clone(), tier, number });
        }
        let folder = root.join(BUILDING);
        fs::create_dir_all(&folder).map_err(io(&folder))?;
        let build = BUILDS.fetch_add(1, Ordering::Relaxed);
        let building = folder.join(format!("{dataset}.{tier}.{number}.{}.{build}", std::process::id()));
        let lock_path = building.with_added_extension("lock");
        let lock = File::create(&lock_path).map_err(io(&lock_path))?;
        lock.lock().map_err(io(&lock_path))?;
        // A dead process with our number may have left a folder of this name.
        match fs::remove_dir_all(&building) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(VersionError::Io { path: building, source });
            }
            _ => {}
        }
        fs::create_dir(&building).map_err(io(&building))?;
        Ok(Self { dataset: dataset.clone(), tier, number, target, building, lock: Some((lock, lock_path)) })
    }

    /// The folder the version is built in.
    pub fn folder(&self) -> &Path {
        &self.building
    }

    /// A writer for a table of the version.
    pub fn table(
        &self,
        name: &Name,
        schema: SchemaRef,
        statistics: FileStatistics,
    ) -> Result<TableWriter, VersionError> {
        let folder = self.building.join(name.as_str());
        fs::create_dir(&folder).map_err(io(&folder))?;
        Ok(TableWriter::create(folder, schema, statistics)?)
    }

    /// Publishes the generator with the version, so that more of it can be made. Answers its entry in the manifest.
    pub fn generator(&self, text: &str) -> Result<ManifestGenerator, VersionError> {
        let path = self.building.join(GENERATOR);
        let mut file = File::create_new(&path).map_err(io(&path))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io(&path))?;
        Ok(ManifestGenerator {
            name: GENERATOR.to_owned(),
            size_bytes: to_u64(text.len()),
            sha256: hex(&Sha256::digest(text)),
        })
    }

    /// The manifest's entries of a table's files.
    pub fn manifest_files(&self, table: &Name, files: &[WrittenFile]) -> Vec<ManifestFile> {
        let address =
            TableAddress { dataset: self.dataset.clone(), tier: self.tier, version: self.number, table: table.clone() };
        let entry = |file: &WrittenFile| ManifestFile {
            id: file_id(&address, &file.name, &file.sha256).to_string(),
            name: file.name.clone(),
            size_bytes: file.size_bytes,
            sha256: file.sha256.clone(),
            rows: file.rows,
        };
        files.iter().map(entry).collect()
    }

    /// Writes the manifest and gives the version its name. Returns its folder.
    pub fn finish(mut self, manifest: &Manifest) -> Result<PathBuf, VersionError> {
        self.check(manifest)?;
        let path = self.building.join(MANIFEST);
        let text = manifest_text(manifest)?;
        let mut file = File::create_new(&path).map_err(io(&path))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(io(&path))?;
        for table in &manifest.tables {
            sync_folder(&self.building.join(&table.name))?;
        }
        sync_folder(&self.building)?;
        let parent = self.target.parent().unwrap_or(&self.target);
        fs::create_dir_all(parent).map_err(io(parent))?;
        // Renaming onto a folder that holds something fails: of two builders of one number, the second is refused.
        fs::rename(&self.building, &self.target).map_err(|source| match source.kind() {
            std::io::ErrorKind::DirectoryNotEmpty | std::io::ErrorKind::AlreadyExists => {
                VersionError::Exists { dataset: self.dataset.clone(), tier: self.tier, number: self.number }
            }
            _ => VersionError::Io { path: self.target.clone(), source },
        })?;
        sync_folder(parent)?;
        self.release();
        Ok(self.target.clone())
    }

    fn check(&self, manifest: &Manifest) -> Result<(), VersionError> {
        let names = (manifest.dataset.as_str(), manifest.tier.as_str(), manifest.version);
        if names != (self.dataset.as_str(), self.tier.as_str(), self.number) {
            let found = format!("it names {}/{} version {}", names.0, names.1, names.2);
            return Err(VersionError::Manifest(found));
        }
        if let Some(generator) = &manifest.generator {
            let path = self.building.join(&generator.name);
            let size = fs::metadata(&path).map_err(io(&path))?.len();
            if size != generator.size_bytes {
                let found = format!("{} has {size} bytes, not {}", generator.name, generator.size_bytes);
                return Err(VersionError::Manifest(found));
            }
        }
        for table in &manifest.tables {
            for file in &table.files {
                let path = self.building.join(&table.name).join(&file.name);
                let size = fs::metadata(&path).map_err(io(&path))?.len();
                if size != file.size_bytes {
                    let found = format!("{}/{} has {size} bytes, not {}", table.name, file.name, file.size_bytes);
                    return Err(VersionError::Manifest(found));
                }
            }
        }
        Ok(())
    }

    fn release(&mut self) {
        if let Some((lock, path)) = self.lock.take() {
            drop(fs::remove_file(path));
            drop(lock);
        }
    }
}

impl Drop for VersionWriter {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // What cannot be removed now is a leftover for `remove_leftovers`.
            drop(fs::remove_dir_all(&self.building));
            self.release();
        }
    }
}

/// The folder of a version.
pub fn version_path(root: &Path, dataset: &Name, tier: Tier, number: u32) -> PathBuf {
    root.join(dataset.as_str()).join(tier.as_str()).join(number.to_string())
}

/// The identifier of a file, the same wherever the same bytes stand at the same address.
pub fn file_id(table: &TableAddress, name: &str, sha256: &str) -> FileId {
    let TableAddress { dataset, tier, version, table } = table;
    let digest = Sha256::digest(format!("{dataset}/{tier}/{version}/{table}/{name}{sha256}"));
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = from;
    }
    FileId::from_bytes(bytes)
}

/// The highest version in the store; zero when there is none.
pub fn latest_version(root: &Path, dataset: &Name, tier: Tier) -> Result<u32, VersionError> {
    let folder = root.join(dataset.as_str()).join(tier.as_str());
    Ok(entries(&folder)?.iter().filter_map(|name| name.parse().ok()).max().unwrap_or(0))
}

/// The manifest of a version in the store.
pub fn read_manifest(root: &Path, dataset: &Name, tier: Tier, number: u32) -> Result<Manifest, VersionError> {
    let path = version_path(root, dataset, tier, number).join(MANIFEST);
    let text = fs::read(&path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => VersionError::Missing { dataset: dataset.clone(), tier, number },
        _ => VersionError::Io { path: path.clone(), source },
    })?;
    serde_json::from_slice(&text).map_err(|problem| VersionError::Manifest(format!("{}: {problem}", path.display())))
}

/// A manifest as it stands in its file.
pub(crate) fn manifest_text(manifest: &Manifest) -> Result<Vec<u8>, VersionError> {
    let mut text = serde_json::to_vec_pretty(manifest).map_err(|e| VersionError::Manifest(e.to_string()))?;
    text.push(b'\n');
    Ok(text)
}

/// Removes what builds that died have left; builds under way are left alone. Returns how many were removed.
pub fn remove_leftovers(root: &Path) -> Result<u64, VersionError> {
    let folder = root.join(BUILDING);
    let mut removed = 0;
    for name in entries(&folder)? {
        let lock_path = folder.join(&name);
        let Some(building) = name.strip_suffix(".lock").map(|build| folder.join(build)) else { continue };
        let lock = File::open(&lock_path).map_err(io(&lock_path))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => continue,
            Err(TryLockError::Error(source)) => return Err(VersionError::Io { path: lock_path, source }),
            Ok(()) => {}
        }
        if building.exists() {
            fs::remove_dir_all(&building).map_err(io(&building))?;
            removed += 1;
        }
        fs::remove_file(&lock_path).map_err(io(&lock_path))?;
    }
    Ok(removed)
}

/// The names in a folder; none when there is no folder.
fn entries(folder: &Path) -> Result<Vec<String>, VersionError> {
    let listing = match fs::read_dir(folder) {
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing.map_err(io(folder))?,
    };
    listing.map(|entry| Ok(entry.map_err(io(folder))?.file_name().to_string_lossy().into_owned())).collect()
}

fn sync_folder(path: &Path) -> Result<(), VersionError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(io(path))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> VersionError {
    let path = path.to_owned();
    |source| VersionError::Io { path, source }
}
