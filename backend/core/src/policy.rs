//! The decision: may this principal do this to this table now, and what of it does it see?

use crate::app::{App, AppState};
use crate::budget::{BudgetRule, BudgetSubject};
use crate::clock::Timestamp;
use crate::credential::{CredentialState, KeyAlgorithm};
use crate::dataset::{Dataset, DatasetState, FileAddress, Table, Version, VersionState};
use crate::filter::Filter;
use crate::grant::{Grant, Reach};
use crate::id::{AppId, CredentialId, FileId, GrantId, KeyId, OrganizationId, TokenId};
use crate::name::Name;
use crate::organization::{Organization, OrganizationKind, OrganizationState};
use crate::scope::{Scope, ScopeSet};
use crate::service::ServiceState;
use crate::signing_key::KeyRing;
use crate::tier::Tier;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// Everything that decisions look at, at one moment. Immutable; replaced as a whole when the control database changes.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Counts up with every change of the control database.
    pub generation: u64,
    /// Whether the service gives anything at all.
    pub service: ServiceState,
    /// All organizations.
    pub organizations: HashMap<OrganizationId, Organization>,
    /// All apps.
    pub apps: HashMap<AppId, App>,
    /// The state and end of every credential.
    pub credentials: HashMap<CredentialId, CredentialStanding>,
    /// The credential behind each keyed hash of a secret, so that the token endpoint asks no database.
    pub secrets: HashMap<[u8; 32], CredentialId>,
    /// The public keys of each app that proves itself with signed assertions; revoked ones are left out.
    pub keys: HashMap<AppId, Vec<ClientKey>>,
    /// The grants of each app.
    pub grants: HashMap<AppId, Vec<Arc<Grant>>>,
    /// The budgets beyond those of grants.
    pub budgets: HashMap<BudgetSubject, BudgetRule>,
    /// Organizations with live grants under an agreement that a newer version has superseded and that they have not
    /// signed, and until when they must have. From then on they get no tokens until they do.
    pub must_sign: HashMap<OrganizationId, Timestamp>,
    /// Tokens that were revoked before their end.
    pub revoked: HashSet<TokenId>,
    /// The keys that sign access tokens.
    pub signing_keys: KeyRing,
    /// The datasets by name.
    pub datasets: BTreeMap<Name, CatalogEntry>,
    /// Every file of every version.
    pub files: HashMap<FileId, FileAddress>,
}

/// A dataset and its versions.
#[derive(Debug, Clone)]
pub struct CatalogEntry {
    /// The dataset.
    pub dataset: Dataset,
    /// The versions of each tier, oldest first.
    pub tiers: BTreeMap<Tier, Vec<Arc<Version>>>,
}

/// What a decision needs to know of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialStanding {
    /// The app it belongs to.
    pub app: AppId,
    /// When it starts.
    pub not_before: Timestamp,
    /// Whether it was withdrawn.
    pub state: CredentialState,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A public key that an app registered. Whether it may be used now is for its [`CredentialStanding`] to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKey {
    /// The credential that it is.
    pub credential: CredentialId,
    /// Its name among the keys of its app.
    pub kid: String,
    /// The one algorithm that it signs with.
    pub algorithm: KeyAlgorithm,
    /// The key, as a JWK in JSON.
    pub public_jwk: String,
}

/// Who asks, as the access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The app.
    pub app: AppId,
    /// The credential the token was issued for.
    pub credential: CredentialId,
    /// The token.
    pub token: TokenId,
    /// The key that signed the token.
    pub signed_by: KeyId,
    /// The scopes in the token.
    pub scopes: ScopeSet,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read the schema and the dictionary.
    Describe,
    /// Read rows or files.
    Read,
    /// See the table in SQL whose result goes to the caller.
    Query,
    /// See the table in SQL whose result is held until its export is decided ([`crate::export`]).
    Analyse,
    /// Count persons under differential privacy: open to every company, with or without a grant, and shown with noise
    /// only. A permit for it names all columns and must not be used for anything else.
    Aggregate,
}

/// What it is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The dataset's name.
    pub dataset: &'a str,
    /// The tier.
    pub tier: Tier,
    /// The version's number; the latest published one when it is not given.
    pub version: Option<u32>,
    /// The table's name.
    pub table: &'a str,
}

