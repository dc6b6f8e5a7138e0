//! Forms as browsers write them, and bodies that are none.

use super::*;
use futures_util::FutureExt;
use proptest::prelude::*;

const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW";

fn body(parts: &[Part]) -> Bytes {
    let mut body = Vec::new();
    for part in parts {
        let quoted = |text: &str| text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"", quoted(&part.name)).bytes());
        if let Some(name) = &part.file_name {
            body.extend(format!("; filename=\"{}\"\r\nContent-Type: application/pdf", quoted(name)).bytes());
        }
        body.extend(b"\r\n\r\n");
        body.extend(&part.bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body.into()
}

/// The parts of a body, awaited: nothing of it has to be waited for.
fn read(body: Bytes) -> Option<Vec<Part>> {
    parts(BOUNDARY, body).now_or_never().unwrap()
}

fn any_part() -> impl Strategy<Value = Part> {
    let bytes = proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'-'), any::<u8>()], 0..40);
    let file_name = proptest::option::of("[a-z가-힣\"\r\n.]{0,10}");
    ("[a-z_]{1,8}", file_name, bytes).prop_map(|(name, file_name, bytes)| Part { name, file_name, bytes: bytes.into() })
}

proptest! {
    #[test]
    fn what_a_browser_sends_is_read_and_no_cut_of_it(
        sent in proptest::collection::vec(any_part(), 0..5),
        cut in any::<proptest::sample::Index>(),
    ) {
        let body = body(&sent);
        prop_assert_eq!(read(body.clone()), Some(sent));
        let end = body.len().saturating_sub(4);
        prop_assert_eq!(read(body.slice(..cut.index(end))), None);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), begin: bool) {
        let body = if begin { [format!("--{BOUNDARY}\r\n").as_bytes(), &bytes].concat() } else { bytes };
        let _ = read(body.into());
    }
}

#[test]
fn a_form_has_few_parts_with_short_heads() {
    let part = Part { name: "a".to_owned(), file_name: None, bytes: Bytes::new() };
    assert!(read(body(&vec![part.clone(); PARTS_MAX])).is_some());
    assert!(read(body(&vec![part.clone(); PARTS_MAX + 1])).is_none());
    assert!(read(body(&[Part { name: "x".repeat(HEAD_BYTES), ..part }])).is_none());
}

#[test]
fn a_boundary_is_what_the_standard_allows() {
    for (text, expected) in [
        ("multipart/form-data; boundary=abc", Some("abc")),
        ("Multipart/Form-Data; charset=utf-8; boundary=\"a b\"", Some("a b")),
        ("multipart/mixed; boundary=abc", None),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary=", None),
        ("multipart/form-data; boundary=a\r\nb", None),
        ("application/x-www-form-urlencoded", None),
    ] {
        assert_eq!(boundary(text).as_deref(), expected, "{text}");
    }
    assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "x".repeat(71))), None);
}

#[test]
fn only_the_two_forms_with_files_may_be_large() {
    for (path, expected) in [
        ("/ko/requests/req_1/attach", true),
        ("/en/requests/req_1/enclose", true),
        ("/en/requests/req_1/message", false),
        ("/en/requests", false),
        ("/v1/requests/req_1/attach", false),
        ("/oauth2/token", false),
    ] {
        assert_eq!(takes_files(path), expected, "{path}");
    }
}
