//! Proofs of strangers, and of a client that signs anything.

use super::address;
use super::proof::{Proof, TEXT_BYTES_MAX};
use super::{InvalidProof, Thumbprint};
use crate::fuzz::Signer;

/// The input stands once for the proof and once for the claims of one that is signed well. A signed one has no wrong
/// signature, and what is read of it keeps to the limits.
pub fn dpop_proof(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = look_at(text);
        if let Some(normal) = address::normalised(text) {
            assert_eq!(address::normalised(&normal).as_ref(), Some(&normal), "normal, and not yet: {text}");
        }
    }
    let Some(signer) = Signer::new() else { return };
    let header = format!(r#"{{"typ":"dpop+jwt","alg":"Ed25519","jwk":{}}}"#, signer.jwk());
    match look_at(&signer.jwt(header.as_bytes(), bytes)) {
        Ok(thumbprint) => assert_ne!(thumbprint, [0; 32]),
        Err(error) => assert_eq!(error, InvalidProof::Malformed, "of a proof that is signed well"),
    }
}

fn look_at(text: &str) -> Result<Thumbprint, InvalidProof> {
    let proof = Proof::parse(text)?;
    let claims = &proof.claims;
    assert!((1..=TEXT_BYTES_MAX).contains(&claims.jti.len()));
    for text in [&claims.nonce, &claims.ath].into_iter().flatten() {
        assert!(text.len() <= TEXT_BYTES_MAX);
    }
    Ok(proof.thumbprint)
}
