//! Access tokens (RFC 9068): issued, verified once, then remembered by their hash.

pub mod audience;
mod known;

use super::dpop::Thumbprint;
use crate::config::Config;
use crate::keys::live::SigningKeys;
use audience::Audience;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use known::Known;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{AppId, CredentialId, KeyId, TokenId};
use mudeung_core::policy::Principal;
use mudeung_core::scope::{ScopeSet, Side};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// The longest token there is; longer ones are refused unread.
pub const TOKEN_BYTES_MAX: usize = 4_096;
const TYPE: &str = "at+jwt";
const ALGORITHM: &str = "ES256";

/// Issues and verifies access tokens.
pub struct Tokens {
    keys: Arc<SigningKeys>,
    issuer: String,
    lifetime_seconds: i64,
    admin_lifetime_seconds: i64,
    known: Known,
}

/// Whom a token is issued to, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The app.
    pub app: AppId,
    /// The credential it proved itself with.
    pub credential: CredentialId,
    /// What the token may be used for.
    pub scopes: ScopeSet,
    /// When the credential ends; no token lives longer.
    pub ends: Option<Timestamp>,
}

/// On what terms a token is issued.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// What it is for.
    pub audience: Audience,
    /// The key it is of use with; without one, whoever holds it may use it.
    pub confirmation: Option<Thumbprint>,
    /// When something it stands on ends, besides the credential.
    pub ends: Option<Timestamp>,
}

/// A token.
#[derive(Debug)]
pub struct Issued {
    /// The token in its compact form.
    pub text: String,
    /// Seconds it lives.
    pub expires_in: u64,
}

/// What a token of this server says, whether it is over or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Whom it speaks for.
    pub principal: Principal,
    /// What it is for.
    pub audience: Audience,
    /// The key it is of use with.
    pub confirmation: Option<Thumbprint>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Why a token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Not three parts of base64url with JSON in them.
    #[error("The access token is not a JWT of this server.")]
    Malformed,
    /// Not signed with ES256.
    #[error("The access token is not signed with ES256.")]
    Algorithm,
    /// Some other kind of JWT.
    #[error("The token is not an access token: its `typ` is not at+jwt.")]
    Type,
    /// Signed with a key that is not, or no longer, in the key set.
    #[error("The access token names a key that is not in the key set. Fetch a new token.")]
    UnknownKey,
    /// Changed, or signed by someone else.
    #[error("The signature of the access token does not verify.")]
    Signature,
    /// Meant for or made by another server.
    #[error("The access token was issued by or for another server.")]
    OtherServer,
    /// Over.
    #[error("The access token has expired. Fetch a new one from POST /oauth2/token.")]
    Expired,
    /// Not yet begun.
    #[error("The access token is not valid yet.")]
    NotYet,
}

/// There is no key to sign with, as for a second after one was revoked that no other was ready to follow; or the system
/// gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token could not be signed: no signing key is in force, or the system gives no randomness")]
pub struct SigningFailed;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'t> {
    alg: &'t str,
    typ: &'t str,
    kid: &'t str,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    client_id: String,
    credential: String,
    scope: String,
    jti: String,
    iat: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation>,
}

/// What a token is bound to (RFC 9449 section 6.1).
#[derive(Serialize, Deserialize)]
struct Confirmation {
    jkt: String,
}

impl Tokens {
    /// The tokens of a server: its public address is issuer and audience.
    pub fn new(config: &Config, keys: Arc<SigningKeys>) -> Self {
        Self {
            keys,
            issuer: config.http.public_url.clone(),
            lifetime_seconds: i64::try_from(config.tokens.lifetime_seconds).unwrap_or(i64::MAX),
            admin_lifetime_seconds: i64::try_from(config.tokens.admin_lifetime_seconds).unwrap_or(i64::MAX),
            known: Known::new(config.tokens.cache_entries_max),
        }
    }

    /// Issues a token for the whole server to whoever holds it.
    pub fn issue(&self, subject: &Subject, id: TokenId, now: Timestamp) -> Result<Issued, SigningFailed> {
        self.issue_on(&Terms::default(), subject, id, now)
    }

