//! The signature under an invoice: a signed note (C2SP signed-note) by the log's key over what the invoice is and its hash.
//!
//! The first line keeps it apart from checkpoints, which the same key signs: no name of a log has a space in it.

use super::document::{Invoice, sha256_hex};
use crate::ledger::checkpoint::LogVerifier;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

const HEADING: &str = "mudeung invoice v1";

/// A note that does not vouch for an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSignature {
    /// The note is about other bytes.
    #[error("the signed note is about another invoice, or the invoice was changed")]
    OtherInvoice,
    /// No signature of the key.
    #[error("the key of the log did not sign the invoice")]
    NotSigned,
    /// A signature that does not verify.
    #[error("the signature under the invoice does not verify")]
    BadSignature,
}

/// The signed note about an invoice.
pub fn sign(invoice: &Invoice, bytes: &[u8], name: &str, key: &SigningKey) -> String {
    let text = text(invoice, bytes, name);
    let id = Key::of(&LogVerifier::new(name.to_owned(), key.verifying_key())).map(|key| key.id).unwrap_or_default();
    let mut signature = id.to_vec();
    signature.extend_from_slice(&key.sign(text.as_bytes()).to_bytes());
    format!("{text}\n\u{2014} {name} {}\n", STANDARD.encode(signature))
}

/// Checks that a note is about these bytes and signed by the log's key. Signatures of others are passed over.
pub(super) fn check(
    invoice: &Invoice,
    bytes: &[u8],
    note: &str,
    verifier: &LogVerifier,
) -> Result<(), InvalidSignature> {
    let text = text(invoice, bytes, verifier.name());
    let below = note.strip_prefix(&format!("{text}\n")).ok_or(InvalidSignature::OtherInvoice)?;
    let key = Key::of(verifier).ok_or(InvalidSignature::NotSigned)?;
    let prefix = format!("\u{2014} {} ", verifier.name());
    let mut lines = below.lines().filter_map(|line| STANDARD.decode(line.strip_prefix(&prefix)?).ok());
    let signature = lines.find_map(|bytes| bytes.strip_prefix(&key.id).map(<[u8]>::to_vec));
    let signature: Result<[u8; 64], _> = signature.ok_or(InvalidSignature::NotSigned)?.try_into();
    let Ok(signature) = signature else { return Err(InvalidSignature::BadSignature) };
    let verified = key.public.verify_strict(text.as_bytes(), &Signature::from_bytes(&signature));
    if verified.is_ok() { Ok(()) } else { Err(InvalidSignature::BadSignature) }
}

fn text(invoice: &Invoice, bytes: &[u8], name: &str) -> String {
    format!("{HEADING}\n{name}\n{}\n{}\n{}\n", invoice.organization, invoice.month, sha256_hex(bytes))
}

/// A verifier key in its parts.
struct Key {
    id: [u8; 4],
    public: VerifyingKey,
}

impl Key {
    /// Reads `<name>+<id>+<base64 of algorithm and key>`, which is how a verifier writes itself.
    fn of(verifier: &LogVerifier) -> Option<Self> {
        let text = verifier.to_string();
        let (id, key) = text.strip_prefix(verifier.name())?.strip_prefix('+')?.split_once('+')?;
        let bytes = STANDARD.decode(key).ok()?;
        let public: [u8; 32] = bytes.get(1..)?.try_into().ok()?;
        let id = u32::from_str_radix(id, 16).ok()?.to_be_bytes();
        Some(Self { id, public: VerifyingKey::from_bytes(&public).ok()? })
    }
}
