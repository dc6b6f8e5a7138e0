//! Days since 1970 and dates of the calendar, by Hinnant's algorithms.

/// Year, month and day.
pub(crate) type Civil = (i32, i32, i32);

/// Days since 1970 of a date.
pub(crate) fn days((year, month, day): Civil) -> i32 {
    let year = year - i32::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date of days since 1970.
pub(crate) fn civil(days: i32) -> Civil {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i32::from(month <= 2), month, day)
}

/// A date as ISO 8601 writes it.
pub(crate) fn iso(days: i32) -> String {
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::{civil, days, iso};

    #[test]
    fn dates_come_back_and_follow_each_other() {
        assert_eq!((days((1970, 1, 1)), iso(days((2024, 2, 29)))), (0, "2024-02-29".to_owned()));
        for day in -60_000..40_000 {
            assert_eq!(days(civil(day)), day);
        }
    }
}
