//! The control database: what was put in comes out, and nothing half-done stays.

use crate::place::{Place, on_both};
use crate::samples::{self, NOW};
use mudeung_core::app::AppState;
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::CredentialState;
use mudeung_core::dataset::{DatasetState, VersionState};
use mudeung_core::grant::GrantState;
use mudeung_core::id::{AppId, CredentialId, MemberId, OrganizationId, TokenId, VersionId};
use mudeung_core::member::MemberState;
use mudeung_core::name::Name;
use mudeung_core::organization::OrganizationState;
use mudeung_core::service::ServiceState;
use mudeung_core::tier::Tier;
use mudeung_store::device_codes::{self, DeviceCode, DeviceCodeState};
use mudeung_store::grants::GrantsOf;
use mudeung_store::identities::{self, Identity};
use mudeung_store::{Db, StoreError, agreements, apps, catalog, credentials, grants, members, organizations};
use mudeung_store::{revoked_tokens, second_factors, service, sessions, snapshot};
use std::sync::Arc;

on_both!(
    organizations_members_and_apps_come_back_as_they_went_in,
    credentials_come_back_in_every_state,
    grants_come_back_with_their_filters,
    agreements_and_signatures_come_back,
    sessions_live_until_they_are_deleted_or_expire,
    an_account_elsewhere_is_one_member_and_a_member_one_account,
    device_codes_take_one_answer_and_are_bounded_and_swept,
    a_refresh_token_is_replaced_once,
    a_revoked_token_is_remembered_once_and_until_its_end,
    versions_come_back_and_their_numbers_are_taken_once,
    what_is_there_already_is_said_to_be,
    what_is_referred_to_must_exist,
    an_update_of_nothing_says_so,
    a_failed_transaction_leaves_nothing,
    a_transaction_that_panics_leaves_nothing,
    concurrent_transactions_see_each_other_whole,
    every_change_is_a_new_generation,
    reading_transactions_cannot_write,
    a_database_that_was_not_migrated_is_refused,
);

async fn filled(place: &Place) -> Db {
    let db = place.db().await;
    db.tx("fill", samples::fill).await.unwrap();
    db
}

async fn organizations_members_and_apps_come_back_as_they_went_in(place: Arc<Place>) {
    let db = filled(&place).await;
    let states = [
        OrganizationState::Suspended { suspended_at: NOW },
        OrganizationState::Active,
        OrganizationState::Closed { closed_at: NOW },
    ];
    db.tx("test", move |conn| {
        let id = OrganizationId::from_bytes([1; 16]);
        for state in states {
            organizations::update_organization_state(conn, id, state)?;
            let expected = mudeung_core::organization::Organization { state, ..samples::organization(1) };
            assert_eq!(organizations::find_organization(conn, id)?, Some(expected));
        }
        assert_eq!(organizations::list_organizations(conn)?.len(), 2);
        let id = MemberId::from_bytes([1; 16]);
        let (member, hash) = members::find_member_by_email(conn, "member1@example.org")?.unwrap();
        assert_eq!((member, hash.as_str()), (samples::member(1, 1), "$argon2id$hash"));
        members::update_member_password(conn, id, "$argon2id$other")?;
        members::update_member_state(conn, id, MemberState::Disabled { disabled_at: NOW })?;
        let (member, hash) = members::find_member_by_email(conn, "member1@example.org")?.unwrap();
        assert_eq!((member.state, hash.as_str()), (MemberState::Disabled { disabled_at: NOW }, "$argon2id$other"));
        assert_eq!(members::list_members(conn, Some(OrganizationId::from_bytes([0; 16])))?, [samples::member(0, 0)]);
        assert_eq!(members::find_member_by_email(conn, "nobody@example.org")?, None);
        let id = AppId::from_bytes([1; 16]);
        let states =
            [AppState::Suspended { suspended_at: NOW }, AppState::Revoked { revoked_at: NOW }, AppState::Active];
        for state in states {
            apps::update_app_state(conn, id, state)?;
            let expected = mudeung_core::app::App { state, ..samples::app(1, 1) };
            assert_eq!(apps::find_app(conn, id)?, Some(expected));
        }
        assert_eq!(apps::list_apps(conn, Some(OrganizationId::from_bytes([0; 16])))?, []);
        assert_eq!(apps::list_apps(conn, None)?, [samples::app(1, 1)]);
        Ok(())
    })
    .await
    .unwrap();
}

