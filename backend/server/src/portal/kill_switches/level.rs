//! The five levels at which access is stopped, and what stopping does at each.

use mudeung_core::clock::Timestamp;
use mudeung_core::id::{AppId, CredentialId, OrganizationId};
use mudeung_core::name::Name;
use mudeung_core::stop::Stop;
use mudeung_store::{Conn, StoreError, apps, catalog, credentials, organizations, service, stops};
use mudeung_wire::ledger::entry::Entry;

/// The name of the one target of the widest level.
pub(super) const WHOLE_SERVICE: &str = "service";

/// How wide a switch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Credential,
    App,
    Organization,
    Dataset,
    Service,
}

/// What a switch stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::portal) enum Target {
    Credential(CredentialId),
    App(AppId),
    Organization(OrganizationId),
    Dataset(Name),
    Service,
}

impl Level {
    /// All of them, the narrowest first.
    pub(super) const ALL: [Self; 5] = [Self::Credential, Self::App, Self::Organization, Self::Dataset, Self::Service];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::App => "app",
            Self::Organization => "organization",
            Self::Dataset => "dataset",
            Self::Service => WHOLE_SERVICE,
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }

    /// A credential is revoked for good: its app makes another. All else can be resumed.
    pub(super) const fn is_reversible(self) -> bool {
        !matches!(self, Self::Credential)
    }

    pub(super) const fn stop_operation(self) -> &'static str {
        match self {
            Self::Credential => "credential.revoke",
            Self::App => "app.suspend",
            Self::Organization => "organization.suspend",
            Self::Dataset => "dataset.suspend",
            Self::Service => "service.pause",
        }
    }

    pub(super) const fn resume_operation(self) -> &'static str {
        match self {
            Self::Credential => "credential.resume",
            Self::App => "app.resume",
            Self::Organization => "organization.resume",
            Self::Dataset => "dataset.resume",
            Self::Service => "service.resume",
        }
    }

    /// The target of that name, when it can be one.
    pub(super) fn target(self, text: &str) -> Option<Target> {
        match self {
            Self::Credential => text.parse().ok().map(Target::Credential),
            Self::App => text.parse().ok().map(Target::App),
            Self::Organization => text.parse().ok().map(Target::Organization),
            Self::Dataset => Name::parse(text).ok().map(Target::Dataset),
            Self::Service => (text == WHOLE_SERVICE).then_some(Target::Service),
        }
    }
}

impl Target {
    pub(super) fn as_text(&self) -> String {
        match self {
            Self::Credential(id) => id.to_string(),
            Self::App(id) => id.to_string(),
            Self::Organization(id) => id.to_string(),
            Self::Dataset(name) => name.to_string(),
            Self::Service => WHOLE_SERVICE.to_owned(),
        }
    }

    /// Whether it is that organization: nobody shuts out their own.
    pub(super) fn is_organization(&self, id: OrganizationId) -> bool {
        *self == Self::Organization(id)
    }

    /// Says in an entry what it is about.
    pub(super) fn name_in(&self, entry: Entry) -> Entry {
        match self {
            Self::Credential(id) => Entry { credential: Some(id.to_string()), ..entry },
            Self::App(id) => Entry { app: Some(id.to_string()), ..entry },
            Self::Dataset(name) => Entry { dataset: Some(name.to_string()), ..entry },
            Self::Organization(_) | Self::Service => entry,
        }
    }

    pub(super) const fn level(&self) -> Level {
        match self {
            Self::Credential(_) => Level::Credential,
            Self::App(_) => Level::App,
            Self::Organization(_) => Level::Organization,
            Self::Dataset(_) => Level::Dataset,
            Self::Service => Level::Service,
        }
    }

    pub(in crate::portal) fn stop(
        self,
        conn: &mut Conn,
        by: String,
        reason: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (level, target) = (self.level().as_str().to_owned(), self.as_text());
        let note = Stop { level, target, by: by.clone(), reason: reason.clone(), at: now };
        match self {
            // Nothing starts it again.
            Self::Credential(id) => {
                let found = credentials::find_credential(conn, id)?.ok_or(missing("credential"))?;
                return credentials::update_credential_state(conn, id, found.state.revoke(now)?);
            }
            Self::App(id) => {
                let found = apps::find_app(conn, id)?.ok_or(missing("app"))?;
                apps::update_app_state(conn, id, found.state.suspend(now)?)?;
            }
            Self::Organization(id) => {
                let found = organizations::find_organization(conn, id)?.ok_or(missing("organization"))?;
                organizations::update_organization_state(conn, id, found.state.suspend(now)?)?;
            }
            Self::Dataset(name) => {
                let found = catalog::find_dataset(conn, &name)?.ok_or(missing("dataset"))?;
                catalog::update_dataset_state(conn, &name, found.state.suspend(now)?)?;
            }
            Self::Service => {
                let state = service::find_service_state(conn)?.pause(by, reason, now)?;
                service::update_service_state(conn, &state)?;
            }
        }
        stops::insert_stop(conn, &note)
    }

    /// Starts it again, unless that is for somebody else.
    pub(in crate::portal) fn resume(self, conn: &mut Conn, who: &str, two_people: bool) -> Result<(), StoreError> {
        let stop = stops::find_stop(conn, self.level().as_str(), &self.as_text())?;
        if stop.is_some_and(|stop| !stop.may_be_lifted_by(who, two_people)) {
            return Err(StoreError::ForAnother);
        }
        match self {
            Self::Credential(_) => Err(missing("credential")),
            Self::App(id) => {
                let found = apps::find_app(conn, id)?.ok_or(missing("app"))?;
                apps::update_app_state(conn, id, found.state.resume()?)
            }
            Self::Organization(id) => {
                let found = organizations::find_organization(conn, id)?.ok_or(missing("organization"))?;
                organizations::update_organization_state(conn, id, found.state.resume()?)
            }
            Self::Dataset(name) => {
                let found = catalog::find_dataset(conn, &name)?.ok_or(missing("dataset"))?;
                catalog::update_dataset_state(conn, &name, found.state.resume()?)
            }
            Self::Service => {
                let state = service::find_service_state(conn)?.resume()?;
                service::update_service_state(conn, &state)
            }
        }
    }
}

const fn missing(what: &'static str) -> StoreError {
    StoreError::NotFound { what }
}
