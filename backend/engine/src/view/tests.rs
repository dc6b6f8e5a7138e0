//! Tests of virtual Parquet files: equal to the projected source, steady, and silent about everything else.

use crate::fixture::{CANARY_NUMBER, CANARY_TEXT, FILE, Stored, collect, file_view, path, places, stored};
use crate::number::to_u64;
use crate::{Engine, EngineOptions};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use bytes::Bytes;
use mudeung_core::dataset::ColumnType;
use mudeung_core::reader::{ColumnView, DatasetReader, OpenFile, ReadError};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection};
use parquet::file::metadata::PageIndexPolicy;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Opens a view in both kinds of place, where it must be the same.
fn open(root: &Path, columns: &[String]) -> Result<Arc<dyn OpenFile>, ReadError> {
    let [mapped, fetched] = places(root).map(|place| {
        let engine = Engine::open(place, EngineOptions::default()).unwrap();
        runtime().block_on(engine.open_file(&file_view(ColumnView::Only(columns.into()))))
    });
    match (mapped, fetched) {
        (Ok(mapped), Ok(fetched)) => {
            assert_eq!((mapped.etag(), mapped.len_bytes()), (fetched.etag(), fetched.len_bytes()));
            assert_eq!(all_bytes(mapped.as_ref()), all_bytes(fetched.as_ref()));
            assert_eq!(runtime().block_on(mapped.sha256()), runtime().block_on(fetched.sha256()));
            Ok(fetched)
        }
        (Err(mapped), Err(fetched)) => {
            assert_eq!(mapped, fetched);
            Err(fetched)
        }
        (mapped, fetched) => panic!("mapped: {:?}; fetched: {:?}", mapped.err(), fetched.err()),
    }
}

fn bytes(file: &dyn OpenFile, range: std::ops::Range<u64>) -> Bytes {
    let (bytes, rows) = runtime().block_on(collect(file.read(range))).unwrap();
    assert_eq!(rows, 0);
    bytes.into()
}

fn all_bytes(file: &dyn OpenFile) -> Bytes {
    bytes(file, 0..file.len_bytes())
}

