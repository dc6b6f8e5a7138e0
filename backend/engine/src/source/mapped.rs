//! A local file, mapped into memory.

use super::{Fetching, Source};
use crate::number::{to_u64, to_usize};
use crate::source::mapping::Mappings;
use bytes::Bytes;
use mudeung_core::reader::ReadError;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

/// A file whose bytes stand on the disk's page cache, not on the heap.
pub(crate) struct Mapped {
    label: String,
    bytes: Bytes,
    mappings: Arc<Mappings>,
}

impl Mapped {
    /// Maps a file. The label names it in messages.
    pub(crate) fn open(label: String, file: &File, mappings: Arc<Mappings>) -> std::io::Result<Self> {
        let bytes = mappings.map(file)?;
        Ok(Self { label, bytes, mappings })
    }
}

impl Source for Mapped {
    fn len_bytes(&self) -> u64 {
        to_u64(self.bytes.len())
    }

    fn mapped(&self) -> Option<&Bytes> {
        Some(&self.bytes)
    }

    fn fetch(&self, ranges: Vec<Range<u64>>) -> Fetching {
        let fetched = self.fetch_blocking(ranges);
        Box::pin(std::future::ready(fetched))
    }

    fn fetch_blocking(&self, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>, ReadError> {
        let slice = |range: Range<u64>| {
            let inside = range.start <= range.end && range.end <= self.len_bytes();
            inside.then(|| self.bytes.slice(to_usize(range.start)..to_usize(range.end)))
        };
        let slices: Option<Vec<Bytes>> = ranges.into_iter().map(slice).collect();
        slices.ok_or_else(|| ReadError::Damaged(format!("stored file {}: is shorter than it says", self.label)))
    }

    fn touched(&self, bytes: usize) {
        self.mappings.touched(bytes);
    }
}
