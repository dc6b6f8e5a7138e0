//! The match against a table that says it naively, and what terms and codes are read from.

use super::*;
use crate::clock::Timestamp;
use crate::request::event::Ethics;
use proptest::prelude::*;

const STUDIES: [&str; 5] = Study::NAMES;

/// Rows: NRES, GRU, HMB, DS, POA. Columns: disease (within), health, methods, ancestry, other. `a` allowed, `p` a person, `d` denied.
const BY_STUDY: [&str; 5] = ["aaaaa", "aaaap", "aaadp", "adpdp", "dddap"];

fn conclusion(letter: u8) -> Conclusion {
    match letter {
        b'a' => Conclusion::Allowed,
        b'd' => Conclusion::Denied,
        _ => Conclusion::Person,
    }
}

fn disease(code: &str) -> Disease {
    Disease::parse(code).unwrap()
}

fn permission(number: usize) -> Permission {
    match number {
        0 => Permission::NoRestriction,
        1 => Permission::GeneralResearch,
        2 => Permission::HealthResearch,
        3 => Permission::Disease(vec![disease("C50"), disease("I1")]),
        _ => Permission::Ancestry,
    }
}

fn today() -> Day {
    Day::parse("2026-07-01").unwrap()
}

/// A modifier with an answer, and what it concludes, each said by hand.
#[derive(Debug, Clone)]
struct Asked {
    modifier: Modifier,
    set: fn(&mut ProposedUse),
    expected: Conclusion,
}

/// Each modifier with each answer there is. An answer is said after all others, so that the last counts.
fn asked() -> Vec<Asked> {
    use Conclusion::{Allowed, Denied, Person};
    let korea = || Modifier::Geographic(vec!["KR".to_owned()]);
    let wide = || Modifier::Geographic(vec!["JP".to_owned(), "KR".to_owned()]);
    let japan = || Modifier::Geographic(vec!["JP".to_owned()]);
    let until = |day: &str| Modifier::Moratorium(Day::parse(day).unwrap());
    type Row = (Modifier, fn(&mut ProposedUse), Conclusion);
    let rows: Vec<Row> = vec![
        (Modifier::NotForProfitOrganization, |it| it.for_profit = Some(true), Denied),
        (Modifier::NotForProfitOrganization, |it| it.for_profit = Some(false), Allowed),
        (Modifier::NotForProfitOrganization, |it| it.for_profit = None, Person),
        (Modifier::NonCommercial, |it| it.commercial = Some(true), Denied),
        (Modifier::NonCommercial, |it| it.commercial = Some(false), Allowed),
        (
            Modifier::NotForProfitNonCommercial,
            |it| (it.for_profit, it.commercial) = (Some(false), Some(false)),
            Allowed,
        ),
        (Modifier::NotForProfitNonCommercial, |it| (it.for_profit, it.commercial) = (Some(true), Some(false)), Denied),
        (Modifier::NotForProfitNonCommercial, |it| (it.for_profit, it.commercial) = (Some(false), Some(true)), Denied),
        (Modifier::NotForProfitNonCommercial, |it| (it.for_profit, it.commercial) = (None, Some(true)), Denied),
        (Modifier::NotForProfitNonCommercial, |it| (it.for_profit, it.commercial) = (Some(false), None), Person),
        (Modifier::NotForProfitNonCommercial, |it| (it.for_profit, it.commercial) = (None, Some(false)), Person),
        (korea(), |it| it.place = Some(Place::Korea), Allowed),
        (korea(), |it| it.place = Some(Place::Abroad), Denied),
        (korea(), |it| it.place = None, Person),
        (wide(), |it| it.place = Some(Place::Korea), Allowed),
        (wide(), |it| it.place = Some(Place::Abroad), Person),
        (japan(), |it| it.place = Some(Place::Korea), Denied),
        (japan(), |it| it.place = Some(Place::Abroad), Person),
        (Modifier::TimeLimit(12), |_| (), Allowed),
        (Modifier::Collaboration, |it| it.collaborates = Some(true), Allowed),
        (Modifier::Collaboration, |it| it.collaborates = Some(false), Denied),
        (Modifier::Publication, |it| it.publishes = Some(true), Allowed),
        (Modifier::Publication, |it| it.publishes = Some(false), Denied),
        (Modifier::Publication, |it| it.publishes = None, Person),
        (Modifier::Return, |it| it.returns = Some(false), Denied),
        (Modifier::Return, |it| it.returns = Some(true), Allowed),
        (Modifier::GeneticOnly, |it| it.genetic = Some(false), Denied),
        (Modifier::GeneticOnly, |it| it.genetic = Some(true), Allowed),
        (until("2026-07-02"), |it| it.publishes = Some(true), Person),
        (until("2026-07-01"), |it| it.publishes = Some(true), Allowed),
        (until("2030-01-01"), |it| it.publishes = Some(false), Allowed),
        (until("2030-01-01"), |it| it.publishes = None, Person),
        (Modifier::NoMethods, |it| it.study = Some(Study::Methods), Denied),
        (Modifier::NoMethods, |it| it.study = Some(Study::Health), Allowed),
        (Modifier::NoMethods, |it| it.study = Some(Study::Other), Person),
        (Modifier::UserSpecific, |_| (), Person),
        (Modifier::ProjectSpecific, |_| (), Person),
        (Modifier::InstitutionSpecific, |_| (), Person),
        (Modifier::ResearchSpecific, |_| (), Person),
    ];
    rows.into_iter().map(|(modifier, set, expected)| Asked { modifier, set, expected }).collect()
}

