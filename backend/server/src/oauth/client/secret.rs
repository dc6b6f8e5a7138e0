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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::secrets::tests::hashes_during;
    use mudeung_core::app::{App, AppRules, AppState};
    use mudeung_core::clock::CountingEntropy;
    use mudeung_core::credential::CredentialState;
    use mudeung_core::id::{CredentialId, OrganizationId};
    use mudeung_core::policy::CredentialStanding;
    use mudeung_core::scope::ScopeSet;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn world(keys: &Keys) -> (Snapshot, String, String) {
        let app = App {
            id: AppId::from_bytes([1; 16]),
            organization: OrganizationId::from_bytes([2; 16]),
            name: "App".to_owned(),
            scopes: ScopeSet::company(),
            authentication: ClientAuthentication::ClientSecret,
            rules: AppRules::default(),
            state: AppState::Suspended { suspended_at: NOW },
            created_at: NOW,
        };
        let secret = secrets::mint(&CountingEntropy::default()).expose().clone();
        let credential = CredentialId::from_bytes([3; 16]);
        let mut snapshot = Snapshot::default();
        snapshot.secrets.insert(secrets::hash(keys, &secret), credential);
        let (state, not_before) = (CredentialState::Active, NOW);
        snapshot
            .credentials
            .insert(credential, CredentialStanding { app: app.id, not_before, state, expires_at: Some(NOW) });
        let id = app.id.to_string();
        snapshot.apps.insert(app.id, app);
        (snapshot, id, secret)
    }

    /// Time is not measured, because a busy machine measures itself: what is compared is the work, which is one keyed
    /// hash and one look-up whatever is wrong.
    #[test]
    fn oauth_74_every_refusal_costs_the_same_work() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::load_or_create(&folder.path().join("keys"), None, &CountingEntropy::default()).unwrap();
        let (snapshot, known, secret) = world(&keys);
        let unknown = AppId::from_bytes([9; 16]).to_string();
        for (id, secret) in [
            (known.as_str(), secret.as_str()),
            (known.as_str(), "wrong"),
            (known.as_str(), ""),
            (unknown.as_str(), secret.as_str()),
            (unknown.as_str(), "wrong"),
            ("no identifier at all", "wrong"),
        ] {
            let presented = Presented { id: id.to_owned(), secret: Secret::new(secret.to_owned()) };
            let (hashes, refused) = hashes_during(|| prove(&snapshot, &keys, &presented, NOW));
            assert!(refused.is_err(), "{id}");
            assert_eq!(hashes, 1, "{id} {secret}");
        }
    }
}
