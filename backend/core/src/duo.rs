//! How data may be used: the terms that a dataset stands under, and whether a proposed use keeps to them.
//!
//! Terms are those of the Data Use Ontology ([`term`]); a company says what it proposes in the same words ([`proposed`]);
//! [`matching`] holds one against the other, rule by rule, and writes down why. A machine prepares a decision so: it makes none.

pub mod matching;
pub mod proposed;
pub mod term;

pub use matching::{Conclusion, Finding, Match};
pub use proposed::{Disease, LegalPurpose, Place, ProposedUse, Study};
pub use term::Term;

use crate::dataset::Bilingual;
use std::collections::BTreeSet;
use std::fmt;

#[cfg(test)]
mod tests;

/// The most months of a time limit.
const MONTHS_MAX: u32 = 1_200;
/// The most countries of a region.
const COUNTRIES_MAX: usize = 20;

/// A fixed text, in Korean and in English.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words(pub &'static str, pub &'static str);

/// A day, written as `2026-01-31`. Days are ordered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(String);

/// The terms that a dataset stands under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataUse {
    /// For which purposes it may be used.
    pub permission: Permission,
    /// What else must be true.
    pub modifiers: BTreeSet<Modifier>,
    /// The type of research, where [`Modifier::ResearchSpecific`] names one.
    pub studies: Bilingual,
}

/// For which purposes data may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// Any purpose.
    NoRestriction,
    /// Any research.
    GeneralResearch,
    /// Health, medical and biomedical research.
    HealthResearch,
    /// Research on these diseases.
    Disease(Vec<Disease>),
    /// Research on population origins or ancestry.
    Ancestry,
}

/// What must be true beside the purpose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Modifier {
    /// NPU.
    NotForProfitOrganization,
    /// NCU.
    NonCommercial,
    /// NPUNCU.
    NotForProfitNonCommercial,
    /// GS: within these countries, by their codes of two letters.
    Geographic(Vec<String>),
    /// TS: so many months.
    TimeLimit(u32),
    /// IRB.
    EthicsApproval,
    /// COL.
    Collaboration,
    /// PUB.
    Publication,
    /// MOR: nothing is published before this day.
    Moratorium(Day),
    /// US.
    UserSpecific,
    /// PS.
    ProjectSpecific,
    /// IS.
    InstitutionSpecific,
    /// RS.
    ResearchSpecific,
    /// NMDS.
    NoMethods,
    /// GSO.
    GeneticOnly,
    /// RTN.
    Return,
}

/// A text that says no terms of use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUse {
    /// The permission is none.
    #[error("`{0}` is no permission: write NRES, GRU, HMB, DS or POA")]
    Permission(String),
    /// A disease is missing, too much, or none.
    #[error("DS names its diseases by codes of KCD or ICD-10, and no other permission does")]
    Diseases,
    /// A modifier is none.
    #[error("`{0}` is no modifier: write for instance NPU, NCU, IRB, GS-KR, TS-12 or MOR-2027-01-31")]
    Modifier(String),
    /// A type of research without RS, or RS without one.
    #[error("RS says in `studies` which type of research it means, and nothing else does")]
    Studies,
}

impl InvalidUse {
    /// What to write instead, in Korean; in English it is the error's own text.
    pub fn in_korean(&self) -> String {
        match self {
            Self::Permission(text) => {
                format!("`{text}`은(는) 이용 허가가 아닙니다. NRES, GRU, HMB, DS, POA 가운데 하나를 쓰십시오.")
            }
            Self::Diseases => "DS에는 질환을 KCD 또는 ICD-10 코드로 적고, 다른 허가에는 적지 마십시오.".to_owned(),
            Self::Modifier(text) => {
                format!("`{text}`은(는) 이용 조건이 아닙니다. 예: NPU, NCU, IRB, GS-KR, TS-12, MOR-2027-01-31")
            }
            Self::Studies => "RS에는 어떤 연구인지 `studies`에 적고, 다른 조건에는 적지 마십시오.".to_owned(),
        }
    }
}

