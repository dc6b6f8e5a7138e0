//! A proposed use, held against the terms of a dataset: rule by rule, with what each looked at and what it concludes.
//!
//! The rules follow the meaning of the terms in the ontology, and where it leaves a choice the matching algorithm of the Broad
//! Institute's Data Use Oversight System (<https://github.com/DataBiosphere/consent-ontology>, `docs/Algorithms.md`). A rule that
//! cannot be answered by a table leaves the answer to people.

use super::{DataUse, Day, Disease, LegalPurpose, Modifier, Permission, Place, ProposedUse, Study, Term, Words};
use crate::dataset::Bilingual;
use crate::request::event::Ethics;

/// What a rule concludes, or all of them together. The worst of several counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conclusion {
    /// The terms allow it.
    Allowed,
    /// A person must decide.
    Person,
    /// The terms do not allow it.
    Denied,
}

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// That of a term of the ontology.
    Term(Term),
    /// Article 28-2 of the Personal Information Protection Act of Korea.
    Law,
}

/// What one rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// What it concludes.
    pub conclusion: Conclusion,
    /// What it looked at in the request.
    pub looked: Bilingual,
    /// Why it concludes so.
    pub why: Bilingual,
}

/// What all rules found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match(pub Vec<Finding>);

impl Match {
    /// Holds a proposed use against the terms, as of a day.
    pub fn of(terms: &DataUse, proposed: &ProposedUse, ethics: Option<&Ethics>, today: &Day) -> Self {
        let first = [permission(&terms.permission, proposed), law(proposed)];
        let others = terms.modifiers.iter().map(|it| modifier(it, &terms.studies, proposed, ethics, today));
        Self(first.into_iter().chain(others).collect())
    }

    /// The worst of what the rules concluded.
    pub fn conclusion(&self) -> Conclusion {
        self.0.iter().map(|finding| finding.conclusion).max().unwrap_or(Conclusion::Person)
    }
}

impl Conclusion {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Person => "person",
            Self::Denied => "denied",
        }
    }
}

impl Rule {
    /// What it is called.
    pub const fn label(self) -> Words {
        match self {
            Self::Term(term) => term.label(),
            Self::Law => Words("개인정보 보호법 제28조의2", "Personal Information Protection Act, Article 28-2"),
        }
    }

    /// What it demands, in a sentence.
    pub const fn meaning(self) -> Words {
        match self {
            Self::Term(term) => term.meaning(),
            Self::Law => Words(
                "가명정보는 통계작성, 과학적 연구, 공익적 기록보존 등을 위해 동의 없이 처리할 수 있습니다.",
                "Pseudonymised data may be processed without consent for statistics, scientific research and archiving in the public interest.",
            ),
        }
    }

    /// The identifier and the shorthand of its term; empty when it is none.
    pub fn code(self) -> String {
        match self {
            Self::Term(term) => format!("{} {}", term.shorthand(), term.id()),
            Self::Law => String::new(),
        }
    }
}

type Said = (Conclusion, Bilingual, Words);

fn finding(rule: Rule, (conclusion, looked, why): Said) -> Finding {
    Finding { rule, conclusion, looked, why: why.owned() }
}

/// What a rule says of an answer that is not there.
fn unanswered() -> Said {
    let why = Words("답하지 않아 판단할 수 없습니다.", "Without an answer nothing can be concluded.");
    (Conclusion::Person, Words("아직 답하지 않음", "Not answered yet").owned(), why)
}

fn permission(permission: &Permission, proposed: &ProposedUse) -> Finding {
    let rule = Rule::Term(permission.term());
    let Some(study) = &proposed.study else { return finding(rule, unanswered()) };
    let (conclusion, why) = by_study(permission, study);
    finding(rule, (conclusion, told(study), why))
}

fn told(study: &Study) -> Bilingual {
    let mut told = Study::label(study.as_str()).owned();
    if let Study::Disease(diseases) = study {
        let list = list(diseases);
        told.ko.push_str(&format!(": {list}"));
        told.en.push_str(&format!(": {list}"));
    }
    told
}