fn legal(purpose: LegalPurpose, commercial: Option<bool>) -> Conclusion {
    let open = purpose == LegalPurpose::Other || (purpose == LegalPurpose::Archiving && commercial == Some(true));
    if open { Conclusion::Person } else { Conclusion::Allowed }
}

fn by_ethics(number: usize) -> (Option<Ethics>, Conclusion) {
    let by = Timestamp::from_seconds(0);
    match number {
        0 => (Some(Ethics::Approved { number: "7".to_owned(), valid_until: by }), Conclusion::Allowed),
        1 => (Some(Ethics::Follows { by }), Conclusion::Person),
        2 => (Some(Ethics::Exempt { reason: String::new() }), Conclusion::Person),
        _ => (None, Conclusion::Person),
    }
}

fn answer() -> impl Strategy<Value = Option<bool>> {
    prop_oneof![Just(None), Just(Some(false)), Just(Some(true))]
}

proptest! {
    /// The worst of what the tables say of each term is what the match says, and there is one finding for each rule.
    #[test]
    fn the_match_is_what_the_tables_say(
        row in 0_usize..5,
        column in 0_usize..5,
        number in 0_usize..4,
        purpose in 0_usize..4,
        answers in [answer(), answer(), answer(), answer(), answer(), answer()],
        chosen in any::<proptest::sample::Index>(),
        with_ethics: bool,
    ) {
        let diseases = vec![disease("C50.1"), disease("I10")];
        let [for_profit, commercial, publishes, collaborates, returns, genetic] = answers;
        let mut proposed = ProposedUse {
            study: Study::of(STUDIES[column], diseases),
            legal: Some(LegalPurpose::ALL[purpose]),
            place: Some(Place::Korea),
            for_profit, commercial, publishes, collaborates, returns, genetic,
        };
        let all = asked();
        let one = chosen.get(&all);
        (one.set)(&mut proposed);
        let column = proposed.study.as_ref().map(|study| STUDIES.iter().position(|name| *name == study.as_str()).unwrap());
        let (ethics, ethical) = by_ethics(number);
        let mut terms = DataUse { permission: permission(row), modifiers: BTreeSet::new(), studies: Bilingual::default() };
        terms.modifiers.insert(one.modifier.clone());
        let mut expected = vec![
            conclusion(BY_STUDY[row].as_bytes()[column.unwrap()]),
            legal(LegalPurpose::ALL[purpose], proposed.commercial),
            one.expected,
        ];
        if with_ethics {
            terms.modifiers.insert(Modifier::EthicsApproval);
            expected.push(ethical);
        }
        let found = Match::of(&terms, &proposed, ethics.as_ref(), &today());
        prop_assert_eq!(found.0.len(), expected.len());
        prop_assert_eq!(found.conclusion(), expected.into_iter().max().unwrap(), "{:?}", found);
        for finding in &found.0 {
            let texts = [&finding.why, &finding.looked];
            prop_assert!(finding.why.ko != finding.why.en && !finding.why.ko.is_empty(), "{:?}", finding);
            prop_assert!(texts.iter().all(|text| !text.en.chars().any(is_hangul)), "{:?}", finding);
        }
    }

    /// An answer that is missing never allows what the full answers would not, and never denies by itself.
    #[test]
    fn without_answers_a_person_decides(chosen in any::<proptest::sample::Index>(), row in 1_usize..5) {
        let all = asked();
        let modifier = chosen.get(&all).modifier.clone();
        let terms = DataUse {
            permission: permission(row),
            modifiers: BTreeSet::from([modifier]),
            studies: Bilingual::default(),
        };
        let found = Match::of(&terms, &ProposedUse::default(), None, &today());
        prop_assert_eq!(found.conclusion(), Conclusion::Person);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[A-Z0-9,-]{0,16}", code in "\\PC{0,8}") {
        if let Ok(read) = DataUse::parse("GRU", &[], std::slice::from_ref(&text), None) {
            let written: Vec<String> = read.modifiers.iter().map(ToString::to_string).collect();
            prop_assert_eq!(DataUse::parse("GRU", &[], &written, None), Ok(read));
        }
        if let Ok(read) = Disease::parse(&code) {
            prop_assert_eq!(Disease::parse(&read.to_string()), Ok(read));
        }
    }
}

