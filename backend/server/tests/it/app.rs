//! The server under test: how it is started, asked and looked into.

pub(crate) mod fixture;
pub(crate) mod signer;

use crate::reader::MemoryReader;
use fixture::Fixture;
use mudeung_core::clock::{Clock, CountingEntropy, ManualClock, Timestamp};
use mudeung_core::reader::DatasetReader;
use mudeung_server::config::Config;
use mudeung_server::keys::Keys;
use mudeung_server::{Parts, Running, StartError, state};
use mudeung_store::{Conn, Db, EntryFilter, Ledger, LedgerOptions, StoreError};
use mudeung_wire::ledger::entry::Entry;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// When every test begins: 2026-03-02 00:00 UTC.
pub(crate) const BEGIN: Timestamp = Timestamp::from_seconds(1_772_409_600);

/// A server of its own for one test.
pub(crate) struct TestApp {
    /// Where it answers, without a slash at the end.
    pub(crate) url: String,
    /// The time it sees. Stands still until the test moves it.
    pub(crate) clock: Arc<ManualClock>,
    /// Who and what is in it.
    pub(crate) fixture: Fixture,
    /// Asks without following redirects.
    pub(crate) http: reqwest::Client,
    running: Running,
    folder: tempfile::TempDir,
}

/// An app with a live secret.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl TestApp {
    /// A server with the default configuration.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A server with another configuration.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_reading(Arc::new(MemoryReader), change).await
    }

    /// A server with another configuration and another source of data.
    pub(crate) async fn start_reading(reader: Arc<dyn DatasetReader>, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        change(&mut config);
        let clock = Arc::new(ManualClock::at(BEGIN));
        let entropy = Arc::new(CountingEntropy::default());
        Db::migrate(&config.database.control).await.unwrap();
        Ledger::migrate(&config.database.ledger).unwrap();
        let db = Db::open(&config.database.control).await.unwrap();
        let keys = Keys::load_or_create(&config.data.keys, None, &*entropy).unwrap();
        // Boxed, as below: what a test awaits stays small.
        let fixture = Box::pin(fixture::insert(&db, &keys, &*clock, &*entropy)).await;
        let running = Box::pin(run(config, clock.clone(), entropy, db, keys, reader)).await.unwrap();
        let url = format!("http://{}", running.address);
        Self { url, clock, fixture, http: http_client(), running, folder }
    }

    /// Stops the server and starts another on the same databases and keys, as after an update.
    pub(crate) async fn restart(self) -> Self {
        self.restart_after(|_| {}, |_| {}).await.unwrap()
    }

    /// The same with another configuration.
    pub(crate) async fn restart_with(self, change: impl FnOnce(&mut Config)) -> Self {
        self.restart_after(|_| {}, change).await.unwrap()
    }

    /// The same, after something was done to the folder, and with another configuration.
    pub(crate) async fn restart_after(
        self,
        prepare: impl FnOnce(&Path),
        change: impl FnOnce(&mut Config),
    ) -> Result<Self, StartError> {
        let Self { clock, fixture, http, running, folder, .. } = self;
        running.stop().await;
        prepare(folder.path());
        let mut config = config(folder.path());
        change(&mut config);
        let entropy = Arc::new(CountingEntropy::starting_at(1 << 40));
        let db = Db::open(&config.database.control).await.unwrap();
        let keys = Keys::load_or_create(&config.data.keys, None, &*entropy).unwrap();
        let reader = Arc::new(MemoryReader);
        let running = run(config, clock.clone(), entropy, db, keys, reader).await?;
        let url = format!("http://{}", running.address);
        Ok(Self { url, clock, fixture, http, running, folder })
    }

    /// Stops the server and leaves its folder to be looked at.
    pub(crate) async fn stop(self) -> tempfile::TempDir {
        self.running.stop().await;
        self.folder
    }

    /// What the server's handlers share.
    pub(crate) fn state(&self) -> &state::App {
        self.running.app()
    }

    /// The folder with databases and keys.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.http.request(method.parse().unwrap(), format!("{}{path}", self.url))
    }

    /// A token request with the secret in the header.
    pub(crate) async fn ask_token(&self, client: &Client, scope: Option<&str>) -> Response {
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(scope.map(|scope| ("scope", scope)));
        let request = self.post("/oauth2/token").basic_auth(&client.id, Some(&client.secret));
        request.form(&form).send().await.unwrap()
    }

    /// A token with all scopes of the app.
    pub(crate) async fn token(&self, client: &Client) -> String {
        self.token_with(client, None).await
    }

    /// A token with these scopes.
    pub(crate) async fn token_with(&self, client: &Client, scope: Option<&str>) -> String {
        let answer = self.ask_token(client, scope).await;
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        let answer: Value = answer.json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// All entries of the ledger, newest first, once everything under way is durable.
    pub(crate) async fn entries(&self) -> Vec<Entry> {
        let ledger = &self.state().ledger;
        ledger.flush().await;
        let filter = EntryFilter::default();
        ledger.entries(filter, None, 1_000).await.unwrap().into_iter().map(|(_, entry)| entry).collect()
    }

    /// Number of entries.
    pub(crate) async fn entry_count(&self) -> u64 {
        self.state().ledger.flush().await;
        self.state().ledger.head().await.unwrap().size
    }

    /// Changes the control database behind the server's back, as another node would.
    pub(crate) async fn change(&self, change: impl FnOnce(&mut Conn) -> Result<(), StoreError> + Send + 'static) {
        self.state().db.tx("change by a test", change).await.unwrap();
    }

    /// Changes the control database and waits until the server has seen it.
    pub(crate) async fn change_and_see(
        &self,
        change: impl FnOnce(&mut Conn) -> Result<(), StoreError> + Send + 'static,
    ) {
        self.change(change).await;
        self.state().snapshots.refresh().await.unwrap();
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// A configuration with everything under one folder and limits that tests do not meet by accident.
pub(crate) fn config(folder: &Path) -> Config {
    let path = |name: &str| folder.join(name).display().to_string();
    let text = format!(
        "[http]\nlisten = \"127.0.0.1:0\"\nworkers = 1\n[database]\ncontrol = {:?}\nledger = {:?}\n\
         [data]\nstore = {:?}\nkeys = {:?}\n[limits]\ntoken_failures_per_minute = 1000\nshutdown_seconds = 5\n\
         [portal]\ntwo_people = false\n[review]\nmembers_min = 1\nexternal_min = 0\npresent_percent = 0\n",
        path("control.sqlite"),
        path("ledger.sqlite"),
        path("store"),
        path("keys"),
    );
    Config::parse(&text).unwrap()
}

/// Starts a server on what another left in a folder.
pub(crate) async fn start_again(folder: &Path) -> Result<Running, StartError> {
    let config = config(folder);
    let entropy = Arc::new(CountingEntropy::starting_at(1 << 41));
    let db = Db::open(&config.database.control).await.unwrap();
    let keys = Keys::load_or_create(&config.data.keys, None, &*entropy).unwrap();
    run(config, Arc::new(ManualClock::at(BEGIN)), entropy, db, keys, Arc::new(MemoryReader)).await
}

async fn run(
    config: Config,
    clock: Arc<ManualClock>,
    entropy: Arc<CountingEntropy>,
    db: Db,
    keys: Keys,
    reader: Arc<dyn DatasetReader>,
) -> Result<Running, StartError> {
    let options = LedgerOptions { queue_entries_max: config.ledger.queue_entries_max, ..LedgerOptions::default() };
    let ledger = Ledger::open(&config.database.ledger, options).unwrap();
    // Boxed: its future is larger than those of the tests should be.
    let provider = crate::provider::reach(&config, clock.clone());
    let parts = Parts { config, clock, entropy, db, ledger, reader, keys, provider };
    Box::pin(mudeung_server::start(parts)).await
}

fn http_client() -> reqwest::Client {
    // Installing it a second time fails, and that is fine: it is the same one.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.timeout(Duration::from_secs(20)).no_proxy().build().unwrap()
}

/// Every file below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}
