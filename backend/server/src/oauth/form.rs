//! The body of a token request: form parameters, each at most once.

use super::refusal::Refusal;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use mudeung_core::secret::Secret;

/// The parameters of a token request. Those without a value count as absent, unknown ones are passed over.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub(super) grant_type: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Secret<String>>,
    pub(super) client_assertion: Option<Secret<String>>,
    pub(super) client_assertion_type: Option<String>,
    pub(super) assertion: Option<Secret<String>>,
    pub(super) resources: Vec<String>,
    pub(super) device_code: Option<Secret<String>>,
    pub(super) refresh_token: Option<Secret<String>>,
    pub(super) token: Option<String>,
    pub(super) token_type_hint: Option<String>,
}

impl Form {
    /// Reads a body.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        if !is_form(headers) {
            return Err(Refusal::invalid_request(
                "Send the parameters as application/x-www-form-urlencoded in the body.",
            ));
        }
        let text = std::str::from_utf8(body).ok();
        let pairs = text.and_then(|text| serde_urlencoded::from_str::<Vec<(String, String)>>(text).ok());
        let pairs = pairs.ok_or(Refusal::invalid_request("The body is not a form in UTF-8."))?;
        let mut form = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in pairs {
            // RFC 8707 allows several resources; nothing else may be repeated (RFC 6749 section 3.2).
            if name != "resource" && seen.contains(&name) {
                return Err(Refusal::invalid_request("A parameter is given more than once."));
            }
            if !value.is_empty() {
                form.take(&name, value);
            }
            if seen.len() < PARAMETERS_MAX {
                seen.push(name);
            } else {
                return Err(Refusal::invalid_request("There are too many parameters."));
            }
        }
        Ok(form)
    }

    /// Whether any part of `private_key_jwt` is there.
    pub(super) const fn has_assertion(&self) -> bool {
        self.client_assertion.is_some() || self.client_assertion_type.is_some()
    }

    fn take(&mut self, name: &str, value: String) {
        match name {
            "grant_type" => self.grant_type = Some(value),
            "scope" => self.scope = Some(value),
            "client_id" => self.client_id = Some(value),
            "client_secret" => self.client_secret = Some(Secret::new(value)),
            "client_assertion" => self.client_assertion = Some(Secret::new(value)),
            "client_assertion_type" => self.client_assertion_type = Some(value),
            "assertion" => self.assertion = Some(Secret::new(value)),
            "resource" => self.resources.push(value),
            "device_code" => self.device_code = Some(Secret::new(value)),
            "refresh_token" => self.refresh_token = Some(Secret::new(value)),
            "token" => self.token = Some(value),
            "token_type_hint" => self.token_type_hint = Some(value),
            _ => {}
        }
    }
}

/// More parameters than any client sends; bounds the search for repeated ones.
const PARAMETERS_MAX: usize = 64;

fn is_form(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE);
    let (Some(value), None) = (types.next(), types.next()) else { return false };
    let mut parts = value.to_str().unwrap_or_default().split(';').map(str::trim);
    let form = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    let utf8 = |part: &str| match part.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    };
    form && parts.all(utf8)
}
