//! Entries as a table for spreadsheets.
//!
//! The file begins with a byte order mark: without it Excel on a Korean Windows reads UTF-8 as CP949. Programs that read
//! CSV should open it as `utf-8-sig`. Lines end in CR LF (RFC 4180). A cell that a spreadsheet would take for a formula
//! begins with an apostrophe.

use super::Opened;
use crate::data::view::rfc3339;
use crate::portal::moment;
use mudeung_core::clock::Timestamp;
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use mudeung_wire::ledger::export::encode;
use mudeung_wire::ledger::tree::leaf_hash;

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The columns, in order.
pub const COLUMNS: [&str; 29] = [
    "index",
    "time_utc",
    "time_kst",
    "kind",
    "status",
    "operation",
    "organization",
    "app",
    "member",
    "person",
    "address",
    "credential",
    "token",
    "grant",
    "purpose",
    "dataset",
    "tier",
    "version",
    "table",
    "columns",
    "filter",
    "file",
    "bytes",
    "rows",
    "intent",
    "listing",
    "detail",
    "trace",
    "leaf_hash",
];

/// The table of some entries, with its own heading.
pub fn table(entries: &[(u64, Entry)], opened: &Opened) -> Result<Vec<u8>, String> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(MARK.to_vec());
    writer.write_record(COLUMNS).map_err(|error| error.to_string())?;
    for (index, entry) in entries {
        writer
            .write_record(row(*index, entry, opened)?.map(|cell| harmless(&cell)))
            .map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

fn row(index: u64, entry: &Entry, opened: &Opened) -> Result<[String; 29], String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let value = |commitment: &Option<String>| {
        let commitment = text(commitment);
        opened.get(&commitment).cloned().unwrap_or(commitment)
    };
    let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    let leaf = leaf_hash(&entry.to_bytes().map_err(|error| error.to_string())?);
    Ok([
        index.to_string(),
        rfc3339(Timestamp::from_micros(entry.time_us)),
        moment::precise(entry.time_us),
        match entry.kind {
            Kind::Intent => "intent".to_owned(),
            Kind::Outcome => "outcome".to_owned(),
        },
        entry.status.map(status_text).unwrap_or_default().to_owned(),
        entry.operation.clone(),
        text(&entry.organization),
        text(&entry.app),
        text(&entry.member),
        // What the entry stands for, and its commitment once that was erased or is not in the export.
        value(&entry.person),
        value(&entry.address),
        text(&entry.credential),
        text(&entry.token),
        text(&entry.grant),
        text(&entry.purpose),
        text(&entry.dataset),
        text(&entry.tier),
        entry.version.map(|version| version.to_string()).unwrap_or_default(),
        text(&entry.table),
        entry.columns.as_ref().map(|columns| columns.join(" ")).unwrap_or_default(),
        text(&entry.filter),
        text(&entry.file),
        number(entry.bytes),
        number(entry.rows),
        number(entry.intent),
        number(entry.listing),
        text(&entry.detail),
        text(&entry.trace),
        encode(&leaf),
    ])
}

/// The name of a status.
pub const fn status_text(status: Status) -> &'static str {
    match status {
        Status::Completed => "completed",
        Status::Aborted => "aborted",
        Status::Denied => "denied",
        Status::Unknown => "unknown",
    }
}

/// A cell that no spreadsheet takes for a formula, whatever spaces or marks stand before it, in either width.
fn harmless(cell: &str) -> String {
    let shown =
        cell.trim_start_matches(|letter: char| letter.is_whitespace() || letter.is_control() || letter == '\u{feff}');
    let formula = shown.starts_with(['=', '+', '-', '@', '|', '%', '＝', '＋', '－', '＠']);
    let control = cell.starts_with(['\t', '\r', '\n']);
    let text = cell.replace('\0', "\u{fffd}");
    if formula || control { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(table: &[u8]) -> Vec<Vec<String>> {
        let text = table.strip_prefix(MARK).unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn a_table_opens_in_korean_excel_and_reads_back() {
        let entry = Entry {
            purpose: Some("심장 질환 연구, \"1차\"\n둘째 줄".to_owned()),
            columns: Some(vec!["나이".to_owned(), "성별".to_owned()]),
            bytes: Some(7),
            address: Some("opened".to_owned()),
            person: Some("erased".to_owned()),
            ..Entry::new(Kind::Intent, "data.read_rows", 1_767_225_600_000_001, [0; 16])
        };
        let opened = Opened::from([("opened".to_owned(), "203.0.113.7".to_owned())]);
        let table = table(&[(3, entry)], &opened).unwrap();
        assert!(table.starts_with(b"\xef\xbb\xbfindex,time_utc,"));
        let rows = read(&table);
        let cell = |name: &str| rows[1][COLUMNS.iter().position(|column| *column == name).unwrap()].as_str();
        assert_eq!(rows[0], COLUMNS);
        assert_eq!((cell("index"), cell("bytes"), cell("columns")), ("3", "7", "나이 성별"));
        assert_eq!((cell("address"), cell("person")), ("203.0.113.7", "erased"));
        assert_eq!(cell("time_kst"), "2026-01-01 09:00:00.000001");
        assert_eq!(cell("purpose"), "심장 질환 연구, \"1차\"\n둘째 줄");
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\u{feff}=1", "＝1", "\r", "|cmd", "%0A=1"] {
            assert!(harmless(cell).starts_with('\''), "{cell:?}");
        }
        for cell in ["", "1", "org_1", "나이 >= 60", "2026-01-01"] {
            assert_eq!(harmless(cell), cell);
        }
    }

    proptest! {
        #[test]
        fn no_cell_begins_a_formula_and_none_is_lost(detail in "\\PC{0,30}|[=+@-][a-z(]{0,5}") {
            let entry = Entry { detail: Some(detail.clone()), ..Entry::new(Kind::Outcome, "x", 0, [0; 16]) };
            let rows = read(&table(&[(0, entry)], &Opened::default()).unwrap());
            let shown = &rows[1][26];
            prop_assert!(!shown.starts_with(['=', '+', '-', '@', '\t', '\r']));
            prop_assert_eq!(shown.strip_prefix('\'').filter(|_| !detail.starts_with('\'')).unwrap_or(shown), &detail);
        }
    }
}
