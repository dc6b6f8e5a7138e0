//! How rows are answered: the `format` parameter, or what `Accept` likes best of what there is.

use crate::fault::Fault;
use actix_web::http::header::{ACCEPT, HeaderMap};
use mudeung_core::reader::Format;
use mudeung_wire::problem::Code;

/// Every format: the names it has as a parameter, its media types (the first is answered).
const FORMATS: [(Format, &[&str], &[&str]); 7] = [
    (Format::Json, &["json"], &["application/json"]),
    (
        Format::JsonLines,
        &["jsonl", "ndjson"],
        &["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"],
    ),
    (Format::Csv, &["csv"], &["text/csv"]),
    (Format::ArrowStream, &["arrow"], &["application/vnd.apache.arrow.stream"]),
    // Told from the plain stream by the parameter `codecs`.
    (Format::ArrowStreamZstd, &["arrow-zstd"], &["application/vnd.apache.arrow.stream; codecs=zstd"]),
    (Format::Parquet, &["parquet"], &["application/vnd.apache.parquet", "application/x-parquet"]),
    (Format::FhirLines, &["fhir"], &["application/fhir+ndjson"]),
];

/// What is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Rows of a table or of a query.
    Rows,
    /// What is made anew: rows, or persons as FHIR bundles.
    Made,
}

impl Written {
    /// The formats that there are of it.
    fn formats(self) -> impl Iterator<Item = &'static (Format, &'static [&'static str], &'static [&'static str])> {
        FORMATS.iter().filter(move |(format, _, _)| self == Self::Made || *format != Format::FhirLines)
    }
}

/// The media type of a format.
pub const fn media_type(format: Format) -> &'static str {
    match format {
        Format::Json => "application/json",
        Format::JsonLines => "application/x-ndjson",
        Format::Csv => "text/csv; charset=utf-8",
        Format::ArrowStream => "application/vnd.apache.arrow.stream",
        Format::ArrowStreamZstd => "application/vnd.apache.arrow.stream; codecs=zstd",
        Format::Parquet => "application/vnd.apache.parquet",
        Format::FhirLines => "application/fhir+ndjson",
    }
}

/// The format of that media type, as [`media_type`] writes it.
pub fn from_media_type(text: &str) -> Option<Format> {
    FORMATS.iter().map(|(format, _, _)| *format).find(|format| media_type(*format) == text)
}

/// The format to answer in. The parameter outranks the header.
pub fn negotiate(parameter: Option<&str>, headers: &HeaderMap, written: Written) -> Result<Format, Fault> {
    if let Some(name) = parameter {
        let named = written.formats().find(|(_, names, _)| names.contains(&name));
        return named.map(|(format, _, _)| *format).ok_or_else(|| match written {
            Written::Rows => Fault::parameter(
                "format",
                "Must be json, jsonl, csv, arrow, arrow-zstd or parquet.",
                "json, jsonl, csv, arrow, arrow-zstd, parquet 중 하나여야 합니다.",
            ),
            Written::Made => Fault::parameter(
                "format",
                "Must be json, jsonl, csv, arrow, arrow-zstd, parquet or fhir.",
                "json, jsonl, csv, arrow, arrow-zstd, parquet, fhir 중 하나여야 합니다.",
            ),
        });
    }
    let accepted: Vec<&str> = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).collect();
    if accepted.is_empty() {
        return Ok(Format::Json);
    }
    accepted_format(&accepted.join(","), written).ok_or_else(|| {
        let types: Vec<&str> = written.formats().filter_map(|(_, _, types)| types.first().copied()).collect();
        let types = types.join(", ");
        Fault::new(
            Code::NotAcceptable,
            format!("Accept one of: {types}."),
            format!("Accept에 지정할 수 있는 형식: {types}"),
        )
    })
}

