//! The public keys of clients: read from PEM or JWK once, kept as a JWK, and used to check signatures.

mod pem;

#[cfg(test)]
mod tests;

use super::json;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::credential::KeyAlgorithm;
use ring::agreement::{ECDH_P256, ECDH_P384, EphemeralPrivateKey};
use ring::rand::SystemRandom;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The longest text of a key that is read.
pub(crate) const KEY_BYTES_MAX: usize = 8 << 10;
/// The longest name a key may have.
pub(crate) const KID_BYTES_MAX: usize = 128;
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;

/// A public key and the one algorithm that it signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    /// Its name: what the client calls it, or else its thumbprint (RFC 7638).
    pub(crate) kid: String,
    /// The algorithm.
    pub(crate) algorithm: KeyAlgorithm,
    material: Material,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    /// Uncompressed point: 4, x, y.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

/// Why a text is not taken as a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyProblem {
    /// Neither PEM nor JWK, or damaged.
    Unreadable,
    /// A private key: it should never have left the client.
    Private,
    /// Not one of the kinds that are taken.
    Kind,
    /// RSA with fewer than 2048 or more than 4096 bits, or a strange exponent.
    Size,
    /// A point that is not on its curve, or of small order.
    Weak,
    /// The algorithm asked for does not go with the key.
    Algorithm,
    /// The name is too long or has letters that hide.
    Name,
}

impl PublicKey {
    /// Reads a key from PEM (`BEGIN PUBLIC KEY`) or from a JWK. `wanted` chooses the algorithm where the key leaves a
    /// choice, which RSA does.
    pub(crate) fn parse(text: &str, wanted: Option<KeyAlgorithm>) -> Result<Self, KeyProblem> {
        let text = text.trim();
        if text.len() > KEY_BYTES_MAX {
            return Err(KeyProblem::Unreadable);
        }
        if text.contains("-----BEGIN") {
            return Self::new(pem::material(text)?, None, wanted);
        }
        let members = json::object(text.as_bytes()).ok_or(KeyProblem::Unreadable)?;
        match members.get("keys").and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::Object(only)]) => Self::from_jwk(only, wanted),
            Some(_) => Err(KeyProblem::Unreadable),
            None => Self::from_jwk(&members, wanted),
        }
    }

    /// Reads a JWK (RFC 7517).
    pub(crate) fn from_jwk(jwk: &Map<String, Value>, wanted: Option<KeyAlgorithm>) -> Result<Self, KeyProblem> {
        if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|name| jwk.contains_key(*name)) {
            return Err(KeyProblem::Private);
        }
        if jwk.get("use").is_some_and(|usage| usage != "sig") {
            return Err(KeyProblem::Kind);
        }
        let named = match jwk.get("alg") {
            None => None,
            Some(Value::String(name)) => Some(algorithm_named(name).ok_or(KeyProblem::Algorithm)?),
            Some(_) => return Err(KeyProblem::Algorithm),
        };
        if wanted.is_some() && named.is_some() && wanted != named {
            return Err(KeyProblem::Algorithm);
        }
        let kid = match jwk.get("kid") {
            None => None,
            Some(Value::String(kid)) if is_name(kid) => Some(kid.clone()),
            Some(_) => return Err(KeyProblem::Name),
        };
        Self::new(material_of(jwk)?, kid, wanted.or(named))
    }

    fn new(material: Material, kid: Option<String>, wanted: Option<KeyAlgorithm>) -> Result<Self, KeyProblem> {
        let usual = match &material {
            Material::P256(_) => &[KeyAlgorithm::Es256][..],
            Material::P384(_) => &[KeyAlgorithm::Es384],
            Material::Ed25519(_) => &[KeyAlgorithm::Ed25519],
            Material::Rsa { .. } => &[KeyAlgorithm::Ps256, KeyAlgorithm::Rs256, KeyAlgorithm::Rs384],
        };
        let algorithm = match wanted {
            None => usual.first().copied(),
            Some(wanted) => usual.contains(&wanted).then_some(wanted),
        };
        material.check()?;
        let algorithm = algorithm.ok_or(KeyProblem::Algorithm)?;
        Ok(Self { kid: kid.unwrap_or_else(|| material.thumbprint()), algorithm, material })
    }

    /// Reads a key that was checked when it was registered.
    pub(crate) fn registered(kid: &str, algorithm: KeyAlgorithm, public_jwk: &str) -> Option<Self> {
        let material = material_of(&json::object(public_jwk.as_bytes())?).ok()?;
        let key = Self { kid: kid.to_owned(), algorithm, material };
        (!key.material.is_weak_ed25519()).then_some(key)
    }

    /// The key as a JWK.
    pub(crate) fn jwk(&self) -> String {
        let mut jwk = self.material.members();
        if let Value::Object(members) = &mut jwk {
            members.insert("alg".to_owned(), self.algorithm.as_str().into());
            members.insert("kid".to_owned(), self.kid.as_str().into());
            members.insert("use".to_owned(), "sig".into());
        }
        jwk.to_string()
    }

    /// Whether the key signed the message, with its own algorithm.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let by = |algorithm: &'static dyn VerificationAlgorithm, public: &[u8]| {
            UnparsedPublicKey::new(algorithm, public).verify(message, signature).is_ok()
        };
        let rsa = |parameters, n: &[u8], e: &[u8]| {
            RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
        };
        match (self.algorithm, &self.material) {
            (KeyAlgorithm::Es256, Material::P256(point)) => by(&signature::ECDSA_P256_SHA256_FIXED, point),
            (KeyAlgorithm::Es384, Material::P384(point)) => by(&signature::ECDSA_P384_SHA384_FIXED, point),
            (KeyAlgorithm::Ed25519, Material::Ed25519(point)) => by(&signature::ED25519, point),
            (KeyAlgorithm::Ps256, Material::Rsa { n, e }) => rsa(&signature::RSA_PSS_2048_8192_SHA256, n, e),
            (KeyAlgorithm::Rs256, Material::Rsa { n, e }) => rsa(&signature::RSA_PKCS1_2048_8192_SHA256, n, e),
            (KeyAlgorithm::Rs384, Material::Rsa { n, e }) => rsa(&signature::RSA_PKCS1_2048_8192_SHA384, n, e),
            _ => false,
        }
    }

    /// The same where signatures of elliptic curves are written as ASN.1, which is what devices with passkeys do.
    pub(crate) fn verifies_asn1(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::P256(point) if self.algorithm == KeyAlgorithm::Es256 => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, point).verify(message, signature).is_ok()
            }
            Material::P256(_) | Material::P384(_) => false,
            Material::Ed25519(_) | Material::Rsa { .. } => self.verifies(message, signature),
        }
    }
}

