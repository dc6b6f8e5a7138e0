use super::{KeyError, ReleaseKey};
use mudeung_core::clock::CountingEntropy;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_key_is_made_once_for_its_owner_alone_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let (path, store) = (folder.path().join("keys/release.key"), folder.path().join("store"));
    let entropy = CountingEntropy::default();
    let first = ReleaseKey::load_or_create(&path, &store, &entropy).unwrap();
    let again = ReleaseKey::load_or_create(&path, &store, &entropy).unwrap();
    assert_eq!(*first.0, *again.0);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(format!("{first:?}"), "ReleaseKey(…)");
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, store) = (folder.path().join("release.key"), folder.path().join("store"));
    ReleaseKey::load_or_create(&path, &store, &CountingEntropy::default()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let error = ReleaseKey::load(&path, &store).unwrap_err();
    assert!(matches!(error, KeyError::Exposed { mode: 0o640, .. }) && error.to_string().contains("chmod 600"));
}

#[test]
fn a_key_within_the_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    fs::create_dir_all(store.join("keys")).unwrap();
    let path = store.join("keys/../keys/release.key");
    let error = ReleaseKey::load_or_create(&path, &store, &CountingEntropy::default()).unwrap_err();
    assert!(matches!(error, KeyError::WithinStore { .. }));
    assert!(!path.exists());
}

#[test]
fn a_file_that_holds_no_key_is_refused_without_being_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("release.key");
    fs::write(&path, "hunter2").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let error = ReleaseKey::load(&path, &folder.path().join("store")).unwrap_err();
    assert!(matches!(error, KeyError::Malformed { .. }) && !error.to_string().contains("hunter2"));
}

#[test]
fn name_and_recipient_of_a_release_cannot_be_confused() {
    let key = ReleaseKey::from_bytes([1; 32]);
    let hash = |release: &str, recipient: &str| key.project(release, recipient).unwrap().identifier("person", "1");
    assert_ne!(hash("ab", "c"), hash("a", "bc"));
    assert_eq!(hash("ab", "c"), hash("ab", "c"));
}
