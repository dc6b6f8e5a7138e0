//! Tests of opening files through the engine.

use crate::fixture::{FILE, Stored, collect, file_view, folder, large, path};
use crate::layout::hex;
use crate::number::to_u64;
use crate::{Engine, EngineOptions};
use mudeung_core::dataset::ColumnType;
use mudeung_core::reader::{ColumnView, DatasetReader, ReadError};
use sha2::{Digest, Sha256};

fn table(rows: usize) -> Stored {
    large(vec![(ColumnType::Int64, false), (ColumnType::Text, true)], rows, 50_000)
}

fn engine(root: &std::path::Path) -> Engine {
    Engine::open(folder(root), EngineOptions::default()).unwrap()
}

#[tokio::test]
async fn a_whole_file_is_the_stored_bytes_under_the_manifest_s_hash() {
    let root = tempfile::tempdir().unwrap();
    table(200_000).write(&path(root.path(), FILE), &table(200_000).batch());
    let stored = std::fs::read(path(root.path(), FILE)).unwrap();
    let view = file_view(ColumnView::All);
    let file = engine(root.path()).open_file(&view).await.unwrap();
    assert_eq!((file.etag(), file.sha256().await.unwrap()), (view.sha256.as_str(), view.sha256.clone()));
    assert_eq!(collect(file.read(0..file.len_bytes())).await.unwrap().0, stored);
    assert_eq!(collect(file.read(1_000_001..1_000_011)).await.unwrap().0, stored[1_000_001..1_000_011]);
    assert_eq!(collect(file.read(file.len_bytes()..file.len_bytes())).await.unwrap().0, b"");
}

#[tokio::test]
async fn the_hash_of_a_column_view_is_that_of_its_bytes() {
    let root = tempfile::tempdir().unwrap();
    table(10_000).write(&path(root.path(), FILE), &table(10_000).batch());
    let view = file_view(ColumnView::Only(["c1".to_owned()].into()));
    let engine = engine(root.path());
    let file = engine.open_file(&view).await.unwrap();
    let (bytes, _) = collect(file.read(0..file.len_bytes())).await.unwrap();
    assert_eq!(file.sha256().await.unwrap(), hex(&Sha256::digest(&bytes)));
    assert_eq!(file.len_bytes(), to_u64(bytes.len()));
}

#[tokio::test]
async fn a_file_that_is_missing_or_not_parquet_is_damage_and_names_its_address_only() {
    let root = tempfile::tempdir().unwrap();
    let engine = engine(root.path());
    for content in [None, Some(&b""[..]), Some(b"PAR1"), Some(b"PAR1 but no end"), Some(b"PAR1\xff\xff\0\0PAR1")] {
        if let Some(content) = content {
            std::fs::write(path(root.path(), FILE), content).unwrap();
        }
        let Err(ReadError::Damaged(text)) = engine.open_file(&file_view(ColumnView::All)).await else {
            panic!("opened {content:?}");
        };
        assert!(text.contains("small/deidentified/1/people/part-00000.parquet"), "{text}");
        assert!(!text.contains(&root.path().display().to_string()), "{text}");
    }
    // Repaired, it is served without a restart.
    table(10).write(&path(root.path(), FILE), &table(10).batch());
    engine.open_file(&file_view(ColumnView::All)).await.unwrap();
}

#[tokio::test]
async fn an_encrypted_file_is_refused() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(path(root.path(), FILE), b"PARE\x01\0\0\0\x01\x01\0\0\0PARE").unwrap();
    let opened = engine(root.path()).open_file(&file_view(ColumnView::All)).await;
    assert!(matches!(opened, Err(ReadError::Damaged(text)) if text.contains("encrypted")));
}

#[tokio::test]
async fn a_name_that_would_leave_the_folder_is_refused() {
    let root = tempfile::tempdir().unwrap();
    table(10).write(&path(root.path(), FILE), &table(10).batch());
    for name in ["../people/part-00000.parquet", "/etc/passwd", "", ".", "..", "a/b", "part-00000.parquet/"] {
        let view = mudeung_core::reader::FileView { name: name.to_owned(), ..file_view(ColumnView::All) };
        assert!(matches!(engine(root.path()).open_file(&view).await, Err(ReadError::Damaged(_))), "{name}");
    }
}
