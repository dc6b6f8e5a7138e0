//! How the values of a text file are kept apart: by the separator and the quotation mark with which its header has the
//! columns that the schema wants.

use crate::definition::{Quote, TableSpec};
use csv::{ByteRecord, ReaderBuilder};

/// What a separator may be when the schema does not say.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Rows that are looked at.
const ROWS_MAX: usize = 200;

/// How the values of a text file are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) separator: u8,
    pub(super) quote: Quote,
}

/// How well a dialect fits: columns of the schema in the header, then rows that are as long as the header.
type Fit = (usize, usize);

impl Dialect {
    /// What the table's description says, and for the rest what fits the beginning of the text best. Where nothing fits
    /// better than another, it is what the name of the file says, and double quotation marks.
    pub(super) fn find(text: &str, file: &str, table: &TableSpec, wanted: &[&str]) -> Self {
        let text = whole_rows(text);
        let by_name = if file.ends_with(".tsv") { b'\t' } else { b',' };
        let separators: Vec<u8> = match table.separator.and_then(|separator| u8::try_from(separator).ok()) {
            Some(separator) => vec![separator],
            None => std::iter::once(by_name).chain(SEPARATORS.into_iter().filter(|s| *s != by_name)).collect(),
        };
        let mut best = Self { separator: by_name, quote: table.quote.unwrap_or(Quote::Double) };
        let mut best_fit: Option<Fit> = None;
        for separator in separators {
            let quote = match table.quote {
                Some(quote) => quote,
                None if is_single_quoted(text, separator) => Quote::Single,
                None => Quote::Double,
            };
            let dialect = Self { separator, quote };
            let fit = fit(&dialect.rows(text), wanted);
            if best_fit.is_none_or(|best| fit > best) {
                (best, best_fit) = (dialect, Some(fit));
            }
        }
        best
    }

    /// A reader of such text.
    pub(super) fn reader(self) -> ReaderBuilder {
        let mut reader = ReaderBuilder::new();
        reader.delimiter(self.separator).flexible(true);
        match self.quote.mark().and_then(|mark| u8::try_from(mark).ok()) {
            Some(mark) => reader.quote(mark),
            None => reader.quoting(false),
        };
        reader
    }

    fn rows(self, text: &str) -> Vec<ByteRecord> {
        let mut reader = self.reader();
        let reader = reader.has_headers(false).from_reader(text.as_bytes());
        reader.into_byte_records().take(ROWS_MAX).map_while(Result::ok).collect()
    }
}

fn fit(rows: &[ByteRecord], wanted: &[&str]) -> Fit {
    let Some(header) = rows.first() else { return (0, 0) };
    let names: Vec<String> = header.iter().map(super::csv::clean).collect();
    let found = wanted.iter().filter(|name| names.iter().any(|found| found == *name)).count();
    (found, rows.iter().filter(|row| row.len() == header.len()).count())
}

/// Whether values are quoted with single marks. An apostrophe is a letter of names and of many a language, so that it
/// must stand around most values, and no double mark anywhere.
fn is_single_quoted(text: &str, separator: u8) -> bool {
    if text.contains('"') {
        return false;
    }
    let plain = Dialect { separator, quote: Quote::Never }.rows(text);
    let values = || plain.iter().flatten().filter(|value| !value.is_empty());
    let begun = values().filter(|value| value.starts_with(b"'")).count();
    let ended = values().filter(|value| value.ends_with(b"'")).count();
    // The end of what is looked at may cut a value.
    begun.abs_diff(ended) <= 1 && begun * 2 > values().count()
}

/// The text up to its last end of line, so that no cut row is counted; all of it when there is none.
fn whole_rows(text: &str) -> &str {
    text.rfind('\n').and_then(|end| text.get(..=end)).unwrap_or(text)
}
