//! How a company will use data: what the form says of it, and how it is shown against the terms of a dataset.

use super::Choice;
use crate::call::Language;
use crate::portal::fields::Fields;
use crate::portal::moment;
use crate::portal::texts::{UseTexts, pick};
use mudeung_core::clock::Timestamp;
use mudeung_core::duo::{
    Conclusion, DataUse, Day, Disease, Finding, LegalPurpose, Match, Modifier, Permission, Place, ProposedUse, Study,
    Term, Words,
};
use mudeung_core::request::event::Ethics;

/// The questions that have two answers, in the order of the form.
const YES_OR_NO: [&str; 6] = ["for_profit", "commercial", "publishes", "collaborates", "returns", "genetic"];

/// One question with its answers.
pub(in crate::portal) struct Question {
    pub(in crate::portal) name: &'static str,
    pub(in crate::portal) label: &'static str,
    pub(in crate::portal) answers: Vec<Choice>,
}

/// A match as pages show it.
pub(in crate::portal) struct MatchPart {
    pub(in crate::portal) overall: Verdict,
    pub(in crate::portal) findings: Vec<FindingLine>,
}

impl MatchPart {
    /// The match in lines: the whole, then rule by rule with why.
    pub(in crate::portal) fn lines(&self) -> Vec<String> {
        let line = |finding: &FindingLine| {
            let (label, code) = (finding.label, finding.code.as_str());
            let rule = if code.is_empty() { label.to_owned() } else { format!("{label} ({code})") };
            format!("{rule}: {}\n{}\n{}", finding.verdict.text, finding.looked, finding.why)
        };
        let overall = std::iter::once(self.overall.text.to_owned());
        overall.chain(self.findings.iter().map(line)).collect()
    }
}

/// A conclusion in words and signs.
pub(in crate::portal) struct Verdict {
    pub(in crate::portal) text: &'static str,
    pub(in crate::portal) class: &'static str,
    pub(in crate::portal) sign: &'static str,
}

pub(in crate::portal) struct FindingLine {
    pub(in crate::portal) label: &'static str,
    pub(in crate::portal) code: String,
    pub(in crate::portal) meaning: &'static str,
    pub(in crate::portal) looked: String,
    pub(in crate::portal) verdict: Verdict,
    pub(in crate::portal) why: String,
}

/// A term as the catalogue shows it.
pub(in crate::portal) struct TermLine {
    pub(in crate::portal) id: &'static str,
    pub(in crate::portal) shorthand: &'static str,
    pub(in crate::portal) label: &'static str,
    pub(in crate::portal) meaning: &'static str,
    pub(in crate::portal) detail: String,
}

const fn word(language: Language, words: Words) -> &'static str {
    match language {
        Language::Ko => words.0,
        Language::En => words.1,
    }
}