fn list(diseases: &[Disease]) -> String {
    diseases.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn by_study(permission: &Permission, study: &Study) -> (Conclusion, Words) {
    use Conclusion::{Allowed, Denied, Person};
    match (permission, study) {
        (Permission::NoRestriction, _) => (Allowed, Words("어떤 이용도 제한하지 않습니다.", "No use is restricted.")),
        (_, Study::Other) => (
            Person,
            Words(
                "연구의 종류를 표로 판단할 수 없습니다. 이용 목적을 읽고 판단합니다.",
                "No table knows this kind of use: somebody must read the purpose.",
            ),
        ),
        (Permission::GeneralResearch, _) => {
            (Allowed, Words("연구이므로 이용할 수 있습니다.", "It is research, and any research is allowed."))
        }
        (Permission::HealthResearch, Study::Disease(_) | Study::Health) => {
            (Allowed, Words("보건의료 연구에 해당합니다.", "It is health, medical or biomedical research."))
        }
        (Permission::HealthResearch, Study::Methods) => (
            Allowed,
            Words(
                "보건의료 자료의 방법 개발은 따로 금지하지 않는 한 이용할 수 있습니다.",
                "Methods for health data are allowed where no other term forbids them.",
            ),
        ),
        (Permission::HealthResearch, Study::Ancestry) => (
            Denied,
            Words(
                "기원·혈통 연구는 보건의료 연구에서 제외됩니다.",
                "The study of origins or ancestry is not part of it.",
            ),
        ),
        (Permission::Disease(allowed), Study::Disease(wanted)) => by_disease(allowed, wanted),
        (Permission::Disease(_), Study::Methods) => (
            Person,
            Words(
                "방법 개발이 그 질환에 관한 것인지 읽고 판단해야 합니다.",
                "Somebody must see whether the methods are for that disease.",
            ),
        ),
        (Permission::Disease(_), Study::Health | Study::Ancestry) => {
            (Denied, Words("정해진 질환에 관한 연구가 아닙니다.", "It is not research on the named disease."))
        }
        (Permission::Ancestry, Study::Ancestry) => {
            (Allowed, Words("기원·혈통 연구에 해당합니다.", "It is the study of origins or ancestry."))
        }
        (Permission::Ancestry, Study::Disease(_) | Study::Health | Study::Methods) => {
            (Denied, Words("기원·혈통 연구가 아닙니다.", "It is not the study of origins or ancestry."))
        }
    }
}

/// Codes within those that are allowed are allowed; a wider code needs a person; any other is outside.
fn by_disease(allowed: &[Disease], wanted: &[Disease]) -> (Conclusion, Words) {
    let within = |disease: &Disease| allowed.iter().any(|it| it.contains(disease));
    let wider = |disease: &Disease| allowed.iter().any(|it| disease.contains(it));
    if wanted.iter().all(within) {
        (
            Conclusion::Allowed,
            Words("질환이 모두 허용된 분류 안에 있습니다.", "All diseases lie within the classes that are allowed."),
        )
    } else if wanted.iter().all(|disease| within(disease) || wider(disease)) {
        (
            Conclusion::Person,
            Words(
                "허용된 분류보다 넓은 질환이 있습니다. 관련된 연구인지 판단해야 합니다.",
                "A disease is wider than the classes that are allowed: somebody must see whether the research is related.",
            ),
        )
    } else {
        (
            Conclusion::Denied,
            Words("허용된 분류 밖의 질환이 있습니다.", "A disease lies outside the classes that are allowed."),
        )
    }
}

fn law(proposed: &ProposedUse) -> Finding {
    let Some(legal) = proposed.legal else { return finding(Rule::Law, unanswered()) };
    let (conclusion, why) = match (legal, proposed.commercial) {
        (LegalPurpose::Other, _) => (
            Conclusion::Person,
            Words(
                "세 가지 목적에 해당하지 않으면 정보주체의 동의나 다른 법적 근거가 있는지 보아야 합니다.",
                "Outside the three purposes, somebody must see a consent or another basis in law.",
            ),
        ),
        (LegalPurpose::Archiving, Some(true)) => (
            Conclusion::Person,
            Words(
                "상업적 이용이 공익적 기록보존에 해당하는지 판단해야 합니다.",
                "Somebody must see whether a commercial use is archiving in the public interest.",
            ),
        ),
        (LegalPurpose::Archiving, _) => {
            (Conclusion::Allowed, Words("공익적 기록보존에 해당합니다.", "It is archiving in the public interest."))
        }
        (LegalPurpose::Research, _) => (
            Conclusion::Allowed,
            Words(
                "과학적 연구에는 산업적 연구와 민간 투자 연구도 포함됩니다(제2조 제8호).",
                "Scientific research includes applied and privately funded research (Article 2(8)).",
            ),
        ),
        (LegalPurpose::Statistics, _) => (
            Conclusion::Allowed,
            Words("통계작성에는 상업적 목적의 통계도 포함됩니다.", "Statistics include those with a commercial aim."),
        ),
    };
    finding(Rule::Law, (conclusion, legal.label().owned(), why))
}

fn modifier(
    modifier: &Modifier,
    studies: &Bilingual,
    proposed: &ProposedUse,
    ethics: Option<&Ethics>,
    today: &Day,
) -> Finding {
    let said = match modifier {
        Modifier::NotForProfitOrganization => of_organization(proposed.for_profit),
        Modifier::NonCommercial => of_aim(proposed.commercial),
        Modifier::NotForProfitNonCommercial => of_both(proposed.for_profit, proposed.commercial),
        Modifier::Geographic(countries) => of_place(countries, proposed.place),
        Modifier::TimeLimit(months) => of_months(*months),
        Modifier::EthicsApproval => of_ethics(ethics),
        Modifier::Collaboration => must(
            proposed.collaborates,
            Words("공동연구를 합니다", "Works together with the investigators"),
            Words("공동연구를 하지 않습니다", "Does not work together with the investigators"),
        ),
        Modifier::Publication => must(
            proposed.publishes,
            Words("결과를 공개합니다", "Publishes results"),
            Words("결과를 공개하지 않습니다", "Does not publish results"),
        ),
        Modifier::Return => must(
            proposed.returns,
            Words("파생 자료를 돌려줍니다", "Returns derived data"),
            Words("파생 자료를 돌려주지 않습니다", "Does not return derived data"),
        ),
        Modifier::GeneticOnly => must(
            proposed.genetic,
            Words("유전형을 다룹니다", "Studies genotypes"),
            Words("유전형을 다루지 않습니다", "Does not study genotypes"),
        ),
        Modifier::Moratorium(until) => of_moratorium(until, proposed.publishes, today),
        Modifier::NoMethods => of_methods(proposed.study.as_ref()),
        Modifier::ResearchSpecific => of_type(studies),
        Modifier::UserSpecific | Modifier::ProjectSpecific | Modifier::InstitutionSpecific => approved_by_people(),
    };
    finding(Rule::Term(modifier.term()), said)
}

/// A demand that the answer meets or not.
fn must(answer: Option<bool>, yes: Words, no: Words) -> Said {
    match answer {
        None => unanswered(),
        Some(true) => (Conclusion::Allowed, yes.owned(), Words("조건을 지킵니다.", "It keeps to the condition.")),
        Some(false) => {
            (Conclusion::Denied, no.owned(), Words("조건을 지키지 않습니다.", "It does not keep to the condition."))
        }
    }
}

const FOR_PROFIT: Words = Words("영리기관", "An organization for profit");
const NOT_FOR_PROFIT: Words = Words("비영리기관", "An organization not for profit");
const COMMERCIAL: Words = Words("상업적 이용", "A commercial use");
const NOT_COMMERCIAL: Words = Words("비상업적 이용", "A use without a commercial aim");

fn of_organization(for_profit: Option<bool>) -> Said {
    match for_profit {
        None => unanswered(),
        Some(true) => {
            let why = Words("비영리기관만 이용할 수 있는 자료입니다.", "Organizations for profit are excluded.");
            (Conclusion::Denied, FOR_PROFIT.owned(), why)
        }
        Some(false) => {
            (Conclusion::Allowed, NOT_FOR_PROFIT.owned(), Words("비영리기관입니다.", "It is not for profit."))
        }
    }
}

fn of_aim(commercial: Option<bool>) -> Said {
    match commercial {
        None => unanswered(),
        Some(true) => {
            let why = Words("상업적으로 이용할 수 없는 자료입니다.", "Commercial uses are excluded.");
            (Conclusion::Denied, COMMERCIAL.owned(), why)
        }
        Some(false) => {
            (Conclusion::Allowed, NOT_COMMERCIAL.owned(), Words("상업적 목적이 없습니다.", "It has no commercial aim."))
        }
    }
}

/// One of both that is excluded is enough for a denial, whatever the other answer will be.
fn of_both(for_profit: Option<bool>, commercial: Option<bool>) -> Said {
    match (of_organization(for_profit), of_aim(commercial)) {
        (denied, _) if denied.0 == Conclusion::Denied => denied,
        (_, denied) if denied.0 == Conclusion::Denied => denied,
        (open, _) if open.0 == Conclusion::Person => open,
        (_, aim) => aim,
    }
}

fn of_place(countries: &[String], place: Option<Place>) -> Said {
    let Some(place) = place else { return unanswered() };
    let korea = countries.iter().any(|code| code == "KR");
    let only = korea && countries.len() == 1;
    let (conclusion, why) = match place {
        Place::Korea if korea => (Conclusion::Allowed, Words("허용된 지역 안입니다.", "It lies within the region.")),
        Place::Korea => (Conclusion::Denied, Words("국내는 허용된 지역이 아닙니다.", "Korea is not in the region.")),
        Place::Abroad if only => {
            (Conclusion::Denied, Words("국내에서만 이용할 수 있는 자료입니다.", "It may be used in Korea alone."))
        }
        Place::Abroad => (
            Conclusion::Person,
            Words(
                "이용할 나라가 허용된 지역 안인지 판단해야 합니다.",
                "Somebody must see whether the countries are within the region.",
            ),
        ),
    };
    (conclusion, place.label().owned(), why)
}

fn of_months(months: u32) -> Said {
    let looked = Bilingual { ko: format!("최대 {months}개월"), en: format!("At most {months} months") };
    (
        Conclusion::Allowed,
        looked,
        Words("이용 승인은 이 기간 안에 끝나야 합니다.", "The grant must end within this time."),
    )
}

fn of_ethics(ethics: Option<&Ethics>) -> Said {
    match ethics {
        None => unanswered(),
        Some(Ethics::Approved { number, .. }) => {
            let looked = Bilingual { ko: format!("승인 번호 {number}"), en: format!("Approval {number}") };
            (Conclusion::Allowed, looked, Words("IRB 승인이 있습니다.", "There is an approval."))
        }
        Some(Ethics::Follows { .. }) => {
            let why = Words(
                "승인을 확인할 때까지 데이터가 열리지 않아야 합니다.",
                "Data must not open before the approval was seen.",
            );
            (Conclusion::Person, Words("나중에 제출", "It follows").owned(), why)
        }
        Some(Ethics::Exempt { .. }) => {
            let why = Words(
                "승인이 필요하지 않다는 사유를 읽고 판단해야 합니다.",
                "Somebody must judge why none should be needed.",
            );
            (Conclusion::Person, Words("필요하지 않다고 함", "Said not to be needed").owned(), why)
        }
    }
}

fn of_moratorium(until: &Day, publishes: Option<bool>, today: &Day) -> Said {
    let over = || Words("공개 유예가 끝났습니다.", "The moratorium is over.");
    let looked = |ko: &str, en: &str| Bilingual {
        ko: format!("{ko} ({until}까지 유예)"),
        en: format!("{en} (moratorium until {until})"),
    };
    match publishes {
        None => unanswered(),
        Some(true) if today >= until => (Conclusion::Allowed, looked("결과를 공개합니다", "Publishes results"), over()),
        Some(true) => (
            Conclusion::Person,
            looked("결과를 공개합니다", "Publishes results"),
            Words(
                "유예가 끝난 뒤에 공개한다는 조건이 필요합니다.",
                "It needs the condition that nothing is published before.",
            ),
        ),
        Some(false) => (
            Conclusion::Allowed,
            looked("결과를 공개하지 않습니다", "Does not publish results"),
            Words("공개하지 않으므로 유예를 어기지 않습니다.", "What is not published breaks no moratorium."),
        ),
    }
}

fn of_methods(study: Option<&Study>) -> Said {
    let Some(study) = study else { return unanswered() };
    let (conclusion, why) = match study {
        Study::Methods => (
            Conclusion::Denied,
            Words("방법 개발에는 쓸 수 없는 자료입니다.", "The development of methods is excluded."),
        ),
        Study::Other => (
            Conclusion::Person,
            Words("방법 개발인지 읽고 판단해야 합니다.", "Somebody must see whether it develops methods."),
        ),
        Study::Disease(_) | Study::Health | Study::Ancestry => {
            (Conclusion::Allowed, Words("방법 개발이 아닙니다.", "It develops no methods."))
        }
    };
    (conclusion, told(study), why)
}

fn of_type(studies: &Bilingual) -> Said {
    let why = Words(
        "이 유형의 연구인지 이용 목적을 읽고 판단해야 합니다.",
        "Somebody must read the purpose and see whether it is of this type.",
    );
    (Conclusion::Person, studies.clone(), why)
}

fn approved_by_people() -> Said {
    let why = Words("누구에게 허용할지는 위원회가 정합니다.", "Whom it is open to is for the board to say.");
    (Conclusion::Person, Words("이 신청", "This request").owned(), why)
}
