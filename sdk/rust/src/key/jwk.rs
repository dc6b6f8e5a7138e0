//! Private keys as JSON web keys (RFC 7517, RFC 7518 section 6, RFC 8037).

use super::{Pair, wrong};
use crate::error::ApiError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use serde::Deserialize;

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<String>,
    p: Option<String>,
    q: Option<String>,
    dp: Option<String>,
    dq: Option<String>,
    qi: Option<String>,
}

/// The key pair, and its name when it has one.
pub(super) fn read(text: &str) -> Result<(Pair, Option<String>), ApiError> {
    // The error must not quote the key.
    let jwk: Jwk = serde_json::from_str(text).map_err(|_problem| wrong("is not a JSON web key with text members"))?;
    let pair = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("OKP", Some("Ed25519")) => jwk.ed25519()?,
        ("EC", Some("P-256")) => jwk.p256()?,
        ("RSA", _) => jwk.rsa()?,
        _ => return Err(wrong("is neither Ed25519, P-256 nor RSA")),
    };
    Ok((pair, jwk.kid))
}

impl Jwk {
    fn ed25519(&self) -> Result<Pair, ApiError> {
        let pair = Ed25519KeyPair::from_seed_and_public_key(&bytes(&self.d, "d")?, &bytes(&self.x, "x")?);
        Ok(Pair::Ed25519(pair.map_err(|error| wrong(&format!("does not fit together: {error}")))?))
    }

    fn p256(&self) -> Result<Pair, ApiError> {
        let point = [vec![4], bytes(&self.x, "x")?, bytes(&self.y, "y")?].concat();
        let (algorithm, random) = (&signature::ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &bytes(&self.d, "d")?, &point, &random);
        Ok(Pair::P256(Box::new(pair.map_err(|error| wrong(&format!("does not fit together: {error}")))?)))
    }

    fn rsa(&self) -> Result<Pair, ApiError> {
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: bytes(&self.n, "n")?, e: bytes(&self.e, "e")? },
            d: bytes(&self.d, "d")?,
            p: bytes(&self.p, "p")?,
            q: bytes(&self.q, "q")?,
            dP: bytes(&self.dp, "dp")?,
            dQ: bytes(&self.dq, "dq")?,
            qInv: bytes(&self.qi, "qi")?,
        };
        let pair = RsaKeyPair::from_components(&components);
        Ok(Pair::Rsa(Box::new(pair.map_err(|error| wrong(&format!("does not fit together: {error}")))?)))
    }
}

fn bytes(member: &Option<String>, name: &str) -> Result<Vec<u8>, ApiError> {
    let text = member.as_deref().ok_or_else(|| wrong(&format!("has no `{name}`: it must be the private one")))?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_problem| wrong(&format!("has a `{name}` that is not base64url")))
}

#[cfg(test)]
mod tests {
    use super::super::PrivateKey;
    use ring::signature::{ED25519, KeyPair, UnparsedPublicKey};

    /// The key of RFC 8037, appendix A.
    const ED25519_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    #[test]
    fn a_key_of_the_standard_signs() {
        let key = PrivateKey::from_jwk(Some("a".to_owned()), ED25519_KEY).unwrap();
        let super::Pair::Ed25519(pair) = &key.pair else { panic!() };
        let signature = key.sign(b"message").unwrap();
        UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref()).verify(b"message", &signature).unwrap();
    }

    #[test]
    fn what_is_no_private_key_is_refused_without_quoting_it() {
        let public = ED25519_KEY.replace("\"d\"", "\"not-d\"");
        let other = ED25519_KEY.replace("11qY", "22qY");
        for wrong in [public.as_str(), &other, "{}", "[]", "", r#"{"kty":"oct","k":"c2VjcmV0"}"#] {
            let error = PrivateKey::from_jwk(Some("a".to_owned()), wrong).unwrap_err().to_string();
            assert!(error.starts_with("the private key ") && !error.contains("nWGx"), "{error}");
        }
        assert!(PrivateKey::from_jwk(None, ED25519_KEY).is_ok());
    }
}
