//! Incidents: what went wrong with data of patients, what is done about it, and by when the law wants it told.

use crate::clock::Timestamp;
use crate::id::{IncidentId, MemberId, OrganizationId};
use crate::name::Name;
use crate::state::InvalidTransition;
use std::collections::BTreeMap;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// How long after it was known an incident must have been told: 72 hours, to those whom it concerns (Personal Information
/// Protection Act, article 34; Enforcement Decree, article 39) and to the Commission or KISA (article 40).
pub const TELL_WITHIN: Duration = Duration::from_secs(72 * 60 * 60);
/// The most events of one incident.
pub const EVENTS_MAX: u32 = 500;

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentKind {
    /// Somebody was identified again, or could be.
    Reidentification,
    /// Data reached somebody who may not have it.
    Disclosure,
    /// Data was used for something that was not granted.
    Misuse,
    /// Data, a key or a credential was lost or stolen.
    Loss,
    /// The service or its ledger failed.
    Failure,
}

/// Whom an incident is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// The persons whose data it is.
    Persons,
    /// The Personal Information Protection Commission, or KISA.
    Authority,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its identifier.
    pub id: IncidentId,
    /// What kind of thing.
    pub kind: IncidentKind,
    /// What, in words.
    pub description: String,
    /// The company that it is about; nothing when it is the hospital's own.
    pub organization: Option<OrganizationId>,
    /// The dataset that it is about.
    pub dataset: Option<Name>,
    /// When somebody first knew of it. The clock of the law runs from then.
    pub known_at: Timestamp,
    /// Who entered it.
    pub reported_by: MemberId,
    /// When it was entered.
    pub reported_at: Timestamp,
}

/// One thing that happened to an incident after it was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentEvent {
    /// Its place, from 1.
    pub number: u32,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: MemberId,
    /// What.
    pub what: IncidentStep,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentStep {
    /// Somebody wrote down what was found or done.
    Noted {
        /// What.
        text: String,
    },
    /// Somebody was told, or need not be.
    Told {
        /// Who.
        whom: Told,
        /// How and under which number, or why it need not be.
        text: String,
    },
    /// It is over.
    Closed {
        /// What it was, and what keeps it from happening again.
        text: String,
    },
}

/// Where an incident stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handling {
    /// Who was told, by whom and when.
    pub told: BTreeMap<Told, Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// How many events there were.
    pub events: u32,
}

impl IncidentKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Reidentification, Self::Disclosure, Self::Misuse, Self::Loss, Self::Failure];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reidentification => "reidentification",
            Self::Disclosure => "disclosure",
            Self::Misuse => "misuse",
            Self::Loss => "loss",
            Self::Failure => "failure",
        }
    }

    /// Reads a name; `None` when there is no such kind.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether the law wants it told: not where no personal data left its place.
    pub const fn must_be_told(self) -> bool {
        !matches!(self, Self::Failure)
    }
}

impl Told {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Persons, Self::Authority];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Persons => "persons",
            Self::Authority => "authority",
        }
    }

    /// Reads a name; `None` when there is no such one.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|told| told.as_str() == text)
    }
}

impl IncidentStep {
    /// Its name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Noted { .. } => "noted",
            Self::Told { .. } => "told",
            Self::Closed { .. } => "closed",
        }
    }
}

impl Handling {
    /// The fold of a history. An error says that it is none.
    pub fn of<'e>(
        incident: &Incident,
        events: impl IntoIterator<Item = &'e IncidentEvent>,
    ) -> Result<Self, InvalidTransition> {
        let mut handling = Self::default();
        for event in events {
            handling.apply(incident, event)?;
        }
        Ok(handling)
    }

    /// The event that would come next.
    pub const fn next(&self, at: Timestamp, by: MemberId, what: IncidentStep) -> IncidentEvent {
        IncidentEvent { number: self.events.saturating_add(1), at, by, what }
    }

    /// The name of where it stands.
    pub const fn as_str(&self) -> &'static str {
        if self.closed_at.is_some() { "closed" } else { "open" }
    }

    /// Who is still to be told, or for whom it is still to be said that they need not be.
    pub fn untold(&self, incident: &Incident) -> impl Iterator<Item = Told> {
        let told = if incident.kind.must_be_told() { Told::ALL.as_slice() } else { &[] };
        told.iter().copied().filter(|whom| !self.told.contains_key(whom))
    }

    /// By when it must have been told; `None` when nobody is left to tell.
    pub fn due(&self, incident: &Incident) -> Option<Timestamp> {
        self.untold(incident).next().map(|_| incident.known_at.plus(TELL_WITHIN))
    }

    /// Takes one more event in, or refuses it and stays as it was. Nobody closes an incident before all were told.
    pub fn apply(&mut self, incident: &Incident, event: &IncidentEvent) -> Result<(), InvalidTransition> {
        let refuse = |action| InvalidTransition { machine: "incident", from: self.as_str(), action };
        if event.number != self.events.saturating_add(1) || event.number > EVENTS_MAX {
            return Err(refuse("take an event out of its order"));
        }
        if self.closed_at.is_some() {
            return Err(refuse("be changed"));
        }
        match &event.what {
            IncidentStep::Noted { .. } => {}
            IncidentStep::Told { whom, .. } if self.told.contains_key(whom) => return Err(refuse("be told twice")),
            IncidentStep::Told { whom, .. } => {
                self.told.insert(*whom, event.at);
            }
            IncidentStep::Closed { .. } if self.untold(incident).next().is_some() => {
                return Err(refuse("be closed before it was told"));
            }
            IncidentStep::Closed { .. } => self.closed_at = Some(event.at),
        }
        self.events = event.number;
        Ok(())
    }
}
