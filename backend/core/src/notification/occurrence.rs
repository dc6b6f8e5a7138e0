//! Something that occurred, and whom of an organization it reaches.

use super::Topic;
use crate::clock::Timestamp;
use crate::dataset::Version;
use crate::export::ResultExport;
use crate::grant::Grant;
use crate::grant::course::{CourseEvent, CourseStep, Duty};
use crate::id::{AgreementId, MemberId, OrganizationId};
use crate::incident::Incident;
use crate::member::{Member, MemberState, Role};
use crate::name::Name;
use crate::request::AccessRequest;
use crate::request::event::{Actor, Event};
use std::collections::BTreeSet;

/// Something that occurred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// The same for the same thing, so that nobody is told twice.
    pub id: String,
    /// What it is about.
    pub topic: Topic,
    /// The company that it is about.
    pub organization: OrganizationId,
    /// The request, grant, credential or version, by its identifier.
    pub subject: String,
    /// The dataset that it is about, when it is about one.
    pub dataset: Option<Name>,
    /// Who did it, and need not be told.
    pub by: Option<MemberId>,
    /// When.
    pub at: Timestamp,
    /// Those of the hospital whose turn it is, where that is not who hears of the topic otherwise. Empty once it is told.
    pub turn: BTreeSet<Role>,
}

impl Occurrence {
    /// What happened to a request; nothing when nobody needs to be told.
    pub fn of_request(request: &AccessRequest, event: &Event) -> Option<Self> {
        let topic = Topic::of(&event.what)?;
        let by = match event.by {
            Actor::Member(member) => Some(member),
            Actor::Clock => None,
        };
        let id = format!("{}-{}", request.id, event.number);
        Some(Self { id, by, ..Self::about_request(request, topic, event.at) })
    }

    /// A request whose step is due at a moment, and that moment is near or over.
    pub fn pressing(request: &AccessRequest, topic: Topic, due: Timestamp, at: Timestamp) -> Self {
        let id = format!("{}-{}-{}", request.id, topic.as_str(), due.seconds());
        Self { id, ..Self::about_request(request, topic, at) }
    }

    /// The same, for the members of the hospital with these roles.
    pub fn for_turn(self, turn: BTreeSet<Role>) -> Self {
        Self { turn, ..self }
    }

    /// An office that is asked for its opinion on a request, since a moment.
    pub fn opinion_wanted(request: &AccessRequest, office: Role, since: Timestamp, at: Timestamp) -> Self {
        let topic = Topic::RequestOpinionWanted;
        let id = format!("{}-{}-{}-{}", request.id, topic.as_str(), office.as_str(), since.seconds());
        Self { id, turn: BTreeSet::from([office]), ..Self::about_request(request, topic, at) }
    }

    fn about_request(request: &AccessRequest, topic: Topic, at: Timestamp) -> Self {
        Self {
            id: String::new(),
            topic,
            organization: request.organization,
            subject: request.id.to_string(),
            dataset: Some(request.dataset.clone()),
            by: None,
            at,
            turn: BTreeSet::new(),
        }
    }

    /// A grant that was ended.
    pub fn revoked(grant: &Grant, at: Timestamp) -> Self {
        Self {
            id: format!("{}-revoked", grant.id),
            topic: Topic::GrantRevoked,
            organization: grant.organization,
            subject: grant.id.to_string(),
            dataset: Some(grant.dataset.clone()),
            by: None,
            at,
            turn: BTreeSet::new(),
        }
    }

    /// What happened to a grant after it was given.
    pub fn of_course(grant: &Grant, event: &CourseEvent) -> Self {
        let topic = match event.what {
            CourseStep::Reported { .. } => Topic::GrantReported,
            CourseStep::Noted { .. } => Topic::GrantReportRead,
            CourseStep::Declared(_) => Topic::DestructionDeclared,
            CourseStep::Refused { .. } => Topic::DestructionRefused,
            CourseStep::Confirmed => Topic::GrantClosed,
        };
        let id = format!("{}-course-{}", grant.id, event.number);
        Self { id, topic, by: Some(event.by), ..Self::revoked(grant, event.at) }
    }

