//! Private keys in files: read by their owner alone, and read anew by each command.

use crate::failure::Failure;
use mudeung_sdk::PrivateKey;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// An RSA key of 8192 bits fits; a wrong file is noticed.
const KEY_BYTES_MAX: u64 = 16 * 1024;

/// Reads a key, as PEM (PKCS #8) or as a JSON web key. Refuses one that others can read: it would prove them as well.
pub(crate) fn read(path: &Path, kid: Option<String>) -> Result<PrivateKey, Failure> {
    let wrong = |what: &dyn std::fmt::Display| Failure::Input(format!("the private key {}: {what}", path.display()));
    let file = File::open(path).map_err(|error| wrong(&error))?;
    let metadata = file.metadata().map_err(|error| wrong(&error))?;
    if let Some(mode) = open_to_others(&metadata) {
        let how = format!("others can read it (mode {mode:03o}); run `chmod 600 {}`", path.display());
        return Err(wrong(&how));
    }
    let mut text = String::new();
    file.take(KEY_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| wrong(&error))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > KEY_BYTES_MAX {
        return Err(wrong(&format!("it is longer than {KEY_BYTES_MAX} bytes")));
    }
    PrivateKey::parse(kid, &text).map_err(|error| Failure::Input(format!("{}: {error}", path.display())))
}

/// The mode of a file that others than its owner can use.
#[cfg(unix)]
fn open_to_others(metadata: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    (metadata.is_file() && mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_to_others(_metadata: &std::fs::Metadata) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused_with_what_to_do() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        std::fs::write(&path, JWK).unwrap();
        for (mode, taken) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o777, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            match read(&path, None) {
                Ok(key) => assert!(taken && key.algorithm() == "Ed25519", "{mode:o}"),
                Err(Failure::Input(text)) => assert!(!taken && text.contains("chmod 600"), "{mode:o}: {text}"),
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn what_is_no_key_is_wrong_input_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let missing = read(&folder.path().join("none.pem"), None).unwrap_err();
        assert!(matches!(missing, Failure::Input(_)), "{missing}");
        for content in [String::new(), "hush-hush".to_owned(), "x".repeat(20_000)] {
            let mut file = tempfile::NamedTempFile::new_in(folder.path()).unwrap();
            std::io::Write::write_all(&mut file, content.as_bytes()).unwrap();
            let Err(Failure::Input(text)) = read(file.path(), None) else { panic!() };
            assert!(text.contains("private key") && !text.contains("hush"), "{text}");
        }
    }
}
