//! From an object to the address of its bytes.

use super::object::{ACCESS, Found, entry, found};
use crate::auth::scope::AnyRead;
use crate::data::budget::Reading;
use crate::data::documented::TokenProblems;
use crate::data::files::address;
use crate::data::place::Place;
use crate::data::visit::{Visit, Visitor};
use crate::fault::Fault;
use actix_web::{HttpResponse, web};
use serde_json::json;

const OPERATION: &str = "drs.access_object";

/// The signed address of a file. It needs no headers.
#[utoipa::path(
    get, path = "/ga4gh/drs/v1/objects/{object}/access/{access}", operation_id = "read_object_access", tag = "drs",
    params(
        ("object" = String, Path, description = "The file's identifier"),
        ("access" = String, Path, description = "`https`"),
    ),
    responses((status = 200, description = "`{url, headers}`", body = serde_json::Value), TokenProblems),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn read_object_access(
    visit: Visit<AnyRead>,
    ids: web::Path<(String, String)>,
) -> Result<HttpResponse, Fault> {
    answer(&visit, &ids).await
}

/// The same by `POST`, whose body would hold passports; they are not looked at.
#[utoipa::path(
    post, path = "/ga4gh/drs/v1/objects/{object}/access/{access}", operation_id = "post_object_access", tag = "drs",
    params(
        ("object" = String, Path, description = "The file's identifier"),
        ("access" = String, Path, description = "`https`"),
    ),
    responses((status = 200, description = "`{url, headers}`", body = serde_json::Value), TokenProblems),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"])),
)]
pub async fn post_object_access(
    visit: Visit<AnyRead>,
    ids: web::Path<(String, String)>,
) -> Result<HttpResponse, Fault> {
    answer(&visit, &ids).await
}

async fn answer(visitor: &Visitor, (object, access): &(String, String)) -> Result<HttpResponse, Fault> {
    let found = found(visitor, OPERATION, object).await?;
    let Found::File(permit, id) = &found else {
        return Err(visitor.refuse(OPERATION, &Place::default(), Fault::not_found()).await);
    };
    let table = permit.table().ok_or_else(Fault::not_found)?;
    let file = table.files.iter().find(|file| file.id == *id).filter(|_| access == ACCESS);
    let Some(file) = file else {
        return Err(visitor.refuse(OPERATION, &Place::default(), Fault::not_found()).await);
    };
    let reading = Reading {
        app: visitor.caller.principal.app,
        grant: permit.grant.as_deref(),
        datasets: &[&permit.version.dataset],
    };
    let account = visitor.app.data.budgets.account(&visitor.app, reading).await?;
    if let Some(short) = account.empty() {
        let fault = short.fault(visitor.app.clock.now());
        return Err(crate::record::refuse(&visitor.app, entry(visitor, OPERATION, &found), fault).await);
    }
    let listing = visitor.note(entry(visitor, OPERATION, &found)).await?;
    let (url, _) = address(visitor, permit, file, listing);
    Ok(visitor.answer_noted(listing).json(json!({ "url": url, "headers": [] })))
}
