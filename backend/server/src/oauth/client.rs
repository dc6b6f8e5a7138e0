//! Who asks for a token, and whether the secret says so too.

use super::form::Form;
use super::refusal::Refusal;
use super::secrets;
use super::tokens::Subject;
use crate::keys::Keys;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use mudeung_core::app::ClientAuthentication;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::AppId;
use mudeung_core::policy::{Principal, Snapshot};
use mudeung_core::scope::ScopeSet;
use mudeung_core::secret::Secret;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// What a client presents of itself.
#[derive(Debug)]
pub(super) struct Presented {
    /// The `client_id`, as it was sent.
    pub(super) id: String,
    secret: Secret<String>,
    /// Whether it came in the `Authorization` header.
    pub(super) by_header: bool,
}

/// Padding is often forgotten; that much is forgiven.
const BASIC: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Presented {
    /// Finds the one proof in a request: `client_secret_basic` or `client_secret_post`, never both.
    pub(super) fn find(headers: &HeaderMap, form: &Form) -> Result<Self, Refusal> {
        let mut values = headers.get_all(AUTHORIZATION);
        let Some(header) = values.next() else { return Self::in_body(form) };
        if values.next().is_some() {
            return Err(Refusal::invalid_request("Send one Authorization header, not several."));
        }
        if form.client_secret.is_some() || form.has_assertion {
            return Err(Refusal::invalid_request("Authenticate in one way only: by header or in the body."));
        }
        let presented = header.to_str().ok().and_then(basic).ok_or(Refusal::invalid_client(true))?;
        if form.client_id.as_ref().is_some_and(|id| *id != presented.id) {
            return Err(Refusal::invalid_request("The client_id in the body differs from the one in the header."));
        }
        Ok(presented)
    }

    fn in_body(form: &Form) -> Result<Self, Refusal> {
        match (&form.client_id, &form.client_secret, form.has_assertion) {
            (_, Some(_), true) => {
                Err(Refusal::invalid_request("Authenticate in one way only: by secret or assertion."))
            }
            (Some(id), Some(secret), false) => Ok(Self { id: id.clone(), secret: secret.clone(), by_header: false }),
            _ => Err(Refusal::invalid_client(false)),
        }
    }
}

/// Reads `Basic <base64 of id:secret>`, where both halves are form-encoded (RFC 6749 section 2.3.1). Identifiers and
/// secrets of ours hold no character that the encoding changes, so clients that forget it are understood all the same.
fn basic(header: &str) -> Option<Presented> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Secret::new(BASIC.decode(encoded.trim()).ok()?);
    let (id, secret) = std::str::from_utf8(decoded.expose()).ok()?.split_once(':')?;
    let presented = Presented { id: form_decoded(id)?, secret: Secret::new(form_decoded(secret)?), by_header: true };
    (!presented.id.is_empty() && !presented.secret.expose().is_empty()).then_some(presented)
}

fn form_decoded(text: &str) -> Option<String> {
    if text.contains(['&', '=']) {
        return None;
    }
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(text).ok()?;
    Some(pairs.into_iter().next().map(|(name, _)| name).unwrap_or_default())
}

/// Who it is, when the secret is one of that app's and everything is active. On failure: the app, if there is one of
/// that name. The same work is done either way, so that time tells nothing.
pub(super) fn authenticate(
    snapshot: &Snapshot,
    keys: &Keys,
    presented: &Presented,
    now: Timestamp,
) -> Result<Subject, Option<AppId>> {
    let hash = secrets::hash(keys, presented.secret.expose());
    let named = AppId::parse(&presented.id).ok().filter(|id| snapshot.apps.contains_key(id));
    // Found by its keyed hash: an attacker cannot choose hashes, so the time of the look-up says nothing of a secret.
    let found = snapshot.secrets.get_key_value(&hash);
    let (known_hash, credential) = found.map_or(([0; 32], None), |(hash, credential)| (*hash, Some(*credential)));
    let same: bool = known_hash.ct_eq(&hash).into();
    let subject = || {
        let (app, credential) = (named.filter(|_| same)?, credential?);
        let standing = snapshot.credentials.get(&credential)?;
        let principal = Principal {
            app,
            credential,
            token: mudeung_core::id::TokenId::from_bytes([0; 16]),
            scopes: ScopeSet::default(),
        };
        let (active, _) = snapshot.active_app(&principal, now).ok()?;
        let by_secret = matches!(active.authentication, ClientAuthentication::ClientSecret);
        // A token lives whole seconds, so the last second of a credential is none.
        let lives =
            standing.not_before <= now && standing.expires_at.is_none_or(|end| now.plus(Duration::from_secs(1)) <= end);
        let scopes = active.scopes.clone();
        (by_secret && lives).then_some(Subject { app, credential, scopes, ends: standing.expires_at })
    };
    subject().ok_or(named)
}
