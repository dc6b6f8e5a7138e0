//! Numbers as people read them: grouped digits, binary sizes, percentages.

/// `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1.5 MiB`; rounded down to a tenth, so that a full budget never shows as more.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    let mut tenths = u128::from(bytes) * 10 / 1_024;
    let mut unit = "KiB";
    for larger in UNITS.into_iter().skip(1) {
        if tenths < 10_240 {
            break;
        }
        (tenths, unit) = (tenths / 1_024, larger);
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// `12.34 %` of a share between 0 and 1.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// `0.014973`: ρ of zero-concentrated differential privacy, from units of 2^-50; rounded up, so that none is hidden.
pub(crate) fn loss(units: u64) -> String {
    let millionths = (u128::from(units) * 1_000_000).div_ceil(1 << 50);
    format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}

/// How many thousandths of the limit are used, at most 1000.
pub(crate) fn permille(used: u64, limit: u64) -> u64 {
    match limit {
        0 => 1_000,
        limit => u64::try_from(u128::from(used.min(limit)) * 1_000 / u128::from(limit)).unwrap_or(1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(size(1_023), "1023 B");
        assert_eq!(size(1_536), "1.5 KiB");
        assert_eq!(size(5 << 30), "5.0 GiB");
        assert_eq!(size(u64::MAX), "16383.9 PiB");
        assert_eq!(percent(0.1234), "12.34 %");
        assert_eq!((loss(0), loss(1), loss(3 << 49)), ("0.000000".into(), "0.000001".into(), "1.500000".into()));
        assert_eq!(permille(1, 3), 333);
        assert_eq!(permille(9, 3), 1_000);
        assert_eq!(permille(0, 0), 1_000);
    }
}
