//! Entries: who did what to which data, in canonical bytes (JSON in the form of RFC 8785: keys sorted, no spaces).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// The version of this format.
pub const ENTRY_FORMAT: u32 = 1;
/// The longest entry; tlog-tiles stores the length in 16 bits.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Whether an entry opens an access or closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What is about to happen; durable before the first byte leaves.
    Intent,
    /// What came of it.
    Outcome,
}

/// How an access ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All of it happened.
    Completed,
    /// It stopped on the way; `bytes` and `rows` say how far it came.
    Aborted,
    /// It was refused.
    Denied,
    /// The server stopped before it could say; written at the next start.
    Unknown,
}

/// One leaf of the ledger. Fields are in the order of their names, which is the order of the canonical bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// A commitment to the network address of the client ([`super::commitment`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The app that acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// OUTCOME: bytes of response bodies that were sent. INTENT of a lease: at most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The columns that were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// The credential that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// The dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// What else there is to say, for instance the code of a refusal or the identifier of what was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The row filter or the SQL that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// [`ENTRY_FORMAT`].
    pub format: u32,
    /// The grant that opened the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// OUTCOME: index of the INTENT it closes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<u64>,
    /// INTENT or OUTCOME.
    pub kind: Kind,
    /// Reads by a signed address: index of the entry of the listing that gave the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<u64>,
    /// The member who acted in the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// 16 unpredictable bytes in base64url, so that a leaf hash says nothing about its entry.
    pub nonce: String,
    /// What was done, for instance `data.read_rows`.
    pub operation: String,
    /// The organization that answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// A commitment to name and e-mail address of the member who acted, as they were then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// What the data may be used for, from the grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// OUTCOME of a lease: number of ranges served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranges: Option<u64>,
    /// OUTCOME: rows that were sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// OUTCOME: how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// `synthetic` or `deidentified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Server time, microseconds since the Unix epoch.
    pub time_us: i64,
    /// The access token's `jti`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// W3C trace id, 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// The version's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// Bytes that are not an entry.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEntry {
    /// Not JSON of the entry's shape.
    #[error("not an entry: {0}")]
    Shape(#[from] serde_json::Error),
    /// The right shape, but not in canonical form.
    #[error("not in canonical form")]
    NotCanonical,
    /// A format this code does not know.
    #[error("unknown entry format {0}")]
    Format(u32),
    /// Longer than [`ENTRY_BYTES_MAX`].
    #[error("an entry of {0} bytes is longer than {ENTRY_BYTES_MAX}")]
    TooLong(usize),
}

#[expect(
    clippy::derivable_impls,
    reason = "an intent is the natural start of an entry, and the reason is worth a line"
)]
impl Default for Kind {
    fn default() -> Self {
        Self::Intent
    }
}

impl Entry {
    /// An entry with its format and nonce set.
    pub fn new(kind: Kind, operation: &str, time_us: i64, nonce: [u8; 16]) -> Self {
        Self {
            format: ENTRY_FORMAT,
            kind,
            operation: operation.to_owned(),
            time_us,
            nonce: URL_SAFE_NO_PAD.encode(nonce),
            ..Self::default()
        }
    }

    /// The canonical bytes, which are what is hashed.
    pub fn to_bytes(&self) -> Result<Vec<u8>, InvalidEntry> {
        let bytes = serde_json::to_vec(self)?;
        if bytes.len() > ENTRY_BYTES_MAX { Err(InvalidEntry::TooLong(bytes.len())) } else { Ok(bytes) }
    }

    /// Reads canonical bytes; anything else is refused, so that one entry has one hash.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidEntry> {
        let entry: Self = serde_json::from_slice(bytes)?;
        if entry.format != ENTRY_FORMAT {
            return Err(InvalidEntry::Format(entry.format));
        }
        if entry.to_bytes()? == bytes { Ok(entry) } else { Err(InvalidEntry::NotCanonical) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_an_entry_are_fixed() {
        let entry = Entry {
            app: Some("app_1".to_owned()),
            columns: Some(vec!["나이".to_owned()]),
            version: Some(3),
            ..Entry::new(Kind::Intent, "data.read_rows", 1_700_000_000_000_001, [0; 16])
        };
        let bytes = entry.to_bytes().unwrap();
        let golden = concat!(
            r#"{"app":"app_1","columns":["나이"],"format":1,"kind":"intent","nonce":"AAAAAAAAAAAAAAAAAAAAAA","#,
            r#""operation":"data.read_rows","time_us":1700000000000001,"version":3}"#
        );
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), golden);
        assert_eq!(Entry::from_bytes(&bytes).unwrap(), entry);
    }

    #[test]
    fn keys_are_sorted_in_the_canonical_form() {
        let full = r#"{"address":"","app":"","bytes":0,"columns":[],"credential":"","dataset":"","detail":"","file":"","filter":"","format":1,"grant":"","intent":0,"kind":"outcome","listing":0,"member":"","nonce":"","operation":"","organization":"","person":"","purpose":"","ranges":0,"rows":0,"status":"denied","table":"","tier":"","time_us":0,"token":"","trace":"","version":0}"#;
        let entry = Entry::from_bytes(full.as_bytes()).unwrap();
        let value: serde_json::Value = serde_json::from_str(full).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), full, "serde_json's map is sorted, so the text must be");
        assert_eq!(entry.to_bytes().unwrap(), full.as_bytes());
    }

    #[test]
    fn other_forms_of_the_same_entry_are_refused() {
        let entry = Entry::new(Kind::Outcome, "x", 0, [1; 16]);
        let text = String::from_utf8(entry.to_bytes().unwrap()).unwrap();
        assert!(matches!(Entry::from_bytes(format!(" {text}").as_bytes()), Err(InvalidEntry::NotCanonical)));
        let other = text.replace("\"format\":1", "\"format\":2");
        assert!(matches!(Entry::from_bytes(other.as_bytes()), Err(InvalidEntry::Format(2))));
        let unknown = text.replace("\"format\":1", "\"extra\":1,\"format\":1");
        assert!(matches!(Entry::from_bytes(unknown.as_bytes()), Err(InvalidEntry::Shape(_))));
    }
}