async fn credentials_come_back_in_every_state(place: Arc<Place>) {
    let db = filled(&place).await;
    db.tx("test", |conn| {
        let mut expected = samples::credential(1, 1);
        assert_eq!(credentials::find_credential(conn, expected.id)?, Some(expected.clone()));
        expected.state = CredentialState::Revoked { revoked_at: NOW };
        expected.last_used_at = Some(NOW);
        credentials::update_credential_state(conn, expected.id, expected.state)?;
        credentials::update_credential_last_used(conn, expected.id, NOW)?;
        assert_eq!(credentials::list_credentials(conn, expected.app)?, [expected]);
        Ok(())
    })
    .await
    .unwrap();
}

async fn grants_come_back_with_their_filters(place: Arc<Place>) {
    let db = filled(&place).await;
    db.tx("test", |conn| {
        let mut expected = samples::grant(1);
        assert_eq!(grants::find_grant(conn, expected.id)?, Some(expected.clone()));
        expected.state = GrantState::Revoked { revoked_at: NOW, reason: "약정 위반".to_owned() };
        grants::update_grant_state(conn, expected.id, &expected.state)?;
        assert_eq!(grants::list_grants(conn, GrantsOf::App(expected.app))?, [expected.clone()]);
        assert_eq!(grants::list_grants(conn, GrantsOf::Organization(expected.organization))?, [expected.clone()]);
        let second = mudeung_core::grant::Grant { request: Some(samples::request(1).id), ..samples::grant(2) };
        grants::insert_grant(conn, &second)?;
        assert_eq!(grants::list_grants(conn, GrantsOf::All)?, [second, expected]);
        Ok(())
    })
    .await
    .unwrap();
}

async fn agreements_and_signatures_come_back(place: Arc<Place>) {
    let db = filled(&place).await;
    db.tx("test", |conn| {
        agreements::insert_agreement(conn, &samples::agreement(2))?;
        assert_eq!(agreements::list_agreements(conn)?, [samples::agreement(2), samples::agreement(1)]);
        assert_eq!(agreements::find_agreement(conn, samples::agreement(1).id)?, Some(samples::agreement(1)));
        let signature = samples::signature(2, 1, 1);
        agreements::insert_signature(conn, &signature)?;
        assert_eq!(agreements::list_signatures(conn, signature.organization)?, std::slice::from_ref(&signature));
        let again = agreements::insert_signature(conn, &signature);
        assert!(matches!(again, Err(StoreError::AlreadyExists { what: "the signature" })));
        Err::<(), _>(StoreError::Invalid("PostgreSQL ends a transaction at its first error".to_owned()))
    })
    .await
    .unwrap_err();
}

async fn a_revoked_token_is_remembered_once_and_until_its_end(place: Arc<Place>) {
    let db = filled(&place).await;
    let (token, app) = (TokenId::from_bytes([1; 16]), AppId::from_bytes([1; 16]));
    let changes = db
        .tx("test", move |conn| {
            let before = snapshot::generation(conn)?;
            assert!(revoked_tokens::insert_revoked_token(conn, token, app, NOW)?);
            assert!(!revoked_tokens::insert_revoked_token(conn, token, app, NOW)?, "once");
            assert_eq!(revoked_tokens::count_of_app(conn, app)?, 1);
            assert_eq!(revoked_tokens::count_of_app(conn, AppId::from_bytes([2; 16]))?, 0);
            Ok(snapshot::generation(conn)? - before)
        })
        .await
        .unwrap();
    assert_eq!(changes, 1, "every node sees it");
    let loaded = db.read("load", snapshot::load).await.unwrap();
    assert_eq!(loaded.revoked, [token].into());
    let early = Timestamp::from_seconds(NOW.seconds() - 1);
    let swept = |at| db.tx("sweep", move |conn| revoked_tokens::delete_expired(conn, at));
    assert_eq!((swept(early).await.unwrap(), swept(NOW).await.unwrap()), (0, 1));
    assert!(db.read("load", snapshot::load).await.unwrap().revoked.is_empty());
}

