//! Times as people read them here: Korea Standard Time, to the minute.

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use mudeung_core::clock::Timestamp;

fn kst() -> TimeZone {
    TimeZone::fixed(Offset::constant(9))
}

/// `2026-01-31 09:05`, in KST.
pub(crate) fn minute(at: Timestamp) -> String {
    match jiff::Timestamp::from_microsecond(at.micros()) {
        Ok(at) => at.to_zoned_datetime(kst()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => String::new(),
    }
}

/// The hour of the day in KST.
pub(crate) fn hour(at: Timestamp) -> Option<i8> {
    let at = jiff::Timestamp::from_microsecond(at.micros()).ok()?;
    Some(at.to_zoned_datetime(kst()).hour())
}

/// `2026-01-31`, in KST: what a field for a day holds.
pub(crate) fn day(at: Timestamp) -> String {
    match jiff::Timestamp::from_microsecond(at.micros()) {
        Ok(at) => at.to_zoned_datetime(kst()).strftime("%Y-%m-%d").to_string(),
        Err(_) => String::new(),
    }
}

/// The last day before an end, in KST: what ends with a day is said to hold on it.
pub(crate) fn last_day(end: Timestamp) -> String {
    day(Timestamp::from_micros(end.micros().saturating_sub(1)))
}

/// `2026-01-31 09:05:07.123456`, in KST.
pub(crate) fn precise(micros: i64) -> String {
    match jiff::Timestamp::from_microsecond(micros) {
        Ok(at) => at.to_zoned_datetime(kst()).strftime("%Y-%m-%d %H:%M:%S%.6f").to_string(),
        Err(_) => micros.to_string(),
    }
}

/// `2026-01-31`, of a period that is counted in UTC.
pub(crate) fn utc_day(at: Timestamp) -> String {
    match jiff::Timestamp::from_microsecond(at.micros()) {
        Ok(at) => at.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m-%d").to_string(),
        Err(_) => String::new(),
    }
}

/// `2026-01-31 09h`, of a period that is counted in UTC.
pub(crate) fn utc_hour(at: Timestamp) -> String {
    match jiff::Timestamp::from_microsecond(at.micros()) {
        Ok(at) => at.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m-%d %Hh").to_string(),
        Err(_) => String::new(),
    }
}

/// The first moment of a day in KST that is written as `2026-01-31`.
pub fn start_of_day(text: &str) -> Option<Timestamp> {
    let day: Date = text.parse().ok().filter(|_| text.len() == 10)?;
    let start = day.to_zoned_datetime(kst()).ok()?;
    Some(Timestamp::from_micros(start.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_shown_in_korea_standard_time() {
        let at = Timestamp::from_seconds(1_767_225_600);
        assert_eq!(minute(at), "2026-01-01 09:00");
        assert_eq!(precise(at.micros() + 1), "2026-01-01 09:00:00.000001");
        assert_eq!((utc_day(at), utc_hour(at)), ("2026-01-01".to_owned(), "2026-01-01 00h".to_owned()));
        assert_eq!(minute(start_of_day("2026-01-01").unwrap()), "2026-01-01 00:00");
        assert_eq!(day(start_of_day("2026-01-01").unwrap()), "2026-01-01");
        assert_eq!(last_day(start_of_day("2026-01-01").unwrap()), "2025-12-31");
        assert_eq!(start_of_day("2026-02-30"), None);
        assert_eq!(start_of_day("yesterday"), None);
    }
}
