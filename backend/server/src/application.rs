//! Starts the server from its parts, the same way in production and in tests.

use crate::config::Config;
use crate::keys::live::SigningKeys;
use crate::keys::office::{KeyOffice, OfficeError};
use crate::keys::{KeyError, Keys};
use crate::ledger::signer::Inconsistent;
use crate::ledger::{publisher, reconciler};
use crate::personal::Personal;
use crate::sso::{Provider, SingleSignOn};
use crate::state::App;
use crate::{call, intake, route};
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{HttpServer, web};
use mudeung_core::clock::{Clock, Entropy};
use mudeung_core::reader::DatasetReader;
use mudeung_store::checkpoints::CheckpointStore;
use mudeung_store::ledger::{Ledger, LedgerError};
use mudeung_store::{Db, StoreError};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Everything a server is made of.
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// Where the present comes from.
    pub clock: Arc<dyn Clock>,
    /// Where unpredictable bytes come from.
    pub entropy: Arc<dyn Entropy>,
    /// The control database, migrated.
    pub db: Db,
    /// The ledger, migrated.
    pub ledger: Ledger,
    /// The data.
    pub reader: Arc<dyn DatasetReader>,
    /// Secret keys.
    pub keys: Keys,
    /// How the hospital's identity provider is reached, when the configuration names one.
    pub provider: Option<Provider>,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration does not hold together.
    #[error("configuration: {0}")]
    Config(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The control database does not answer.
    #[error("control database: {0}")]
    Store(#[from] StoreError),
    /// The ledger does not answer.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// The ledger is not the one that was signed for.
    #[error("{0}")]
    Inconsistent(#[from] Inconsistent),
    /// The keys that sign tokens cannot be read.
    #[error("keys: {0}")]
    Keys(#[from] KeyError),
    /// The keys that sign tokens could not be made.
    #[error("{0}")]
    Office(#[from] OfficeError),
}

/// A server that runs.
pub struct Running {
    /// The address it listens on.
    pub address: SocketAddr,
    app: web::Data<App>,
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts a server. INTENTs that processes which are gone left open are closed first.
pub async fn start(mut parts: Parts) -> Result<Running, StartError> {
    let wanted = parts.config.http.listen;
    let listener = TcpListener::bind(wanted).map_err(|source| StartError::Listen { address: wanted, source })?;
    let address = listener.local_addr().map_err(|source| StartError::Listen { address: wanted, source })?;
    let named = !parts.config.ledger.origin.is_empty();
    parts.config.settle(address).map_err(StartError::Config)?;
    let checkpoints = CheckpointStore::open(&parts.config.checkpoints()).map_err(Inconsistent::from)?;
    if !named && let Some(origin) = publisher::last_origin(&parts.ledger, &checkpoints).await? {
        parts.config.ledger.origin = origin;
    }
    let app = web::Data::new(assemble(parts, checkpoints).await?);
    // Before anything is added to it.
    publisher::signer(&app, &publisher::verifiers(&app)).check().await?;
    let closed = app.ledger.reconcile(&*app.clock, &*app.entropy).await?;
    if closed > 0 {
        tracing::warn!(closed, "accesses left open by an earlier run are closed as unknown");
    }
    key_office(&app).complete().await?;
    app.snapshots.refresh().await?;
    crate::data::budget::sharing::enter(&app).await?;
    publisher::publish(&app).await?;
    let tasks = vec![
        tokio::spawn(app.snapshots.clone().keep_present()),
        tokio::spawn(publisher::publish_checkpoints(app.clone())),
        tokio::spawn(reconciler::close_left_open(app.clone())),
        tokio::spawn(crate::oauth::books::keep(app.clone())),
        tokio::spawn(crate::expiry::keep_noticing(app.clone())),
        tokio::spawn(crate::lapses::keep_lapsing(app.clone())),
        tokio::spawn(crate::data::jobs::keep_sweeping(app.clone())),
        tokio::spawn(crate::data::lease::close_ended(app.clone())),
        tokio::spawn(crate::data::budget::sharing::keep_sharing(app.clone())),
    ];
    let server = http_server(&app, listener).map_err(|source| StartError::Listen { address, source })?;
    let handle = server.handle();
    Ok(Running { address, app, handle, server: tokio::spawn(server), tasks })
}

async fn assemble(parts: Parts, checkpoints: CheckpointStore) -> Result<App, StartError> {
    let Parts { config, clock, entropy, db, ledger, reader, keys, provider } = parts;
    let signing_keys = Arc::new(SigningKeys::new(&keys, config.signing_keys_kept()));
    let sso = match (config.sso.clone(), provider) {
        (None, _) => None,
        (Some(sso), Some(provider)) => Some(SingleSignOn::new(sso, provider, &config.http.public_url)),
        (Some(_), None) => Some(Err("sso: nothing that reaches the identity provider".to_owned())),
    };
    Ok(App {
        sso: sso.transpose().map_err(StartError::Config)?,
        snapshots: crate::snapshots::Snapshots::load(db.clone(), Arc::clone(&signing_keys)).await?,
        tokens: crate::oauth::tokens::Tokens::new(&config, signing_keys),
        dpop: crate::oauth::dpop::Dpop::new(&config, &keys, &*entropy),
        oauth: crate::oauth::state::OAuthState::new(&config),
        checkpoints,
        personal: Personal::default(),
        published: publisher::Published::default(),
        forks: crate::ledger::check_checkpoint::Forks::default(),
        data: crate::data::state::DataState::new(&config),
        portal: crate::portal::state::PortalState::new(&config),
        metrics: crate::operations::metrics::Metrics::new(),
        config,
        clock,
        entropy,
        db,
        ledger,
        reader,
        keys,
    })
}

/// The operations on the signing keys of a server.
pub fn key_office(app: &App) -> KeyOffice<'_> {
    let App { db, ledger, keys, clock, entropy, config, .. } = app;
    KeyOffice { db, ledger, keys, clock, entropy, kept: config.signing_keys_kept() }
}

/// What the operator should know at the start: what runs, but not as it should.
pub fn warnings(config: &Config, keys: &Keys) -> Vec<String> {
    let mut warnings = config.warnings();
    if !keys.are_encrypted() {
        warnings.push(format!(
            "the keys in {} are not encrypted, so whoever gets a copy of the folder can sign tokens and read what is \
             encrypted in the control database; make a key-encryption key, name it in keys.encryption_key_file and run \
             `mudeung key seal`",
            config.data.keys.display()
        ));
    }
    warnings
}

fn http_server(app: &web::Data<App>, listener: TcpListener) -> std::io::Result<actix_web::dev::Server> {
    let limits = app.config.limits.clone();
    let workers = match app.config.http.workers {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        workers => workers,
    };
    let state = app.clone();
    let extractors = limits.clone();
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(state.clone())
            .configure(|service| intake::configure(service, &extractors))
            .wrap(from_fn(call::envelope))
            .configure(route::configure)
            .default_service(web::to(route::refuse_path))
    })
    .workers(workers)
    // The last, small piece of a streamed answer must not wait for the acknowledgement of the one before it (40 ms).
    .tcp_nodelay(true)
    .max_connections(limits.connections)
    .client_request_timeout(Duration::from_secs(limits.header_seconds))
    .shutdown_timeout(limits.shutdown_seconds)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(server)
}

impl Running {
    /// The shared state; for tests and for the demo's own set-up.
    pub fn app(&self) -> &web::Data<App> {
        &self.app
    }

    /// Waits until the server ends by itself, which it does only when it fails.
    pub async fn ended(&mut self) -> std::io::Result<()> {
        (&mut self.server).await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }

    /// Stops taking requests, gives answers under way their time, and waits until every OUTCOME is durable.
    pub async fn stop(self) {
        self.handle.stop(true).await;
        for task in &self.tasks {
            task.abort();
        }
        self.app.data.leases.close_all();
        crate::oauth::books::write_all(&self.app).await;
        self.app.ledger.flush().await;
        if let Err(error) = crate::data::budget::sharing::leave(&self.app).await {
            tracing::warn!("the shares of this node are free again only when the others take it for dead: {error}");
        }
        if let Err(error) = publisher::publish(&self.app).await {
            tracing::warn!("the last entries are not under a checkpoint yet: {error}");
        }
        self.app.ledger.close().await;
    }
}
