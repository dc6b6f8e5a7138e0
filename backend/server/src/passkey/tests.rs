//! The verification against the examples of the standard, every change of them, and any bytes at all.

use super::answer::ANSWER_BYTES_MAX;
use super::authenticator::{AttestationObject, AuthenticatorData};
use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::credential::KeyAlgorithm;
use proptest::prelude::*;
use serde_json::{Value, json};

/// One example of the standard: a passkey is made, and used.
struct Example {
    name: &'static str,
    parts: Vec<Vec<u8>>,
}

fn hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn examples() -> Vec<Example> {
    let sections = include_str!("vectors.txt").split("\n\n").skip(1);
    let examples: Vec<Example> = sections
        .map(|section| {
            let mut lines = section.lines();
            Example { name: lines.next().unwrap(), parts: lines.map(hex).collect() }
        })
        .collect();
    assert!(examples.len() == 15 && examples.iter().all(|example| example.parts.len() == 7));
    examples
}

fn example(name: &str) -> Example {
    examples().into_iter().find(|example| example.name.contains(name)).unwrap()
}

fn site() -> RelyingParty {
    RelyingParty::of("https://example.org").unwrap()
}

impl Example {
    fn challenge(&self, part: usize) -> String {
        URL_SAFE_NO_PAD.encode(&self.parts[part])
    }

    fn object(&self) -> AttestationObject<'_> {
        AttestationObject::read(&self.parts[2]).unwrap()
    }

    fn registration(&self) -> Registration {
        Registration {
            credential: self.object().data.attested.unwrap().credential.to_vec(),
            client_data: self.parts[1].clone(),
            attestation: self.parts[2].clone(),
            transports: Vec::new(),
        }
    }

    fn register(&self) -> Result<Made, Refusal> {
        site().register(&self.challenge(0), self.registration())
    }

    /// The passkey of the example, whatever its device says of itself.
    fn passkey(&self) -> Option<Passkey> {
        let attested = self.object().data.attested.unwrap();
        let key = key::read(&attested.key).ok()?;
        let shown = self.object().data.shown();
        let made = Made { credential: attested.credential.to_vec(), key, transports: Vec::new(), shown };
        let (id, member) = (PasskeyId::from_bytes([1; 16]), MemberId::from_bytes([2; 16]));
        Some(made.keep(id, member, "key".to_owned(), vec![9; 32], Timestamp::from_seconds(1)))
    }

    fn assertion(&self) -> Assertion {
        Assertion {
            credential: self.registration().credential,
            handle: Some(vec![9; 32]),
            client_data: self.parts[4].clone(),
            data: self.parts[5].clone(),
            signature: self.parts[6].clone(),
        }
    }

    fn assert(&self) -> Option<Result<Shown, Refusal>> {
        Some(site().assert(&self.challenge(3), &self.passkey()?, &self.assertion()))
    }
}

/// Nobody is verified in half of the examples, which is looked at last: all else of them was right.
#[test]
fn the_examples_of_the_standard_are_taken_and_refused_as_they_should() {
    use Refusal::{Algorithm, Attestation, Origin, Unverified};
    for (name, made, used) in [
        ("No Attestation", Err(Unverified), Some(Err(Unverified))),
        ("Self Attestation", Ok(()), Some(Err(Unverified))),
        ("crossOrigin", Err(Origin), Some(Err(Origin))),
        ("topOrigin", Err(Origin), Some(Err(Origin))),
        ("very long credential ID", Err(Unverified), Some(Ok(()))),
        ("Packed Attestation with ES256", Err(Attestation), Some(Ok(()))),
        ("Packed Attestation with ES384", Err(Algorithm), None),
        ("Packed Attestation with ES512", Err(Algorithm), None),
        ("Packed Attestation with RS256", Err(Attestation), Some(Err(Unverified))),
        ("Packed Attestation with Ed25519", Err(Attestation), Some(Err(Unverified))),
        ("Packed Attestation with Ed448", Err(Algorithm), None),
        ("TPM Attestation", Err(Attestation), Some(Ok(()))),
        ("Android Key Attestation", Err(Attestation), Some(Err(Unverified))),
        ("Apple Anonymous Attestation", Err(Attestation), Some(Err(Unverified))),
        ("FIDO U2F Attestation", Err(Attestation), Some(Err(Unverified))),
    ] {
        let example = example(name);
        assert_eq!(example.register().map(drop), made, "{name} is made");
        assert_eq!(example.assert().map(|used| used.map(drop)), used, "{name} is used");
    }
    let algorithms: Vec<KeyAlgorithm> = examples().iter().filter_map(|it| Some(it.passkey()?.algorithm)).collect();
    for algorithm in [KeyAlgorithm::Es256, KeyAlgorithm::Ed25519, KeyAlgorithm::Rs256] {
        assert!(algorithms.contains(&algorithm), "{algorithm:?}");
    }
}

