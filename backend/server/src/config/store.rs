//! Where the published versions lie.

use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// A folder, or a bucket that speaks S3.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum StoreAddress {
    /// A folder of this machine, or one that all nodes see.
    Folder(PathBuf),
    /// A bucket, and what the names of its objects begin with.
    Bucket {
        /// Its name.
        name: String,
        /// The prefix; may be empty.
        prefix: String,
    },
}

impl StoreAddress {
    /// The folder, if it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Bucket { .. } => None,
        }
    }
}

impl TryFrom<String> for StoreAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix("s3://") else {
            return match text.split_once("://") {
                Some((scheme, _)) => Err(format!("a folder or s3://bucket/prefix; `{scheme}` is not known")),
                None => Ok(Self::Folder(text.into())),
            };
        };
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        if name.is_empty() || !name.chars().all(fits) {
            return Err(format!("`{name}` is not the name of a bucket: s3://bucket or s3://bucket/prefix"));
        }
        Ok(Self::Bucket { name: name.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }
}

impl From<PathBuf> for StoreAddress {
    fn from(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Bucket { name, prefix } if prefix.is_empty() => write!(f, "s3://{name}"),
            Self::Bucket { name, prefix } => write!(f, "s3://{name}/{prefix}"),
        }
    }
}

/// How the bucket of `data.store` is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BucketConfig {
    /// The region; that of the environment (`AWS_REGION`) when it is not given.
    pub region: Option<String>,
    /// The address of a server other than Amazon's.
    pub endpoint: Option<String>,
    /// Whether the endpoint is asked without TLS: only inside a network that is protected otherwise.
    pub allow_http: bool,
    /// The access key. Without one, the environment's credentials are used: variables, web identity or instance role.
    pub access_key_id: Option<String>,
    /// The file with the secret key, which its owner alone can read.
    pub secret_access_key_file: Option<PathBuf>,
}

impl BucketConfig {
    /// Refuses what does not hold together.
    pub(super) fn check(&self, store: &StoreAddress, jobs: Option<&Path>) -> Result<(), String> {
        if store.folder().is_some() {
            return match *self == Self::default() {
                true => Ok(()),
                false => Err("data.bucket: data.store is a folder, not s3://…".to_owned()),
            };
        }
        if self.access_key_id.is_some() != self.secret_access_key_file.is_some() {
            return Err("data.bucket: access_key_id and secret_access_key_file go together".to_owned());
        }
        match self.endpoint.as_deref().map(|endpoint| endpoint.split_once("://")) {
            None | Some(Some(("https", _))) => {}
            Some(Some(("http", _))) if self.allow_http => {}
            Some(Some(("http", _))) => {
                return Err("data.bucket.endpoint: patient data would travel without TLS; use https, or set \
                            data.bucket.allow_http inside a protected network"
                    .to_owned());
            }
            Some(_) => return Err("data.bucket.endpoint: an address such as https://storage.example".to_owned()),
        }
        match jobs {
            Some(_) => Ok(()),
            None => Err("jobs.folder: name a folder for the results of queries that run without their caller; the \
                         store is a bucket, so there is none beside it"
                .to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<StoreAddress, String> {
        StoreAddress::try_from(text.to_owned())
    }

    #[test]
    fn a_store_is_a_folder_or_a_bucket_with_a_prefix() {
        assert_eq!(address("/srv/store"), Ok(StoreAddress::Folder("/srv/store".into())));
        let bucket = |name: &str, prefix: &str| Ok(StoreAddress::Bucket { name: name.into(), prefix: prefix.into() });
        assert_eq!(address("s3://data"), bucket("data", ""));
        assert_eq!(address("s3://data/sandbox/one/"), bucket("data", "sandbox/one"));
        for bad in ["s3://", "s3:///x", "s3://Data", "gs://data", "s3://a b"] {
            assert!(address(bad).is_err(), "{bad}");
        }
        for text in ["s3://data", "s3://data/x/y", "store"] {
            assert_eq!(address(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_bucket_is_reached_with_both_keys_or_none_and_with_tls_unless_said_otherwise() {
        let bucket = address("s3://data").unwrap();
        let jobs = Some(Path::new("/srv/jobs"));
        let sound = BucketConfig::default();
        assert_eq!(sound.check(&bucket, jobs), Ok(()));
        assert!(sound.check(&bucket, None).unwrap_err().contains("jobs.folder"));
        let half = BucketConfig { access_key_id: Some("key".to_owned()), ..sound.clone() };
        assert!(half.check(&bucket, jobs).unwrap_err().contains("go together"));
        assert!(half.check(&address("store").unwrap(), jobs).unwrap_err().contains("is a folder"));
        let open = BucketConfig { endpoint: Some("http://10.0.0.1:9000".to_owned()), ..sound.clone() };
        assert!(open.check(&bucket, jobs).unwrap_err().contains("without TLS"));
        assert_eq!(BucketConfig { allow_http: true, ..open }.check(&bucket, jobs), Ok(()));
        let odd = BucketConfig { endpoint: Some("storage.example".to_owned()), ..sound };
        assert!(odd.check(&bucket, jobs).unwrap_err().contains("https://"));
    }
}
