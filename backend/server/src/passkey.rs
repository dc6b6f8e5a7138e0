//! Passkeys (Web Authentication Level 3): what a browser brings from a device, held against what was asked for. No
//! attestation is asked for, so who made a device is neither known nor trusted: see `docs/decisions/0011-passkeys.md`.

mod answer;
mod authenticator;
mod cbor;
mod client_data;
mod key;

#[cfg(test)]
mod tests;

use crate::oauth::jwk::PublicKey;
use actix_web::http::Uri;
pub(crate) use answer::{Assertion, Registration};
use authenticator::{AttestationObject, AuthenticatorData};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{MemberId, PasskeyId};
use mudeung_core::passkey::{Doubt, Passkey, Shown};
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// The algorithms that a passkey may sign with, by their number in COSE: ES256, Ed25519 and RS256.
pub(crate) const ALGORITHMS: [i64; 3] = [key::ES256, key::ED25519, key::RS256];

/// The site that passkeys are made for and used on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RelyingParty {
    /// The host, which every passkey is bound to (the RP ID).
    pub(crate) id: String,
    /// What browsers call the site that they are on.
    origin: String,
}

/// Why an answer is not believed. Its words stand in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Not what a browser sends.
    #[error("it cannot be read")]
    Unreadable,
    /// A passkey that is not here, or of somebody else.
    #[error("no such passkey")]
    Unknown,
    /// The device calls its owner otherwise than was agreed.
    #[error("it is for another member")]
    Handle,
    /// A new passkey where one was to be used, or the other way round.
    #[error("it is an answer to something else")]
    Type,
    /// Not the challenge that this browser was given, or one that is over.
    #[error("it answers another challenge")]
    Challenge,
    /// The challenge was answered before.
    #[error("the challenge was answered before")]
    Repeated,
    /// The browser was on another site, or on ours within another.
    #[error("it was made on another site")]
    Origin,
    /// The device was asked for another site.
    #[error("it is for another site")]
    Site,
    /// Nobody touched the device.
    #[error("nobody was there")]
    Absent,
    /// The device did not verify who it was: no PIN, finger or face.
    #[error("the device did not verify its user")]
    Unverified,
    /// An algorithm that was not offered.
    #[error("the algorithm was not offered")]
    Algorithm,
    /// A key that is none, or too weak.
    #[error("the key cannot be used")]
    Key,
    /// A statement about the device that was not asked for.
    #[error("an attestation was not asked for")]
    Attestation,
    /// The signature is not that of the key.
    #[error("the signature does not fit")]
    Signature,
    /// Somebody has this passkey already.
    #[error("the passkey is there already")]
    Known,
    /// It may be the signature of a copy.
    #[error("it may be a copy: {0}")]
    Copied(#[from] Doubt),
}

/// A passkey that was just made.
#[derive(Debug)]
pub(crate) struct Made {
    credential: Vec<u8>,
    key: PublicKey,
    transports: Vec<String>,
    shown: Shown,
}

impl RelyingParty {
    /// The site at that address; nothing where the host is a number, for which browsers make no passkeys.
    pub(crate) fn of(public_url: &str) -> Option<Self> {
        let uri: Uri = public_url.to_lowercase().parse().ok()?;
        let (scheme, host) = (uri.scheme_str()?, uri.host()?);
        if host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
            return None;
        }
        let usual = if scheme == "https" { 443 } else { 80 };
        let port = uri.port_u16().filter(|port| *port != usual).map(|port| format!(":{port}")).unwrap_or_default();
        Some(Self { id: host.to_owned(), origin: format!("{scheme}://{host}{port}") })
    }

    /// What a browser brings of a passkey that was made for `challenge` (7.1 of the standard).
    pub(crate) fn register(&self, challenge: &str, answer: Registration) -> Result<Made, Refusal> {
        client_data::check(&answer.client_data, client_data::CREATE, challenge, &self.origin)?;
        let object = AttestationObject::read(&answer.attestation)?;
        self.check_site(&object.data)?;
        let attested = object.data.attested.as_ref().ok_or(Refusal::Unreadable)?;
        if attested.credential != answer.credential {
            return Err(Refusal::Unreadable);
        }
        let key = key::read(&attested.key)?;
        object.check(&key, &Sha256::digest(&answer.client_data))?;
        object.data.check_verified()?;
        Ok(Made { key, transports: answer.transports, shown: object.data.shown(), credential: answer.credential })
    }

    /// Whether a browser brings an answer to `challenge` at all. This can be told before the passkey is looked for, so that
    /// what is wrong with it says nothing of which passkeys there are.
    pub(crate) fn check_asked(&self, challenge: &str, answer: &Assertion) -> Result<(), Refusal> {
        client_data::check(&answer.client_data, client_data::GET, challenge, &self.origin)
    }

    /// What a device says that signed `challenge` with a passkey (7.2 of the standard). The counter is not looked at.
    pub(crate) fn assert(&self, challenge: &str, passkey: &Passkey, answer: &Assertion) -> Result<Shown, Refusal> {
        if answer.handle.as_ref().is_some_and(|handle| *handle != passkey.handle) {
            return Err(Refusal::Handle);
        }
        self.check_asked(challenge, answer)?;
        let data = AuthenticatorData::read(&answer.data)?;
        self.check_site(&data)?;
        if data.attested.is_some() {
            return Err(Refusal::Unreadable);
        }
        let key = PublicKey::registered("", passkey.algorithm, &passkey.public_jwk).ok_or(Refusal::Key)?;
        let signed = [answer.data.as_slice(), &Sha256::digest(&answer.client_data)].concat();
        if !key.verifies_asn1(&signed, &answer.signature) {
            return Err(Refusal::Signature);
        }
        data.check_verified()?;
        Ok(data.shown())
    }

    fn check_site(&self, data: &AuthenticatorData<'_>) -> Result<(), Refusal> {
        if data.site != <[u8; 32]>::from(Sha256::digest(&self.id)) {
            return Err(Refusal::Site);
        }
        if data.is_somebody_there() { Ok(()) } else { Err(Refusal::Absent) }
    }
}

impl Made {
    /// What the device calls it.
    pub(crate) fn credential(&self) -> &[u8] {
        &self.credential
    }

    /// The passkey, as it is kept for its member.
    pub(crate) fn keep(
        self,
        id: PasskeyId,
        member: MemberId,
        name: String,
        handle: Vec<u8>,
        now: Timestamp,
    ) -> Passkey {
        Passkey {
            id,
            member,
            name,
            credential: self.credential,
            handle,
            algorithm: self.key.algorithm,
            public_jwk: self.key.jwk(),
            transports: self.transports,
            counter: self.shown.counter,
            may_be_backed_up: self.shown.may_be_backed_up,
            is_backed_up: self.shown.is_backed_up,
            created_at: now,
            last_used_at: None,
        }
    }
}