#[test]
fn one_bit_of_what_was_signed_or_of_the_signature_and_it_does_not_fit() {
    for example in examples().into_iter().filter(|example| !example.name.contains("Origin\"")) {
        let Some(passkey) = example.passkey() else { continue };
        let assert = |answer: &Assertion| site().assert(&example.challenge(3), &passkey, answer);
        for bit in [0, 77, example.parts[6].len() * 8 - 1] {
            let mut answer = example.assertion();
            answer.signature[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(assert(&answer), Err(Refusal::Signature), "{}: bit {bit} of the signature", example.name);
        }
        let mut answer = example.assertion();
        answer.data[36] ^= 1;
        assert_eq!(assert(&answer), Err(Refusal::Signature), "{}: the counter", example.name);
        // A blank that changes nothing of what is said.
        let mut answer = example.assertion();
        answer.client_data.push(b' ');
        assert_eq!(assert(&answer), Err(Refusal::Signature), "{}: the client data", example.name);
        assert_eq!(assert(&Assertion { signature: Vec::new(), ..example.assertion() }), Err(Refusal::Signature));
    }
    let own = example("Self Attestation");
    let mut registration = own.registration();
    registration.client_data.push(b' ');
    let made = site().register(&own.challenge(0), registration);
    assert_eq!(made.map(drop), Err(Refusal::Signature), "what the new key signs of itself");
}

#[test]
fn another_challenge_kind_site_or_member_is_refused() {
    let (own, long) = (example("Self Attestation"), example("very long"));
    let made = |site: &RelyingParty, challenge: &str, answer| site.register(challenge, answer).map(drop).unwrap_err();
    let elsewhere = |url: &str| RelyingParty::of(url).unwrap();
    let challenge = own.challenge(0);
    assert_eq!(made(&site(), &own.challenge(3), own.registration()), Refusal::Challenge);
    for url in ["https://example.org:444", "http://example.org", "https://www.example.org", "https://example.com"] {
        assert_eq!(made(&elsewhere(url), &challenge, own.registration()), Refusal::Origin, "{url}");
    }
    let below = RelyingParty { id: "org".to_owned(), ..site() };
    assert_eq!(made(&below, &challenge, own.registration()), Refusal::Site);
    let used = Registration { client_data: long.parts[4].clone(), ..own.registration() };
    assert_eq!(made(&site(), &long.challenge(3), used), Refusal::Type);
    let renamed = Registration { credential: vec![1; 32], ..own.registration() };
    assert_eq!(made(&site(), &challenge, renamed), Refusal::Unreadable);

    let passkey = long.passkey().unwrap();
    let used = |passkey: &Passkey, answer| site().assert(&long.challenge(3), passkey, &answer).unwrap_err();
    let other = Assertion { handle: Some(vec![8; 32]), ..long.assertion() };
    assert_eq!(used(&passkey, other), Refusal::Handle);
    let other = Passkey { id: passkey.id, ..own.passkey().unwrap() };
    assert_eq!(used(&other, long.assertion()), Refusal::Signature, "the key of another passkey");
    let made_anew = Assertion { client_data: long.parts[1].clone(), ..long.assertion() };
    assert_eq!(used(&passkey, made_anew), Refusal::Type);
    let silent = Assertion { handle: None, ..long.assertion() };
    assert!(site().assert(&long.challenge(3), &passkey, &silent).is_ok(), "who asks may look at it");
    let of_registration = Assertion { data: authenticator::signed_part(&long.object()).to_vec(), ..long.assertion() };
    assert_eq!(used(&passkey, of_registration), Refusal::Unreadable, "a passkey in an assertion");
}

#[test]
fn authenticator_data_is_read_to_its_last_byte() {
    let long = example("very long");
    let data = &long.parts[5];
    let change = |at: usize, to: u8| {
        let mut data = data.clone();
        data[at] = to;
        data
    };
    assert!(AuthenticatorData::read(data).is_ok());
    for length in 0..data.len() {
        assert!(AuthenticatorData::read(&data[..length]).is_err(), "{length} bytes");
    }
    assert!(AuthenticatorData::read(&[data.as_slice(), &[0]].concat()).is_err(), "a byte too many");
    assert!(AuthenticatorData::read(&change(32, 0b0001_0101)).is_err(), "backed up, and cannot be");
    assert!(!AuthenticatorData::read(&change(32, 0b0000_0100)).unwrap().is_somebody_there());
    let extended = |extensions: &[u8]| [change(32, 0b1000_0101).as_slice(), extensions].concat();
    assert!(AuthenticatorData::read(&extended(&hex("a16b6372656450726f7465637402"))).is_ok());
    for wrong in ["", "02", "a0a0", "a1"] {
        assert!(AuthenticatorData::read(&extended(&hex(wrong))).is_err(), "{wrong}");
    }
    let object = &long.parts[2];
    for length in 0..object.len() {
        assert!(AttestationObject::read(&object[..length]).is_err(), "{length} bytes of an object");
    }
}

#[test]
fn a_key_is_of_its_kind_and_strong_or_none() {
    let point = "215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61\
                 225820930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220";
    let read = |text: &str| {
        let bytes = hex(&text.replace(' ', ""));
        key::read(&cbor::Item::read_all(&bytes).unwrap()).map(|key| key.algorithm)
    };
    assert_eq!(read(&format!("a501020326 2001 {point}")), Ok(KeyAlgorithm::Es256));
    for (wrong, refusal) in [
        (format!("a501020327 2001 {point}"), Refusal::Key), // Ed25519 on a point of P-256
        (format!("a501010326 2001 {point}"), Refusal::Key), // another kind
        (format!("a501020326 2002 {point}"), Refusal::Key), // another curve
        (format!("a6010203262001 {point} 2345aabbccddee"), Refusal::Key), // one member too many
        (format!("a401022001 {point}"), Refusal::Key),      // no algorithm
        (format!("a501020338 22 2001 {point}"), Refusal::Algorithm), // ES384
        (format!("a501020338 2e 2001 {point}"), Refusal::Algorithm), // ES256K
        (format!("a501020326 2001 {}", point.replace("9220", "9221")), Refusal::Key), // beside the curve
        (format!("a401010327 2006 215820 {}", "00".repeat(32)), Refusal::Key), // of small order
        (format!("a401010327 2006 21581f {}", "11".repeat(31)), Refusal::Key), // too short
        (format!("a40103033901002058 80 {} 2143010001", "ff".repeat(128)), Refusal::Key), // 1,024 bits
        ("80".to_owned(), Refusal::Key),
    ] {
        assert_eq!(read(&wrong), Err(refusal), "{wrong}");
    }
}

#[test]
fn passkeys_are_for_hosts_that_have_a_name() {
    for (url, id, origin) in [
        ("https://data.example.org", "data.example.org", "https://data.example.org"),
        ("https://Data.Example.org:443", "data.example.org", "https://data.example.org"),
        ("https://data.example.org:8443", "data.example.org", "https://data.example.org:8443"),
        ("http://localhost:8080", "localhost", "http://localhost:8080"),
    ] {
        let expected = RelyingParty { id: id.to_owned(), origin: origin.to_owned() };
        assert_eq!(RelyingParty::of(url), Some(expected), "{url}");
    }
    for url in ["http://127.0.0.1:8080", "https://192.0.2.1", "https://[2001:db8::1]", "no address"] {
        assert_eq!(RelyingParty::of(url), None, "{url}");
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn answers_are_read_as_browsers_write_them() {
    let own = example("Self Attestation");
    let mut answer = json!({
        "id": text(&own.registration().credential), "rawId": text(&own.registration().credential),
        "type": "public-key", "authenticatorAttachment": "platform", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": text(&own.parts[1]), "attestationObject": text(&own.parts[2]),
            "transports": ["internal", "hybrid", "pigeon", 7], "publicKeyAlgorithm": -7,
        },
    });
    let made = site().register(&own.challenge(0), Registration::parse(&answer.to_string()).unwrap()).unwrap();
    assert_eq!(made.transports, ["hybrid", "internal"]);
    let changes: [fn(&mut Value); 6] = [
        |it| it["type"] = json!("password"),
        |it| it["id"] = json!("not base64!"),
        |it| drop(it["response"].as_object_mut().unwrap().remove("clientDataJSON")),
        |it| it["response"]["attestationObject"] = json!(7),
        |it| it["response"] = json!("a text"),
        |it| it["more"] = json!("x".repeat(ANSWER_BYTES_MAX)),
    ];
    for change in changes {
        let mut wrong = answer.clone();
        change(&mut wrong);
        assert_eq!(Registration::parse(&wrong.to_string()).map(drop), Err(Refusal::Unreadable), "{wrong}");
    }
    answer["response"] = json!({
        "clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA", "userHandle": null,
    });
    assert_eq!(Assertion::parse(&answer.to_string()).unwrap().handle, None);
    answer["response"]["userHandle"] = json!("CQ");
    assert_eq!(Assertion::parse(&answer.to_string()).unwrap().handle, Some(vec![9]));
    answer["response"]["userHandle"] = json!("=");
    assert_eq!(Assertion::parse(&answer.to_string()).map(drop), Err(Refusal::Unreadable));
}

proptest! {
    #[test]
    fn no_bytes_panic_and_none_are_believed(bytes in prop::collection::vec(any::<u8>(), 0..300), words in ".{0,200}") {
        let (own, long) = (example("Self Attestation"), example("very long"));
        let registration = Registration { attestation: bytes.clone(), ..own.registration() };
        prop_assert!(site().register(&own.challenge(0), registration).is_err());
        let passkey = long.passkey().unwrap();
        for answer in [
            Assertion { data: bytes.clone(), ..long.assertion() },
            Assertion { signature: bytes.clone(), ..long.assertion() },
            Assertion { client_data: bytes, ..long.assertion() },
        ] {
            prop_assert!(site().assert(&long.challenge(3), &passkey, &answer).is_err());
        }
        prop_assert!(Registration::parse(&words).is_err() && Assertion::parse(&words).is_err());
    }

    #[test]
    fn an_object_with_other_bytes_panics_nowhere(at in 0..277_usize, byte: u8, gone in 0..4_usize) {
        let own = example("Self Attestation");
        let mut attestation = own.parts[2].clone();
        attestation[at] = byte;
        attestation.drain(at..(at + gone).min(attestation.len()));
        let is_same = attestation == own.parts[2];
        let made = site().register(&own.challenge(0), Registration { attestation, ..own.registration() });
        prop_assert_eq!(made.is_ok(), is_same);
    }
}
