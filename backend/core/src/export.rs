//! Exports: results of what a company looked at inside, each of which leaves by a decision of its own.
//!
//! A grant that only provides ([`Reach::Inside`](crate::grant::Reach)) lets a company run queries whose results are held. A
//! result that it wants to take away it names, with the reason why nobody can be found in it; the offices that the hospital
//! named look at the very bytes and consent, or one of them refuses. Until then the company learns nothing of the result: not
//! its length, nor its hash. What leaves is what they looked at: a commitment to its hash stands in every entry of the way.

use crate::clock::Timestamp;
use crate::id::{AppId, ExportId, GrantId, MemberId, OrganizationId, QueryJobId};
use crate::member::Role;
use crate::name::Name;
use crate::request::need::Need;
use crate::state::InvalidTransition;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// The most events of one export.
pub const EVENTS_MAX: u32 = 100;

/// A result that a company wants to take away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultExport {
    /// Its identifier.
    pub id: ExportId,
    /// The query that made the result.
    pub job: QueryJobId,
    /// The app that ran it.
    pub app: AppId,
    /// The company.
    pub organization: OrganizationId,
    /// The grant under which it was run.
    pub grant: GrantId,
    /// The dataset of the grant.
    pub dataset: Name,
    /// The SQL text.
    pub sql: String,
    /// What it read, each table by its full name.
    pub tables: String,
    /// The media type of the result.
    pub media_type: String,
    /// Rows of the result.
    pub rows: u64,
    /// Bytes of the result.
    pub size_bytes: u64,
    /// SHA-256 of the result's bytes. Of a short result it tells the bytes, so it is the company's once it may have them.
    pub sha256: [u8; 32],
    /// With which the ledger has a commitment to that hash, until then.
    pub salt: [u8; 32],
    /// What it is, and why nobody can be found in it, as the company says.
    pub reason: String,
    /// When it was filed.
    pub filed_at: Timestamp,
    /// Until when it is decided, and kept for that.
    pub until: Timestamp,
}

/// One thing that happened to an export after it was filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportEvent {
    /// Its place, from 1.
    pub number: u32,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: MemberId,
    /// What.
    pub what: ExportStep,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportStep {
    /// An office consents.
    Consented {
        /// The office.
        role: Role,
        /// What was checked.
        text: String,
    },
    /// All consents that are needed are there: it may leave.
    Released,
    /// It may not leave.
    Refused {
        /// Why, and what would.
        text: String,
    },
}

/// Where an export stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hearing {
    /// Who consented, by office.
    pub consents: BTreeMap<Role, MemberId>,
    /// How it ended, and when.
    pub end: Option<(ExportEnd, Timestamp)>,
    /// How many events there were.
    pub events: u32,
}

/// How an export was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportEnd {
    /// The result may leave.
    Released,
    /// It may not.
    Refused {
        /// Why, and what would.
        text: String,
    },
}

/// Where an export stands, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportState {
    /// It waits on the hospital.
    Waiting,
    /// The result may leave.
    Released,
    /// It may not.
    Refused,
    /// Nobody decided in time, and the result is gone.
    Lapsed,
}

/// Why a member's consent does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoConsent {
    /// It is decided, or its time is over.
    Over,
    /// None of the member's offices is asked, or still asked.
    NotAsked,
    /// The member consented already: a second consent must be a second person's.
    Twice,
}

impl ExportStep {
    /// Its name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Consented { .. } => "consented",
            Self::Released => "released",
            Self::Refused { .. } => "refused",
        }
    }
}

impl ExportState {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Released => "released",
            Self::Refused => "refused",
            Self::Lapsed => "lapsed",
        }
    }
}

impl Hearing {
    /// The fold of a history. An error says that it is none.
    pub fn of<'e>(events: impl IntoIterator<Item = &'e ExportEvent>) -> Result<Self, InvalidTransition> {
        let mut hearing = Self::default();
        for event in events {
            hearing.apply(event)?;
        }
        Ok(hearing)
    }

    /// The event that would come next.
    pub const fn next(&self, at: Timestamp, by: MemberId, what: ExportStep) -> ExportEvent {
        ExportEvent { number: self.events.saturating_add(1), at, by, what }
    }

    /// Where it stands at a moment.
    pub fn state(&self, export: &ResultExport, now: Timestamp) -> ExportState {
        match &self.end {
            Some((ExportEnd::Released, _)) => ExportState::Released,
            Some((ExportEnd::Refused { .. }, _)) => ExportState::Refused,
            None if now >= export.until => ExportState::Lapsed,
            None => ExportState::Waiting,
        }
    }

    /// Takes one more event in, or refuses it and stays as it was. An end is an end.
    pub fn apply(&mut self, event: &ExportEvent) -> Result<(), InvalidTransition> {
        let from = match &self.end {
            Some((ExportEnd::Released, _)) => "released",
            Some((ExportEnd::Refused { .. }, _)) => "refused",
            None => "waiting",
        };
        let refuse = |action| InvalidTransition { machine: "export", from, action };
        if event.number != self.events.saturating_add(1) || event.number > EVENTS_MAX {
            return Err(refuse("take an event out of its order"));
        }
        if self.end.is_some() {
            return Err(refuse("be decided again"));
        }
        match &event.what {
            ExportStep::Consented { role, .. } => {
                if self.consents.contains_key(role) || self.consents.values().any(|by| *by == event.by) {
                    return Err(refuse("be consented to twice by one office or one member"));
                }
                self.consents.insert(*role, event.by);
            }
            ExportStep::Released if self.consents.is_empty() => return Err(refuse("leave without a consent")),
            ExportStep::Released => self.end = Some((ExportEnd::Released, event.at)),
            ExportStep::Refused { text } => {
                self.end = Some((ExportEnd::Refused { text: text.clone() }, event.at));
            }
        }
        self.events = event.number;
        Ok(())
    }

    /// The offices whose consent is still wanted.
    pub fn wanted(&self, need: &Need<Role>) -> impl Iterator<Item = Role> {
        need.missing(&|role| self.consents.contains_key(role)).into_iter()
    }

    /// What a member's consent makes: the consent, in one of their offices, and the release when it was the last.
    pub fn consent(
        &self,
        export: &ResultExport,
        need: &Need<Role>,
        (by, roles): (MemberId, &[Role]),
        text: &str,
        now: Timestamp,
    ) -> Result<Vec<ExportStep>, NoConsent> {
        if self.state(export, now) != ExportState::Waiting {
            return Err(NoConsent::Over);
        }
        if self.consents.values().any(|known| *known == by) {
            return Err(NoConsent::Twice);
        }
        let role = self.wanted(need).find(|role| roles.contains(role)).ok_or(NoConsent::NotAsked)?;
        let mut steps = vec![ExportStep::Consented { role, text: text.to_owned() }];
        if need.is_met(&|office| *office == role || self.consents.contains_key(office)) {
            steps.push(ExportStep::Released);
        }
        Ok(steps)
    }
}
