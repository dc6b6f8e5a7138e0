//! What the device says: authenticator data (6.1 of the standard) and, of a new passkey, the attestation object (6.5).

use super::cbor::Item;
use super::{Refusal, key};
use crate::oauth::jwk::PublicKey;
use mudeung_core::passkey::Shown;

/// The longest name of a passkey in its device.
const CREDENTIAL_BYTES_MAX: usize = 1_023;

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const MAY_BE_BACKED_UP: u8 = 1 << 3;
const IS_BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENDED: u8 = 1 << 7;

/// What a device signs beside what the browser says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AuthenticatorData<'b> {
    /// SHA-256 of the host that it was asked for.
    pub(super) site: &'b [u8],
    flags: u8,
    counter: u32,
    /// The passkey, when it was just made.
    pub(super) attested: Option<Attested<'b>>,
}

/// A new passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attested<'b> {
    /// What the device calls it.
    pub(super) credential: &'b [u8],
    /// Its public key.
    pub(super) key: Item<'b>,
}

impl<'b> AuthenticatorData<'b> {
    /// Reads all of it. Extensions, which nobody asked for, are passed over when they are a map.
    pub(super) fn read(bytes: &'b [u8]) -> Result<Self, Refusal> {
        Self::parse(bytes).ok_or(Refusal::Unreadable)
    }

    fn parse(bytes: &'b [u8]) -> Option<Self> {
        let (site, rest) = bytes.split_at_checked(32)?;
        let (flags, rest) = rest.split_first()?;
        let (counter, rest) = rest.split_first_chunk::<4>()?;
        let has = |flag: u8| flags & flag != 0;
        let (attested, rest) = match has(ATTESTED) {
            true => Attested::parse(rest).map(|(attested, rest)| (Some(attested), rest))?,
            false => (None, rest),
        };
        let rest = match has(EXTENDED) {
            true => {
                let (extensions, rest) = Item::read(rest)?;
                extensions.members()?;
                rest
            }
            false => rest,
        };
        let is_possible = has(MAY_BE_BACKED_UP) || !has(IS_BACKED_UP);
        (rest.is_empty() && is_possible).then(|| Self {
            site,
            flags: *flags,
            counter: u32::from_be_bytes(*counter),
            attested,
        })
    }

    /// Whether somebody touched the device.
    pub(super) const fn is_somebody_there(&self) -> bool {
        self.flags & PRESENT != 0
    }

    /// Refuses what a device signed without verifying who it was, by PIN, finger or face.
    pub(super) const fn check_verified(&self) -> Result<(), Refusal> {
        if self.flags & VERIFIED != 0 { Ok(()) } else { Err(Refusal::Unverified) }
    }

    /// What is kept of it.
    pub(super) const fn shown(&self) -> Shown {
        Shown {
            counter: self.counter,
            may_be_backed_up: self.flags & MAY_BE_BACKED_UP != 0,
            is_backed_up: self.flags & IS_BACKED_UP != 0,
        }
    }
}

impl<'b> Attested<'b> {
    fn parse(bytes: &'b [u8]) -> Option<(Self, &'b [u8])> {
        // The first 16 bytes say the model of the device, if anything.
        let (_, rest) = bytes.split_at_checked(16)?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (credential, rest) = rest.split_at_checked(length)?;
        let (key, rest) = Item::read(rest)?;
        let is_possible = (1..=CREDENTIAL_BYTES_MAX).contains(&length);
        is_possible.then_some((Self { credential, key }, rest))
    }
}

/// A new passkey, and what the device says of itself.
#[derive(Debug)]
pub(super) struct AttestationObject<'b> {
    /// The signed part, as it is and read.
    signed: &'b [u8],
    pub(super) data: AuthenticatorData<'b>,
    format: &'b str,
    statement: Item<'b>,
}

impl<'b> AttestationObject<'b> {
    /// Reads it.
    pub(super) fn read(bytes: &'b [u8]) -> Result<Self, Refusal> {
        let item = Item::read_all(bytes).ok_or(Refusal::Unreadable)?;
        let of = |name| item.get(&Item::Text(name));
        let (Some(Item::Text(format)), Some(statement @ Item::Map(_)), Some(Item::Bytes(signed)), Some(3)) =
            (of("fmt"), of("attStmt"), of("authData"), item.members().map(<[_]>::len))
        else {
            return Err(Refusal::Unreadable);
        };
        Ok(Self { signed, data: AuthenticatorData::read(signed)?, format, statement: statement.clone() })
    }

    /// Whether nothing is said of the device, or only, by the new key itself, that it has that key: both are what
    /// browsers may bring where no attestation was asked for.
    pub(super) fn check(&self, key: &PublicKey, client_data_hash: &[u8]) -> Result<(), Refusal> {
        let members = self.statement.members().map_or(0, <[_]>::len);
        let of = |name| self.statement.get(&Item::Text(name));
        match (self.format, members, of("alg"), of("sig")) {
            ("none", 0, None, None) => Ok(()),
            ("packed", 2, Some(Item::Whole(algorithm)), Some(Item::Bytes(signature))) => {
                let signed = [self.signed, client_data_hash].concat();
                let is_own = key::number(key) == Some(*algorithm) && key.verifies_asn1(&signed, signature);
                if is_own { Ok(()) } else { Err(Refusal::Signature) }
            }
            _ => Err(Refusal::Attestation),
        }
    }
}

/// The part of an object that its device signed.
#[cfg(test)]
pub(super) const fn signed_part<'b>(object: &AttestationObject<'b>) -> &'b [u8] {
    object.signed
}