/// The format with the highest weight; of equal ones the more specific, then the earlier.
fn accepted_format(accept: &str, written: Written) -> Option<Format> {
    let mut best: Option<((u32, u32), Format)> = None;
    for range in ranges(accept) {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let reads_zstd = parts.clone().any(|part| {
            let codecs = part.strip_prefix("codecs=").unwrap_or_default();
            codecs.trim_matches('"').split(',').any(|codec| codec.trim().eq_ignore_ascii_case("zstd"))
        });
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let thousandths = match weight {
            None => 1_000,
            Some(text) => thousandths(text)?,
        };
        let found = written.formats().find(|(_, _, types)| types.contains(&name.as_str()));
        let (specific, format) = match (found, name.as_str()) {
            (Some((Format::ArrowStream, _, _)), _) if reads_zstd => (2, Format::ArrowStreamZstd),
            (Some((format, _, _)), _) => (2, *format),
            (None, "application/*") => (1, Format::Json),
            (None, "text/*") => (1, Format::Csv),
            (None, "*/*") => (0, Format::Json),
            (None, _) => continue,
        };
        let rank = (thousandths, specific);
        if thousandths > 0 && best.is_none_or(|(known, _)| rank > known) {
            best = Some((rank, format));
        }
    }
    best.map(|(_, format)| format)
}

/// The media ranges of `Accept`: commas inside quotes separate nothing.
fn ranges(accept: &str) -> Vec<&str> {
    let mut quoted = false;
    let outside = move |letter: char| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    };
    accept.split(outside).collect()
}

/// A weight from 0 to 1 with at most three decimals, in thousandths.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, decimals) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let valid = decimals.len() <= 3 && decimals.bytes().all(|b| b.is_ascii_digit());
    let decimals: u32 = format!("{decimals:0<3}").parse().ok()?;
    match (whole, valid, decimals) {
        ("0", true, decimals) => Some(decimals),
        ("1", true, 0) => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn of(accept: &str) -> Result<Format, Code> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        negotiate(None, &headers, Written::Rows).map_err(|fault| fault.code)
    }

    #[test]
    fn the_best_liked_format_is_answered() {
        assert_eq!(negotiate(None, &HeaderMap::new(), Written::Rows).unwrap(), Format::Json);
        assert_eq!(of("*/*"), Ok(Format::Json));
        assert_eq!(of("text/csv"), Ok(Format::Csv));
        assert_eq!(of("text/csv;q=0.5, application/vnd.apache.arrow.stream"), Ok(Format::ArrowStream));
        assert_eq!(of("application/vnd.apache.parquet;q=0.9, */*;q=0.1"), Ok(Format::Parquet));
        assert_eq!(of("application/x-ndjson, */*"), Ok(Format::JsonLines));
        assert_eq!(of("TEXT/CSV; charset=utf-8"), Ok(Format::Csv));
        let arrow = "application/vnd.apache.arrow.stream";
        assert_eq!(of(&format!("{arrow}; codecs=\"zstd, lz4\"")), Ok(Format::ArrowStreamZstd));
        assert_eq!(of(&format!("{arrow};codecs=zstd;q=0.9, text/csv;q=0.5")), Ok(Format::ArrowStreamZstd));
        assert_eq!(of(&format!("{arrow}; codecs=lz4")), Ok(Format::ArrowStream));
        assert_eq!(of("text/html"), Err(Code::NotAcceptable));
        assert_eq!(of("text/csv;q=0"), Err(Code::NotAcceptable));
        assert_eq!(of("text/csv;q=x"), Err(Code::NotAcceptable));
    }

    #[test]
    fn the_parameter_outranks_the_header() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/html"));
        assert_eq!(negotiate(Some("parquet"), &headers, Written::Rows).unwrap(), Format::Parquet);
        assert_eq!(negotiate(Some("xml"), &headers, Written::Rows).unwrap_err().code, Code::InvalidParameter);
    }

    #[test]
    fn bundles_are_answered_where_they_are_made_and_nowhere_else() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/fhir+ndjson, application/json;q=0.5"));
        assert_eq!(negotiate(None, &headers, Written::Made).unwrap(), Format::FhirLines);
        assert_eq!(negotiate(None, &headers, Written::Rows).unwrap(), Format::Json);
        assert_eq!(negotiate(Some("fhir"), &headers, Written::Made).unwrap(), Format::FhirLines);
        assert_eq!(negotiate(Some("fhir"), &headers, Written::Rows).unwrap_err().code, Code::InvalidParameter);
    }
}
