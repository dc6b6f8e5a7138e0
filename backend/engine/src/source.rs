//! Where the bytes of a stored file come from: the map of a local file, or ranged reads of an object in a bucket.

mod mapped;
mod mapping;
mod object;

pub(crate) use mapped::Mapped;
pub(crate) use mapping::Mappings;
pub(crate) use object::{Object, Objects};

use bytes::Bytes;
use mudeung_core::reader::ReadError;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;

/// Bytes on their way, one piece for each range. Dropping it stops what fetches them.
pub(crate) type Fetching = Pin<Box<dyn Future<Output = Result<Vec<Bytes>, ReadError>> + Send>>;

/// The bytes of one stored file. They never change.
pub(crate) trait Source: Send + Sync {
    /// Length of the file in bytes.
    fn len_bytes(&self) -> u64;

    /// The whole file, when it stands in memory: slices of it cost nothing.
    fn mapped(&self) -> Option<&Bytes>;

    /// Fetches ranges of the file, in their order.
    fn fetch(&self, ranges: Vec<Range<u64>>) -> Fetching;

    /// The same for a thread that may block.
    fn fetch_blocking(&self, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>, ReadError>;

    /// Says that bytes of the map were touched or are about to be.
    fn touched(&self, bytes: usize);
}
