//! Counting tests from the closing lines of `cargo test` and `pytest`.

use std::ops::AddAssign;

/// Tests that ran.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    /// Adds what a line of output reports; other lines count nothing.
    pub(crate) fn read(&mut self, line: &str) {
        let plain = without_colours(line);
        let line = plain.trim().trim_matches('=').trim();
        let is_cargo = line.starts_with("test result: ");
        let is_pytest = line.contains(" in ") && line.ends_with(['s', ')']) && !line.contains("::");
        if !is_cargo && !is_pytest {
            return;
        }
        let words: Vec<&str> = line.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect();
        let mut found = Self::default();
        for (number, unit) in words.iter().zip(words.iter().skip(1)) {
            let Ok(number) = number.parse::<u64>() else { continue };
            match *unit {
                "passed" => found.passed = number,
                "failed" => found.failed += number,
                "error" | "errors" => found.failed += number,
                "skipped" | "ignored" => found.skipped = number,
                _ => {}
            }
        }
        *self += found;
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(|c| c.is_ascii_alphabetic());
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> (u64, u64, u64) {
        let mut tally = Tally::default();
        tally.read(line);
        (tally.passed, tally.failed, tally.skipped)
    }

    #[test]
    fn closing_lines_are_counted() {
        let cargo =
            "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(read(cargo), (12, 2, 1));
        assert_eq!(read("===== 3 passed, 1 skipped in 2.31s ====="), (3, 0, 1));
        assert_eq!(read("1 failed, 3 passed, 2 errors in 62.10s (0:01:02)"), (3, 3, 0));
        assert_eq!(read("\u{1b}[32m\u{1b}[1m7 passed\u{1b}[0m\u{1b}[32m in 1.00s\u{1b}[0m"), (7, 0, 0));
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(read("drill: 20 passed rounds"), (0, 0, 0));
        assert_eq!(read("test policy::tests::a_day_in_seconds ... ok"), (0, 0, 0));
        assert_eq!(read("running 12 tests"), (0, 0, 0));
    }
}
