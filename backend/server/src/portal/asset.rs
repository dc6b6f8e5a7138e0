//! The style sheet, the logo and the one script, named by their content so that browsers keep them for ever.

use super::page::harden;
use crate::fault::Fault;
use actix_web::body::MessageBody;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const STYLE: &str = include_str!("../../assets/portal.css");
const LOGO: &str = include_str!("../../assets/mudeung.svg");
const SCRIPT: &str = include_str!("../../assets/passkeys.js");

static STYLE_HREF: LazyLock<String> = LazyLock::new(|| href("portal", "css", STYLE));
static LOGO_HREF: LazyLock<String> = LazyLock::new(|| href("mudeung", "svg", LOGO));
static SCRIPT_HREF: LazyLock<String> = LazyLock::new(|| href("passkeys", "js", SCRIPT));

/// Address of the style sheet.
pub(super) fn style_href() -> &'static str {
    &STYLE_HREF
}

/// Address of the logo.
pub(super) fn logo_href() -> &'static str {
    &LOGO_HREF
}

/// Address of the script that asks browsers for passkeys.
pub(super) fn script_href() -> &'static str {
    &SCRIPT_HREF
}

fn href(name: &str, extension: &str, content: &str) -> String {
    let digest = Sha256::digest(content);
    let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("/assets/{name}-{short}.{extension}")
}

/// One asset.
pub(super) async fn read_asset(name: web::Path<String>) -> Result<HttpResponse, Fault> {
    let address = format!("/assets/{}", name.into_inner());
    let (content, kind) = match address.as_str() {
        address if address == style_href() => (STYLE, "text/css; charset=utf-8"),
        address if address == logo_href() => (LOGO, "image/svg+xml"),
        address if address == script_href() => (SCRIPT, "text/javascript; charset=utf-8"),
        _ => return Err(Fault::not_found()),
    };
    Ok(serve(content, kind, "public, max-age=31536000, immutable"))
}

/// The logo, where browsers look for one by themselves.
pub(super) async fn read_icon() -> HttpResponse {
    serve(LOGO, "image/svg+xml", "public, max-age=86400")
}

/// Something that the server carries, for as long as a browser may keep it.
pub(super) fn serve(content: impl MessageBody + 'static, kind: &str, cache: &str) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    harden(&mut answer, false);
    answer.insert_header((CONTENT_TYPE, kind)).insert_header((CACHE_CONTROL, cache)).body(content)
}
