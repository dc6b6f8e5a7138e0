//! The seven published column types and their Arrow and Parquet counterparts.

use super::LayoutError;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use mudeung_core::dataset::ColumnType;
use mudeung_wire::manifest::{Bilingual, ManifestColumn};
use std::collections::HashSet;
use std::sync::Arc;

/// The Arrow type of a published type.
pub fn arrow_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Int32 => DataType::Int32,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Float64 => DataType::Float64,
        ColumnType::Text => DataType::Utf8,
        ColumnType::Date => DataType::Date32,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    }
}

/// The published type of an Arrow type; `None` for types that are not published.
pub fn column_type(data_type: &DataType) -> Option<ColumnType> {
    ColumnType::ALL.into_iter().find(|kind| arrow_type(*kind) == *data_type)
}

/// The Arrow schema of a manifest's columns.
///
/// ```
/// use mudeung_engine::layout::{arrow_schema, manifest_columns};
/// use mudeung_wire::manifest::{Bilingual, ManifestColumn};
/// let column = ManifestColumn {
///     name: "age".into(), kind: "int32".into(), nullable: true,
///     description: Bilingual::default(), unit: None, deidentification: None,
/// };
/// let schema = arrow_schema(&[column.clone()])?;
/// assert_eq!(manifest_columns(&schema)?, [column]);
/// # Ok::<(), mudeung_engine::layout::LayoutError>(())
/// ```
pub fn arrow_schema(columns: &[ManifestColumn]) -> Result<SchemaRef, LayoutError> {
    let fields = columns
        .iter()
        .map(|column| match ColumnType::parse(&column.kind) {
            Some(kind) => Ok(Field::new(&column.name, arrow_type(kind), column.nullable)),
            None => Err(LayoutError::UnknownType { column: column.name.clone(), found: column.kind.clone() }),
        })
        .collect::<Result<Vec<Field>, LayoutError>>()?;
    let schema = Arc::new(Schema::new(fields));
    check_names(&schema)?;
    Ok(schema)
}

/// The manifest's columns of an Arrow schema, without descriptions.
pub fn manifest_columns(schema: &Schema) -> Result<Vec<ManifestColumn>, LayoutError> {
    check_names(schema)?;
    schema
        .fields()
        .iter()
        .map(|field| {
            let kind = column_type(field.data_type()).ok_or_else(|| LayoutError::UnknownType {
                column: field.name().clone(),
                found: field.data_type().to_string(),
            })?;
            Ok(ManifestColumn {
                name: field.name().clone(),
                kind: kind.as_str().to_owned(),
                nullable: field.is_nullable(),
                description: Bilingual::default(),
                unit: None,
                deidentification: None,
            })
        })
        .collect()
}

fn check_names(schema: &Schema) -> Result<(), LayoutError> {
    if schema.fields().is_empty() {
        return Err(LayoutError::BadSchema("a table needs at least one column".to_owned()));
    }
    let mut seen = HashSet::new();
    match schema.fields().iter().find(|field| field.name().is_empty() || !seen.insert(field.name())) {
        Some(field) if field.name().is_empty() => {
            Err(LayoutError::BadSchema("a column without a name cannot be published".to_owned()))
        }
        Some(field) => Err(LayoutError::BadSchema(format!("two columns are named `{}`", field.name()))),
        None => Ok(()),
    }
}
