//! What an entry says of a year that is over: how far its entries go, and the signed checkpoint that they end with.
//!
//! A log is cut into years by these entries. The first of them about a year counts: the entries of the year are those from
//! the `until` of the year before (0 where there is none) to before its own `until`.

use super::checkpoint::Checkpoint;
use super::note::SignedNote;
use serde::{Deserialize, Serialize};

/// The operation under which a year is closed.
pub const CLOSE_YEAR: &str = "ledger.year";

/// The `detail` of the OUTCOME of [`CLOSE_YEAR`], as JSON. Fields are in the order of their names.
///
/// ```
/// use mudeung_wire::ledger::year::YearEnd;
/// let end = YearEnd { checkpoint: "example.org/ledger\n7\n…".to_owned(), until: 7, year: 2026 };
/// assert_eq!(YearEnd::parse(&end.to_detail().unwrap()), Some(end));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YearEnd {
    /// The signed checkpoint over all entries before `until`.
    pub checkpoint: String,
    /// The entries of the year are below this index.
    pub until: u64,
    /// The year, in Korea Standard Time.
    pub year: i16,
}

impl YearEnd {
    /// The text of a `detail`.
    pub fn to_detail(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads a `detail`; nothing when it is not one of a year.
    pub fn parse(detail: &str) -> Option<Self> {
        serde_json::from_str(detail).ok()
    }

    /// What the checkpoint says, when it is over just the entries before `until`. Its signature is not checked.
    pub fn stated(&self) -> Option<Checkpoint> {
        let note = SignedNote::parse(&self.checkpoint).ok()?;
        Checkpoint::parse(note.text()).ok().filter(|checkpoint| checkpoint.size == self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;

    #[test]
    fn what_is_said_of_a_year_is_fixed_and_its_checkpoint_is_over_its_entries() {
        let checkpoint = Checkpoint { origin: "hospital.example/ledger".to_owned(), size: 300, root: [7; 32] };
        let note = checkpoint.sign(&SigningKey::from_bytes(&[3; 32]));
        let end = YearEnd { checkpoint: note, until: 300, year: 2026 };
        assert_eq!(end.stated(), Some(checkpoint));
        assert_eq!(YearEnd { until: 299, ..end.clone() }.stated(), None);
        let detail = end.to_detail().unwrap();
        assert!(detail.starts_with(r#"{"checkpoint":"hospital.example/ledger\n300\n"#), "{detail}");
        assert!(detail.ends_with(r#","until":300,"year":2026}"#), "{detail}");
        assert_eq!(YearEnd::parse(&detail.replace("\"year\"", "\"month\"")), None);
        assert_eq!(YearEnd::parse("2026"), None);
    }
}
