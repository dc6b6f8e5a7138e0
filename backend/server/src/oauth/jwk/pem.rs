//! Public keys in PEM: `BEGIN PUBLIC KEY` (SubjectPublicKeyInfo), as openssl writes them.

use super::{KeyProblem, Material};
use p256::pkcs8::ObjectIdentifier;
use p256::pkcs8::der::asn1::UintRef;
use p256::pkcs8::der::{Decode, Document, Reader, SliceReader};
use p256::pkcs8::spki::SubjectPublicKeyInfoRef;

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The key in a PEM text.
pub(super) fn material(text: &str) -> Result<Material, KeyProblem> {
    if text.contains("PRIVATE KEY-----") {
        return Err(KeyProblem::Private);
    }
    let text = text.replace("\r\n", "\n");
    let (label, document) = Document::from_pem(&text).ok().ok_or(KeyProblem::Unreadable)?;
    if label != "PUBLIC KEY" {
        return Err(KeyProblem::Kind);
    }
    let info = SubjectPublicKeyInfoRef::from_der(document.as_bytes()).ok().ok_or(KeyProblem::Unreadable)?;
    let bits = info.subject_public_key.as_bytes().ok_or(KeyProblem::Unreadable)?;
    if info.algorithm.oid == EC {
        let curve = info.algorithm.parameters_oid().ok().ok_or(KeyProblem::Kind)?;
        return match (curve, bits.len(), bits.first()) {
            (P256, 65, Some(4)) => Ok(Material::P256(bits.to_vec())),
            (P384, 97, Some(4)) => Ok(Material::P384(bits.to_vec())),
            (P256 | P384, ..) => Err(KeyProblem::Unreadable),
            _ => Err(KeyProblem::Kind),
        };
    }
    match info.algorithm.oid {
        ED25519 => Ok(Material::Ed25519(bits.to_vec())),
        RSA => rsa(bits).ok_or(KeyProblem::Unreadable),
        _ => Err(KeyProblem::Kind),
    }
}

/// `RSAPublicKey` of RFC 8017: modulus and exponent.
fn rsa(der: &[u8]) -> Option<Material> {
    let mut reader = SliceReader::new(der).ok()?;
    let numbers = reader.sequence(|reader| {
        let n = UintRef::decode(reader)?;
        let e = UintRef::decode(reader)?;
        Ok((n.as_bytes().to_vec(), e.as_bytes().to_vec()))
    });
    let (n, e) = numbers.ok()?;
    reader.finish(Material::Rsa { n, e }).ok()
}
