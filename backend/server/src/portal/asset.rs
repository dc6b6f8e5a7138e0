//! Style sheets, the logo and scripts, named by their content so that browsers keep them for ever, and packed for the way.
//!
//! What others made is in `assets/vendor`, unchanged; a test holds each file against the hash that
//! `docs/decisions/0014-islands.md` names.

use super::page::harden;
use crate::fault::Fault;
use actix_web::body::MessageBody;
use actix_web::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::sync::OnceLock;

/// A file that pages ask for.
#[derive(Debug)]
pub(crate) struct Asset {
    name: &'static str,
    extension: &'static str,
    content: &'static str,
    made: OnceLock<Made>,
}

/// What follows from the content.
#[derive(Debug)]
struct Made {
    href: String,
    packed: Bytes,
}

macro_rules! assets {
    ($($name:ident = $stem:literal $extension:literal $path:literal;)*) => {
        $(pub(crate) static $name: Asset =
            Asset::new($stem, $extension, include_str!(concat!("../../assets/", $path)));)*

        /// All of them.
        static ALL: &[&Asset] = &[$(&$name),*];
    };
}

assets! {
    STYLE = "portal" "css" "portal.css";
    LOGO = "mudeung" "svg" "mudeung.svg";
    PASSKEYS = "passkeys" "js" "passkeys.js";
    HTMX = "htmx" "js" "vendor/htmx-2.0.11.min.js";
    LIVE = "live" "js" "live.js";
    UPLOT = "uplot" "js" "vendor/uplot-1.6.32.min.js";
    UPLOT_STYLE = "uplot" "css" "vendor/uplot-1.6.32.min.css";
    USAGE = "usage" "js" "usage.js";
    PLAYGROUND = "playground" "js" "playground.js";
    COLUMNS = "columns" "js" "columns.js";
    RECEIPTS = "receipts" "js" "receipts.js";
}

impl Asset {
    const fn new(name: &'static str, extension: &'static str, content: &'static str) -> Self {
        Self { name, extension, content, made: OnceLock::new() }
    }

    /// Its address.
    pub(crate) fn href(&'static self) -> &'static str {
        &self.made().href
    }

    fn made(&'static self) -> &'static Made {
        self.made.get_or_init(|| {
            let digest = Sha256::digest(self.content);
            let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            let href = format!("/assets/{}-{short}.{}", self.name, self.extension);
            Made { href, packed: pack(self.content.as_bytes()) }
        })
    }

    fn kind(&self) -> &'static str {
        match self.extension {
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "text/javascript; charset=utf-8",
        }
    }
}

/// The content in gzip; nothing of it where it cannot be packed.
fn pack(content: &[u8]) -> Bytes {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    let packed = packer.write_all(content).and_then(|()| packer.finish());
    packed.map(Bytes::from).unwrap_or_default()
}

/// One asset.
pub(super) async fn read_asset(name: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let address = format!("/assets/{}", name.into_inner());
    let asset = ALL.iter().find(|asset| asset.href() == address).ok_or_else(Fault::not_found)?;
    let Made { packed, .. } = asset.made();
    let (mut answer, kind) = (HttpResponse::Ok(), asset.kind());
    harden(&mut answer, false);
    answer.insert_header((CONTENT_TYPE, kind)).insert_header((VARY, "Accept-Encoding"));
    answer.insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"));
    if takes_gzip(&request) && !packed.is_empty() {
        return Ok(answer.insert_header((CONTENT_ENCODING, "gzip")).body(packed.clone()));
    }
    Ok(answer.body(asset.content))
}

/// Whether the one who asks can unpack gzip.
fn takes_gzip(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, ""));
        let refused = weight.trim().strip_prefix("q=0").is_some_and(|rest| rest.trim_matches(['.', '0']).is_empty());
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// The logo, where browsers look for one by themselves.
pub(super) async fn read_icon() -> HttpResponse {
    serve(LOGO.content, "image/svg+xml", "public, max-age=86400")
}

/// Something that the server carries, for as long as a browser may keep it.
pub(super) fn serve(content: impl MessageBody + 'static, kind: &str, cache: &str) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    harden(&mut answer, false);
    answer.insert_header((CONTENT_TYPE, kind)).insert_header((CACHE_CONTROL, cache)).body(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const DECISION: &str = include_str!("../../../../docs/decisions/0014-islands.md");

    #[test]
    fn what_others_made_is_unchanged_and_stands_beside_its_licence() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/vendor");
        let mut found = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.ends_with("LICENSE") {
                continue;
            }
            let maker = name.split('-').next().unwrap();
            assert!(path.with_file_name(format!("{maker}-LICENSE")).is_file(), "{name} has no licence");
            let digest = Sha256::digest(std::fs::read(&path).unwrap());
            let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let line =
                DECISION.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name} is not named"));
            assert!(line.contains(&hash), "{name} has the hash {hash}, not that of: {line}");
            found += 1;
        }
        assert!(found > 0);
    }

    #[test]
    fn scripts_are_packed_for_who_can_unpack_them() {
        let with = |accepted: &str| TestRequest::default().insert_header((ACCEPT_ENCODING, accepted)).to_http_request();
        for yes in ["gzip", "br, GZIP;q=0.5", "gzip;q=1.0"] {
            assert!(takes_gzip(&with(yes)), "{yes}");
        }
        for no in ["", "br", "gzip;q=0", "gzip; q=0.0", "gzipped"] {
            assert!(!takes_gzip(&with(no)), "{no}");
        }
        for asset in ALL {
            let mut unpacked = flate2::write::GzDecoder::new(Vec::new());
            unpacked.write_all(&asset.made().packed).unwrap();
            assert_eq!(unpacked.finish().unwrap(), asset.content.as_bytes(), "{}", asset.name);
        }
    }
}
