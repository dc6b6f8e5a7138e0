//! What can be stopped, as people choose it, and what is stopped now.

use super::level::{Level, WHOLE_SERVICE};
use crate::portal::moment;
use crate::portal::page::{Badge, Page};
use crate::portal::texts::KillSwitchTexts;
use mudeung_core::app::AppState;
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::Credential;
use mudeung_core::dataset::DatasetState;
use mudeung_core::id::OrganizationId;
use mudeung_core::organization::OrganizationState;
use mudeung_core::policy::Snapshot;
use mudeung_core::service::ServiceState;
use mudeung_core::stop::Stop;
use mudeung_store::{Conn, StoreError};

/// The most targets that a level suggests; whoever is not among them is typed by its identifier.
const CHOICES_MAX: usize = 500;

/// Something that can be stopped.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
}

/// Something that is stopped and can be resumed.
pub(super) struct Stopped {
    pub(super) level: &'static str,
    pub(super) kind: &'static str,
    pub(super) target: String,
    pub(super) label: String,
    pub(super) badge: Badge,
    pub(super) since: String,
    pub(super) reason: String,
    /// Whether who looks may start it again.
    pub(super) may_resume: bool,
}

/// The latest credentials with their labels, which a snapshot does not hold.
pub(super) fn list_labels(conn: &mut Conn) -> Result<Vec<Credential>, StoreError> {
    mudeung_store::credentials::list_latest(conn, CHOICES_MAX)
}

/// What a level can stop now.
pub(super) fn choices(
    level: Level,
    snapshot: &Snapshot,
    credentials: &[Credential],
    own: OrganizationId,
    now: Timestamp,
) -> Vec<Choice> {
    let organization = |id| snapshot.organizations.get(&id).map_or("–", |organization| organization.name.as_str());
    let choice = |value: String, label: String| Choice { value, label };
    let mut choices: Vec<Choice> = match level {
        Level::Credential => credentials
            .iter()
            .filter(|credential| credential.is_live(now))
            .map(|credential| {
                let app = snapshot.apps.get(&credential.app).map_or("–", |app| app.name.as_str());
                choice(credential.id.to_string(), format!("{app} · {} · {}", credential.label, credential.proof.hint()))
            })
            .collect(),
        Level::App => {
            let active = snapshot.apps.values().filter(|app| matches!(app.state, AppState::Active));
            active
                .map(|app| choice(app.id.to_string(), format!("{} · {}", organization(app.organization), app.name)))
                .collect()
        }
        Level::Organization => {
            let active = snapshot.organizations.values().filter(|organization| {
                matches!(organization.state, OrganizationState::Active) && organization.id != own
            });
            active.map(|organization| choice(organization.id.to_string(), organization.name.clone())).collect()
        }
        Level::Dataset => {
            let datasets = snapshot.datasets.values().map(|entry| &entry.dataset);
            datasets
                .filter(|dataset| matches!(dataset.state, DatasetState::Active))
                .map(|dataset| choice(dataset.name.to_string(), dataset.name.to_string()))
                .collect()
        }
        Level::Service => Vec::new(),
    };
    choices.sort_by(|a, b| a.label.cmp(&b.label));
    choices.truncate(CHOICES_MAX);
    choices
}

/// What is stopped now, the widest first, as it is to `who`.
pub(super) fn stopped(page: &Page, snapshot: &Snapshot, stops: &[Stop], who: &str, two_people: bool) -> Vec<Stopped> {
    let t = KillSwitchTexts::of(page.language);
    let line = |level: Level, kind, target: String, label: String, since: Timestamp| {
        let stop = stops.iter().find(|stop| stop.level == level.as_str() && stop.target == target);
        Stopped {
            level: level.as_str(),
            kind,
            label,
            badge: page.badge("suspended"),
            since: moment::minute(since),
            reason: stop.map(|stop| format!("{} ({})", stop.reason, stop.by)).unwrap_or_default(),
            may_resume: stop.is_none_or(|stop| stop.may_be_lifted_by(who, two_people)),
            target,
        }
    };
    let mut lines = Vec::new();
    if let ServiceState::Paused { paused_at, by, reason } = &snapshot.service {
        let whole = line(Level::Service, t.service, WHOLE_SERVICE.to_owned(), t.service.to_owned(), *paused_at);
        lines.push(Stopped { reason: format!("{reason} ({by})"), ..whole });
    }
    for entry in snapshot.datasets.values() {
        if let DatasetState::Suspended { suspended_at } = entry.dataset.state {
            let name = entry.dataset.name.to_string();
            lines.push(line(Level::Dataset, t.dataset, name.clone(), name, suspended_at));
        }
    }
    let mut organizations: Vec<_> = snapshot.organizations.values().collect();
    organizations.sort_by_key(|organization| organization.id);
    for organization in organizations {
        if let OrganizationState::Suspended { suspended_at } = organization.state {
            let (id, name) = (organization.id.to_string(), organization.name.clone());
            lines.push(line(Level::Organization, t.organization, id, name, suspended_at));
        }
    }
    let mut apps: Vec<_> = snapshot.apps.values().collect();
    apps.sort_by_key(|app| app.id);
    for app in apps {
        if let AppState::Suspended { suspended_at } = app.state {
            lines.push(line(Level::App, t.app, app.id.to_string(), app.name.clone(), suspended_at));
        }
    }
    lines
}
