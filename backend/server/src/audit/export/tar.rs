//! A folder as one stream: the ustar form of POSIX, which every system unpacks.

use mudeung_core::clock::Timestamp;

const BLOCK: usize = 512;

/// The header and the padded bytes of a file.
pub fn file(name: &str, bytes: &[u8], at: Timestamp) -> Vec<u8> {
    let mut archive = header(name, bytes.len(), at);
    archive.extend_from_slice(bytes);
    archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    archive
}

/// What ends an archive.
pub fn end() -> Vec<u8> {
    vec![0; 2 * BLOCK]
}

/// Names are ours: ASCII, and at most 100 bytes.
fn header(name: &str, size: usize, at: Timestamp) -> Vec<u8> {
    let octal = |value: String, width: usize| format!("{value:0>width$}\0");
    let mut head = Vec::with_capacity(BLOCK);
    let mut field = |text: &str, width: usize| {
        let end = head.len() + width;
        head.extend(text.bytes().take(width));
        head.resize(end, 0);
    };
    field(name, 100);
    field(&octal("644".to_owned(), 7), 8);
    field(&octal("0".to_owned(), 7), 8);
    field(&octal("0".to_owned(), 7), 8);
    field(&octal(format!("{size:o}"), 11), 12);
    field(&octal(format!("{:o}", at.seconds().max(0)), 11), 12);
    field("        ", 8);
    field("0", 1);
    field("", 100);
    field("ustar\x0000", 8);
    field("", 247);
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    // The sum counts its own field as spaces.
    let sum = format!("{sum:06o}\0 ");
    if let Some(place) = head.get_mut(148..156) {
        place.copy_from_slice(sum.as_bytes());
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_unpacks_what_was_packed() {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = file("export/entries/0.ndjson", b"one\n", Timestamp::from_seconds(1_767_225_600));
        archive.extend(file("export/manifest.json", &vec![b'x'; 1_000], Timestamp::from_seconds(0)));
        archive.extend(end());
        std::fs::write(folder.path().join("a.tar"), archive).unwrap();
        let status = std::process::Command::new("tar").args(["-xf", "a.tar"]).current_dir(folder.path()).status();
        assert!(status.unwrap().success());
        assert_eq!(std::fs::read(folder.path().join("export/entries/0.ndjson")).unwrap(), b"one\n");
        assert_eq!(std::fs::read(folder.path().join("export/manifest.json")).unwrap().len(), 1_000);
    }
}
