//! The filter language of `rows`, read on this side: comparisons joined by `and` (`docs/API.md`, Filters).
//!
//! The server reads it for itself; that both read the same is a property test here.

use std::fmt;

/// The most conditions one filter may have.
pub(crate) const CONDITIONS_MAX: usize = 32;
/// The most values one `in` list may have.
pub(crate) const VALUES_MAX: usize = 256;
/// The longest filter text, in bytes.
pub(crate) const TEXT_MAX: usize = 8 * 1024;

/// Conditions that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    /// The conditions; never empty.
    pub(crate) conditions: Vec<Condition>,
}

/// One comparison of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    /// The column's name.
    pub(crate) column: String,
    /// The test it must pass.
    pub(crate) test: Test,
}

/// What a column's value must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Literal {
    /// A number, in the characters it was written in.
    Number(String),
    /// A text in single quotes; also days and moments.
    Text(String),
    /// `true` or `false`.
    Boolean(bool),
}

/// A text that is not a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the filter cannot be read at character {position}: {problem}")]
pub(crate) struct InvalidFilter {
    /// Where, counted in characters from 1.
    pub(crate) position: usize,
    /// What is wrong.
    pub(crate) problem: String,
}

impl Filter {
    /// Reads a filter.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidFilter> {
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
mod tests;
