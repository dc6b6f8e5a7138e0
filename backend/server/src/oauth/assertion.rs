//! Assertions: JWTs by which clients prove themselves (RFC 7523 with its 2026 update, RFC 8725). One list of checks
//! serves the endpoints, which stop at the first that fails, and the dry run, which shows them all.

mod compact;
pub(crate) mod fuzz;
pub(crate) mod problem;

#[cfg(test)]
mod tests;

pub(crate) use compact::Compact;

use super::jwk::PublicKey;
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::KeyAlgorithm;
use mudeung_core::id::CredentialId;
use mudeung_core::policy::ClientKey;
use problem::{Check, Problem};
use serde_json::Value;

/// How far the client's clock may be ahead, in seconds.
pub(crate) const SKEW_SECONDS: i64 = 60;
/// The longest `jti`, in characters.
const JTI_CHARACTERS_MAX: usize = 256;
/// Header members that would choose the key or the rules for us.
const UNWANTED_MEMBERS: [&str; 9] = ["jku", "x5u", "jwk", "x5c", "crit", "b64", "zip", "enc", "epk"];

/// What an assertion is held against.
#[derive(Debug)]
pub(crate) struct Expected<'e> {
    /// Who must have signed it.
    pub(crate) client_id: &'e str,
    /// That client's keys that are live now.
    pub(crate) keys: &'e [&'e ClientKey],
    /// What `aud` must be.
    pub(crate) issuer: &'e str,
    /// What else `aud` may be, for clients that are allowed it.
    pub(crate) token_endpoint: Option<&'e str>,
    /// Whether `sub` may be missing, as in the grant of delta-sharing.
    pub(crate) subject_optional: bool,
    /// How far `exp` may lie ahead.
    pub(crate) lifetime_seconds_max: i64,
    /// The present.
    pub(crate) now: Timestamp,
}

/// One check and how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What was looked at.
    pub(crate) check: Check,
    /// What is wrong, unless all is well.
    pub(crate) problem: Option<Problem>,
}

/// What came of all checks.
#[derive(Debug)]
pub(crate) struct Examined {
    /// All checks, in order.
    pub(crate) findings: Vec<Finding>,
    /// The credential that signed it, when the signature is right.
    pub(crate) signer: Option<CredentialId>,
    /// `jti`, when it can be used.
    pub(crate) jti: Option<String>,
    /// `exp`, when it can be used.
    pub(crate) expires_at: Option<Timestamp>,
}

/// An assertion that passed every check. Whether its `jti` is new is for the store to say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Valid {
    /// The credential that signed it.
    pub(crate) signer: CredentialId,
    /// Its identifier.
    pub(crate) jti: String,
    /// When it ends.
    pub(crate) expires_at: Timestamp,
}

/// Why an assertion proves nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Invalid {
    /// Nobody has proved anything: no reason is told.
    Unsigned,
    /// The client signed it, so it may know what is wrong.
    Signed(CredentialId, Problem),
}

impl Examined {
    /// What the endpoints make of it.
    pub(crate) fn verdict(self) -> Result<Valid, Invalid> {
        let first = self.findings.iter().find_map(|finding| finding.problem);
        match (self.signer, first, self.jti, self.expires_at) {
            (Some(signer), None, Some(jti), Some(expires_at)) => Ok(Valid { signer, jti, expires_at }),
            (Some(signer), Some(problem), ..) => Err(Invalid::Signed(signer, problem)),
            _ => Err(Invalid::Unsigned),
        }
    }
}

/// Makes every check.
pub(crate) fn examine(assertion: &Compact, expected: &Expected<'_>) -> Examined {
    let mut findings = Vec::with_capacity(Check::ALL.len());
    let mut note = |check: Check, result: Result<(), Problem>| {
        findings.push(Finding { check, problem: result.err() });
    };
    note(Check::Form, Ok(()));
    note(Check::Header, check_header(assertion));
    note(Check::Type, check_type(assertion));
    let key = find_key(assertion, expected);
    note(Check::Key, key.as_ref().map(|_| ()).map_err(|problem| *problem));
    let signer = match key {
        Ok(key) => verify(assertion, key),
        Err(_) => verify(assertion, &nobody()).filter(|_| false),
    };
    note(Check::Signature, signer.map(|_| ()).ok_or(Problem::SignatureWrong));
    note(Check::Issuer, check_name(assertion, "iss", expected, false));
    note(Check::Subject, check_name(assertion, "sub", expected, expected.subject_optional));
    note(Check::Audience, check_audience(assertion, expected));
    let expiry = check_expiry(assertion, expected);
    note(Check::Expiry, expiry.map(|_| ()));
    note(Check::IssuedAt, check_begun(assertion, "iat", Problem::IssuedInFuture, expected.now));
    note(Check::NotBefore, check_begun(assertion, "nbf", Problem::NotYetValid, expected.now));
    let jti = check_jti(assertion);
    note(Check::Identifier, jti.as_ref().map(|_| ()).map_err(|problem| *problem));
    let expires_at = expiry.ok().map(Timestamp::from_seconds);
    Examined { findings, signer, jti: jti.ok().map(str::to_owned), expires_at }
}

