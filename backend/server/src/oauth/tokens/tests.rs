use super::*;
use crate::keys::Keys;
use crate::keys::token_key::TokenKey;
use mudeung_core::clock::{CountingEntropy, ManualClock};
use mudeung_core::scope::Scope;
use mudeung_core::signing_key::{KeyRing, NOTICE};
use serde_json::{Value, json};
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_seconds(1_772_409_600);

struct Bench {
    tokens: Tokens,
    keys: Keys,
    ring: KeyRing,
    signing_keys: Arc<SigningKeys>,
}

fn config() -> Config {
    Config::parse(
        "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://data.example.org\"\n\
         [database]\ncontrol = \"c\"\nledger = \"l\"\n[data]\nstore = \"s\"\nkeys = \"k\"\n",
    )
    .unwrap()
}

const KEPT: Duration = Duration::from_secs(4_800);

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let entropy = CountingEntropy::default();
    let keys = Keys::load_or_create(&folder.path().join("keys"), None, &entropy).unwrap();
    let mut ring = KeyRing::default();
    ring.fill(&mut keys.fresh_signing_keys(2, &ManualClock::at(NOW), &entropy).unwrap(), NOW);
    let signing_keys = Arc::new(SigningKeys::new(&keys, KEPT));
    signing_keys.learn(&ring).unwrap();
    Bench { tokens: Tokens::new(&config(), Arc::clone(&signing_keys)), keys, ring, signing_keys }
}

fn subject() -> Subject {
    Subject {
        app: AppId::from_bytes([1; 16]),
        credential: CredentialId::from_bytes([2; 16]),
        scopes: [Scope::DataRead, Scope::CatalogRead].into_iter().collect(),
        ends: None,
    }
}

fn id() -> TokenId {
    TokenId::from_bytes([3; 16])
}

impl Bench {
    fn token(&self) -> String {
        self.tokens.issue(&subject(), id(), NOW).unwrap().text
    }

    fn verify(&self, token: &str) -> Result<Principal, InvalidToken> {
        self.tokens.verify(token, NOW).map(|says| says.principal)
    }

    fn key(&self) -> Arc<TokenKey> {
        self.signing_keys.signing(NOW).unwrap()
    }

    fn kid(&self) -> String {
        self.key().kid().to_owned()
    }

    /// Changes the ring as the operator does, and learns it as a node does.
    fn change(&mut self, now: Timestamp, work: impl FnOnce(&mut KeyRing)) {
        work(&mut self.ring);
        let entropy = CountingEntropy::starting_at(now.micros());
        self.ring.fill(&mut self.keys.fresh_signing_keys(2, &ManualClock::at(now), &entropy).unwrap(), now);
        self.signing_keys.learn(&self.ring).unwrap();
    }

    fn kid_at(&self, now: Timestamp) -> String {
        part(&self.tokens.issue(&subject(), id(), now).unwrap().text, 0)["kid"].as_str().unwrap().to_owned()
    }

