//! Stored files: found by address, mapped into memory, their metadata parsed once.

mod thrift;

use crate::mapping::Mappings;
use crate::number::to_u64;
use crate::store::version_path;
use bytes::Bytes;
use mudeung_core::reader::{ReadError, TableAddress};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::PageIndexPolicy;
use std::fs::File;
use std::panic::catch_unwind;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

/// Magic, footer length and magic: no Parquet file is shorter.
const FILE_BYTES_MIN: usize = 12;
/// The field of a footer that says how columns are encrypted.
const ENCRYPTION_ALGORITHM: i16 = 8;
pub(crate) const MAGIC: &[u8; 4] = b"PAR1";

/// One file of the store, mapped into memory.
pub(crate) struct StoredFile {
    /// The address, for messages; the machine's own path stays inside.
    pub(crate) label: String,
    /// The file's bytes. They stand on the disk's page cache, not on the heap.
    pub(crate) bytes: Bytes,
    metadata: OnceLock<Result<ArrowReaderMetadata, ReadError>>,
}

impl StoredFile {
    /// Maps a file and checks that it is framed as Parquet.
    pub(crate) fn open(root: &Path, table: &TableAddress, name: &str, mappings: &Mappings) -> Result<Self, ReadError> {
        let label = label(table, name);
        let path = path(root, table, name).ok_or_else(|| damaged(&label, "is not a file name"))?;
        let file = File::open(path).map_err(|problem| damaged(&label, problem))?;
        let bytes = mappings.map(&file).map_err(|problem| damaged(&label, problem))?;
        let stored = Self { label, bytes, metadata: OnceLock::new() };
        stored.footer_bytes()?;
        Ok(stored)
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
        let parse = || {
            let footer = self.footer_bytes()?;
            let start = crate::number::to_usize(to_u64(self.bytes.len()).saturating_sub(footer));
            let fields = thrift::fields(self.bytes.get(start..).unwrap_or_default());
            if fields.is_some_and(|fields| fields.contains(&ENCRYPTION_ALGORITHM)) {
                return Err(damaged(&self.label, "has encrypted columns"));
            }
            let options = ArrowReaderOptions::new()
                .with_skip_arrow_metadata(true)
                .with_page_index_policy(PageIndexPolicy::Optional);
            ArrowReaderMetadata::load(&self.bytes, options).map_err(|problem| damaged(&self.label, problem))
        };
        // The parser trusts what it reads; a damaged footer can make it panic.
        let parse = || catch_unwind(parse).unwrap_or_else(|_panic| Err(damaged(&self.label, "cannot be parsed")));
        self.metadata.get_or_init(parse).as_ref().map_err(Clone::clone)
    }

    /// Whether nothing wrong with the file has been found so far.
    pub(crate) fn is_sound(&self) -> bool {
        !matches!(self.metadata.get(), Some(Err(_)))
    }

    /// Length of the footer with its frame, which ends the file.
    pub(crate) fn footer_bytes(&self) -> Result<u64, ReadError> {
        let frame = self.bytes.len().checked_sub(8).filter(|_| self.bytes.len() >= FILE_BYTES_MIN);
        let tail = frame.and_then(|at| self.bytes.get(at..)?.split_first_chunk::<4>());
        let footer = match tail {
            Some((length, b"PAR1")) if self.bytes.starts_with(MAGIC) => u64::from(u32::from_le_bytes(*length)) + 8,
            Some((_, b"PARE")) => return Err(damaged(&self.label, "is encrypted")),
            _ => return Err(damaged(&self.label, "is not a whole Parquet file")),
        };
        if footer + 4 > to_u64(self.bytes.len()) {
            return Err(damaged(&self.label, "is shorter than its footer says"));
        }
        Ok(footer)
    }

    /// A refusal that names this file.
    pub(crate) fn damaged(&self, problem: impl std::fmt::Display) -> ReadError {
        damaged(&self.label, problem)
    }
}

/// A file's address as a text.
pub(crate) fn label(table: &TableAddress, name: &str) -> String {
    let TableAddress { dataset, tier, version, table } = table;
    format!("{dataset}/{tier}/{version}/{table}/{name}")
}

fn damaged(label: &str, problem: impl std::fmt::Display) -> ReadError {
    ReadError::Damaged(format!("stored file {label}: {problem}"))
}

/// The file's path; `None` for a name that would leave the table's folder.
fn path(root: &Path, table: &TableAddress, name: &str) -> Option<PathBuf> {
    let mut parts = Path::new(name).components();
    let plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name);
    let folder = version_path(root, &table.dataset, table.tier, table.version).join(table.table.as_str());
    plain.then(|| folder.join(name))
}