async fn sessions_live_until_they_are_deleted_or_expire(place: Arc<Place>) {
    let db = filled(&place).await;
    db.tx("test", |conn| {
        let before = snapshot::generation(conn)?;
        for n in 1..4 {
            sessions::insert_session(conn, &samples::session(n, 1))?;
        }
        let seen = Timestamp::from_seconds(NOW.seconds() + 1);
        sessions::update_session_seen(conn, samples::session(3, 1).id, seen)?;
        let expected = sessions::Session { last_seen_at: seen, ..samples::session(3, 1) };
        assert_eq!(sessions::find_session_by_hash(conn, &[3; 32])?, Some(expected));
        let member = samples::session(3, 1).member;
        let factor = second_factors::SecondFactor {
            member,
            sealed: vec![1, 2, 3],
            last_step: 7,
            confirmed_at: None,
            created_at: NOW,
        };
        for _ in 0..2 {
            second_factors::put_second_factor(conn, &factor)?;
            assert_eq!(second_factors::find_second_factor(conn, member)?.as_ref(), Some(&factor));
        }
        second_factors::confirm_second_factor(conn, member, NOW)?;
        for (step, free) in [(7, false), (8, true), (8, false), (6, false), (9, true)] {
            assert_eq!(second_factors::take_step(conn, member, step)?, free, "step {step}");
        }
        second_factors::insert_recovery_code(conn, member, &[5; 32])?;
        assert_eq!(second_factors::count_recovery_codes(conn, member)?, 1);
        assert!(!second_factors::take_recovery_code(conn, member, &[6; 32], NOW)?);
        assert!(second_factors::take_recovery_code(conn, member, &[5; 32], NOW)?);
        assert!(!second_factors::take_recovery_code(conn, member, &[5; 32], NOW)?, "once");
        second_factors::delete_second_factor(conn, member)?;
        assert_eq!(second_factors::find_second_factor(conn, member)?, None);
        sessions::delete_session(conn, samples::session(3, 1).id)?;
        sessions::delete_session(conn, samples::session(3, 1).id)?;
        assert_eq!(sessions::find_session_by_hash(conn, &[3; 32])?, None);
        assert_eq!(sessions::delete_expired(conn, seen)?, 1, "a session ends at the moment it expires");
        assert!(sessions::find_session_by_hash(conn, &[2; 32])?.is_some());
        assert_eq!(snapshot::generation(conn)?, before, "no decision looks at sessions");
        Ok(())
    })
    .await
    .unwrap();
}

async fn an_account_elsewhere_is_one_member_and_a_member_one_account(place: Arc<Place>) {
    let db = filled(&place).await;
    let of = |member: u8, subject: &str| Identity {
        member: samples::session(3, member).member,
        issuer: "https://idp.example".to_owned(),
        subject: subject.to_owned(),
        created_at: NOW,
    };
    let (first, same_subject, same_member) = (of(0, "kim"), of(1, "kim"), of(0, "lee"));
    let taken = |result| matches!(result, Err(StoreError::AlreadyExists { what: "the identity" }));
    let known = first.clone();
    db.tx("insert", move |conn| identities::insert_identity(conn, &known)).await.unwrap();
    for other in [same_subject, same_member] {
        assert!(taken(db.tx("insert", move |conn| identities::insert_identity(conn, &other)).await));
    }
    db.tx("test", move |conn| {
        let find = |conn: &mut _, issuer, subject| identities::find_identity(conn, issuer, subject);
        assert_eq!(find(conn, "https://idp.example", "kim")?.as_ref(), Some(&first));
        assert_eq!(find(conn, "https://idp.example", "Kim")?, None);
        assert_eq!(find(conn, "https://other.example", "kim")?, None);
        assert_eq!(identities::find_identity_of(conn, first.member)?.as_ref(), Some(&first));
        for _ in 0..2 {
            identities::delete_identity(conn, first.member)?;
            assert_eq!(identities::find_identity_of(conn, first.member)?, None);
        }
        identities::insert_identity(conn, &of(1, "kim"))
    })
    .await
    .unwrap();
}

