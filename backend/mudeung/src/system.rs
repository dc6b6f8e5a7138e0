//! The world outside: the system's clock, its entropy and the environment. Read here and nowhere else.

use mudeung_core::clock::{Clock, Entropy, Timestamp};
use mudeung_core::secret::Secret;
use std::path::PathBuf;

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the present is read")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The system's entropy.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if let Err(error) = getrandom::fill(buffer) {
            // Nothing can be kept secret without entropy, so nothing may go on.
            tracing::error!("the system gives no entropy: {error}");
            std::process::abort();
        }
    }
}

/// Where the demo keeps its data when it is not told: `mudeung/demo` in the user's data folder.
pub(crate) fn demo_folder() -> PathBuf {
    data_home().join("mudeung").join("demo")
}

/// What to log: the `MUDEUNG_LOG` variable in the form of `tracing`'s filters, when it is set.
#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
pub(crate) fn log_filter() -> Option<String> {
    std::env::var("MUDEUNG_LOG").ok()
}

/// The key-encryption key in the environment, when it is set.
#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
pub(crate) fn key_encryption_key() -> Option<Secret<String>> {
    std::env::var(mudeung_server::keys::kek::VARIABLE).ok().map(Secret::new)
}

#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
fn data_home() -> PathBuf {
    let home = || std::env::var("HOME").map(|home| PathBuf::from(home).join(".local").join("share"));
    std::env::var("XDG_DATA_HOME").map(PathBuf::from).or_else(|_| home()).unwrap_or_else(|_| PathBuf::from("."))
}
