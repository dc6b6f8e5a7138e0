//! The history of a request as people read it. What the board says among itself is for the hospital.

use crate::portal::page::Page;
use crate::portal::texts::{FlowTexts, HomeTexts};
use crate::portal::{moment, said as by_us};
use mudeung_core::id::MemberId;
use mudeung_core::request::event::{Actor, Ballot, Event, Happening, Verdict};
use std::collections::BTreeMap;

/// One line of the history.
pub(super) struct TimeLine {
    pub(super) at: String,
    pub(super) what: String,
    pub(super) who: String,
    pub(super) said: String,
}

/// Whether a happening is for the hospital alone.
const fn is_inner(what: &Happening) -> bool {
    matches!(
        what,
        Happening::SignedOff { .. } | Happening::Recused { .. } | Happening::Voted { .. } | Happening::Remarked { .. }
    )
}

/// Whether a happening is a word of somebody, which has its own place on the page.
const fn is_word(what: &Happening) -> bool {
    matches!(what, Happening::Asked { .. } | Happening::Replied { .. } | Happening::Remarked { .. })
}

/// The history, oldest first. The company is told what concerns it, and no names of the hospital's people.
pub(super) fn lines(
    page: &Page,
    events: &[Event],
    names: &BTreeMap<MemberId, String>,
    for_hospital: bool,
) -> Vec<TimeLine> {
    let f = FlowTexts::of(page.language);
    let shown = events.iter().filter(|event| !is_word(&event.what) && (for_hospital || !is_inner(&event.what)));
    let line = |event: &Event| TimeLine {
        at: moment::minute(event.at),
        what: what(page, f, &event.what),
        who: match event.by {
            Actor::Clock => f.by_clock.to_owned(),
            Actor::Member(member) if for_hospital || is_of_company(&event.what) => {
                names.get(&member).cloned().unwrap_or_default()
            }
            Actor::Member(_) => f.by_hospital.to_owned(),
        },
        said: said(page, f, &event.what),
    };
    shown.map(line).collect()
}

const fn is_of_company(what: &Happening) -> bool {
    matches!(
        what,
        Happening::Saved(_)
            | Happening::Submitted(_)
            | Happening::Answered { .. }
            | Happening::Asked { .. }
            | Happening::Attached(_)
            | Happening::Withdrawn
    )
}

fn what(page: &Page, f: &'static FlowTexts, what: &Happening) -> String {
    let text = match what {
        Happening::Saved(_) => f.did_save,
        Happening::Submitted(_) => f.did_submit,
        Happening::Accepted => f.did_accept,
        Happening::Returned { .. } => f.did_return,
        Happening::SignedOff { role, .. } => {
            let office = crate::portal::home::role_name(HomeTexts::of(page.language), *role);
            return format!("{}: {office}", f.did_sign_off);
        }
        Happening::Recused { .. } => f.did_recuse,
        Happening::Voted { ballot, .. } => return format!("{}: {}", f.did_vote, ballot_text(f, *ballot)),
        Happening::Decided(decision) => match &decision.verdict {
            Verdict::Approved { conditions, .. } if conditions.is_empty() => f.did_approve,
            Verdict::Approved { .. } => f.did_approve_conditionally,
            Verdict::Rejected { .. } => f.did_reject,
        },
        Happening::Answered { condition, .. } => return format!("{} {}", f.did_answer, condition.saturating_add(1)),
        Happening::Confirmed { condition } => return format!("{} {}", f.did_confirm, condition.saturating_add(1)),
        Happening::Attached(_) | Happening::Enclosed(_) => f.did_attach,
        Happening::Asked { .. } => f.did_ask,
        Happening::Replied { .. } => f.did_reply,
        Happening::Remarked { .. } => f.did_remark,
        Happening::Withdrawn => f.did_withdraw,
        Happening::Lapsed => f.did_lapse,
    };
    text.to_owned()
}

fn said(page: &Page, f: &'static FlowTexts, what: &Happening) -> String {
    match what {
        Happening::Returned { reason }
        | Happening::SignedOff { reason, .. }
        | Happening::Recused { reason }
        | Happening::Voted { reason, .. } => reason.clone(),
        Happening::Answered { answer, .. } => answer.clone(),
        Happening::Attached(file) | Happening::Enclosed(file) => file.name.clone(),
        Happening::Asked { text } | Happening::Replied { text } | Happening::Remarked { text } => text.clone(),
        Happening::Decided(decision) => match &decision.verdict {
            Verdict::Rejected { reason } => reason.clone(),
            Verdict::Approved { conditions, .. } => {
                let line = |condition: &mudeung_core::request::event::Condition| {
                    format!(
                        "{} ({} {})",
                        by_us::shown(page.language, &condition.text),
                        f.until,
                        moment::last_day(condition.due)
                    )
                };
                conditions.iter().map(line).collect::<Vec<_>>().join("\n")
            }
        },
        Happening::Submitted(proposal) => proposal.purpose.clone(),
        Happening::Saved(_)
        | Happening::Accepted
        | Happening::Confirmed { .. }
        | Happening::Withdrawn
        | Happening::Lapsed => String::new(),
    }
}

/// How a vote is called.
pub(super) const fn ballot_text(f: &'static FlowTexts, ballot: Ballot) -> &'static str {
    match ballot {
        Ballot::For => f.ballot_for,
        Ballot::ForWithConditions => f.ballot_conditional,
        Ballot::Against => f.ballot_against,
        Ballot::Abstain => f.ballot_abstain,
    }
}
