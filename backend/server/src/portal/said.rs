//! What the sandbox says itself where people write otherwise: it lies in the database as a code, and is shown to each
//! reader in their language.

use super::texts::SaidTexts;
use crate::call::Language;

/// Something that the sandbox says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// A grant ended, for the conditions of its approval were not answered in time.
    Unanswered,
    /// A grant ended, for its company has no more use for it.
    Closed,
    /// The condition of an approval whose ethics approval is to follow.
    Ethics,
}

impl Said {
    const ALL: [Self; 3] = [Self::Unanswered, Self::Closed, Self::Ethics];

    /// What is stored.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Unanswered => "mudeung:conditions-unanswered",
            Self::Closed => "mudeung:closed-by-company",
            Self::Ethics => "mudeung:ethics-approval",
        }
    }

    const fn text(self, t: &'static SaidTexts) -> &'static str {
        match self {
            Self::Unanswered => t.unanswered,
            Self::Closed => t.closed,
            Self::Ethics => t.ethics,
        }
    }
}

/// What is stored, for a reader: a code in their language, and what people wrote as they wrote it.
pub(crate) fn shown(language: Language, stored: &str) -> String {
    let said = Said::ALL.into_iter().find(|said| said.code() == stored);
    said.map_or(stored, |said| said.text(SaidTexts::of(language))).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_shown_in_the_language_of_the_reader_and_what_people_wrote_as_it_is() {
        for said in Said::ALL {
            let (ko, en) = (shown(Language::Ko, said.code()), shown(Language::En, said.code()));
            assert!(ko != en && !ko.contains("mudeung:") && !en.contains("mudeung:"), "{said:?}");
        }
        assert_eq!(shown(Language::Ko, "closed by the company"), "closed by the company");
    }
}
