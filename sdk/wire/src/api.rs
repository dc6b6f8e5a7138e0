//! Request and response types of the REST API. Numbers carry their units in their names; times are RFC 3339 UTC.

use crate::manifest::{Bilingual, RiskFigures};
use serde::{Deserialize, Serialize};

macro_rules! wire {
    ($($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident : $kind:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name { $($(#[$field_meta])* pub $field: $kind,)* }
    )*};
}

mod account;

pub use account::{AccessRequestItem, GrantItem, GrantTable, QuotaItem, WebhookDeliveryItem, WebhookItem};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// Pass as `cursor` for the next page; `null` on the last one.
    pub next_cursor: Option<String>,
}

wire! {
    /// An entry of the ledger, for those who may see all of them.
    pub struct LedgerEntryItem {
        /// Its index.
        pub index: u64,
        /// When it was recorded, RFC 3339 UTC.
        pub recorded_at: String,
        /// Its leaf hash, base64: SHA-256 of 0x00 and its canonical bytes.
        pub leaf_hash: String,
        /// The entry. Its canonical bytes are its JSON with sorted keys and without spaces (RFC 8785).
        pub entry: serde_json::Value,
        /// The network address that the entry's `address` is a commitment to; null once it was erased.
        pub address: Option<String>,
        /// The name and e-mail address that the entry's `person` is a commitment to; null once they were erased.
        pub person: Option<String>,
    }

    /// A dataset of the catalogue.
    pub struct DatasetItem {
        /// Its name in addresses.
        pub id: String,
        /// Its title in the caller's language.
        pub title: String,
        /// Its title in both languages.
        pub titles: Bilingual,
        /// What it holds, in the caller's language.
        pub summary: String,
        /// The tiers that are open to the caller: `synthetic`, `deidentified`.
        pub tiers: Vec<String>,
        /// The tiers that exist; for the others an access request is needed.
        pub tiers_published: Vec<String>,
        /// The licence the data stands under.
        pub licence: String,
        /// Where the data comes from.
        pub source: String,
    }

    /// One tier of a dataset in one version.
    pub struct TierItem {
        /// The dataset's name.
        pub dataset: String,
        /// `synthetic` or `deidentified`.
        pub tier: String,
        /// The version's number.
        pub version: u32,
        /// When the version was published, RFC 3339 UTC.
        pub published_at: String,
        /// Whether the rows are simulated: `true` in the synthetic tier.
        pub simulated: bool,
        /// The tables that are open to the caller.
        pub tables: Vec<TableSummary>,
        /// The measured risk of re-identification; absent in generated data.
        pub risk: Option<RiskFigures>,
    }

    /// A table in the listing of a tier.
    pub struct TableSummary {
        /// Its name.
        pub name: String,
        /// Number of rows, before any row filter of the grant.
        pub rows: u64,
        /// The names of the columns that are open to the caller, in file order.
        pub columns: Vec<String>,
    }

    /// A version of a tier.
    pub struct VersionItem {
        /// The dataset's name.
        pub dataset: String,
        /// `synthetic` or `deidentified`.
        pub tier: String,
        /// The version's number.
        pub version: u32,
        /// When it was published, RFC 3339 UTC.
        pub published_at: String,
    }

    /// Schema and dictionary of a table.
    pub struct TableItem {
        /// The dataset's name.
        pub dataset: String,
        /// `synthetic` or `deidentified`.
        pub tier: String,
        /// The version's number.
        pub version: u32,
        /// The table's name.
        pub name: String,
        /// What a row is, in the caller's language.
        pub description: String,
        /// Number of rows, before any row filter of the grant.
        pub rows: u64,
        /// Whether the rows are simulated.
        pub simulated: bool,
        /// What was promised to the persons behind it; absent unless it is drawn from a twin.
        pub twin: Option<TwinItem>,
        /// Only these rows are open to the caller; all when absent.
        pub row_filter: Option<String>,
        /// The columns that are open to the caller, in file order.
        pub columns: Vec<ColumnItem>,
    }

    /// Differential privacy, promised to each person to whom a twin was fitted.
    pub struct TwinItem {
        /// How it was fitted: `mst` or `aim`.
        pub mechanism: String,
        /// The privacy loss of one person, ε.
        pub epsilon: f64,
        /// The probability with which that may fail, δ.
        pub delta: f64,
        /// The table of persons with which it was fitted: ε and δ are those of a person with all rows of all tables,
        /// and count once. Absent where the table has a model of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub with: Option<String>,
    }

    /// A column of a table.
    pub struct ColumnItem {
        /// Its name.
        pub name: String,
        /// `boolean`, `int32`, `int64`, `float64`, `text`, `date` or `timestamp`.
        #[serde(rename = "type")]
        pub kind: String,
        /// Whether it may be null.
        pub nullable: bool,
        /// Unit of its numbers (UCUM).
        pub unit: Option<String>,
        /// What it means, in the caller's language.
        pub description: String,
        /// What was done to it on the way out, in the caller's language.
        pub deidentification: Option<String>,
    }

    /// One Parquet file of a table, as the caller may see it.
    pub struct FileItem {
        /// The file's identifier.
        pub id: String,
        /// The file's name within the table.
        pub name: String,
        /// A signed, absolute address of the file.
        pub url: String,
        /// When the address stops working, RFC 3339 UTC.
        pub expires_at: String,
        /// Size of what the address gives.
        pub size_bytes: u64,
        /// SHA-256 of what the address gives, lower-case hexadecimal.
        pub sha256: String,
        /// Number of rows.
        pub rows: u64,
    }

    /// A read-only SQL query.
    pub struct QueryBody {
        /// The SQL text, over `dataset.tier.table`.
        pub sql: String,
        /// At most so many rows; the server has its own limit too.
        pub limit: Option<u64>,
    }

    /// A query that runs without its caller, and where its result is.
    pub struct QueryJob {
        /// Its identifier, `job_…`.
        pub id: String,
        /// `running`, `succeeded` or `failed`.
        pub state: String,
        /// The SQL text.
        pub sql: String,
        /// The media type of the result.
        pub media_type: String,
        /// When it was submitted, RFC 3339 UTC.
        pub created_at: String,
        /// When it and its result are deleted, RFC 3339 UTC.
        pub expires_at: String,
        /// When it ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub finished_at: Option<String>,
        /// Rows of the result; absent as long as it is held.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub rows: Option<u64>,
        /// Bytes of the result; absent as long as it is held.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub size_bytes: Option<u64>,
        /// Why it failed: a code of the problems, and what to do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub problem: Option<QueryJobProblem>,
        /// Where the result is, once there is one that may leave; each fetch is decided, metered and recorded as any read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub result: Option<String>,
        /// How far the export of the result is; absent when the grant lets rows leave by themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub export: Option<ResultExport>,
    }

    /// How far the export of a result is.
    #[derive(Default)]
    pub struct ResultExport {
        /// `held` (nobody asked yet), `waiting` (on the hospital), `released`, `refused` or `lapsed`.
        pub state: String,
        /// Its identifier, `exp_…`, once it was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub id: Option<String>,
        /// Until when it is decided, and the result kept for that, RFC 3339 UTC.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub until: Option<String>,
        /// What the entries of the ledger about it have: SHA-256 of `salt` and `sha256` as written here, base64url.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub commitment: Option<String>,
        /// The salt of 32 bytes of `commitment`, base64url, once the result was released.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub salt: Option<String>,
        /// SHA-256 of the result that was looked at, hex, once it was released.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub sha256: Option<String>,
        /// Why it was refused, and what would pass.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub refusal: Option<String>,
    }

    /// That a company wants to take a result away.
    pub struct ExportBody {
        /// What the result is, and why nobody can be found in it: 20 to 4,000 characters, for those who decide.
        pub reason: String,
    }

    /// Why a query failed that ran without its caller.
    pub struct QueryJobProblem {
        /// A code as problems have them.
        pub code: String,
        /// What happened and what to do, in the caller's language.
        pub detail: String,
    }

    /// What was used in one period.
    pub struct UsageItem {
        /// Start of the period (an hour, a day in UTC, or a calendar month in Korea Standard Time), RFC 3339 UTC.
        pub period_start: String,
        /// The app; `null` when usage is not told apart by it, as with all the parts below.
        pub app: Option<String>,
        /// The dataset; empty when an operation has none.
        pub dataset: Option<String>,
        /// `synthetic` or `deidentified`; empty when an operation has none.
        pub tier: Option<String>,
        /// What was done, for instance `data.read_file`.
        pub operation: Option<String>,
        /// The grant; empty for what needs none.
        #[serde(default)]
        pub grant: Option<String>,
        /// Number of requests.
        pub requests: u64,
        /// Number of rows.
        pub rows: u64,
        /// Bytes of response bodies.
        pub bytes: u64,
    }

    /// An entry of the ledger that the app made. Its canonical bytes are its JSON with sorted keys and without spaces.
    pub struct ReceiptItem {
        /// Index of the entry.
        pub index: u64,
        /// The entry.
        pub entry: serde_json::Value,
        /// Its hash as a leaf of the tree (RFC 6962), base64.
        pub leaf_hash: String,
    }

    /// The proof that one tree begins with another (RFC 9162 section 2.1.4).
    pub struct ConsistencyProof {
        /// Size of the earlier tree.
        pub from: u64,
        /// Size of the later tree.
        pub to: u64,
        /// The hashes, base64.
        pub hashes: Vec<String>,
    }

    /// A year of the ledger that is over.
    pub struct LedgerYear {
        /// The year, in Korea Standard Time.
        pub year: u16,
        /// Index of its first entry.
        pub from: u64,
        /// Index after its last entry: the size of the tree that its checkpoint is over.
        pub until: u64,
        /// Index of the entry that closes it.
        pub entry: u64,
        /// The signed checkpoint that it ends with.
        pub checkpoint: String,
    }

    /// A checkpoint that the ledger begins with.
    pub struct CheckedCheckpoint {
        /// Size of the tree of the checkpoint that was sent.
        pub size: u64,
        /// The ledger's present checkpoint, a signed note.
        pub checkpoint: String,
        /// The proof that the present tree begins with the one that was sent; base64.
        pub hashes: Vec<String>,
    }

    /// An answer of the token endpoint (RFC 6749 section 5.1).
    pub struct TokenAnswer {
        /// The access token, a JWT (RFC 9068).
        pub access_token: String,
        /// `Bearer`, or `DPoP` for a token that is bound to a key.
        pub token_type: String,
        /// Seconds until it expires.
        pub expires_in: u64,
        /// The scopes it carries, separated by spaces.
        pub scope: String,
        /// Good for one further token; for devices alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub refresh_token: Option<String>,
    }

    /// What a device shows to the person before it, and how it goes on asking (RFC 8628 section 3.2).
    pub struct DeviceAnswer {
        /// What the device asks with.
        pub device_code: String,
        /// What the person types.
        pub user_code: String,
        /// Where the person types it.
        pub verification_uri: String,
        /// The same with the code filled in.
        pub verification_uri_complete: String,
        /// Seconds until both codes expire.
        pub expires_in: u64,
        /// Seconds between two questions.
        pub interval: u64,
    }

    /// A client as its registration stands (RFC 7591 section 3.2.1, RFC 7592 section 3).
    pub struct ClientInformation {
        /// Its `client_id`.
        pub client_id: String,
        /// Its secret, shown once, when it is registered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub client_secret: Option<String>,
        /// When it was registered, in seconds since 1970.
        pub client_id_issued_at: i64,
        /// When its secret ends, in seconds since 1970; 0 for never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub client_secret_expires_at: Option<i64>,
        /// Its name.
        pub client_name: String,
        /// The scopes it may be given, separated by spaces.
        pub scope: String,
        /// Always `client_credentials`.
        pub grant_types: Vec<String>,
        /// How it proves who it is.
        pub token_endpoint_auth_method: String,
        /// What its registration is read, changed and deleted with; another one after each change.
        pub registration_access_token: String,
        /// Where its registration is read, changed and deleted.
        pub registration_client_uri: String,
    }

    /// An error of an OAuth endpoint (RFC 6749 section 5.2).
    pub struct OAuthError {
        /// The code, from the RFC's registry.
        pub error: String,
        /// What to do about it, in ASCII.
        pub error_description: String,
        /// Where to read more; only for a superseded agreement.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub error_uri: Option<String>,
    }
}

/// What is counted: persons of one table, alone or by one or two columns, under differential privacy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StatisticsBody {
    /// The table, `dataset.table`.
    pub table: String,
    /// Which rows count: comparisons joined by `and`, as for `rows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// By what to count; nothing counts all persons.
    #[serde(default)]
    pub by: Vec<StatisticsDimension>,
    /// In how many cells one person is counted at most (1 when not given). In a table with several rows for a person a
    /// person may belong to several cells; more of them means more noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells_per_person: Option<u32>,
    /// What it costs of the privacy budget: a number with at most two decimals, for instance 0.1.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub epsilon: serde_json::Number,
}

/// A column to count by, and its bins: listed values, or ranges. Bins are given and not looked up, so that which values
/// occur is not told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StatisticsDimension {
    /// The column.
    pub column: String,
    /// One bin for each of these values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<Object>>))]
    pub values: Option<Vec<serde_json::Value>>,
    /// Edges of ranges in rising order: from each edge up to, and without, the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<Object>>))]
    pub edges: Option<Vec<serde_json::Value>>,
}