    /// What a company owes for a grant, once before it is due and once when it is late.
    pub fn owed(grant: &Grant, duty: Duty, due: Timestamp, at: Timestamp) -> Self {
        let topic = match (duty, due <= at) {
            (Duty::Report, false) => Topic::GrantReportDue,
            (Duty::Report, true) => Topic::GrantReportOverdue,
            (Duty::Destruction, false) => Topic::DestructionDue,
            (Duty::Destruction, true) => Topic::DestructionOverdue,
        };
        let id = format!("{}-{}-{}", grant.id, topic.as_str(), due.seconds());
        Self { id, topic, ..Self::revoked(grant, at) }
    }

    /// A grant that was made in an emergency. Whoever made it is told too: it may not have been they.
    pub fn break_glass(grant: &Grant, at: Timestamp) -> Self {
        let id = format!("{}-break-glass", grant.id);
        Self { id, topic: Topic::BreakGlassOpened, ..Self::revoked(grant, at) }
    }

    /// Such a grant that nobody reviewed in time.
    pub fn unreviewed(grant: &Grant, at: Timestamp) -> Self {
        let id = format!("{}-unreviewed", grant.id);
        Self { id, topic: Topic::BreakGlassUnreviewed, ..Self::revoked(grant, at) }
    }

    /// A version that came into service, or went out of it, for a company that reads it.
    pub fn of_version(version: &Version, topic: Topic, organization: OrganizationId, at: Timestamp) -> Self {
        Self {
            id: format!("{}-{}-{organization}", version.id, topic.as_str()),
            topic,
            organization,
            subject: version.id.to_string(),
            dataset: Some(version.dataset.clone()),
            by: None,
            at,
            turn: BTreeSet::new(),
        }
    }

    /// A new version of the agreement, for a company whose grants stand under an older one.
    pub fn of_agreement(agreement: AgreementId, organization: OrganizationId, at: Timestamp) -> Self {
        Self {
            id: format!("{agreement}-published-{organization}"),
            topic: Topic::AgreementPublished,
            organization,
            subject: agreement.to_string(),
            dataset: None,
            by: None,
            at,
            turn: BTreeSet::new(),
        }
    }

    /// An incident that was entered, or that was not told in time. It is told to the hospital's people, whoever caused it.
    pub fn of_incident(incident: &Incident, topic: Topic, hospital: OrganizationId, at: Timestamp) -> Self {
        Self {
            id: format!("{}-{}", incident.id, topic.as_str()),
            topic,
            organization: incident.organization.unwrap_or(hospital),
            subject: incident.id.to_string(),
            dataset: incident.dataset.clone(),
            by: (topic == Topic::IncidentReported).then_some(incident.reported_by),
            at,
            turn: BTreeSet::new(),
        }
    }

    /// What happened to a result that a company wants to take away.
    pub fn of_export(export: &ResultExport, topic: Topic, by: Option<MemberId>, at: Timestamp) -> Self {
        Self {
            id: format!("{}-{}", export.id, topic.as_str()),
            topic,
            organization: export.organization,
            subject: export.id.to_string(),
            dataset: Some(export.dataset.clone()),
            by,
            turn: BTreeSet::new(),
            at,
        }
    }

    /// Whether a member of an organization hears of it.
    pub fn reaches(&self, member: &Member, is_hospital: bool) -> bool {
        let audience = self.topic.audience();
        let meant = match is_hospital {
            true if self.turn.is_empty() => member.roles.iter().any(|role| audience.hospital.contains(role)),
            true => member.roles.iter().any(|role| self.turn.contains(role)),
            false => audience.company && member.organization == self.organization,
        };
        meant && matches!(member.state, MemberState::Active) && self.by != Some(member.id)
    }
}
