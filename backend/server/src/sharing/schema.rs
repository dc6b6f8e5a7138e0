//! Schemas as the protocol writes them: Spark's JSON.

use crate::call::Language;
use crate::data::view::pick;
use mudeung_core::dataset::{Column, ColumnType};
use serde_json::{Value, json};

/// `schemaString` of some columns: a JSON document in a text.
pub fn schema_string<'c>(columns: impl IntoIterator<Item = &'c Column>, language: Language) -> String {
    let fields: Vec<Value> = columns.into_iter().map(|column| field(column, language)).collect();
    json!({ "type": "struct", "fields": fields }).to_string()
}

fn field(column: &Column, language: Language) -> Value {
    let description = pick(&column.description, language);
    let unit = column.unit.as_ref().map(|unit| format!(" [{unit}]")).unwrap_or_default();
    json!({
        "name": column.name,
        "type": type_name(column.kind),
        // Readers take a column that must not be null for a promise that is checked; files say optional throughout.
        "nullable": true,
        "metadata": { "comment": format!("{description}{unit}") },
    })
}

const fn type_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Boolean => "boolean",
        ColumnType::Int32 => "integer",
        ColumnType::Int64 => "long",
        ColumnType::Float64 => "double",
        ColumnType::Text => "string",
        ColumnType::Date => "date",
        ColumnType::Timestamp => "timestamp",
    }
}
