//! The synthetic tier of a definition.

use crate::fixture::{GENERATOR, Ward, hashes, rows, texts};
use mudeung_wire::manifest::Manifest;
use std::collections::BTreeSet;

/// Names, types and nullability of every column.
pub(crate) fn shape(manifest: &Manifest) -> Vec<(String, String, String, bool)> {
    let column = |table: &str, column: &mudeung_wire::manifest::ManifestColumn| {
        (table.to_owned(), column.name.clone(), column.kind.clone(), column.nullable)
    };
    manifest.tables.iter().flat_map(|t| t.columns.iter().map(|c| column(&t.name, c))).collect()
}

#[test]
fn the_synthetic_tier_has_the_schema_of_the_deidentified_one() {
    let ward = Ward::new();
    let (real, synthetic) = (ward.build().unwrap(), ward.build_synthetic().unwrap());
    assert_eq!(shape(&real.manifest), shape(&synthetic.manifest));
    assert!(synthetic.manifest.risk.is_none());
    for table in ["patient", "visit"] {
        assert_eq!(rows(&real, table).schema(), rows(&synthetic, table).schema());
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_rows_join() {
    let (ward, twin) = (Ward::new(), Ward::new());
    let (one, other) = (ward.build_synthetic().unwrap(), twin.build_synthetic().unwrap());
    assert_eq!((hashes(&one), &one.manifest), (hashes(&other), &other.manifest));
    let persons: BTreeSet<String> = texts(&rows(&one, "patient"), "patient_id").into_iter().collect();
    assert_eq!(persons.len(), 50);
    assert!(texts(&rows(&one, "visit"), "patient_id").iter().all(|id| persons.contains(id)));
}

#[test]
fn a_generator_that_cannot_make_the_released_table_is_refused_by_column() {
    let ward = Ward::new();
    ward.define("generator.toml", &GENERATOR.replace("pressure =", "pulse ="));
    let text = ward.build_synthetic().unwrap_err().to_string();
    assert!(text.contains("generator.toml: visit.pressure"), "{text}");
    assert!(ward.store_is_empty());
}
