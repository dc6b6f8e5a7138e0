//! Calendar months in Korea Standard Time (UTC+9, no summer time): the periods that are invoiced.

use std::fmt;
use std::str::FromStr;

const DAY_US: i64 = 86_400_000_000;
/// How far Korean clocks are ahead of UTC.
const KST_US: i64 = 9 * 3_600_000_000;

/// A calendar month in Korea Standard Time, between the years 1970 and 9999.
///
/// ```
/// use mudeung_wire::invoice::Month;
/// let month: Month = "2026-10".parse().unwrap();
/// assert_eq!(month.begin_us(), 1_790_780_400_000_000, "2026-09-30T15:00:00Z");
/// assert_eq!(Month::of(month.end_us() - 1), Some(month));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i64,
    number: i64,
}

/// A text that is not a month such as `2026-10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a month is written as 2026-10")]
pub struct InvalidMonth;

impl Month {
    /// The month that holds a moment, given in microseconds since the Unix epoch; nothing outside the years 1970 to 9999.
    pub fn of(time_us: i64) -> Option<Self> {
        let (year, number) = civil(time_us.checked_add(KST_US)?.div_euclid(DAY_US));
        Self { year, number }.checked()
    }

    /// The first moment, in microseconds since the Unix epoch, UTC.
    pub const fn begin_us(self) -> i64 {
        first_day(self.year, self.number) * DAY_US - KST_US
    }

    /// The first moment that is not in it any more.
    pub const fn end_us(self) -> i64 {
        self.following().begin_us()
    }

    /// The month after.
    #[must_use]
    pub const fn following(self) -> Self {
        match self.number {
            12 => Self { year: self.year + 1, number: 1 },
            number => Self { year: self.year, number: number + 1 },
        }
    }

    /// The month before; nothing before 1970.
    pub fn preceding(self) -> Option<Self> {
        Self::of(self.begin_us() - 1)
    }

    fn checked(self) -> Option<Self> {
        ((1970..=9999).contains(&self.year) && (1..=12).contains(&self.number)).then_some(self)
    }
}

/// Days from 1970-01-01 to the first of a month, in the proleptic Gregorian calendar.
const fn first_day(year: i64, month: i64) -> i64 {
    // Years begin in March here, so that the day that comes and goes is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year and month of a day.
const fn civil(day: i64) -> (i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = ((5 * of_year + 2) / 153 + 2) % 12 + 1;
    (era * 400 + year + if month <= 2 { 1 } else { 0 }, month)
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.number)
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, InvalidMonth> {
        let (year, number) = text.split_once('-').ok_or(InvalidMonth)?;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if year.len() != 4 || number.len() != 2 || !digits(year) || !digits(number) {
            return Err(InvalidMonth);
        }
        let part = |text: &str| text.parse().ok().ok_or(InvalidMonth);
        Self { year: part(year)?, number: part(number)? }.checked().ok_or(InvalidMonth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn months_follow_each_other_without_a_gap() {
        let mut month: Month = "1970-02".parse().unwrap();
        let mut months = 0;
        while month.to_string() != "9999-12" {
            let next = month.following();
            assert_eq!((month.end_us(), next.preceding()), (next.begin_us(), Some(month)), "{month}");
            assert_eq!(month.to_string().parse(), Ok(month));
            let days = (month.end_us() - month.begin_us()) / DAY_US;
            let leap = month.year % 4 == 0 && (month.year % 100 != 0 || month.year % 400 == 0);
            let expected = match month.number {
                2 => 28 + i64::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            assert_eq!(days, expected, "{month}");
            (month, months) = (next, months + 1);
        }
        assert_eq!(months, 8_030 * 12 - 2);
    }

    #[test]
    fn other_texts_are_no_months() {
        for text in ["", "2026", "2026-1", "2026-13", "2026-00", "26-10", "+026-10", "2026-10-01", "0000-10", "2026-١٠"]
        {
            assert_eq!(text.parse::<Month>(), Err(InvalidMonth), "{text}");
        }
        assert_eq!(Month::of(i64::MAX), None);
        assert_eq!(Month::of(i64::MIN), None);
    }

    proptest! {
        #[test]
        fn a_moment_lies_within_its_month(time_us in 0_i64..250_000_000_000_000_000) {
            let month = Month::of(time_us).unwrap();
            prop_assert!((month.begin_us()..month.end_us()).contains(&time_us));
        }
    }
}
