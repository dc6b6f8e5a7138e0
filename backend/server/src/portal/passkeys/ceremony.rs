//! What a device is asked to sign. Nothing of it is kept here: a form carries when and for what it was shown, and the
//! challenge is what only we can make of that and of the browser's own cookie, so that no other browser can answer it. An
//! answer that was taken is remembered for as long as it could be sent again.

use crate::passkey::{ALGORITHMS, RelyingParty};
use crate::portal::cookie::fresh_token;
use crate::portal::forgery;
use crate::state::App;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::clock::Timestamp;
use mudeung_core::member::Member;
use mudeung_core::passkey::Passkey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long a device has to answer.
pub(super) const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// What a passkey is wanted for. What was signed for one is worth nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To sign in.
    SignIn,
    /// To prove again who is signed in.
    StepUp,
    /// To be made.
    Add,
}

/// One question to one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ceremony {
    purpose: Purpose,
    nonce: String,
    begun: Timestamp,
    /// The token of the browser's forms, which is made of its cookie.
    browser: String,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign in",
            Self::StepUp => "step up",
            Self::Add => "add",
        }
    }
}

impl Ceremony {
    /// A new question to the browser that was given this token for its forms.
    pub(super) fn begin(app: &App, purpose: Purpose, browser: &str) -> Self {
        let begun = Timestamp::from_seconds(app.clock.now().seconds());
        Self { purpose, nonce: fresh_token(&*app.entropy), begun, browser: browser.to_owned() }
    }

    /// The question that a form carried, when it can still be answered. The token must have been looked at.
    pub(super) fn read(purpose: Purpose, field: &str, browser: &str, now: Timestamp) -> Option<Self> {
        let (nonce, begun) = field.split_once('.')?;
        let begun = Timestamp::from_seconds(begun.parse().ok()?);
        let live = begun <= now && now.since(begun) < LIFETIME && nonce.len() == 43;
        live.then(|| Self { purpose, nonce: nonce.to_owned(), begun, browser: browser.to_owned() })
    }

    /// What a form carries of it.
    pub(super) fn field(&self) -> String {
        format!("{}.{}", self.nonce, self.begun.seconds())
    }

    /// What is to be signed: 256 bits in base64url.
    pub(super) fn challenge(&self, app: &App) -> String {
        self.made_of(app, "passkey challenge")
    }

    /// What is remembered of an answer that was taken, and how long.
    pub(super) fn answered(&self, app: &App) -> ([u8; 32], Timestamp) {
        (Sha256::digest(self.challenge(app)).into(), self.begun.plus(LIFETIME))
    }

    /// What devices are to call a member who has no passkey yet: random, for it is made of the nonce.
    pub(super) fn handle(&self, app: &App) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(self.made_of(app, "passkey handle")).unwrap_or_default()
    }

    /// What the browser is to ask devices for (`PublicKeyCredentialRequestOptionsJSON`): one of `known`, or, where there is
    /// none, whichever its user chooses.
    pub(super) fn to_use(&self, app: &App, site: &RelyingParty, known: &[Passkey]) -> Value {
        json!({
            "challenge": self.challenge(app),
            "rpId": site.id,
            "timeout": milliseconds(),
            "userVerification": "required",
            "allowCredentials": named(known),
        })
    }

    /// What the browser is to ask a device to make (`PublicKeyCredentialCreationOptionsJSON`), unless it has one of `known`.
    pub(super) fn to_make(&self, app: &App, site: &RelyingParty, member: &Member, known: &[Passkey]) -> Value {
        let handle = known.first().map_or_else(|| self.handle(app), |first| first.handle.clone());
        json!({
            "challenge": self.challenge(app),
            "rp": { "id": site.id, "name": "Mudeung" },
            "user": { "id": URL_SAFE_NO_PAD.encode(handle), "name": member.email, "displayName": member.name },
            "pubKeyCredParams": ALGORITHMS.map(|number| json!({ "type": "public-key", "alg": number })),
            "timeout": milliseconds(),
            "excludeCredentials": named(known),
            "authenticatorSelection": {
                "residentKey": "required", "requireResidentKey": true, "userVerification": "required",
            },
            "attestation": "none",
        })
    }

    fn made_of(&self, app: &App, mark: &str) -> String {
        let Self { purpose, nonce, begun, browser } = self;
        forgery::code(app, mark, &format!("{} {nonce} {} {browser}", purpose.as_str(), begun.seconds()))
    }
}

fn milliseconds() -> u64 {
    u64::try_from(LIFETIME.as_millis()).unwrap_or(u64::MAX)
}

/// Passkeys as browsers are told of them.
fn named(known: &[Passkey]) -> Vec<Value> {
    let name = |passkey: &Passkey| {
        let id = URL_SAFE_NO_PAD.encode(&passkey.credential);
        json!({ "type": "public-key", "id": id, "transports": passkey.transports })
    };
    known.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ceremony(begun: i64) -> Ceremony {
        let browser = "the token of a browser".to_owned();
        Ceremony { purpose: Purpose::SignIn, nonce: "n".repeat(43), begun: Timestamp::from_seconds(begun), browser }
    }

    fn read(field: &str, now: i64) -> Option<Ceremony> {
        Ceremony::read(Purpose::SignIn, field, "the token of a browser", Timestamp::from_seconds(now))
    }

    #[test]
    fn a_question_is_open_for_five_minutes_to_the_second() {
        let field = ceremony(1_000).field();
        for (now, open) in [(999, false), (1_000, true), (1_299, true), (1_300, false)] {
            assert_eq!(read(&field, now), open.then(|| ceremony(1_000)), "{now}");
        }
    }

    proptest! {
        #[test]
        fn no_field_panics(field in ".{0,60}", now in -10_i64..4_000_000_000) {
            if let Some(ceremony) = read(&field, now) {
                prop_assert!(ceremony.field().len() <= field.len());
            }
        }
    }
}
