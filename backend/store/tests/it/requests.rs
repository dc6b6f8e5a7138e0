//! Access requests: every event comes back, where a request stands is what its events say, and two who act at once do not
//! both succeed.

use crate::place::{Place, on_both};
use crate::samples::{self, NOW};
use mudeung_core::clock::Timestamp;
use mudeung_core::dataset::{Bilingual, VersionState};
use mudeung_core::duo::DataUse;
use mudeung_core::grant::Reach;
use mudeung_core::id::{GrantId, MemberId, OrganizationId, RequestId, VersionId};
use mudeung_core::member::{Member, MemberState, Role};
use mudeung_core::request::board::{BoardRule, Motion};
use mudeung_core::request::columns::Opening;
use mudeung_core::request::decide::{Obstacle, Wish};
use mudeung_core::request::due::Clocks;
use mudeung_core::request::event::{Actor, Ballot, Condition, Ethics, Happening, Proposal, Verdict};
use mudeung_core::request::need::Need;
use mudeung_core::request::prerequisite::{Facts, unmet};
use mudeung_core::request::ruling::House;
use mudeung_core::request::steps::Graph;
use mudeung_core::request::{AccessRequest, RequestState};
use mudeung_core::tier::Tier;
use mudeung_store::requests::{self, Filed, RequestsOf};
use mudeung_store::{Conn, Db, StoreError, agreements, catalog, grants, members};
use mudeung_wire::manifest::{Manifest, ManifestUse};
use std::sync::Arc;
use std::time::Duration;

on_both!(
    every_event_comes_back_and_the_row_says_what_the_events_say,
    the_hospital_sees_what_was_ever_handed_in_and_the_company_its_own,
    a_row_that_says_something_else_than_its_events_is_damage,
    one_identifier_is_one_request,
    the_facts_of_a_decision_are_those_of_the_moment,
    of_many_deciders_at_once_one_decides_and_there_is_one_grant,
    of_many_who_vote_at_once_every_vote_counts,
    a_file_is_kept_once_under_its_hash_and_comes_back,
);

fn id() -> RequestId {
    samples::request(1).id
}

fn by(number: u8) -> Actor {
    Actor::Member(MemberId::from_bytes([number; 16]))
}

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.seconds() + seconds)
}

fn proposal(ethics: Ethics) -> Proposal {
    Proposal { purpose: "위험도 모형 <b>검증</b>".to_owned(), ethics, ..samples::proposal() }
}

fn house() -> House {
    let day = Duration::from_secs(86_400);
    House {
        board: BoardRule { members_min: 1, external_min: 0, present_percent: 0 },
        graph: Graph::new(&Need::All(Vec::new())),
        clocks: Clocks { check: day, review: day, answer: day, remind: day },
        duties: mudeung_core::grant::course::DutyTerms::default(),
        exports: Need::One(Role::Steward),
        export_within: day,
    }
}

/// A database with the sample request and a board of `size` reviewers, members 10 and after.
async fn filled(place: &Place, size: u8) -> Db {
    let db = place.db().await;
    db.tx("fill", move |conn| {
        samples::fill(conn)?;
        for number in 10..10 + size {
            let reviewer = Member { roles: vec![Role::Reviewer], ..samples::member(number, 0) };
            members::insert_member(conn, &reviewer, "$argon2id$hash")?;
        }
        Ok(())
    })
    .await
    .unwrap();
    db
}

fn add(conn: &mut Conn, seconds: i64, by: Actor, what: Happening) -> Result<Filed, StoreError> {
    requests::append_event(conn, id(), after(seconds), by, what)
}

