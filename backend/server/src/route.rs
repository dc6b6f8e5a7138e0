//! The route table: every method and path there is, who may enter, and whether it leaves an entry. It builds the
//! application; the tests walk it.

use crate::fault::Fault;
use crate::idempotency;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use mudeung_core::member::Role;
use mudeung_core::scope::Scope;
use mudeung_wire::problem::Code;
use std::future::{Ready, ready};

/// Who may enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Public,
    /// An app that proves who it is with its own credential in the request.
    Client,
    /// A bearer token with at least one of these scopes.
    Token(&'static [Scope]),
    /// A signed address, or a bearer token with at least one of these scopes.
    SignedOrToken(&'static [Scope]),
    /// A member signed in to the portal with at least one of these roles; any role when there are none.
    Session(&'static [Role]),
}

/// Whether a call leaves an entry in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    /// It does.
    Entry,
    /// It does not, because it neither reads data nor changes anything; with the reason.
    Exempt(&'static str),
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The HTTP method, upper case.
    pub method: &'static str,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// The handler's name, which is the operation id of the OpenAPI document.
    pub operation: &'static str,
    /// Who may enter.
    pub access: Access,
    /// Whether a call leaves an entry.
    pub recording: Recording,
    /// The handler with its method guard.
    pub handler: fn() -> actix_web::Route,
}

/// Every route, in the order in which paths are matched.
pub fn table() -> impl Iterator<Item = &'static Route> {
    let rooms: [&'static [Route]; 8] = [
        crate::operations::ROUTES,
        crate::oauth::ROUTES,
        crate::data::ROUTES,
        crate::sharing::ROUTES,
        crate::drs::ROUTES,
        crate::ledger::ROUTES,
        crate::audit::ROUTES,
        crate::portal::ROUTES,
    ];
    rooms.into_iter().flatten()
}

/// Mounts the whole table.
pub fn configure(service: &mut web::ServiceConfig) {
    let mut paths: Vec<&'static str> = Vec::new();
    for route in table() {
        if !paths.contains(&route.path) {
            paths.push(route.path);
        }
    }
    for path in paths {
        let mut resource = web::resource(path);
        for route in table().filter(|route| route.path == path) {
            let handler = (route.handler)();
            let handler = if idempotency::covers(route) { handler.wrap(from_fn(idempotency::once)) } else { handler };
            resource = resource.route(handler);
        }
        service.service(resource.default_service(web::to(move |_: HttpRequest| refuse_method(path))));
    }
}

/// The path is there, the method is not.
fn refuse_method(path: &'static str) -> Ready<HttpResponse> {
    let methods: Vec<&str> = table().filter(|route| route.path == path).map(|route| route.method).collect();
    let allowed = methods.join(", ");
    let fault = Fault::new(
        Code::MethodNotAllowed,
        format!("This address answers {allowed}."),
        format!("이 주소에서 사용할 수 있는 메서드: {allowed}"),
    );
    ready(match HeaderValue::from_str(&allowed) {
        Ok(value) => fault.header(ALLOW, value).error_response(),
        Err(_) => fault.error_response(),
    })
}

/// Whatever is not in the table.
pub async fn refuse_path() -> HttpResponse {
    Fault::not_found().error_response()
}
