//! The configuration: small typed values, one struct for each concern, unknown keys refused.

mod check;
mod outside;
mod parse;
mod review;
mod sso;
mod store;

pub use outside::{MailConfig, SignUp, WebhooksConfig, is_public};
pub use parse::ConfigError;
pub use review::ReviewConfig;
pub use sso::SsoConfig;
pub use store::{BucketConfig, StoreAddress};

use crate::audit::prune::RETENTION_YEARS_MIN;
use ipnet::IpNet;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Everything `mudeung serve` is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to listen and how the outside calls us.
    pub http: HttpConfig,
    /// The two databases.
    pub database: DatabaseConfig,
    /// Where the data lies.
    pub data: DataConfig,
    /// How the server's own keys are encrypted.
    #[serde(default)]
    pub keys: KeyConfig,
    /// Access tokens.
    #[serde(default)]
    pub tokens: TokenConfig,
    /// How much a caller may do.
    #[serde(default)]
    pub limits: LimitConfig,
    /// Counts for companies without a grant.
    #[serde(default)]
    pub statistics: StatisticsConfig,
    /// Twins: models that were fitted to real rows.
    #[serde(default)]
    pub twins: TwinsConfig,
    /// Queries that run without their caller.
    #[serde(default)]
    pub jobs: JobConfig,
    /// The ledger.
    #[serde(default)]
    pub ledger: LedgerConfig,
    /// The published sandbox credential, shown on the portal's front page; only ever of synthetic data.
    #[serde(default)]
    pub sandbox: Option<SandboxConfig>,
    /// The portal.
    #[serde(default)]
    pub portal: PortalConfig,
    /// The hospital's identity provider; without one its people sign in with a password.
    #[serde(default)]
    pub sso: Option<SsoConfig>,
    /// How access requests are reviewed.
    #[serde(default)]
    pub review: ReviewConfig,
    /// What the operator looks at.
    #[serde(default)]
    pub operations: OperationsConfig,
    /// The mail server; without one the portal shows links that would be sent, to whoever made them.
    #[serde(default)]
    pub mail: Option<MailConfig>,
    /// Webhooks of companies.
    #[serde(default)]
    pub webhooks: WebhooksConfig,
}

/// Counts of persons under differential privacy, for companies without a grant.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatisticsConfig {
    /// The privacy loss that one organization may spend on one dataset in all; 0 offers no counts.
    pub epsilon_per_organization: f64,
    /// The privacy loss that all organizations together may spend on one dataset: what they know when they put their
    /// answers together.
    pub epsilon_per_dataset: f64,
    /// Counts below this are withheld, after the noise.
    pub minimum_count: u64,
}

impl Default for StatisticsConfig {
    fn default() -> Self {
        Self { epsilon_per_organization: 1.0, epsilon_per_dataset: 10.0, minimum_count: 10 }
    }
}

/// Twins: models that were fitted to real rows under differential privacy, and are published.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwinsConfig {
    /// The privacy loss of one person that all twins of one dataset together may ever cost; more are not published.
    pub epsilon_per_dataset: f64,
    /// The probability with which that may fail.
    pub delta: f64,
}

impl Default for TwinsConfig {
    fn default() -> Self {
        Self { epsilon_per_dataset: 4.0, delta: 1e-9 }
    }
}

/// Queries that run without their caller (`Prefer: respond-async`).
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobConfig {
    /// The folder of their results, readable by the server alone and shared by all nodes; `jobs` beside `data.store` when
    /// it is not given, and needed when that is a bucket.
    pub folder: Option<PathBuf>,
    /// Queries that run at once on this node; others wait.
    pub at_once: usize,
    /// Seconds that one may work.
    pub query_seconds: u64,
    /// Hours that a result is kept.
    pub kept_hours: u64,
    /// Jobs that an app may have, with those that are over.
    pub jobs_per_app: usize,
    /// Bytes of one result.
    pub result_bytes: u64,
}

impl Default for JobConfig {
    fn default() -> Self {
        Self { folder: None, at_once: 2, query_seconds: 600, kept_hours: 24, jobs_per_app: 10, result_bytes: 1 << 30 }
    }
}

impl Config {
    /// The folder of the results of jobs.
    pub fn jobs_folder(&self) -> PathBuf {
        let beside = || self.data.store.folder().map(|store| store.with_file_name("jobs"));
        self.jobs.folder.clone().or_else(beside).unwrap_or_else(|| PathBuf::from("jobs"))
    }
}