/// Counts of persons with noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatisticsAnswer {
    /// The dataset.
    pub dataset: String,
    /// The tier.
    pub tier: String,
    /// The version that was counted.
    pub version: u32,
    /// The table.
    pub table: String,
    /// What is counted: `persons`.
    pub unit: String,
    /// The columns counted by, in the order of the bins of a cell.
    pub by: Vec<String>,
    /// One for each combination of bins.
    pub cells: Vec<StatisticsCell>,
    /// Where the noise comes from: `discrete Laplace`.
    pub mechanism: String,
    /// The scale of the noise, in persons.
    pub scale: f64,
    /// The true count lies within this many persons of a count with a probability of at least 95 %.
    pub interval_95: u64,
    /// Counts below this are withheld.
    pub minimum: u64,
    /// What this query costs; a query that was asked before is not charged again.
    pub epsilon: f64,
    /// Whether it was charged now.
    pub charged: bool,
    /// What is left of the budget.
    pub budget: PrivacyBudget,
}

/// One cell of counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatisticsCell {
    /// The bin of each dimension: a value, or `from..to`.
    pub bins: Vec<String>,
    /// The count with noise; absent when it is below the minimum.
    pub count: Option<u64>,
}

/// What an organization may still learn of the persons in a dataset without a grant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PrivacyBudget {
    /// The dataset.
    pub dataset: String,
    /// The whole budget.
    pub epsilon_total: f64,
    /// What was spent.
    pub epsilon_spent: f64,
    /// What is left.
    pub epsilon_remaining: f64,
}
