//! Files mapped into memory, and a bound on how much of them counts as memory of this process.
//!
//! The pages of a map belong to the disk's page cache, yet the system counts those that were touched to the process. A
//! server that has sent a gigabyte would look, and be limited, as if it held one; so it lets go of them now and then.
//! They stay in the page cache: touching one again costs a fault and no read from the disk.

use crate::number::to_u64;
use bytes::Bytes;
use memmap2::{Mmap, UncheckedAdvice};
use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// After so many bytes were touched, the pages of all maps are let go of.
const TOUCHED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// All maps of one engine.
#[derive(Default)]
pub(crate) struct Mappings {
    maps: Mutex<Vec<Weak<Mmap>>>,
    touched_bytes: AtomicU64,
}

struct Owner(Arc<Mmap>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Mappings {
    /// Maps a file, as long as a slice of the bytes lives.
    #[expect(unsafe_code, reason = "a memory map is what makes serving whole files and ranges free of copies")]
    pub(crate) fn map(&self, file: &File) -> std::io::Result<Bytes> {
        // SAFETY: the map is only sound while nobody changes the file. Files of a version are written under another
        // name, renamed once and never opened for writing again (`store::VersionWriter`); removing one keeps its pages
        // alive.
        let map = Arc::new(unsafe { Mmap::map(file)? });
        let mut maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
        maps.retain(|map| map.strong_count() > 0);
        maps.push(Arc::downgrade(&map));
        Ok(Bytes::from_owner(Owner(map)))
    }

    /// Counts bytes that were touched or are about to be, and lets go of the pages when it is time.
    pub(crate) fn touched(&self, bytes: usize) {
        let before = self.touched_bytes.fetch_add(to_u64(bytes), Ordering::Relaxed);
        if before + to_u64(bytes) >= TOUCHED_BYTES_MAX {
            self.touched_bytes.store(0, Ordering::Relaxed);
            self.release();
        }
    }

    #[expect(unsafe_code, reason = "the system offers no other way to let go of the pages of a map")]
    fn release(&self) {
        let maps: Vec<Arc<Mmap>> = {
            let maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
            maps.iter().filter_map(Weak::upgrade).collect()
        };
        for map in maps {
            // SAFETY: the map is shared, read-only and of a file that never changes, so a page that is touched again
            // holds the same bytes. Only private or anonymous maps would lose what was written to them.
            let released = unsafe { map.unchecked_advise(UncheckedAdvice::DontNeed) };
            if let Err(error) = released {
                tracing::debug!(%error, "the pages of a map were not let go of");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// KiB of mapped files that count to this process.
    fn resident_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("RssFile:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    #[test]
    fn what_was_touched_is_let_go_of_and_reads_the_same_again() {
        let mut file = tempfile::tempfile().unwrap();
        let size = 3 * usize::try_from(TOUCHED_BYTES_MAX).unwrap();
        file.write_all(&vec![7; size]).unwrap();
        let mappings = Mappings::default();
        let bytes = mappings.map(&file).unwrap();
        let before = resident_kib();
        for slice in bytes.chunks(1024 * 1024) {
            assert!(slice.iter().all(|byte| *byte == 7));
            mappings.touched(slice.len());
            assert!(resident_kib() < before + 2 * TOUCHED_BYTES_MAX / 1024, "other tests map little");
        }
        assert!(bytes.iter().all(|byte| *byte == 7));
    }

    #[test]
    fn a_map_that_is_gone_is_forgotten() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"bytes").unwrap();
        let mappings = Mappings::default();
        drop(mappings.map(&file).unwrap());
        let kept = mappings.map(&file).unwrap();
        assert_eq!(mappings.maps.lock().unwrap().len(), 1);
        assert_eq!(kept, "bytes");
    }
}
