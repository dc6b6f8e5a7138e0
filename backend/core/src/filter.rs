//! Simple row filters: comparisons joined by `and`, as in `age >= 60 and sex = 'F' and stage in (1, 2)`.

use std::fmt;

/// The most conditions one filter may have.
pub const CONDITIONS_MAX: usize = 32;
/// The most values one `in` list may have.
pub const VALUES_MAX: usize = 256;
/// The longest filter text, in bytes.
pub const TEXT_MAX: usize = 8 * 1024;

/// Conditions that must all hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Filter {
    /// The conditions; never empty.
    pub conditions: Vec<Condition>,
}

/// One comparison of a column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    /// The column's name.
    pub column: String,
    /// The test it must pass.
    pub test: Test,
}

/// What a column's value must be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Test {
    /// Compares with one value; null never passes.
    Compare(Comparison, Literal),
    /// Is one of the values; null never passes.
    In(Vec<Literal>),
    /// Is null.
    IsNull,
    /// Is not null.
    IsNotNull,
}

/// How to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A value as it was written. Which type it must have is known only with the schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Literal {
    /// A number, in the characters it was written in.
    Number(String),
    /// A text in single quotes; also days and moments.
    Text(String),
    /// `true` or `false`.
    Boolean(bool),
}

/// A text that is not a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {position}: {problem}")]
pub struct InvalidFilter {
    /// Where, counted in characters from 1.
    pub position: usize,
    /// What is wrong, in English.
    pub problem: String,
}

impl Filter {
    /// Reads a filter.
    ///
    /// ```
    /// use mudeung_core::filter::Filter;
    /// let filter = Filter::parse("age >= 60 and sex = 'F'")?;
    /// assert_eq!(filter.columns().collect::<Vec<_>>(), ["age", "sex"]);
    /// assert_eq!(Filter::parse("age >=").unwrap_err().to_string(), "at character 7: expected a value");
    /// # Ok::<(), mudeung_core::filter::InvalidFilter>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, InvalidFilter> {
        if text.len() > TEXT_MAX {
            return Err(InvalidFilter { position: 1, problem: format!("longer than {TEXT_MAX} bytes") });
        }
        let mut parser = Parser { chars: text.chars().collect(), position: 0 };
        let mut conditions = vec![parser.condition()?];
        while !parser.at_end() {
            if conditions.len() == CONDITIONS_MAX {
                return Err(parser.error(format!("more than {CONDITIONS_MAX} conditions")));
            }
            parser.keyword("and")?;
            conditions.push(parser.condition()?);
        }
        Ok(Self { conditions })
    }

    /// The columns it looks at, in order, repeated when they are.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|condition| condition.column.as_str())
    }

    /// Both filters at once.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.conditions.extend(other.conditions);
        self
    }
}

struct Parser {
    chars: Vec<char>,
    position: usize,
}