/// Where to listen and how the outside calls us.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// The address to listen on, for instance `127.0.0.1:8080`. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address that clients use, without path or slash at the end; the issuer of tokens. `http` only on loopback. May
    /// be left out when we listen on loopback: it is then the address we listen on.
    #[serde(default)]
    pub public_url: String,
    /// Whether a proxy in front of us terminates TLS. Without one, we listen on loopback only.
    #[serde(default)]
    pub behind_tls_proxy: bool,
    /// The proxies whose word about the client's address is taken, as networks: `["127.0.0.1/32"]`. None by default: then
    /// the address is that of whoever connects.
    #[serde(default, deserialize_with = "parse::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which those proxies name the client. The other one is not looked at: a proxy passes it through as
    /// the client wrote it.
    #[serde(default)]
    pub forwarded_header: ForwardedHeader,
    /// Worker threads; 0 takes one for each core.
    #[serde(default)]
    pub workers: usize,
}

/// The header in which a proxy names the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The two databases.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Organizations, apps, grants: a SQLite path or a `postgres://` address.
    pub control: String,
    /// The ledger: a SQLite path or a `postgres://` address, never the same as `control`.
    pub ledger: String,
    /// The last signed checkpoint: a SQLite path or a `postgres://` address, one for all processes on a ledger, and never
    /// restored from a backup together with it. When empty, `checkpoints.sqlite` in `data.keys`.
    #[serde(default)]
    pub checkpoints: String,
}

/// Where the data lies.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Where the published versions lie: a folder, or `s3://bucket/prefix`.
    pub store: StoreAddress,
    /// The folder of the server's own keys, readable by it alone.
    pub keys: PathBuf,
    /// How the bucket is reached, when the store is one.
    #[serde(default)]
    pub bucket: BucketConfig,
}

/// How the server's own keys are encrypted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyConfig {
    /// The file with the key-encryption key, 64 hexadecimal digits that its owner alone can read; not in `data.keys`. The
    /// environment variable `MUDEUNG_KEY_ENCRYPTION_KEY` may hold it instead. Without either, the key files are protected
    /// by their permissions alone.
    pub encryption_key_file: Option<PathBuf>,
}

/// Access tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenConfig {
    /// How long a token lives, in seconds. delta-sharing clients fetch a new one before every call when it is under 600.
    pub lifetime_seconds: u64,
    /// How long a token with a scope of the hospital (`admin.…`) lives, in seconds.
    pub admin_lifetime_seconds: u64,
    /// How long a signed file address works, in seconds.
    pub url_lifetime_seconds: u64,
    /// How many verified tokens are remembered.
    pub cache_entries_max: usize,
    /// How long a device stays signed in, in seconds.
    pub device_seconds: u64,
    /// How far ahead the `exp` of a client's assertion may lie, in seconds. 300 is stricter; stock Authlib wants 3600.
    pub assertion_seconds_max: u64,
}

/// How much a caller may do. All finite.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitConfig {
    /// Requests an app may make in one minute; range requests of one file count once for each lease.
    pub requests_per_minute: u32,
    /// Tokens an app may fetch in one minute.
    pub tokens_per_minute: u32,
    /// Failed proofs that are answered in one minute for each `client_id`; they never brake the client itself.
    pub token_failures_per_minute: u32,
    /// Devices that may begin to sign in within one minute, from one network.
    pub device_codes_per_minute: u32,
    /// Devices that may wait for a member at once.
    pub device_codes_waiting: u32,
    /// Used assertions that are remembered for each app until they end.
    pub assertions_per_app: u64,
    /// Bytes of synthetic data an app may read in one day (UTC).
    pub synthetic_bytes_per_day: u64,
    /// Rows of synthetic data an app may read in one day (UTC).
    pub synthetic_rows_per_day: u64,
    /// Rows one answer of `rows` or `query` may have.
    pub rows_per_answer: u64,
    /// Bytes of a request body.
    pub body_bytes: usize,
    /// Items on one page of a list.
    pub page_items: usize,
    /// Connections open at once.
    pub connections: usize,
    /// Seconds a client may take to send the head of its request.
    pub header_seconds: u64,
    /// Seconds a client may take to send the body of its request.
    pub body_seconds: u64,
    /// Bytes of an address, from the path on.
    pub address_bytes: usize,
    /// Bytes of all headers of a request.
    pub header_bytes: usize,
    /// Memory for one query, in bytes.
    pub query_memory_bytes: usize,
    /// Seconds one query may run.
    pub query_seconds: u64,
    /// Queries and row reads that run at once.
    pub concurrent_reads: usize,
    /// Seconds that a read or a query waits for its turn before it is answered 503.
    pub turn_seconds: u64,
    /// Seconds that answers under way are given when the server stops.
    pub shutdown_seconds: u64,
}

