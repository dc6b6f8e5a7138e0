//! A source of data that remembers what it was asked, and can be slow or endless.

use crate::app::fixture::ROWS;
use crate::reader::file_bytes;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use mudeung_core::figures::FigureTable;
use mudeung_core::filter::Filter;
use mudeung_core::reader::{
    Answer, CellsRequest, Chunk, Chunks, DatasetReader, FileView, Format, OpenFile, QueryRequest, ReadError,
    RowsRequest, SynthesisRequest, TableAddress,
};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Bytes of one row.
pub(crate) const ROW: &[u8] = b"{\"row\":1}\n";
/// Bytes in one piece of a file.
pub(crate) const PIECE: usize = 500;
/// What a slow source waits before each piece.
pub(crate) const PACE: Duration = Duration::from_millis(30);

/// The source.
#[derive(Default)]
pub(crate) struct Probe {
    /// Every `rows` request.
    pub(crate) rows: Mutex<Vec<RowsRequest>>,
    /// Every request for rows to be made.
    pub(crate) made: Mutex<Vec<SynthesisRequest>>,
    /// Every query.
    pub(crate) queries: Mutex<Vec<QueryRequest>>,
    /// Every file view that was opened.
    pub(crate) views: Mutex<Vec<FileView>>,
    /// Whether there is a pause before each piece, and rows never end.
    pub(crate) slow: Arc<AtomicBool>,
    /// What queries run into, when they run into something.
    broken: Mutex<Option<String>>,
}

struct ProbeFile {
    bytes: Bytes,
    etag: String,
    slow: bool,
}

impl Probe {
    pub(crate) fn be_slow(&self) {
        self.slow.store(true, Ordering::SeqCst);
    }

    pub(crate) fn break_queries_with(&self, reason: &str) {
        *self.broken.lock().unwrap() = Some(reason.to_owned());
    }

    fn stream_rows(&self, limit: u64) -> Chunks {
        let slow = self.slow.load(Ordering::SeqCst);
        let count = if slow { limit } else { limit.min(ROWS) };
        let pieces = stream::iter(0..count.div_ceil(10)).then(move |number| async move {
            if slow {
                tokio::time::sleep(PACE).await;
            }
            let rows = 10.min(count - number * 10);
            Ok(Chunk { bytes: Bytes::from(ROW.repeat(usize::try_from(rows).unwrap())), rows })
        });
        Box::pin(pieces)
    }
}

impl OpenFile for ProbeFile {
    fn len_bytes(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap()
    }

    fn etag(&self) -> &str {
        &self.etag
    }

    fn read(&self, range: Range<u64>) -> Chunks {
        let bytes = self.bytes.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap());
        let slow = self.slow;
        let pieces: Vec<Bytes> = bytes.chunks(PIECE).map(Bytes::copy_from_slice).collect();
        Box::pin(stream::iter(pieces).then(move |bytes| async move {
            if slow {
                tokio::time::sleep(PACE).await;
            }
            Ok(Chunk { bytes, rows: 0 })
        }))
    }

    fn sha256(&self) -> Answer<'_, String> {
        Box::pin(async { Ok("cd".repeat(32)) })
    }
}

impl DatasetReader for Probe {
    fn open_file<'a>(&'a self, view: &'a FileView) -> Answer<'a, Arc<dyn OpenFile>> {
        Box::pin(async move {
            self.views.lock().unwrap().push(view.clone());
            let bytes = file_bytes(&view.columns);
            let etag = format!("{}-{}", view.id, bytes.len());
            let slow = self.slow.load(Ordering::SeqCst);
            let file: Arc<dyn OpenFile> = Arc::new(ProbeFile { bytes, etag, slow });
            Ok(file)
        })
    }

    fn may_hold<'a>(&'a self, _: &'a FileView, filters: &'a [Filter]) -> Answer<'a, bool> {
        // Ages of the fixture end at 99.
        let beyond = |filter: &Filter| filter.to_string() == "\"age\" > 99";
        Box::pin(async move { Ok(!filters.iter().all(beyond)) })
    }

    fn count_cells(&self, request: CellsRequest) -> Answer<'_, Vec<u64>> {
        Box::pin(async move { Ok((1..).map(|cell| cell * 100).take(request.cells()).collect()) })
    }

    fn rows(&self, request: RowsRequest) -> Answer<'_, Chunks> {
        Box::pin(async move {
            let limit = request.limit;
            self.rows.lock().unwrap().push(request);
            Ok(self.stream_rows(limit))
        })
    }

    fn synthesize(&self, request: SynthesisRequest) -> Answer<'_, Chunks> {
        Box::pin(async move {
            let rows = request.rows;
            self.made.lock().unwrap().push(request);
            Ok(self.stream_rows(rows))
        })
    }

    fn write_figures(&self, table: FigureTable, format: Format) -> Result<Bytes, ReadError> {
        Ok(crate::reader::figures(&table, format))
    }

    fn referenced_tables(&self, request: &QueryRequest) -> Result<Vec<TableAddress>, ReadError> {
        let named = |address: &&TableAddress| {
            request.sql.contains(&format!("{}.{}.{}", address.dataset, address.tier, address.table))
        };
        let tables: Vec<_> = request.tables.iter().map(|visible| &visible.table).filter(named).cloned().collect();
        if tables.is_empty() { Err(ReadError::BadQuery("no such table".to_owned())) } else { Ok(tables) }
    }

    fn query(&self, request: QueryRequest) -> Answer<'_, Chunks> {
        Box::pin(async move {
            let limit = request.limit;
            self.queries.lock().unwrap().push(request);
            if let Some(reason) = self.broken.lock().unwrap().clone() {
                return Err(ReadError::BadQuery(reason));
            }
            Ok(self.stream_rows(limit))
        })
    }
}
