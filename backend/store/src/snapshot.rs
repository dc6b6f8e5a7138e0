//! Everything that decisions look at, loaded at one moment.

use crate::grants::GrantsOf;
use crate::{
    Conn, StoreError, agreements, apps, budgets, catalog, credentials, generation as counter, grants, members,
    organizations, revoked_tokens, service, signing_keys,
};
use mudeung_core::agreement::must_sign_by;
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::{Credential, CredentialState, Proof};
use mudeung_core::dataset::{FileAddress, Version};
use mudeung_core::grant::GrantState;
use mudeung_core::id::{AgreementId, AppId, OrganizationId};
use mudeung_core::member::{MemberState, Role};
use mudeung_core::policy::{CatalogEntry, ClientKey, CredentialStanding, Snapshot};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How many changes the control database has seen. When it differs from a snapshot's, the snapshot is old.
pub fn generation(conn: &mut Conn) -> Result<u64, StoreError> {
    counter::current(conn)
}

/// Loads a snapshot. Call it inside [`crate::Db::read`], which sees one moment.
pub fn load(conn: &mut Conn) -> Result<Snapshot, StoreError> {
    let mut snapshot = Snapshot { generation: counter::current(conn)?, ..Snapshot::default() };
    snapshot.service = service::find_service_state(conn)?;
    let organizations = organizations::list_organizations(conn)?;
    snapshot.organizations = organizations.into_iter().map(|organization| (organization.id, organization)).collect();
    snapshot.apps = apps::list_apps(conn, None)?.into_iter().map(|app| (app.id, app)).collect();
    let standing = |credential: &Credential| {
        let Credential { id, app, not_before, state, expires_at, .. } = *credential;
        (id, CredentialStanding { app, not_before, state, expires_at })
    };
    let mut credentials = credentials::list_all(conn)?;
    revoke_of_former_members(conn, &snapshot, &mut credentials)?;
    snapshot.credentials = credentials.iter().map(standing).collect();
    let secret = |credential: &Credential| match credential.proof {
        Proof::Secret { hash, .. } => Some((hash, credential.id)),
        Proof::Key { .. } | Proof::Device { .. } => None,
    };
    snapshot.secrets = credentials.iter().filter_map(secret).collect();
    for (app, key) in credentials.iter().filter_map(client_key) {
        snapshot.keys.entry(app).or_default().push(key);
    }
    for grant in grants::list_grants(conn, GrantsOf::All)? {
        snapshot.grants.entry(grant.app).or_default().push(Arc::new(grant));
    }
    let budgets = budgets::list_budgets(conn)?;
    snapshot.budgets = budgets.into_iter().map(|rule| (rule.subject.clone(), rule)).collect();
    snapshot.must_sign = must_sign(conn, &snapshot)?;
    snapshot.revoked = revoked_tokens::list_all(conn)?;
    snapshot.signing_keys = signing_keys::list_signing_keys(conn)?;
    for dataset in catalog::list_datasets(conn)? {
        snapshot.datasets.insert(dataset.name.clone(), CatalogEntry { dataset, tiers: BTreeMap::new() });
    }
    for version in catalog::list_all_versions(conn)? {
        let version = Arc::new(version);
        add_files(&mut snapshot.files, &version);
        let entry = snapshot.datasets.get_mut(&version.dataset);
        let entry = entry.ok_or_else(|| StoreError::Corrupt("a version without its dataset".to_owned()))?;
        entry.tiers.entry(version.tier).or_default().push(version);
    }
    Ok(snapshot)
}

/// A device acts for the member who confirmed it: when that member may not act for the app any more, neither may it.
fn revoke_of_former_members(
    conn: &mut Conn,
    snapshot: &Snapshot,
    credentials: &mut [Credential],
) -> Result<(), StoreError> {
    if !credentials.iter().any(|credential| matches!(credential.proof, Proof::Device { .. })) {
        return Ok(());
    }
    let members = members::list_members(conn, None)?;
    let members: HashMap<_, _> = members.iter().map(|member| (member.id, member)).collect();
    for credential in credentials {
        let Proof::Device { member, .. } = credential.proof else { continue };
        let owner = snapshot.apps.get(&credential.app).map(|app| app.organization);
        let keeps = members.get(&member).is_some_and(|member| {
            matches!(member.state, MemberState::Active)
                && Some(member.organization) == owner
                && member.roles.contains(&Role::Developer)
        });
        if !keeps && matches!(credential.state, CredentialState::Active) {
            credential.state = CredentialState::Revoked { revoked_at: credential.created_at };
        }
    }
    Ok(())
}

fn client_key(credential: &Credential) -> Option<(AppId, ClientKey)> {
    let Proof::Key { kid, algorithm, public_jwk } = &credential.proof else { return None };
    let (kid, public_jwk) = (kid.clone(), public_jwk.clone());
    let key = ClientKey { credential: credential.id, kid, algorithm: *algorithm, public_jwk };
    matches!(credential.state, CredentialState::Active).then_some((credential.app, key))
}

/// Who holds grants under an older version of the agreement and has not signed a newer one, and until when that must be.
fn must_sign(conn: &mut Conn, snapshot: &Snapshot) -> Result<HashMap<OrganizationId, Timestamp>, StoreError> {
    let all = agreements::list_agreements(conn)?;
    let versions: HashMap<_, _> = all.iter().map(|agreement| (agreement.id, agreement.version)).collect();
    let active = snapshot.grants.values().flatten().filter(|grant| matches!(grant.state, GrantState::Active));
    let mut oldest: HashMap<OrganizationId, AgreementId> = HashMap::new();
    for grant in active {
        let held = oldest.entry(grant.organization).or_insert(grant.agreement);
        if versions.get(&grant.agreement) < versions.get(held) {
            *held = grant.agreement;
        }
    }
    let mut missing = HashMap::new();
    for (holder, oldest) in oldest {
        let signatures = agreements::list_signatures(conn, holder)?;
        let signed = signatures.iter().map(|signature| signature.agreement).collect();
        if let Some(by) = must_sign_by(oldest, &signed, &all) {
            missing.insert(holder, by);
        }
    }
    Ok(missing)
}

fn add_files(files: &mut HashMap<mudeung_core::id::FileId, FileAddress>, version: &Arc<Version>) {
    for (table, stored) in version.tables.iter().enumerate() {
        for (file, entry) in stored.files.iter().enumerate() {
            files.insert(entry.id, FileAddress { version: Arc::clone(version), table, file });
        }
    }
}