/// Yes, and what exists for the caller.
#[derive(Debug, Clone)]
pub struct Permit {
    /// The organization that answers for the app.
    pub organization: OrganizationId,
    /// The grant that opens it; `None` in the synthetic tier.
    pub grant: Option<Arc<Grant>>,
    /// The version.
    pub version: Arc<Version>,
    /// Position of the table in the version.
    pub table_index: usize,
    /// The columns that exist for the caller, in file order; never empty.
    pub columns: Vec<String>,
    /// Whether these are all the columns of the table.
    pub whole: bool,
    /// The rows that exist for the caller; all when there is no filter.
    pub rows: Option<Filter>,
}

/// No, and why: about the service, about the caller, about the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The whole service is paused.
    #[error("the service is paused")]
    ServicePaused,
    /// The app, its organization or its credential is not active, or the token or its key was revoked.
    #[error("the app, its organization or its credential is not active, or the token was revoked")]
    NotActive,
    /// The token lacks a scope.
    #[error("the token lacks the scope {}", .0.as_str())]
    ScopeMissing(Scope),
    /// The table is open to the app inside alone: rows of it leave by a decision of their own.
    #[error("the grant opens the table inside alone")]
    Inside,
    /// There is no such dataset, tier, version or table, or it is not open to the caller. One answer for both, so that
    /// nothing can be learned from it.
    #[error("no such dataset, tier, version or table is open to the app")]
    NotFound,
}

impl Permit {
    /// The table.
    pub fn table(&self) -> Option<&Table> {
        self.version.tables.get(self.table_index)
    }
}

impl Snapshot {
    /// The app and its organization, when both and the credential may act now and neither the token nor the key that
    /// signed it was revoked.
    pub fn active_app(&self, principal: &Principal, now: Timestamp) -> Result<(&App, &Organization), Denial> {
        let app = self.apps.get(&principal.app).ok_or(Denial::NotActive)?;
        let organization = self.organizations.get(&app.organization).ok_or(Denial::NotActive)?;
        let credential = self.credentials.get(&principal.credential).ok_or(Denial::NotActive)?;
        let active = matches!(app.state, AppState::Active)
            && matches!(organization.state, OrganizationState::Active)
            && credential.app == app.id
            && !self.revoked.contains(&principal.token)
            && !self.signing_keys.is_revoked(principal.signed_by)
            && matches!(credential.state, CredentialState::Active)
            && credential.expires_at.is_none_or(|end| now < end);
        if active { Ok((app, organization)) } else { Err(Denial::NotActive) }
    }

    /// The grants of an app that open something now.
    pub fn live_grants(&self, app: AppId, now: Timestamp) -> impl Iterator<Item = &Arc<Grant>> {
        self.grants.get(&app).into_iter().flatten().filter(move |grant| grant.is_live(now))
    }

    /// A grant of an app by its identifier.
    pub fn grant(&self, app: AppId, id: GrantId) -> Option<&Arc<Grant>> {
        self.grants.get(&app)?.iter().find(|grant| grant.id == id)
    }

    /// A published version: the one of that number, or the latest.
    pub fn published(&self, dataset: &str, tier: Tier, number: Option<u32>) -> Option<&Arc<Version>> {
        let entry = self.datasets.get(dataset)?;
        if !matches!(entry.dataset.state, DatasetState::Active) {
            return None;
        }
        let published = |version: &&Arc<Version>| matches!(version.state, VersionState::Published { .. });
        let mut versions = entry.tiers.get(&tier)?.iter().rev().filter(published);
        versions.find(|version| number.is_none_or(|wanted| version.number == wanted))
    }
}

/// Decides. Pure: the same arguments always give the same answer.
///
/// Synthetic tables are open to every active app with the scope. De-identified tables are open through a live grant
/// of the app that names the table, and then only in the columns and rows it names.
pub fn decide(
    snapshot: &Snapshot,
    principal: &Principal,
    action: Action,
    resource: Resource<'_>,
    now: Timestamp,
) -> Result<Permit, Denial> {
    decide_under(snapshot, principal, action, resource, None, now)
}

