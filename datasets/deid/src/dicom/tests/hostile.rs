//! Bytes of every kind: nothing panics, nothing takes memory that is not there, and nothing raw comes through.

use super::{BIG_ENDIAN, EXPLICIT, IMPLICIT, TABLE, encoded, key, one, rule};
use crate::dicom::person::Pseudonyms;
use crate::dicom::read::{Read, read};
use crate::dicom::scrub::{Deeds, Scrub};
use crate::dicom::{Options, Reason, head_of_file, leak, quarantine};
use proptest::prelude::*;

/// Goes the whole way of a file; what comes out is the bytes of a release.
fn whole_way(bytes: &[u8]) -> Result<Vec<u8>, Reason> {
    let Read { object, transfer_syntax, class } = read(bytes)?;
    let (options, rule) = (Options::default(), rule());
    let file = Read { object, transfer_syntax, class };
    if let Some(reason) = quarantine::judge(&file, &options) {
        return Err(reason);
    }
    let pseudonyms = Pseudonyms::new(&key(1), &rule).unwrap();
    let scrub = Scrub { table: &TABLE, options: &options, pseudonyms: &pseudonyms };
    let person = pseudonyms.person("HOSP-0042").unwrap();
    let identifiers = leak::Identifiers::of(&file.object, &options);
    let clean = scrub.scrub(file.object, &person, &mut Deeds::default());
    if identifiers.stand_in(&clean) {
        return Err(Reason::Leak);
    }
    head_of_file::write(clean, &file.transfer_syntax)
}

fn syntax() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(EXPLICIT), Just(IMPLICIT), Just(BIG_ENDIAN)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn a_file_with_other_bytes_is_read_or_held_back(
        syntax in syntax(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = encoded(one(), syntax);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(released) = whole_way(&bytes) {
            // What was written can be read again, and has no byte of the head that said something.
            prop_assert!(read(&released).is_ok());
            prop_assert!(!released.windows(8).any(|window| window == b"PACSHONG"));
            prop_assert_eq!(&released[..128], &[0; 128]);
        }
    }

    #[test]
    fn bytes_behind_an_honest_head_are_read_or_held_back(
        syntax in syntax(),
        tail in prop::collection::vec(any::<u8>(), 0..200),
        delimiters in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..6), 0..6),
    ) {
        let mut bytes = encoded(one(), syntax);
        let length = u32::from_le_bytes([bytes[140], bytes[141], bytes[142], bytes[143]]);
        bytes.truncate(144 + usize::try_from(length).unwrap());
        let mut tail = tail;
        for (at, kind) in delimiters {
            let delimiter: &[u8] = match kind {
                0 => &[0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0],
                1 => &[0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0],
                2 => &[0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff],
                3 => &[0x08, 0x00, 0x40, 0x11, b'S', b'Q', 0, 0, 0xff, 0xff, 0xff, 0xff],
                4 => &[0xe0, 0x7f, 0x10, 0x00, b'O', b'B', 0, 0, 0xff, 0xff, 0xff, 0xff],
                _ => &[0x08, 0x00, 0x40, 0x11, 0xff, 0xff, 0xff, 0xff],
            };
            let at = at.index(tail.len() + 1);
            tail.splice(at..at, delimiter.iter().copied());
        }
        bytes.extend(tail);
        drop(whole_way(&bytes));
    }
}

#[test]
fn every_cut_of_a_file_is_held_back_or_released_without_what_was_cut() {
    let whole = encoded(one(), EXPLICIT);
    for length in 0..whole.len() {
        // An image without its last pixels is no image.
        assert!(whole_way(&whole[..length]).is_err(), "{length} of {}", whole.len());
    }
    assert!(whole_way(&whole).is_ok());
}

#[test]
fn lengths_that_are_not_there_take_no_memory() {
    let whole = encoded(one(), EXPLICIT);
    let mut head = whole.clone();
    // The length of the class in the file's head.
    let at = head.windows(6).position(|window| window == [2, 0, 2, 0, b'U', b'I']).unwrap();
    head[at + 6..at + 8].copy_from_slice(&[0xff, 0xff]);
    assert_eq!(whole_way(&head), Err(Reason::Broken));
    let mut pixels = whole;
    let at = pixels.windows(6).position(|window| window == [0xe0, 0x7f, 0x10, 0, b'O', b'W']).unwrap();
    pixels[at + 8..at + 12].copy_from_slice(&[0xfe, 0xff, 0xff, 0xff]);
    assert_eq!(whole_way(&pixels), Err(Reason::Broken));
}

#[test]
fn a_million_levels_of_nesting_end_at_the_limit() {
    let mut bytes = encoded(one(), EXPLICIT);
    for _ in 0..1_000_000 {
        bytes.extend([0x08, 0x00, 0x40, 0x11, b'S', b'Q', 0, 0, 0xff, 0xff, 0xff, 0xff]);
        bytes.extend([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff]);
    }
    assert_eq!(whole_way(&bytes), Err(Reason::TooDeep));
}