impl Default for DataUse {
    /// What holds where nothing was said: general research use, with the approval of an ethics committee.
    fn default() -> Self {
        Self {
            permission: Permission::GeneralResearch,
            modifiers: BTreeSet::from([Modifier::EthicsApproval]),
            studies: Bilingual::default(),
        }
    }
}

impl DataUse {
    /// Reads terms as a definition says them: shorthands of the ontology, with what they need after a hyphen.
    ///
    /// ```
    /// use mudeung_core::duo::DataUse;
    /// let read = |permission: &str, modifiers: &[&str]| {
    ///     let modifiers: Vec<String> = modifiers.iter().map(|text| (*text).to_owned()).collect();
    ///     DataUse::parse(permission, &[], &modifiers, None)
    /// };
    /// assert!(read("HMB", &["NPU", "GS-KR", "TS-24", "MOR-2027-01-31"]).is_ok());
    /// assert!(read("HMB", &["GS-Korea"]).is_err());
    /// ```
    pub fn parse(
        permission: &str,
        diseases: &[String],
        modifiers: &[String],
        studies: Option<Bilingual>,
    ) -> Result<Self, InvalidUse> {
        let diseases: Vec<Disease> = diseases
            .iter()
            .map(|code| Disease::parse(code))
            .collect::<Result<_, _>>()
            .map_err(|_invalid| InvalidUse::Diseases)?;
        let modifiers: BTreeSet<Modifier> =
            modifiers.iter().map(|text| Modifier::parse(text)).collect::<Result<_, _>>()?;
        let permission = Permission::of(permission, diseases)?;
        if studies.is_some() != modifiers.contains(&Modifier::ResearchSpecific) {
            return Err(InvalidUse::Studies);
        }
        Ok(Self { permission, modifiers, studies: studies.unwrap_or_default() })
    }

    /// Its terms, the permission first.
    pub fn terms(&self) -> Vec<Term> {
        std::iter::once(self.permission.term()).chain(self.modifiers.iter().map(Modifier::term)).collect()
    }

    /// The most months that a use may last, when there is a limit.
    pub fn months_max(&self) -> Option<u32> {
        let months =
            |modifier: &Modifier| if let Modifier::TimeLimit(months) = modifier { Some(*months) } else { None };
        self.modifiers.iter().filter_map(months).min()
    }
}

impl Permission {
    fn of(name: &str, diseases: Vec<Disease>) -> Result<Self, InvalidUse> {
        let permission = match Term::parse(name) {
            Some(Term::NoRestriction) => Self::NoRestriction,
            Some(Term::GeneralResearch) => Self::GeneralResearch,
            Some(Term::HealthResearch) => Self::HealthResearch,
            Some(Term::Ancestry) => Self::Ancestry,
            Some(Term::DiseaseSpecific) if !diseases.is_empty() => return Ok(Self::Disease(diseases)),
            Some(Term::DiseaseSpecific) => return Err(InvalidUse::Diseases),
            _ => return Err(InvalidUse::Permission(name.to_owned())),
        };
        if diseases.is_empty() { Ok(permission) } else { Err(InvalidUse::Diseases) }
    }

    /// Its term.
    pub const fn term(&self) -> Term {
        match self {
            Self::NoRestriction => Term::NoRestriction,
            Self::GeneralResearch => Term::GeneralResearch,
            Self::HealthResearch => Term::HealthResearch,
            Self::Disease(_) => Term::DiseaseSpecific,
            Self::Ancestry => Term::Ancestry,
        }
    }

    /// The diseases it is for; empty when it is for more than some.
    pub fn diseases(&self) -> &[Disease] {
        if let Self::Disease(diseases) = self { diseases } else { &[] }
    }
}

