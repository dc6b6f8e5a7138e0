//! `GET /v1/quota`, `/v1/grants`, `/v1/access-requests`, `/v1/webhooks`: what an app may know about itself and its company.

use crate::auth::scope::UsageRead;
use crate::data::budget::meter::Meter;
use crate::data::budget::{GRANT, Reading};
use crate::data::documented::TokenProblems;
use crate::data::page::Window;
use crate::data::params::Params;
use crate::data::view::{self, rfc3339};
use crate::data::visit::Visit;
use crate::fault::Fault;
use crate::post::webhook::message_id;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::grant::Grant;
use mudeung_core::id::{OrganizationId, RequestId, WebhookId};
use mudeung_core::request::AccessRequest;
use mudeung_core::request::ruling::{House, Side};
use mudeung_store::Conn;
use mudeung_store::outbox::{self, Channel, Delivery, DeliveryState};
use mudeung_store::requests::{self, RequestsOf};
use mudeung_store::webhooks::{self, Webhook};
use mudeung_wire::api::{AccessRequestItem, GrantItem, Page, QuotaItem, WebhookDeliveryItem, WebhookItem};

/// The most that a list is made of.
const LISTED_MAX: i64 = 1_000;

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

/// The access requests for the app, also those that are over: where each stands, since when, and whom it waits on. The
/// latest 1,000.
#[utoipa::path(
    get, path = "/v1/access-requests", operation_id = "list_access_requests", tag = "account",
    params(
        ("cursor" = Option<String>, Query, description = "Where the page starts: `next_cursor` of the page before"),
        ("limit" = Option<u64>, Query, description = "Items on the page", minimum = 1),
    ),
    responses((status = 200, body = Page<AccessRequestItem>), TokenProblems), security(("oauth" = ["usage.read"])),
)]
pub async fn list_access_requests(visit: Visit<UsageRead>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["cursor", "limit"])?;
    let window = Window::of(&visit.app, "access-requests", &params)?;
    let (caller, organization) = (visit.caller.principal.app, organization_of(&visit)?);
    let list = move |conn: &mut Conn| {
        let of = RequestsOf::Organization(organization);
        Ok((requests::list_requests(conn, of, None, LISTED_MAX)?, requests::list_open(conn, of)?))
    };
    let (all, open) = visit.app.db.read("list access requests", list).await?;
    let side =
        |id: RequestId| open.iter().find(|filed| filed.request.id == id).and_then(|filed| House::side(&filed.case));
    let own = all.into_iter().filter(|request| request.app == caller);
    let mut items: Vec<_> =
        own.map(|request| (request.id.to_string(), request_item(&request, side(request.id)))).collect();
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(visit.show_own(&window.page(&visit.app, items)))
}

/// The webhooks of the app's company.
#[utoipa::path(
    get, path = "/v1/webhooks", operation_id = "list_webhooks", tag = "account",
    params(
        ("cursor" = Option<String>, Query, description = "Where the page starts: `next_cursor` of the page before"),
        ("limit" = Option<u64>, Query, description = "Items on the page", minimum = 1),
    ),
    responses((status = 200, body = Page<WebhookItem>), TokenProblems), security(("oauth" = ["usage.read"])),
)]
pub async fn list_webhooks(visit: Visit<UsageRead>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["cursor", "limit"])?;
    let window = Window::of(&visit.app, "webhooks", &params)?;
    let organization = organization_of(&visit)?;
    let list = move |conn: &mut Conn| webhooks::list_webhooks(conn, Some(organization));
    let all = visit.app.db.read("list webhooks", list).await?;
    let mut items: Vec<_> = all.iter().map(|webhook| (webhook.id.to_string(), webhook_item(webhook))).collect();
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(visit.show_own(&window.page(&visit.app, items)))
}

/// What a webhook was told and will be, the latest 1,000.
#[utoipa::path(
    get, path = "/v1/webhooks/{webhook}/deliveries", operation_id = "list_webhook_deliveries", tag = "account",
    params(
        ("webhook" = String, Path, description = "The webhook's identifier"),
        ("cursor" = Option<String>, Query, description = "Where the page starts: `next_cursor` of the page before"),
        ("limit" = Option<u64>, Query, description = "Items on the page", minimum = 1),
    ),
    responses((status = 200, body = Page<WebhookDeliveryItem>), TokenProblems), security(("oauth" = ["usage.read"])),
)]
pub async fn list_webhook_deliveries(
    visit: Visit<UsageRead>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["cursor", "limit"])?;
    let id: WebhookId = id.parse().ok().ok_or_else(Fault::not_found)?;
    let window = Window::of(&visit.app, &format!("webhook {id}"), &params)?;
    let organization = organization_of(&visit)?;
    let list = move |conn: &mut Conn| {
        let own = webhooks::find_webhook(conn, id)?.filter(|webhook| webhook.organization == organization);
        own.map(|_| outbox::list_deliveries(conn, Channel::Webhook, Some(&id.to_string()), LISTED_MAX)).transpose()
    };
    let all = visit.app.db.read("list webhook deliveries", list).await?.ok_or_else(Fault::not_found)?;
    let mut items: Vec<_> = all.iter().map(|delivery| (delivery.id.clone(), delivery_item(delivery))).collect();
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(visit.show_own(&window.page(&visit.app, items)))
}

fn organization_of(visit: &Visit<UsageRead>) -> Result<OrganizationId, Fault> {
    let snapshot = visit.app.snapshots.present();
    snapshot.apps.get(&visit.caller.principal.app).map(|app| app.organization).ok_or_else(Fault::not_found)
}

fn request_item(request: &AccessRequest, side: Option<Side>) -> AccessRequestItem {
    AccessRequestItem {
        id: request.id.to_string(),
        dataset: request.dataset.to_string(),
        purpose: request.purpose.clone(),
        state: request.state.as_str().to_owned(),
        since: rfc3339(request.state.since().unwrap_or(request.created_at)),
        waits_on: side.map_or("nobody", Side::as_str).to_owned(),
        created_at: rfc3339(request.created_at),
        submitted_at: request.submitted_at.map(rfc3339),
    }
}

fn webhook_item(webhook: &Webhook) -> WebhookItem {
    WebhookItem {
        id: webhook.id.to_string(),
        url: webhook.url.clone(),
        topics: webhook.topics.iter().map(|topic| topic.as_str().to_owned()).collect(),
        state: webhook.state.as_str().to_owned(),
        created_at: rfc3339(webhook.created_at),
    }
}

fn delivery_item(delivery: &Delivery) -> WebhookDeliveryItem {
    let waits = matches!(delivery.state, DeliveryState::Waiting);
    WebhookDeliveryItem {
        id: message_id(delivery),
        topic: delivery.topic.clone(),
        state: delivery.state.as_str().to_owned(),
        attempts: delivery.attempts,
        created_at: rfc3339(delivery.created_at),
        due_at: waits.then(|| rfc3339(delivery.due_at)),
        problem: delivery.problem.clone(),
    }
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
