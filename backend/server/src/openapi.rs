//! The OpenAPI document, collected from the handlers. The golden file `docs/openapi.json` holds it; its test says how to
//! renew it.

use mudeung_core::scope::Scope;
use utoipa::openapi::security::{ClientCredentials, Flow, Http, HttpAuthScheme, OAuth2, Scopes, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mudeung",
        description = "Open healthcare data sandbox. Get a token from `POST /oauth2/token` (client credentials), then \
                       read tables as files, rows or SQL. Synthetic data is open to every app; de-identified data opens \
                       through grants. Errors are RFC 9457 problems; see `/docs/problems/{code}`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "oauth", description = "Tokens, and the documents that describe them"),
        (name = "catalogue", description = "What there is: datasets, tiers, versions, tables, columns"),
        (name = "data", description = "Reading: files, rows, SQL"),
        (name = "sharing", description = "The Delta Sharing protocol: share = dataset, schema = tier, table = table"),
        (name = "drs", description = "GA4GH Data Repository Service 1.5: files and bundles with checksums"),
        (name = "account", description = "An app's own usage, quota, grants and receipts"),
        (name = "ledger", description = "Checkpoint and tiles of the tamper-evident ledger"),
        (name = "operations", description = "Health and metrics"),
    ),
    paths(
        crate::oauth::issue_token::issue_token,
        crate::oauth::device::authorize_device,
        crate::oauth::revoke_token::revoke_token,
        crate::oauth::introspect_token::introspect_token,
        crate::oauth::validate_assertion::validate_assertion,
        crate::oauth::register::register_client,
        crate::oauth::register::manage::read_client,
        crate::oauth::register::manage::update_client,
        crate::oauth::register::manage::delete_client,
        crate::oauth::key_set::read_key_set,
        crate::oauth::metadata::describe_authorization_server,
        crate::oauth::metadata::describe_protected_resource,
        crate::oauth::metadata::describe_protected_dataset,
        crate::data::datasets::list_datasets,
        crate::data::datasets::describe_dataset,
        crate::data::tiers::describe_tier,
        crate::data::tiers::list_versions,
        crate::data::tables::describe_table,
        crate::data::files::list_files,
        crate::data::rows::read_rows,
        crate::data::synthesis::generate_rows,
        crate::data::read_file::read_file,
        crate::data::read_file::describe_file,
        crate::data::query::run_query,
        crate::data::jobs::list_query_jobs,
        crate::data::jobs::read_query_job,
        crate::data::jobs::read_query_result,
        crate::data::jobs::export_query_result,
        crate::data::jobs::delete_query_job,
        crate::data::statistics::list_privacy_budgets,
        crate::data::statistics::count_persons,
        crate::data::usage::list_usage,
        crate::data::account::list_quota,
        crate::data::account::list_grants,
        crate::data::account::list_access_requests,
        crate::data::account::list_webhooks,
        crate::data::account::list_webhook_deliveries,
        crate::data::receipts::read_receipt,
        crate::sharing::list::list_shares,
        crate::sharing::list::read_share,
        crate::sharing::list::list_schemas,
        crate::sharing::list::list_tables,
        crate::sharing::list::list_all_tables,
        crate::sharing::list::read_shared_table,
        crate::sharing::version::head_table_version,
        crate::sharing::version::read_table_version,
        crate::sharing::metadata::read_table_metadata,
        crate::sharing::query::query_shared_table,
        crate::sharing::changes::read_table_changes,
        crate::drs::info::read_service_info,
        crate::drs::info::describe_object_authorization,
        crate::drs::object::read_object,
        crate::drs::object::read_objects,
        crate::drs::access::read_object_access,
        crate::drs::access::post_object_access,
        crate::audit::list_entries::list_entries,
        crate::ledger::read_checkpoint::read_checkpoint,
        crate::ledger::read_tile::read_tile,
        crate::ledger::read_verifier::read_verifier,
        crate::ledger::read_consistency::read_consistency,
        crate::ledger::list_years::list_years,
        crate::ledger::check_checkpoint::check_checkpoint,
        crate::operations::check_health::check_health,
        crate::operations::check_readiness::check_readiness,
        crate::operations::read_metrics::read_metrics,
    ),
    components(schemas(mudeung_wire::problem::Problem, mudeung_wire::problem::InvalidParameter)),
    modifiers(&SecuritySchemes),
)]
struct Document;

/// How callers prove who they are.
struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scopes = Scopes::from_iter(Scope::ALL.iter().map(|scope| (scope.as_str(), describe(*scope))));
        let flow = Flow::ClientCredentials(ClientCredentials::new("/oauth2/token", scopes));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("oauth", SecurityScheme::OAuth2(OAuth2::new([flow])));
        components.add_security_scheme("basic", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
    }
}

const fn describe(scope: Scope) -> &'static str {
    match scope {
        Scope::CatalogRead => "List datasets, read schemas and dictionaries",
        Scope::DataRead => "Read de-identified data within grants",
        Scope::SyntheticRead => "Read synthetic data",
        Scope::QueryRun => "Run read-only SQL",
        Scope::UsageRead => "Read the app's own usage",
        Scope::ReceiptsRead => "Read the app's own receipts",
        Scope::RequestsWrite => "File access requests",
        Scope::AdminRequests => "Decide on access requests",
        Scope::AdminCatalog => "Publish and withdraw datasets",
        Scope::AdminLedger => "Read the whole ledger",
        Scope::AdminOrgs => "Manage organizations and apps",
    }
}

/// The OpenAPI document as pretty JSON, with a line break at its end.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    Document::openapi().to_pretty_json().map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

    #[test]
    fn the_document_is_the_golden_file() {
        let document = openapi_json().unwrap();
        if std::env::var_os("MUDEUNG_UPDATE_GOLDEN").is_some() {
            std::fs::write(GOLDEN, &document).unwrap();
        }
        let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
        let hint = "docs/openapi.json differs; if the change is wanted, run this test with MUDEUNG_UPDATE_GOLDEN=1";
        assert!(golden == document, "{hint}");
    }

    #[test]
    fn the_document_lists_exactly_the_routes_of_the_interface() {
        let document: serde_json::Value = serde_json::from_str(&openapi_json().unwrap()).unwrap();
        let mut documented = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap().to_owned();
                documented.insert((method.to_uppercase(), path.clone(), name));
            }
        }
        let pages: BTreeSet<&str> = crate::portal::ROUTES.iter().map(|route| route.path).collect();
        let served: BTreeSet<_> = crate::route::table()
            .filter(|route| !pages.contains(route.path))
            .map(|route| (route.method.to_owned(), route.path.replace(":.*}", "}"), route.operation.to_owned()))
            .collect();
        assert_eq!(documented, served);
    }

    #[test]
    fn every_reference_in_the_document_leads_somewhere() {
        let text = openapi_json().unwrap();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        for part in text.split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name} is missing");
        }
    }
}