async fn device_codes_take_one_answer_and_are_bounded_and_swept(place: Arc<Place>) {
    let db = filled(&place).await;
    db.tx("test", |conn| {
        let before = snapshot::generation(conn)?;
        let codes = [1, 2, 3].map(samples::device_code);
        assert!(device_codes::insert_device_code(conn, &codes[0], 2)?);
        assert!(device_codes::insert_device_code(conn, &codes[1], 2)?);
        assert!(!device_codes::insert_device_code(conn, &codes[2], 2)?, "there is room for two");
        assert_eq!(device_codes::find_pending(conn, &codes[0].user_hash, NOW)?.as_ref(), Some(&codes[0]));
        assert_eq!(device_codes::find_pending(conn, &codes[0].user_hash, codes[0].expires_at)?, None);
        device_codes::update_polled(conn, &codes[0].device_hash, NOW, 10)?;
        let credential = CredentialId::from_bytes([1; 16]);
        let approved = DeviceCodeState::Approved { credential };
        device_codes::update_state(conn, &codes[0].user_hash, approved, NOW)?;
        let again = device_codes::update_state(conn, &codes[0].user_hash, DeviceCodeState::Denied, NOW);
        assert!(matches!(again, Err(StoreError::NotFound { what: "device that waits" })));
        let late = device_codes::update_state(conn, &codes[1].user_hash, approved, codes[1].expires_at);
        assert!(matches!(late, Err(StoreError::NotFound { .. })));
        let expected = DeviceCode { state: approved, polled_at: Some(NOW), interval_seconds: 10, ..codes[0].clone() };
        assert_eq!(device_codes::find_by_device_hash(conn, &codes[0].device_hash)?, Some(expected));
        assert_eq!(device_codes::find_pending(conn, &codes[0].user_hash, NOW)?, None);
        assert!(device_codes::take_device_code(conn, &codes[0].device_hash)?);
        assert!(!device_codes::take_device_code(conn, &codes[0].device_hash)?, "it is taken once");
        let later = NOW.plus(std::time::Duration::from_secs(86_400));
        let fresh = DeviceCode { created_at: later, ..samples::device_code(4) };
        assert!(device_codes::insert_device_code(conn, &fresh, 1)?, "the others are swept out");
        assert_eq!(device_codes::find_by_device_hash(conn, &codes[1].device_hash)?, None);
        assert_eq!(snapshot::generation(conn)?, before, "no decision looks at devices that wait");
        Ok(())
    })
    .await
    .unwrap();
}

async fn a_refresh_token_is_replaced_once(place: Arc<Place>) {
    let db = filled(&place).await;
    db.tx("test", |conn| {
        let device = samples::device(7, 1, 1);
        credentials::insert_credential(conn, &device)?;
        assert_eq!(credentials::find_credential(conn, device.id)?, Some(device.clone()));
        assert!(credentials::replace_refresh_hash(conn, device.id, &[7; 32], &[8; 32])?);
        assert!(!credentials::replace_refresh_hash(conn, device.id, &[7; 32], &[9; 32])?, "it is not the present one");
        let secret = samples::credential(1, 1);
        assert!(!credentials::replace_refresh_hash(conn, secret.id, &[1; 32], &[9; 32])?, "a secret is no device");
        credentials::update_credential_state(conn, device.id, device.state.revoke(NOW)?)?;
        assert!(!credentials::replace_refresh_hash(conn, device.id, &[8; 32], &[9; 32])?, "it is revoked");
        Ok(())
    })
    .await
    .unwrap();
}

