//! Passkeys: key pairs of members in their own devices (WebAuthn credentials), and what a device must say each time that it
//! signs with one.

use crate::clock::Timestamp;
use crate::credential::KeyAlgorithm;
use crate::id::{MemberId, PasskeyId};

/// The most passkeys that a member has.
pub const PASSKEYS_MAX: usize = 10;
/// The longest name of a passkey, in characters.
pub const NAME_CHARACTERS_MAX: usize = 40;

/// A passkey of a member: the public half, and what is known of the device that has the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its identifier here.
    pub id: PasskeyId,
    /// Whose it is.
    pub member: MemberId,
    /// What the member calls it.
    pub name: String,
    /// What the device calls it (the credential ID); unique in the sandbox.
    pub credential: Vec<u8>,
    /// What the device calls the member (the user handle): random, and the same for all passkeys of one member.
    pub handle: Vec<u8>,
    /// The algorithm it signs with.
    pub algorithm: KeyAlgorithm,
    /// The public key as a JWK.
    pub public_jwk: String,
    /// How a browser reaches the device, in the words of WebAuthn: `usb`, `nfc`, `ble`, `smart-card`, `hybrid`, `internal`.
    pub transports: Vec<String>,
    /// The device's counter when it last signed; zero for ever where it keeps none.
    pub counter: u32,
    /// Whether it may be copied to other devices of its owner.
    pub may_be_backed_up: bool,
    /// Whether it was when it last signed.
    pub is_backed_up: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last signed.
    pub last_used_at: Option<Timestamp>,
}

/// What a device says of a passkey in what it signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The device's counter.
    pub counter: u32,
    /// Whether the passkey may be copied to other devices.
    pub may_be_backed_up: bool,
    /// Whether it is.
    pub is_backed_up: bool,
}

/// Why a right signature is not believed: it may be that of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The counter did not grow, as it does in a device that keeps one.
    #[error("the counter did not grow")]
    Counter,
    /// A passkey is bound to its device for ever, or is not.
    #[error("it says otherwise than when it was made whether it may be backed up")]
    Backup,
}

impl Passkey {
    /// What is known of the passkey after its device signed, unless that is in doubt (WebAuthn Level 3, 7.2, steps 19 and 22).
    pub fn signed(&self, shown: Shown, now: Timestamp) -> Result<Self, Doubt> {
        if self.may_be_backed_up != shown.may_be_backed_up {
            return Err(Doubt::Backup);
        }
        let keeps_none = self.counter == 0 && shown.counter == 0;
        if !keeps_none && shown.counter <= self.counter {
            return Err(Doubt::Counter);
        }
        Ok(Self { counter: shown.counter, is_backed_up: shown.is_backed_up, last_used_at: Some(now), ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn passkey(counter: u32) -> Passkey {
        Passkey {
            id: PasskeyId::from_bytes([1; 16]),
            member: MemberId::from_bytes([2; 16]),
            name: "laptop".to_owned(),
            credential: vec![3; 32],
            handle: vec![4; 32],
            algorithm: KeyAlgorithm::Es256,
            public_jwk: "{}".to_owned(),
            transports: Vec::new(),
            counter,
            may_be_backed_up: true,
            is_backed_up: false,
            created_at: Timestamp::from_seconds(1),
            last_used_at: None,
        }
    }

    #[test]
    fn a_counter_grows_or_was_never_there() {
        let now = Timestamp::from_seconds(2);
        for (kept, shown, believed) in [
            (0, 0, true),
            (0, 1, true),
            (1, 2, true),
            (1, 1, false),
            (2, 1, false),
            (1, 0, false),
            (u32::MAX, u32::MAX, false),
            (u32::MAX - 1, u32::MAX, true),
        ] {
            let shown = Shown { counter: shown, may_be_backed_up: true, is_backed_up: true };
            let signed = passkey(kept).signed(shown, now);
            match believed {
                true => {
                    let signed = signed.unwrap();
                    assert_eq!((signed.counter, signed.is_backed_up), (shown.counter, true));
                    assert_eq!(signed.last_used_at, Some(now));
                }
                false => assert_eq!(signed, Err(Doubt::Counter), "{kept} {shown:?}"),
            }
        }
        let bound = Shown { counter: 9, may_be_backed_up: false, is_backed_up: false };
        assert_eq!(passkey(0).signed(bound, now), Err(Doubt::Backup));
    }

    proptest! {
        #[test]
        fn of_two_that_show_the_same_counter_one_is_believed(kept: u32, shown in 1_u32..) {
            let shown = Shown { counter: shown, may_be_backed_up: true, is_backed_up: false };
            if let Ok(signed) = passkey(kept).signed(shown, Timestamp::from_seconds(2)) {
                prop_assert_eq!(signed.signed(shown, Timestamp::from_seconds(3)), Err(Doubt::Counter));
            }
        }
    }
}
