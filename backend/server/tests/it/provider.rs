//! An identity provider that lies when it is told to. It stands in for a real one here because no real one issues a wrong
//! token; the real one (npm `oidc-provider`) is met in `deploy/e2e/test_sso.py`.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mudeung_core::clock::{Clock, ManualClock};
use mudeung_core::secret::Secret;
use mudeung_server::config::{Config, SsoConfig};
use mudeung_server::sso::{Fetch, FetchError, FetchFuture, HttpRequest, HttpResponse, Provider};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::EncodePrivateKey;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

/// What every provider of these tests is called.
pub(crate) const ISSUER: &str = "https://idp.hospital.example";

/// What a provider answers, as a test wants it. One for each server, by its folder.
#[derive(Debug, Default, Clone)]
pub(crate) struct Lies {
    /// Claims that are changed: `null` takes one away.
    pub(crate) claims: Map<String, Value>,
    /// Whether it signs with a key that it does not publish.
    pub(crate) foreign_key: bool,
    /// Which of its keys it publishes and signs with.
    pub(crate) key: u8,
    /// The algorithm in the head of its tokens, when it is not ES256 with that key.
    pub(crate) algorithm: Option<&'static str>,
    /// Whether it answers at all.
    pub(crate) is_away: bool,
    /// Whether it promises to say in its answers who it is.
    pub(crate) names_itself: bool,
    /// Claims that it gives at its userinfo endpoint alone.
    pub(crate) userinfo: Option<Value>,
    /// The nonce and the challenge of the last way, as the browser brought them.
    pub(crate) asked: BTreeMap<String, String>,
    /// How often its metadata was read.
    pub(crate) reads: usize,
}

static PROVIDERS: LazyLock<Mutex<BTreeMap<String, Arc<Mutex<Lies>>>>> = LazyLock::new(Mutex::default);

/// The configuration of single sign-on at the provider of a test; its name is its client.
pub(crate) fn sso(client: &str) -> SsoConfig {
    SsoConfig {
        issuer: ISSUER.to_owned(),
        client_id: client.to_owned(),
        client_secret_file: None,
        name: String::new(),
        second_factor: vec!["mfa".to_owned()],
        trusts_email: false,
        passwords: true,
    }
}

/// What the provider of a test says.
pub(crate) fn of(client: &str) -> Arc<Mutex<Lies>> {
    Arc::clone(PROVIDERS.lock().unwrap().entry(client.to_owned()).or_default())
}

/// How the provider of a configuration is reached.
pub(crate) fn reach(config: &Config, clock: Arc<ManualClock>) -> Option<Provider> {
    let sso = config.sso.as_ref()?;
    let fetch = Lying { client: sso.client_id.clone(), clock, lies: of(&sso.client_id) };
    Some(Provider { fetch: Arc::new(fetch), secret: Some(Secret::new("a secret there".to_owned())) })
}

struct Lying {
    client: String,
    clock: Arc<ManualClock>,
    lies: Arc<Mutex<Lies>>,
}

impl Fetch for Lying {
    fn fetch(&self, request: HttpRequest) -> FetchFuture<'_> {
        let answer = self.answer(&request);
        Box::pin(async move { answer })
    }
}

impl Lying {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, FetchError> {
        let mut lies = self.lies.lock().unwrap();
        if lies.is_away {
            return Err(FetchError("connection refused".to_owned()));
        }
        let said = match request.uri().path() {
            "/.well-known/openid-configuration" => {
                lies.reads += 1;
                metadata(lies.names_itself, lies.userinfo.is_some())
            }
            "/jwks" => json!({ "keys": [jwk(lies.key)] }),
            "/token" => {
                let form: BTreeMap<String, String> = serde_urlencoded::from_bytes(request.body()).unwrap();
                assert_eq!(form["grant_type"], "authorization_code");
                assert_eq!(form["code"], "the-code");
                // What a provider does with PKCE.
                let digest = ring::digest::digest(&ring::digest::SHA256, form["code_verifier"].as_bytes());
                let challenge = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, digest);
                if lies.asked.get("code_challenge") != Some(&challenge) {
                    return Ok(answer(400, &json!({ "error": "invalid_grant" })));
                }
                assert!(request.headers().contains_key("authorization"), "a confidential client proves itself");
                json!({ "access_token": "an access token", "token_type": "Bearer", "id_token": self.id_token(&lies) })
            }
            "/userinfo" => lies.userinfo.clone().unwrap(),
            other => panic!("{other}"),
        };
        Ok(answer(200, &said))
    }

    fn id_token(&self, lies: &Lies) -> String {
        let now = self.clock.now().seconds();
        let mut claims = json!({
            "iss": ISSUER,
            "sub": "staff-1",
            "aud": self.client,
            "exp": now + 600,
            "iat": now,
            "nonce": lies.asked.get("nonce"),
            "email": "admin@example.org",
            "email_verified": true,
        });
        let claims = claims.as_object_mut().unwrap();
        for (name, value) in &lies.claims {
            match value {
                Value::Null => drop(claims.remove(name)),
                value => drop(claims.insert(name.clone(), value.clone())),
            }
        }
        match lies.algorithm {
            Some("none") => unsigned(claims),
            Some("HS256") => {
                let key = EncodingKey::from_secret(b"a secret there");
                jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
            }
            _ => {
                let mut header = Header::new(Algorithm::ES256);
                header.kid = Some(format!("key-{}", lies.key));
                let signing = if lies.foreign_key { 99 } else { lies.key };
                let der = secret_key(signing).to_pkcs8_der().unwrap();
                jsonwebtoken::encode(&header, claims, &EncodingKey::from_ec_der(der.as_bytes())).unwrap()
            }
        }
    }
}

fn unsigned(claims: &Map<String, Value>) -> String {
    let encode = |value: &str| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, value);
    format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(&serde_json::to_string(claims).unwrap()))
}

fn metadata(names_itself: bool, has_userinfo: bool) -> Value {
    let mut metadata = json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{ISSUER}/authorize"),
        "token_endpoint": format!("{ISSUER}/token"),
        "jwks_uri": format!("{ISSUER}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": names_itself,
    });
    if has_userinfo {
        metadata["userinfo_endpoint"] = format!("{ISSUER}/userinfo").into();
    }
    metadata
}

fn secret_key(key: u8) -> p256::SecretKey {
    p256::SecretKey::from_slice(&[key + 1; 32]).unwrap()
}

fn jwk(key: u8) -> Value {
    let point = secret_key(key).public_key().to_encoded_point(false);
    let encode = |part: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, part);
    json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": format!("key-{key}"),
        "x": encode(point.x().unwrap()), "y": encode(point.y().unwrap()),
    })
}

fn answer(status: u16, body: &Value) -> HttpResponse {
    let mut answer = HttpResponse::new(body.to_string().into_bytes());
    *answer.status_mut() = status.try_into().unwrap();
    answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
    answer
}
