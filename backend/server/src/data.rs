//! The data plane: catalogue, files, rows, query, and what an app may ask about its own use.
//!
//! Every read takes the same road: rate → decision → budget → INTENT, durable → bytes, each piece checked and paid
//! for → OUTCOME with what was really sent.

pub mod account;
pub mod body;
pub mod budget;
pub mod datasets;
pub mod documented;
pub mod files;
pub mod format;
pub mod jobs;
pub mod lease;
pub mod limits;
pub mod opening;
pub mod page;
pub mod params;
pub mod place;
pub mod query;
pub mod range;
pub mod read_file;
pub mod receipts;
pub mod rows;
pub mod shards;
pub mod signature;
pub mod standing;
pub mod state;
pub mod statistics;
pub mod stream;
pub mod synthesis;
pub mod tables;
pub mod throttle;
pub mod tiers;
pub mod usage;
pub mod usage_export;
pub mod view;
pub mod visit;

use crate::route::{Access, Recording, Route};
use actix_web::web;
use mudeung_core::scope::Scope;

const CATALOG: Access = Access::Token(&[Scope::CatalogRead]);
const READ: &[Scope] = &[Scope::DataRead, Scope::SyntheticRead];
const USAGE: Access = Access::Token(&[Scope::UsageRead]);
const OWN_FIGURES: Recording = Recording::Exempt("shows an app figures about itself, no data, and changes nothing");
const HEADERS_ALONE: Recording = Recording::Exempt("answers headers alone; the file's bytes are what is recorded");

macro_rules! route {
    ($method:ident $name:literal $path:literal, $operation:literal, $access:expr, $recording:expr, $handler:path) => {
        Route {
            method: $name,
            path: $path,
            operation: $operation,
            access: $access,
            recording: $recording,
            handler: || web::$method().to($handler),
        }
    };
}

/// The routes of the data plane.
pub static ROUTES: &[Route] = &[
    route!(get "GET" "/v1/datasets", "list_datasets", CATALOG, Recording::Entry, datasets::list_datasets),
    route!(get "GET" "/v1/datasets/{dataset}", "describe_dataset", CATALOG, Recording::Entry, datasets::describe_dataset),
    route!(get "GET" "/v1/datasets/{dataset}/{tier}", "describe_tier", CATALOG, Recording::Entry, tiers::describe_tier),
    route!(get "GET" "/v1/datasets/{dataset}/{tier}/versions", "list_versions", CATALOG, Recording::Entry, tiers::list_versions),
    route!(get "GET" "/v1/datasets/{dataset}/{tier}/tables/{table}", "describe_table", CATALOG, Recording::Entry, tables::describe_table),
    route!(get "GET" "/v1/datasets/{dataset}/{tier}/tables/{table}/files", "list_files", Access::Token(READ), Recording::Entry, files::list_files),
    route!(get "GET" "/v1/datasets/{dataset}/{tier}/tables/{table}/rows", "read_rows", Access::Token(READ), Recording::Entry, rows::read_rows),
    route!(get "GET" "/v1/files/{file}", "read_file", Access::SignedOrToken(READ), Recording::Entry, read_file::read_file),
    route!(head "HEAD" "/v1/files/{file}", "describe_file", Access::SignedOrToken(READ), HEADERS_ALONE, read_file::describe_file),
    route!(post "POST" "/v1/query", "run_query", Access::Token(&[Scope::QueryRun]), Recording::Entry, query::run_query),
    route!(get "GET" "/v1/query/jobs", "list_query_jobs", Access::Token(&[Scope::QueryRun]), OWN_FIGURES, jobs::list_query_jobs),
    route!(get "GET" "/v1/query/jobs/{job}", "read_query_job", Access::Token(&[Scope::QueryRun]), OWN_FIGURES, jobs::read_query_job),
    route!(get "GET" "/v1/query/jobs/{job}/result", "read_query_result", Access::Token(&[Scope::QueryRun]), Recording::Entry, jobs::read_query_result),
    route!(post "POST" "/v1/query/jobs/{job}/export", "export_query_result", Access::Token(&[Scope::QueryRun]), Recording::Entry, jobs::export_query_result),
    route!(delete "DELETE" "/v1/query/jobs/{job}", "delete_query_job", Access::Token(&[Scope::QueryRun]), Recording::Entry, jobs::delete_query_job),
    route!(post "POST" "/v1/synthetic/{dataset}/{table}", "generate_rows", Access::Token(&[Scope::SyntheticRead]), Recording::Entry, synthesis::generate_rows),
    route!(get "GET" "/v1/statistics", "list_privacy_budgets", Access::Token(&[Scope::QueryRun]), OWN_FIGURES, statistics::list_privacy_budgets),
    route!(post "POST" "/v1/statistics", "count_persons", Access::Token(&[Scope::QueryRun]), Recording::Entry, statistics::count_persons),
    route!(get "GET" "/v1/usage", "list_usage", USAGE, OWN_FIGURES, usage::list_usage),
    route!(get "GET" "/v1/quota", "list_quota", USAGE, OWN_FIGURES, account::list_quota),
    route!(get "GET" "/v1/grants", "list_grants", USAGE, OWN_FIGURES, account::list_grants),
    route!(get "GET" "/v1/access-requests", "list_access_requests", USAGE, OWN_FIGURES, account::list_access_requests),
    route!(get "GET" "/v1/webhooks", "list_webhooks", USAGE, OWN_FIGURES, account::list_webhooks),
    route!(get "GET" "/v1/webhooks/{webhook}/deliveries", "list_webhook_deliveries", USAGE, OWN_FIGURES, account::list_webhook_deliveries),
    route!(get "GET" "/v1/receipts/{index}", "read_receipt", Access::Token(&[Scope::ReceiptsRead]), OWN_FIGURES, receipts::read_receipt),
];
