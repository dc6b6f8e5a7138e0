use super::*;
use mudeung_core::clock::{CountingEntropy, ManualClock};
use mudeung_core::signing_key::KeyRing;
use std::os::unix::fs::PermissionsExt;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn keys_are_made_once_and_read_back_the_same() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("keys");
    let entropy = CountingEntropy::default();
    let first = Keys::load_or_create(&dir, None, &entropy).unwrap();
    let second = Keys::load_or_create(&dir, None, &entropy).unwrap();
    assert_eq!(first.pepper().expose(), second.pepper().expose());
    let ring = KeyRing { keys: first.fresh_signing_keys(2, &ManualClock::default(), &entropy).unwrap() };
    second.check_ring(&ring).unwrap();
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
    let keys = Keys::load_or_create(&base.path().join("keys"), None, &CountingEntropy::default()).unwrap();
    let mut all = [keys.pepper(), keys.url(), keys.cursor(), keys.session(), keys.nonce()].map(|key| *key.expose());
    all.sort_unstable();
    assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn keys_that_others_can_read_are_refused_with_the_command_that_helps() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("keys");
    let entropy = CountingEntropy::default();
    Keys::load_or_create(&dir, None, &entropy).unwrap();
    std::fs::set_permissions(dir.join(MASTER), std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = Keys::load_or_create(&dir, None, &entropy).err().unwrap().to_string();
    assert!(error.contains("(mode 640); run `chmod 600 "), "{error}");
    std::fs::set_permissions(dir.join(MASTER), std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = Keys::load_or_create(&dir, None, &entropy).err().unwrap().to_string();
    assert!(error.contains("run `chmod 700 "), "{error}");
}

#[test]
fn a_damaged_key_is_never_replaced() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("keys");
    let entropy = CountingEntropy::default();
    Keys::load_or_create(&dir, None, &entropy).unwrap();
    for name in [MASTER, LEDGER] {
        let whole = std::fs::read(dir.join(name)).unwrap();
        std::fs::write(dir.join(name), "가나다").unwrap();
        let error = Keys::load_or_create(&dir, None, &entropy).err().unwrap().to_string();
        assert!(error.contains(name) && error.contains("restore the file from a backup"), "{error}");
        assert_eq!(std::fs::read_to_string(dir.join(name)).unwrap(), "가나다");
        std::fs::write(dir.join(name), whole).unwrap();
    }
}

fn kek(digit: char) -> KeyEncryptionKey {
    KeyEncryptionKey::parse(&digit.to_string().repeat(64)).unwrap()
}

fn refusal(dir: &Path, kek: Option<&KeyEncryptionKey>) -> String {
    let entropy = CountingEntropy::starting_at(1 << 30);
    Keys::load_or_create(dir, kek, &entropy).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn oauth_82_key_files_are_encrypted_under_the_key_encryption_key_and_open_under_no_other() {
    let base = tempfile::tempdir().unwrap();
    let (dir, open_dir) = (base.path().join("keys"), base.path().join("open"));
    let (entropy, kek) = (CountingEntropy::default(), kek('a'));
    let keys = Keys::load_or_create(&dir, Some(&kek), &entropy).unwrap();
    assert!(keys.are_encrypted());
    let again = Keys::load_or_create(&dir, Some(&kek), &entropy).unwrap();
    assert_eq!(keys.pepper().expose(), again.pepper().expose());
    for name in [MASTER, LEDGER] {
        let text = std::fs::read_to_string(dir.join(name)).unwrap();
        assert!(!text.contains("PRIVATE KEY") && parse_hex(&text).is_none(), "{name} lies open");
        assert_eq!(mode(&dir.join(name)), 0o600);
    }
    assert!(refusal(&dir, None).contains("keys.encryption_key_file"), "{}", refusal(&dir, None));
    let other = refusal(&dir, Some(&self::kek('b')));
    assert!(other.contains(kek.id()) && other.contains("mudeung key seal --from"), "{other}");
    Keys::load_or_create(&open_dir, None, &entropy).unwrap();
    assert!(refusal(&open_dir, Some(&kek)).contains("mudeung key seal"), "what lies open may have been put there");
}

#[test]
fn oauth_82_an_encrypted_file_that_was_changed_or_exchanged_is_refused() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("keys");
    let kek = kek('a');
    Keys::load_or_create(&dir, Some(&kek), &CountingEntropy::default()).unwrap();
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    let (master, ledger) = (read(MASTER), read(LEDGER));
    std::fs::write(dir.join(MASTER), &ledger).unwrap();
    assert!(refusal(&dir, Some(&kek)).contains("another file under this name"), "{}", refusal(&dir, Some(&kek)));
    let last = master.trim_end().rfind(|letter: char| letter.is_ascii_alphanumeric()).unwrap() - 4;
    let flipped = if &master[last..=last] == "A" { "B" } else { "A" };
    std::fs::write(dir.join(MASTER), format!("{}{flipped}{}", &master[..last], &master[last + 1..])).unwrap();
    assert!(refusal(&dir, Some(&kek)).contains("restore the file from a backup"));
    std::fs::write(dir.join(MASTER), &master).unwrap();
    assert_eq!(refusal(&dir, Some(&kek)), "");
}