/// The ledger.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LedgerConfig {
    /// The name it signs checkpoints under. When empty, the one of the last checkpoint; before there is any, the host of
    /// `http.public_url` and `/ledger`.
    pub origin: String,
    /// The verifier keys the log had before, as `GET /ledger/verifier` showed them: what was signed with them still holds.
    pub former_verifiers: Vec<String>,
    /// The witnesses that are asked to cosign every checkpoint.
    pub witnesses: Vec<WitnessConfig>,
    /// Entries that may wait to be written. More is answered 503.
    pub queue_entries_max: usize,
    /// Seconds that ranges of one file count under one INTENT; 0 gives each range its own.
    pub lease_seconds: u64,
    /// Years that entries are kept after the end of their year; 2 at least. What is older stays until it is given up with
    /// `mudeung ledger prune`.
    pub retention_years: u8,
}

/// A witness (C2SP tlog-witness) that somebody else runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessConfig {
    /// The address before `/add-checkpoint`. `http` only on loopback.
    pub url: String,
    /// Its verifier key, as `mudeung witness` prints it.
    pub verifier: String,
}

/// The published sandbox credential.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxConfig {
    /// The `client_id`.
    pub client_id: String,
    /// The `client_secret`: published on purpose, it opens synthetic data alone.
    pub client_secret: String,
}

/// The portal.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PortalConfig {
    /// Whether grave actions (approving, stopping, showing a secret) need a second factor. Without it, members who have
    /// none enter their password again.
    pub require_totp: bool,
    /// Whether what one administrator stopped is started again by another. Where there is one alone, `mudeung service
    /// resume` starts the service, and the others wait for a second administrator.
    pub two_people: bool,
    /// How companies come in: `invited` or `open`.
    pub sign_up: SignUp,
    /// How large a file beside an access request may be. It is taken in as a whole, four at once.
    pub attachment_bytes: usize,
}

/// What the operator looks at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OperationsConfig {
    /// Who may read `/metrics`.
    pub metrics: MetricsReaders,
}

/// Who may read `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricsReaders {
    /// Programs on this machine that come directly, not through a proxy.
    #[default]
    Loopback,
    /// Everyone who reaches the server; for networks that keep others away.
    Anyone,
    /// Nobody.
    Nobody,
}

impl Config {
    /// Where the last signed checkpoint is kept.
    pub fn checkpoints(&self) -> String {
        match self.database.checkpoints.as_str() {
            "" => self.data.keys.join("checkpoints.sqlite").display().to_string(),
            named => named.to_owned(),
        }
    }

    /// How long a key is kept after its last signature: until the last token under it is over, and the last file address
    /// that was made with that token.
    pub fn signing_keys_kept(&self) -> Duration {
        Duration::from_secs(check::TOKEN_SECONDS_MAX.saturating_add(self.tokens.url_lifetime_seconds))
    }
}

impl Default for PortalConfig {
    fn default() -> Self {
        Self { require_totp: false, two_people: true, sign_up: SignUp::Invited, attachment_bytes: 10 << 20 }
    }
}

impl Default for TokenConfig {
    fn default() -> Self {
        Self {
            lifetime_seconds: 1_200,
            admin_lifetime_seconds: 300,
            url_lifetime_seconds: 3_600,
            cache_entries_max: 10_000,
            device_seconds: 12 * 60 * 60,
            assertion_seconds_max: 3_600,
        }
    }
}

impl Default for LimitConfig {
    fn default() -> Self {
        Self {
            requests_per_minute: 6_000,
            tokens_per_minute: 600,
            token_failures_per_minute: 30,
            device_codes_per_minute: 10,
            device_codes_waiting: 10_000,
            assertions_per_app: 50_000,
            synthetic_bytes_per_day: 100 << 30,
            synthetic_rows_per_day: 1_000_000_000,
            rows_per_answer: 10_000_000,
            body_bytes: 64 << 10,
            page_items: 100,
            connections: 10_000,
            header_seconds: 5,
            body_seconds: 10,
            address_bytes: 8 << 10,
            header_bytes: 32 << 10,
            query_memory_bytes: 256 << 20,
            query_seconds: 30,
            concurrent_reads: 16,
            turn_seconds: 10,
            shutdown_seconds: 30,
        }
    }
}

impl Default for LedgerConfig {
    fn default() -> Self {
        Self {
            origin: String::new(),
            former_verifiers: Vec::new(),
            witnesses: Vec::new(),
            queue_entries_max: 10_000,
            lease_seconds: 60,
            retention_years: RETENTION_YEARS_MIN,
        }
    }
}