/// Reads a Parquet file, all of it or the rows of a range, by its page index when it has one.
fn read(file: &Bytes, rows: Option<std::ops::Range<usize>>) -> RecordBatch {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let mut builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options).unwrap();
    let schema = builder.schema().clone();
    if let Some(rows) = rows {
        let total = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap();
        builder = builder.with_row_selection(RowSelection::from_consecutive_ranges(std::iter::once(rows), total));
    }
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// A table and which of its columns are granted: at least one.
fn granted() -> impl Strategy<Value = (Stored, Vec<usize>)> {
    stored(6).prop_flat_map(|table| {
        let all: Vec<usize> = (0..table.columns.len()).collect();
        (Just(table), proptest::sample::subsequence(all.clone(), 1..=all.len()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_view_is_the_source_in_its_columns_and_nothing_more(
        (table, granted) in granted(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
        window in any::<[prop::sample::Index; 2]>(),
    ) {
        let root = tempfile::tempdir().unwrap();
        let hidden: Vec<usize> = (0..table.columns.len()).filter(|at| !granted.contains(at)).collect();
        let source = table.batch_hiding(&hidden);
        table.write(&path(root.path(), FILE), &source);
        let names: Vec<String> = granted.iter().map(|at| Stored::name(*at)).collect();
        let view = open(root.path(), &names).unwrap();
        let whole = all_bytes(view.as_ref());

        // Equal to the source.
        let expected = source.project(&granted).unwrap();
        prop_assert_eq!(to_u64(whole.len()), view.len_bytes());
        let found = read(&whole, None);
        prop_assert_eq!(format!("{found:?}"), format!("{expected:?}"));

        // Its page index leads to the right pages.
        let mut window = window.map(|index| index.index(table.rows + 1));
        window.sort_unstable();
        let found = read(&whole, Some(window[0]..window[1]));
        let slice = expected.slice(window[0], window[1] - window[0]);
        prop_assert_eq!(format!("{found:?}"), format!("{slice:?}"));

        // Ranges put together are the whole.
        let mut cuts: Vec<u64> = cuts.iter().map(|cut| to_u64(cut.index(whole.len() + 1))).collect();
        cuts.extend([0, view.len_bytes()]);
        cuts.sort_unstable();
        let pieces: Vec<u8> =
            cuts.windows(2).flat_map(|cut| bytes(view.as_ref(), cut[0]..cut[1]).to_vec()).collect();
        prop_assert_eq!(&pieces, whole.as_ref());

        // Made anew, it is the same.
        let again = open(root.path(), &names).unwrap();
        prop_assert_eq!((again.len_bytes(), again.etag()), (view.len_bytes(), view.etag()));
        prop_assert_eq!(&all_bytes(again.as_ref()), &whole);

        // Nothing of the other columns is in it.
        prop_assert!(!contains(&whole, b"canary_name"));
        prop_assert!(!contains(&whole, CANARY_TEXT.as_bytes()));
        prop_assert!(!contains(&whole, &CANARY_NUMBER.to_le_bytes()));
    }

    #[test]
    fn a_damaged_file_is_an_error_and_never_a_panic(
        table in stored(4),
        cut in any::<prop::sample::Index>(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let root = tempfile::tempdir().unwrap();
        let path = path(root.path(), FILE);
        table.write(&path, &table.batch());
        let mut content = std::fs::read(&path).unwrap();
        if flips.is_empty() {
            content.truncate(cut.index(content.len()));
        }
        // Most of the damage goes where it hurts: the footer.
        let tail = content.len().saturating_sub(400);
        for (at, value) in &flips {
            let at = tail + at.index(content.len() - tail);
            content[at] ^= value;
        }
        std::fs::write(&path, &content).unwrap();
        let opened = open(root.path(), &[Stored::name(0)]);
        if flips.is_empty() {
            prop_assert!(matches!(opened, Err(ReadError::Damaged(_))));
        } else if let Ok(view) = opened {
            prop_assert_eq!(to_u64(all_bytes(view.as_ref()).len()), view.len_bytes());
        }
    }
}

#[test]
fn the_canaries_of_these_tests_would_be_found() {
    let root = tempfile::tempdir().unwrap();
    let table = Stored { codec: 0, dictionary: false, plain: true, ..table() };
    table.write(&path(root.path(), FILE), &table.batch_hiding(&[0, 1]));
    let stored = std::fs::read(path(root.path(), FILE)).unwrap();
    for canary in [b"canary_name".as_slice(), CANARY_TEXT.as_bytes(), &CANARY_NUMBER.to_le_bytes()] {
        assert!(contains(&stored, canary));
        assert!(!contains(&all_bytes(open(root.path(), &["c2".to_owned()]).unwrap().as_ref()), canary));
    }
}

fn table() -> Stored {
    Stored {
        columns: vec![(ColumnType::Int64, false), (ColumnType::Text, true), (ColumnType::Float64, true)],
        rows: 250,
        seed: 3,
        group_rows: 100,
        page_rows: 20,
        codec: 2,
        dictionary: true,
        plain: false,
        version2: false,
        page_index: true,
        bloom_filters: true,
    }
}

fn footer(file: &Bytes) -> Arc<parquet::file::metadata::ParquetMetaData> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options).unwrap().metadata().clone()
}

#[test]
fn the_footer_keeps_what_readers_use_and_drops_what_could_tell() {
    let root = tempfile::tempdir().unwrap();
    table().write(&path(root.path(), FILE), &table().batch());
    let view = open(root.path(), &["c0".to_owned(), "c2".to_owned()]).unwrap();
    let metadata = footer(&all_bytes(view.as_ref()));
    assert_eq!(metadata.file_metadata().key_value_metadata(), None);
    assert!(metadata.column_index().is_some() && metadata.offset_index().is_some());
    for group in metadata.row_groups() {
        assert_eq!(group.sorting_columns().unwrap().len(), 1);
        let sizes: i64 = group.columns().iter().map(|chunk| chunk.uncompressed_size()).sum();
        assert_eq!(group.total_byte_size(), sizes);
        assert!(group.columns().iter().all(|chunk| chunk.statistics().is_some()));
        assert!(group.columns().iter().all(|chunk| chunk.bloom_filter_offset().is_none()));
    }
}

#[test]
fn a_sort_order_that_begins_with_a_hidden_column_is_not_told() {
    let root = tempfile::tempdir().unwrap();
    table().write(&path(root.path(), FILE), &table().batch());
    let view = open(root.path(), &["c1".to_owned()]).unwrap();
    assert!(footer(&all_bytes(view.as_ref())).row_groups().iter().all(|group| group.sorting_columns().is_none()));
}

#[test]
fn tags_differ_by_columns_and_are_not_fooled_by_where_names_end() {
    let tag = |columns: &[&str]| {
        let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        crate::opened::etag(&file_view(ColumnView::Only(columns.into())))
    };
    assert_ne!(tag(&["a", "b"]), tag(&["ab"]));
    assert_ne!(tag(&["a"]), file_view(ColumnView::All).sha256);
    assert_eq!(tag(&["a", "b"]), tag(&["a", "b"]));
}

#[test]
fn a_column_that_is_not_in_the_file_is_damage() {
    let root = tempfile::tempdir().unwrap();
    table().write(&path(root.path(), FILE), &table().batch());
    let Err(ReadError::Damaged(text)) = open(root.path(), &["c9".to_owned()]) else { panic!("opened") };
    assert!(text.contains("`c9`") && text.contains(FILE), "{text}");
}
