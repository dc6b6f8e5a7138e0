//! Identifiers that can be planted: of the form of real ones, and nobody's.

use crate::draw::{unit, whole};
use rand_chacha::ChaCha8Rng;

/// What is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identifier {
    Name,
    ResidentNumber,
    Phone,
    Email,
}

/// Syllables that are no names of people: mountains, stars, wind and water.
const FIRST: [&str; 8] = ["뫼", "별", "샘", "솔", "늘", "봄", "물", "돌"];
const SECOND: [&str; 8] = ["무등", "바람", "구름", "나래", "이슬", "여울", "노을", "가람"];
const LATIN: [&str; 8] = ["moe", "byeol", "saem", "sol", "neul", "bom", "mul", "dol"];

impl Identifier {
    /// The name of the fault.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Name => "identifier_name",
            Self::ResidentNumber => "identifier_resident_number",
            Self::Phone => "identifier_phone",
            Self::Email => "identifier_email",
        }
    }

    /// What a clean note has in its place.
    pub(crate) fn placeholder(self) -> &'static str {
        match self {
            Self::Name => "[이름]",
            Self::ResidentNumber => "[주민등록번호]",
            Self::Phone => "[전화번호]",
            Self::Email => "[전자우편]",
        }
    }

    pub(crate) fn draw(self, rng: &mut ChaCha8Rng) -> String {
        let mut number = |from: u32, until: u32| {
            let width = f64::from(until - from);
            from + u32::try_from(whole(unit(rng) * width)).unwrap_or(0)
        };
        match self {
            Self::Name => format!("{}{}", one(&FIRST, number(0, 8)), one(&SECOND, number(0, 8))),
            Self::ResidentNumber => {
                // Born from 2080 on: whoever has such a number is not born yet.
                let (year, month, day) = (number(80, 100), number(1, 13), number(1, 29));
                let (sex, rest) = (number(3, 5), number(0, 100_000));
                resident_number(&format!("{year:02}{month:02}{day:02}{sex}{rest:05}"))
            }
            Self::Phone => format!("010-0000-{:04}", number(0, 10_000)),
            Self::Email => format!("{}{:03}@example.com", one(&LATIN, number(0, 8)), number(0, 1_000)),
        }
    }
}

fn one(of: &[&'static str], position: u32) -> &'static str {
    usize::try_from(position).ok().and_then(|position| of.get(position)).copied().unwrap_or("산")
}

/// A resident registration number of its first twelve digits, with the check digit.
fn resident_number(digits: &str) -> String {
    let (front, back) = digits.split_at_checked(6).unwrap_or((digits, ""));
    format!("{front}-{back}{}", check_digit(digits))
}

/// Eleven less the weighted sum of twelve digits, of which the last digit is taken.
pub(crate) fn check_digit(digits: &str) -> u32 {
    let weights = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
    let sum: u32 = digits.chars().filter_map(|digit| digit.to_digit(10)).zip(weights).map(|(a, b)| a * b).sum();
    (11 - sum % 11) % 10
}
