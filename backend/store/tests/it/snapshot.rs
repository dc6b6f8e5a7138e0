//! The snapshot: what is in the control database is what decisions see.

use crate::place::{Place, on_both};
use crate::samples::{self, NOW};
use mudeung_core::dataset::VersionState;
use mudeung_core::id::{AppId, CredentialId, KeyId, TokenId, VersionId};
use mudeung_core::policy::{Action, Denial, Principal, Resource, Snapshot, decide};
use mudeung_core::scope::ScopeSet;
use mudeung_core::tier::Tier;
use mudeung_store::{Conn, StoreError, apps, catalog, snapshot};
use std::sync::Arc;

on_both!(
    an_empty_database_has_an_empty_snapshot,
    a_grant_in_the_database_opens_what_it_says,
    a_revoked_app_is_revoked_in_the_next_snapshot,
    every_file_is_found_by_its_identifier,
);

fn publish(conn: &mut Conn) -> Result<(), StoreError> {
    samples::fill(conn)?;
    let state = VersionState::Published { published_at: NOW };
    for (n, tier, number) in [(1, Tier::Deidentified, 1), (2, Tier::Deidentified, 2), (3, Tier::Synthetic, 1)] {
        catalog::insert_version(conn, &samples::manifest(tier, number), VersionId::from_bytes([n; 16]), state, NOW)?;
    }
    Ok(())
}

async fn load(place: &Place) -> Snapshot {
    place.db().await.read("snapshot", snapshot::load).await.unwrap()
}

fn principal() -> Principal {
    Principal {
        app: AppId::from_bytes([1; 16]),
        credential: CredentialId::from_bytes([1; 16]),
        token: TokenId::from_bytes([1; 16]),
        signed_by: KeyId::from_bytes([1; 16]),
        scopes: ScopeSet::company(),
    }
}

const PATIENTS: Resource<'static> =
    Resource { dataset: "cohort", tier: Tier::Deidentified, version: None, table: "patients" };

async fn an_empty_database_has_an_empty_snapshot(place: Arc<Place>) {
    let loaded = load(&place).await;
    assert!(loaded.generation == 0 && loaded.apps.is_empty() && loaded.datasets.is_empty());
}

async fn a_grant_in_the_database_opens_what_it_says(place: Arc<Place>) {
    place.db().await.tx("publish", publish).await.unwrap();
    let loaded = load(&place).await;
    let permit = decide(&loaded, &principal(), Action::Read, PATIENTS, NOW).unwrap();
    assert_eq!(permit.columns, ["age", "sex"], "`id` is not in the grant");
    assert_eq!(permit.version.number, 2, "the latest");
    assert_eq!(permit.rows.unwrap().to_string(), "\"age\" >= 60 and \"sex\" = 'F'");
    let visits = Resource { table: "visits", ..PATIENTS };
    assert_eq!(decide(&loaded, &principal(), Action::Read, visits, NOW).unwrap_err(), Denial::NotFound);
    let synthetic = Resource { tier: Tier::Synthetic, ..PATIENTS };
    assert!(decide(&loaded, &principal(), Action::Read, synthetic, NOW).unwrap().whole);
}

async fn a_revoked_app_is_revoked_in_the_next_snapshot(place: Arc<Place>) {
    let db = place.db().await;
    db.tx("publish", publish).await.unwrap();
    let before = load(&place).await;
    let revoke = |conn: &mut Conn| {
        let app = apps::find_app(conn, AppId::from_bytes([1; 16]))?.unwrap();
        apps::update_app_state(conn, app.id, app.state.revoke(NOW)?)
    };
    db.tx("revoke", revoke).await.unwrap();
    let after = load(&place).await;
    assert_eq!(after.generation, before.generation + 1);
    assert!(decide(&before, &principal(), Action::Read, PATIENTS, NOW).is_ok());
    assert_eq!(decide(&after, &principal(), Action::Read, PATIENTS, NOW).unwrap_err(), Denial::NotActive);
    let again = db.tx("revoke", revoke).await.unwrap_err();
    assert_eq!(again.to_string(), "a revoked app cannot be revoked");
}

async fn every_file_is_found_by_its_identifier(place: Arc<Place>) {
    place.db().await.tx("publish", publish).await.unwrap();
    let loaded = load(&place).await;
    assert_eq!(loaded.files.len(), 3);
    for (id, address) in &loaded.files {
        assert_eq!(address.file().unwrap().id, *id);
    }
}
