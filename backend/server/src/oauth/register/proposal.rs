//! What a program may say of the app it registers, and what of it is taken.

use crate::oauth::refusal::Refusal;
use crate::portal::fields::is_invisible;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use mudeung_core::scope::ScopeSet;
use serde::Deserialize;
use serde_json::Value;

const NAME_MAX: usize = 60;
const METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];

/// Metadata as it is sent (RFC 7591 section 2). What is not named here is passed over: `redirect_uris`, addresses and
/// contacts mean nothing to `client_credentials`.
#[derive(Deserialize)]
struct Sent {
    client_id: Option<String>,
    client_secret: Option<String>,
    client_name: Option<String>,
    scope: Option<String>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    jwks: Option<Value>,
    jwks_uri: Option<Value>,
    software_statement: Option<Value>,
}

/// What is taken of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<String>,
    pub(super) name: String,
    pub(super) scopes: ScopeSet,
    pub(super) method: String,
}

impl Proposal {
    /// Reads a body.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::invalid_request("Send the metadata as application/json in the body."));
        }
        let sent: Option<Sent> = serde_json::from_slice(body).ok();
        sent.ok_or(Refusal::invalid_client_metadata("The body is not a JSON object of client metadata."))?.take()
    }
}

impl Sent {
    fn take(self) -> Result<Proposal, Refusal> {
        const WRONG: fn(&'static str) -> Refusal = Refusal::invalid_client_metadata;
        if self.software_statement.is_some() {
            return Err(Refusal::unapproved_software_statement());
        }
        if self.jwks_uri.is_some() {
            return Err(WRONG("jwks_uri is not taken: the server fetches no addresses."));
        }
        if self.jwks.is_some() {
            return Err(WRONG("jwks is not taken here. Register the key on the app's page in the portal."));
        }
        let method = self.token_endpoint_auth_method.unwrap_or_else(|| "client_secret_basic".to_owned());
        if !METHODS.contains(&method.as_str()) {
            return Err(WRONG("token_endpoint_auth_method must be client_secret_basic or client_secret_post."));
        }
        if self.grant_types.is_some_and(|types| types.iter().any(|name| name != "client_credentials")) {
            return Err(WRONG("grant_types must be client_credentials alone."));
        }
        if self.response_types.is_some_and(|types| !types.is_empty()) {
            return Err(WRONG("response_types must be empty: there is no authorization endpoint."));
        }
        let name = self.client_name.unwrap_or_default();
        let plain = |letter: char| !(letter.is_control() || is_invisible(letter) || matches!(letter, '<' | '>'));
        let length = name.chars().count();
        if !(1..=NAME_MAX).contains(&length) || name.trim() != name || !name.chars().all(plain) {
            return Err(WRONG("client_name must have 1 to 60 visible characters and no markup."));
        }
        let company = ScopeSet::company();
        let scopes = self.scope.map_or_else(|| company.clone(), |text| ScopeSet::parse(&text).intersection(&company));
        if scopes.is_empty() {
            return Err(WRONG("scope names nothing that an app of a company may have."));
        }
        Ok(Proposal { client_id: self.client_id, client_secret: self.client_secret, name, scopes, method })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(body: &[u8]) -> Result<Proposal, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Proposal::read(&headers, body)
    }

    #[test]
    fn what_could_deceive_or_cannot_be_kept_is_refused() {
        let good = json!({ "client_name": "위험도 model", "redirect_uris": ["https://x.example/"], "contacts": ["a"] });
        assert_eq!(read(good.to_string().as_bytes()).unwrap().name, "위험도 model");
        for wrong in [
            json!({}),
            json!([]),
            json!({ "client_name": "" }),
            json!({ "client_name": " a" }),
            json!({ "client_name": "a\u{202e}b" }),
            json!({ "client_name": "a\u{0}b" }),
            json!({ "client_name": "<b>a</b>" }),
            json!({ "client_name": "x".repeat(61) }),
            json!({ "client_name": 3 }),
            json!({ "client_name": "a", "scope": "admin.orgs" }),
            json!({ "client_name": "a", "grant_types": ["authorization_code"] }),
            json!({ "client_name": "a", "response_types": ["code"] }),
            json!({ "client_name": "a", "token_endpoint_auth_method": "none" }),
            json!({ "client_name": "a", "jwks_uri": "https://x.example/" }),
            json!({ "client_name": "a", "jwks": {} }),
        ] {
            let refusal = read(wrong.to_string().as_bytes()).unwrap_err();
            assert_eq!(refusal.error(), "invalid_client_metadata", "{wrong}");
        }
        let statement = json!({ "client_name": "a", "software_statement": "x.y.z" });
        assert_eq!(read(statement.to_string().as_bytes()).unwrap_err().error(), "unapproved_software_statement");
    }

    proptest! {
        #[test]
        fn any_body_is_taken_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read(&body).is_err());
        }
    }
}
