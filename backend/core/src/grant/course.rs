//! What a company owes for a grant while it reads and after it may no more: reports on how it goes, and the proof that what
//! it read is destroyed. What happened is a list of events; where it stands, and what is due when, follow from them.

use crate::clock::Timestamp;
use crate::grant::{Grant, GrantState};
use crate::id::MemberId;
use crate::state::InvalidTransition;
use crate::tier::Tier;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// The most events of one grant.
pub const EVENTS_MAX: u32 = 500;

/// One thing that happened to a grant after it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CourseEvent {
    /// Its place, from 1. No two events of a grant have one place: of two who write at once, one fails.
    pub number: u32,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: MemberId,
    /// What.
    pub what: CourseStep,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CourseStep {
    /// The company reported how its work goes.
    Reported {
        /// What was done with the data and what came of it.
        text: String,
    },
    /// The hospital read all reports so far, and answered.
    Noted {
        /// What.
        text: String,
    },
    /// The company declared that everything it read is destroyed.
    Declared(Destruction),
    /// The hospital does not take the declaration.
    Refused {
        /// Why.
        reason: String,
    },
    /// The hospital took the declaration: the grant is closed, and there is a certificate of it.
    Confirmed,
}

/// How the data that was read under a grant was destroyed, as the company declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destruction {
    /// The day, as the end of it.
    pub until: Timestamp,
    /// How.
    pub method: Method,
    /// What was destroyed and where it lay: files, copies, backups.
    pub copies: String,
    /// The results that are kept, which show nobody; empty when nothing is kept.
    pub kept: String,
    /// The name of the person who saw to it.
    pub witness: String,
}

/// How data is destroyed, so that it cannot be brought back: the ways of article 16 of the Enforcement Decree of the
/// Personal Information Protection Act (개인정보 보호법 시행령 제16조), and the destruction of the key of encrypted data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Files were deleted so that they cannot be brought back.
    Erased,
    /// What they were encrypted with was destroyed.
    KeyDestroyed,
    /// The media were shredded, burnt or degaussed.
    MediaDestroyed,
}

/// Where a grant's course stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Course {
    /// The reports, oldest first.
    pub reports: Vec<Report>,
    /// What the company declared last, until it is refused.
    pub declared: Option<Declaration>,
    /// Why the last declaration was refused, until there is another.
    pub refused: Option<String>,
    /// Who of the hospital closed it, and when.
    pub confirmed: Option<(MemberId, Timestamp)>,
    /// How many events there were.
    pub events: u32,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Who wrote it.
    pub by: MemberId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
    /// What the hospital answered, and when, once it read it.
    pub answer: Option<(String, Timestamp)>,
}

/// A declaration that data is destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Who declared.
    pub by: MemberId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub destruction: Destruction,
}

/// How often a company reports, and how soon after the end it destroys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DutyTerms {
    /// A report is due so long after the one before, or the start; nothing when none is asked for.
    pub report_every: Option<Duration>,
    /// A declaration is due so long after the end of the grant.
    pub destroy_within: Duration,
    /// A report is asked for so long before it is due.
    pub remind: Duration,
}

impl Default for DutyTerms {
    /// Reports twice a year, and destruction within thirty days.
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Self { report_every: Some(days(180)), destroy_within: days(30), remind: days(14) }
    }
}

/// What is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// A report.
    Report,
    /// The declaration that what was read is destroyed.
    Destruction,
}

/// A grant, what became of it, and what must be known to say what is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// The grant.
    pub grant: Grant,
    /// What became of it.
    pub course: Course,
    /// Whether it ever opened anything: one that was held and then withdrawn did not.
    pub was_opened: bool,
    /// Whether another grant goes on where it ends, so that the data may stay.
    pub is_renewed: bool,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Erased, Self::KeyDestroyed, Self::MediaDestroyed];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Erased => "erased",
            Self::KeyDestroyed => "key_destroyed",
            Self::MediaDestroyed => "media_destroyed",
        }
    }

    /// Reads a name; `None` when there is no such way.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

impl CourseStep {
    /// Its name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Reported { .. } => "reported",
            Self::Noted { .. } => "noted",
            Self::Declared(_) => "declared",
            Self::Refused { .. } => "refused",
            Self::Confirmed => "confirmed",
        }
    }
}

