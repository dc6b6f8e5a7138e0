//! CBOR (RFC 8949) as devices write it: lengths that are known, numbers as short as can be, every name of a map once.
//! Tags, floats and what has no known length are refused.

/// How deep lists and maps may lie in each other.
const DEPTH_MAX: usize = 8;
/// How much a list or a map may hold.
const MEMBERS_MAX: u64 = 64;

/// One item of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item<'b> {
    Whole(i64),
    Bytes(&'b [u8]),
    Text(&'b str),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Flag(bool),
    Nothing,
}

impl<'b> Item<'b> {
    /// The item that bytes begin with, and what comes after it.
    pub(super) fn read(bytes: &'b [u8]) -> Option<(Self, &'b [u8])> {
        let mut rest = bytes;
        let item = read(&mut rest, DEPTH_MAX)?;
        Some((item, rest))
    }

    /// The item that bytes are, to the last of them.
    pub(super) fn read_all(bytes: &'b [u8]) -> Option<Self> {
        Self::read(bytes).filter(|(_, rest)| rest.is_empty()).map(|(item, _)| item)
    }

    /// The members of a map.
    pub(super) fn members(&self) -> Option<&[(Self, Self)]> {
        if let Self::Map(members) = self { Some(members) } else { None }
    }

    /// What stands in a map under a name or a number.
    pub(super) fn get(&self, name: &Item<'_>) -> Option<&Self> {
        self.members()?.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The bytes that it is.
    pub(super) const fn bytes(&self) -> Option<&'b [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The number that it is.
    pub(super) const fn whole(&self) -> Option<i64> {
        if let Self::Whole(number) = self { Some(*number) } else { None }
    }
}

fn read<'b>(rest: &mut &'b [u8], depth: usize) -> Option<Item<'b>> {
    let depth = depth.checked_sub(1)?;
    let (major, argument) = head(rest)?;
    match major {
        0 => i64::try_from(argument).ok().map(Item::Whole),
        1 => i64::try_from(argument).ok().map(|number| Item::Whole(-1 - number)),
        2 => take(rest, argument).map(Item::Bytes),
        3 => std::str::from_utf8(take(rest, argument)?).ok().map(Item::Text),
        4 if argument <= MEMBERS_MAX => (0..argument).map(|_| read(rest, depth)).collect::<Option<_>>().map(Item::List),
        5 if argument <= MEMBERS_MAX => {
            let mut members: Vec<(Item<'b>, Item<'b>)> = Vec::new();
            for _ in 0..argument {
                let (key, value) = (read(rest, depth)?, read(rest, depth)?);
                if members.iter().any(|(other, _)| *other == key) {
                    return None;
                }
                members.push((key, value));
            }
            Some(Item::Map(members))
        }
        7 => match argument {
            20 => Some(Item::Flag(false)),
            21 => Some(Item::Flag(true)),
            22 => Some(Item::Nothing),
            _ => None,
        },
        _ => None,
    }
}

/// The kind of an item, and its number or length, which must not be written longer than it need be.
fn head(rest: &mut &[u8]) -> Option<(u8, u64)> {
    let [first] = take(rest, 1)? else { return None };
    let (major, short) = (first >> 5, u64::from(first & 31));
    let (width, least) = match short {
        0..24 => return Some((major, short)),
        // Of kind 7 these are floats.
        _ if major == 7 => return None,
        24 => (1, 24),
        25 => (2, 1 << 8),
        26 => (4, 1 << 16),
        27 => (8, 1 << 32),
        _ => return None,
    };
    let number = take(rest, width)?.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    (number >= least).then_some((major, number))
}

