use super::*;
use mudeung_core::clock::{CountingEntropy, ManualClock};
use std::os::unix::fs::PermissionsExt;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn keys_are_made_once_and_read_back_the_same() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("keys");
    let entropy = CountingEntropy::default();
    let first = Keys::load_or_create(&dir, &entropy).unwrap();
    let second = Keys::load_or_create(&dir, &entropy).unwrap();
    assert_eq!(first.pepper().expose(), second.pepper().expose());
    assert_eq!(first.tokens()[0].kid(), second.tokens()[0].kid());
    assert_eq!(first.ledger().verifying_key(), second.ledger().verifying_key());
    assert_eq!(mode(&dir), 0o700);
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        assert!(!path.to_string_lossy().ends_with(".new"));
    }
}

#[test]
fn derived_keys_differ_from_each_other() {
    let base = tempfile::tempdir().unwrap();
    let keys = Keys::load_or_create(&base.path().join("keys"), &CountingEntropy::default()).unwrap();
    let mut all = [keys.pepper(), keys.url(), keys.cursor(), keys.session(), keys.nonce()].map(|key| *key.expose());
    all.sort_unstable();
    assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn keys_that_others_can_read_are_refused_with_the_command_that_helps() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("keys");
    let entropy = CountingEntropy::default();
    Keys::load_or_create(&dir, &entropy).unwrap();
    std::fs::set_permissions(dir.join(MASTER), std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = Keys::load_or_create(&dir, &entropy).err().unwrap().to_string();
    assert!(error.contains("(mode 640); run `chmod 600 "), "{error}");
    std::fs::set_permissions(dir.join(MASTER), std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = Keys::load_or_create(&dir, &entropy).err().unwrap().to_string();
    assert!(error.contains("run `chmod 700 "), "{error}");
}

#[test]
fn a_damaged_key_is_never_replaced() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("keys");
    let entropy = CountingEntropy::default();
    Keys::load_or_create(&dir, &entropy).unwrap();
    for name in [MASTER, LEDGER, "token-0000000000.pem"] {
        let whole = std::fs::read(dir.join(name)).unwrap();
        std::fs::write(dir.join(name), "가나다").unwrap();
        let error = Keys::load_or_create(&dir, &entropy).err().unwrap().to_string();
        assert!(error.contains(name) && error.contains("restore the file from a backup"), "{error}");
        assert_eq!(std::fs::read_to_string(dir.join(name)).unwrap(), "가나다");
        std::fs::write(dir.join(name), whole).unwrap();
    }
}

#[test]
fn a_token_key_is_added_beside_the_old_one_and_never_over_it() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("keys");
    let entropy = CountingEntropy::default();
    Keys::load_or_create(&dir, &entropy).unwrap();
    let clock = ManualClock::at(Timestamp::from_seconds(1_800_000_000));
    let kid = Keys::rotate_token_key(&dir, &clock, &entropy).unwrap();
    let keys = Keys::load_or_create(&dir, &entropy).unwrap();
    assert_eq!(keys.tokens().len(), 2);
    assert_eq!((keys.tokens()[1].kid(), keys.tokens()[1].not_before()), (kid.as_str(), clock.now().plus(NOTICE)));
    assert!(matches!(Keys::rotate_token_key(&dir, &clock, &entropy), Err(KeyError::Io { .. })));
}

#[test]
fn what_a_token_key_signs_it_verifies_and_nothing_else() {
    let pem = token_key::generate_pem(&CountingEntropy::default()).unwrap();
    let key = TokenKey::from_pem(pem.expose(), Timestamp::default()).unwrap();
    let signature = key.sign(b"message").unwrap();
    assert_eq!(signature.len(), 64);
    assert!(key.verifies(b"message", &signature));
    assert!(!key.verifies(b"massage", &signature));
}