fn check_header(assertion: &Compact) -> Result<(), Problem> {
    let unwanted = UNWANTED_MEMBERS.iter().any(|name| assertion.header.contains_key(*name));
    if unwanted { Err(Problem::HeaderChoosesKey) } else { Ok(()) }
}

/// An access token must not pass for an assertion, so a stated type must be the right one.
fn check_type(assertion: &Compact) -> Result<(), Problem> {
    let Some(stated) = assertion.header.get("typ") else { return Ok(()) };
    let kind = stated.as_str().ok_or(Problem::TypeWrong)?.to_ascii_lowercase();
    match kind.strip_prefix("application/").unwrap_or(&kind) {
        "jwt" | "client-authentication+jwt" => Ok(()),
        _ => Err(Problem::TypeWrong),
    }
}

/// The one key of this client that the header means, when the algorithm is the key's own.
fn find_key<'e>(assertion: &Compact, expected: &Expected<'e>) -> Result<&'e ClientKey, Problem> {
    let name = assertion.header.get("alg").and_then(Value::as_str).ok_or(Problem::AlgorithmUnknown)?;
    let algorithm = super::jwk::algorithm_named(name).ok_or(Problem::AlgorithmUnknown)?;
    let kid = match assertion.header.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.as_str()),
        Some(_) => return Err(Problem::KeyUnknown),
    };
    let named = || expected.keys.iter().filter(|key| kid.is_none_or(|kid| key.kid == kid));
    let mut fitting = named().filter(|key| key.algorithm == algorithm);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(Problem::KeyNotNamed),
        (None, _) if named().next().is_some() => Err(Problem::AlgorithmNotOfKey),
        (None, _) => Err(Problem::KeyUnknown),
    }
}

fn verify(assertion: &Compact, key: &ClientKey) -> Option<CredentialId> {
    let public = PublicKey::registered(&key.kid, key.algorithm, &key.public_jwk)?;
    public.verifies(assertion.message.as_bytes(), &assertion.signature).then_some(key.credential)
}

/// A key that nobody registered (the base point of P-256): checked where there is none, so that time tells nothing.
fn nobody() -> ClientKey {
    ClientKey {
        credential: CredentialId::from_bytes([0; 16]),
        kid: String::new(),
        algorithm: KeyAlgorithm::Es256,
        public_jwk: NOBODY.to_owned(),
    }
}

const NOBODY: &str = r#"{"crv":"P-256","kty":"EC","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY","y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}"#;

fn check_name(assertion: &Compact, claim: &str, expected: &Expected<'_>, optional: bool) -> Result<(), Problem> {
    match assertion.claims.get(claim) {
        None if optional => Ok(()),
        Some(Value::String(name)) if name == expected.client_id => Ok(()),
        _ if claim == "iss" => Err(Problem::IssuerWrong),
        _ => Err(Problem::SubjectWrong),
    }
}

fn check_audience(assertion: &Compact, expected: &Expected<'_>) -> Result<(), Problem> {
    match assertion.claims.get("aud") {
        Some(Value::String(audience)) if audience == expected.issuer => Ok(()),
        Some(Value::String(audience)) if expected.token_endpoint.is_some_and(|also| audience == also) => Ok(()),
        Some(Value::Array(_)) => Err(Problem::AudienceArray),
        Some(Value::String(audience)) if audience.strip_prefix(expected.issuer) == Some("/oauth2/token") => {
            Err(Problem::AudienceTokenEndpoint)
        }
        _ => Err(Problem::AudienceWrong),
    }
}

fn check_expiry(assertion: &Compact, expected: &Expected<'_>) -> Result<i64, Problem> {
    let stated = assertion.claims.get("exp").ok_or(Problem::ExpiryMissing)?;
    let end = numeric_date(stated).ok_or(Problem::ExpiryUnreadable)?;
    let left = end.saturating_sub(expected.now.seconds());
    if Timestamp::from_seconds(end) <= expected.now {
        return Err(Problem::Expired);
    }
    if left > expected.lifetime_seconds_max { Err(Problem::ExpiryTooFar) } else { Ok(end) }
}

fn check_begun(assertion: &Compact, claim: &str, ahead: Problem, now: Timestamp) -> Result<(), Problem> {
    let Some(stated) = assertion.claims.get(claim) else { return Ok(()) };
    let start = numeric_date(stated).ok_or(ahead)?;
    if start.saturating_sub(SKEW_SECONDS) <= now.seconds() { Ok(()) } else { Err(ahead) }
}

fn check_jti(assertion: &Compact) -> Result<&str, Problem> {
    match assertion.claims.get("jti") {
        Some(Value::String(jti)) if (1..=JTI_CHARACTERS_MAX).contains(&jti.chars().count()) => Ok(jti),
        _ => Err(Problem::JtiUnusable),
    }
}

/// Seconds since 1970 (RFC 7519 allows a fraction, which is cut off); `None` for anything else and for what no clock
/// shows.
fn numeric_date(value: &Value) -> Option<i64> {
    let Value::Number(number) = value else { return None };
    let text = number.to_string();
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => whole,
        Some(_) => return None,
        None => text.as_str(),
    };
    whole.parse::<i64>().ok().filter(|seconds| (0..=SECONDS_MAX).contains(seconds))
}

/// The year 9999, far below where counting microseconds would overflow.
const SECONDS_MAX: i64 = 253_402_300_799;
