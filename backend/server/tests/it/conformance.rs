//! The table of the conformance list is whole, and the tests it names are there.

use crate::app::files_below;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const TABLE: &str = include_str!("../../../../docs/oauth-conformance.md");
const LINES: u32 = 90;

/// The lines of the table: number, and what it is kept by.
fn lines() -> Vec<(u32, &'static str)> {
    let rows = TABLE.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.map(|row| row.trim_end_matches(" |").split(" | ").collect::<Vec<_>>());
    cells.filter_map(|cells| Some((cells.first()?.parse().ok()?, *cells.last()?))).collect()
}

/// Every function in the sources.
fn functions() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut names = BTreeSet::new();
    for folder in ["backend", "sdk", "datasets/deid", "deploy/xtask"] {
        for file in files_below(&root.join(folder)) {
            if file.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&file).unwrap();
                let found = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
                names.extend(found.map(str::to_owned));
            }
        }
    }
    names
}

#[test]
fn no_line_of_the_conformance_list_is_missing() {
    let mut count = BTreeMap::new();
    for (number, _) in lines() {
        *count.entry(number).or_insert(0) += 1;
    }
    assert_eq!(count, (1..=LINES).map(|number| (number, 1)).collect());
}

#[test]
fn every_test_that_the_conformance_table_names_is_in_the_sources() {
    let functions = functions();
    assert!(functions.contains("no_line_of_the_conformance_list_is_missing"), "the sources were read");
    for (number, kept) in lines() {
        let named: Vec<&str> = kept.split('`').skip(1).step_by(2).filter(|name| name.contains('_')).collect();
        let excused = kept.starts_with("does not apply, because ") || kept.starts_with("not yet");
        assert!(excused || !named.is_empty(), "line {number} says neither a test nor why there is none");
        for name in named {
            assert!(excused || functions.contains(name), "line {number} names {name}, which is nowhere");
        }
    }
}