impl Modifier {
    /// Its term.
    pub const fn term(&self) -> Term {
        match self {
            Self::NotForProfitOrganization => Term::NotForProfitOrganization,
            Self::NonCommercial => Term::NonCommercial,
            Self::NotForProfitNonCommercial => Term::NotForProfitNonCommercial,
            Self::Geographic(_) => Term::Geographic,
            Self::TimeLimit(_) => Term::TimeLimit,
            Self::EthicsApproval => Term::EthicsApproval,
            Self::Collaboration => Term::Collaboration,
            Self::Publication => Term::Publication,
            Self::Moratorium(_) => Term::Moratorium,
            Self::UserSpecific => Term::UserSpecific,
            Self::ProjectSpecific => Term::ProjectSpecific,
            Self::InstitutionSpecific => Term::InstitutionSpecific,
            Self::ResearchSpecific => Term::ResearchSpecific,
            Self::NoMethods => Term::NoMethods,
            Self::GeneticOnly => Term::GeneticOnly,
            Self::Return => Term::Return,
        }
    }

    /// What stands after the hyphen, when something does: countries, months or a day.
    pub fn detail(&self) -> String {
        match self {
            Self::Geographic(countries) => countries.join(","),
            Self::TimeLimit(months) => months.to_string(),
            Self::Moratorium(day) => day.to_string(),
            _ => String::new(),
        }
    }

    fn parse(text: &str) -> Result<Self, InvalidUse> {
        let invalid = || InvalidUse::Modifier(text.to_owned());
        let (name, detail) = text.split_once('-').unwrap_or((text, ""));
        let plain = match Term::parse(name).ok_or_else(invalid)? {
            Term::Geographic => return countries(detail).map(Self::Geographic).ok_or_else(invalid),
            Term::TimeLimit => {
                let months = detail.parse().ok().filter(|months| (1..=MONTHS_MAX).contains(months));
                return months.map(Self::TimeLimit).ok_or_else(invalid);
            }
            Term::Moratorium => return Day::parse(detail).map(Self::Moratorium).ok_or_else(invalid),
            Term::NotForProfitOrganization => Self::NotForProfitOrganization,
            Term::NonCommercial => Self::NonCommercial,
            Term::NotForProfitNonCommercial => Self::NotForProfitNonCommercial,
            Term::EthicsApproval => Self::EthicsApproval,
            Term::Collaboration => Self::Collaboration,
            Term::Publication => Self::Publication,
            Term::UserSpecific => Self::UserSpecific,
            Term::ProjectSpecific => Self::ProjectSpecific,
            Term::InstitutionSpecific => Self::InstitutionSpecific,
            Term::ResearchSpecific => Self::ResearchSpecific,
            Term::NoMethods => Self::NoMethods,
            Term::GeneticOnly => Self::GeneticOnly,
            Term::Return => Self::Return,
            Term::NoRestriction
            | Term::GeneralResearch
            | Term::HealthResearch
            | Term::DiseaseSpecific
            | Term::Ancestry => return Err(invalid()),
        };
        if detail.is_empty() { Ok(plain) } else { Err(invalid()) }
    }
}

impl fmt::Display for Modifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, detail) = (self.term().shorthand(), self.detail());
        if detail.is_empty() { f.write_str(name) } else { write!(f, "{name}-{detail}") }
    }
}

fn countries(text: &str) -> Option<Vec<String>> {
    let list: Vec<String> = text.split(',').map(str::to_owned).collect();
    let is_code = |code: &String| code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_uppercase());
    (list.len() <= COUNTRIES_MAX && list.iter().all(is_code)).then_some(list)
}

impl Day {
    /// Reads a day; `None` when it is written otherwise.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut part = |digits: usize, range: std::ops::RangeInclusive<u32>| {
            let part = parts.next().filter(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))?;
            part.parse().ok().filter(|number| range.contains(number))
        };
        let fits = part(4, 1..=9_999).is_some() && part(2, 1..=12).is_some() && part(2, 1..=31).is_some();
        (fits && parts.next().is_none()).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Words {
    /// As a text of its own.
    pub fn owned(self) -> Bilingual {
        Bilingual { ko: self.0.to_owned(), en: self.1.to_owned() }
    }
}