#[test]
fn oauth_82_sealing_encrypts_what_lies_open_and_moves_to_another_key_without_changing_a_key() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("keys");
    let entropy = CountingEntropy::default();
    let (old, new) = (kek('a'), kek('b'));
    let before = Keys::load_or_create(&dir, None, &entropy).unwrap();
    assert_eq!(Keys::seal(&dir, &old, None, &entropy).unwrap(), [MASTER, LEDGER]);
    assert!(Keys::seal(&dir, &old, None, &entropy).unwrap().is_empty(), "again does nothing");
    assert!(Keys::seal(&dir, &new, None, &entropy).is_err(), "without the older one nothing can be moved");
    assert_eq!(Keys::seal(&dir, &new, Some(&old), &entropy).unwrap(), [MASTER, LEDGER]);
    let after = Keys::load_or_create(&dir, Some(&new), &entropy).unwrap();
    assert_eq!(before.pepper().expose(), after.pepper().expose());
    assert_eq!(before.ledger().verifying_key(), after.ledger().verifying_key());
}

#[test]
fn oauth_82_a_key_encryption_key_that_others_can_read_or_that_is_none_is_refused() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("kek");
    for (text, mode, fault) in [
        ("a".repeat(64), 0o644, "chmod 600"),
        ("a".repeat(63), 0o600, "64 hexadecimal digits"),
        ("가".repeat(64), 0o600, "64 hexadecimal digits"),
    ] {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = KeyEncryptionKey::read(&path).unwrap_err().to_string();
        assert!(error.contains(fault), "{error}");
    }
    assert_eq!(KeyEncryptionKey::parse(&"A".repeat(64)).unwrap().id(), kek('a').id());
}

#[test]
fn oauth_82_signing_keys_in_the_database_are_encrypted_and_bound_to_their_master_key() {
    let base = tempfile::tempdir().unwrap();
    let (clock, entropy) = (ManualClock::default(), CountingEntropy::default());
    let keys = Keys::load_or_create(&base.path().join("one"), None, &entropy).unwrap();
    let stranger = Keys::load_or_create(&base.path().join("two"), None, &entropy).unwrap();
    let mut ring = KeyRing { keys: keys.fresh_signing_keys(2, &clock, &entropy).unwrap() };
    keys.check_ring(&ring).unwrap();
    assert!(stranger.check_ring(&ring).unwrap_err().to_string().contains("restore master.key from a backup"));
    let (one, other) = (ring.keys[0].sealed.clone(), ring.keys[1].sealed.clone());
    (ring.keys[0].sealed, ring.keys[1].sealed) = (other, one);
    assert!(keys.check_ring(&ring).is_err(), "two rows were exchanged");
}

#[test]
fn what_a_token_key_signs_it_verifies_and_nothing_else() {
    let (private, public) = token_key::generate(&CountingEntropy::default()).unwrap();
    let key =
        token_key::TokenKey::new(mudeung_core::id::KeyId::from_bytes([1; 16]), private.expose(), &public).unwrap();
    let signature = key.sign(b"message").unwrap();
    assert_eq!(signature.len(), 64);
    assert!(key.verifies(b"message", &signature));
    assert!(!key.verifies(b"massage", &signature));
}
