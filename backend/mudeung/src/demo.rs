//! `mudeung demo`: everything on one machine, from nothing to a portal and pasteable commands.

mod build;
mod guide;
mod seed;

use crate::cli::DemoArgs;
use crate::failure::Failure;
use crate::{command, setup, system};
use mudeung_server::config::{Config, DataConfig, DatabaseConfig, HttpConfig, LedgerConfig, MailConfig, SandboxConfig};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The name that the demo's ledger signs checkpoints under.
const LEDGER_ORIGIN: &str = "demo.mudeung.example/ledger";

/// What the demo tells its user, and what `--json` writes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Access {
    /// Where the server answers.
    pub(crate) base_url: String,
    /// The hospital's administrator.
    pub(crate) admin: Person,
    /// The demo company's developer.
    pub(crate) developer: Person,
    /// The demo company's app, with approved grants.
    pub(crate) client: Client,
    /// The published sandbox app: synthetic data only.
    pub(crate) sandbox: Client,
    /// A profile for the SDKs and the command line.
    pub(crate) profile: Profile,
}

/// Someone who may sign in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) password: String,
}

/// An app's credential.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// What a client needs to connect.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// Where things lie in the demo's folder.
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    pub(crate) fn definitions(&self) -> PathBuf {
        self.root.join("definitions")
    }

    pub(crate) fn release_key(&self, dataset: &str) -> PathBuf {
        self.root.join("release-keys").join(dataset)
    }

    /// The demo's mails, which go nowhere else.
    pub(crate) fn mail(&self) -> PathBuf {
        self.root.join("mail")
    }

    /// Written last: when it is there, the folder is whole.
    fn access(&self) -> PathBuf {
        self.root.join("access.json")
    }

    fn config(&self, port: u16) -> Config {
        let file = |name: &str| self.root.join(name).display().to_string();
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Config {
            http: HttpConfig {
                listen,
                public_url: String::new(),
                behind_tls_proxy: false,
                trusted_proxies: Vec::new(),
                forwarded_header: mudeung_server::config::ForwardedHeader::default(),
                workers: 0,
            },
            database: DatabaseConfig {
                control: file("control.sqlite"),
                ledger: file("ledger.sqlite"),
                checkpoints: file("checkpoints.sqlite"),
            },
            keys: mudeung_server::config::KeyConfig::default(),
            data: DataConfig {
                store: self.store().into(),
                keys: self.root.join("keys"),
                bucket: mudeung_server::config::BucketConfig::default(),
            },
            tokens: mudeung_server::config::TokenConfig::default(),
            limits: mudeung_server::config::LimitConfig::default(),
            statistics: mudeung_server::config::StatisticsConfig::default(),
            twins: mudeung_server::config::TwinsConfig::default(),
            jobs: mudeung_server::config::JobConfig::default(),
            // One name whatever the port, or the ledger of an earlier start would be somebody else's.
            ledger: LedgerConfig { origin: LEDGER_ORIGIN.to_owned(), ..LedgerConfig::default() },
            sandbox: None,
            portal: mudeung_server::config::PortalConfig {
                sign_up: mudeung_server::config::SignUp::Open,
                // The demo has one administrator.
                two_people: false,
                ..mudeung_server::config::PortalConfig::default()
            },
            mail: Some(MailConfig {
                server: String::new(),
                folder: Some(self.mail()),
                from: "Mudeung demo <demo@mudeung.example>".to_owned(),
                user: None,
                password_file: None,
            }),
            // Its visitors try webhooks on their own machine.
            webhooks: mudeung_server::config::WebhooksConfig { private_addresses: true },
            sso: None,
            // The demo has one administrator, who is the whole board.
            review: mudeung_server::config::ReviewConfig::of_one(),
            operations: mudeung_server::config::OperationsConfig::default(),
        }
    }
}

/// Runs the demo until it is told to stop.
pub(crate) async fn run(args: DemoArgs) -> Result<(), Failure> {
    let root = args.data_dir.unwrap_or_else(system::demo_folder);
    std::fs::create_dir_all(&root).map_err(|e| Failure::input(format!("cannot make {}: {e}", root.display())))?;
    let root = root.canonicalize().map_err(Failure::failed)?;
    let _lock = lock(&root)?;
    let layout = Layout { root };
    let mut config = layout.config(args.port);
    let first_run = !layout.access().exists();
    let mut access = if first_run {
        clear(&layout)?;
        build::build(&layout)?;
        setup::migrate(&config).await?;
        let access = seed::seed(&layout, &config).await?;
        write_private(&layout.access(), &access)?;
        access
    } else {
        setup::migrate(&config).await?;
        read(&layout.access())?
    };
    config.sandbox = Some(SandboxConfig {
        client_id: access.sandbox.client_id.clone(),
        client_secret: access.sandbox.client_secret.clone(),
    });
    let carriers = crate::carriers::Carriers::open(&config)?;
    let running = mudeung_server::start(setup::parts(config).await?).await.map_err(Failure::failed)?;
    access.point_to(&format!("http://{}", running.address));
    if let Some(file) = &args.json {
        write_private(file, &access)?;
    }
    guide::print(&access, &layout)?;
    let carrying = carriers.carry(&running);
    let ended = command::serve::until_stopped(running).await;
    carrying.abort();
    ended
}

impl Access {
    /// Fills in where the server answers, which is known only when it listens.
    fn point_to(&mut self, base_url: &str) {
        base_url.clone_into(&mut self.base_url);
        self.profile.endpoint = base_url.to_owned();
        self.profile.token_endpoint = format!("{base_url}/oauth2/token");
    }
}

/// Keeps a second demo out of the same folder.
fn lock(root: &Path) -> Result<std::fs::File, Failure> {
    let path = root.join("lock");
    let file = std::fs::File::create(&path).map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?;
    file.try_lock().map_err(|_locked| {
        Failure::input(format!("another demo runs in {}; stop it or say --data-dir", root.display()))
    })?;
    Ok(file)
}

/// Removes what a first run that did not finish left behind.
fn clear(layout: &Layout) -> Result<(), Failure> {
    let ours = ["store", "definitions", "release-keys", "keys", "mail"].map(|name| layout.root.join(name));
    for folder in ours.iter().filter(|folder| folder.exists()) {
        std::fs::remove_dir_all(folder).map_err(|e| Failure::failed(format!("{}: {e}", folder.display())))?;
    }
    for name in ["control.sqlite", "ledger.sqlite"] {
        for end in ["", "-wal", "-shm"] {
            let file = layout.root.join(format!("{name}{end}"));
            if file.exists() {
                std::fs::remove_file(&file).map_err(|e| Failure::failed(format!("{}: {e}", file.display())))?;
            }
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Access, Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?;
    serde_json::from_slice(&bytes)
        .map_err(|e| Failure::failed(format!("{}: {e}; remove it to build the demo anew", path.display())))
}

/// Writes credentials so that only their owner can read them, and never half.
fn write_private(path: &Path, access: &Access) -> Result<(), Failure> {
    let cannot = |e: &dyn std::fmt::Display| Failure::failed(format!("cannot write {}: {e}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder).map_err(|e| cannot(&e))?;
    serde_json::to_writer_pretty(file.as_file(), access).map_err(|e| cannot(&e))?;
    file.as_file().sync_all().map_err(|e| cannot(&e))?;
    file.persist(path).map_err(|e| cannot(&e.error))?;
    Ok(())
}
