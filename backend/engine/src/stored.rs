//! Stored files: their frame checked when they are opened, their metadata parsed once.

mod thrift;

use crate::source::Source;
use mudeung_core::reader::ReadError;
use parquet::DecodeResult;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataPushDecoder};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

/// Magic, footer length and magic: no Parquet file is shorter.
const FILE_BYTES_MIN: u64 = 12;
/// The field of a footer that says how columns are encrypted.
const ENCRYPTION_ALGORITHM: i16 = 8;
pub(crate) const MAGIC: &[u8; 4] = b"PAR1";

/// One file of the store.
pub(crate) struct StoredFile {
    /// The address, for messages; where the file really lies stays inside.
    pub(crate) label: String,
    /// The file's bytes.
    pub(crate) source: Arc<dyn Source>,
    /// Length of the footer with its frame, which ends the file.
    pub(crate) footer_bytes: u64,
    metadata: OnceLock<Result<ArrowReaderMetadata, ReadError>>,
}

impl StoredFile {
    /// Checks that a file is framed as Parquet. May block.
    pub(crate) fn open(label: String, source: Arc<dyn Source>) -> Result<Self, ReadError> {
        let footer_bytes = footer_bytes(&label, source.as_ref())?;
        Ok(Self { label, source, footer_bytes, metadata: OnceLock::new() })
    }

    /// The parsed footer and page index of a file whose rows can be read: columns are flat. Slow the first time: not for
    /// async threads.
    pub(crate) fn metadata(&self) -> Result<&ArrowReaderMetadata, ReadError> {
        let metadata = self.metadata_of_any()?;
        // Published columns are flat; whoever reads rows counts on one chunk for each column.
        let flat = metadata.parquet_schema().root_schema().get_fields().iter().all(|field| field.is_primitive());
        if flat { Ok(metadata) } else { Err(damaged(&self.label, "has nested columns, which have no rows here")) }
    }

    /// The parsed footer and page index, whatever the columns are.
    pub(crate) fn metadata_of_any(&self) -> Result<&ArrowReaderMetadata, ReadError> {
        // The parser trusts what it reads; a damaged footer can make it panic.
        let parse = || {
            let parsed = catch_unwind(AssertUnwindSafe(|| self.parse()));
            parsed.unwrap_or_else(|_panic| Err(self.damaged("cannot be parsed")))
        };
        self.metadata.get_or_init(parse).as_ref().map_err(Clone::clone)
    }

    fn parse(&self) -> Result<ArrowReaderMetadata, ReadError> {
        let length = self.source.len_bytes();
        let footer = length.saturating_sub(self.footer_bytes)..length;
        for bytes in self.source.fetch_blocking(vec![footer])? {
            let fields = thrift::fields(&bytes);
            if fields.is_some_and(|fields| fields.contains(&ENCRYPTION_ALGORITHM)) {
                return Err(self.damaged("has encrypted columns"));
            }
        }
        let policy = PageIndexPolicy::Optional;
        let decoder = ParquetMetaDataPushDecoder::try_new(length).map_err(|problem| self.damaged(problem))?;
        let mut decoder = decoder.with_page_index_policy(policy);
        let metadata = loop {
            match decoder.try_decode().map_err(|problem| self.damaged(problem))? {
                DecodeResult::Data(metadata) => break metadata,
                DecodeResult::NeedsData(ranges) => {
                    let bytes = self.source.fetch_blocking(ranges.clone())?;
                    decoder.push_ranges(ranges, bytes).map_err(|problem| self.damaged(problem))?;
                }
                DecodeResult::Finished => return Err(self.damaged("has no footer")),
            }
        };
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true).with_page_index_policy(policy);
        ArrowReaderMetadata::try_new(Arc::new(metadata), options).map_err(|problem| self.damaged(problem))
    }

    /// Whether nothing wrong with the file has been found so far.
    pub(crate) fn is_sound(&self) -> bool {
        !matches!(self.metadata.get(), Some(Err(_)))
    }

    /// A refusal that names this file.
    pub(crate) fn damaged(&self, problem: impl std::fmt::Display) -> ReadError {
        damaged(&self.label, problem)
    }
}

fn footer_bytes(label: &str, source: &dyn Source) -> Result<u64, ReadError> {
    let length = source.len_bytes();
    let torn = || damaged(label, "is not a whole Parquet file");
    if length < FILE_BYTES_MIN {
        return Err(torn());
    }
    let ends = source.fetch_blocking(vec![0..4, length - 8..length])?;
    let [start, end] = ends.as_slice() else { return Err(torn()) };
    let footer = match end.split_first_chunk::<4>() {
        Some((length, b"PAR1")) if start.starts_with(MAGIC) => u64::from(u32::from_le_bytes(*length)) + 8,
        Some((_, b"PARE")) => return Err(damaged(label, "is encrypted")),
        _ => return Err(torn()),
    };
    if footer + 4 > length { Err(damaged(label, "is shorter than its footer says")) } else { Ok(footer) }
}

pub(crate) fn damaged(label: &str, problem: impl std::fmt::Display) -> ReadError {
    ReadError::Damaged(format!("stored file {label}: {problem}"))
}
