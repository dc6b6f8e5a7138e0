use super::*;
use actix_web::http::header::{HeaderName, HeaderValue};
use proptest::prelude::*;

/// The plainest model there is: the list of positions, filtered.
fn model(first: Option<u64>, last: Option<u64>, len: u64) -> Part {
    let positions: Vec<u64> = match (first, last) {
        (Some(first), Some(last)) if first > last => return Part::Whole,
        (Some(first), Some(last)) => (0..len).filter(|at| *at >= first && *at <= last).collect(),
        (Some(first), None) => (0..len).filter(|at| *at >= first).collect(),
        (None, Some(suffix)) => (0..len).filter(|at| len - at <= suffix).collect(),
        (None, None) => return Part::Whole,
    };
    match (positions.first(), positions.last()) {
        (Some(start), Some(end)) => Part::Some(*start..*end + 1),
        _ => Part::Outside,
    }
}

proptest! {
    #[test]
    fn ranges_are_those_of_the_model(
        first in proptest::option::of(0_u64..60),
        last in proptest::option::of(0_u64..60),
        len in 0_u64..50,
    ) {
        let side = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        let text = format!("bytes={}-{}", side(first), side(last));
        prop_assert_eq!(parse(&text, len), model(first, last, len));
    }

    #[test]
    fn no_text_gives_a_range_outside_the_file(text in "(bytes=)?[0-9,x -]{0,12}", len in 0_u64..40) {
        if let Part::Some(range) = parse(&text, len) {
            prop_assert!(range.start < range.end && range.end <= len);
        }
    }

    #[test]
    fn shares_of_rows_add_up_and_never_pass_the_whole(rows in 0_u64..1_000, len in 1_u64..500, bytes in 0_u64..500) {
        let share = share_of_rows(rows, bytes.min(len), len);
        prop_assert!(share <= rows);
        prop_assert_eq!(share_of_rows(rows, len, len), rows);
        prop_assert_eq!(share_of_rows(rows, len + bytes.min(len - 1), len), rows + share_of_rows(rows, bytes.min(len - 1), len));
    }
}

#[test]
fn odd_ranges_are_ignored_or_outside() {
    for ignored in [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=a-b",
        "bytes=1-2,4-5",
        "items=0-1",
        "bytes=+1-2",
        "bytes=0x1-2",
        "bytes=1 -2",
    ] {
        assert_eq!(parse(ignored, 10), Part::Whole, "{ignored}");
    }
    for outside in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-"] {
        assert_eq!(parse(outside, 10), Part::Outside, "{outside}");
    }
    assert_eq!(parse("bytes=-99999999999999999999999", 10), Part::Some(0..10));
    assert_eq!(parse("Bytes=3-99999999999999999999999", 10), Part::Some(3..10));
    assert_eq!(parse("bytes=-5", 0), Part::Outside);
}

#[test]
fn conditions_decide_before_the_range_does() {
    let table: &[(&[(&str, &str)], Part)] = &[
        (&[], Part::Whole),
        (&[("if-none-match", "\"t\"")], Part::Unchanged),
        (&[("if-none-match", "W/\"t\"")], Part::Unchanged),
        (&[("if-none-match", "\"a\", \"t\"")], Part::Unchanged),
        (&[("if-none-match", "*")], Part::Unchanged),
        (&[("if-none-match", "\"other\"")], Part::Whole),
        (&[("if-none-match", "t")], Part::Whole),
        (&[("if-none-match", "\"t\""), ("range", "bytes=0-1")], Part::Unchanged),
        (&[("range", "bytes=0-1")], Part::Some(0..2)),
        (&[("range", "bytes=0-1"), ("if-range", "\"t\"")], Part::Some(0..2)),
        (&[("range", "bytes=0-1"), ("if-range", "W/\"t\"")], Part::Whole),
        (&[("range", "bytes=0-1"), ("if-range", "\"old\"")], Part::Whole),
        (&[("range", "bytes=0-1"), ("if-range", "Wed, 21 Oct 2015 07:28:00 GMT")], Part::Whole),
        (&[("range", "bytes=50-"), ("if-range", "\"old\"")], Part::Whole),
        (&[("range", "bytes=50-")], Part::Outside),
        (&[("if-range", "\"t\"")], Part::Whole),
    ];
    for (headers, expected) in table {
        let mut map = HeaderMap::new();
        for (name, value) in *headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        assert_eq!(wanted(&map, 10, "t"), *expected, "{headers:?}");
    }
}
