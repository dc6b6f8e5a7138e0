//! Tests of building and reading versions.

use super::*;
use crate::layout::FileStatistics;
use arrow::array::{ArrayRef, Int32Array, RecordBatch};
use mudeung_wire::manifest::{Bilingual, MANIFEST_FORMAT, ManifestTable};
use std::sync::Arc;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn ages() -> RecordBatch {
    let ages: ArrayRef = Arc::new(Int32Array::from(vec![41, 52]));
    RecordBatch::try_from_iter([("age", ages)]).unwrap()
}

fn build(root: &Path, number: u32) -> Result<(VersionWriter, Manifest), VersionError> {
    let writer = VersionWriter::create(root, &name("small"), Tier::Synthetic, number)?;
    let mut table = writer.table(&name("people"), ages().schema(), FileStatistics::Publish)?;
    table.write(&ages())?;
    let files = writer.manifest_files(&name("people"), &table.finish()?);
    let manifest = Manifest {
        format: MANIFEST_FORMAT,
        dataset: "small".to_owned(),
        tier: "synthetic".to_owned(),
        version: number,
        title: Bilingual::default(),
        summary: Bilingual::default(),
        licence: "CC0-1.0".to_owned(),
        source: "generated".to_owned(),
        created_at: "2026-01-01T00:00:00Z".to_owned(),
        recipe_sha256: String::new(),
        input_sha256: String::new(),
        tables: vec![ManifestTable {
            name: "people".to_owned(),
            description: Bilingual::default(),
            rows: 2,
            person: None,
            suppressed_rows: 0,
            columns: crate::layout::manifest_columns(&ages().schema())?,
            files,
        }],
        risk: None,
        generator: None,
        twins: Vec::new(),
        uses: None,
    };
    Ok((writer, manifest))
}

#[test]
fn a_finished_version_is_read_back_and_nothing_else_is_left() {
    let root = tempfile::tempdir().unwrap();
    let (writer, manifest) = build(root.path(), 1).unwrap();
    let folder = writer.finish(&manifest).unwrap();
    assert_eq!(folder, version_path(root.path(), &name("small"), Tier::Synthetic, 1));
    assert_eq!(read_manifest(root.path(), &name("small"), Tier::Synthetic, 1).unwrap(), manifest);
    assert_eq!(latest_version(root.path(), &name("small"), Tier::Synthetic).unwrap(), 1);
    assert!(folder.join("people/part-00000.parquet").exists());
    assert_eq!(entries(&root.path().join(BUILDING)).unwrap(), Vec::<String>::new());
}

#[test]
fn a_version_that_exists_is_never_written_again() {
    let root = tempfile::tempdir().unwrap();
    let (first, manifest) = build(root.path(), 1).unwrap();
    let (second, same) = build(root.path(), 1).unwrap();
    first.finish(&manifest).unwrap();
    assert!(matches!(second.finish(&same), Err(VersionError::Exists { number: 1, .. })));
    assert!(matches!(build(root.path(), 1), Err(VersionError::Exists { number: 1, .. })));
    assert_eq!(entries(&root.path().join(BUILDING)).unwrap(), Vec::<String>::new());
}

#[test]
fn a_version_dropped_half_way_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    drop(build(root.path(), 1).unwrap());
    assert_eq!(entries(&root.path().join(BUILDING)).unwrap(), Vec::<String>::new());
    assert_eq!(latest_version(root.path(), &name("small"), Tier::Synthetic).unwrap(), 0);
}

#[test]
fn leftovers_of_dead_builds_go_and_running_builds_stay() {
    let root = tempfile::tempdir().unwrap();
    let (running, manifest) = build(root.path(), 1).unwrap();
    let dead = root.path().join(BUILDING).join("small.synthetic.9.1.0");
    fs::create_dir_all(dead.join("people")).unwrap();
    File::create(dead.with_added_extension("lock")).unwrap();
    assert_eq!(remove_leftovers(root.path()).unwrap(), 1);
    assert!(!dead.exists());
    running.finish(&manifest).unwrap();
}

#[test]
fn a_manifest_that_does_not_fit_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let (writer, mut manifest) = build(root.path(), 1).unwrap();
    manifest.tables[0].files[0].size_bytes += 1;
    assert!(matches!(writer.finish(&manifest), Err(VersionError::Manifest(_))));
    assert_eq!(latest_version(root.path(), &name("small"), Tier::Synthetic).unwrap(), 0);
}

#[test]
fn a_version_that_is_not_there_is_missing() {
    let root = tempfile::tempdir().unwrap();
    let missing = read_manifest(root.path(), &name("small"), Tier::Synthetic, 3);
    assert!(matches!(missing, Err(VersionError::Missing { number: 3, .. })));
}