/// Decides as [`decide`] does, but under one grant: the one that a signed address or a stream under way stands under,
/// whatever other grants have come since. Without a grant it is [`decide`].
pub fn decide_under(
    snapshot: &Snapshot,
    principal: &Principal,
    action: Action,
    resource: Resource<'_>,
    under: Option<GrantId>,
    now: Timestamp,
) -> Result<Permit, Denial> {
    if snapshot.service.is_paused() {
        return Err(Denial::ServicePaused);
    }
    let (app, organization) = snapshot.active_app(principal, now)?;
    for scope in required_scopes(action, resource.tier) {
        if !principal.scopes.contains(*scope) || !app.scopes.contains(*scope) {
            return Err(Denial::ScopeMissing(*scope));
        }
    }
    let version = snapshot.published(resource.dataset, resource.tier, resource.version).ok_or(Denial::NotFound)?;
    let table_index =
        version.tables.iter().position(|table| table.name.as_str() == resource.table).ok_or(Denial::NotFound)?;
    let table = version.tables.get(table_index).ok_or(Denial::NotFound)?;
    let permit = |grant: Option<Arc<Grant>>, columns: Vec<String>, rows: Option<Filter>| Permit {
        organization: organization.id,
        grant,
        version: Arc::clone(version),
        table_index,
        whole: columns.len() == table.columns.len(),
        columns,
        rows,
    };
    match resource.tier {
        _ if action == Action::Aggregate => {
            if organization.kind != OrganizationKind::Company || under.is_some() {
                return Err(Denial::NotFound);
            }
            Ok(permit(None, table.columns.iter().map(|column| column.name.clone()).collect(), None))
        }
        Tier::Synthetic if organization.kind == OrganizationKind::Company && under.is_none() => {
            Ok(permit(None, table.columns.iter().map(|column| column.name.clone()).collect(), None))
        }
        Tier::Synthetic => Err(Denial::NotFound),
        Tier::Deidentified => {
            let grant = covering_grant(snapshot, app, &resource, under, now).ok_or(Denial::NotFound)?;
            if grant.reach == Reach::Inside && matches!(action, Action::Read | Action::Query) {
                return Err(Denial::Inside);
            }
            let opened = grant.tables.get(resource.table).ok_or(Denial::NotFound)?;
            let names = table.columns.iter().map(|column| &column.name);
            let columns: Vec<String> = names.filter(|name| opened.columns.contains(*name)).cloned().collect();
            if columns.is_empty() {
                return Err(Denial::NotFound);
            }
            Ok(permit(Some(Arc::clone(grant)), columns, opened.rows.clone()))
        }
    }
}

/// The grant that opens the table: of several, one by which rows may leave, and of those the one that ends last.
fn covering_grant<'s>(
    snapshot: &'s Snapshot,
    app: &App,
    resource: &Resource<'_>,
    under: Option<GrantId>,
    now: Timestamp,
) -> Option<&'s Arc<Grant>> {
    snapshot
        .live_grants(app.id, now)
        .filter(|grant| under.is_none_or(|wanted| grant.id == wanted))
        .filter(|grant| grant.organization == app.organization)
        .filter(|grant| grant.dataset.as_str() == resource.dataset && grant.tier == resource.tier)
        .filter(|grant| grant.tables.contains_key(resource.table))
        .max_by_key(|grant| (grant.reach, grant.valid_until, grant.id))
}

/// The scopes an action needs.
pub const fn required_scopes(action: Action, tier: Tier) -> &'static [Scope] {
    match (action, tier) {
        (Action::Describe, _) => &[Scope::CatalogRead],
        (Action::Read, Tier::Synthetic) => &[Scope::SyntheticRead],
        (Action::Read, Tier::Deidentified) => &[Scope::DataRead],
        (Action::Query | Action::Analyse, Tier::Synthetic) => &[Scope::QueryRun, Scope::SyntheticRead],
        (Action::Query | Action::Analyse, Tier::Deidentified) => &[Scope::QueryRun, Scope::DataRead],
        (Action::Aggregate, _) => &[Scope::QueryRun],
    }
}
