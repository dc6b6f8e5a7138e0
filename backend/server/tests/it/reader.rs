//! A data source made of memory: every byte it gives is known, so that tests can count.

use crate::app::fixture::FILE_BYTES;
use bytes::Bytes;
use futures_util::stream;
use mudeung_core::figures::FigureTable;
use mudeung_core::filter::Filter;
use mudeung_core::reader::{
    Answer, CellsRequest, Chunk, Chunks, ColumnView, DatasetReader, FileView, Format, OpenFile, QueryRequest,
    ReadError, RowsRequest, SynthesisRequest, TableAddress,
};
use std::ops::Range;
use std::sync::Arc;

/// The source.
#[derive(Debug, Default)]
pub(crate) struct MemoryReader;

struct MemoryFile {
    bytes: Bytes,
    etag: String,
}

/// Rows in one chunk.
const CHUNK_ROWS: u64 = 10;

/// The bytes of a file as a grant sees it: fewer when it sees fewer columns.
pub(crate) fn file_bytes(columns: &ColumnView) -> Bytes {
    let length = match columns {
        ColumnView::All => FILE_BYTES,
        ColumnView::Only(columns) => FILE_BYTES / 10 * u64::try_from(columns.len()).unwrap(),
    };
    (0..length).map(|position| u8::try_from(position % 251).unwrap()).collect()
}

impl OpenFile for MemoryFile {
    fn len_bytes(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap()
    }

    fn etag(&self) -> &str {
        &self.etag
    }

    fn read(&self, range: Range<u64>) -> Chunks {
        let bytes = self.bytes.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap());
        let pieces: Vec<_> = bytes.chunks(1_000).map(|piece| Ok(chunk(Bytes::copy_from_slice(piece), 0))).collect();
        Box::pin(stream::iter(pieces))
    }

    fn sha256(&self) -> Answer<'_, String> {
        Box::pin(async { Ok("ab".repeat(32)) })
    }
}

fn chunk(bytes: Bytes, rows: u64) -> Chunk {
    Chunk { bytes, rows }
}

/// Figures as a text that shows all of them: what formats they are written in is the engine's to know.
pub(crate) fn figures(table: &FigureTable, format: Format) -> Bytes {
    let columns = table.columns.iter().map(|column| format!("{}: {:?}\n", column.name, column.values));
    Bytes::from(format!("{format:?}\n{}", columns.collect::<String>()))
}

/// So many rows as JSON lines, ten in a chunk.
fn lines(rows: u64) -> Chunks {
    let chunks = (0..rows.div_ceil(CHUNK_ROWS)).map(move |number| {
        let rows = CHUNK_ROWS.min(rows - number * CHUNK_ROWS);
        Ok(chunk(Bytes::from("{}\n".repeat(usize::try_from(rows).unwrap())), rows))
    });
    Box::pin(stream::iter(chunks.collect::<Vec<_>>()))
}

impl DatasetReader for MemoryReader {
    fn open_file<'a>(&'a self, view: &'a FileView) -> Answer<'a, Arc<dyn OpenFile>> {
        Box::pin(async move {
            let bytes = file_bytes(&view.columns);
            let etag = format!("{}-{}", view.id, bytes.len());
            let file: Arc<dyn OpenFile> = Arc::new(MemoryFile { bytes, etag });
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
            if request.filter.as_ref().is_some_and(|filter| filter.columns().any(|column| column == "age_text")) {
                return Err(ReadError::BadRequest("age_text is not a number".to_owned()));
            }
            Ok(lines(request.limit.min(crate::app::fixture::ROWS)))
        })
    }

    fn synthesize(&self, request: SynthesisRequest) -> Answer<'_, Chunks> {
        Box::pin(async move { Ok(lines(request.rows)) })
    }

    fn write_figures(&self, table: FigureTable, format: Format) -> Result<Bytes, ReadError> {
        Ok(crate::reader::figures(&table, format))
    }

    fn referenced_tables(&self, request: &QueryRequest) -> Result<Vec<TableAddress>, ReadError> {
        let named = |address: &&TableAddress| {
            request.sql.contains(&format!("{}.{}.{}", address.dataset, address.tier.as_str(), address.table))
        };
        let tables: Vec<_> = request.tables.iter().map(|visible| &visible.table).filter(named).cloned().collect();
        if tables.is_empty() { Err(ReadError::BadQuery("no such table".to_owned())) } else { Ok(tables) }
    }

    fn query(&self, request: QueryRequest) -> Answer<'_, Chunks> {
        Box::pin(async move {
            if request.sql.contains("too_much") {
                return Err(ReadError::LimitReached("the query needs more memory than it may have".to_owned()));
            }
            Ok(lines(request.limit.min(crate::app::fixture::ROWS)))
        })
    }
}