    fn published(&self, now: Timestamp) -> Vec<String> {
        let set = self.tokens.key_set(now);
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    fn header(&self) -> Value {
        json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.kid() })
    }

    /// A token with this header and these claims, signed with the server's own key.
    fn forge(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.key().sign(message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn claims(&self) -> Value {
        part(&self.token(), 1)
    }
}

fn part(token: &str, position: usize) -> Value {
    let part = token.split('.').nth(position).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn with(mut value: Value, name: &str, changed: Value) -> Value {
    value[name] = changed;
    value
}

#[test]
fn oauth_34_a_token_has_every_claim_of_rfc_9068() {
    let bench = bench();
    let token = bench.token();
    assert_eq!(part(&token, 0), json!({ "alg": "ES256", "typ": "at+jwt", "kid": bench.kid() }));
    let app = subject().app.to_string();
    let expected = json!({
        "iss": "https://data.example.org", "aud": "https://data.example.org", "sub": app, "client_id": app,
        "credential": subject().credential.to_string(), "jti": id().to_string(), "scope": "catalog.read data.read",
        "iat": NOW.seconds(), "exp": NOW.seconds() + 1_200,
    });
    assert_eq!(part(&token, 1), expected);
    assert_eq!(
        bench.verify(&token),
        Ok(Principal {
            app: subject().app,
            credential: subject().credential,
            token: id(),
            signed_by: KeyId::parse(&bench.kid()).unwrap(),
            scopes: subject().scopes
        })
    );
}

#[test]
fn oauth_34_another_implementation_verifies_the_token_with_the_published_key() {
    let bench = bench();
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(bench.tokens.key_set(NOW)).unwrap();
    let jwk = set.find(&bench.kid()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(jwk).unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    rules.set_audience(&["https://data.example.org"]);
    rules.set_issuer(&["https://data.example.org"]);
    rules.validate_exp = false;
    let read = jsonwebtoken::decode::<Value>(bench.token(), &key, &rules).unwrap();
    assert_eq!(read.claims["jti"], id().to_string());
}

#[test]
fn oauth_35_tokens_that_are_not_ours_are_refused() {
    use InvalidToken::{Algorithm, Expired, Malformed, NotYet, OtherServer, Type, UnknownKey};
    let bench = bench();
    let (header, claims) = (bench.header(), bench.claims());
    let header_with = |name, value| bench.forge(&with(header.clone(), name, value), &claims);
    let claims_with = |name, value| bench.forge(&header, &with(claims.clone(), name, value));
    for (token, expected) in [
        (header_with("typ", json!("JWT")), Type),
        (header_with("typ", json!("client-authentication+jwt")), Type),
        (header_with("alg", json!("none")), Algorithm),
        (header_with("alg", json!("HS256")), Algorithm),
        (header_with("alg", json!("RS256")), Algorithm),
        (header_with("kid", json!("../../etc/passwd")), UnknownKey),
        (header_with("crit", json!(["exp"])), Malformed),
        (header_with("jku", json!("https://evil.example")), Malformed),
        (claims_with("aud", json!("https://other.example")), OtherServer),
        (claims_with("aud", json!(["https://data.example.org"])), Malformed),
        (claims_with("iss", json!("https://other.example")), OtherServer),
        (claims_with("exp", json!(NOW.seconds())), Expired),
        (claims_with("exp", json!(-1)), Expired),
        (claims_with("exp", json!("soon")), Malformed),
        (claims_with("exp", json!(1e300)), Malformed),
        (claims_with("exp", Value::Null), Malformed),
        (claims_with("nbf", json!(NOW.seconds() + 1)), NotYet),
        (claims_with("sub", json!("app_00000000000000000000000000")), Malformed),
        (claims_with("client_id", json!("app_00000000000000000000000000")), Malformed),
        (claims_with("jti", json!("x")), Malformed),
        ("x".repeat(TOKEN_BYTES_MAX + 1), Malformed),
    ] {
        assert_eq!(bench.verify(&token), Err(expected), "{token}");
    }
    for text in ["", ".", "..", "...", "a.b.c", "e30.e30.", "e30.e30", "토큰"] {
        assert!(bench.verify(text).is_err(), "{text}");
    }
}

#[test]
fn oauth_35_every_changed_character_is_noticed() {
    let bench = bench();
    let token = bench.token();
    for position in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(bench.verify(&changed).is_err(), "at {position}");
    }
    assert!(bench.verify(&format!("{token}A")).is_err());
    assert!(bench.verify(&token).is_ok());
}

#[test]
fn oauth_35_the_public_key_as_an_hmac_secret_opens_nothing() {
    use hmac::{Hmac, Mac};
    let bench = bench();
    let header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": bench.kid() });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(&bench.claims()));
    let jwk = bench.key().jwk().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(jwk.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    assert_eq!(bench.verify(&token), Err(InvalidToken::Algorithm));
}

#[test]
fn oauth_36_a_token_is_short() {
    let bench = bench();
    let all = Subject { scopes: Scope::ALL.iter().copied().collect(), ..subject() };
    let token = bench.tokens.issue(&all, id(), NOW).unwrap().text;
    assert!(token.len() < 1_024, "{}", token.len());
}

#[test]
fn oauth_37_a_token_ends_with_its_lifetime_or_its_credential() {
    let bench = bench();
    let issued = |ends: u64| {
        let subject = Subject { ends: Some(NOW.plus(Duration::from_secs(ends))), ..subject() };
        bench.tokens.issue(&subject, id(), NOW).unwrap()
    };
    assert_eq!(issued(5_000).expires_in, 1_200);
    let short = issued(100);
    assert_eq!(short.expires_in, 100);
    assert!(bench.tokens.verify(&short.text, NOW.plus(Duration::from_millis(99_999))).is_ok());
    let over = bench.tokens.verify(&short.text, NOW.plus(Duration::from_secs(100)));
    assert_eq!(over, Err(InvalidToken::Expired), "though it is remembered as verified");
}

#[test]
fn oauth_37_tokens_of_the_hospital_live_shorter() {
    let bench = bench();
    for (scopes, expected) in [
        ([Scope::DataRead, Scope::CatalogRead], 1_200),
        ([Scope::AdminLedger, Scope::AdminOrgs], 300),
        ([Scope::DataRead, Scope::AdminOrgs], 300),
    ] {
        let subject = Subject { scopes: scopes.into_iter().collect(), ..subject() };
        assert_eq!(bench.tokens.issue(&subject, id(), NOW).unwrap().expires_in, expected, "{scopes:?}");
    }
}

#[test]
fn oauth_37_the_first_end_of_all_is_the_tokens() {
    let bench = bench();
    let at = |seconds: u64| Some(NOW.plus(Duration::from_secs(seconds)));
    for (credential, grant, expected) in [(at(50), at(70), 50), (at(70), at(50), 50), (None, at(60), 60)] {
        let subject = Subject { ends: credential, ..subject() };
        let terms = Terms { ends: grant, ..Terms::default() };
        assert_eq!(bench.tokens.issue_on(&terms, &subject, id(), NOW).unwrap().expires_in, expected);
    }
}

#[test]
fn oauth_60_what_a_token_is_bound_to_comes_back() {
    let bench = bench();
    let terms = Terms { confirmation: Some([9; 32]), ..Terms::default() };
    let token = bench.tokens.issue_on(&terms, &subject(), id(), NOW).unwrap().text;
    assert_eq!(part(&token, 1)["cnf"], json!({ "jkt": URL_SAFE_NO_PAD.encode([9; 32]) }));
    for _ in 0..2 {
        assert_eq!(bench.tokens.verify(&token, NOW).unwrap().confirmation, Some([9; 32]), "verified, then remembered");
    }
    let spoilt = bench.forge(&bench.header(), &with(bench.claims(), "cnf", json!({ "jkt": "AAAA" })));
    assert_eq!(bench.verify(&spoilt), Err(InvalidToken::Malformed));
}

#[test]
fn oauth_38_a_new_key_is_published_before_it_signs_and_the_old_one_still_verifies() {
    let mut bench = bench();
    let (token, old) = (bench.token(), bench.kid());
    assert_eq!(bench.published(NOW).len(), 2, "one signs, one stands by");
    let (next, from) = {
        let mut taken = None;
        bench.change(NOW, |ring| taken = ring.rotate(NOW).ok());
        taken.unwrap()
    };
    assert_eq!(from, NOW.plus(NOTICE), "the set may be cached for half of that");
    let just_before = Timestamp::from_micros(from.micros() - 1);
    for (at, kid) in [(NOW, old.clone()), (just_before, old.clone()), (from, next.to_string())] {
        assert_eq!(bench.kid_at(at), kid);
        assert!(bench.published(at).contains(&kid));
    }
    let last = Timestamp::from_micros(from.plus(KEPT).micros() - 1);
    assert!(bench.tokens.inspect(&token, last).is_ok() && bench.published(last).contains(&old));
    assert_eq!(bench.tokens.inspect(&token, from.plus(KEPT)).unwrap_err(), InvalidToken::UnknownKey);
    assert!(!bench.published(from.plus(KEPT)).contains(&old), "and then it is over");
}

#[test]
fn oauth_39_what_a_revoked_key_signed_is_worth_nothing_and_another_signs_at_once() {
    let mut bench = bench();
    let (token, kid) = (bench.token(), bench.kid());
    assert!(bench.tokens.verify(&token, NOW).is_ok());
    let later = NOW.plus(Duration::from_secs(60));
    let id = KeyId::parse(&kid).unwrap();
    bench.change(later, |ring| ring.revoke(id, "stolen".to_owned(), later).unwrap());
    assert!(!bench.published(later).contains(&kid));
    assert_eq!(bench.tokens.inspect(&token, later).unwrap_err(), InvalidToken::UnknownKey);
    let next = bench.tokens.issue(&subject(), super::tests::id(), later).unwrap().text;
    assert_ne!(part(&next, 0)["kid"], json!(kid));
    assert!(bench.tokens.verify(&next, later).is_ok());
}

#[test]
fn a_clock_set_back_brings_no_token_back_that_is_not_verified_anew() {
    let bench = bench();
    let token = bench.token();
    let later = NOW.plus(Duration::from_secs(3_600));
    assert_eq!(bench.tokens.verify(&token, later), Err(InvalidToken::Expired));
    assert!(bench.tokens.verify(&token, NOW).is_ok());
    assert_eq!(bench.tokens.verify(&token, later), Err(InvalidToken::Expired));
    assert_eq!(bench.tokens.known(), 1);
}