impl Course {
    /// The fold of a history. An error says that it is none.
    pub fn of<'e>(events: impl IntoIterator<Item = &'e CourseEvent>) -> Result<Self, InvalidTransition> {
        let mut course = Self::default();
        for event in events {
            course.apply(event)?;
        }
        Ok(course)
    }

    /// The event that would come next.
    pub const fn next(&self, at: Timestamp, by: MemberId, what: CourseStep) -> CourseEvent {
        CourseEvent { number: self.events.saturating_add(1), at, by, what }
    }

    /// The name of where it stands: `open`, `declared`, `refused` or `closed`.
    pub const fn as_str(&self) -> &'static str {
        match (&self.confirmed, &self.declared, &self.refused) {
            (Some(_), _, _) => "closed",
            (None, Some(_), _) => "declared",
            (None, None, Some(_)) => "refused",
            (None, None, None) => "open",
        }
    }

    /// Whether the hospital has something to do: an unread report, or a declaration.
    pub fn waits_on_hospital(&self) -> bool {
        self.confirmed.is_none() && (self.declared.is_some() || self.unread().next().is_some())
    }

    /// The reports that the hospital did not answer.
    pub fn unread(&self) -> impl Iterator<Item = &Report> {
        self.reports.iter().filter(|report| report.answer.is_none())
    }

    /// Takes one more event in, or refuses it and stays as it was.
    pub fn apply(&mut self, event: &CourseEvent) -> Result<(), InvalidTransition> {
        if event.number != self.events.saturating_add(1) || event.number > EVENTS_MAX {
            return Err(self.refuse("take an event out of its order"));
        }
        match &event.what {
            _ if self.confirmed.is_some() => return Err(self.refuse("be changed")),
            CourseStep::Reported { text } => {
                self.reports.push(Report { by: event.by, at: event.at, text: text.clone(), answer: None });
            }
            CourseStep::Noted { text } => self.note(text, event.at)?,
            CourseStep::Declared(_) if self.declared.is_some() => return Err(self.refuse("be declared destroyed")),
            CourseStep::Declared(destruction) => {
                self.refused = None;
                self.declared = Some(Declaration { by: event.by, at: event.at, destruction: destruction.clone() });
            }
            CourseStep::Refused { .. } | CourseStep::Confirmed if self.declared.is_none() => {
                return Err(self.refuse("be closed before it is declared destroyed"));
            }
            CourseStep::Refused { reason } => {
                self.declared = None;
                self.refused = Some(reason.clone());
            }
            CourseStep::Confirmed => self.confirmed = Some((event.by, event.at)),
        }
        self.events = event.number;
        Ok(())
    }

    fn note(&mut self, text: &str, at: Timestamp) -> Result<(), InvalidTransition> {
        if self.unread().next().is_none() {
            return Err(self.refuse("be answered without a report"));
        }
        for report in self.reports.iter_mut().filter(|report| report.answer.is_none()) {
            report.answer = Some((text.to_owned(), at));
        }
        Ok(())
    }

    const fn refuse(&self, action: &'static str) -> InvalidTransition {
        InvalidTransition { machine: "course of a grant", from: self.as_str(), action }
    }
}

impl Life {
    /// When the grant ended; `None` while it goes on, and for one that is still held.
    pub fn ended_at(&self, now: Timestamp) -> Option<Timestamp> {
        let end = match self.grant.state {
            GrantState::Held => return None,
            GrantState::Active => self.grant.valid_until,
            GrantState::Revoked { revoked_at, .. } => revoked_at.min(self.grant.valid_until),
        };
        (end <= now).then_some(end)
    }

    /// What the company owes next, and by when. What waits on the hospital is owed by nobody else. A report that would be due
    /// after the end is not asked for; synthetic data need not be destroyed.
    pub fn due(&self, terms: &DutyTerms, now: Timestamp) -> Option<(Duty, Timestamp)> {
        if !self.was_opened || self.grant.tier != Tier::Deidentified || self.course.declared.is_some() {
            return None;
        }
        match self.ended_at(now) {
            Some(_) if self.is_renewed => None,
            Some(end) => Some((Duty::Destruction, end.plus(terms.destroy_within))),
            None if matches!(self.grant.state, GrantState::Held) => None,
            None => {
                let last = self.course.reports.last().map_or(self.grant.valid_from, |report| report.at);
                let due = last.max(self.grant.valid_from).plus(terms.report_every?);
                (due < self.grant.valid_until).then_some((Duty::Report, due))
            }
        }
    }

    /// What the company should be told of now: a report that is due soon, a destruction as soon as the grant ended.
    pub fn pressing(&self, terms: &DutyTerms, now: Timestamp) -> Option<(Duty, Timestamp)> {
        self.due(terms, now).filter(|(duty, due)| match duty {
            Duty::Report => *due <= now.plus(terms.remind),
            Duty::Destruction => true,
        })
    }

    /// What the company owes and did not do in time.
    pub fn overdue(&self, terms: &DutyTerms, now: Timestamp) -> Option<(Duty, Timestamp)> {
        self.due(terms, now).filter(|(_, due)| *due <= now)
    }

    /// Whether the company may say now that everything is destroyed.
    pub const fn may_close(&self) -> bool {
        self.was_opened
            && !self.is_renewed
            && self.course.declared.is_none()
            && !matches!(self.grant.state, GrantState::Held)
    }
}