/// One way through all kinds of events.
fn way() -> Vec<(Actor, Happening, &'static str)> {
    let reason = || "열을 줄여 주세요 \"'\u{1f600}".to_owned();
    let condition = |text: &str| Condition { text: text.to_owned(), due: after(900) };
    let verdict = Verdict::Approved {
        reach: Reach::Inside,
        grant: samples::grant(1).id,
        conditions: vec![condition("IRB 승인 번호"), condition("보안 계획")],
    };
    let count =
        mudeung_core::request::board::Count { seats: 3, present: 2, favour: 1, against: 1, ..Default::default() };
    let modifiers = ["NPU", "TS-12", "GS-JP,KR", "MOR-2027-01-31", "RS"].map(str::to_owned);
    let studies = Bilingual { ko: "소아 연구".to_owned(), en: "Studies of children".to_owned() };
    let terms = DataUse::parse("DS", &["C50".to_owned()], &modifiers, Some(studies)).unwrap();
    let decided = mudeung_core::request::event::Decision { count, verdict, terms: Some(terms) };
    vec![
        (by(0), Happening::Returned { reason: reason() }, "returned"),
        (by(1), Happening::Attached(samples::attachment()), "returned"),
        (by(1), Happening::Saved(proposal(Ethics::Follows { by: after(500) })), "returned"),
        (
            by(1),
            Happening::Submitted(proposal(Ethics::Approved { number: "IRB-1".to_owned(), valid_until: after(700) })),
            "submitted",
        ),
        (by(1), Happening::Asked { text: reason() }, "submitted"),
        (by(0), Happening::Accepted, "in_review"),
        (by(0), Happening::Replied { text: reason() }, "in_review"),
        (by(10), Happening::Remarked { text: reason() }, "in_review"),
        (by(0), Happening::SignedOff { role: Role::Steward, reason: reason() }, "in_review"),
        (by(0), Happening::Voted { ballot: Ballot::ForWithConditions, reason: reason() }, "in_review"),
        (by(10), Happening::Recused { reason: reason() }, "in_review"),
        (by(0), Happening::Decided(decided), "conditional"),
        (by(1), Happening::Answered { condition: 0, answer: reason() }, "conditional"),
        (by(0), Happening::Confirmed { condition: 0 }, "conditional"),
        (Actor::Clock, Happening::Lapsed, "lapsed"),
    ]
}

async fn every_event_comes_back_and_the_row_says_what_the_events_say(place: Arc<Place>) {
    let db = filled(&place, 1).await;
    db.tx("test", |conn| {
        for (seconds, (by, what, state)) in (1..).zip(way()) {
            let added = add(conn, seconds, by, what.clone())?;
            assert_eq!(added.events.last().unwrap().what, what);
            let found = requests::find_filed(conn, id())?.unwrap();
            assert_eq!(found, added, "what was added is what is there");
            assert_eq!((found.request.state.as_str(), &found.case.state), (state, &found.request.state));
            let listed = requests::list_requests(conn, RequestsOf::Everybody, None, 10)?;
            assert_eq!(listed, std::slice::from_ref(&found.request));
            let open = requests::list_open(conn, RequestsOf::Everybody)?;
            assert_eq!(open.len(), usize::from(found.request.state.is_open()));
            assert!(open.is_empty() || open == [found]);
        }
        let refused = add(conn, 99, by(1), Happening::Withdrawn).unwrap_err();
        assert_eq!(refused.to_string(), "a lapsed access request cannot be withdrawn");
        let filed = requests::find_filed(conn, id())?.unwrap();
        assert_eq!(filed.events.len(), way().len() + 1, "what is refused leaves nothing");
        assert_eq!(filed.request.purpose, proposal(Ethics::Follows { by: NOW }).purpose, "the last that was written");
        Ok(())
    })
    .await
    .unwrap();
}

