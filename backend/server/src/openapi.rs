//! The OpenAPI document, collected from the handlers.

use utoipa::OpenApi;

/// The document.
#[derive(OpenApi)]
#[openapi(info(title = "Mudeung"))]
struct Document;

/// The OpenAPI document as pretty JSON.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    Document::openapi().to_pretty_json()
}
