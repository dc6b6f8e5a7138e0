//! Entry points of the fuzz targets in `deploy/fuzz`. They panic when what must always hold does not.

pub use crate::oauth::assertion::fuzz::assertion;
pub use crate::oauth::dpop::fuzz::dpop_proof;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair};

/// A client that signs whatever it is given, so that what is behind the signature is reached.
pub(crate) struct Signer(Ed25519KeyPair);

impl Signer {
    pub(crate) fn new() -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(&[7; 32]).ok().map(Self)
    }

    /// The public half as a JWK.
    pub(crate) fn jwk(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.0.public_key().as_ref());
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#)
    }

    /// A JWT of any header and any claims.
    pub(crate) fn jwt(&self, header: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}