async fn the_hospital_sees_what_was_ever_handed_in_and_the_company_its_own(place: Arc<Place>) {
    let db = filled(&place, 0).await;
    db.tx("test", |conn| {
        let draft = AccessRequest { state: RequestState::Draft, submitted_at: None, ..samples::request(2) };
        let filed = requests::insert_request(conn, &draft, Happening::Saved(samples::proposal()))?;
        assert_eq!(filed.request, draft);
        let own = RequestsOf::Organization(draft.organization);
        assert_eq!(requests::list_requests(conn, own, None, 10)?, [draft.clone(), samples::request(1)], "newest first");
        assert_eq!(requests::list_requests(conn, own, None, 1)?, std::slice::from_ref(&draft));
        assert_eq!(requests::list_requests(conn, own, Some(draft.id), 1)?, [samples::request(1)]);
        assert_eq!(requests::list_requests(conn, RequestsOf::Everybody, None, 10)?, [samples::request(1)]);
        assert_eq!(requests::list_open(conn, RequestsOf::Everybody)?.len(), 1);
        assert_eq!(requests::list_open(conn, own)?.len(), 2);
        let other = RequestsOf::Organization(OrganizationId::from_bytes([0; 16]));
        assert_eq!(requests::list_requests(conn, other, None, 10)?, []);
        assert_eq!(requests::list_open(conn, other)?, []);
        let withdrawn = requests::append_event(conn, draft.id, after(1), by(1), Happening::Withdrawn)?;
        assert_eq!(withdrawn.request.submitted_at, None);
        assert_eq!(
            requests::list_requests(conn, RequestsOf::Everybody, None, 10)?.len(),
            1,
            "a draft is nobody else's"
        );
        Ok(())
    })
    .await
    .unwrap();
}

async fn a_row_that_says_something_else_than_its_events_is_damage(place: Arc<Place>) {
    let db = filled(&place, 0).await;
    for sql in [
        "UPDATE requests SET state = 'approved', decided_by = 'mem_00000000000000000000000000', \
         grant_id = 'grt_00000000000000000000000000'",
        "UPDATE requests SET state = 'submitted', decided_by = NULL, grant_id = NULL; UPDATE request_events SET kind = 'odd'",
        "UPDATE request_events SET kind = 'submitted', detail = '{}'",
        "DELETE FROM request_events",
    ] {
        crate::place::execute(&place.control, sql);
        let found = db.read("test", |conn| requests::find_filed(conn, id())).await;
        assert!(matches!(found, Err(StoreError::Corrupt(_))), "{sql}: {found:?}");
    }
}

async fn one_identifier_is_one_request(place: Arc<Place>) {
    let db = filled(&place, 0).await;
    let again = |request: AccessRequest| {
        db.tx("again", move |conn| requests::insert_request(conn, &request, Happening::Submitted(samples::proposal())))
    };
    let twice = again(samples::request(1)).await;
    assert!(matches!(twice, Err(StoreError::AlreadyExists { what: "the access request" })), "{twice:?}");
    let mut tasks = Vec::new();
    for _ in 0..16 {
        let db = db.clone();
        tasks.push(tokio::spawn(async move {
            let submitted = Happening::Submitted(samples::proposal());
            db.tx("file", move |conn| requests::insert_request(conn, &samples::request(3), submitted)).await.is_ok()
        }));
    }
    let mut filed = 0;
    for task in tasks {
        filed += usize::from(task.await.unwrap());
    }
    assert_eq!(filed, 1, "a form that is sent sixteen times is one request");
}

