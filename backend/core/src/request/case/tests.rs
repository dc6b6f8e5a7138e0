//! Histories at random against a simple model, and the rules one by one.

use super::*;
use crate::id::{AgreementId, GrantId};
use crate::request::attachment::{Attachment, FileKind};
use crate::request::board::Count;
use crate::request::event::Ethics;
use crate::request::permission::{Act, RULES};
use proptest::prelude::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn member(number: u8) -> MemberId {
    MemberId::from_bytes([number; 16])
}

fn proposal(purpose: &str) -> Proposal {
    let agreement = AgreementId::from_bytes([1; 16]);
    let (uses, columns) = Default::default();
    let (ethics, reach) = (Ethics::Exempt { reason: String::new() }, crate::grant::Reach::Export);
    Proposal { purpose: purpose.to_owned(), agreement, ethics, uses, columns, reach }
}

fn decided(conditions: usize) -> Happening {
    let condition = Condition { text: "the number".to_owned(), due: at(1_000) };
    let grant = GrantId::from_bytes([1; 16]);
    let verdict =
        Verdict::Approved { grant, reach: crate::grant::Reach::Export, conditions: vec![condition; conditions] };
    Happening::Decided(Decision { count: Count::default(), verdict, terms: None })
}

fn rejected() -> Happening {
    let verdict = Verdict::Rejected { reason: "no".to_owned() };
    Happening::Decided(Decision { count: Count::default(), verdict, terms: None })
}

fn voted(ballot: Ballot) -> Happening {
    Happening::Voted { ballot, reason: "because".to_owned() }
}

/// Applies what happens, each by a member, one second after the other.
fn history(case: &mut Case, happenings: impl IntoIterator<Item = Happening>) -> Vec<Result<(), InvalidTransition>> {
    let mut results = Vec::new();
    for what in happenings {
        let by = if what == Happening::Lapsed { Actor::Clock } else { Actor::Member(member(1)) };
        let event = case.next(at(i64::from(case.events)), by, what);
        results.push(case.apply(&event));
    }
    results
}

#[test]
fn a_returned_request_is_handed_in_again_and_voted_on_anew() {
    let mut case = Case::default();
    let way = [
        Happening::Submitted(proposal("first")),
        Happening::Accepted,
        voted(Ballot::For),
        Happening::SignedOff { role: Role::Steward, reason: String::new() },
        Happening::Returned { reason: "which columns?".to_owned() },
        Happening::Saved(proposal("second")),
        Happening::Submitted(proposal("third")),
    ];
    assert!(history(&mut case, way).iter().all(Result::is_ok));
    assert_eq!(case.state, RequestState::Submitted { submitted_at: at(6) });
    assert_eq!(case.proposal, Some(proposal("third")));
    assert!(case.votes.is_empty() && case.signed_off.is_empty());
}

#[test]
fn a_vote_may_be_changed_until_the_decision_and_goes_with_a_recusal_for_good() {
    let mut case = Case::default();
    let way = [Happening::Submitted(proposal("")), Happening::Accepted, voted(Ballot::For), voted(Ballot::Against)];
    assert!(history(&mut case, way).iter().all(Result::is_ok));
    assert_eq!(case.votes[&member(1)].ballot, Ballot::Against);
    let recused = Happening::Recused { reason: "a shareholder".to_owned() };
    assert!(history(&mut case, [recused.clone()])[0].is_ok());
    assert!(case.votes.is_empty());
    assert!(history(&mut case, [voted(Ballot::For)])[0].is_err());
    assert!(history(&mut case, [recused])[0].is_err(), "once");
    let again =
        [Happening::Returned { reason: String::new() }, Happening::Submitted(proposal("")), Happening::Accepted];
    assert!(history(&mut case, again).iter().all(Result::is_ok));
    assert!(history(&mut case, [voted(Ballot::For)])[0].is_err(), "the interest is still there");
    assert!(history(&mut case, [rejected(), voted(Ballot::For)])[1].is_err(), "it is decided");
}

