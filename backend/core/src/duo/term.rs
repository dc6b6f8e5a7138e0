//! The terms of the Data Use Ontology that decide for a company, with their identifiers.
//!
//! Identifiers, shorthands and English labels are those of the Data Use Ontology (DUO), <https://github.com/EBISPOT/DUO>, release of
//! 2021-02-23, under CC BY 4.0 (<https://creativecommons.org/licenses/by/4.0/>). The ontology has no Korean: the Korean labels and
//! all explanations are ours.

use super::Words;

/// A term of the Data Use Ontology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    /// NRES.
    NoRestriction,
    /// GRU.
    GeneralResearch,
    /// HMB.
    HealthResearch,
    /// DS.
    DiseaseSpecific,
    /// POA.
    Ancestry,
    /// NPU.
    NotForProfitOrganization,
    /// NCU.
    NonCommercial,
    /// NPUNCU.
    NotForProfitNonCommercial,
    /// GS.
    Geographic,
    /// TS.
    TimeLimit,
    /// IRB.
    EthicsApproval,
    /// COL.
    Collaboration,
    /// PUB.
    Publication,
    /// MOR.
    Moratorium,
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

impl Term {
    /// Every term.
    pub const ALL: [Self; 21] = [
        Self::NoRestriction,
        Self::GeneralResearch,
        Self::HealthResearch,
        Self::DiseaseSpecific,
        Self::Ancestry,
        Self::NotForProfitOrganization,
        Self::NonCommercial,
        Self::NotForProfitNonCommercial,
        Self::Geographic,
        Self::TimeLimit,
        Self::EthicsApproval,
        Self::Collaboration,
        Self::Publication,
        Self::Moratorium,
        Self::UserSpecific,
        Self::ProjectSpecific,
        Self::InstitutionSpecific,
        Self::ResearchSpecific,
        Self::NoMethods,
        Self::GeneticOnly,
        Self::Return,
    ];

