//! Row groups that are decoded side by side, and given in their order.

use crate::number::{to_u64, to_usize};
use crate::scan::Scan;
use arrow::array::RecordBatch;
use mudeung_core::reader::ReadError;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, sync_channel};

/// Batches of a row group that wait to be taken; more are not made.
const WAITING_MAX: usize = 4;
/// An answer of no more rows than this is read by one thread: the row groups that follow are hardly needed.
const ROWS_MIN: u64 = 50_000;

/// The batches of a scan. Dropping it stops its threads, each at its next batch.
pub(super) struct Ahead {
    scan: Scan,
    threads: usize,
    /// The row groups under way, in order.
    running: VecDeque<Receiver<Result<RecordBatch, ReadError>>>,
    left: u64,
    /// Whether the first row group was looked for.
    begun: bool,
    /// Whether all row groups were given to a thread.
    all_started: bool,
}

impl Ahead {
    /// Reads on so many threads; with one, on the caller's. Needs the runtime whose threads may block.
    pub(super) fn new(scan: Scan, threads: usize) -> Self {
        let left = scan.limit();
        let threads = if left < ROWS_MIN { 1 } else { threads };
        Self { scan, threads, running: VecDeque::new(), left, begun: false, all_started: false }
    }

    fn start(&mut self) -> Result<(), ReadError> {
        if !self.begun {
            self.begun = true;
            let Some(first) = self.scan.split_off()? else {
                self.all_started = true;
                return Ok(());
            };
            // What statistics leave of a search is often one row group: no thread is worth its while.
            let Some(second) = self.scan.split_off()? else {
                (self.scan, self.threads) = (first, 1);
                return Ok(());
            };
            self.run(first);
            self.run(second);
        }
        while !self.all_started && self.running.len() < self.threads {
            match self.scan.split_off()? {
                Some(group) => self.run(group),
                None => self.all_started = true,
            }
        }
        Ok(())
    }

    fn run(&mut self, group: Scan) {
        let (send, receive) = sync_channel(WAITING_MAX);
        tokio::task::spawn_blocking(move || {
            for batch in group {
                // Nobody takes it any more.
                if send.send(batch).is_err() {
                    break;
                }
            }
        });
        self.running.push_back(receive);
    }

    fn step(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        while self.left > 0 {
            self.start()?;
            if self.threads <= 1 {
                return self.scan.next().transpose();
            }
            let Some(first) = self.running.front() else { break };
            let Ok(batch) = first.recv() else {
                self.running.pop_front();
                continue;
            };
            let batch = batch?;
            let rows = to_u64(batch.num_rows());
            let batch = if rows > self.left { batch.slice(0, to_usize(self.left)) } else { batch };
            self.left -= to_u64(batch.num_rows());
            return Ok(Some(batch));
        }
        self.running.clear();
        Ok(None)
    }
}

impl Iterator for Ahead {
    type Item = Result<RecordBatch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.threads <= 1 {
            return self.scan.next();
        }
        let next = self.step().transpose();
        if matches!(next, Some(Err(_))) {
            self.left = 0;
            self.running.clear();
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{FILE, address, large, path, places, stored};
    use crate::scan::Wanted;
    use crate::stored::StoredFile;
    use arrow::compute::concat_batches;
    use mudeung_core::dataset::ColumnType;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn scan(root: &std::path::Path, wanted: Wanted) -> Scan {
        let [_, place] = places(root);
        let file = StoredFile::open("people".to_owned(), place.source(&address(), FILE).unwrap()).unwrap();
        let file = Arc::new(file);
        Scan::open(&[file.clone(), file], wanted).unwrap()
    }

    fn all(
        batches: impl Iterator<Item = Result<RecordBatch, ReadError>>,
        schema: &arrow::datatypes::SchemaRef,
    ) -> RecordBatch {
        concat_batches(schema, &batches.map(Result::unwrap).collect::<Vec<_>>()).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn threads_side_by_side_give_the_rows_of_one_in_their_order(
            table in stored(4),
            threads in 2..5_usize,
            short in any::<bool>(),
            limit in 0..700_u64,
        ) {
            let root = tempfile::tempdir().unwrap();
            table.write(&path(root.path(), FILE), &table.batch());
            let limit = if short { limit } else { u64::MAX };
            let columns = (0..table.columns.len()).map(|at| format!("c{at}")).collect();
            let wanted = Wanted { columns, filter: None, limit };
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _inside = runtime.enter();
            let one = scan(root.path(), wanted.clone());
            let schema = one.schema();
            let expected = all(one, &schema);
            let mut many = Ahead::new(scan(root.path(), wanted), 1);
            many.threads = threads;
            prop_assert_eq!(all(many, &schema), expected);
        }
    }

    #[test]
    fn threads_stop_when_nobody_takes_their_batches() {
        let root = tempfile::tempdir().unwrap();
        let table = large(vec![(ColumnType::Int64, false)], 400_000, 200_000);
        table.write(&path(root.path(), FILE), &table.batch());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let wanted = Wanted { columns: vec!["c0".to_owned()], filter: None, limit: u64::MAX };
        let taken = {
            let _inside = runtime.enter();
            let mut ahead = Ahead::new(scan(root.path(), wanted), 2);
            ahead.next().unwrap().unwrap().num_rows()
        };
        assert!(taken > 0);
        // Waits for the threads of the runtime; it would never end if one still wanted to give a batch away.
        drop(runtime);
    }
}