impl Parser {
    fn error(&self, problem: impl Into<String>) -> InvalidFilter {
        InvalidFilter { position: self.position.saturating_add(1), problem: problem.into() }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.position).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.position += 1;
        }
    }

    fn at_end(&mut self) -> bool {
        self.skip_spaces();
        self.position >= self.chars.len()
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip_spaces();
        let found = self.peek() == Some(wanted);
        if found {
            self.position += 1;
        }
        found
    }

    fn while_char(&mut self, allowed: impl Fn(char) -> bool) -> String {
        let start = self.position;
        while self.peek().is_some_and(&allowed) {
            self.position += 1;
        }
        self.chars.get(start..self.position).unwrap_or_default().iter().collect()
    }

    fn word(&mut self) -> String {
        self.skip_spaces();
        self.while_char(|c| c.is_alphanumeric() || c == '_')
    }

    fn keyword(&mut self, wanted: &str) -> Result<(), InvalidFilter> {
        self.skip_spaces();
        let at = self.error(format!("expected `{wanted}`"));
        if self.word().eq_ignore_ascii_case(wanted) { Ok(()) } else { Err(at) }
    }

    fn condition(&mut self) -> Result<Condition, InvalidFilter> {
        let column = self.column()?;
        self.skip_spaces();
        let test = match self.peek() {
            Some('=' | '!' | '<' | '>') => Test::Compare(self.comparison()?, self.literal()?),
            _ => self.word_test()?,
        };
        Ok(Condition { column, test })
    }

    fn column(&mut self) -> Result<String, InvalidFilter> {
        if self.eat('"') {
            let name = self.while_char(|c| c != '"');
            return if self.eat('"') && !name.is_empty() { Ok(name) } else { Err(self.error("expected a closing \"")) };
        }
        let at = self.error("expected a column name");
        let name = self.word();
        if name.is_empty() { Err(at) } else { Ok(name) }
    }

    fn comparison(&mut self) -> Result<Comparison, InvalidFilter> {
        let at = self.error("expected =, !=, <, <=, > or >=");
        match self.while_char(|c| matches!(c, '=' | '!' | '<' | '>')).as_str() {
            "=" => Ok(Comparison::Equal),
            "!=" | "<>" => Ok(Comparison::NotEqual),
            "<" => Ok(Comparison::Less),
            "<=" => Ok(Comparison::LessOrEqual),
            ">" => Ok(Comparison::Greater),
            ">=" => Ok(Comparison::GreaterOrEqual),
            _ => Err(at),
        }
    }

    fn word_test(&mut self) -> Result<Test, InvalidFilter> {
        let at = self.error("expected =, !=, <, <=, >, >=, `in`, `is null` or `is not null`");
        match self.word().to_ascii_lowercase().as_str() {
            "in" => self.list().map(Test::In),
            "is" => {
                let next = self.word();
                if next.eq_ignore_ascii_case("null") {
                    Ok(Test::IsNull)
                } else if next.eq_ignore_ascii_case("not") {
                    self.keyword("null").map(|()| Test::IsNotNull)
                } else {
                    Err(at)
                }
            }
            _ => Err(at),
        }
    }

    fn list(&mut self) -> Result<Vec<Literal>, InvalidFilter> {
        if !self.eat('(') {
            return Err(self.error("expected ("));
        }
        let mut values = vec![self.literal()?];
        while self.eat(',') {
            if values.len() == VALUES_MAX {
                return Err(self.error(format!("more than {VALUES_MAX} values")));
            }
            values.push(self.literal()?);
        }
        if self.eat(')') { Ok(values) } else { Err(self.error("expected , or )")) }
    }

    fn literal(&mut self) -> Result<Literal, InvalidFilter> {
        self.skip_spaces();
        let at = self.error("expected a value");
        match self.peek() {
            Some('\'') => self.quoted(),
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => {
                let text = self.while_char(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
                let number = text.parse::<f64>().is_ok_and(f64::is_finite);
                if number { Ok(Literal::Number(text)) } else { Err(at) }
            }
            _ => match self.word().to_ascii_lowercase().as_str() {
                "true" => Ok(Literal::Boolean(true)),
                "false" => Ok(Literal::Boolean(false)),
                _ => Err(at),
            },
        }
    }

    fn quoted(&mut self) -> Result<Literal, InvalidFilter> {
        let mut text = String::new();
        self.position += 1;
        loop {
            text.push_str(&self.while_char(|c| c != '\''));
            if self.peek().is_none() {
                return Err(self.error("expected a closing '"));
            }
            self.position += 1;
            if self.peek() != Some('\'') {
                return Ok(Literal::Text(text));
            }
            self.position += 1;
            text.push('\'');
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, condition) in self.conditions.iter().enumerate() {
            if position > 0 {
                f.write_str(" and ")?;
            }
            write!(f, "\"{}\" {}", condition.column, condition.test)?;
        }
        Ok(())
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare(comparison, literal) => write!(f, "{} {literal}", comparison.as_str()),
            Self::In(values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "in ({})", values.join(", "))
            }
            Self::IsNull => f.write_str("is null"),
            Self::IsNotNull => f.write_str("is not null"),
        }
    }
}

impl Comparison {
    /// The sign.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(text) => f.write_str(text),
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Boolean(value) => write!(f, "{value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn literals() -> impl Strategy<Value = Literal> {
        prop_oneof![
            any::<i64>().prop_map(|n| Literal::Number(n.to_string())),
            "\\PC{0,12}".prop_map(Literal::Text),
            any::<bool>().prop_map(Literal::Boolean),
        ]
    }

    fn tests() -> impl Strategy<Value = Test> {
        prop_oneof![
            literals().prop_map(|value| Test::Compare(Comparison::GreaterOrEqual, value)),
            proptest::collection::vec(literals(), 1..5).prop_map(Test::In),
            Just(Test::IsNull),
            Just(Test::IsNotNull),
        ]
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(
            conditions in proptest::collection::vec(("[a-z가-힣 ]{1,8}", tests()), 1..6),
        ) {
            let conditions = conditions.into_iter().map(|(column, test)| Condition { column, test }).collect();
            let filter = Filter { conditions };
            prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
        }

        #[test]
        fn any_text_gives_a_filter_or_an_error_inside_it(text in "\\PC{0,60}") {
            if let Err(error) = Filter::parse(&text) {
                prop_assert!(error.position <= text.chars().count() + 1);
            }
        }
    }

    #[test]
    fn too_much_is_refused() {
        let many = vec!["a = 1"; CONDITIONS_MAX + 1].join(" and ");
        assert!(Filter::parse(&many).unwrap_err().problem.contains("32 conditions"));
        assert!(Filter::parse(&format!("a = '{}'", "x".repeat(TEXT_MAX))).is_err());
    }
}
