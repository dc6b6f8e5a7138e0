//! Every definition in `datasets/definitions`: it is well formed, and with its raw data in its folder it builds.

use crate::fixture::{hashes, rows};
use crate::synthetic::shape;
use mudeung_core::clock::Timestamp;
use mudeung_deid::definition::Definition;
use mudeung_deid::{Build, BuildSynthetic, Built, CurateError, ReleaseKey, build, build_synthetic, check};
use std::path::{Path, PathBuf};

fn definitions() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../definitions");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

fn real(definition: &Path, input: &Path, store: &Path) -> Result<Built, CurateError> {
    build(Build {
        definition_dir: definition,
        input_dir: input,
        store_root: store,
        key: &ReleaseKey::from_bytes([1; 32]),
        rejects: None,
        without: None,
        number: None,
        created_at: Timestamp::from_seconds(1_800_000_000),
        progress: &mut |_| {},
    })
}

fn synthetic(definition: &Path, persons: u64, store: &Path) -> Built {
    build_synthetic(BuildSynthetic {
        definition_dir: definition,
        persons: Some(persons),
        seed: None,
        store_root: store,
        number: None,
        created_at: Timestamp::from_seconds(1_800_000_000),
        progress: &mut |_| {},
    })
    .unwrap_or_else(|error| panic!("{}: {error}", definition.display()))
}

#[test]
fn each_is_well_formed_named_like_its_folder_and_described_in_both_languages() {
    assert!(definitions().len() >= 4);
    for folder in definitions() {
        let definition = check(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        assert_eq!(Some(definition.dataset.name.as_str()), folder.file_name().unwrap().to_str());
        assert!(folder.join("README.md").is_file());
        for table in &definition.schema.tables {
            for column in &table.columns {
                let text = &column.description;
                let korean = text.ko.chars().any(|c| ('가'..='힣').contains(&c));
                assert!(korean && !text.en.is_empty(), "{}.{}.{}", folder.display(), table.name, column.name);
            }
        }
    }
}

#[test]
fn raw_data_stands_beside_its_licence_and_passes_the_gate() {
    let mut built = Vec::new();
    for folder in definitions() {
        let definition = Definition::load(&folder).unwrap();
        let Some(input) = definition.bundled_input() else { continue };
        assert!(input.join("LICENSE").is_file(), "{}", folder.display());
        let store = tempfile::tempdir().unwrap();
        let version = real(&folder, &input, store.path()).unwrap_or_else(|error| panic!("{error}"));
        let risk = version.manifest.risk.clone().unwrap();
        // One in twenty at most.
        let few = 20 * risk.suppressed_persons <= risk.persons + risk.suppressed_persons;
        assert!(risk.k >= 5 && few, "{}: {risk:?}", folder.display());
        assert_eq!(hashes(&version), hashes(&real(&folder, &input, tempfile::tempdir().unwrap().path()).unwrap()));
        assert_eq!(shape(&version.manifest), shape(&synthetic(&folder, 200, store.path()).manifest));
        built.push((definition.dataset.name, risk.persons + risk.suppressed_persons));
    }
    assert_eq!(built, [("lymph_node".to_owned(), 686), ("support2".to_owned(), 9_105)]);
}

#[test]
fn each_synthetic_tier_is_drawn_and_the_same_twice() {
    for folder in definitions() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (first, second) = (synthetic(&folder, 100, one.path()), synthetic(&folder, 100, other.path()));
        assert_eq!(first.manifest, second.manifest);
        for table in &first.manifest.tables {
            assert!(rows(&first, &table.name).num_rows() > 0, "{}.{}", folder.display(), table.name);
        }
    }
}

#[test]
fn patients_with_cancer_are_written_as_bundles_and_others_are_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../definitions");
    let write = |dataset: &str, to: &mut Vec<u8>| {
        let definition_dir = &folder.join(dataset);
        mudeung_deid::write_bundles(mudeung_deid::Bundles { definition_dir, persons: 30, seed: None }, to)
    };
    let mut bytes = Vec::new();
    assert_eq!(write("cancer5", &mut bytes).unwrap(), "cancer5");
    let lines = String::from_utf8(bytes).unwrap();
    assert_eq!(lines.lines().filter(|line| line.contains("\"resourceType\":\"Bundle\"")).count(), 30);
    let refusal = write("nafld", &mut Vec::new()).unwrap_err();
    assert!(refusal.is_input() && refusal.to_string().contains("FHIR"), "{refusal}");
}

#[test]
fn images_have_the_names_and_the_shift_of_the_tables_of_their_release() {
    let lymph_node = Path::new(env!("CARGO_MANIFEST_DIR")).join("../definitions/lymph_node");
    let rule = Definition::load(&lymph_node).unwrap().images().unwrap();
    assert_eq!((rule.release.as_str(), rule.recipient.as_str()), ("lymph-node-open-sandbox", "sandbox"));
    assert_eq!((rule.domain.as_str(), rule.integer, rule.number, rule.weeks), ("person", false, true, 26));
    let folder = tempfile::tempdir().unwrap();
    for file in ["dataset.toml", "schema.toml", "generator.toml"] {
        std::fs::copy(lymph_node.join(file), folder.path().join(file)).unwrap();
    }
    let recipe = std::fs::read_to_string(lymph_node.join("recipe.toml")).unwrap();
    let twice = recipe.replacen("weeks = 26", "weeks = 4", 1);
    for changed in [twice, recipe.replace("do = \"pseudonym\"", "do = \"drop\"")] {
        std::fs::write(folder.path().join("recipe.toml"), changed).unwrap();
        let refused = Definition::load(folder.path()).unwrap().images();
        assert!(matches!(refused, Err(CurateError::Definition(_))), "{refused:?}");
    }
}
