//! Which encoding each column gets, chosen from a sample of its values.

use super::{FileStatistics, ROW_GROUP_ROWS};
use arrow::array::{Array, RecordBatch, cast::AsArray};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, Schema, TimestampMicrosecondType};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::types::ColumnPath;
use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

/// The same text in every file, whatever built it: a version's bytes depend on its data alone.
const CREATED_BY: &str = "mudeung version 1";
const PAGE_BYTES: usize = 32 * 1024;
const DICTIONARY_BYTES_MAX: usize = 512 * 1024;
/// A row group is closed here even when it is not full, so that a table of long texts does not gather in memory.
const ROW_GROUP_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What the sample said about a column.
#[derive(Default)]
struct Profile {
    rows: usize,
    distinct: usize,
    /// Bytes of the distinct values.
    distinct_bytes: usize,
    /// No value is smaller than the one before it.
    ascending: bool,
}

/// The writer's properties for a table whose first rows are `sample`.
pub(super) fn properties(schema: &Schema, sample: &[RecordBatch], statistics: FileStatistics) -> WriterPropertiesPtr {
    let mut builder = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES_MAX))
        .set_data_page_size_limit(PAGE_BYTES)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_statistics_enabled(match statistics {
            FileStatistics::Publish => EnabledStatistics::Page,
            FileStatistics::Withhold => EnabledStatistics::None,
        })
        .set_column_index_truncate_length(Some(64))
        .set_statistics_truncate_length(Some(64));
    if let Ok(level) = ZstdLevel::try_new(3) {
        builder = builder.set_compression(Compression::ZSTD(level));
    }
    for (position, field) in schema.fields().iter().enumerate() {
        let path = ColumnPath::new(vec![field.name().clone()]);
        let dictionary = dictionary_pays(field.data_type(), &profile(field.data_type(), position, sample));
        builder = builder.set_column_dictionary_enabled(path.clone(), dictionary);
        if let Some(encoding) = plain_encoding(field.data_type()) {
            builder = builder.set_column_encoding(path, encoding);
        }
    }
    Arc::new(builder.build())
}

/// The encoding when there is no dictionary, or when it overflows.
fn plain_encoding(data_type: &DataType) -> Option<Encoding> {
    match data_type {
        DataType::Int32 | DataType::Int64 | DataType::Date32 | DataType::Timestamp(..) => {
            Some(Encoding::DELTA_BINARY_PACKED)
        }
        DataType::Float64 => Some(Encoding::BYTE_STREAM_SPLIT),
        DataType::Utf8 => Some(Encoding::DELTA_LENGTH_BYTE_ARRAY),
        _ => None,
    }
}

fn dictionary_pays(data_type: &DataType, profile: &Profile) -> bool {
    if profile.distinct_bytes > DICTIONARY_BYTES_MAX / 2 {
        return false;
    }
    match data_type {
        DataType::Utf8 => profile.distinct <= profile.rows / 2,
        // Sorted integers are steps of zero and a little more: nothing beats deltas there.
        DataType::Int32 | DataType::Int64 | DataType::Date32 | DataType::Timestamp(..) => {
            !profile.ascending && profile.distinct <= profile.rows / 16
        }
        DataType::Float64 => profile.distinct <= profile.rows / 16,
        _ => false,
    }
}

fn profile(data_type: &DataType, position: usize, sample: &[RecordBatch]) -> Profile {
    let columns = || sample.iter().filter_map(|batch| batch.columns().get(position));
    match data_type {
        DataType::Int32 => ordered(columns().flat_map(|c| c.as_primitive::<Int32Type>().iter().flatten()), |_| 4),
        DataType::Int64 => ordered(columns().flat_map(|c| c.as_primitive::<Int64Type>().iter().flatten()), |_| 8),
        DataType::Date32 => ordered(columns().flat_map(|c| c.as_primitive::<Date32Type>().iter().flatten()), |_| 4),
        DataType::Timestamp(..) => {
            ordered(columns().flat_map(|c| c.as_primitive::<TimestampMicrosecondType>().iter().flatten()), |_| 8)
        }
        DataType::Float64 => {
            let bits = columns().flat_map(|c| c.as_primitive::<Float64Type>().iter().flatten().map(f64::to_bits));
            ordered(bits, |_| 8)
        }
        DataType::Utf8 => {
            let texts = columns().filter(|c| !c.is_empty()).flat_map(|c| c.as_string::<i32>().iter().flatten());
            ordered(texts, |text| text.len() + 4)
        }
        _ => Profile::default(),
    }
}

fn ordered<T: Copy + PartialOrd + Eq + Hash>(values: impl Iterator<Item = T>, size: impl Fn(T) -> usize) -> Profile {
    let mut profile = Profile { ascending: true, ..Profile::default() };
    let mut seen = HashSet::new();
    let mut last = None;
    for value in values {
        profile.rows += 1;
        profile.ascending &= last.is_none_or(|last| last <= value);
        last = Some(value);
        if profile.distinct_bytes <= DICTIONARY_BYTES_MAX && seen.insert(value) {
            profile.distinct += 1;
            profile.distinct_bytes += size(value);
        }
    }
    profile
}
