//! Arrow streams in pieces of any size, and how it is noticed that one was cut.

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;
use bytes::Bytes;
use std::collections::VecDeque;

/// The end marker of an Arrow stream. Without it the stream was cut.
const END_OF_STREAM: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// Turns bytes into record batches.
#[derive(Default)]
pub(super) struct Decoder {
    inner: StreamDecoder,
    ready: VecDeque<RecordBatch>,
    tail: VecDeque<u8>,
}

impl Decoder {
    /// The columns, once their description has arrived.
    pub(super) fn schema(&self) -> Option<SchemaRef> {
        self.inner.schema()
    }

    /// The next batch that is whole.
    pub(super) fn next(&mut self) -> Option<RecordBatch> {
        self.ready.pop_front()
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, chunk: &Bytes) -> Result<(), ArrowError> {
        let last = chunk.get(chunk.len().saturating_sub(END_OF_STREAM.len())..).unwrap_or_default();
        self.tail.extend(last);
        while self.tail.len() > END_OF_STREAM.len() {
            self.tail.pop_front();
        }
        let mut buffer = Buffer::from(chunk.clone());
        while !buffer.is_empty() {
            match self.inner.decode(&mut buffer)? {
                Some(batch) => self.ready.push_back(batch),
                None => break,
            }
        }
        Ok(())
    }

    /// Says that there are no more bytes.
    pub(super) fn finish(&mut self) -> Result<(), ArrowError> {
        self.inner.finish()?;
        if self.tail.iter().eq(END_OF_STREAM.iter()) { Ok(()) } else { Err(cut()) }
    }
}

pub(super) fn cut() -> ArrowError {
    ArrowError::IpcError("the stream ended before its end marker".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int64Array;
    use arrow::ipc::writer::StreamWriter;
    use std::sync::Arc;

    fn stream() -> Vec<u8> {
        let column: arrow::array::ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        writer.into_inner().unwrap()
    }

    #[test]
    fn a_stream_reads_the_same_in_pieces_of_any_size() {
        let bytes = stream();
        for size in [1, 7, 64, bytes.len()] {
            let mut decoder = Decoder::default();
            for piece in bytes.chunks(size) {
                decoder.push(&Bytes::copy_from_slice(piece)).unwrap();
            }
            decoder.finish().unwrap();
            assert_eq!(decoder.ready.iter().map(RecordBatch::num_rows).sum::<usize>(), 6);
        }
    }

    #[test]
    fn a_stream_that_was_cut_anywhere_is_an_error() {
        let bytes = stream();
        for end in 0..bytes.len() {
            let mut decoder = Decoder::default();
            let pushed = decoder.push(&Bytes::copy_from_slice(&bytes[..end]));
            assert!(pushed.and_then(|()| decoder.finish()).is_err(), "cut at {end} of {}", bytes.len());
        }
    }
}