    /// Its identifier in the ontology, for instance `DUO:0000042`.
    pub const fn id(self) -> &'static str {
        self.row().0
    }

    /// Its shorthand in the ontology, for instance `GRU`.
    pub const fn shorthand(self) -> &'static str {
        self.row().1
    }

    /// Its label.
    pub const fn label(self) -> Words {
        self.row().2
    }

    /// What it means, in a sentence.
    pub const fn meaning(self) -> Words {
        self.row().3
    }

    /// The term with that shorthand or identifier; `None` when there is none.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|term| term.shorthand() == text || term.id() == text)
    }

    #[rustfmt::skip]
    #[expect(clippy::too_many_lines, reason = "one row for each term")]
    const fn row(self) -> (&'static str, &'static str, Words, Words) {
        match self {
            Self::NoRestriction => (
                "DUO:0000004", "NRES", Words("제한 없음", "no restriction"),
                Words("이용 목적에 제한이 없습니다.", "There is no restriction on use."),
            ),
            Self::GeneralResearch => (
                "DUO:0000042", "GRU", Words("일반 연구", "general research use"),
                Words("연구라면 어떤 목적이든 이용할 수 있습니다.", "Any purpose that is research may use it."),
            ),
            Self::HealthResearch => (
                "DUO:0000006", "HMB", Words("보건의료 연구", "health or medical or biomedical research"),
                Words(
                    "보건의료·의생명 연구에 이용할 수 있으며, 인구집단의 기원이나 혈통 연구는 제외됩니다.",
                    "Health, medical and biomedical research may use it; the study of population origins or ancestry may not.",
                ),
            ),
            Self::DiseaseSpecific => (
                "DUO:0000007", "DS", Words("특정 질환 연구", "disease specific research"),
                Words("정해진 질환에 관한 연구에만 이용할 수 있습니다.", "Only research related to the named disease may use it."),
            ),
            Self::Ancestry => (
                "DUO:0000011", "POA", Words("인구집단 기원·혈통 연구만", "population origins or ancestry research only"),
                Words("인구집단의 기원이나 혈통 연구에만 이용할 수 있습니다.", "Only the study of population origins or ancestry may use it."),
            ),
            Self::NotForProfitOrganization => (
                "DUO:0000045", "NPU", Words("비영리기관만", "not for profit organisation use only"),
                Words("비영리기관만 이용할 수 있습니다.", "Only organisations that are not for profit may use it."),
            ),
            Self::NonCommercial => (
                "DUO:0000046", "NCU", Words("비상업적 이용만", "non-commercial use only"),
                Words("영리를 목적으로 하지 않는 이용만 할 수 있습니다.", "Only uses that are not for profit are allowed."),
            ),
            Self::NotForProfitNonCommercial => (
                "DUO:0000018", "NPUNCU", Words("비영리기관의 비상업적 이용만", "not for profit, non commercial use only"),
                Words(
                    "비영리기관이 영리 목적 없이 이용할 때만 쓸 수 있습니다.",
                    "Only organisations that are not for profit may use it, and only without a commercial aim.",
                ),
            ),
            Self::Geographic => (
                "DUO:0000022", "GS", Words("지역 제한", "geographical restriction"),
                Words("정해진 지역 안에서만 이용할 수 있습니다.", "It may be used within a named region alone."),
            ),
            Self::TimeLimit => (
                "DUO:0000025", "TS", Words("이용 기간 제한", "time limit on use"),
                Words("정해진 개월 수 동안만 이용할 수 있습니다.", "It may be used for a number of months."),
            ),
            Self::EthicsApproval => (
                "DUO:0000021", "IRB", Words("윤리위원회 승인 필요", "ethics approval required"),
                Words("신청 기관의 IRB 승인 서류가 있어야 합니다.", "Who asks must show the approval of their ethics committee."),
            ),
            Self::Collaboration => (
                "DUO:0000020", "COL", Words("공동연구 필요", "collaboration required"),
                Words("자료를 만든 연구자와 공동연구를 해야 합니다.", "Who asks must agree to work together with the primary investigators."),
            ),
            Self::Publication => (
                "DUO:0000019", "PUB", Words("결과 공개 필요", "publication required"),
                Words("자료로 얻은 결과를 학계에 공개해야 합니다.", "Results must be made available to the scientific community."),
            ),
            Self::Moratorium => (
                "DUO:0000024", "MOR", Words("공개 유예", "publication moratorium"),
                Words("정해진 날까지 결과를 발표하지 않아야 합니다.", "Results must not be published until a named day."),
            ),
            Self::UserSpecific => (
                "DUO:0000026", "US", Words("이용자 제한", "user specific restriction"),
                Words("승인된 이용자만 쓸 수 있습니다.", "Approved users alone may use it."),
            ),
            Self::ProjectSpecific => (
                "DUO:0000027", "PS", Words("과제 제한", "project specific restriction"),
                Words("승인된 과제에서만 쓸 수 있습니다.", "It may be used within an approved project alone."),
            ),
            Self::InstitutionSpecific => (
                "DUO:0000028", "IS", Words("기관 제한", "institution specific restriction"),
                Words("승인된 기관에서만 쓸 수 있습니다.", "It may be used within an approved institution alone."),
            ),
            Self::ResearchSpecific => (
                "DUO:0000012", "RS", Words("연구 유형 제한", "research specific restrictions"),
                Words("정해진 유형의 연구에만 이용할 수 있습니다.", "Studies of a certain type alone may use it."),
            ),
            Self::NoMethods => (
                "DUO:0000015", "NMDS", Words("방법 개발 연구 불가", "no general methods research"),
                Words(
                    "소프트웨어나 알고리즘 같은 방법 개발 연구에는 쓸 수 없습니다.",
                    "Methods development, such as of software or algorithms, may not use it.",
                ),
            ),
            Self::GeneticOnly => (
                "DUO:0000016", "GSO", Words("유전 연구만", "genetic studies only"),
                Words(
                    "유전형을 다루는 연구에만 이용할 수 있으며, 표현형만 다루는 연구는 제외됩니다.",
                    "Studies that include genotypes alone may use it, not those of phenotypes only.",
                ),
            ),
            Self::Return => (
                "DUO:0000029", "RTN", Words("파생 자료 반환", "return to database or resource"),
                Words("만들어 낸 자료를 원래 자료원에 돌려주어야 합니다.", "Derived or enriched data must be returned to the resource."),
            ),
        }
    }
}