fn take<'b>(rest: &mut &'b [u8], length: u64) -> Option<&'b [u8]> {
    let (taken, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        let pairs = text.as_bytes().chunks(2);
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    #[test]
    fn items_are_those_of_the_examples_of_rfc_8949() {
        let text = |text| Item::Text(text);
        for (bytes, item) in [
            ("00", Item::Whole(0)),
            ("17", Item::Whole(23)),
            ("1818", Item::Whole(24)),
            ("1903e8", Item::Whole(1_000)),
            ("1a000f4240", Item::Whole(1_000_000)),
            ("1b000000e8d4a51000", Item::Whole(1_000_000_000_000)),
            ("20", Item::Whole(-1)),
            ("3863", Item::Whole(-100)),
            ("390100", Item::Whole(-257)),
            ("3b7fffffffffffffff", Item::Whole(i64::MIN)),
            ("f4", Item::Flag(false)),
            ("f5", Item::Flag(true)),
            ("f6", Item::Nothing),
            ("4401020304", Item::Bytes(&[1, 2, 3, 4])),
            ("6449455446", text("IETF")),
            ("63e6b0b4", text("水")),
            ("83010203", Item::List([1, 2, 3].map(Item::Whole).to_vec())),
            ("a201020304", Item::Map(vec![(Item::Whole(1), Item::Whole(2)), (Item::Whole(3), Item::Whole(4))])),
            ("a26161016162820203", {
                let list = Item::List(vec![Item::Whole(2), Item::Whole(3)]);
                Item::Map(vec![(text("a"), Item::Whole(1)), (text("b"), list)])
            }),
        ] {
            assert_eq!(Item::read_all(&hex(bytes)), Some(item), "{bytes}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_or_not_at_all_is_refused() {
        for bytes in [
            "",
            "1817",
            "190017",
            "1a00000001",
            "1b0000000000000001", // longer than need be
            "1bffffffffffffffff",
            "3bffffffffffffffff", // beyond our numbers
            "18",
            "19ff",
            "44010203",
            "830102",
            "a101",
            "62c328", // cut off, or no text
            "5f42010243030405ff",
            "9fff",
            "bf6161019fff",
            "7f61616162ff", // of no known length
            "c074323031332d30332d32315432303a30343a30305a",
            "d81845", // tags
            "f7",
            "f0",
            "f818",
            "f90000",
            "fb3ff199999999999a", // what is neither yes, no nor nothing
            "a201010102",
            "a2616101616102", // a name twice
            "1c",
            "ff",
            "0000", // not there, and something after the end
        ] {
            assert_eq!(Item::read_all(&hex(bytes)), None, "{bytes}");
        }
        let deep = |depth: usize| [vec![0x81; depth], vec![0]].concat();
        assert!(Item::read_all(&deep(DEPTH_MAX - 1)).is_some());
        for depth in [DEPTH_MAX, 1_000_000] {
            assert_eq!(Item::read_all(&deep(depth)), None, "depth is bounded");
        }
        assert!(Item::read_all(&[vec![0x98, 64], vec![0; 64]].concat()).is_some());
        assert_eq!(Item::read_all(&[vec![0x98, 65], vec![0; 65]].concat()), None, "and breadth");
        assert_eq!(Item::read_all(&hex("9b7fffffffffffffff")), None, "whatever a length promises");
    }

    fn write(item: &Item<'_>, out: &mut Vec<u8>) {
        let mut head = |major: u8, number: u64| {
            let bytes = number.to_be_bytes();
            let (short, from) = match number {
                0..24 => (bytes[7], 8),
                24..0x100 => (24, 7),
                0x100..0x1_0000 => (25, 6),
                0x1_0000..0x1_0000_0000 => (26, 4),
                _ => (27, 0),
            };
            out.push(major << 5 | short);
            out.extend(&bytes[from..]);
        };
        let length = |length: usize| u64::try_from(length).unwrap();
        match item {
            Item::Whole(number @ 0..) => head(0, u64::try_from(*number).unwrap()),
            Item::Whole(number) => head(1, u64::try_from(-1 - number).unwrap()),
            Item::Flag(flag) => head(7, if *flag { 21 } else { 20 }),
            Item::Nothing => head(7, 22),
            Item::Bytes(bytes) => {
                head(2, length(bytes.len()));
                out.extend(*bytes);
            }
            Item::Text(text) => {
                head(3, length(text.len()));
                out.extend(text.as_bytes());
            }
            Item::List(items) => {
                head(4, length(items.len()));
                items.iter().for_each(|item| write(item, out));
            }
            Item::Map(members) => {
                head(5, length(members.len()));
                members.iter().for_each(|(key, value)| {
                    write(key, out);
                    write(value, out);
                });
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_so_and_in_no_other_way(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some((item, rest)) = Item::read(&bytes) {
                let mut written = Vec::new();
                write(&item, &mut written);
                prop_assert_eq!(&written[..], &bytes[..bytes.len() - rest.len()]);
            }
        }
    }
}
