use super::*;
use crate::id::{AgreementId, AppId, GrantId, OrganizationId};
use crate::name::Name;
use crate::quota::Amount;
use proptest::prelude::*;
use std::collections::BTreeMap;

const DAY: u64 = 86_400;

fn day(days: u64) -> Timestamp {
    Timestamp::from_seconds(i64::try_from(days * DAY).unwrap())
}

fn by(number: u8) -> MemberId {
    MemberId::from_bytes([number; 16])
}

fn terms() -> DutyTerms {
    let days = |days: u64| Duration::from_secs(days * DAY);
    DutyTerms { report_every: Some(days(100)), destroy_within: days(30), remind: days(7) }
}

/// A grant from day 10 to day 365.
fn life(state: GrantState) -> Life {
    let grant = Grant {
        id: GrantId::from_bytes([1; 16]),
        organization: OrganizationId::from_bytes([1; 16]),
        app: AppId::from_bytes([1; 16]),
        request: None,
        agreement: AgreementId::from_bytes([1; 16]),
        dataset: Name::parse("visits").unwrap(),
        tier: Tier::Deidentified,
        tables: BTreeMap::new(),
        reach: crate::grant::Reach::Export,
        purpose: String::new(),
        quota: Amount { bytes: 1, rows: 1 },
        valid_from: day(10),
        valid_until: day(365),
        state,
        created_at: day(0),
    };
    Life { grant, course: Course::default(), was_opened: true, is_renewed: false }
}

fn destruction() -> Destruction {
    let text = || "all of it".to_owned();
    Destruction { until: day(370), method: Method::Erased, copies: text(), kept: String::new(), witness: text() }
}

fn take(course: &mut Course, at: Timestamp, what: CourseStep) -> Result<(), InvalidTransition> {
    course.apply(&course.next(at, by(1), what))
}

fn report() -> CourseStep {
    CourseStep::Reported { text: "it goes".to_owned() }
}

#[test]
fn reports_are_due_one_interval_after_the_last_and_not_after_the_end() {
    let mut life = life(GrantState::Active);
    assert_eq!(life.due(&terms(), day(10)), Some((Duty::Report, day(110))));
    assert_eq!(life.pressing(&terms(), day(102)), None);
    assert_eq!(life.pressing(&terms(), day(103)), Some((Duty::Report, day(110))));
    assert_eq!(life.overdue(&terms(), day(109)), None);
    assert_eq!(life.overdue(&terms(), day(110)), Some((Duty::Report, day(110))));
    take(&mut life.course, day(150), report()).unwrap();
    assert_eq!(life.due(&terms(), day(150)), Some((Duty::Report, day(250))));
    take(&mut life.course, day(270), report()).unwrap();
    assert_eq!(life.due(&terms(), day(270)), None, "the next would be due after the end");
    assert_eq!(life.due(&DutyTerms { report_every: None, ..terms() }, day(10)), None);
}

#[test]
fn what_was_read_is_destroyed_within_thirty_days_of_the_end_whatever_ended_it() {
    let ended = life(GrantState::Active);
    assert_eq!(ended.due(&terms(), day(365)), Some((Duty::Destruction, day(395))));
    assert_eq!(ended.pressing(&terms(), day(365)), ended.due(&terms(), day(365)), "told at once");
    assert_eq!(ended.overdue(&terms(), day(394)), None);
    assert_eq!(ended.overdue(&terms(), day(395)), Some((Duty::Destruction, day(395))));
    let revoked = life(GrantState::Revoked { revoked_at: day(50), reason: String::new() });
    assert_eq!(revoked.due(&terms(), day(60)), Some((Duty::Destruction, day(80))));
    let late = life(GrantState::Revoked { revoked_at: day(500), reason: String::new() });
    assert_eq!(late.due(&terms(), day(501)), Some((Duty::Destruction, day(395))), "a late word gives no more time");
}