async fn the_facts_of_a_decision_are_those_of_the_moment(place: Arc<Place>) {
    let db = filled(&place, 0).await;
    db.tx("change", |conn| {
        let developer = Member { roles: vec![Role::Developer], ..samples::member(30, 1) };
        let request = AccessRequest { author: developer.id, ..samples::request(1) };
        let facts = requests::find_facts(conn, &request, &house().duties, NOW)?;
        assert!(facts.is_organization_active && facts.is_app_active, "{facts:?}");
        assert!(!facts.is_published && !facts.is_author_active && !facts.is_signed, "{facts:?}");
        members::insert_member(conn, &developer, "$argon2id$hash")?;
        agreements::insert_signature(conn, &samples::signature(1, 1, 30))?;
        let state = VersionState::Published { published_at: NOW };
        let version = VersionId::from_bytes([1; 16]);
        catalog::insert_version(conn, &samples::manifest(Tier::Deidentified, 1), version, state, NOW)?;
        let facts = requests::find_facts(conn, &request, &house().duties, NOW)?;
        let filed = requests::find_filed(conn, id())?.unwrap();
        assert!(unmet(&filed.case, &facts, NOW).is_empty(), "{facts:?}");
        members::update_member_state(conn, developer.id, MemberState::Disabled { disabled_at: NOW })?;
        let gone = requests::find_facts(conn, &request, &house().duties, NOW)?;
        assert_eq!(facts.terms, Some(DataUse::default()), "what holds where nothing was said");
        assert_eq!(gone, Facts { is_author_active: false, is_signed: false, ..facts });
        agreements::insert_agreement(conn, &samples::agreement(2))?;
        let modifiers = vec!["NPU".to_owned(), "TS-6".to_owned()];
        let uses = ManifestUse { permission: "HMB".to_owned(), diseases: Vec::new(), modifiers, studies: None };
        let stricter = Manifest { uses: Some(uses), ..samples::manifest(Tier::Deidentified, 2) };
        let second = VersionId::from_bytes([2; 16]);
        catalog::insert_version(conn, &stricter, second, state, NOW)?;
        let terms = requests::find_facts(conn, &request, &house().duties, NOW)?.terms.unwrap();
        assert_eq!((terms.months_max(), terms.terms().len()), (Some(6), 3), "the terms of the latest version");
        let odd = ManifestUse { permission: "ODD".to_owned(), ..stricter.uses.clone().unwrap() };
        let odd = Manifest { uses: Some(odd), ..samples::manifest(Tier::Deidentified, 3) };
        let refused = catalog::insert_version(conn, &odd, VersionId::from_bytes([3; 16]), state, NOW);
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
        catalog::update_version_state(conn, second, VersionState::Withdrawn { withdrawn_at: NOW })?;
        catalog::update_version_state(conn, version, VersionState::Withdrawn { withdrawn_at: NOW })?;
        let later = requests::find_facts(conn, &request, &house().duties, NOW)?;
        assert_eq!((later.agreement, later.is_published), (Some(samples::agreement(2).id), false));
        Ok(())
    })
    .await
    .unwrap();
}

/// Decides in a transaction of its own, the way the portal does; an obstacle is an error as there.
fn decide(conn: &mut Conn, number: u8, wish: Wish) -> Result<Filed, StoreError> {
    let filed = requests::find_filed(conn, id())?.unwrap();
    let board = requests::load_board(conn)?;
    let facts = Facts {
        agreement: Some(samples::agreement(1).id),
        is_signed: true,
        is_published: true,
        is_author_active: true,
        is_organization_active: true,
        is_app_active: true,
        is_late: false,
        terms: None,
    };
    let by = MemberId::from_bytes([number; 16]);
    let events = house().decide(&filed.case, &board, &facts, by, &wish, NOW);
    let events = events.map_err(|obstacle: Obstacle| StoreError::Invalid(format!("{obstacle:?}")))?;
    let mut last = filed;
    for what in events {
        last = requests::append_event(conn, id(), NOW, Actor::Member(by), what)?;
    }
    if let RequestState::Approved { grant, .. } = last.case.state {
        let grant = mudeung_core::grant::Grant { id: grant, request: Some(id()), ..samples::grant(1) };
        grants::insert_grant(conn, &grant)?;
    }
    Ok(last)
}

