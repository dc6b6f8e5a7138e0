//! The keys that sign access tokens: which one signs when, which are published, and how one follows the other.
//!
//! There is always one key that signs and one that stands by. The one that stands by is published all the while, so that
//! it can take over at once, in an emergency too: whoever checks tokens has known it for long. All nodes read one ring
//! with times in it, so they agree on the key of each moment.

use crate::clock::Timestamp;
use crate::id::KeyId;
use crate::state::InvalidTransition;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// How long a key is published before it signs, unless the key before it was revoked: twice as long as the key set may be
/// cached.
pub const NOTICE: Duration = Duration::from_secs(600);
/// How long a key is published before it signs even then: within this time every node has seen it.
pub const NODES_KNOW: Duration = Duration::from_secs(1);

const MACHINE: &str = "signing key";

/// A key that signs access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its identifier, the `kid` of its tokens.
    pub id: KeyId,
    /// The public half: an uncompressed point of P-256.
    pub public: Vec<u8>,
    /// The private half, encrypted under a key of the server; empty once the key is revoked.
    pub sealed: Vec<u8>,
    /// When it was put into the key set.
    pub published_at: Timestamp,
    /// What it is for now.
    pub state: KeyState,
}

/// What a key is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// It is published and waits to take over.
    Standby,
    /// It signs.
    Signing {
        /// From this moment on; it may lie ahead.
        from: Timestamp,
        /// Before this moment, once its successor is known.
        until: Option<Timestamp>,
    },
    /// Whatever it signed is worth nothing.
    Revoked {
        /// Since when.
        revoked_at: Timestamp,
        /// Why.
        reason: String,
    },
}

/// All keys there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyRing {
    /// The keys, in no order.
    pub keys: Vec<SigningKey>,
}

/// Why a key was not revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRevoked {
    /// There is none of that name.
    #[error("there is no signing key {0}; `mudeung key list` shows those there are")]
    Unknown(KeyId),
    /// It is revoked already.
    #[error(transparent)]
    Already(#[from] InvalidTransition),
}

impl KeyState {
    /// The state's name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Standby => "standby",
            Self::Signing { .. } => "signing",
            Self::Revoked { .. } => "revoked",
        }
    }

    fn covers(&self, now: Timestamp) -> bool {
        matches!(self, Self::Signing { from, until } if *from <= now && until.is_none_or(|end| now < end))
    }
}

impl KeyRing {
    /// The key that signs now. None only for a second after a key was revoked whose successor is not known to all yet.
    pub fn signing(&self, now: Timestamp) -> Option<&SigningKey> {
        // A start further ahead than anybody can set it means that the clock was set back: the key is known long since.
        let possible = now.plus(NOTICE).plus(NODES_KNOW);
        let known = |key: &&SigningKey| matches!(key.state, KeyState::Signing { from, .. } if from > possible);
        self.keys.iter().find(|key| key.state.covers(now)).or_else(|| self.keys.iter().find(known))
    }

    /// The keys to publish, when a key is kept so long after its last signature.
    pub fn published(&self, now: Timestamp, kept: Duration) -> impl Iterator<Item = &SigningKey> {
        self.keys.iter().filter(move |key| match key.state {
            KeyState::Standby => true,
            KeyState::Signing { until, .. } => until.is_none_or(|end| now < end.plus(kept)),
            KeyState::Revoked { .. } => false,
        })
    }

    /// The key to verify a signature with. A key that stands by has signed nothing.
    pub fn verifying(&self, id: KeyId, now: Timestamp, kept: Duration) -> Option<&SigningKey> {
        self.published(now, kept).find(|key| key.id == id && !matches!(key.state, KeyState::Standby))
    }

    /// Whether a key was revoked. One that is not there any more has nothing left that it could open.
    pub fn is_revoked(&self, id: KeyId) -> bool {
        self.keys.iter().any(|key| key.id == id && matches!(key.state, KeyState::Revoked { .. }))
    }

    /// Whether one signs, or will, without an end, and one stands by.
    pub fn is_complete(&self) -> bool {
        self.open_ended().is_some() && self.standby().is_some()
    }

