//! What a company proposes to do with data, answer by answer. What was not answered yet is `None`: a draft may lack anything.

use super::Words;
use std::fmt;

/// The most diseases that one request may name.
pub const DISEASES_MAX: usize = 10;

/// A proposed use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProposedUse {
    /// The kind of research.
    pub study: Option<Study>,
    /// Whether the organization that asks works for profit.
    pub for_profit: Option<bool>,
    /// Whether the use aims at profit, for instance a product.
    pub commercial: Option<bool>,
    /// On which purpose of the law the use of pseudonymised data rests.
    pub legal: Option<LegalPurpose>,
    /// Whether results are published.
    pub publishes: Option<bool>,
    /// Whether the company works together with those who made the data.
    pub collaborates: Option<bool>,
    /// Whether derived data is given back.
    pub returns: Option<bool>,
    /// Whether genotypes are studied.
    pub genetic: Option<bool>,
    /// Where the data is used.
    pub place: Option<Place>,
}

/// A kind of research.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Study {
    /// Of these diseases.
    Disease(Vec<Disease>),
    /// Of health in general: medical or biomedical.
    Health,
    /// Development or validation of methods: software, algorithms, models.
    Methods,
    /// Of population origins or ancestry.
    Ancestry,
    /// Something else.
    Other,
}

/// A purpose for which the Personal Information Protection Act of Korea, Article 28-2, lets pseudonymised data be used without
/// consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LegalPurpose {
    /// Statistics (통계작성).
    Statistics,
    /// Scientific research (과학적 연구).
    Research,
    /// Archiving in the public interest (공익적 기록보존).
    Archiving,
    /// None of them.
    Other,
}

/// Where data is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In Korea alone.
    Korea,
    /// Also elsewhere.
    Abroad,
}

/// A class of the Korean Standard Classification of Diseases or of ICD-10, from a letter (`C`) to a code with its details
/// (`C50.1`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Disease(String);

/// A text that is no class of diseases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a disease is a code of KCD or ICD-10 such as C50, C50.1 or I")]
pub struct InvalidDisease;

impl ProposedUse {
    /// Whether every answer is there.
    pub const fn is_complete(&self) -> bool {
        self.study.is_some()
            && self.for_profit.is_some()
            && self.commercial.is_some()
            && self.legal.is_some()
            && self.publishes.is_some()
            && self.collaborates.is_some()
            && self.returns.is_some()
            && self.genetic.is_some()
            && self.place.is_some()
    }
}

impl Study {
    /// The names of all kinds.
    pub const NAMES: [&'static str; 5] = ["disease", "health", "methods", "ancestry", "other"];

    /// Its name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Disease(_) => "disease",
            Self::Health => "health",
            Self::Methods => "methods",
            Self::Ancestry => "ancestry",
            Self::Other => "other",
        }
    }

    /// The kind of that name; `None` when there is none, or when it is of diseases and names none.
    pub fn of(name: &str, diseases: Vec<Disease>) -> Option<Self> {
        match name {
            "disease" if !diseases.is_empty() && diseases.len() <= DISEASES_MAX => Some(Self::Disease(diseases)),
            "health" => Some(Self::Health),
            "methods" => Some(Self::Methods),
            "ancestry" => Some(Self::Ancestry),
            "other" => Some(Self::Other),
            _ => None,
        }
    }

    /// What the kind of that name is called.
    pub fn label(name: &str) -> Words {
        match name {
            "disease" => Words("특정 질환 연구", "Research on a disease"),
            "health" => Words("보건의료·의생명 연구", "Health, medical or biomedical research"),
            "methods" => Words("방법·모형 개발 또는 검증", "Development or validation of methods"),
            "ancestry" => Words("인구집단 기원·혈통 연구", "Research on population origins or ancestry"),
            _ => Words("그 밖의 이용", "Something else"),
        }
    }
}

impl LegalPurpose {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Research, Self::Statistics, Self::Archiving, Self::Other];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Statistics => "statistics",
            Self::Research => "research",
            Self::Archiving => "archiving",
            Self::Other => "other",
        }
    }

    /// Reads a name; `None` when there is no such purpose.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }

    /// What it is called.
    pub const fn label(self) -> Words {
        match self {
            Self::Statistics => Words("통계작성", "Statistics"),
            Self::Research => Words("과학적 연구", "Scientific research"),
            Self::Archiving => Words("공익적 기록보존", "Archiving in the public interest"),
            Self::Other => Words("그 밖의 목적", "Another purpose"),
        }
    }
}

impl Place {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Korea, Self::Abroad];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Korea => "korea",
            Self::Abroad => "abroad",
        }
    }

    /// Reads a name; `None` when there is no such place.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.as_str() == text)
    }

    /// What it is called.
    pub const fn label(self) -> Words {
        match self {
            Self::Korea => Words("국내에서만", "In Korea alone"),
            Self::Abroad => Words("국외에서도", "Also outside Korea"),
        }
    }
}

impl Disease {
    /// Reads a code, in whatever case and with or without its point.
    ///
    /// ```
    /// use mudeung_core::duo::Disease;
    /// assert_eq!(Disease::parse("c501").unwrap().to_string(), "C50.1");
    /// assert!(Disease::parse("cancer").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, InvalidDisease> {
        let code: String = text.trim().to_ascii_uppercase().replacen('.', "", 1);
        let mut letters = code.chars();
        let head = letters.next().is_some_and(|letter| letter.is_ascii_uppercase());
        let rest = letters.all(|letter| letter.is_ascii_digit());
        if head && rest && code.len() <= 7 { Ok(Self(code)) } else { Err(InvalidDisease) }
    }

    /// Whether the other is this class or one within it.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }
}

impl fmt::Display for Disease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_at_checked(3) {
            Some((category, details)) if !details.is_empty() => write!(f, "{category}.{details}"),
            _ => f.write_str(&self.0),
        }
    }
}
