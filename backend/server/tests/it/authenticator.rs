//! A device with passkeys, and the browser between it and us. It does what the standard says, or lies as it is told.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Where the server under test is reached, as browsers see it.
pub(crate) const URL: &str = "https://data.example.org";
const HOST: &str = "data.example.org";

/// Present, verified, may be backed up.
pub(crate) const FLAGS: u8 = 0b0000_1101;

/// A device with one passkey.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) seed: u8,
    pub(crate) is_edwards: bool,
    /// What it calls the passkey.
    pub(crate) credential: Vec<u8>,
    /// What it calls the member, once it was told.
    pub(crate) handle: Option<Vec<u8>>,
    /// Its counter when it signs next.
    pub(crate) counter: u32,
    pub(crate) lies: Lies,
}

/// What it says otherwise than it should.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lies {
    pub(crate) kind: Option<&'static str>,
    pub(crate) challenge: Option<String>,
    pub(crate) origin: Option<&'static str>,
    pub(crate) is_framed: bool,
    pub(crate) host: Option<&'static str>,
    pub(crate) flags: Option<u8>,
    /// The number of another algorithm.
    pub(crate) algorithm: Option<i64>,
    /// Another format of attestation, with nothing in it.
    pub(crate) format: Option<&'static str>,
    /// Bytes in the place of what the device signs.
    pub(crate) bytes: Option<Vec<u8>>,
    /// The key of another passkey.
    pub(crate) seed: Option<u8>,
    /// Says nothing of the member.
    pub(crate) is_silent: bool,
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// CBOR of a kind with a number or length, and then its bytes.
fn item(major: u8, number: usize, bytes: &[u8]) -> Vec<u8> {
    let head = match u8::try_from(number) {
        Ok(short @ 0..24) => vec![major << 5 | short],
        Ok(byte) => vec![major << 5 | 24, byte],
        Err(_) => [&[major << 5 | 25][..], &u16::try_from(number).unwrap().to_be_bytes()].concat(),
    };
    [&head, bytes].concat()
}

fn words(name: &str) -> Vec<u8> {
    item(3, name.len(), name.as_bytes())
}

fn bytes(bytes: &[u8]) -> Vec<u8> {
    item(2, bytes.len(), bytes)
}

fn whole(number: i64) -> Vec<u8> {
    match usize::try_from(number) {
        Ok(number) => item(0, number, &[]),
        Err(_) => item(1, usize::try_from(-1 - number).unwrap(), &[]),
    }
}

impl Device {
    /// A device whose passkey signs by ES256.
    pub(crate) fn new(seed: u8) -> Self {
        let credential = vec![seed; 32];
        Self { seed, is_edwards: false, credential, handle: None, counter: 1, lies: Lies::default() }
    }

    /// A device whose passkey signs by Ed25519.
    pub(crate) fn of_edwards(seed: u8) -> Self {
        Self { is_edwards: true, ..Self::new(seed) }
    }

    /// The same device, lying.
    pub(crate) fn lying(&self, change: impl FnOnce(&mut Lies)) -> Self {
        let mut liar = self.clone();
        change(&mut liar.lies);
        liar
    }

    /// Makes the passkey, as the server asks; what the browser brings of it.
    pub(crate) fn create(&mut self, options: &Value) -> String {
        self.handle = options["user"]["id"].as_str().map(|id| URL_SAFE_NO_PAD.decode(id).unwrap());
        let length = u16::try_from(self.credential.len()).unwrap().to_be_bytes();
        let attested = [&[0; 16][..], &length, &self.credential, &self.public_key()].concat();
        let data = [self.data(0b0100_0000), attested].concat();
        let format = self.lies.format.unwrap_or("none");
        let object = [words("fmt"), words(format), words("attStmt"), item(5, 0, &[]), words("authData"), bytes(&data)];
        let object = self.lies.bytes.clone().unwrap_or_else(|| [item(5, 3, &[]), object.concat()].concat());
        let response = json!({
            "clientDataJSON": text(&self.client_data("webauthn.create", options)),
            "attestationObject": text(&object),
            "transports": ["internal"],
        });
        self.answer(response)
    }

    /// Signs, as the server asks; what the browser brings of it.
    pub(crate) fn get(&mut self, options: &Value) -> String {
        let client_data = self.client_data("webauthn.get", options);
        let data = self.lies.bytes.clone().unwrap_or_else(|| self.data(0));
        let signature = self.sign(&[data.as_slice(), &Sha256::digest(&client_data)].concat());
        let handle = self.handle.as_ref().filter(|_| !self.lies.is_silent).map(|handle| text(handle));
        let response = json!({
            "clientDataJSON": text(&client_data),
            "authenticatorData": text(&data),
            "signature": text(&signature),
            "userHandle": handle,
        });
        self.answer(response)
    }

    fn answer(&self, response: Value) -> String {
        json!({ "id": text(&self.credential), "type": "public-key", "response": response }).to_string()
    }

    fn client_data(&self, kind: &'static str, options: &Value) -> Vec<u8> {
        let asked = options["challenge"].as_str().unwrap().to_owned();
        json!({
            "type": self.lies.kind.unwrap_or(kind),
            "challenge": self.lies.challenge.clone().unwrap_or(asked),
            "origin": self.lies.origin.unwrap_or(URL),
            "crossOrigin": self.lies.is_framed,
        })
        .to_string()
        .into_bytes()
    }

    /// What it says of itself; the counter grows with each time.
    fn data(&mut self, more: u8) -> Vec<u8> {
        let flags = self.lies.flags.unwrap_or(FLAGS) | more;
        let counter = self.counter;
        self.counter += 1;
        let site: [u8; 32] = Sha256::digest(self.lies.host.unwrap_or(HOST)).into();
        [&site[..], &[flags], &counter.to_be_bytes()].concat()
    }

    fn public_key(&self) -> Vec<u8> {
        let pairs = |pairs: Vec<(i64, Vec<u8>)>| {
            let members: Vec<Vec<u8>> = pairs.into_iter().map(|(key, value)| [whole(key), value].concat()).collect();
            item(5, members.len(), &members.concat())
        };
        let algorithm = |usual| (3, whole(self.lies.algorithm.unwrap_or(usual)));
        if self.is_edwards {
            let key = self.edwards().verifying_key();
            return pairs(vec![(1, whole(1)), algorithm(-8), (-1, whole(6)), (-2, bytes(key.as_bytes()))]);
        }
        let point = self.curve().verifying_key().to_encoded_point(false);
        let (x, y) = (bytes(&point.as_bytes()[1..33]), bytes(&point.as_bytes()[33..]));
        pairs(vec![(1, whole(2)), algorithm(-7), (-1, whole(1)), (-2, x), (-3, y)])
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        use p256::ecdsa::signature::Signer;
        if self.is_edwards {
            return self.edwards().sign(message).to_bytes().to_vec();
        }
        let signature: p256::ecdsa::Signature = self.curve().sign(message);
        signature.to_der().as_bytes().to_vec()
    }

    fn edwards(&self) -> ed25519_dalek::SigningKey {
        ed25519_dalek::SigningKey::from_bytes(&[self.lies.seed.unwrap_or(self.seed); 32])
    }

    fn curve(&self) -> p256::ecdsa::SigningKey {
        p256::ecdsa::SigningKey::from_slice(&[self.lies.seed.unwrap_or(self.seed); 32]).unwrap()
    }
}
