//! `docs/THREATS.md`: every line says what is tried and which tests try it, and they are in the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const THREATS: &str = include_str!("../../../../docs/THREATS.md");

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
            found.push(path);
        }
    }
}

/// Every function in the sources of the rooms that the page names.
fn functions() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut names = BTreeSet::new();
    for folder in ["datasets/deid", "datasets/synth", "backend/core", "backend/engine", "backend/server", "deploy/e2e"]
    {
        let mut sources = Vec::new();
        files(&root.join(folder), &mut sources);
        for source in sources {
            let text = std::fs::read_to_string(source).unwrap();
            let found = ["fn ", "def "].into_iter().flat_map(|begins| text.split(begins).skip(1));
            names.extend(found.filter_map(|rest| rest.split(['(', '<']).next()).map(str::to_owned));
        }
    }
    names
}

#[test]
fn every_threat_is_numbered_and_named_tests_are_in_the_sources() {
    let functions = functions();
    let cells = |line: &'static str| line.trim_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>();
    let lines: Vec<Vec<&str>> = THREATS.lines().filter(|line| line.starts_with("| ")).map(cells).collect();
    let numbered: Vec<&Vec<&str>> = lines.iter().filter(|cells| cells[0].parse::<u32>().is_ok()).collect();
    let numbers: Vec<u32> = numbered.iter().map(|cells| cells[0].parse().unwrap()).collect();
    assert!(
        numbers.len() >= 18 && numbers.iter().copied().eq(1..=u32::try_from(numbers.len()).unwrap()),
        "{numbers:?}"
    );
    for cells in numbered {
        let named: Vec<&str> = cells[4].split('`').skip(1).step_by(2).filter(|name| name.contains('_')).collect();
        assert!(!named.is_empty(), "line {} names no test", cells[0]);
        for name in named {
            assert!(functions.contains(name), "line {} names {name}, which is nowhere", cells[0]);
        }
    }
}
