use super::*;
use actix_web::http::header::HeaderValue;
use mudeung_core::clock::CountingEntropy;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_seconds(1_562_262_616);
const PATH: &str = "/token";
/// The proof of RFC 9449 section 4.1.
const RFC_9449: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDU\
    kRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtM\
    jU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwia\
    WF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

struct Bench {
    dpop: Dpop,
    key: EcdsaKeyPair,
    jwk: Value,
}

fn config() -> Config {
    Config::parse(
        "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://server.example.com\"\n\
         [database]\ncontrol = \"c\"\nledger = \"l\"\n[data]\nstore = \"s\"\nkeys = \"k\"\n",
    )
    .unwrap()
}

fn node(seed: i64) -> Dpop {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::load_or_create(&folder.path().join("keys"), None, &CountingEntropy::default()).unwrap();
    Dpop::new(&config(), &keys, &CountingEntropy::starting_at(seed))
}

fn bench() -> Bench {
    let secret = p256::SecretKey::from_slice(&[7; 32]).unwrap();
    let point = secret.public_key().to_encoded_point(false);
    let random = ring::rand::SystemRandom::new();
    let key = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &secret.to_bytes(),
        point.as_bytes(),
        &random,
    )
    .unwrap();
    assert_eq!(key.public_key().as_ref(), point.as_bytes());
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": text(point.x().unwrap()), "y": text(point.y().unwrap()) });
    Bench { dpop: node(5), key, jwk }
}

fn with(mut value: Value, name: &str, changed: Value) -> Value {
    match changed {
        Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
        changed => value[name] = changed,
    }
    value
}

impl Bench {
    fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk })
    }

    fn claims(&self, id: &str) -> Value {
        let FreshNonce(nonce) = self.dpop.nonce(NOW);
        let htu = "https://server.example.com/token";
        json!({ "jti": id, "htm": "POST", "htu": htu, "iat": NOW.seconds(), "nonce": nonce })
    }

    fn proof(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.key.sign(&ring::rand::SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    fn check_at(
        &self,
        proofs: &[&str],
        token: Option<(&str, Thumbprint)>,
        now: Timestamp,
    ) -> Result<Thumbprint, InvalidProof> {
        let mut headers = HeaderMap::new();
        for proof in proofs {
            headers.append(DPOP, HeaderValue::from_str(proof).unwrap());
        }
        self.dpop.verify(&headers, Expected { method: &Method::POST, path: PATH, token }, now)
    }

    fn check(&self, proof: &str) -> Result<Thumbprint, InvalidProof> {
        self.check_at(&[proof], None, NOW)
    }

    fn thumbprint(&self) -> Thumbprint {
        let text = |name: &str| self.jwk[name].as_str().unwrap().to_owned();
        Sha256::digest(format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text("x"), text("y"))).into()
    }
}

#[test]
fn the_proof_of_rfc_9449_is_read_and_its_key_has_the_thumbprint_of_the_rfc() {
    let proof = Proof::parse(RFC_9449).unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(proof.thumbprint), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    assert_eq!((proof.claims.jti.as_str(), proof.claims.htm.as_str()), ("-BwC3ESc6acc2lTc", "POST"));
    assert_eq!((proof.claims.htu.as_str(), proof.claims.iat), ("https://server.example.com/token", 1_562_262_616));
    assert_eq!(
        bench().check(RFC_9449),
        Err(InvalidProof::Nonce),
        "all of it is right but the nonce, which it has none of"
    );
    let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
    assert_eq!(hash, "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo", "the ath of section 7.1");
}

#[test]
fn the_thumbprint_of_an_rsa_key_is_that_of_rfc_7638() {
    let jwk = json!({ "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o\
              knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qM\
              QvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKn\
              qDKgw" });
    let jwk: key::Jwk = serde_json::from_value(jwk).unwrap();
    let (_, thumbprint) = jwk.read(KeyAlgorithm::Rs256).unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(thumbprint), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(jwk.read(KeyAlgorithm::Es256).unwrap_err(), InvalidProof::Key, "the algorithm goes with the key");
}

