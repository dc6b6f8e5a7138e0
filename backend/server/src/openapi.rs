//! The OpenAPI document, collected from the handlers.

use utoipa::OpenApi;
use utoipa::openapi::Server;

/// The document.
#[derive(OpenApi)]
#[openapi(info(title = "Mudeung"))]
struct Document;

/// The document of a server at that address.
pub fn document(address: &str) -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    document.servers = Some(vec![Server::new(address)]);
    document
}

/// The OpenAPI document as pretty JSON, for a server on the demo's address.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    document("http://127.0.0.1:8080").to_pretty_json()
}
