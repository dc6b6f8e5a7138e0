//! Stored credentials: `profiles.toml`, readable by its owner alone.

use crate::environment::Environment;
use crate::failure::Failure;
use crate::key;
use mudeung_sdk::{ApiError, Client, ClientBuilder, RefreshTokens, Transfer, trust};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DEFAULT: &str = "default";

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profiles {
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

/// One sandbox and one credential for it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(crate) url: String,
    pub(crate) client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret: Option<String>,
    /// The file with the private key that proves the app, in place of a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) private_key: Option<PathBuf>,
    /// The name of that key in the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kid: Option<String>,
    /// Of a device that a member signed in; each is good once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) plain_http: bool,
    /// Whether tokens are bound to a key of the process that asks for them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) dpop: bool,
    /// Verifier keys of the ledger, under which receipts are checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) log: Vec<String>,
}

/// What a command wants of its client besides the profile.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    /// Connections for one file.
    pub(crate) connections: Option<usize>,
    /// Where to keep receipts.
    pub(crate) receipts: Option<PathBuf>,
    /// Where to keep them when the profile has keys of the ledger.
    pub(crate) receipts_usual: Option<PathBuf>,
    /// Keys of the ledger in place of the profile's.
    pub(crate) log: Vec<String>,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").field("url", &self.url).field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Profile {
    /// A client with the profile that is stored under a name.
    pub(crate) fn client(&self, name: &str, wishes: Wishes, environment: &Environment) -> Result<Client, Failure> {
        let mut builder = Client::builder(&self.url).language(environment.language);
        builder = match (&self.refresh_token, &self.private_key) {
            (Some(_), _) => builder.device(Arc::new(Kept { path: path(environment)?, name: name.to_owned() })),
            (None, Some(file)) => builder.private_key(&self.client_id, key::read(file, self.kid.clone())?),
            (None, None) => builder.credentials(&self.client_id, self.client_secret.as_deref().unwrap_or_default()),
        };
        if self.plain_http {
            builder = builder.allow_plain_http();
        }
        if self.dpop {
            builder = builder.dpop();
        }
        Ok(self.shaped(builder, wishes)?.build()?)
    }

    fn shaped(&self, mut builder: ClientBuilder, wishes: Wishes) -> Result<ClientBuilder, Failure> {
        let Wishes { connections, receipts, receipts_usual, log } = wishes;
        if let Some(connections) = connections {
            builder = builder.transfer(Transfer { connections, ..Transfer::default() });
        }
        let keys = if log.is_empty() { &self.log } else { &log };
        match receipts.or(receipts_usual.filter(|_| !keys.is_empty())) {
            None => Ok(builder),
            Some(_) if keys.is_empty() => Err(Failure::Input(
                "receipts are checked under the ledger's verifier key: say it with --log, or store it with `login --log`"
                    .to_owned(),
            )),
            Some(folder) => Ok(builder.receipts(folder, trust(keys.iter().map(String::as_str), [], 0)?)),
        }
    }
}

/// The refresh token of a profile, where commands that run at once take turns.
struct Kept {
    path: PathBuf,
    name: String,
}

impl RefreshTokens for Kept {
    fn take(&self) -> Result<(String, Box<dyn Send>), ApiError> {
        let lock = lock(&self.path).map_err(told)?;
        let profiles = load(&self.path).map_err(told)?;
        let kept = profiles.profiles.get(&self.name).and_then(|profile| profile.refresh_token.clone());
        let kept = kept.ok_or_else(|| ApiError::Configuration(format!("the profile `{}` is signed out", self.name)))?;
        Ok((kept, Box::new(lock)))
    }

    fn put(&self, token: &str) -> Result<(), ApiError> {
        let mut profiles = load(&self.path).map_err(told)?;
        if let Some(profile) = profiles.profiles.get_mut(&self.name) {
            profile.refresh_token = Some(token.to_owned());
        }
        save(&self.path, &profiles).map_err(told)
    }
}

/// Whoever changes the file holds this until the change is made.
fn lock(path: &Path) -> Result<File, Failure> {
    let path = path.with_extension("lock");
    let failed = |error: std::io::Error| Failure::Failed(format!("{}: {error}", path.display()));
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    let lock = File::options().create(true).append(true).open(&path).map_err(failed)?;
    lock.lock().map_err(failed)?;
    Ok(lock)
}

fn told(failure: Failure) -> ApiError {
    ApiError::Configuration(failure.to_string())
}

/// A client from the profile that was named, else from the environment, else from the usual profile.
pub(crate) fn connect(named: Option<&str>, wishes: Wishes, environment: &Environment) -> Result<Client, Failure> {
    if let Some(profile) = of_environment(environment).filter(|_| named.is_none()) {
        return profile.client(DEFAULT, wishes, environment);
    }
    let name = name(named, environment);
    let path = path(environment)?;
    match load(&path)?.profiles.get(&name) {
        Some(profile) => profile.client(&name, wishes, environment),
        None => Err(Failure::Input(format!(
            "there is no profile `{name}` in {}: run `mudeung-cli login --profile {name} --url …`",
            path.display()
        ))),
    }
}