async fn versions_come_back_and_their_numbers_are_taken_once(place: Arc<Place>) {
    let db = filled(&place).await;
    let id = VersionId::from_bytes([1; 16]);
    db.tx("test", move |conn| {
        let manifest = samples::manifest(Tier::Deidentified, 1);
        catalog::insert_version(conn, &manifest, id, VersionState::Staged, NOW)?;
        let name = Name::parse("cohort").unwrap();
        assert_eq!(catalog::find_manifest(conn, &name, Tier::Deidentified, 1)?, Some(manifest));
        assert_eq!(catalog::find_manifest(conn, &name, Tier::Synthetic, 1)?, None);
        let version = catalog::find_version(conn, id)?.unwrap();
        assert_eq!(version.created_at, Timestamp::from_micros(1_767_323_045_000_006));
        assert_eq!(version.tables[0].columns[1].unit.as_deref(), Some("a"));
        for state in [VersionState::Published { published_at: NOW }, VersionState::Withdrawn { withdrawn_at: NOW }] {
            catalog::update_version_state(conn, id, state)?;
            assert_eq!(catalog::list_versions(conn, &name)?[0].state, state);
        }
        for state in [DatasetState::Suspended { suspended_at: NOW }, DatasetState::Active] {
            catalog::update_dataset_state(conn, &name, state)?;
            assert_eq!(catalog::find_dataset(conn, &name)?.unwrap().state, state);
        }
        assert_eq!(service::find_service_state(conn)?, ServiceState::Running);
        let paused = ServiceState::Running.pause("mem_1".to_owned(), "a drill".to_owned(), NOW)?;
        for state in [paused, ServiceState::Running] {
            service::update_service_state(conn, &state)?;
            assert_eq!(service::find_service_state(conn)?, state);
        }
        catalog::update_dataset_state(conn, &name, DatasetState::Withdrawn { withdrawn_at: NOW })?;
        let dataset = catalog::list_datasets(conn)?.remove(0);
        assert_eq!(dataset.state, DatasetState::Withdrawn { withdrawn_at: NOW });
        assert_eq!(dataset.title.ko, "Cohort (ko)");
        Ok(())
    })
    .await
    .unwrap();
    let again = db.tx("again", move |conn| {
        let manifest = samples::manifest(Tier::Deidentified, 1);
        catalog::insert_version(conn, &manifest, VersionId::from_bytes([2; 16]), VersionState::Staged, NOW)
    });
    assert!(matches!(again.await, Err(StoreError::AlreadyExists { what: "the version" })));
    for (wrong, word) in [("tier", "tier"), ("type", "age"), ("time", "created_at"), ("name", "../x"), ("file", "fil_")]
    {
        let mut manifest = samples::manifest(Tier::Deidentified, 2);
        match wrong {
            "tier" => manifest.tier = "raw".to_owned(),
            "type" => manifest.tables[0].columns[1].kind = "decimal".to_owned(),
            "time" => manifest.created_at = "yesterday".to_owned(),
            "name" => manifest.dataset = "../x".to_owned(),
            _ => manifest.tables[0].files[0].id = "x".to_owned(),
        }
        let insert = move |conn: &mut _| {
            catalog::insert_version(conn, &manifest, VersionId::from_bytes([3; 16]), VersionState::Staged, NOW)
        };
        let error = db.tx("wrong", insert).await.unwrap_err();
        assert!(matches!(&error, StoreError::Invalid(problem) if problem.contains(word)), "{wrong}: {error}");
    }
}

async fn what_is_there_already_is_said_to_be(place: Arc<Place>) {
    let db = filled(&place).await;
    let same_email = mudeung_core::member::Member { email: "member1@example.org".to_owned(), ..samples::member(9, 1) };
    let error = db.tx("test", move |conn| members::insert_member(conn, &same_email, "hash")).await.unwrap_err();
    assert_eq!(error.to_string(), "the member exists already");
    let error = db.tx("test", |conn| apps::insert_app(conn, &samples::app(1, 1))).await.unwrap_err();
    assert_eq!(error.to_string(), "the app exists already");
}

async fn what_is_referred_to_must_exist(place: Arc<Place>) {
    let db = filled(&place).await;
    let error = db.tx("test", |conn| apps::insert_app(conn, &samples::app(2, 77))).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
}

