//! What the tests of several modules are made of: tables of every type, stored in every way, and a clean-up.

use crate::layout::arrow_type;
use crate::place::{Location, Place};
use crate::store::version_path;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::array::{
    BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use futures_util::StreamExt;
use mudeung_core::dataset::ColumnType;
use mudeung_core::id::FileId;
use mudeung_core::name::Name;
use mudeung_core::reader::{Chunks, ColumnView, FileView, ReadError, TableAddress};
use mudeung_core::tier::Tier;
use object_store::local::LocalFileSystem;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder as the two kinds of place: mapped, and as a store of objects that is asked for ranges.
pub(crate) fn places(root: &Path) -> [Place; 2] {
    let objects = LocalFileSystem::new_with_prefix(root).unwrap();
    [folder(root), Place::of_objects(Arc::new(objects), "objects").unwrap()]
}

/// A folder as a place.
pub(crate) fn folder(root: &Path) -> Place {
    Place::open(&Location::Folder(root.to_owned())).unwrap()
}

/// A table to be stored in one way.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) columns: Vec<(ColumnType, bool)>,
    pub(crate) rows: usize,
    pub(crate) seed: u64,
    pub(crate) group_rows: usize,
    pub(crate) page_rows: usize,
    pub(crate) codec: u8,
    pub(crate) dictionary: bool,
    pub(crate) plain: bool,
    pub(crate) version2: bool,
    pub(crate) page_index: bool,
    pub(crate) bloom_filters: bool,
}

/// A large table as it is served: plain pages of a thousand rows with their index, in groups of so many rows.
pub(crate) fn large(columns: Vec<(ColumnType, bool)>, rows: usize, group_rows: usize) -> Stored {
    Stored {
        columns,
        rows,
        seed: 5,
        group_rows,
        page_rows: 1_000,
        codec: 0,
        dictionary: false,
        plain: true,
        version2: false,
        page_index: true,
        bloom_filters: false,
    }
}

pub(crate) fn stored(columns_max: usize) -> impl Strategy<Value = Stored> {
    let column = (proptest::sample::select(ColumnType::ALL.to_vec()), any::<bool>());
    let columns = proptest::collection::vec(column, 1..=columns_max);
    let shape = (0..300_usize, any::<u64>(), 1..120_usize, 1..50_usize, 0..3_u8);
    (columns, shape, any::<[bool; 5]>()).prop_map(
        |(columns, shape, [dictionary, plain, version2, page_index, bloom_filters])| {
            let (rows, seed, group_rows, page_rows, codec) = shape;
            Stored {
                columns,
                rows,
                seed,
                group_rows,
                page_rows,
                codec,
                dictionary,
                plain,
                version2,
                page_index,
                bloom_filters,
            }
        },
    )
}