#[test]
fn a_conditional_approval_opens_with_the_last_condition_that_is_confirmed() {
    let mut case = Case::default();
    let way = [Happening::Submitted(proposal("")), Happening::Accepted, decided(2)];
    assert!(history(&mut case, way).iter().all(Result::is_ok));
    let answer = |condition| Happening::Answered { condition, answer: "IRB-1".to_owned() };
    let confirm = |condition| Happening::Confirmed { condition };
    for (what, is_ok, state) in [
        (confirm(0), false, "conditional"),
        (answer(2), false, "conditional"),
        (answer(0), true, "conditional"),
        (answer(0), true, "conditional"),
        (confirm(0), true, "conditional"),
        (answer(0), false, "conditional"),
        (confirm(0), false, "conditional"),
        (answer(1), true, "conditional"),
        (confirm(1), true, "approved"),
        (confirm(1), false, "approved"),
        (Happening::Lapsed, false, "approved"),
    ] {
        assert_eq!(history(&mut case, [what.clone()])[0].is_ok(), is_ok, "{what:?}");
        assert_eq!(case.state.as_str(), state, "{what:?}");
    }
}

#[test]
fn only_the_clock_lets_a_request_lapse_and_it_does_nothing_else() {
    let mut case = Case::default();
    let returned = [Happening::Submitted(proposal("")), Happening::Returned { reason: String::new() }];
    assert!(history(&mut case, returned).iter().all(Result::is_ok));
    let by_member = case.next(at(9), Actor::Member(member(1)), Happening::Lapsed);
    assert!(case.clone().apply(&by_member).is_err());
    let by_clock = case.next(at(9), Actor::Clock, Happening::Withdrawn);
    assert!(case.clone().apply(&by_clock).is_err());
    assert!(history(&mut case, [Happening::Lapsed])[0].is_ok());
    assert_eq!(case.state, RequestState::Lapsed { lapsed_at: at(2) });
}

#[test]
fn an_event_out_of_its_order_is_refused() {
    let mut case = Case::default();
    for number in [0, 2, u32::MAX] {
        let what = Happening::Submitted(proposal(""));
        assert!(case.apply(&Event { number, at: at(0), by: Actor::Member(member(1)), what }).is_err());
    }
    let filled = (0..EVENTS_MAX).map(|_| Happening::Saved(proposal("")));
    assert!(history(&mut case, filled).iter().all(Result::is_ok));
    assert!(history(&mut case, [Happening::Saved(proposal(""))])[0].is_err(), "a history has an end");
}

fn attachment() -> Attachment {
    Attachment { name: "irb.pdf".to_owned(), kind: FileKind::Pdf, size_bytes: 5, sha256: "0".repeat(64) }
}

#[test]
fn files_of_both_sides_are_counted_together() {
    let mut case = Case::default();
    let saved = history(&mut case, [Happening::Saved(proposal("")), Happening::Attached(attachment())]);
    assert!(saved.iter().all(Result::is_ok));
    assert!(history(&mut case, [Happening::Enclosed(attachment())])[0].is_err(), "the hospital sees no draft");
    let handed_in = [Happening::Submitted(proposal("")), Happening::Enclosed(attachment())];
    assert!(history(&mut case, handed_in).iter().all(Result::is_ok));
    assert!(history(&mut case, [Happening::Attached(attachment())])[0].is_err(), "what is reviewed stays as it is");
    assert!(history(&mut case, [Happening::Returned { reason: String::new() }])[0].is_ok());
    let more = (2..ATTACHMENTS_MAX).map(|_| Happening::Attached(attachment()));
    assert!(history(&mut case, more).iter().all(Result::is_ok));
    for what in [Happening::Attached(attachment()), Happening::Enclosed(attachment())] {
        assert!(history(&mut case, [what])[0].is_err());
    }
}

