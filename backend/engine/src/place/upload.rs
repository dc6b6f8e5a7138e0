//! Bringing a version that was built in a folder into a bucket: files first, the manifest last.
//!
//! Nobody looks for files of a version without a manifest, so an upload that breaks off has put nothing into the store;
//! the next one begins again. The manifest is written only where there is none: of two uploads of one number, the
//! second is refused.

use super::{Kind, Place};
use crate::layout::hex;
use crate::number::to_u64;
use crate::store::{MANIFEST, VersionError, manifest_text};
use bytes::BytesMut;
use mudeung_core::name::Name;
use mudeung_core::tier::Tier;
use mudeung_wire::manifest::{Manifest, ManifestFile, ManifestGenerator};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, WriteMultipart};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is sent in one request.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Requests of one file under way at a time.
const PARTS_AT_ONCE: usize = 4;

/// Is told the bytes that were read and are being sent.
pub type Sent = Arc<dyn Fn(u64) + Send + Sync>;

impl Place {
    /// Brings a version's folder into a bucket. Does nothing when this very version is in it already. Each file is
    /// compared with the manifest on its way. Blocks.
    pub fn upload(&self, folder: &Path, manifest: &Manifest, sent: &Sent) -> Result<(), VersionError> {
        let Kind::Bucket(objects) = &self.kind else {
            return Err(VersionError::Manifest(format!("{} is no bucket", self.name)));
        };
        let dataset = name(&manifest.dataset)?;
        let number = manifest.version;
        let tier = Tier::parse(&manifest.tier)
            .ok_or_else(|| VersionError::Manifest(format!("there is no tier `{}`", manifest.tier)))?;
        if let Some(there) = self.manifest(&dataset, tier, number)? {
            return if there == *manifest { Ok(()) } else { Err(VersionError::Exists { dataset, tier, number }) };
        }
        let version = format!("{dataset}/{tier}/{number}");
        let send = |path: PathBuf, object: ObjectPath, file: ManifestFile| {
            let sent = sent.clone();
            let put = objects.wait_for(|store| async move { put(&store, path, &object, &file, &sent).await });
            put.unwrap_or_else(|| Err(Failed::Bucket("is closed".to_owned()))).map_err(|failed| match failed {
                Failed::Bucket(problem) => self.refusal(problem),
                Failed::Version(error) => error,
            })
        };
        if let Some(ManifestGenerator { name, size_bytes, sha256 }) = manifest.generator.clone() {
            let (path, object) = (folder.join(plain(&name)?), ObjectPath::from(format!("{version}/{name}")));
            send(path, object, ManifestFile { id: String::new(), name, size_bytes, sha256, rows: 0 })?;
        }
        for table in &manifest.tables {
            let table_name = name(&table.name)?;
            for file in &table.files {
                let path = folder.join(table_name.as_str()).join(plain(&file.name)?);
                let object = ObjectPath::from(format!("{version}/{table_name}/{}", file.name));
                send(path, object, file.clone())?;
            }
        }
        let text = manifest_text(manifest)?;
        let object = ObjectPath::from(format!("{version}/{MANIFEST}"));
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let put = self.ask(|store| async move {
            match store.put_opts(&object, text.into(), options).await {
                Ok(_) => Ok(true),
                Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
                Err(problem) => Err(problem),
            }
        });
        match put.map_err(|problem| self.refusal(problem))? {
            true => Ok(()),
            false => Err(VersionError::Exists { dataset, tier, number }),
        }
    }
}

enum Failed {
    Bucket(String),
    Version(VersionError),
}

impl From<object_store::Error> for Failed {
    fn from(problem: object_store::Error) -> Self {
        Self::Bucket(problem.to_string())
    }
}

/// Sends one file.
async fn put(
    store: &dyn ObjectStore,
    path: PathBuf,
    object: &ObjectPath,
    file: &ManifestFile,
    sent: &Sent,
) -> Result<(), Failed> {
    let mut upload = WriteMultipart::new_with_chunk_size(store.put_multipart(object).await?, PART_BYTES);
    match send(&mut upload, path, file, sent).await {
        Ok(()) => {
            upload.finish().await?;
            Ok(())
        }
        Err(failed) => {
            // Parts of an upload that never ends cost the bucket's owner money.
            drop(upload.abort().await);
            Err(failed)
        }
    }
}

async fn send(upload: &mut WriteMultipart, path: PathBuf, file: &ManifestFile, sent: &Sent) -> Result<(), Failed> {
    let failed = |source| Failed::Version(VersionError::Io { path: path.clone(), source });
    let mut from = File::open(&path).map_err(failed)?;
    let (mut hasher, mut length) = (Sha256::new(), 0);
    loop {
        // These threads do nothing else while a version is brought in: they may wait for the disk.
        let mut part = BytesMut::zeroed(PART_BYTES);
        let mut filled = 0;
        while let Some(rest) = part.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match from.read(rest).map_err(failed)? {
                0 => break,
                read => filled += read,
            }
        }
        part.truncate(filled);
        if part.is_empty() {
            break;
        }
        hasher.update(&part);
        length += to_u64(filled);
        upload.wait_for_capacity(PARTS_AT_ONCE).await?;
        upload.put(part.freeze());
        sent(to_u64(filled));
    }
    if length != file.size_bytes || hex(&hasher.finalize()) != file.sha256 {
        let found = format!("{} is not the file that the manifest describes", path.display());
        return Err(Failed::Version(VersionError::Manifest(found)));
    }
    Ok(())
}

/// A file name that stays in its folder.
fn plain(name: &str) -> Result<&str, VersionError> {
    if super::is_plain(name) { Ok(name) } else { Err(VersionError::Manifest(format!("`{name}` is not a file name"))) }
}

fn name(text: &str) -> Result<Name, VersionError> {
    Name::parse(text).map_err(|problem| VersionError::Manifest(format!("`{text}`: {problem}")))
}
