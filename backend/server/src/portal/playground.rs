//! The interface, to try out: all operations, and for each a page with what it takes, as a command and as a form.
//!
//! The form is sent by the browser (`assets/playground.js`). The token is one that is pasted, or that the page gets for a
//! credential; neither is kept. Without scripts the pages are documentation with commands to copy.

mod operations;

use super::desk::Visitor;
use super::island::Island;
use super::page::{self, Page, query_value};
use super::texts::PlaygroundTexts;
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use operations::{Field, Operation, all, find, tags};

/// The longest value that an address puts into a field, in characters.
const VALUE_MAX: usize = 200;

#[derive(Template)]
#[template(path = "playground.html")]
struct PlaygroundPage {
    page: Page,
    t: &'static PlaygroundTexts,
    groups: Vec<Group>,
}

struct Group {
    name: &'static str,
    about: &'static str,
    operations: Vec<&'static Operation>,
}

#[derive(Template)]
#[template(path = "operation.html")]
struct OperationPage {
    page: Page,
    t: &'static PlaygroundTexts,
    operation: &'static Operation,
    fields: Vec<Filled>,
    command: String,
    base: String,
    /// The published credential, which opens synthetic data alone.
    sandbox: Option<(String, String)>,
}

/// A field with what stands in it.
struct Filled {
    field: &'static Field,
    value: String,
}

/// Shows all operations.
pub(super) async fn show_playground(visitor: Visitor) -> Result<HttpResponse, Fault> {
    let page = visitor.page;
    let group = |(name, about): &'static (String, String)| Group {
        name,
        about,
        operations: all().iter().filter(|operation| operation.tag == *name).collect(),
    };
    let groups = tags().iter().map(group).filter(|group| !group.operations.is_empty()).collect();
    let shown = PlaygroundPage { t: PlaygroundTexts::of(page.language), groups, page: page.clone() };
    page::show(&page, StatusCode::OK, &shown)
}

/// Shows one operation, its fields filled in by the address.
pub(super) async fn show_operation(
    visitor: Visitor,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let operation = find(&id).ok_or_else(Fault::not_found)?;
    let page = visitor.page.with(Island::Playground);
    let value = |field: &Field| query_value(request.query_string(), &field.name).filter(|_| !field.secret);
    let filled = |field: &'static Field| Filled {
        value: value(field).unwrap_or_default().chars().take(VALUE_MAX).collect(),
        field,
    };
    let config = &visitor.app.config;
    let shown = OperationPage {
        t: PlaygroundTexts::of(page.language),
        operation,
        fields: operation.fields.iter().map(filled).collect(),
        command: command(operation, &config.http.public_url),
        base: config.http.public_url.clone(),
        sandbox: config.sandbox.as_ref().map(|it| (it.client_id.clone(), it.client_secret.clone())),
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// The command that asks for an operation, with the names of what is to be filled in.
fn command(operation: &Operation, base: &str) -> String {
    let mut command = match operation.method.as_str() {
        "GET" => "curl".to_owned(),
        "HEAD" => "curl -I".to_owned(),
        method => format!("curl -X {method}"),
    };
    if operation.takes_token {
        command.push_str(" \\\n  -H \"Authorization: Bearer $TOKEN\"");
    }
    for field in operation.fields.iter().filter(|field| field.required && field.place == "form") {
        command.push_str(&format!(" \\\n  --data-urlencode '{}={}'", field.name, field.name.to_uppercase()));
    }
    if let Some(body) = &operation.body {
        command
            .push_str(&format!(" \\\n  -H 'Content-Type: {}' \\\n  --data-binary '{}'", body.media_type, body.example));
    }
    let needed: Vec<String> = operation
        .fields
        .iter()
        .filter(|field| field.required && field.place == "query")
        .map(|field| format!("{}={}", field.name, field.name.to_uppercase()))
        .collect();
    let query = if needed.is_empty() { String::new() } else { format!("?{}", needed.join("&")) };
    format!("{command} \\\n  '{base}{}{query}'", operation.path)
}
