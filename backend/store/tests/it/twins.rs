//! The budget of twins holds, whoever publishes at once, and a model is charged once.

use crate::place::{Place, on_both};
use crate::samples;
use mudeung_core::clock::Timestamp;
use mudeung_core::dataset::VersionState;
use mudeung_core::id::VersionId;
use mudeung_core::tier::Tier;
use mudeung_store::twin_budgets::{self, TwinCharge};
use mudeung_store::{Db, StoreError};
use mudeung_wire::manifest::{Manifest, ManifestGenerator, ManifestTwin};
use std::sync::Arc;

on_both!(
    a_model_is_charged_once_for_all_its_tables,
    many_models_at_once_never_pass_the_budget,
    a_budget_is_shared_with_a_twin_that_has_one_and_with_nothing_else,
);

const MOST: u64 = 250;

fn twin(model: u8, losses: &[u64]) -> Manifest {
    let loss = |(place, rho_units): (usize, &u64)| ManifestTwin {
        table: format!("t{place}"),
        mechanism: "mst".to_owned(),
        epsilon: 1.0,
        delta: 1e-9,
        rho_units: *rho_units,
        with: None,
    };
    Manifest {
        generator: Some(ManifestGenerator {
            name: "generator.toml".to_owned(),
            size_bytes: 1,
            sha256: format!("{model:02x}").repeat(32),
        }),
        twins: losses.iter().enumerate().map(loss).collect(),
        ..samples::manifest(Tier::Synthetic, 1)
    }
}

async fn charge(db: &Db, manifest: Manifest) -> TwinCharge {
    loop {
        let (wanted, now) = (manifest.clone(), Timestamp::from_seconds(1));
        match db.tx("charge", move |conn| twin_budgets::charge(conn, &wanted, MOST, now)).await {
            Err(StoreError::AlreadyExists { .. }) => {}
            other => return other.unwrap(),
        }
    }
}

async fn spent(db: &Db) -> Vec<(String, u64)> {
    db.read("spent", twin_budgets::list).await.unwrap()
}

async fn a_model_is_charged_once_for_all_its_tables(place: Arc<Place>) {
    let db = place.db().await;
    assert_eq!(charge(&db, twin(1, &[])).await, TwinCharge::None);
    assert_eq!(spent(&db).await, []);
    assert_eq!(charge(&db, twin(1, &[100, 60])).await, TwinCharge::Now);
    assert_eq!(charge(&db, twin(1, &[100, 60])).await, TwinCharge::Before, "the same model tells nothing more");
    assert_eq!(charge(&db, twin(2, &[91])).await, TwinCharge::Exhausted { asked: 91, left: 90 });
    assert_eq!(charge(&db, twin(2, &[u64::MAX, 1])).await, TwinCharge::Exhausted { asked: u64::MAX, left: 90 });
    let dataset = twin(1, &[]).dataset;
    assert_eq!(spent(&db).await, [(dataset.clone(), 160)], "a refusal costs nothing");
    assert_eq!(charge(&db, twin(2, &[90])).await, TwinCharge::Now, "to the last unit");
    assert_eq!(spent(&db).await, [(dataset, 250)]);
}

async fn many_models_at_once_never_pass_the_budget(place: Arc<Place>) {
    let db = Arc::new(place.db().await);
    let charging = (0..16_u8).map(|model| {
        let db = Arc::clone(&db);
        tokio::spawn(async move { charge(&db, twin(model, &[60])).await })
    });
    let mut now = 0;
    for done in charging.collect::<Vec<_>>() {
        now += u64::from(done.await.unwrap() == TwinCharge::Now);
    }
    assert_eq!(now, 4);
    assert_eq!(spent(&db).await.first().map(|(_, spent)| *spent), Some(240));
}

async fn a_budget_is_shared_with_a_twin_that_has_one_and_with_nothing_else(place: Arc<Place>) {
    let db = place.db().await;
    let insert = |number: u8, with: Option<&str>, rho_units: u64| {
        let mut manifest = Manifest { version: u32::from(number), ..twin(1, &[7]) };
        let table = manifest.tables[0].name.clone();
        let shares = ManifestTwin { table, with: with.map(str::to_owned), rho_units, ..manifest.twins[0].clone() };
        manifest.twins.push(shares);
        let (id, now) = (VersionId::from_bytes([number; 16]), Timestamp::from_seconds(1));
        let insert = move |conn: &mut mudeung_store::Conn| {
            mudeung_store::catalog::insert_version(conn, &manifest, id, VersionState::Staged, now)
        };
        db.tx("insert", insert)
    };
    insert(1, Some("t0"), 0).await.unwrap();
    for (number, with, rho_units) in [(2, Some("nothing"), 0), (3, Some("t0"), 1)] {
        let refused = insert(number, with, rho_units).await.unwrap_err().to_string();
        assert!(refused.contains("shares the budget"), "{refused}");
    }
}
