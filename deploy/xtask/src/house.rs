//! The shape of the repository: its top level, the length of its files, and what may not stand in them.

use crate::machine::root;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Every visible name at the top of the repository.
const TOP: &[&str] =
    &["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "backend", "datasets", "deploy", "docs", "sdk"];

/// Endings of files that people write and must be able to hold in their head.
const SOURCE: &[&str] = &[".rs", ".py", ".html", ".css", ".js", ".sql", ".lua", ".sh"];

const LINES_MAX: usize = 500;

/// A longer file says why in one of its first lines, after these words.
const REASON: &str = "over 500 lines because";

fn tracked() -> Vec<String> {
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.split('\0').filter(|name| !name.is_empty() && root().join(name).is_file());
    names.map(str::to_owned).collect()
}

/// The text of a tracked file; `None` for other content.
fn text(name: &str) -> Option<String> {
    String::from_utf8(std::fs::read(root().join(name)).unwrap()).ok()
}

fn is_too_long(text: &str) -> bool {
    text.lines().count() > LINES_MAX && !text.lines().take(10).any(|line| line.contains(REASON))
}

/// Whether a text names a path that exists on its writer's machine alone.
fn names_a_place(text: &str, places: &[String]) -> Option<String> {
    let holds = |place: &&String| {
        text.match_indices(place.as_str()).any(|(at, _)| {
            let before = text.get(..at).and_then(|head| head.chars().next_back());
            !before.is_some_and(|c| c.is_alphanumeric() || "._-$~{}/".contains(c))
        })
    };
    places.iter().find(holds).cloned()
}

/// Home folders, and the folder that this checkout stands in.
fn places() -> Vec<String> {
    let mut places: Vec<String> = ["home", "root", "Users"].iter().map(|name| format!("/{name}/")).collect();
    let parent = root().parent().map(|parent| format!("{}/", parent.display()));
    places.extend(parent.filter(|parent| parent.len() > 2));
    places
}

#[test]
fn the_visible_top_level_is_exactly_the_fixed_one() {
    let names = tracked();
    let top: BTreeSet<&str> = names.iter().filter_map(|name| name.split('/').next()).collect();
    let visible: Vec<&str> = top.into_iter().filter(|name| !name.starts_with('.')).collect();
    assert_eq!(visible, TOP);
}

#[test]
fn a_source_file_of_more_than_500_lines_says_why() {
    let sources = tracked().into_iter().filter(|name| SOURCE.iter().any(|ending| name.ends_with(ending)));
    let long: Vec<String> = sources.filter(|name| text(name).is_some_and(|text| is_too_long(&text))).collect();
    assert!(long.is_empty(), "split these, or write \"{REASON} …\" in their header: {long:?}");
}

#[test]
fn no_tracked_file_names_a_place_on_one_machine() {
    let places = places();
    let hits: Vec<String> = tracked()
        .iter()
        .filter_map(|name| names_a_place(&text(name)?, &places).map(|place| format!("{name} names {place}")))
        .collect();
    assert!(hits.is_empty(), "{hits:#?}");
}

#[test]
fn every_committed_raw_table_stands_beside_its_licence() {
    let definitions = root().join("datasets/definitions");
    let mut found = 0;
    for entry in std::fs::read_dir(&definitions).into_iter().flatten() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        found += 1;
        let description = std::fs::read_to_string(folder.join("dataset.toml")).unwrap();
        let description: toml::Table = description.parse().unwrap();
        assert!(holds_key(&description, "licence"), "{} names its licence", folder.display());
        let data = folder.join("data");
        assert!(!data.is_dir() || has_licence(&data) || has_licence(&folder), "{} needs a LICENSE", data.display());
    }
    assert!(found > 0, "there are no definitions in {}", definitions.display());
}

fn holds_key(table: &toml::Table, key: &str) -> bool {
    table.contains_key(key) || table.values().any(|value| value.as_table().is_some_and(|inner| holds_key(inner, key)))
}

fn has_licence(folder: &Path) -> bool {
    let names = std::fs::read_dir(folder).unwrap().flatten();
    names.into_iter().any(|name| name.file_name().to_string_lossy().starts_with("LICEN"))
}

#[test]
fn every_dependency_has_a_licence_that_deny_toml_allows() {
    let deny: toml::Table = std::fs::read_to_string(root().join(".cargo/deny.toml")).unwrap().parse().unwrap();
    let names = |table: &toml::Value| -> Vec<String> {
        table["allow"].as_array().unwrap().iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    let exceptions = deny["licenses"]["exceptions"].as_array().unwrap();
    let allowed = |package: &str| -> Vec<String> {
        let own = exceptions.iter().filter(|exception| exception["crate"].as_str() == Some(package));
        names(&deny["licenses"]).into_iter().chain(own.flat_map(&names)).collect()
    };
    let platform = ["--filter-platform".to_owned(), crate::edges::host()];
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(root()).other_options(platform).exec().unwrap();
    let refused: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| {
            !package.license.as_deref().is_some_and(|licence| is_allowed(licence, &allowed(&package.name)))
        })
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.license))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

/// Reads the forms that packages use: alternatives of conjunctions, with brackets around either.
fn is_allowed(licence: &str, allowed: &[impl AsRef<str>]) -> bool {
    let licence = licence.replace('/', " OR ");
    let tokens = licence.replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = tokens.split_whitespace().collect();
    let mut at = 0;
    alternatives(&tokens, &mut at, allowed) && at == tokens.len()
}

fn alternatives(tokens: &[&str], at: &mut usize, allowed: &[impl AsRef<str>]) -> bool {
    let mut is_good = conjunction(tokens, at, allowed);
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        is_good |= conjunction(tokens, at, allowed);
    }
    is_good
}

fn conjunction(tokens: &[&str], at: &mut usize, allowed: &[impl AsRef<str>]) -> bool {
    let mut is_good = single(tokens, at, allowed);
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        is_good &= single(tokens, at, allowed);
    }
    is_good
}

fn single(tokens: &[&str], at: &mut usize, allowed: &[impl AsRef<str>]) -> bool {
    let first = tokens.get(*at).copied().unwrap_or_default();
    *at += 1;
    if first == "(" {
        let is_good = alternatives(tokens, at, allowed);
        *at += 1;
        return is_good;
    }
    let is_good = allowed.iter().any(|name| name.as_ref() == first);
    if tokens.get(*at) == Some(&"WITH") {
        *at += 2;
    }
    is_good
}

#[test]
fn the_checks_find_what_they_are_for() {
    assert!(is_too_long(&"line\n".repeat(501)));
    assert!(!is_too_long(&"line\n".repeat(500)));
    assert!(!is_too_long(&format!("//! {REASON} it is a table\n{}", "line\n".repeat(600))));
    let places = [format!("/{}/", "home")];
    assert!(names_a_place(&format!("see {}kim/x", places[0]), &places).is_some());
    assert!(names_a_place(&format!("https://example.org{}kim", places[0]), &places).is_none());
    assert!(is_allowed("MIT OR Apache-2.0", &["MIT"]));
    assert!(is_allowed("(MIT OR GPL-3.0) AND BSD-3-Clause", &["MIT", "BSD-3-Clause"]));
    assert!(!is_allowed("GPL-3.0-or-later", &["MIT"]));
    assert!(!is_allowed("MIT AND GPL-3.0", &["MIT"]));
}
