//! Nonces: nothing is kept of them, they are a keyed hash of the node and the window of time they are good in.

use crate::data::signature::keyed;
use crate::keys::Keys;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use mudeung_core::clock::Timestamp;
use mudeung_core::secret::Secret;
use subtle::ConstantTimeEq;

/// Seconds until there is a new nonce; the one before it is good for as long again.
const WINDOW_SECONDS: u64 = 120;

/// Makes and recognises the nonces of one node.
pub(super) struct Nonces {
    key: Secret<[u8; 32]>,
    node: [u8; 16],
}

/// The number of the window that a moment lies in.
pub(super) fn window(now: Timestamp) -> u64 {
    u64::try_from(now.seconds()).unwrap_or(0) / WINDOW_SECONDS
}

impl Nonces {
    /// The nonces of a node, which is unpredictable bytes of its own.
    pub(super) fn new(keys: &Keys, node: [u8; 16]) -> Self {
        Self { key: keys.nonce().clone(), node }
    }

    /// The nonce of a window.
    pub(super) fn of(&self, epoch: u32, window: u64) -> String {
        let mut mac = keyed(self.key.expose());
        mac.update(b"dpop-nonce\n");
        mac.update(&self.node);
        mac.update(&epoch.to_be_bytes());
        mac.update(&window.to_be_bytes());
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        let mut text = URL_SAFE_NO_PAD.encode(hash);
        text.truncate(22);
        text
    }

    /// Whether a text is the nonce of a window.
    pub(super) fn is(&self, text: &str, epoch: u32, window: u64) -> bool {
        self.of(epoch, window).as_bytes().ct_eq(text.as_bytes()).into()
    }
}
