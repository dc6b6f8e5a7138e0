//! Clients that prove themselves with a secret: in the `Authorization` header or in the body, never both.

use super::Unproven;
use crate::keys::Keys;
use crate::oauth::form::Form;
use crate::oauth::refusal::Refusal;
use crate::oauth::secrets;
use crate::oauth::tokens::Subject;
use actix_web::http::header::HeaderValue;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use mudeung_core::app::ClientAuthentication;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::AppId;
use mudeung_core::policy::Snapshot;
use mudeung_core::secret::Secret;
use subtle::ConstantTimeEq;

/// A `client_id` and what is said to be its secret.
#[derive(Debug)]
pub(super) struct Presented {
    pub(super) id: String,
    secret: Secret<String>,
}

/// Padding is often forgotten; that much is forgiven.
const BASIC: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Presented {
    /// What the `Authorization` header holds (`client_secret_basic`).
    pub(super) fn in_header(header: &HeaderValue, form: &Form) -> Result<Self, Refusal> {
        let presented = header.to_str().ok().and_then(basic).ok_or(Refusal::invalid_client(true))?;
        if form.client_id.as_ref().is_some_and(|id| *id != presented.id) {
            return Err(Refusal::invalid_request("The client_id in the body differs from the one in the header."));
        }
        Ok(presented)
    }

    /// What the body holds (`client_secret_post`).
    pub(super) fn in_body(form: &Form) -> Result<Self, Refusal> {
        match (&form.client_id, &form.client_secret) {
            (Some(id), Some(secret)) => Ok(Self { id: id.clone(), secret: secret.clone() }),
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
    let presented = Presented { id: form_decoded(id)?, secret: Secret::new(form_decoded(secret)?) };
    (!presented.id.is_empty() && !presented.secret.expose().is_empty()).then_some(presented)
}

fn form_decoded(text: &str) -> Option<String> {
    if text.contains(['&', '=']) {
        return None;
    }
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(text).ok()?;
    Some(pairs.into_iter().next().map(|(name, _)| name).unwrap_or_default())
}

/// Who it is, when the secret is one of that app's and everything is active. The same work is done either way, so that
/// time tells nothing.
pub(super) fn prove(
    snapshot: &Snapshot,
    keys: &Keys,
    presented: &Presented,
    now: Timestamp,
) -> Result<Subject, Unproven> {
    let hash = secrets::hash(keys, presented.secret.expose());
    let named = AppId::parse(&presented.id).ok().filter(|id| snapshot.apps.contains_key(id));
    // Found by its keyed hash: an attacker cannot choose hashes, so the time of the look-up says nothing of a secret.
    let found = snapshot.secrets.get_key_value(&hash);
    let (known_hash, credential) = found.map_or(([0; 32], None), |(hash, credential)| (*hash, Some(*credential)));
    let same: bool = known_hash.ct_eq(&hash).into();
    let subject = || {
        let (app, credential) = (named.filter(|_| same)?, credential?);
        super::subject(snapshot, app, credential, ClientAuthentication::ClientSecret, now)
    };
    subject().ok_or(Unproven { app: named, name: presented.id.clone() })
}