/// What the environment says, when it says enough.
fn of_environment(environment: &Environment) -> Option<Profile> {
    let Environment { url, client_id, client_secret, private_key, dpop, .. } = environment;
    let (url, client_id) = (url.clone()?, client_id.clone()?);
    let (client_secret, private_key) = (client_secret.clone(), private_key.clone());
    let proves = client_secret.is_some() || private_key.is_some();
    proves.then(|| Profile { url, client_id, client_secret, private_key, dpop: *dpop, ..Profile::default() })
}

/// Stores a profile under its name and says where.
pub(crate) fn store(named: Option<&str>, profile: Profile, environment: &Environment) -> Result<PathBuf, Failure> {
    let path = path(environment)?;
    let _alone = lock(&path)?;
    let mut profiles = load(&path)?;
    profiles.profiles.insert(name(named, environment), profile);
    save(&path, &profiles)?;
    Ok(path)
}

/// Takes a profile out, when there is one.
pub(crate) fn remove(named: Option<&str>, environment: &Environment) -> Result<Option<Profile>, Failure> {
    let path = path(environment)?;
    let _alone = lock(&path)?;
    let mut profiles = load(&path)?;
    let removed = profiles.profiles.remove(&name(named, environment));
    if removed.is_some() {
        save(&path, &profiles)?;
    }
    Ok(removed)
}

pub(crate) fn name(named: Option<&str>, environment: &Environment) -> String {
    named.or(environment.profile.as_deref()).unwrap_or(DEFAULT).to_owned()
}

fn path(environment: &Environment) -> Result<PathBuf, Failure> {
    match &environment.config_dir {
        Some(directory) => Ok(directory.join("profiles.toml")),
        None => Err(Failure::Input("there is no place for profiles: set MUDEUNG_CONFIG_DIR or HOME".to_owned())),
    }
}

fn load(path: &Path) -> Result<Profiles, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(format!("{}: {error}", path.display()));
    match std::fs::read_to_string(path) {
        // The error must not quote the file: a secret may stand in the line.
        Ok(text) => toml::from_str(&text).map_err(|error| failed(&error.message().replace('\n', " "))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Profiles::default()),
        Err(error) => Err(failed(&error)),
    }
}

fn save(path: &Path, profiles: &Profiles) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(format!("{}: {error}", path.display()));
    let directory = path.parent().unwrap_or(Path::new("."));
    let text = toml::to_string(profiles).map_err(|error| failed(&error))?;
    std::fs::create_dir_all(directory).map_err(|error| failed(&error))?;
    // Temporary files are made with mode 0600, and the rename keeps it.
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(|error| failed(&error))?;
    file.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    file.persist(path).map_err(|error| failed(&error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(directory: &Path) -> Environment {
        Environment { config_dir: Some(directory.to_owned()), ..Environment::default() }
    }

    fn profile(id: &str) -> Profile {
        let (url, client_secret) = ("http://127.0.0.1:1".to_owned(), Some("s3cret".to_owned()));
        Profile { url, client_id: id.to_owned(), client_secret, ..Profile::default() }
    }

    #[test]
    fn profiles_live_side_by_side_and_only_their_owner_reads_them() {
        let directory = tempfile::tempdir().unwrap();
        let environment = environment(&directory.path().join("deep"));
        store(None, profile("first"), &environment).unwrap();
        let path = store(Some("other"), profile("second"), &environment).unwrap();
        store(None, profile("replaced"), &environment).unwrap();
        let profiles = load(&path).unwrap().profiles;
        let ids: Vec<_> = profiles.iter().map(|(name, p)| (name.as_str(), p.client_id.as_str())).collect();
        assert_eq!(ids, [("default", "replaced"), ("other", "second")]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_missing_profile_and_a_broken_file_are_told_in_one_line_without_the_secret() {
        let directory = tempfile::tempdir().unwrap();
        let environment = environment(directory.path());
        let Err(Failure::Input(text)) = connect(Some("x"), Wishes::default(), &environment) else { panic!() };
        assert!(text.contains("there is no profile `x`") && text.contains("login"), "{text}");
        std::fs::write(directory.path().join("profiles.toml"), "[profiles.default]\nclient_secret = \"s3cret\" x")
            .unwrap();
        let Err(Failure::Failed(text)) = connect(None, Wishes::default(), &environment) else { panic!() };
        assert!(!text.contains("s3cret") && !text.contains('\n'), "{text}");
    }

    #[test]
    fn the_environment_goes_before_the_usual_profile_but_not_before_a_named_one() {
        let directory = tempfile::tempdir().unwrap();
        let mut environment = environment(directory.path());
        store(Some("named"), profile("p"), &environment).unwrap();
        environment.url = Some("http://127.0.0.1:9".to_owned());
        environment.client_id = Some("e".to_owned());
        environment.client_secret = Some("s".to_owned());
        assert_eq!(connect(None, Wishes::default(), &environment).unwrap().base_url(), "http://127.0.0.1:9/");
        assert_eq!(connect(Some("named"), Wishes::default(), &environment).unwrap().base_url(), "http://127.0.0.1:1/");
    }
}
