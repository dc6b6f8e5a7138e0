//! What strangers send, held against what must always be true of it. Each target panics when it is not. `cargo xtask fuzz`
//! looks for inputs that make them; the tests replay what it found worth keeping.

mod filter;
mod ledger;
mod range;

#[cfg(test)]
mod tests;

pub use filter::filter;
pub use ledger::{checkpoint, tlog_proof};
pub use mudeung_server::fuzz::{assertion, dpop_proof};
pub use range::range;

/// A target: its name, which is that of its corpus too, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 6] = [
    ("assertion", assertion),
    ("dpop_proof", dpop_proof),
    ("checkpoint", checkpoint),
    ("tlog_proof", tlog_proof),
    ("range", range),
    ("filter", filter),
];
