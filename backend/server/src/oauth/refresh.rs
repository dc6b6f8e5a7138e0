//! Refresh tokens of devices. Each is good once; whoever brings one a second time signs the device out, because one of
//! the two who had it is a thief (RFC 9700 section 4.14.2).

use super::client::brake;
use super::device::{check_client, unavailable, unknown, unrecorded};
use super::form::Form;
use super::issue_token::{Given, admit, entry_about, grant};
use super::refusal::Refusal;
use super::secrets;
use super::tokens::Subject;
use crate::call::Call;
use crate::keys::Keys;
use crate::record;
use crate::state::App;
use actix_web::http::header::HeaderMap;
use actix_web::web;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::clock::{Entropy, Timestamp};
use mudeung_core::credential::{Credential, Proof};
use mudeung_core::id::{CredentialId, KeyId, TokenId};
use mudeung_core::policy::Principal;
use mudeung_core::scope::ScopeSet;
use mudeung_core::secret::Secret;
use mudeung_store::credentials;
use mudeung_wire::api::TokenAnswer;
use mudeung_wire::ledger::entry::{Entry, Status};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// The grant type by which a device renews its token.
pub(super) const GRANT_TYPE: &str = "refresh_token";

const PREFIX: &str = "mdr_";
/// Characters of a credential's identifier without its prefix, of the randomness, and of the tag.
const ID_LENGTH: usize = 26;
const RANDOM_LENGTH: usize = 43;
const TAG_LENGTH: usize = 22;
const OVER: Refusal = Refusal::invalid_grant("The device is signed out. Sign in anew.");

/// Makes a refresh token: whose it is, 256 unpredictable bits, and a tag by which one that was issued once is known for
/// ever, although only the present one is stored, as its hash.
pub(super) fn mint(keys: &Keys, entropy: &dyn Entropy, credential: CredentialId) -> (Secret<String>, [u8; 32]) {
    let mut random = [0_u8; 32];
    entropy.fill(&mut random);
    let id = credential.to_string();
    let id = id.rsplit('_').next().unwrap_or_default();
    let body = format!("{PREFIX}{id}{}", URL_SAFE_NO_PAD.encode(random));
    let token = format!("{body}{}", tag(keys, &body));
    let hash = hash(keys, &token);
    (Secret::new(token), hash)
}

/// Whose token it is, when it was ever issued here.
fn owner(keys: &Keys, token: &str) -> Option<CredentialId> {
    let (body, given) = token.split_at_checked(PREFIX.len() + ID_LENGTH + RANDOM_LENGTH)?;
    let genuine = given.len() == TAG_LENGTH && bool::from(tag(keys, body).as_bytes().ct_eq(given.as_bytes()));
    let id = body.strip_prefix(PREFIX)?.get(..ID_LENGTH)?;
    CredentialId::parse(&format!("{}_{id}", CredentialId::PREFIX)).ok().filter(|_| genuine)
}

fn tag(keys: &Keys, body: &str) -> String {
    let mac = secrets::hash(keys, &format!("refresh-tag:{body}"));
    let mut text = URL_SAFE_NO_PAD.encode(mac);
    text.truncate(TAG_LENGTH);
    text
}

fn hash(keys: &Keys, token: &str) -> [u8; 32] {
    secrets::hash(keys, &format!("refresh-token:{token}"))
}

