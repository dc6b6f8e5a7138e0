//! The API reference: the document, Swagger UI from its vendored files, and a page for every problem code.

use super::desk::Visitor;
use super::page::{self, Page, harden};
use super::texts::advice;
use crate::call::Language;
use crate::fault::Fault;
use crate::state::App;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_wire::problem::Code;
use std::sync::Arc;

/// Swagger UI needs its own script, calls to this server, and style attributes that its script writes. Nothing inline
/// runs, and nothing is loaded from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Starts Swagger UI on our document.
const START: &str = "SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, \
                     defaultModelsExpandDepth: 0, validatorUrl: null, withCredentials: false });\n";

/// The files of Swagger UI that are served.
const FILES: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

#[derive(Template)]
#[template(path = "reference.html")]
struct ReferencePage {
    logo: &'static str,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    page: Page,
    code: &'static str,
    status: u16,
    parts: Vec<Part>,
    all: Vec<CodeLine>,
}

struct Part {
    lang: &'static str,
    title: &'static str,
    advice: &'static str,
}

struct CodeLine {
    code: &'static str,
    status: u16,
    ko: &'static str,
    en: &'static str,
}

/// The OpenAPI document.
pub(super) async fn read_openapi(app: web::Data<App>) -> Result<HttpResponse, Fault> {
    let body = crate::openapi::openapi_json().map_err(|error| Fault::internal(error.to_string()))?;
    let mut answer = HttpResponse::Ok();
    harden(&mut answer, app.portal.secure);
    let typed = answer.insert_header((CONTENT_TYPE, "application/json")).insert_header((CACHE_CONTROL, "no-cache"));
    Ok(typed.body(body))
}

/// The API reference.
pub(super) async fn show_reference(app: web::Data<App>) -> Result<HttpResponse, Fault> {
    let shown = ReferencePage { logo: super::asset::LOGO.href() };
    let body = shown.render().map_err(|error| Fault::internal(error.to_string()))?;
    let mut answer = HttpResponse::Ok();
    harden(&mut answer, app.portal.secure);
    answer.insert_header((CONTENT_TYPE, "text/html; charset=utf-8")).insert_header((CONTENT_SECURITY_POLICY, POLICY));
    Ok(answer.body(body))
}

/// A file of the API reference.
pub(super) async fn read_reference_file(name: web::Path<String>) -> Result<HttpResponse, Fault> {
    let mut answer = HttpResponse::Ok();
    harden(&mut answer, false);
    answer.insert_header((CACHE_CONTROL, "public, max-age=86400"));
    if name.as_str() == "start.js" {
        return Ok(answer.insert_header((CONTENT_TYPE, "text/javascript; charset=utf-8")).body(START));
    }
    if !FILES.contains(&name.as_str()) {
        return Err(Fault::not_found());
    }
    let file = utoipa_swagger_ui::serve(&name, Arc::new(utoipa_swagger_ui::Config::from("/openapi.json")));
    let file = file.map_err(|error| Fault::internal(error.to_string()))?.ok_or_else(Fault::not_found)?;
    Ok(answer.insert_header((CONTENT_TYPE, file.content_type)).body(file.bytes.into_owned()))
}

/// What a problem code means, in both languages.
pub(super) async fn show_problem(visitor: Visitor, code: web::Path<String>) -> Result<HttpResponse, Fault> {
    let code = Code::parse(&code).ok_or_else(Fault::not_found)?;
    let mut order = [Language::Ko, Language::En];
    if visitor.page.language == Language::En {
        order.reverse();
    }
    let part = |language: Language| Part {
        lang: language.as_str(),
        title: language.pick(code.title_ko(), code.title_en()),
        advice: advice(code, language),
    };
    let line =
        |code: &Code| CodeLine { code: code.as_str(), status: code.status(), ko: code.title_ko(), en: code.title_en() };
    let shown = ProblemPage {
        code: code.as_str(),
        status: code.status(),
        parts: order.into_iter().map(part).collect(),
        all: Code::ALL.iter().map(line).collect(),
        page: visitor.page.clone(),
    };
    page::show(&visitor.page, StatusCode::OK, &shown)
}
