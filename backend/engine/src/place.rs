//! Where versions lie: a folder of this machine, or a bucket that speaks S3.

mod upload;

pub use upload::Sent;

use crate::layout::hex;
use crate::source::{Mapped, Mappings, Object, Objects, Source};
use crate::store::{MANIFEST, VersionError, version_path};
use crate::stored::damaged;
use mudeung_core::name::Name;
use mudeung_core::reader::{ReadError, TableAddress};
use mudeung_core::tier::Tier;
use mudeung_wire::manifest::{Manifest, ManifestGenerator};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::limit::LimitStore;
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::File;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// More than any generator or model is long.
const GENERATOR_BYTES_MAX: u64 = 64 << 20;
/// Requests that are under way to a bucket at a time.
const REQUESTS_MAX: usize = 64;
const CONNECT_SECONDS: u64 = 5;
const REQUEST_SECONDS: u64 = 30;
const RETRIES_MAX: usize = 3;
const RETRY_SECONDS: u64 = 20;

/// The name of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket.
    Bucket(Bucket),
}

/// A bucket that speaks S3.
#[derive(Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What the names of all objects begin with; may be empty.
    pub prefix: String,
    /// The region; that of the environment when it is not given.
    pub region: Option<String>,
    /// The address of a server other than Amazon's. It is asked by path, not by a host for each bucket.
    pub endpoint: Option<String>,
    /// Whether the endpoint may be asked without TLS.
    pub allow_http: bool,
    /// Access key and secret key; those of the environment (variables, web identity, instance role) when not given.
    pub keys: Option<(String, String)>,
}

// The keys are nobody's to read.
impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix.as_str() {
            "" => write!(f, "s3://{}", self.name),
            prefix => write!(f, "s3://{}/{prefix}", self.name),
        }
    }
}

/// Why a place cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The folder cannot be made or read.
    #[error("object store {path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// The bucket cannot be reached or does not let us in.
    #[error("object store {bucket}: {problem}")]
    Bucket {
        /// The bucket.
        bucket: String,
        /// What happened.
        problem: String,
    },
}

/// An opened place. Clones share it.
#[derive(Clone)]
pub struct Place {
    kind: Kind,
    name: Arc<str>,
}

#[derive(Clone)]
enum Kind {
    Folder { root: PathBuf, mappings: Arc<Mappings> },
    Bucket(Objects),
}

impl Place {
    /// Opens a place. A folder is made if it does not exist. A bucket is asked once, so that a wrong key is an error now
    /// and not at the first read. Blocks.
    pub fn open(location: &Location) -> Result<Self, PlaceError> {
        match location {
            Location::Folder(root) => {
                std::fs::create_dir_all(root).map_err(|source| PlaceError::Folder { path: root.clone(), source })?;
                let kind = Kind::Folder { root: root.clone(), mappings: Arc::default() };
                Ok(Self { kind, name: root.display().to_string().into() })
            }
            Location::Bucket(bucket) => {
                let failed =
                    |problem: String| PlaceError::Bucket { bucket: bucket.to_string(), problem: first_line(&problem) };
                let store = client(bucket).map_err(|problem| failed(problem.to_string()))?;
                let place =
                    Self::of_objects(store, &bucket.to_string()).map_err(|problem| failed(problem.to_string()))?;
                place.ask(|store| async move { store.list_with_delimiter(None).await.map(drop) }).map_err(failed)?;
                Ok(place)
            }
        }
    }

    /// A place in a store of objects.
    pub(crate) fn of_objects(store: Arc<dyn ObjectStore>, name: &str) -> std::io::Result<Self> {
        Ok(Self { kind: Kind::Bucket(Objects::new(store)?), name: name.into() })
    }

    /// The bytes of a stored file. May block.
    pub(crate) fn source(&self, table: &TableAddress, name: &str) -> Result<Arc<dyn Source>, ReadError> {
        let label = label(table, name);
        if !is_plain(name) {
            return Err(damaged(&label, "is not a file name"));
        }
        match &self.kind {
            Kind::Folder { root, mappings } => {
                let folder = version_path(root, &table.dataset, table.tier, table.version);
                let path = folder.join(table.table.as_str()).join(name);
                let mapped = File::open(path).and_then(|file| Mapped::open(label.clone(), &file, mappings.clone()));
                Ok(Arc::new(mapped.map_err(|problem| damaged(&label, problem))?))
            }
            Kind::Bucket(objects) => {
                let path = ObjectPath::from(label.as_str());
                Ok(Arc::new(Object::open(objects, label, path)?))
            }
        }
    }

    /// The highest version of a dataset's tier; zero when there is none. Blocks.
    pub fn latest_version(&self, dataset: &Name, tier: Tier) -> Result<u32, VersionError> {
        match &self.kind {
            Kind::Folder { root, .. } => crate::store::latest_version(root, dataset, tier),
            Kind::Bucket(_) => {
                let folder = ObjectPath::from(format!("{dataset}/{tier}"));
                let listed = self.ask(|store| async move { store.list_with_delimiter(Some(&folder)).await });
                let folders = listed.map_err(|problem| self.refusal(problem))?.common_prefixes;
                let number = |folder: &ObjectPath| folder.filename()?.parse().ok();
                Ok(folders.iter().filter_map(number).max().unwrap_or(0))
            }
        }
    }

