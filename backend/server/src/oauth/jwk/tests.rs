//! Keys of every kind, and what is no key.

use super::{KeyProblem, PublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::credential::KeyAlgorithm;
use proptest::prelude::*;

const P256: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEihL6tkIibcmClOTsoNC20/33k0o2
TMAsUgUSNr0rmg3lMi9XcRH+ORh6B7Rp+9kd5qSnhx8U71DCesEddLE3fA==
-----END PUBLIC KEY-----
";
const P384: &str = "\
-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEkjWN45m+ZojKwoSswuBNudskLbp8p0wP
Og2NYWQ3S7lYf4tCq4bPp8VpZ0JO2g4ToowTz/Sey4FxdpAurzMd/8XAuG9klzEq
3I6hHKt1tmph8emLU15YoSsOOmP5Kbfd
-----END PUBLIC KEY-----
";
const ED25519: &str = "\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGP7acCFTUbJxTKbdlvmOyNFo/My7MXSIC9MV1uPmgXI=
-----END PUBLIC KEY-----
";
const RSA_2048: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA4OTQGhsvjzWAsMN8DZ5D
c8zTbtzfqf4ym28AD7W3s0DQgYninSLtHrJ+X6Lq00jXKrZNLD54xjx25esQYsQj
sFwgvH09L5HJxwqqYqt3E8byoHT0qnYEPwSPrqZt17QK/vmA7vQHeCLjRXP27Aog
5Mhd9f/A4ljQ74eBfk3zhTKC2DtFoi8NhAoFB2yhH4atw4mtFqy69nB5+7yJkO35
C+uNl8Bfq4TDaI+y48ApHkebEjH4upB4qaxEjtIhP6sG0y4R78km0p4CfRCi+nrn
d/PfLCKNCC19Q5nxEXTpd0ViKqEqDqUUnRepCuzdDNv2rLYt97PVdOhIg/rBJzei
qQIDAQAB
-----END PUBLIC KEY-----
";
const RSA_1024: &str = "\
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC40Yx7ttosX/tZd0a2CPss2J9T
xMkQalcv0tFJk+fEDDdrpvhP+GogC8D5j/1ZKjFVE6bZrD93UkQP/RuM9siOxfjg
EwK4ggc9l/KFYaM89oChc74HBddxsLAHNch30KqER6EVDxrADWWzuZuFdqnxxr/o
BDSzYmmMOUmGrZARdwIDAQAB
-----END PUBLIC KEY-----
";
const SECP256K1: &str = "\
-----BEGIN PUBLIC KEY-----
MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE07/tKkpm2H9dMtsoA0An4JZKcbGZsT1o
dGDeQ301HlQNF2MdIYjFH6HmtZ3SE6ZTKlf04ON4+1hgIPXIxiH4vQ==
-----END PUBLIC KEY-----
";

/// The example key of RFC 7638 section 3.1 and its thumbprint.
const RFC_7638: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256"}"#;

fn parse(text: &str) -> Result<PublicKey, KeyProblem> {
    PublicKey::parse(text, None)
}

#[test]
fn every_kind_is_read_from_pem_and_comes_back_from_its_jwk() {
    for (pem, algorithm) in [
        (P256, KeyAlgorithm::Es256),
        (P384, KeyAlgorithm::Es384),
        (ED25519, KeyAlgorithm::Ed25519),
        (RSA_2048, KeyAlgorithm::Ps256),
    ] {
        let key = parse(pem).unwrap();
        assert_eq!(key.algorithm, algorithm);
        assert_eq!(parse(&pem.replace('\n', "\r\n")).unwrap(), key, "line ends of Windows");
        let jwk = key.jwk();
        assert_eq!(parse(&jwk).unwrap(), key, "{jwk}");
        assert_eq!(parse(&format!(r#"{{"keys":[{jwk}]}}"#)).unwrap(), key, "a set of one");
        assert_eq!(PublicKey::registered(&key.kid, key.algorithm, &jwk), Some(key));
    }
}

#[test]
fn a_key_without_a_name_is_called_by_its_thumbprint() {
    let key = parse(RFC_7638).unwrap();
    assert_eq!(key.kid, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(key.algorithm, KeyAlgorithm::Rs256, "as its alg says");
    let named = RFC_7638.replacen('{', r#"{"kid":"2011-04-29","#, 1);
    assert_eq!(parse(&named).unwrap().kid, "2011-04-29");
    for kid in ["", "a b", "\\u202e", &"x".repeat(129)] {
        let named = RFC_7638.replacen('{', &format!(r#"{{"kid":"{kid}","#), 1);
        assert_eq!(parse(&named), Err(KeyProblem::Name), "{kid}");
    }
}

#[test]
fn the_algorithm_goes_with_the_key() {
    let rsa = |wanted| PublicKey::parse(RSA_2048, Some(wanted)).map(|key| key.algorithm);
    for wanted in [KeyAlgorithm::Ps256, KeyAlgorithm::Rs256, KeyAlgorithm::Rs384] {
        assert_eq!(rsa(wanted), Ok(wanted));
    }
    assert_eq!(rsa(KeyAlgorithm::Es256), Err(KeyProblem::Algorithm));
    assert_eq!(PublicKey::parse(P256, Some(KeyAlgorithm::Es384)), Err(KeyProblem::Algorithm));
    assert_eq!(PublicKey::parse(RFC_7638, Some(KeyAlgorithm::Ps256)), Err(KeyProblem::Algorithm), "its alg says RS256");
    for alg in ["HS256", "none", "RS512"] {
        assert_eq!(parse(&RFC_7638.replace("RS256", alg)), Err(KeyProblem::Algorithm), "{alg}");
    }
}

#[test]
fn oauth_31_weak_and_foreign_keys_are_refused() {
    assert_eq!(parse(RSA_1024), Err(KeyProblem::Size));
    assert_eq!(parse(SECP256K1), Err(KeyProblem::Kind));
    assert_eq!(parse(&RFC_7638.replace("AQAB", "Aw")), Err(KeyProblem::Size), "exponent 3");
    assert_eq!(parse(&RFC_7638.replace("0vx7", "AAAA0vx7")), Err(KeyProblem::Size), "leading zeros");
    let point = |length: usize, last: u8| {
        let mut coordinate = vec![0_u8; length];
        *coordinate.last_mut().unwrap() = last;
        URL_SAFE_NO_PAD.encode(coordinate)
    };
    for (curve, length) in [("P-256", 32), ("P-384", 48)] {
        for (x, y) in [(1, 1), (0, 0), (5, 7)] {
            let (x, y) = (point(length, x), point(length, y));
            let jwk = format!(r#"{{"kty":"EC","crv":"{curve}","x":"{x}","y":"{y}"}}"#);
            assert_eq!(parse(&jwk), Err(KeyProblem::Weak), "{jwk}");
        }
    }
    // Points of small order: 1, -1, 0, and one of order 8.
    let of_order_8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
    let of_order_8: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&of_order_8[2 * at..2 * at + 2], 16).unwrap()).collect();
    let mut minus_one = [0xff_u8; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    let one = [&[1_u8][..], &[0; 31]].concat();
    for bytes in [one, minus_one.to_vec(), vec![0; 32], of_order_8, vec![1; 31]] {
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(&bytes));
        assert_eq!(parse(&jwk), Err(KeyProblem::Weak), "{bytes:?}");
        assert_eq!(PublicKey::registered("k", KeyAlgorithm::Ed25519, &jwk), None);
    }
}

#[test]
fn private_and_shared_keys_are_refused_by_name() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let jwk = RFC_7638.replacen('{', &format!(r#"{{"{member}":"AQAB","#), 1);
        assert_eq!(parse(&jwk), Err(KeyProblem::Private), "{member}");
    }
    assert_eq!(parse(r#"{"kty":"oct","x":"AA"}"#), Err(KeyProblem::Private));
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        assert_eq!(parse(&P256.replace("PUBLIC KEY", label)), Err(KeyProblem::Private), "{label}");
    }
}

#[test]
fn what_is_no_key_is_unreadable() {
    for text in ["", "key", "{}", "[]", r#"{"keys":[]}"#, r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#] {
        assert_eq!(parse(text), Err(KeyProblem::Unreadable), "{text}");
    }
    assert_eq!(parse(&RFC_7638.replacen('{', r#"{"kty":"RSA","#, 1)), Err(KeyProblem::Unreadable), "kty stands twice");
    assert_eq!(parse(&RFC_7638.replace("AQAB", "AQAB=")), Err(KeyProblem::Unreadable), "padding");
    assert_eq!(parse(&P256.replace("PUBLIC KEY", "CERTIFICATE")), Err(KeyProblem::Kind));
    assert_eq!(parse(&RFC_7638.replacen('{', r#"{"use":"enc","#, 1)), Err(KeyProblem::Kind));
    assert_eq!(parse(&" ".repeat(9_000)), Err(KeyProblem::Unreadable));
}

proptest! {
    #[test]
    fn any_text_can_be_looked_at(text in "\\PC{0,200}") {
        prop_assert!(parse(&text).is_err());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n");
        prop_assert!(parse(&pem).is_err());
    }

    #[test]
    fn a_changed_der_is_refused_or_another_key(at in 0_usize..91, bit in 0_u32..8) {
        let der = p256::pkcs8::der::Document::from_pem(P256).unwrap().1;
        let mut bytes = der.as_bytes().to_vec();
        bytes[at] ^= 1 << bit;
        let pem = p256::pkcs8::der::Document::try_from(bytes).ok();
        let pem = pem.and_then(|der| der.to_pem("PUBLIC KEY", p256::pkcs8::LineEnding::LF).ok());
        let read = pem.map(|pem| parse(&pem));
        prop_assert!(read.is_none_or(|read| read.as_ref() != parse(P256).as_ref()));
    }
}