fn is_hangul(letter: char) -> bool {
    ('\u{ac00}'..='\u{d7a3}').contains(&letter)
}

#[test]
fn a_disease_is_within_wider_than_or_outside_what_is_allowed() {
    let terms = DataUse { permission: permission(3), modifiers: BTreeSet::new(), studies: Bilingual::default() };
    let of = |codes: &[&str]| {
        let study = Study::Disease(codes.iter().map(|code| disease(code)).collect());
        let proposed =
            ProposedUse { study: Some(study), legal: Some(LegalPurpose::Research), ..ProposedUse::default() };
        Match::of(&terms, &proposed, None, &today()).conclusion()
    };
    for (codes, expected) in [
        (&["C50"][..], Conclusion::Allowed),
        (&["c50.9", "I10"], Conclusion::Allowed),
        (&["C"], Conclusion::Person),
        (&["C5", "I15.0"], Conclusion::Person),
        (&["C51"], Conclusion::Denied),
        (&["C50", "E11"], Conclusion::Denied),
        (&["I"], Conclusion::Person),
        (&["I2"], Conclusion::Denied),
    ] {
        assert_eq!(of(codes), expected, "{codes:?}");
    }
    assert_eq!(Study::of("disease", Vec::new()), None, "a disease has a name");
    for bad in ["", "50", "C50.1.2", "C-50", "CC5", "C50.123456", "암"] {
        assert!(Disease::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn every_term_has_its_identifier_and_both_languages_once() {
    let distinct = |of: fn(Term) -> &'static str| Term::ALL.map(of).into_iter().collect::<BTreeSet<_>>().len();
    let count = Term::ALL.len();
    assert_eq!((distinct(Term::id), distinct(Term::shorthand)), (count, count));
    for term in Term::ALL {
        let number = term.id().strip_prefix("DUO:").unwrap();
        assert!(number.len() == 7 && number.bytes().all(|digit| digit.is_ascii_digit()), "{term:?}");
        assert_eq!((Term::parse(term.id()), Term::parse(term.shorthand())), (Some(term), Some(term)));
        for words in [term.label(), term.meaning()] {
            assert!(words.0.chars().any(is_hangul) && !words.1.chars().any(is_hangul), "{words:?}");
        }
    }
}

#[test]
fn terms_that_say_nothing_are_refused() {
    let parse = |permission: &str, diseases: &[&str], modifiers: &[&str], studies: Option<Bilingual>| {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>();
        DataUse::parse(permission, &owned(diseases), &owned(modifiers), studies)
    };
    let words = || Some(Words("소아", "children").owned());
    assert!(parse("DS", &["C50"], &["NPU", "GS-KR,JP", "TS-12", "MOR-2027-01-31", "RS"], words()).is_ok());
    assert!(parse("DUO:0000042", &[], &["DUO:0000045"], None).is_ok(), "identifiers are read too");
    assert_eq!(parse("DS", &[], &[], None), Err(InvalidUse::Diseases));
    assert_eq!(parse("GRU", &["C50"], &[], None), Err(InvalidUse::Diseases));
    assert_eq!(parse("GRU", &[], &["RS"], None), Err(InvalidUse::Studies));
    assert_eq!(parse("GRU", &[], &[], words()), Err(InvalidUse::Studies));
    for permission in ["", "NPU", "gru", "DUO:0000001"] {
        assert!(matches!(parse(permission, &[], &[], None), Err(InvalidUse::Permission(_))), "{permission}");
    }
    for bad in ["", "GRU", "GS", "GS-", "GS-kr", "TS", "TS-0", "TS-9999", "MOR", "MOR-2027-13-01", "NPU-KR", "XX"] {
        assert!(matches!(parse("GRU", &[], &[bad], None), Err(InvalidUse::Modifier(_))), "{bad}");
    }
}