#[test]
fn words_change_nothing_but_their_number_and_have_an_end() {
    let mut case = Case::default();
    let text = || "When?".to_owned();
    assert!(history(&mut case, [Happening::Asked { text: text() }])[0].is_err(), "nobody reads a draft");
    assert!(history(&mut case, [Happening::Submitted(proposal("")), Happening::Accepted]).iter().all(Result::is_ok));
    let before = case.clone();
    let talk = (0..MESSAGES_MAX).map(|number| match number % 2 {
        0 => Happening::Asked { text: text() },
        _ => Happening::Replied { text: text() },
    });
    assert!(history(&mut case, talk).iter().all(Result::is_ok));
    assert_eq!(case, Case { messages: MESSAGES_MAX, events: case.events, ..before }, "where it stands stays");
    assert!(history(&mut case, [Happening::Replied { text: text() }])[0].is_err());
    assert!(history(&mut case, [Happening::Remarked { text: text() }])[0].is_ok(), "remarks are counted by themselves");
    assert!(history(&mut case, [voted(Ballot::For), rejected()]).iter().all(Result::is_ok), "there is room to decide");
    assert!(history(&mut case, [Happening::Remarked { text: text() }])[0].is_err(), "it is over");
}

/// The act of the table that an event stands for.
const fn act(what: &Happening) -> Option<Act> {
    Some(match what {
        Happening::Saved(_) => Act::Save,
        Happening::Submitted(_) => Act::Submit,
        Happening::Accepted => Act::Accept,
        Happening::Returned { .. } => Act::Return,
        Happening::SignedOff { .. } => Act::SignOff,
        Happening::Recused { .. } => Act::Recuse,
        Happening::Voted { .. } => Act::Vote,
        Happening::Answered { .. } => Act::Answer,
        Happening::Confirmed { .. } => Act::Confirm,
        Happening::Withdrawn => Act::Withdraw,
        Happening::Asked { .. } => Act::Message,
        Happening::Replied { .. } => Act::Reply,
        Happening::Remarked { .. } => Act::Remark,
        Happening::Attached(_) => Act::Attach,
        Happening::Enclosed(_) => Act::Enclose,
        Happening::Decided(_) | Happening::Lapsed => return None,
    })
}

fn any_happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        Just(Happening::Saved(proposal("a"))),
        Just(Happening::Submitted(proposal("b"))),
        Just(Happening::Submitted(proposal("c"))),
        Just(Happening::Accepted),
        Just(Happening::Accepted),
        Just(Happening::Returned { reason: String::new() }),
        Just(Happening::SignedOff { role: Role::Steward, reason: String::new() }),
        Just(Happening::Recused { reason: String::new() }),
        (0_usize..4).prop_map(|ballot| voted(Ballot::ALL[ballot])),
        (0_usize..3).prop_map(decided),
        Just(rejected()),
        (0_u32..3).prop_map(|condition| Happening::Answered { condition, answer: String::new() }),
        (0_u32..3).prop_map(|condition| Happening::Confirmed { condition }),
        Just(Happening::Asked { text: String::new() }),
        Just(Happening::Replied { text: String::new() }),
        Just(Happening::Remarked { text: String::new() }),
        Just(Happening::Attached(attachment())),
        Just(Happening::Enclosed(attachment())),
        Just(Happening::Withdrawn),
        Just(Happening::Lapsed),
    ]
}

proptest! {
    /// The machine allows nothing in a state where the table of permissions has nobody to do it; what it refuses changes
    /// nothing; and the fold of what it took is what it is.
    #[test]
    fn no_history_leaves_the_table_and_every_one_folds_to_where_it_is(
        happenings in proptest::collection::vec(any_happening(), 0..40),
    ) {
        let mut case = Case::default();
        let mut taken: Vec<Event> = Vec::new();
        for what in happenings {
            let by = if what == Happening::Lapsed { Actor::Clock } else { Actor::Member(member(1)) };
            let event = case.next(at(i64::from(case.events)), by, what);
            let before = case.clone();
            match case.apply(&event) {
                Ok(()) => {
                    if let Some(act) = act(&event.what) {
                        let rule = RULES.iter().find(|rule| rule.act == act).unwrap();
                        prop_assert!(rule.states.contains(&before.state.as_str()), "{act:?} in {:?}", before.state);
                    }
                    taken.push(event);
                }
                Err(_) => prop_assert_eq!(&case, &before),
            }
        }
        let decisions = taken.iter().filter(|event| matches!(event.what, Happening::Decided(_))).count();
        prop_assert!(decisions <= 1, "decided once");
        prop_assert_eq!(Case::of(&taken), Ok(case));
    }
}