/// SplitMix64: values that look random and are the same in every run.
pub(crate) fn mix(seed: u64, at: u64) -> u64 {
    let mut z = seed.wrapping_add(at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A text that stands in columns made by [`Stored::canary_column`] and nowhere else.
pub(crate) const CANARY_TEXT: &str = "canary-value";
/// The same for numbers.
pub(crate) const CANARY_NUMBER: i64 = 0x5afe_c0de_0bad_f00d;

impl Stored {
    pub(crate) fn name(position: usize) -> String {
        format!("c{position}")
    }

    pub(crate) fn batch(&self) -> RecordBatch {
        self.batch_hiding(&[])
    }

    /// The table with canaries for the values and names of the columns at these positions.
    pub(crate) fn batch_hiding(&self, hidden: &[usize]) -> RecordBatch {
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = self
            .columns
            .iter()
            .enumerate()
            .map(|(position, (kind, nullable))| {
                let canary = hidden.contains(&position);
                let name = if canary { format!("canary_name_{position}") } else { Self::name(position) };
                let array = self.column(position, *kind, *nullable, canary);
                (Field::new(name, arrow_type(*kind), *nullable), array)
            })
            .unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
    }

    fn column(&self, position: usize, kind: ColumnType, nullable: bool, canary: bool) -> ArrayRef {
        let seed = mix(self.seed, u64::try_from(position).unwrap());
        let raw = |row: usize| mix(seed, u64::try_from(row).unwrap());
        let small = |row: usize| i32::try_from(raw(row) % 41).unwrap() - 20;
        let number = |row: usize| if canary { CANARY_NUMBER } else { i64::from(small(row)) * 1_000_003 };
        let present = |row: usize| !nullable || !raw(row).is_multiple_of(4);
        let rows = || (0..self.rows).map(|row| (row, present(row)));
        macro_rules! column {
            ($array:ty, $value:expr) => {
                rows().map(|(row, present)| present.then(|| $value(row))).collect::<$array>()
            };
        }
        let float = |row: usize| match raw(row) % 13 {
            _ if canary => f64::from_bits(u64::try_from(CANARY_NUMBER).unwrap()),
            0 => f64::NAN,
            1 => -0.0,
            2 => 0.0,
            _ => f64::from(small(row)) / 4.0,
        };
        let text = |row: usize| if canary { CANARY_TEXT.to_owned() } else { format!("값{}", small(row)) };
        match kind {
            ColumnType::Boolean => Arc::new(column!(BooleanArray, |row| raw(row) % 2 == 0)),
            ColumnType::Int32 => Arc::new(column!(Int32Array, small)),
            ColumnType::Int64 => Arc::new(column!(Int64Array, number)),
            ColumnType::Float64 => Arc::new(column!(Float64Array, float)),
            ColumnType::Text => Arc::new(column!(StringArray, text)),
            ColumnType::Date => Arc::new(column!(Date32Array, small)),
            ColumnType::Timestamp => Arc::new(column!(TimestampMicrosecondArray, number).with_timezone("UTC")),
        }
    }

    pub(crate) fn write(&self, path: &Path, batch: &RecordBatch) {
        let codecs = [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default())];
        let names = || batch.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>().join(",");
        let mut builder = WriterProperties::builder()
            .set_compression(codecs[usize::from(self.codec)])
            .set_max_row_group_row_count(Some(self.group_rows))
            .set_data_page_row_count_limit(self.page_rows)
            .set_write_batch_size(self.page_rows)
            .set_dictionary_enabled(self.dictionary)
            .set_offset_index_disabled(!self.page_index)
            .set_bloom_filter_enabled(self.bloom_filters)
            .set_key_value_metadata(Some(vec![KeyValue::new("columns".to_owned(), names())]))
            .set_sorting_columns(Some(vec![SortingColumn { column_idx: 0, descending: false, nulls_first: true }]))
            .set_writer_version(if self.version2 { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 });
        if !self.page_index {
            builder = builder.set_statistics_enabled(parquet::file::properties::EnabledStatistics::Chunk);
        }
        for (field, (kind, _)) in batch.schema().fields().iter().zip(&self.columns) {
            let encoding = match kind {
                _ if self.plain => Encoding::PLAIN,
                ColumnType::Boolean => Encoding::RLE,
                ColumnType::Float64 => Encoding::BYTE_STREAM_SPLIT,
                ColumnType::Text => Encoding::DELTA_BYTE_ARRAY,
                _ => Encoding::DELTA_BINARY_PACKED,
            };
            builder = builder.set_column_encoding(ColumnPath::new(vec![field.name().clone()]), encoding);
        }
        let file = std::fs::File::create(path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(builder.build())).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
    }
}

pub(crate) const FILE: &str = "part-00000.parquet";

pub(crate) fn address() -> TableAddress {
    let name = |text| Name::parse(text).unwrap();
    TableAddress { dataset: name("small"), tier: Tier::Deidentified, version: 1, table: name("people") }
}

/// The path of a file of the table, in a folder that exists.
pub(crate) fn path(root: &Path, name: &str) -> PathBuf {
    let TableAddress { dataset, tier, version, table } = address();
    let folder = version_path(root, &dataset, tier, version).join(table.as_str());
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

pub(crate) fn file_view(columns: ColumnView) -> FileView {
    FileView {
        table: address(),
        id: FileId::from_bytes([1; 16]),
        name: FILE.to_owned(),
        sha256: "ab".repeat(32),
        columns,
    }
}

/// Everything a stream answers: its bytes and its rows.
pub(crate) async fn collect(mut chunks: Chunks) -> Result<(Vec<u8>, u64), ReadError> {
    let (mut bytes, mut rows) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        bytes.extend_from_slice(&chunk.bytes);
        rows += chunk.rows;
    }
    Ok((bytes, rows))
}