#[test]
fn nothing_is_owed_for_what_opened_nothing_goes_on_or_shows_nobody() {
    let held = Life { was_opened: false, ..life(GrantState::Held) };
    let never = Life { was_opened: false, ..life(GrantState::Revoked { revoked_at: day(50), reason: String::new() }) };
    let renewed = Life { is_renewed: true, ..life(GrantState::Active) };
    let mut synthetic = life(GrantState::Active);
    synthetic.grant.tier = Tier::Synthetic;
    for life in [held, never, renewed.clone(), synthetic] {
        assert_eq!(life.due(&terms(), day(400)), None, "{life:?}");
    }
    assert_eq!(renewed.due(&terms(), day(20)), Some((Duty::Report, day(110))), "while it lasts it is reported on");
}

#[test]
fn a_declaration_waits_on_the_hospital_and_a_refused_one_is_owed_again() {
    let mut life = life(GrantState::Active);
    take(&mut life.course, day(370), CourseStep::Declared(destruction())).unwrap();
    assert_eq!((life.due(&terms(), day(400)), life.course.waits_on_hospital()), (None, true));
    assert!(!life.may_close());
    take(&mut life.course, day(371), CourseStep::Refused { reason: "backups?".to_owned() }).unwrap();
    assert_eq!(life.overdue(&terms(), day(400)), Some((Duty::Destruction, day(395))));
    assert_eq!((life.course.as_str(), life.course.waits_on_hospital(), life.may_close()), ("refused", false, true));
    take(&mut life.course, day(372), CourseStep::Declared(destruction())).unwrap();
    assert_eq!((life.course.as_str(), &life.course.refused), ("declared", &None));
    take(&mut life.course, day(373), CourseStep::Confirmed).unwrap();
    assert_eq!((life.course.as_str(), life.due(&terms(), day(400))), ("closed", None));
    assert_eq!(life.course.confirmed, Some((by(1), day(373))));
}

#[test]
fn an_answer_reads_all_reports_that_were_not_read() {
    let mut course = Course::default();
    assert!(take(&mut course, day(1), CourseStep::Noted { text: "?".to_owned() }).is_err());
    take(&mut course, day(1), report()).unwrap();
    take(&mut course, day(2), report()).unwrap();
    assert_eq!(course.unread().count(), 2);
    take(&mut course, day(3), CourseStep::Noted { text: "thanks".to_owned() }).unwrap();
    assert_eq!((course.unread().count(), course.waits_on_hospital()), (0, false));
    assert!(take(&mut course, day(4), CourseStep::Noted { text: "again".to_owned() }).is_err());
    take(&mut course, day(5), report()).unwrap();
    assert_eq!(course.unread().map(|report| report.at).collect::<Vec<_>>(), [day(5)]);
}

fn step() -> impl Strategy<Value = CourseStep> {
    prop_oneof![
        Just(report()),
        Just(CourseStep::Noted { text: "read".to_owned() }),
        Just(CourseStep::Declared(destruction())),
        Just(CourseStep::Refused { reason: "no".to_owned() }),
        Just(CourseStep::Confirmed),
    ]
}

proptest! {
    /// The simple model: a word for where it stands, and how many reports are unread.
    #[test]
    fn any_history_is_what_the_table_of_states_says(steps in proptest::collection::vec(step(), 0..40)) {
        let (mut course, mut at, mut unread) = (Course::default(), "open", 0);
        for what in steps {
            let next = match (at, what.as_str()) {
                ("closed", _) => None,
                (_, "reported") => { unread += 1; Some(at) }
                (_, "noted") if unread > 0 => { unread = 0; Some(at) }
                ("open" | "refused", "declared") => Some("declared"),
                ("declared", "refused") => Some("refused"),
                ("declared", "confirmed") => Some("closed"),
                _ => None,
            };
            let before = course.clone();
            prop_assert_eq!(take(&mut course, day(1), what).is_ok(), next.is_some());
            at = next.unwrap_or(at);
            if next.is_none() {
                prop_assert_eq!(&course, &before);
            }
            prop_assert_eq!(course.as_str(), at);
            prop_assert_eq!(course.unread().count(), unread);
        }
    }
}