    /// The manifest of a version; `None` when there is no such version. Blocks.
    pub fn manifest(&self, dataset: &Name, tier: Tier, number: u32) -> Result<Option<Manifest>, VersionError> {
        if let Kind::Folder { root, .. } = &self.kind {
            return match crate::store::read_manifest(root, dataset, tier, number) {
                Err(VersionError::Missing { .. }) => Ok(None),
                read => read.map(Some),
            };
        }
        let path = ObjectPath::from(format!("{dataset}/{tier}/{number}/{MANIFEST}"));
        let read = self.ask(|store| async move {
            match store.get(&path).await {
                Ok(answer) => answer.bytes().await.map(Some),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(problem) => Err(problem),
            }
        });
        let Some(text) = read.map_err(|problem| self.refusal(problem))? else { return Ok(None) };
        let parsed = serde_json::from_slice(&text);
        parsed.map(Some).map_err(|problem| {
            VersionError::Manifest(format!("{}/{dataset}/{tier}/{number}/{MANIFEST}: {problem}", self.name))
        })
    }

    /// The text of a version's generator, which must be what the manifest says. Blocks.
    pub fn generator(
        &self,
        dataset: &Name,
        tier: Tier,
        number: u32,
        entry: &ManifestGenerator,
    ) -> Result<String, VersionError> {
        let wrong = |problem: &str| VersionError::Manifest(format!("{}: {problem}", entry.name));
        if !is_plain(&entry.name) {
            return Err(wrong("is not a file name"));
        }
        if entry.size_bytes > GENERATOR_BYTES_MAX {
            return Err(wrong("is larger than any generator"));
        }
        let bytes = match &self.kind {
            Kind::Folder { root, .. } => {
                let path = version_path(root, dataset, tier, number).join(&entry.name);
                std::fs::read(&path).map_err(|source| VersionError::Io { path, source })?
            }
            Kind::Bucket(_) => {
                let path = ObjectPath::from(format!("{dataset}/{tier}/{number}/{}", entry.name));
                let read = self.ask(|store| async move { store.get(&path).await?.bytes().await });
                read.map_err(|problem| self.refusal(problem))?.to_vec()
            }
        };
        if hex(&Sha256::digest(&bytes)) != entry.sha256 {
            return Err(wrong("is not what was published"));
        }
        String::from_utf8(bytes).map_err(|_invalid| wrong("is not a text"))
    }

    fn ask<T: Send + 'static, F>(&self, ask: impl FnOnce(Arc<dyn ObjectStore>) -> F) -> Result<T, String>
    where
        F: Future<Output = object_store::Result<T>> + Send + 'static,
    {
        let Kind::Bucket(objects) = &self.kind else { return Err("is no bucket".to_owned()) };
        let answer = objects.wait_for(ask).ok_or_else(|| "is closed".to_owned())?;
        answer.map_err(|problem| problem.to_string())
    }

    fn refusal(&self, problem: String) -> VersionError {
        VersionError::Io { path: PathBuf::from(&*self.name), source: std::io::Error::other(first_line(&problem)) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The client of a bucket.
fn client(bucket: &Bucket) -> object_store::Result<Arc<dyn ObjectStore>> {
    let options = ClientOptions::new()
        .with_connect_timeout(Duration::from_secs(CONNECT_SECONDS))
        .with_timeout(Duration::from_secs(REQUEST_SECONDS))
        .with_allow_http(bucket.allow_http);
    let retry = RetryConfig {
        max_retries: RETRIES_MAX,
        retry_timeout: Duration::from_secs(RETRY_SECONDS),
        ..RetryConfig::default()
    };
    let mut builder = match &bucket.keys {
        Some((key, secret)) => AmazonS3Builder::new().with_access_key_id(key).with_secret_access_key(secret),
        None => AmazonS3Builder::from_env(),
    };
    builder = builder.with_bucket_name(&bucket.name).with_client_options(options).with_retry(retry);
    if let Some(region) = &bucket.region {
        builder = builder.with_region(region);
    } else if bucket.keys.is_some() && builder.get_config_value(&AmazonS3ConfigKey::Region).is_none() {
        builder = builder.with_region("us-east-1");
    }
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false);
    }
    let limited = LimitStore::new(builder.build()?, REQUESTS_MAX);
    Ok(match bucket.prefix.as_str() {
        "" => Arc::new(limited),
        prefix => Arc::new(PrefixStore::new(limited, prefix)),
    })
}

/// A stored file's address as a text.
pub(crate) fn label(table: &TableAddress, name: &str) -> String {
    let TableAddress { dataset, tier, version, table } = table;
    format!("{dataset}/{tier}/{version}/{table}/{name}")
}

/// Whether a file name stays in its table's folder.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name)
}

/// The client tells whole documents of XML; the first line says what is wrong.
fn first_line(problem: &str) -> String {
    problem.lines().next().unwrap_or_default().to_owned()
}
