//! Keys of clients under test: they make proofs in every algorithm there is, and in some there is none.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Everything a client might try.
pub(crate) const ALGORITHMS: [&str; 8] = ["ES256", "ES384", "Ed25519", "EdDSA", "PS256", "RS256", "HS256", "none"];

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// A key of a client.
pub(crate) struct ProofKey {
    algorithm: &'static str,
    pub(crate) jwk: Value,
    sign: Sign,
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn curve(name: &str, algorithm: &'static EcdsaSigningAlgorithm) -> (Value, Sign) {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
    let point = key.public_key().as_ref()[1..].to_vec();
    let (x, y) = point.split_at(point.len() / 2);
    let jwk = json!({ "kty": "EC", "crv": name, "x": text(x), "y": text(y) });
    (jwk, Box::new(move |message| key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()))
}

impl ProofKey {
    /// A new key for an algorithm.
    pub(crate) fn new(algorithm: &'static str) -> Self {
        let (jwk, sign): (Value, Sign) = match algorithm {
            "ES256" => curve("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
            "ES384" => curve("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
            "Ed25519" | "EdDSA" => {
                let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
                let key = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
                let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": text(key.public_key().as_ref()) });
                (jwk, Box::new(move |message| key.sign(message).as_ref().to_vec()))
            }
            "PS256" | "RS256" => {
                let lines: String = include_str!("rsa.pkcs8.base64").split_whitespace().collect();
                let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(lines).unwrap()).unwrap();
                let public: RsaPublicKeyComponents<Vec<u8>> = key.public().into();
                let jwk = json!({ "kty": "RSA", "n": text(&public.n), "e": text(&public.e) });
                let padding: &'static dyn ring::signature::RsaEncoding =
                    if algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let sign = move |message: &[u8]| {
                    let mut signature = vec![0; key.public().modulus_len()];
                    key.sign(padding, &SystemRandom::new(), message, &mut signature).unwrap();
                    signature
                };
                (jwk, Box::new(sign))
            }
            "HS256" => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"secret");
                let jwk = json!({ "kty": "oct", "k": text(b"secret") });
                (jwk, Box::new(move |message| ring::hmac::sign(&key, message).as_ref().to_vec()))
            }
            _ => (
                json!({ "kty": "EC", "crv": "P-256", "x": text(&[1; 32]), "y": text(&[1; 32]) }),
                Box::new(|_| Vec::new()),
            ),
        };
        Self { algorithm, jwk, sign }
    }

    /// A proof with these claims.
    pub(crate) fn proof(&self, claims: &Value) -> String {
        let header = json!({ "typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.jwk });
        let message = format!("{}.{}", text(header.to_string().as_bytes()), text(claims.to_string().as_bytes()));
        let signature = (self.sign)(message.as_bytes());
        format!("{message}.{}", text(&signature))
    }

    /// The thumbprint of RFC 7638 of a key on P-256.
    pub(crate) fn thumbprint(&self) -> String {
        let (x, y) = (self.jwk["x"].as_str().unwrap(), self.jwk["y"].as_str().unwrap());
        text(&Sha256::digest(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)))
    }
}