async fn of_many_deciders_at_once_one_decides_and_there_is_one_grant(place: Arc<Place>) {
    const DECIDERS: u8 = 16;
    let db = filled(&place, DECIDERS).await;
    db.tx("accept", |conn| add(conn, 0, by(10), Happening::Accepted)).await.unwrap();
    // Each on a connection pool of its own, as nodes would be.
    let mut tasks = Vec::new();
    for number in 10..10 + DECIDERS {
        let db = place.db().await;
        tasks.push(tokio::spawn(async move {
            let grant = GrantId::from_bytes([number; 16]);
            let wish = if number % 2 == 0 {
                let opening = Opening { columns: Default::default(), reach: Reach::Inside, days: 0 };
                Wish::Approve { grant, opening, conditions: Vec::new(), ethics: String::new() }
            } else {
                Wish::Reject { reason: "no".to_owned() }
            };
            db.tx("decide", move |conn| decide(conn, number, wish)).await.is_ok()
        }));
    }
    let mut decided = 0;
    for task in tasks {
        decided += usize::from(task.await.unwrap());
    }
    assert_eq!(decided, 1);
    let filed = db.read("test", |conn| requests::find_filed(conn, id())).await.unwrap().unwrap();
    let decisions = filed.events.iter().filter(|event| matches!(event.what, Happening::Decided(_))).count();
    assert_eq!((decisions, filed.request.state.is_open()), (1, false));
    let all = db.read("test", |conn| grants::list_grants(conn, grants::GrantsOf::All)).await.unwrap();
    let given = all.iter().filter(|grant| grant.request == Some(id())).count();
    assert_eq!(given, usize::from(filed.request.state.as_str() == "approved"));
}

async fn a_file_is_kept_once_under_its_hash_and_comes_back(place: Arc<Place>) {
    let db = filled(&place, 1).await;
    db.tx("test", |conn| {
        let enclosed = || Happening::Enclosed(samples::attachment());
        for seconds in 1..3 {
            let filed = requests::append_file(conn, id(), after(seconds), by(0), enclosed(), b"%PDF-\0\xff")?;
            assert_eq!(filed.events.last().unwrap().what, enclosed());
        }
        let sha256 = samples::attachment().sha256;
        assert_eq!(requests::find_file(conn, &sha256)?.as_deref(), Some(b"%PDF-\0\xff".as_slice()));
        assert_eq!(requests::find_file(conn, &"1".repeat(64))?, None);
        let company = samples::request(1).organization;
        assert_eq!(requests::files_bytes(conn, company)?, 14, "counted as often as it was sent");
        assert_eq!(requests::files_bytes(conn, OrganizationId::from_bytes([0; 16]))?, 0);
        let other = requests::append_file(conn, id(), after(9), by(0), Happening::Accepted, b"");
        assert!(matches!(other, Err(StoreError::Invalid(_))), "{other:?}");
        Ok(())
    })
    .await
    .unwrap();
    crate::place::execute(&place.control, "UPDATE request_attachments SET size_bytes = 1073741824");
    let more = db.tx("more", |conn| {
        let what = Happening::Enclosed(samples::attachment());
        requests::append_file(conn, id(), after(10), by(0), what, b"%PDF-\0\xff")
    });
    assert!(matches!(more.await, Err(StoreError::Invalid(_))));
    let filed = db.read("test", |conn| requests::find_filed(conn, id())).await.unwrap().unwrap();
    assert_eq!(filed.case.attachments, 2, "what is refused leaves nothing");
}

async fn of_many_who_vote_at_once_every_vote_counts(place: Arc<Place>) {
    let db = filled(&place, 12).await;
    db.tx("accept", |conn| add(conn, 0, by(10), Happening::Accepted)).await.unwrap();
    let mut tasks = Vec::new();
    for number in 10..22 {
        let db = db.clone();
        tasks.push(tokio::spawn(async move {
            let ballot = if number % 3 == 0 { Ballot::Against } else { Ballot::For };
            let voted = Happening::Voted { ballot, reason: "because".to_owned() };
            db.tx("vote", move |conn| add(conn, 1, by(number), voted)).await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let counted = db.read("count", |conn| {
        let filed = requests::find_filed(conn, id())?.unwrap();
        Ok(requests::load_board(conn)?.count(&filed.case))
    });
    let count = counted.await.unwrap();
    assert_eq!((count.present, count.favour, count.against), (12, 8, 4));
    assert_eq!(house().board.motion(&count), Ok(Motion::Approve));
}