async fn an_update_of_nothing_says_so(place: Arc<Place>) {
    let db = filled(&place).await;
    let nobody = AppId::from_bytes([9; 16]);
    let error = db.tx("test", move |conn| apps::update_app_state(conn, nobody, AppState::Active)).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no such app");
}

async fn a_failed_transaction_leaves_nothing(place: Arc<Place>) {
    let db = place.db().await;
    let failed = db.tx("test", |conn| {
        samples::fill(conn)?;
        Err::<(), _>(StoreError::Invalid("changed my mind".to_owned()))
    });
    failed.await.unwrap_err();
    db.read("test", |conn| {
        assert_eq!(organizations::list_organizations(conn)?, []);
        assert_eq!(snapshot::generation(conn)?, 0);
        Ok(())
    })
    .await
    .unwrap();
}

async fn a_transaction_that_panics_leaves_nothing(place: Arc<Place>) {
    let db = place.db().await;
    let failed = db.tx("test", |conn| {
        samples::fill(conn)?;
        if organizations::list_organizations(conn)?.len() == 2 {
            panic!("a bug in a closure");
        }
        Ok(())
    });
    assert!(matches!(failed.await, Err(StoreError::Unavailable(_))));
    let left = db.tx("test", organizations::list_organizations).await.unwrap();
    assert_eq!(left, []);
}

async fn concurrent_transactions_see_each_other_whole(place: Arc<Place>) {
    let db = filled(&place).await;
    let mut tasks = Vec::new();
    for _ in 0..24 {
        let db = db.clone();
        tasks.push(tokio::spawn(async move {
            // Reads, then writes what follows from what it read: two at once would lose one of the changes.
            let toggle = |conn: &mut _| {
                let id = AppId::from_bytes([1; 16]);
                let count = apps::find_app(conn, id)?.unwrap().state;
                let next = match count {
                    AppState::Suspended { suspended_at } => Timestamp::from_micros(suspended_at.micros() + 1),
                    _ => Timestamp::from_micros(1),
                };
                apps::update_app_state(conn, id, AppState::Suspended { suspended_at: next })
            };
            db.tx("toggle", toggle).await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let app = db.read("test", |conn| apps::find_app(conn, AppId::from_bytes([1; 16]))).await.unwrap().unwrap();
    assert_eq!(app.state, AppState::Suspended { suspended_at: Timestamp::from_micros(24) });
}

async fn every_change_is_a_new_generation(place: Arc<Place>) {
    let db = filled(&place).await;
    let before = db.read("test", snapshot::generation).await.unwrap();
    assert_eq!(before, 9, "one for each insert");
    let change = |conn: &mut _| {
        grants::update_grant_state(
            conn,
            samples::grant(1).id,
            &GrantState::Revoked { revoked_at: NOW, reason: String::new() },
        )
    };
    db.tx("test", change).await.unwrap();
    assert_eq!(db.read("test", snapshot::generation).await.unwrap(), before + 1);
}

async fn reading_transactions_cannot_write(place: Arc<Place>) {
    let db = filled(&place).await;
    let written = db.read("test", |conn| organizations::insert_organization(conn, &samples::organization(5))).await;
    assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
}

async fn a_database_that_was_not_migrated_is_refused(place: Arc<Place>) {
    let url = if place.is_sqlite() { format!("{}.other", place.control) } else { crate::cluster::url("postgres") };
    let error = Db::open(&url).await.err().unwrap();
    assert!(matches!(error, StoreError::SchemaOutdated { database: "control", .. }), "{error}");
    assert!(error.to_string().contains("mudeung migrate"), "{error}");
    crate::place::execute(&place.control, "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')");
    let error = Db::open(&place.control).await.err().unwrap();
    assert!(error.to_string().contains("later program"), "{error}");
    let error = Db::migrate(&place.ledger).await.unwrap_err();
    assert!(matches!(error, StoreError::SchemaOutdated { .. }), "a ledger never becomes a control database: {error}");
}
