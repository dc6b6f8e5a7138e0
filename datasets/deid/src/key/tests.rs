use super::{KeyError, ReleaseKey, destroy_project};
use mudeung_core::clock::{CountingEntropy, Timestamp};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[test]
fn a_key_is_made_once_for_its_owner_alone_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let (path, store) = (folder.path().join("keys/release.key"), folder.path().join("store"));
    let entropy = CountingEntropy::default();
    let first = ReleaseKey::load_or_create(&path, &store, &entropy).unwrap();
    let again = ReleaseKey::load_or_create(&path, &store, &entropy).unwrap();
    assert_eq!(*first.master, *again.master);
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

/// What a release calls a person.
fn pseudonym(key: &Path, release: &str) -> Result<[u8; 32], KeyError> {
    let store = key.with_file_name("store");
    let key = ReleaseKey::load_or_create(key, &store, &CountingEntropy::default())?;
    Ok(key.project(release, "Startup A")?.identifier("person", "1"))
}

#[test]
fn a_project_has_a_secret_of_its_own_that_is_kept_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("release.key");
    let (one, other) = (pseudonym(&key, "one").unwrap(), pseudonym(&key, "other").unwrap());
    assert_ne!(one, other);
    assert_eq!(pseudonym(&key, "one").unwrap(), one, "the same tomorrow");
    let files: Vec<_> = fs::read_dir(folder.path().join("release.key.projects")).unwrap().flatten().collect();
    assert_eq!(files.len(), 2);
    for file in &files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let from_master =
        ReleaseKey::from_bytes(*ReleaseKey::load(&key, folder.path().join("s").as_path()).unwrap().master);
    let derived = from_master.project("one", "Startup A").unwrap().identifier("person", "1");
    assert_ne!(derived, one, "the master key alone does not make it");
    fs::set_permissions(files[0].path(), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(pseudonym(&key, "one").is_err() || pseudonym(&key, "other").is_err(), "others may read one of them");
}

#[test]
fn a_key_that_is_destroyed_is_gone_and_is_never_made_again_and_the_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("release.key");
    let now = Timestamp::from_seconds(1_772_409_600);
    let other = pseudonym(&key, "other").unwrap();
    let missing = destroy_project(&key, "one", "Startup A", now).unwrap_err();
    assert!(matches!(missing, KeyError::NoProject { .. }), "{missing}");
    pseudonym(&key, "one").unwrap();
    let projects = folder.path().join("release.key.projects");
    let texts = || -> Vec<String> {
        fs::read_dir(&projects).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    };
    let secret = texts().into_iter().find(|text| text.contains("one for")).unwrap().lines().next().unwrap().to_owned();
    let destroyed = destroy_project(&key, "one", "Startup A", now).unwrap();
    assert_eq!(destroyed.fingerprint.len(), 64);
    assert!(texts().iter().all(|text| !text.contains(&secret)), "nothing of it is left");
    for again in [pseudonym(&key, "one").map(drop), destroy_project(&key, "one", "Startup A", now).map(drop)] {
        let error = again.unwrap_err();
        assert!(error.to_string().contains("2026-03-02T00:00:00Z") && error.to_string().contains("another name"));
    }
    assert_eq!(pseudonym(&key, "other").unwrap(), other);
}

#[test]
fn a_destruction_that_broke_off_is_finished_when_it_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("release.key");
    pseudonym(&key, "one").unwrap();
    let projects = folder.path().join("release.key.projects");
    let file = fs::read_dir(&projects).unwrap().next().unwrap().unwrap().path();
    fs::write(file.with_extension("destroyed"), "f\n2026-03-01T00:00:00Z\none for Startup A\n").unwrap();
    assert!(matches!(pseudonym(&key, "one"), Err(KeyError::Destroyed { .. })), "no build uses it any more");
    // After it was overwritten and before it was taken away.
    fs::write(&file, vec![0; 90]).unwrap();
    let destroyed = destroy_project(&key, "one", "Startup A", Timestamp::from_seconds(0)).unwrap();
    assert_eq!(destroyed.fingerprint, "f", "what was noted before the key was gone");
    assert!(!file.exists());
}