    /// Fills what is missing with fresh keys, of which two are always enough. The first key of all signs from the
    /// beginning of time, because there is nobody who does not know it.
    pub fn fill(&mut self, fresh: &mut Vec<SigningKey>, now: Timestamp) {
        let first = self.keys.is_empty();
        let mut add = |ring: &mut Self| {
            let Some(mut key) = fresh.pop() else { return };
            key.published_at = now;
            key.state = KeyState::Standby;
            ring.keys.push(key);
        };
        if self.open_ended().is_none() {
            if self.standby().is_none() {
                add(self);
            }
            let from = first.then(Timestamp::default);
            self.promote(now, from);
        }
        if self.standby().is_none() {
            add(self);
        }
    }

    /// Lets the key that stands by take over as soon as it has been published for long enough. Answers which, and when.
    pub fn rotate(&mut self, now: Timestamp) -> Result<(KeyId, Timestamp), InvalidTransition> {
        let refuse = |from, action| InvalidTransition { machine: MACHINE, from, action };
        let standby = self.standby().ok_or(refuse("missing", "take over"))?;
        let (id, from) = (standby.id, now.max(standby.published_at.plus(NOTICE)));
        let last = self.keys.iter_mut().find(|key| matches!(key.state, KeyState::Signing { until: None, .. }));
        if let Some(SigningKey { state: KeyState::Signing { from: began, until }, .. }) = last {
            if *began > now {
                return Err(refuse("coming", "be followed by another before it signs"));
            }
            *until = Some(from);
        }
        self.set(id, KeyState::Signing { from, until: None });
        Ok((id, from))
    }

    /// Revokes a key. When it was the one that signs, the next one takes over at once, or within a second where not every
    /// node can know it yet. Fill the ring afterwards.
    pub fn revoke(&mut self, id: KeyId, reason: String, now: Timestamp) -> Result<(), NotRevoked> {
        let key = self.keys.iter_mut().find(|key| key.id == id).ok_or(NotRevoked::Unknown(id))?;
        let revoked = KeyState::Revoked { revoked_at: now, reason };
        let was = match key.state {
            KeyState::Revoked { .. } => {
                return Err(InvalidTransition { machine: MACHINE, from: "revoked", action: "be revoked again" }.into());
            }
            _ => std::mem::replace(&mut key.state, revoked),
        };
        key.sealed.clear();
        let KeyState::Signing { from, until } = was else { return Ok(()) };
        match until {
            // It had ended: nothing stands on it any more.
            Some(end) if end <= now => {}
            // Its successor was to come: it comes now.
            Some(end) => self.each_signing(|key| {
                if let KeyState::Signing { from, .. } = &mut key.state
                    && *from == end
                {
                    *from = now.max(key.published_at.plus(NODES_KNOW)).min(end);
                }
            }),
            // It was to come: the one before it goes on.
            None if from > now => self.each_signing(|key| {
                if let KeyState::Signing { until, .. } = &mut key.state
                    && *until == Some(from)
                {
                    *until = None;
                }
            }),
            None => {}
        }
        if self.open_ended().is_none() {
            self.promote(now, None);
        }
        Ok(())
    }

    /// Forgets what has been over for so long that nothing made with it works any more.
    pub fn prune(&mut self, now: Timestamp, kept: Duration) {
        self.keys.retain(|key| match key.state {
            KeyState::Signing { until: Some(end), .. } => now < end.plus(kept),
            KeyState::Revoked { revoked_at, .. } => now < revoked_at.plus(kept),
            _ => true,
        });
    }

    /// The key that stands by.
    pub fn standby(&self) -> Option<&SigningKey> {
        self.keys.iter().find(|key| matches!(key.state, KeyState::Standby))
    }

    fn open_ended(&self) -> Option<&SigningKey> {
        self.keys.iter().find(|key| matches!(key.state, KeyState::Signing { until: None, .. }))
    }

    /// Lets the key that stands by sign: from that moment, or from when every node knows it.
    fn promote(&mut self, now: Timestamp, from: Option<Timestamp>) {
        let Some(standby) = self.standby() else { return };
        let (id, known) = (standby.id, standby.published_at.plus(NODES_KNOW));
        self.set(id, KeyState::Signing { from: from.unwrap_or_else(|| now.max(known)), until: None });
    }

    fn set(&mut self, id: KeyId, state: KeyState) {
        if let Some(key) = self.keys.iter_mut().find(|key| key.id == id) {
            key.state = state;
        }
    }

    fn each_signing(&mut self, change: impl FnMut(&mut SigningKey)) {
        self.keys.iter_mut().for_each(change);
    }
}
