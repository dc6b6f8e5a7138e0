//! What a client says that it can read, and what it is answered: the headers `delta-sharing-capabilities` and
//! `fileidhash`.

use crate::fault::Fault;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// The header of capabilities, in both directions.
pub const CAPABILITIES: HeaderName = HeaderName::from_static("delta-sharing-capabilities");
/// The header that chooses how identifiers of files are derived, in both directions.
pub const FILE_ID_HASH: HeaderName = HeaderName::from_static("fileidhash");

/// How the lines of an answer are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ResponseFormat {
    /// Plain file actions, which every client reads.
    #[default]
    Parquet,
    /// Actions of the Delta log, for clients on a Delta kernel.
    Delta,
}

/// What was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// How lines are written.
    pub format: ResponseFormat,
    /// Whether the client reads an `endStreamAction` line.
    pub end_stream: bool,
    /// How the client wants identifiers of files to be derived. Ours are the same either way: one stored file, one
    /// identifier.
    pub file_id_hash: Option<ResponseFormat>,
}

impl ResponseFormat {
    /// `parquet` or `delta`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Delta => "delta",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Parquet, Self::Delta].into_iter().find(|format| format.as_str().eq_ignore_ascii_case(text))
    }
}

impl Capabilities {
    /// Reads the headers of a request. Unknown keys mean nothing; of several formats parquet is answered, which every
    /// client reads.
    pub fn of(headers: &HeaderMap) -> Result<Self, Fault> {
        let mut agreed = Self { file_id_hash: file_id_hash(headers)?, ..Self::default() };
        let texts = headers.get_all(CAPABILITIES).filter_map(|value| value.to_str().ok());
        for pair in texts.flat_map(|text| text.split(';')) {
            let Some((key, value)) = pair.split_once('=') else { continue };
            match key.trim().to_ascii_lowercase().as_str() {
                "responseformat" => agreed.format = chosen(value)?,
                "includeendstreamaction" => agreed.end_stream = value.trim().eq_ignore_ascii_case("true"),
                _ => {}
            }
        }
        Ok(agreed)
    }

    /// The headers that say what was agreed on.
    pub fn headers(self) -> Vec<(HeaderName, HeaderValue)> {
        let capabilities = match (self.format, self.end_stream) {
            (ResponseFormat::Parquet, false) => "responseformat=parquet",
            (ResponseFormat::Delta, false) => "responseformat=delta",
            (ResponseFormat::Parquet, true) => "responseformat=parquet;includeendstreamaction=true",
            (ResponseFormat::Delta, true) => "responseformat=delta;includeendstreamaction=true",
        };
        let mut headers = vec![(CAPABILITIES, HeaderValue::from_static(capabilities))];
        headers.extend(self.file_id_hash.map(|hash| (FILE_ID_HASH, HeaderValue::from_static(hash.as_str()))));
        headers
    }
}

fn chosen(value: &str) -> Result<ResponseFormat, Fault> {
    let known: Vec<_> = value.split(',').filter_map(|format| ResponseFormat::parse(format.trim())).collect();
    if known.contains(&ResponseFormat::Parquet) {
        return Ok(ResponseFormat::Parquet);
    }
    known.first().copied().ok_or_else(|| {
        Fault::parameter(
            "responseformat",
            "The response formats are parquet and delta.",
            "사용할 수 있는 응답 형식은 parquet와 delta입니다.",
        )
    })
}

fn file_id_hash(headers: &HeaderMap) -> Result<Option<ResponseFormat>, Fault> {
    let Some(value) = headers.get(FILE_ID_HASH) else { return Ok(None) };
    let read = value.to_str().ok().and_then(|text| ResponseFormat::parse(text.trim()));
    read.map(Some)
        .ok_or_else(|| Fault::parameter("fileidhash", "Must be parquet or delta.", "parquet 또는 delta여야 합니다."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(HeaderName, &str)]) -> Result<Capabilities, Fault> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        Capabilities::of(&headers)
    }

    #[test]
    fn what_clients_send_is_understood() {
        let agreed = |text: &str| of(&[(CAPABILITIES, text)]).unwrap();
        assert_eq!(of(&[]).unwrap(), Capabilities::default());
        assert_eq!(
            agreed("responseformat=delta;readerfeatures=deletionvectors,columnmapping").format,
            ResponseFormat::Delta
        );
        assert_eq!(agreed("responseformat=delta,parquet").format, ResponseFormat::Parquet);
        assert_eq!(agreed("ResponseFormat=DELTA;INCLUDEENDSTREAMACTION=True").format, ResponseFormat::Delta);
        assert!(agreed("ResponseFormat=DELTA;INCLUDEENDSTREAMACTION=True").end_stream);
        assert_eq!(agreed("somethingnew=1;;=;x"), Capabilities::default());
        assert!(of(&[(CAPABILITIES, "responseformat=avro")]).is_err());
    }

    #[test]
    fn schemes_of_identifiers_are_echoed_or_refused() {
        let echoed = |text: &str| of(&[(FILE_ID_HASH, text)]).unwrap().headers().pop().unwrap();
        assert_eq!(echoed("Delta"), (FILE_ID_HASH, HeaderValue::from_static("delta")));
        assert_eq!(echoed("PARQUET"), (FILE_ID_HASH, HeaderValue::from_static("parquet")));
        assert!(of(&[(FILE_ID_HASH, "md5")]).is_err());
    }
}
