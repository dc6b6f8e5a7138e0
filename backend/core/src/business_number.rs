//! The number under which a Korean business is registered with the tax office (사업자등록번호).

/// A registration number with a right check digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessNumber([u8; 10]);

impl BusinessNumber {
    /// Reads ten digits, with or without hyphens (`123-45-67891`), and checks the last of them: the others are multiplied
    /// by 1, 3, 7, 1, 3, 7, 1, 3, 5 and added up, with the tens of the ninth product; ten minus the last digit of that sum
    /// is the check digit. `None` when it is no such number.
    pub fn parse(text: &str) -> Option<Self> {
        const WEIGHTS: [u32; 9] = [1, 3, 7, 1, 3, 7, 1, 3, 5];
        let plain = text.chars().filter(|letter| *letter != '-' && !letter.is_whitespace());
        let digits: Vec<u32> = plain.map(|letter| letter.to_digit(10)).collect::<Option<_>>()?;
        let (check, first) = digits.split_last()?;
        let ninth = first.get(8)?;
        if first.len() != WEIGHTS.len() || digits.iter().all(|digit| *digit == 0) {
            return None;
        }
        let products: u32 = first.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
        let sum = products + ninth * 5 / 10;
        if (10 - sum % 10) % 10 != *check {
            return None;
        }
        let bytes: Vec<u8> = digits.into_iter().filter_map(|digit| u8::try_from(digit).ok()).collect();
        bytes.try_into().ok().map(Self)
    }
}

impl std::fmt::Display for BusinessNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, digit) in self.0.iter().enumerate() {
            if place == 3 || place == 5 {
                f.write_str("-")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_that_companies_publish_are_right() {
        // Printed on the companies' own web sites: Samsung Electronics, NAVER, Kakao.
        for text in ["124-81-00998", "220-81-62517", "120-81-47521"] {
            assert_eq!(BusinessNumber::parse(text).map(|number| number.to_string()).as_deref(), Some(text));
        }
        assert_eq!(BusinessNumber::parse("1248100998"), BusinessNumber::parse("124-81-00998"));
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_noticed(number in "[0-9]{9}", place in 0_usize..10, other in 1_u32..10) {
            let right = (0..10).find_map(|check| BusinessNumber::parse(&format!("{number}{check}")));
            prop_assume!(right.is_some());
            let plain = right.map(|right| right.to_string().replace('-', "")).unwrap_or_default();
            let change = |(at, letter): (usize, char)| match letter.to_digit(10) {
                Some(digit) if at == place => char::from_digit((digit + other) % 10, 10).unwrap_or('0'),
                _ => letter,
            };
            let changed: String = plain.chars().enumerate().map(change).collect();
            // The ninth digit counts five times and its tens once more: two of ten then agree.
            prop_assume!(place != 8);
            prop_assert_eq!(BusinessNumber::parse(&changed), None);
        }

        #[test]
        fn any_text_can_be_looked_at(text in "\\PC{0,20}") {
            let _ = BusinessNumber::parse(&text).map(|number| number.to_string());
        }
    }

    #[test]
    fn other_lengths_letters_and_nothing_are_refused() {
        for text in ["", "000-00-00000", "124-81-0099", "124-81-009980", "124-81-0099x", "124-81-00999"] {
            assert_eq!(BusinessNumber::parse(text), None, "{text}");
        }
    }
}
