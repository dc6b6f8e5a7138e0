//! `GET /v1/quota`, `/v1/grants`: what an app may know about itself.

use crate::auth::scope::UsageRead;
use crate::data::budget::meter::Meter;
use crate::data::budget::{GRANT, Reading};
use crate::data::documented::TokenProblems;
use crate::data::page::Window;
use crate::data::params::Params;
use crate::data::view::{self, rfc3339};
use crate::data::visit::Visit;
use crate::fault::Fault;
use actix_web::{HttpRequest, HttpResponse};
use mudeung_core::grant::Grant;
use mudeung_wire::api::{GrantItem, Page, QuotaItem};

/// The budgets of the app: of each live grant, and of synthetic data today.
#[utoipa::path(
    get, path = "/v1/quota", operation_id = "list_quota", tag = "account",
    params(
        ("cursor" = Option<String>, Query, description = "Where the page starts: `next_cursor` of the page before"),
        ("limit" = Option<u64>, Query, description = "Items on the page", minimum = 1),
    ),
    responses((status = 200, body = Page<QuotaItem>), TokenProblems), security(("oauth" = ["usage.read"])),
)]
pub async fn list_quota(visit: Visit<UsageRead>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["cursor", "limit"])?;
    let window = Window::of(&visit.app, "quota", &params)?;
    let (app, caller) = (&visit.app, visit.caller.principal.app);
    let snapshot = app.snapshots.present();
    let mut items = Vec::new();
    for grant in snapshot.live_grants(caller, app.clock.now()) {
        let reading = Reading { app: caller, grant: Some(grant), datasets: &[&grant.dataset] };
        let account = app.data.budgets.account(app, reading).await?;
        for meter in account.meters() {
            let own = (meter.policy() == GRANT).then_some(&**grant);
            items.push((
                own.map_or_else(|| meter.id().to_owned(), |grant| grant.id.to_string()),
                quota_item(meter, own),
            ));
        }
    }
    let reading = Reading { app: caller, grant: None, datasets: &[] };
    let synthetic = app.data.budgets.account(app, reading).await?;
    items.extend(synthetic.meters().iter().map(|meter| (meter.id().to_owned(), quota_item(meter, None))));
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    items.dedup_by(|(one, _), (other, _)| one == other);
    Ok(visit.show_own(&window.page(app, items)))
}

/// The grants of the app, also those that are over.
#[utoipa::path(
    get, path = "/v1/grants", operation_id = "list_grants", tag = "account",
    params(
        ("cursor" = Option<String>, Query, description = "Where the page starts: `next_cursor` of the page before"),
        ("limit" = Option<u64>, Query, description = "Items on the page", minimum = 1),
    ),
    responses((status = 200, body = Page<GrantItem>), TokenProblems), security(("oauth" = ["usage.read"])),
)]
pub async fn list_grants(visit: Visit<UsageRead>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["cursor", "limit"])?;
    let window = Window::of(&visit.app, "grants", &params)?;
    let snapshot = visit.app.snapshots.present();
    let grants = snapshot.grants.get(&visit.caller.principal.app).into_iter().flatten();
    let mut items: Vec<_> = grants.map(|grant| (grant.id.to_string(), view::grant(grant))).collect();
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(visit.show_own(&window.page(&visit.app, items)))
}

fn quota_item(account: &Meter, grant: Option<&Grant>) -> QuotaItem {
    let (limit, remaining) = (account.limit(), account.remaining());
    QuotaItem {
        grant: grant.map(|grant| grant.id.to_string()),
        dataset: grant.map(|grant| grant.dataset.to_string()).or_else(|| account.by().dataset.clone()),
        policy: account.policy().to_owned(),
        bytes_limit: limit.bytes,
        bytes_remaining: remaining.bytes,
        rows_limit: limit.rows,
        rows_remaining: remaining.rows,
        resets_at: account.resets_at().map(rfc3339),
    }
}
