//! Apps that prove themselves with a key, and hand-made assertions of theirs.

use super::{BEGIN, TestApp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::app::{App, AppRules, AppState, ClientAuthentication};
use mudeung_core::credential::{Credential, CredentialState, KeyAlgorithm, Proof};
use mudeung_core::id::{AppId, CredentialId};
use mudeung_core::scope::ScopeSet;
use mudeung_store::{apps, credentials};
use reqwest::Response;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// A private key for these tests alone.
const RSA_2048: &str = include_str!("rsa_2048.pem");

/// A key pair, and the algorithm it is registered with.
pub(crate) struct Signer {
    pub(crate) kid: String,
    pub(crate) algorithm: KeyAlgorithm,
    pair: Pair,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// An app with one key.
pub(crate) struct Keyed {
    pub(crate) id: String,
    pub(crate) app: AppId,
    pub(crate) credential: CredentialId,
    pub(crate) signer: Signer,
}

impl Signer {
    /// A new key; the RSA one is always the same.
    pub(crate) fn new(kid: &str, algorithm: KeyAlgorithm) -> Self {
        let random = SystemRandom::new();
        let ecdsa = |algorithm| {
            let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            Pair::Ecdsa(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap())
        };
        let pair = match algorithm {
            KeyAlgorithm::Es256 => ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            KeyAlgorithm::Es384 => ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            KeyAlgorithm::Ed25519 => {
                let key = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
                Pair::Ed25519(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
            }
            KeyAlgorithm::Ps256 | KeyAlgorithm::Rs256 | KeyAlgorithm::Rs384 => {
                let lines = RSA_2048.lines().filter(|line| !line.starts_with("-----"));
                let der = base64::engine::general_purpose::STANDARD.decode(lines.collect::<String>()).unwrap();
                Pair::Rsa(Box::new(RsaKeyPair::from_pkcs8(&der).unwrap()))
            }
        };
        Self { kid: kid.to_owned(), algorithm, pair }
    }

    /// The public half, as a JWK.
    pub(crate) fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at((pair.public_key().as_ref().len() - 1) / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({ "kty": "EC", "crv": curve, "x": text(x), "y": text(y) })
            }
            Pair::Ed25519(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref()) })
            }
            Pair::Rsa(pair) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({ "kty": "RSA", "n": text(&public.n), "e": text(&public.e) })
            }
        }
    }

    fn sign(&self, algorithm: KeyAlgorithm, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let padding: &dyn signature::RsaEncoding = match algorithm {
                    KeyAlgorithm::Ps256 => &signature::RSA_PSS_SHA256,
                    KeyAlgorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// A JWT of texts that need not be JSON.
    pub(crate) fn raw(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let header: Value = serde_json::from_str(header).unwrap_or_default();
        let named = header["alg"].as_str().and_then(KeyAlgorithm::parse);
        let signature = self.sign(named.unwrap_or(self.algorithm), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A JWT with the usual header.
    pub(crate) fn jwt(&self, claims: &Value) -> String {
        self.raw(&self.header().to_string(), &claims.to_string())
    }

    pub(crate) fn header(&self) -> Value {
        json!({ "alg": self.algorithm.as_str(), "kid": self.kid, "typ": "JWT" })
    }

    /// The key as a credential of an app.
    pub(crate) fn credential(&self, app: AppId, seed: u8) -> Credential {
        let (kid, public_jwk) = (self.kid.clone(), self.jwk().to_string());
        Credential {
            id: CredentialId::from_bytes([seed; 16]),
            app,
            label: self.kid.clone(),
            proof: Proof::Key { kid, algorithm: self.algorithm, public_jwk },
            not_before: BEGIN,
            expires_at: None,
            last_used_at: None,
            state: CredentialState::Active,
            created_at: BEGIN,
        }
    }
}

impl Keyed {
    /// Registers an app of the company with one key of that algorithm.
    pub(crate) async fn register(app: &TestApp, seed: u8, algorithm: KeyAlgorithm) -> Self {
        let signer = Signer::new("first", algorithm);
        let id = AppId::from_bytes([seed; 16]);
        let credential = signer.credential(id, seed);
        let (company, credential_id) = (app.fixture.company, credential.id);
        app.change_and_see(move |conn| {
            apps::insert_app(conn, &keyed_app(id, company))?;
            credentials::insert_credential(conn, &credential)
        })
        .await;
        Self { id: id.to_string(), app: id, credential: credential_id, signer }
    }

    /// Claims that are all right, with a fresh `jti`.
    pub(crate) fn claims(&self, app: &TestApp) -> Value {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let jti = format!("jti-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let now = app.now().seconds();
        json!({ "iss": self.id, "sub": self.id, "aud": app.url, "iat": now, "exp": now + 60, "jti": jti })
    }

    /// A fresh assertion that is all right.
    pub(crate) fn assertion(&self, app: &TestApp) -> String {
        self.signer.jwt(&self.claims(app))
    }
}

fn keyed_app(id: AppId, organization: mudeung_core::id::OrganizationId) -> App {
    App {
        id,
        organization,
        name: "Keyed".to_owned(),
        scopes: ScopeSet::company(),
        authentication: ClientAuthentication::PrivateKeyJwt,
        rules: AppRules::default(),
        state: AppState::Active,
        created_at: BEGIN,
    }
}

impl TestApp {
    /// A token request with an assertion.
    pub(crate) async fn assert(&self, assertion: &str) -> Response {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        self.post("/oauth2/token").form(&form).send().await.unwrap()
    }

    /// A token request of the `jwt-bearer` grant.
    pub(crate) async fn assert_grant(&self, assertion: &str) -> Response {
        let form = [("grant_type", JWT_BEARER), ("assertion", assertion)];
        self.post("/oauth2/token").form(&form).send().await.unwrap()
    }

    /// How many used assertions are remembered.
    pub(crate) async fn remembered(&self) -> u64 {
        let counts = self.state().db.read("count", mudeung_store::assertions::count_by_app).await.unwrap();
        counts.into_iter().map(|(_, count)| count).sum()
    }
}
