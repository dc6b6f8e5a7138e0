//! Incidents: what was entered comes back with all that happened to it, and nobody closes one before it was told.

use crate::place::{Place, on_both};
use crate::samples::{self, NOW};
use mudeung_core::id::{IncidentId, MemberId, OrganizationId};
use mudeung_core::incident::{Incident, IncidentKind, IncidentStep, Told};
use mudeung_core::name::Name;
use mudeung_store::{Conn, Db, StoreError, incidents};
use std::sync::Arc;

on_both!(
    an_incident_comes_back_with_its_history,
    of_many_who_tell_at_once_one_does,
    an_incident_that_nobody_can_read_is_damage,
);

fn id(number: u8) -> IncidentId {
    IncidentId::from_bytes([number; 16])
}

fn by() -> MemberId {
    MemberId::from_bytes([0; 16])
}

fn incident(number: u8, organization: Option<u8>) -> Incident {
    Incident {
        id: id(number),
        kind: IncidentKind::Disclosure,
        description: "파일이 <공개> 저장소에 올라갔다".to_owned(),
        organization: organization.map(|number| OrganizationId::from_bytes([number; 16])),
        dataset: Some(Name::parse("cohort").unwrap()),
        known_at: NOW,
        reported_by: by(),
        reported_at: NOW,
    }
}

async fn filled(place: &Place) -> Db {
    let db = place.db().await;
    db.tx("fill", |conn| {
        samples::fill(conn)?;
        let hospital = OrganizationId::from_bytes([0; 16]);
        incidents::insert_incident(conn, &incident(1, Some(1)), hospital)?;
        incidents::insert_incident(conn, &incident(2, None), hospital)
    })
    .await
    .unwrap();
    db
}

fn told(whom: Told) -> IncidentStep {
    IncidentStep::Told { whom, text: "접수 2026-17".to_owned() }
}

async fn an_incident_comes_back_with_its_history(place: Arc<Place>) {
    let db = filled(&place).await;
    let early = db.tx("close", |conn| {
        incidents::append_event(conn, id(1), NOW, by(), IncidentStep::Closed { text: "done".to_owned() })
    });
    assert!(matches!(early.await, Err(StoreError::InvalidTransition(_))));
    let steps = [
        IncidentStep::Noted { text: "저장소를 닫았다".to_owned() },
        told(Told::Persons),
        told(Told::Authority),
        IncidentStep::Closed { text: "검사를 더했다".to_owned() },
    ];
    for what in steps.clone() {
        db.tx("handle", move |conn| incidents::append_event(conn, id(1), NOW, by(), what)).await.unwrap();
    }
    let found = db.read("find", |conn| incidents::find_incident(conn, id(1))).await.unwrap().unwrap();
    assert_eq!(found.incident, incident(1, Some(1)));
    assert_eq!(found.events.into_iter().map(|event| event.what).collect::<Vec<_>>(), steps);
    assert_eq!(found.handling.closed_at, Some(NOW));
    let of = |number: Option<u8>| {
        let of = number.map(|number| OrganizationId::from_bytes([number; 16]));
        db.read("list", move |conn| incidents::list_incidents(conn, of, 10))
    };
    let ids = |found: Vec<incidents::Handled>| found.iter().map(|one| one.incident.id).collect::<Vec<_>>();
    assert_eq!(ids(of(None).await.unwrap()), [id(2), id(1)], "newest first");
    assert_eq!(ids(of(Some(1)).await.unwrap()), [id(1)], "a company's own");
    assert!(of(Some(0)).await.unwrap().is_empty());
}

async fn of_many_who_tell_at_once_one_does(place: Arc<Place>) {
    let db = filled(&place).await;
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let db = db.clone();
        tasks.push(tokio::spawn(async move {
            let tell = |conn: &mut Conn| incidents::append_event(conn, id(2), NOW, by(), told(Told::Authority));
            db.tx("tell", tell).await.is_ok()
        }));
    }
    let mut done = 0;
    for task in tasks {
        done += usize::from(task.await.unwrap());
    }
    assert_eq!(done, 1);
}

async fn an_incident_that_nobody_can_read_is_damage(place: Arc<Place>) {
    let db = filled(&place).await;
    db.tx("tell", |conn| incidents::append_event(conn, id(2), NOW, by(), told(Told::Persons))).await.unwrap();
    crate::place::execute(&place.control, "UPDATE incident_events SET detail = '{\"text\":\"\",\"whom\":\"nobody\"}'");
    let found = db.read("find", |conn| incidents::find_incident(conn, id(2))).await;
    assert!(matches!(found, Err(StoreError::Corrupt(_))), "{found:?}");
    crate::place::execute(&place.control, "UPDATE incidents SET kind = 'flood'");
    let found = db.read("find", |conn| incidents::find_incident(conn, id(1))).await;
    assert!(matches!(found, Err(StoreError::Corrupt(_))), "{found:?}");
}