/// The names of all algorithms that clients may sign with.
pub(crate) fn algorithms() -> Vec<&'static str> {
    KeyAlgorithm::ALL.into_iter().map(KeyAlgorithm::as_str).chain([OLDER_ED25519]).collect()
}

const OLDER_ED25519: &str = "EdDSA";

/// The algorithm of a name. `EdDSA` is the older name of what is Ed25519 here, where there is no other Edwards curve.
pub(crate) fn algorithm_named(name: &str) -> Option<KeyAlgorithm> {
    KeyAlgorithm::parse(if name == OLDER_ED25519 { "Ed25519" } else { name })
}

fn is_name(kid: &str) -> bool {
    (1..=KID_BYTES_MAX).contains(&kid.len()) && kid.bytes().all(|byte| byte.is_ascii_graphic())
}

fn material_of(jwk: &Map<String, Value>) -> Result<Material, KeyProblem> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes =
        |name: &str| text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).ok_or(KeyProblem::Unreadable);
    let point = |length: usize| {
        let (x, y) = (bytes("x")?, bytes("y")?);
        if x.len() != length || y.len() != length {
            return Err(KeyProblem::Unreadable);
        }
        Ok([vec![4], x, y].concat())
    };
    match (text("kty").ok_or(KeyProblem::Unreadable)?, text("crv")) {
        ("EC", Some("P-256")) => Ok(Material::P256(point(32)?)),
        ("EC", Some("P-384")) => Ok(Material::P384(point(48)?)),
        ("OKP", Some("Ed25519")) => Ok(Material::Ed25519(bytes("x")?)),
        ("RSA", _) => Ok(Material::Rsa { n: bytes("n")?, e: bytes("e")? }),
        ("oct", _) => Err(KeyProblem::Private),
        _ => Err(KeyProblem::Kind),
    }
}

impl Material {
    fn check(&self) -> Result<(), KeyProblem> {
        let weak = |weak: bool| if weak { Err(KeyProblem::Weak) } else { Ok(()) };
        match self {
            Self::P256(point) => weak(!is_on_curve(&ECDH_P256, point)),
            Self::P384(point) => weak(!is_on_curve(&ECDH_P384, point)),
            Self::Ed25519(_) => weak(self.is_weak_ed25519()),
            Self::Rsa { n, e } => {
                let leading = n.first().map_or(8, |first| first.leading_zeros());
                let bits = (n.len() * 8).saturating_sub(usize::try_from(leading).unwrap_or(8));
                let odd = n.last().is_some_and(|last| last % 2 == 1);
                // 65537 is what everybody uses; smaller ones have a history of forged signatures.
                let usual = e.as_slice() == [1, 0, 1];
                let right = leading < 8 && RSA_BITS.contains(&bits) && odd && usual;
                if right { Ok(()) } else { Err(KeyProblem::Size) }
            }
        }
    }

    /// Not a point, or one of small order, under which signatures fit any message.
    fn is_weak_ed25519(&self) -> bool {
        let Self::Ed25519(bytes) = self else { return false };
        let point: Option<[u8; 32]> = bytes.as_slice().try_into().ok();
        let key = point.and_then(|point| ed25519_dalek::VerifyingKey::from_bytes(&point).ok());
        key.is_none_or(|key| key.is_weak())
    }

    /// The members that make the key what it is.
    fn members(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let halves = |point: &[u8]| {
            let both = point.get(1..).unwrap_or_default();
            let (x, y) = both.split_at(both.len() / 2);
            (text(x), text(y))
        };
        match self {
            Self::P256(point) | Self::P384(point) => {
                let curve = if matches!(self, Self::P256(_)) { "P-256" } else { "P-384" };
                let (x, y) = halves(point);
                json!({ "crv": curve, "kty": "EC", "x": x, "y": y })
            }
            Self::Ed25519(point) => json!({ "crv": "Ed25519", "kty": "OKP", "x": text(point) }),
            Self::Rsa { n, e } => json!({ "e": text(e), "kty": "RSA", "n": text(n) }),
        }
    }

    /// RFC 7638: the hash of the members in the order of their names, which is how they are kept and written.
    fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.members().to_string()))
    }
}

/// Agreeing on a key with a point is what `ring` refuses when the point is not on its curve.
fn is_on_curve(curve: &'static ring::agreement::Algorithm, point: &[u8]) -> bool {
    let Ok(ours) = EphemeralPrivateKey::generate(curve, &SystemRandom::new()) else { return false };
    let theirs = ring::agreement::UnparsedPublicKey::new(curve, point);
    ring::agreement::agree_ephemeral(ours, &theirs, |_| ()).is_ok()
}