#[test]
fn oauth_55_there_is_exactly_one_proof() {
    let bench = bench();
    let (first, second) =
        (bench.proof(&bench.header(), &bench.claims("1")), bench.proof(&bench.header(), &bench.claims("2")));
    assert_eq!(bench.check_at(&[], None, NOW), Err(InvalidProof::Missing));
    assert_eq!(bench.check_at(&[&first, &second], None, NOW), Err(InvalidProof::Several));
    assert!(bench.check_at(&[&format!("{first}, {second}")], None, NOW).is_err());
    assert_eq!(bench.check(&first), Ok(bench.thumbprint()));
}

#[test]
fn oauth_56_type_algorithm_and_key_are_what_they_must_be() {
    use InvalidProof::{Algorithm, Key, Malformed, Signature};
    let bench = bench();
    let (header, claims) = (bench.header(), bench.claims("1"));
    let jwk = |name: &str, value: Value| with(header.clone(), "jwk", with(bench.jwk.clone(), name, value));
    for (header, expected) in [
        (with(header.clone(), "typ", json!("JWT")), Malformed),
        (with(header.clone(), "typ", Value::Null), Malformed),
        (with(header.clone(), "crit", json!(["b64"])), Malformed),
        (with(header.clone(), "jwk", Value::Null), Malformed),
        (with(header.clone(), "jwk", json!("x")), Malformed),
        (with(header.clone(), "alg", json!("none")), Algorithm),
        (with(header.clone(), "alg", json!("HS256")), Algorithm),
        (with(header.clone(), "alg", json!("ES384")), Algorithm),
        (with(header.clone(), "alg", json!("es256")), Algorithm),
        (with(header.clone(), "alg", json!("Ed25519")), Key),
        (with(header.clone(), "alg", json!("RS256")), Key),
        (jwk("d", json!("AAAA")), Key),
        (jwk("p", json!("")), Key),
        (jwk("k", json!("AAAA")), Key),
        (jwk("kty", json!("oct")), Key),
        (jwk("crv", json!("P-384")), Key),
        (jwk("x", json!("AAAA")), Key),
        (jwk("y", Value::Null), Key),
        // Not on the curve.
        (jwk("y", bench.jwk["x"].clone()), Signature),
    ] {
        assert_eq!(bench.check(&bench.proof(&header, &claims)), Err(expected), "{header}");
    }
    let weak = json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode([0; 32]) });
    let weak = with(with(header.clone(), "alg", json!("Ed25519")), "jwk", weak);
    assert_eq!(bench.check(&bench.proof(&weak, &claims)), Err(Key));
    let proof = bench.proof(&header, &claims);
    let (head, rest) = proof.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let other = URL_SAFE_NO_PAD.encode(with(claims.clone(), "htm", json!("GET")).to_string());
    assert_eq!(bench.check(&format!("{head}.{other}.{signature}")), Err(Signature));
    let twice = URL_SAFE_NO_PAD.encode(header.to_string().replacen('{', "{\"alg\":\"none\",", 1));
    assert_eq!(bench.check(&format!("{twice}.{rest}")), Err(Malformed), "a name that stands twice");
    for text in ["", ".", "..", "a.b.c", &"x".repeat(9_000)] {
        assert_eq!(bench.check(text), Err(Malformed));
    }
    assert_eq!(bench.dpop.remembered(), 0, "nothing is remembered of what is wrong");
    assert!(bench.check(&proof).is_ok());
}

#[test]
fn oauth_57_a_proof_is_for_one_method_and_address() {
    let bench = bench();
    let check = |name: &str, value: &str| {
        let claims = with(bench.claims(&format!("{name}{value}")), name, json!(value));
        bench.check(&bench.proof(&bench.header(), &claims))
    };
    for same in ["HTTPS://SERVER.example.com:443/token", "https://server.example.com/token?a=b#c"] {
        assert!(check("htu", same).is_ok(), "{same}");
    }
    for other in
        ["https://server.example.com/", "https://other.example/token", "http://server.example.com/token", "/token", "x"]
    {
        assert_eq!(check("htu", other), Err(InvalidProof::OtherRequest), "{other}");
    }
    for other in ["GET", "post", "*"] {
        assert_eq!(check("htm", other), Err(InvalidProof::OtherRequest), "{other}");
    }
    for name in ["htm", "htu", "jti", "iat"] {
        let claims = with(bench.claims("x"), name, Value::Null);
        assert_eq!(bench.check(&bench.proof(&bench.header(), &claims)), Err(InvalidProof::Malformed), "without {name}");
    }
}

