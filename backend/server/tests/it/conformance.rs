//! The tables of the conformance lists and of the attacks on the ledger are whole, and the tests they name are there.

use crate::app::files_below;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const TABLE: &str = include_str!("../../../../docs/oauth-conformance.md");
const LINES: u32 = 90;
const ATTACKS: &str = include_str!("../../../../docs/ledger-attacks.md");
const ATTACK_LINES: u32 = 14;
const SHARING: &str = include_str!("../../../../docs/sharing-conformance.md");
const SHARING_LINES: u32 = 30;

/// The lines of a table: number, and what it is kept by.
fn lines(table: &'static str) -> Vec<(u32, &'static str)> {
    let rows = table.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.map(|row| row.trim_end_matches(" |").split(" | ").collect::<Vec<_>>());
    cells.filter_map(|cells| Some((cells.first()?.parse().ok()?, *cells.last()?))).collect()
}

/// Every function in the sources.
fn functions() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut names = BTreeSet::new();
    for folder in ["backend", "sdk/rust", "sdk/wire", "datasets/deid", "deploy/xtask", "deploy/e2e"] {
        for file in files_below(&root.join(folder)) {
            let begins = match file.extension().and_then(|extension| extension.to_str()) {
                Some("rs") => "fn ",
                Some("py") => "def ",
                _ => continue,
            };
            let text = std::fs::read_to_string(&file).unwrap();
            let found = text.split(begins).skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            names.extend(found.map(str::to_owned));
        }
    }
    names
}

#[test]
fn no_line_of_the_conformance_list_and_of_the_attacks_is_missing() {
    for (table, all) in [(TABLE, LINES), (ATTACKS, ATTACK_LINES), (SHARING, SHARING_LINES)] {
        let mut count = BTreeMap::new();
        for (number, _) in lines(table) {
            *count.entry(number).or_insert(0) += 1;
        }
        assert_eq!(count, (1..=all).map(|number| (number, 1)).collect());
    }
}

#[test]
fn every_test_that_the_tables_name_is_in_the_sources() {
    let functions = functions();
    for read in ["every_test_that_the_tables_name_is_in_the_sources", "test_attack_05_yesterdays_backup"] {
        assert!(functions.contains(read), "the sources were read");
    }
    let (_, peers) = TABLE.split_once("## Holes that were found in peers").unwrap();
    let named: Vec<&str> =
        peers.split('`').skip(1).step_by(2).filter(|name| name.contains('_') && !name.contains(' ')).collect();
    let missing: Vec<_> = named.iter().filter(|name| **name != "expires_in" && !functions.contains(**name)).collect();
    assert!(named.len() > 12 && missing.is_empty(), "{missing:?}");
    for (number, kept) in [TABLE, ATTACKS, SHARING].into_iter().flat_map(lines) {
        let named: Vec<&str> = kept.split('`').skip(1).step_by(2).filter(|name| name.contains('_')).collect();
        let excused = kept.starts_with("does not apply, because ");
        assert!(excused || !named.is_empty(), "line {number} says neither a test nor why there is none");
        for name in named {
            assert!(excused || functions.contains(name), "line {number} names {name}, which is nowhere");
        }
    }
}
