//! What an entry says of entries that are given up: which, what was kept of them, and how it can be checked.

use serde::{Deserialize, Serialize};

/// The operation under which entries are given up.
pub const PRUNE: &str = "ledger.prune";

/// The `detail` of the INTENT and the OUTCOME of [`PRUNE`], as JSON. Fields are in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pruning {
    /// The signed checkpoint under which the entries were exported.
    pub checkpoint: String,
    /// SHA-256 of the `manifest.json` of the export, hexadecimal.
    pub export_sha256: String,
    /// All entries below this index are given up; a multiple of 256.
    pub until: u64,
    /// SHA-256 over the usage that all entries given up so far come to, hexadecimal: a line for each hour and key, in
    /// their order, as a JSON array of the beginning of the hour in microseconds, organization, app, grant, dataset,
    /// tier, operation, requests, rows and bytes.
    pub usage_sha256: String,
    /// The year in Korea Standard Time at whose end the entries stop.
    pub year: i16,
}

impl Pruning {
    /// The text of a `detail`.
    pub fn to_detail(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads a `detail`; nothing when it is not one of a pruning.
    pub fn parse(detail: &str) -> Option<Self> {
        serde_json::from_str(detail).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_pruning_is_fixed_and_reads_back() {
        let pruning = Pruning {
            checkpoint: "origin\n".to_owned(),
            export_sha256: "00".to_owned(),
            until: 512,
            usage_sha256: "ff".to_owned(),
            year: 2023,
        };
        let detail = pruning.to_detail().unwrap();
        let golden = r#"{"checkpoint":"origin\n","export_sha256":"00","until":512,"usage_sha256":"ff","year":2023}"#;
        assert_eq!(detail, golden);
        assert_eq!(Pruning::parse(&detail), Some(pruning));
        assert_eq!(Pruning::parse("command line"), None);
    }
}