/// Renews the token of a device.
pub(super) async fn refresh(
    app: &web::Data<App>,
    call: &Call,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Given, Refusal> {
    check_client(app, headers, form)?;
    let Some(token) = &form.refresh_token else {
        return Err(Refusal::invalid_request("refresh_token is missing from the body."));
    };
    let now = app.clock.now();
    let Some(id) = owner(&app.keys, token.expose()) else { return Err(unknown(app, "unknown_refresh_token", now)) };
    let find = move |conn: &mut mudeung_store::Conn| credentials::find_credential(conn, id);
    let credential = app.db.read("find device", find).await.map_err(unavailable)?.ok_or(OVER)?;
    let Proof::Device { refresh_hash: present, .. } = credential.proof else { return Err(OVER) };
    let subject = subject(app, &credential, now).ok_or(OVER)?;
    if !bool::from(present.ct_eq(&hash(&app.keys, token.expose()))) {
        return Err(reused(app, call, &subject, "a refresh token was used twice", now).await);
    }
    brake(app, subject.app, now)?;
    let subject = admit(app, call, form, subject).await?;
    let (token, next) = mint(&app.keys, &*app.entropy, id);
    let intent = Entry { operation: "oauth.refresh_token".to_owned(), ..entry_about(app, call, &subject) };
    let opened = record::open(app, intent).await.map_err(unrecorded)?;
    let replace = move |conn: &mut mudeung_store::Conn| credentials::replace_refresh_hash(conn, id, &present, &next);
    if !app.db.tx("rotate refresh token", replace).await.map_err(unavailable)? {
        opened.close(Status::Denied, None);
        return Err(reused(app, call, &subject, "a refresh token was used twice at once", now).await);
    }
    opened.close(Status::Completed, None);
    let (answer, ends) = grant(app, call, &subject, now).await?;
    Ok((TokenAnswer { refresh_token: Some(token.expose().clone()), ..answer }, ends))
}

/// Signs a device out because two have its refresh token.
async fn reused(app: &web::Data<App>, call: &Call, subject: &Subject, why: &'static str, now: Timestamp) -> Refusal {
    let used = Refusal::invalid_grant("The refresh token was used before, so the device is signed out. Sign in anew.");
    sign_out(app, call, subject, why, now).await.err().unwrap_or(used)
}

/// The device that a refresh token was issued to, whether the token is still the present one or not.
pub(super) async fn device_of(app: &App, token: &str) -> Result<Option<Credential>, Refusal> {
    let Some(id) = owner(&app.keys, token) else { return Ok(None) };
    let find = move |conn: &mut mudeung_store::Conn| credentials::find_credential(conn, id);
    let found = app.db.read("find device", find).await.map_err(unavailable)?;
    Ok(found.filter(|credential| credential.proof.is_device()))
}

/// Revokes the credential of a device: all of its tokens are worth nothing then.
pub(super) async fn sign_out(
    app: &web::Data<App>,
    call: &Call,
    subject: &Subject,
    why: &'static str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let id = subject.credential;
    let intent = Entry {
        operation: "oauth.revoke_device".to_owned(),
        detail: Some(why.to_owned()),
        ..entry_about(app, call, subject)
    };
    let opened = record::open(app, intent).await.map_err(unrecorded)?;
    let revoked = app.db.tx("revoke device", move |conn| {
        match credentials::find_credential(conn, id)?.map(|credential| credential.state.revoke(now)) {
            Some(Ok(state)) => credentials::update_credential_state(conn, id, state),
            // Revoked in the meantime: as good.
            Some(Err(_)) | None => Ok(()),
        }
    });
    revoked.await.map_err(unavailable)?;
    opened.close(Status::Completed, Some(why.to_owned()));
    if let Err(error) = app.snapshots.refresh().await {
        tracing::warn!("a device is signed out and will be refused when the database answers: {error}");
    }
    Ok(())
}

/// Whom tokens of a device speak for, while device, member, app and organization may act.
pub(super) fn subject(app: &App, credential: &Credential, now: Timestamp) -> Option<Subject> {
    let Proof::Device { scopes, .. } = &credential.proof else { return None };
    let principal = Principal {
        app: credential.app,
        credential: credential.id,
        token: TokenId::from_bytes([0; 16]),
        signed_by: KeyId::from_bytes([0; 16]),
        scopes: ScopeSet::default(),
    };
    let snapshot = app.snapshots.present();
    let (active, _) = snapshot.active_app(&principal, now).ok()?;
    // A token lives whole seconds, so the last second of a credential is none.
    let lives = credential.expires_at.is_none_or(|end| now.plus(Duration::from_secs(1)) <= end);
    // An app whose tokens are bound to a key gets none that are not.
    (lives && !active.rules.dpop_bound).then(|| Subject {
        app: credential.app,
        credential: credential.id,
        scopes: active.scopes.intersection(scopes),
        ends: credential.expires_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mudeung_core::clock::CountingEntropy;

    #[test]
    fn only_a_token_that_was_issued_names_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let entropy = CountingEntropy::default();
        let keys = Keys::load_or_create(&folder.path().join("keys"), None, &entropy).unwrap();
        let id = CredentialId::from_bytes([7; 16]);
        let (token, stored) = mint(&keys, &entropy, id);
        assert_eq!(owner(&keys, token.expose()), Some(id));
        assert_eq!(hash(&keys, token.expose()), stored);
        let text = token.expose();
        for position in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[position] = if other[position] == b'x' { b'y' } else { b'x' };
            assert_eq!(owner(&keys, std::str::from_utf8(&other).unwrap()), None, "at {position}");
        }
        for wrong in ["", "mdr_", &text[1..], &format!("{text}x"), "ä".repeat(60).as_str()] {
            assert_eq!(owner(&keys, wrong), None, "{wrong}");
        }
    }
}
