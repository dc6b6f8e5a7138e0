//! Files beside a request: which kinds there are, told by their first bytes, and what a name may look like.

/// The most files of one request.
pub const ATTACHMENTS_MAX: u32 = 20;
/// The most characters of a name.
const NAME_MAX: usize = 100;

/// A file beside a request, as its history says it. Its bytes lie elsewhere, under their hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, cleaned.
    pub name: String,
    /// What it is.
    pub kind: FileKind,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
}

/// A kind of file that is taken in. None is ever opened or unpacked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// PDF.
    Pdf,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// A document of Office Open XML.
    Docx,
    /// A document of Hancom Office, version 5 and later, in binary.
    Hwp,
    /// A document of Hancom Office in XML.
    Hwpx,
    /// Plain text in UTF-8.
    Text,
}

impl FileKind {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Pdf, Self::Png, Self::Jpeg, Self::Docx, Self::Hwp, Self::Hwpx, Self::Text];

    /// The kind that bytes are of, whatever their name says; `None` when they are of none that is taken in.
    ///
    /// Archives are looked through for the names of their first parts, and never unpacked: what a bomb would become, nobody
    /// here finds out.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let begins = |magic: &[u8]| bytes.starts_with(magic);
        if begins(b"%PDF-") {
            Some(Self::Pdf)
        } else if begins(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if begins(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if begins(b"PK\x03\x04") {
            archive(bytes)
        } else if begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
            holds(bytes, b"HWP Document File").then_some(Self::Hwp)
        } else {
            is_plain_text(bytes).then_some(Self::Text)
        }
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Docx => "docx",
            Self::Hwp => "hwp",
            Self::Hwpx => "hwpx",
            Self::Text => "txt",
        }
    }

    /// Reads a name; `None` when there is no such kind.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Hwp => "application/x-hwp",
            Self::Hwpx => "application/hwp+zip",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    /// The endings that names of this kind have.
    pub const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &["pdf"],
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Docx => &["docx"],
            Self::Hwp => &["hwp"],
            Self::Hwpx => &["hwpx"],
            Self::Text => &["txt"],
        }
    }

    /// Whether a name ends as those of this kind do.
    pub fn fits(self, name: &str) -> bool {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        self.endings().contains(&ending.as_str())
    }
}

/// HWPX says what it is in its first part, which is stored as it is; DOCX by the names of its parts.
fn archive(bytes: &[u8]) -> Option<FileKind> {
    const MIMETYPE: &[u8] = b"mimetypeapplication/hwp+zip";
    const FIRST: usize = 30;
    if bytes.get(FIRST..).is_some_and(|rest| rest.starts_with(MIMETYPE)) {
        return Some(FileKind::Hwpx);
    }
    (holds(bytes, b"[Content_Types].xml") && holds(bytes, b"word/document.xml")).then_some(FileKind::Docx)
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// Text that shows as it is and that nothing takes for markup.
fn is_plain_text(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shows = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
    !text.trim().is_empty() && text.chars().all(shows) && !text.trim_start().starts_with('<')
}

/// A name without folders, without letters that steer or hide others, and without what file systems trip over; `None` when
/// nothing is left.
///
/// ```
/// use mudeung_core::request::attachment::clean_name;
/// assert_eq!(clean_name("../../etc/irb.pdf").as_deref(), Some("irb.pdf"));
/// assert_eq!(clean_name("a\u{202e}fdp.exe").as_deref(), Some("afdp.exe"));
/// assert_eq!(clean_name("..").as_deref(), None);
/// ```
pub fn clean_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let tame =
        |letter: char| if matches!(letter, '"' | '<' | '>' | ':' | '|' | '?' | '*' | '%') { '_' } else { letter };
    let shown: String = last.chars().filter(|letter| !is_hidden(*letter)).map(tame).collect();
    let shown = shown.trim_matches(|letter: char| letter == '.' || letter.is_whitespace());
    // The ending says what it is: when a name is too long, its middle goes.
    let (stem, ending) = shown.rsplit_once('.').unwrap_or((shown, ""));
    let ending: String = if ending.is_empty() { String::new() } else { format!(".{ending}") };
    let room = NAME_MAX.checked_sub(ending.chars().count()).filter(|room| *room > 0)?;
    let stem: String = stem.chars().take(room).collect();
    let stem = if ending.is_empty() { stem.trim_end() } else { stem.as_str() };
    (!stem.trim().is_empty()).then(|| format!("{stem}{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zip(parts: &[u8]) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.resize(30, 0);
        bytes.extend(parts);
        bytes
    }

    #[test]
    fn files_are_what_their_bytes_say() {
        let ole = |rest: &[u8]| [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), rest].concat();
        for (bytes, expected) in [
            (b"%PDF-1.7 ...".to_vec(), Some(FileKind::Pdf)),
            (b"\x89PNG\r\n\x1a\n....".to_vec(), Some(FileKind::Png)),
            (b"\xff\xd8\xff\xe0".to_vec(), Some(FileKind::Jpeg)),
            (zip(b"[Content_Types].xml ... word/document.xml"), Some(FileKind::Docx)),
            (zip(b"mimetypeapplication/hwp+zip"), Some(FileKind::Hwpx)),
            (ole(b"... HWP Document File ..."), Some(FileKind::Hwp)),
            ("보안 계획\r\n\t1. 망분리".as_bytes().to_vec(), Some(FileKind::Text)),
            // Other archives and documents, programs, markup, and texts that steer a terminal.
            (zip(b"classes.dex"), None),
            (zip(b"[Content_Types].xml xl/workbook.xml"), None),
            (ole(b"WordDocument"), None),
            (b"MZ\x90\x00".to_vec(), None),
            (b"\x7fELF".to_vec(), None),
            (b"<!DOCTYPE html><script>".to_vec(), None),
            (b" \n<svg onload=alert(1)>".to_vec(), None),
            ("\u{feff}<html>".as_bytes().to_vec(), None),
            (b"a\x1b[2Jb".to_vec(), None),
            (b"\xb0\xa1".to_vec(), None),
            (b"  ".to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(FileKind::of(&bytes), expected, "{bytes:?}");
        }
        assert!(FileKind::Jpeg.fits("a.JPG") && !FileKind::Pdf.fits("a.pdf.exe") && !FileKind::Pdf.fits("pdf"));
    }

    proptest! {
        /// Whatever the name, what is kept of it is one visible line without a folder, and cleaning it again changes nothing.
        #[test]
        fn no_name_steers_or_leaves_its_place(name in "(\\PC|[\\x00-\\x1f/\\\\.\"\u{202e}\u{200b}]){0,140}") {
            if let Some(clean) = clean_name(&name) {
                let count = clean.chars().count();
                prop_assert!((1..=NAME_MAX).contains(&count), "{}", count);
                prop_assert!(!clean.chars().any(|letter| letter.is_control() || "/\\\"<>:|?*%".contains(letter)));
                let steering = ['\u{202e}', '\u{200b}'];
                prop_assert!(!clean.starts_with('.') && !clean.contains(steering));
                prop_assert_eq!(clean_name(&clean), Some(clean));
            }
        }

        #[test]
        fn any_bytes_have_a_kind_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = FileKind::of(&bytes);
        }
    }
}