/// The proposed use that a form describes, as far as it does, or what cannot be read.
pub(super) fn read(form: &Fields, u: &'static UseTexts) -> Result<ProposedUse, &'static str> {
    let codes = form.text("diseases").split([',', ' ', ';']).filter(|code| !code.is_empty());
    let diseases: Vec<Disease> =
        codes.map(Disease::parse).collect::<Result<_, _>>().map_err(|_unreadable| u.bad_disease)?;
    if diseases.len() > mudeung_core::duo::proposed::DISEASES_MAX {
        return Err(u.bad_disease);
    }
    let truth = |name: &str| match form.text(name) {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    Ok(ProposedUse {
        study: Study::of(form.text("study"), diseases),
        for_profit: truth("for_profit"),
        commercial: truth("commercial"),
        legal: LegalPurpose::parse(form.text("legal")),
        publishes: truth("publishes"),
        collaborates: truth("collaborates"),
        returns: truth("returns"),
        genetic: truth("genetic"),
        place: Place::parse(form.text("place")),
    })
}

/// The answers as the fields of a form say them, by the names of the fields.
pub(super) fn written(uses: &ProposedUse) -> Vec<(&'static str, String)> {
    let truth = |answer: Option<bool>| answer.map_or("", |yes| if yes { "yes" } else { "no" }).to_owned();
    let diseases = match &uses.study {
        Some(Study::Disease(diseases)) => diseases.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    };
    vec![
        ("study", uses.study.as_ref().map_or("", Study::as_str).to_owned()),
        ("diseases", diseases),
        ("for_profit", truth(uses.for_profit)),
        ("commercial", truth(uses.commercial)),
        ("legal", uses.legal.map_or("", LegalPurpose::as_str).to_owned()),
        ("publishes", truth(uses.publishes)),
        ("collaborates", truth(uses.collaborates)),
        ("returns", truth(uses.returns)),
        ("genetic", truth(uses.genetic)),
        ("place", uses.place.map_or("", Place::as_str).to_owned()),
    ]
}

/// The questions of the form, with what was answered.
pub(super) fn questions(language: Language, answer: impl Fn(&str) -> String) -> Vec<Question> {
    let u = UseTexts::of(language);
    let choice = |name: &str, value: &str, text: &'static str| Choice {
        value: value.to_owned(),
        text: text.to_owned(),
        selected: answer(name) == value,
    };
    let studies = Study::NAMES.iter().map(|name| choice("study", name, word(language, Study::label(name))));
    let purposes = LegalPurpose::ALL.iter().map(|it| choice("legal", it.as_str(), word(language, it.label())));
    let places = Place::ALL.iter().map(|it| choice("place", it.as_str(), word(language, it.label())));
    let mut questions = vec![
        Question { name: "study", label: u.study, answers: studies.collect() },
        Question { name: "legal", label: u.legal, answers: purposes.collect() },
        Question { name: "place", label: u.place, answers: places.collect() },
    ];
    questions.extend(YES_OR_NO.into_iter().map(|name| {
        let (label, yes, no) = yes_or_no(u, name);
        Question { name, label, answers: vec![choice(name, "yes", yes), choice(name, "no", no)] }
    }));
    questions
}

fn yes_or_no(u: &'static UseTexts, name: &str) -> (&'static str, &'static str, &'static str) {
    match name {
        "for_profit" => (u.for_profit, u.for_profit_yes, u.for_profit_no),
        "commercial" => (u.commercial, u.commercial_yes, u.commercial_no),
        "publishes" => (u.publishes, u.publishes_yes, u.publishes_no),
        "collaborates" => (u.collaborates, u.collaborates_yes, u.collaborates_no),
        "returns" => (u.returns, u.returns_yes, u.returns_no),
        _ => (u.genetic, u.genetic_yes, u.genetic_no),
    }
}

/// A proposed use, held against terms as of a moment; `None` when the moment is no day.
pub(super) fn matched(
    language: Language,
    terms: &DataUse,
    uses: &ProposedUse,
    ethics: Option<&Ethics>,
    at: Timestamp,
) -> Option<MatchPart> {
    let found = Match::of(terms, uses, ethics, &Day::parse(&moment::day(at))?);
    let u = UseTexts::of(language);
    let line = |finding: &Finding| FindingLine {
        label: word(language, finding.rule.label()),
        code: finding.rule.code(),
        meaning: word(language, finding.rule.meaning()),
        looked: pick(language, &finding.looked),
        verdict: verdict(u, finding.conclusion),
        why: pick(language, &finding.why),
    };
    Some(MatchPart { overall: verdict(u, found.conclusion()), findings: found.0.iter().map(line).collect() })
}

const fn verdict(u: &'static UseTexts, conclusion: Conclusion) -> Verdict {
    let (text, class, sign) = match conclusion {
        Conclusion::Allowed => (u.allowed, "good", "✓"),
        Conclusion::Person => (u.person, "wait", "?"),
        Conclusion::Denied => (u.denied, "stop", "×"),
    };
    Verdict { text, class, sign }
}

/// The terms of a dataset, the permission first.
pub(in crate::portal) fn terms(language: Language, terms: &DataUse) -> Vec<TermLine> {
    let line = |term: Term, detail: String| TermLine {
        id: term.id(),
        shorthand: term.shorthand(),
        label: word(language, term.label()),
        meaning: word(language, term.meaning()),
        detail,
    };
    let diseases = terms.permission.diseases().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let detail = |modifier: &Modifier| match modifier {
        Modifier::ResearchSpecific => pick(language, &terms.studies),
        other => other.detail(),
    };
    let permission: &Permission = &terms.permission;
    let others = terms.modifiers.iter().map(|modifier| line(modifier.term(), detail(modifier)));
    std::iter::once(line(permission.term(), diseases)).chain(others).collect()
}