#[test]
fn oauth_58_clocks_may_differ_either_way_and_a_proof_is_good_once() {
    let bench = bench();
    for (distance, right) in [(0, true), (-300, true), (300, true), (-301, false), (301, false)] {
        let claims = with(bench.claims(&format!("{distance}")), "iat", json!(NOW.seconds() + distance));
        let checked = bench.check(&bench.proof(&bench.header(), &claims));
        assert_eq!(checked.is_ok(), right, "{distance}");
        assert!(right || checked == Err(InvalidProof::Time));
    }
    for odd in [json!("1"), json!(1.5), json!(1e300), json!(-1), json!(i64::MAX), json!(i64::MIN)] {
        let claims = with(bench.claims("odd"), "iat", odd.clone());
        assert!(bench.check(&bench.proof(&bench.header(), &claims)).is_err(), "{odd}");
    }
    let (once, again) =
        (bench.proof(&bench.header(), &bench.claims("a")), bench.proof(&bench.header(), &bench.claims("a")));
    assert!(bench.check(&once).is_ok());
    assert_eq!(bench.check(&once), Err(InvalidProof::Replayed));
    assert_eq!(bench.check(&again), Err(InvalidProof::Replayed), "it is the jti that counts");
    for bad in [json!(""), json!("x".repeat(257)), json!(7)] {
        let claims = with(bench.claims("b"), "jti", bad);
        assert_eq!(bench.check(&bench.proof(&bench.header(), &claims)), Err(InvalidProof::Malformed));
    }
}

#[test]
fn oauth_58_of_a_hundred_uses_at_once_one_is_taken() {
    let bench = bench();
    let proof = bench.proof(&bench.header(), &bench.claims("1"));
    let taken = std::thread::scope(|scope| {
        let uses: Vec<_> = (0..100).map(|_| scope.spawn(|| bench.check(&proof).is_ok())).collect();
        uses.into_iter().map(|used| used.join().unwrap()).filter(|taken| *taken).count()
    });
    assert_eq!(taken, 1);
}

#[test]
fn oauth_59_a_nonce_is_good_for_two_windows_at_its_own_node() {
    let bench = bench();
    let proof = |id: &str| bench.proof(&bench.header(), &bench.claims(id));
    let later = |seconds: u64| NOW.plus(Duration::from_secs(seconds));
    let (first, second) = (proof("1"), proof("2"));
    assert!(bench.check_at(&[&first], None, later(119)).is_ok());
    assert_eq!(bench.check_at(&[&second], None, later(241)), Err(InvalidProof::Nonce), "over");
    for wrong in [Value::Null, json!(""), json!("x"), json!("A".repeat(22))] {
        let claims = with(bench.claims("3"), "nonce", wrong.clone());
        assert_eq!(bench.check(&bench.proof(&bench.header(), &claims)), Err(InvalidProof::Nonce), "{wrong}");
    }
    let here = Bench { dpop: node(5), ..self::bench() };
    let there = Bench { dpop: node(6), ..self::bench() };
    let made_here = here.proof(&here.header(), &here.claims("4"));
    assert!(here.check(&made_here).is_ok());
    assert_eq!(there.check(&made_here), Err(InvalidProof::Nonce), "the other node is no second chance");
}

#[test]
fn oauth_60_and_61_a_proof_is_for_one_token_and_by_its_key() {
    let bench = bench();
    let hash = |token: &str| json!(URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
    let check = |id: &str, ath: Value, bound_to: Thumbprint| {
        let claims = with(bench.claims(id), "ath", ath);
        bench.check_at(&[&bench.proof(&bench.header(), &claims)], Some(("token", bound_to)), NOW)
    };
    assert!(check("1", hash("token"), bench.thumbprint()).is_ok());
    assert_eq!(check("2", hash("other"), bench.thumbprint()), Err(InvalidProof::OtherToken));
    assert_eq!(check("3", Value::Null, bench.thumbprint()), Err(InvalidProof::OtherToken));
    assert_eq!(check("4", hash("token"), [1; 32]), Err(InvalidProof::OtherToken), "another key");
}
