//! Exports against a plain model: a set of offices that consented, each by another member.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const OFFICES: [Role; 3] = [Role::Steward, Role::Reviewer, Role::Auditor];

fn export() -> ResultExport {
    ResultExport {
        id: ExportId::from_bytes([1; 16]),
        job: QueryJobId::from_bytes([1; 16]),
        app: AppId::from_bytes([1; 16]),
        organization: OrganizationId::from_bytes([1; 16]),
        grant: GrantId::from_bytes([1; 16]),
        dataset: Name::parse("cohort").unwrap(),
        sql: String::new(),
        tables: String::new(),
        media_type: "text/csv".to_owned(),
        rows: 3,
        size_bytes: 30,
        sha256: [7; 32],
        salt: [8; 32],
        reason: String::new(),
        filed_at: Timestamp::from_seconds(10),
        until: Timestamp::from_seconds(100),
    }
}

fn member(number: u8) -> MemberId {
    MemberId::from_bytes([number; 16])
}

fn take(hearing: &mut Hearing, by: u8, steps: Vec<ExportStep>) {
    for what in steps {
        hearing.apply(&hearing.next(Timestamp::from_seconds(20), member(by), what)).unwrap();
    }
}

proptest! {
    /// Whoever consents in whatever order: it is released by the consent that meets the need, once, and never by fewer
    /// members than offices are needed.
    #[test]
    fn it_leaves_when_the_need_is_met_by_as_many_members(
        text in proptest::sample::select(vec![
            "steward", "any(steward, reviewer)", "all(steward, reviewer)", "2 of (steward, reviewer, auditor)",
            "all(auditor, any(steward, reviewer))",
        ]),
        consents in proptest::collection::vec((1_u8..5, proptest::sample::subsequence(OFFICES.to_vec(), 1..=3)), 0..8),
    ) {
        let need = Need::parse(text, &Role::parse).unwrap();
        let mut hearing = Hearing::default();
        let (mut offices, mut members) = (BTreeSet::new(), BTreeSet::new());
        let now = Timestamp::from_seconds(20);
        for (by, roles) in consents {
            let met = need.is_met(&|role| offices.contains(role));
            let answer = hearing.consent(&export(), &need, (member(by), &roles), "looked at", now);
            let missing = need.missing(&|role| offices.contains(role));
            let role = missing.into_iter().find(|role| roles.contains(role));
            match (met, members.contains(&by), role) {
                (true, ..) => prop_assert_eq!(answer, Err(NoConsent::Over)),
                (_, true, _) => prop_assert_eq!(answer, Err(NoConsent::Twice)),
                (_, _, None) => prop_assert_eq!(answer, Err(NoConsent::NotAsked)),
                (_, _, Some(role)) => {
                    offices.insert(role);
                    members.insert(by);
                    take(&mut hearing, by, answer.unwrap());
                }
            }
            let released = hearing.state(&export(), now) == ExportState::Released;
            prop_assert_eq!(released, need.is_met(&|role| offices.contains(role)));
            prop_assert_eq!(offices.len(), members.len());
        }
    }
}

#[test]
fn an_end_is_an_end_and_nothing_leaves_without_a_consent_or_after_its_time() {
    let need = Need::parse("any(steward, reviewer)", &Role::parse).unwrap();
    let consented = || ExportStep::Consented { role: Role::Steward, text: String::new() };
    let refused = || ExportStep::Refused { text: "small cells".to_owned() };
    let at = Timestamp::from_seconds(20);
    let mut hearing = Hearing::default();
    assert!(hearing.apply(&hearing.next(at, member(1), ExportStep::Released)).is_err());
    take(&mut hearing, 1, vec![refused()]);
    for what in [consented(), ExportStep::Released, refused()] {
        assert!(hearing.apply(&hearing.next(at, member(2), what)).is_err());
    }
    assert_eq!(hearing.state(&export(), at), ExportState::Refused);
    let mut hearing = Hearing::default();
    take(&mut hearing, 1, vec![consented()]);
    let twice = ExportStep::Consented { role: Role::Reviewer, text: String::new() };
    assert!(hearing.apply(&hearing.next(at, member(1), twice)).is_err(), "one member is one pair of eyes");
    assert!(hearing.apply(&hearing.next(at, member(2), consented())).is_err());
    let waiting = Hearing::default();
    for (second, expected) in [(99, ExportState::Waiting), (100, ExportState::Lapsed)] {
        assert_eq!(waiting.state(&export(), Timestamp::from_seconds(second)), expected);
    }
    let late = waiting.consent(&export(), &need, (member(1), &[Role::Steward]), "", Timestamp::from_seconds(100));
    assert_eq!(late, Err(NoConsent::Over));
    let mut out_of_order = waiting.next(at, member(1), consented());
    out_of_order.number = 2;
    assert!(Hearing::default().apply(&out_of_order).is_err());
}