    /// Issues a token. It ends with its lifetime or with the first of what it stands on.
    pub fn issue_on(
        &self,
        terms: &Terms,
        subject: &Subject,
        id: TokenId,
        now: Timestamp,
    ) -> Result<Issued, SigningFailed> {
        let issued_at = now.seconds();
        let lifetime_end = issued_at.saturating_add(self.lifetime_seconds(&subject.scopes));
        let ends = [subject.ends, terms.ends].into_iter().flatten().map(Timestamp::seconds);
        let end = ends.fold(lifetime_end, i64::min);
        let app = subject.app.to_string();
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: app.clone(),
            aud: terms.audience.text(&self.issuer),
            client_id: app,
            credential: subject.credential.to_string(),
            scope: subject.scopes.to_string(),
            jti: id.to_string(),
            iat: issued_at,
            exp: end,
            nbf: None,
            cnf: terms.confirmation.map(|jkt| Confirmation { jkt: URL_SAFE_NO_PAD.encode(jkt) }),
        };
        let text = self.sign(&claims, now).ok_or(SigningFailed)?;
        Ok(Issued { text, expires_in: u64::try_from(end.saturating_sub(issued_at)).unwrap_or(0) })
    }

    /// Tokens that open more live shorter.
    fn lifetime_seconds(&self, scopes: &ScopeSet) -> i64 {
        let admin = scopes.iter().any(|scope| scope.side() == Side::Hospital);
        if admin { self.admin_lifetime_seconds.min(self.lifetime_seconds) } else { self.lifetime_seconds }
    }

    fn sign(&self, claims: &Claims, now: Timestamp) -> Option<String> {
        let key = self.keys.signing(now)?;
        let header = serde_json::to_vec(&Header { alg: ALGORITHM, typ: TYPE, kid: key.kid() }).ok()?;
        let mut text = String::with_capacity(1_024);
        URL_SAFE_NO_PAD.encode_string(header, &mut text);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims).ok()?, &mut text);
        let signature = key.sign(text.as_bytes())?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Some(text)
    }

    /// What a token says that is good now. Whether its app may act is for the snapshot to say.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Inspected, InvalidToken> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(InvalidToken::Malformed);
        }
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let inspected = match self.known.get(&digest) {
            Some(known) => known,
            None => {
                let checked = self.check(token, now)?;
                self.known.insert(digest, checked.clone());
                checked
            }
        };
        if now < inspected.expires_at { Ok(inspected) } else { Err(InvalidToken::Expired) }
    }

    /// How many verified tokens are remembered.
    pub fn known(&self) -> usize {
        self.known.len()
    }

    /// The public keys, as a JWK set.
    pub fn key_set(&self, now: Timestamp) -> serde_json::Value {
        self.keys.key_set(now)
    }

    /// What a token of this server says. It may be over: times are for the caller to look at.
    pub fn inspect(&self, token: &str, now: Timestamp) -> Result<Inspected, InvalidToken> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(InvalidToken::Malformed);
        }
        let (claims, signed_by) = self.read(token, now)?;
        self.inspected(&claims, signed_by)
    }

    fn check(&self, token: &str, now: Timestamp) -> Result<Inspected, InvalidToken> {
        let (claims, signed_by) = self.read(token, now)?;
        if now >= Timestamp::from_seconds(claims.exp) {
            return Err(InvalidToken::Expired);
        }
        if claims.nbf.is_some_and(|start| now < Timestamp::from_seconds(start)) {
            return Err(InvalidToken::NotYet);
        }
        self.inspected(&claims, signed_by)
    }

    fn inspected(&self, claims: &Claims, signed_by: KeyId) -> Result<Inspected, InvalidToken> {
        let confirmation = match &claims.cnf {
            None => None,
            Some(Confirmation { jkt }) => Some(thumbprint(jkt).ok_or(InvalidToken::Malformed)?),
        };
        Ok(Inspected {
            principal: principal(claims, signed_by).ok_or(InvalidToken::Malformed)?,
            audience: Audience::parse(&self.issuer, &claims.aud).ok_or(InvalidToken::OtherServer)?,
            confirmation,
            issued_at: Timestamp::from_seconds(claims.iat),
            expires_at: Timestamp::from_seconds(claims.exp),
        })
    }

    /// The claims of a token that a key of ours signed for this server, and which key.
    fn read(&self, token: &str, now: Timestamp) -> Result<(Claims, KeyId), InvalidToken> {
        let (message, signature) = token.rsplit_once('.').ok_or(InvalidToken::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(InvalidToken::Malformed)?;
        let header = decode(header)?;
        let header: Header<'_> = serde_json::from_slice(&header).map_err(malformed)?;
        if header.alg != ALGORITHM {
            return Err(InvalidToken::Algorithm);
        }
        let kind = header.typ.to_ascii_lowercase();
        if kind.strip_prefix("application/").unwrap_or(&kind) != TYPE {
            return Err(InvalidToken::Type);
        }
        let signed_by = KeyId::parse(header.kid).ok().ok_or(InvalidToken::UnknownKey)?;
        let key = self.keys.verifying(signed_by, now).ok_or(InvalidToken::UnknownKey)?;
        if !key.verifies(message.as_bytes(), &decode(signature)?) {
            return Err(InvalidToken::Signature);
        }
        let claims: Claims = serde_json::from_slice(&decode(claims)?).map_err(malformed)?;
        if claims.iss != self.issuer || Audience::parse(&self.issuer, &claims.aud).is_none() {
            return Err(InvalidToken::OtherServer);
        }
        Ok((claims, signed_by))
    }
}

fn principal(claims: &Claims, signed_by: KeyId) -> Option<Principal> {
    if claims.sub != claims.client_id {
        return None;
    }
    Some(Principal {
        app: AppId::parse(&claims.sub).ok()?,
        credential: CredentialId::parse(&claims.credential).ok()?,
        token: TokenId::parse(&claims.jti).ok()?,
        signed_by,
        scopes: ScopeSet::parse(&claims.scope),
    })
}

fn thumbprint(jkt: &str) -> Option<Thumbprint> {
    URL_SAFE_NO_PAD.decode(jkt).ok()?.try_into().ok()
}

fn decode(part: &str) -> Result<Vec<u8>, InvalidToken> {
    URL_SAFE_NO_PAD.decode(part).ok().ok_or(InvalidToken::Malformed)
}

fn malformed(_: serde_json::Error) -> InvalidToken {
    InvalidToken::Malformed
}
