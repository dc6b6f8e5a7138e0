//! How data is to be used: the live check of the form, the match on the pages of both sides, and the columns asked for.

use super::board::TERMS;
use super::requests::{fields, file_with, send_new};
use super::{Browser, Shown};
use crate::app::TestApp;
use crate::app::fixture::manifest;
use mudeung_core::dataset::VersionState;
use mudeung_core::id::{FileId, VersionId};
use mudeung_core::member::Role;
use mudeung_core::tier::Tier;
use mudeung_wire::manifest::ManifestUse;
use std::time::Duration;

/// The fields of a request with some of them said otherwise. A field may be there more than once.
fn but(app: &TestApp, changes: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let mut fields = fields(app, &app.fixture.reader.id);
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    fields.extend(changes.iter().map(|(name, value)| (*name, (*value).to_owned())));
    fields
}

async fn send(browser: &mut Browser<'_>, from: &str, to: &str, fields: &[(&'static str, String)]) -> Shown {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(key, value)| (*key, value.as_str())).collect();
    browser.submit(from, to, &fields).await
}

/// Publishes another version of the dataset under these terms.
async fn publish_under(app: &TestApp, permission: &str, modifiers: &[&str]) {
    let modifiers = modifiers.iter().map(|text| (*text).to_owned()).collect();
    let uses = ManifestUse { permission: permission.to_owned(), diseases: Vec::new(), modifiers, studies: None };
    let mut stricter = manifest(Tier::Deidentified, 9);
    (stricter.version, stricter.uses) = (2, Some(uses));
    stricter.tables[0].files[0].id = FileId::from_bytes([77; 16]).to_string();
    let (id, now) = (VersionId::generate(&*app.clock, &*app.state().entropy), app.now());
    app.change_and_see(move |conn| {
        let state = VersionState::Published { published_at: now };
        mudeung_store::catalog::insert_version(conn, &stricter, id, state, now)
    })
    .await;
}

const CHOSEN: [(&str, &str); 4] =
    [("scope", "chosen"), ("columns_of", "cohort"), ("column", "visits.age"), ("column", "visits.note")];

#[actix_web::test]
async fn the_form_says_what_the_terms_say_of_it_files_nothing_and_keeps_what_was_written() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let before = app.entry_count().await;
    let unfinished = but(&app, &[("purpose", "later <b>"), ("accept", ""), ("ethics_reason", "none"), ("place", "")]);
    let unfinished = [unfinished, CHOSEN.map(|(name, value)| (name, value.to_owned())).to_vec()].concat();
    let shown = send(&mut developer, "/en/requests/new", "/en/requests/check", &unfinished).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    for said in ["general research use", "DUO:0000042", "DUO:0000021", "A person must decide", "Said not to be needed"]
    {
        assert!(shown.body.contains(said), "{said}: {}", shown.body);
    }
    for kept in [
        ">later &#60;b&#62;</textarea>",
        "value=\"none\"",
        "<option value=\"methods\" selected>",
        "<option value=\"chosen\" selected>",
        "value=\"visits.age\" checked",
        "value=\"visits.person\">",
        "table visits: <span data-of>2 / 3</span>",
    ] {
        assert!(shown.body.to_lowercase().contains(&kept.to_lowercase()), "{kept}: {}", shown.body);
    }
    let korean = send(&mut developer, "/ko/requests/new", "/ko/requests/check", &unfinished).await;
    assert!(korean.body.contains("사람의 판단 필요") && korean.body.contains("일반 연구"), "{}", korean.body);
    let odd =
        send(&mut developer, "/en/requests/new", "/en/requests/check", &but(&app, &[("diseases", "cancer")])).await;
    assert!(odd.status == 422 && odd.body.contains("role=\"alert\""), "{}", odd.body);
    let foreign = but(&app, &[("editing", "req_00000000000000000000000000")]);
    assert_eq!(send(&mut developer, "/en/requests/new", "/en/requests/check", &foreign).await.status, 404);
    assert_eq!(app.entry_count().await, before, "nothing happened");
    assert!(!developer.get("/en/requests").await.body.contains("/en/requests/req_"));
}

#[actix_web::test]
async fn both_sides_see_the_same_match_and_a_denial_decides_nothing() {
    let app = TestApp::start().await;
    publish_under(&app, "HMB", &["NPU", "TS-2"]).await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let page = file_with(&mut developer, &but(&app, &[])).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let seen = reviewer.get(&page).await.body;
    for body in [&developer.get(&page).await.body, &seen] {
        assert!(body.contains("Against the terms") && body.contains("Organizations for profit are excluded"), "{body}");
        assert!(body.contains("It decides nothing"), "{body}");
    }
    let long = TERMS.map(|(name, value)| (name, if name == "days" { "63" } else { value }));
    let long = reviewer.submit(&page, &format!("{page}/approve"), &long).await;
    assert!(long.status == 422 && long.body.contains("longer than the dataset may be used"), "{}", long.body);
    assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &TERMS).await.status, 303, "the board decides");
    publish_later_under_nothing(&app).await;
    for body in [reviewer.get(&page).await.body, reviewer.get(&format!("{page}/minutes")).await.body] {
        assert!(
            body.contains("DUO:0000045") && body.contains("Against the terms"),
            "the terms of the decision: {body}"
        );
    }
}

/// Publishes a version without restriction, after a decision.
async fn publish_later_under_nothing(app: &TestApp) {
    let mut open = manifest(Tier::Deidentified, 8);
    let modifiers = Vec::new();
    let uses = ManifestUse { permission: "NRES".to_owned(), diseases: Vec::new(), modifiers, studies: None };
    (open.version, open.uses) = (3, Some(uses));
    open.tables[0].files[0].id = FileId::from_bytes([78; 16]).to_string();
    let (id, now) = (VersionId::generate(&*app.clock, &*app.state().entropy), app.now());
    app.change_and_see(move |conn| {
        let state = VersionState::Published { published_at: now };
        mudeung_store::catalog::insert_version(conn, &open, id, state, now)
    })
    .await;
}

#[actix_web::test]
async fn the_catalogue_says_the_terms_in_words_in_both_languages() {
    let app = TestApp::start().await;
    let mut anyone = Browser::new(&app);
    for (path, said) in [
        ("/en/catalogue", "GRU · general research use"),
        ("/ko/catalogue", "GRU · 일반 연구"),
        ("/en/catalogue/cohort", "DUO:0000021"),
        ("/ko/catalogue/cohort", "윤리위원회 승인 필요"),
    ] {
        let body = anyone.get(path).await.body;
        assert!(body.contains(said), "{path}: {body}");
    }
    publish_under(&app, "HMB", &["GS-KR", "TS-12"]).await;
    let body = anyone.get("/en/catalogue/cohort").await.body;
    assert!(body.contains("geographical restriction") && body.contains("Namely: KR") && body.contains("Namely: 12"));
    assert!(body.contains("CC BY 4.0") && !body.contains("DUO:0000042"), "{body}");
}

#[actix_web::test]
async fn a_grant_has_columns_that_were_asked_for_and_no_others() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let page = file_with(&mut developer, &but(&app, &CHOSEN)).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let seen = reviewer.get(&page).await.body;
    assert!(seen.contains("Columns asked for: 2") && seen.contains("(of all 3)"), "{seen}");
    assert!(seen.contains("value=\"visits.note\" checked") && !seen.contains("value=\"visits.person\""), "{seen}");
    let but_columns = |columns: &[&'static str]| {
        let mut terms: Vec<(&str, &str)> = TERMS.into_iter().filter(|(name, _)| *name != "column").collect();
        terms.extend(columns.iter().map(|column| ("column", *column)));
        terms
    };
    let wider = but_columns(&["visits.age", "visits.person"]);
    let shown = reviewer.submit(&page, &format!("{page}/approve"), &wider).await;
    assert!(shown.status == 422 && shown.body.contains("Columns that were not asked for"), "{}", shown.body);
    let grants = async || app.state().snapshots.present().grants.values().flatten().cloned().collect::<Vec<_>>();
    assert_eq!(grants().await.len(), 1, "nothing came of it");
    let narrower = but_columns(&["visits.note"]);
    assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &narrower).await.status, 303);
    let given: Vec<_> = grants().await.into_iter().filter(|grant| grant.request.is_some()).collect();
    let columns: Vec<&String> = given[0].tables.values().flat_map(|table| &table.columns).collect();
    assert_eq!(columns, ["note"]);
}

#[actix_web::test]
async fn columns_are_asked_for_by_the_list_that_was_shown() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    for (changes, said) in [
        (&[("scope", "chosen"), ("columns_of", "other"), ("column", "visits.age")][..], "that of another dataset"),
        (&[("scope", "chosen"), ("column", "visits.age")], "that of another dataset"),
        (&[("scope", "chosen"), ("columns_of", "cohort")], "Choose at least one column"),
        (&[("scope", "chosen"), ("columns_of", "cohort"), ("column", "visits.odd")], "Choose at least one column"),
    ] {
        let shown = send_new(&mut developer, "/en/requests", &but(&app, changes)).await;
        assert!(shown.status == 422 && shown.body.contains(said), "{changes:?}: {}", shown.body);
    }
    let page = file_with(&mut developer, &but(&app, &[("scope", "all"), ("column", "visits.age")])).await;
    assert!(developer.get(&page).await.body.contains("Columns asked for: 3"));
}

#[actix_web::test]
async fn what_is_handed_in_anew_is_shown_as_a_difference() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let page = file_with(&mut developer, &but(&app, &CHOSEN)).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert!(!reviewer.get(&page).await.body.contains("What changed since it was last filed"));
    let fewer = [("reason", "Without the notes, please")];
    assert_eq!(reviewer.submit(&page, &format!("{page}/return"), &fewer).await.status, 303);
    let edit = format!("{page}/edit");
    let form = developer.get(&edit).await.body;
    assert!(form.contains("value=\"visits.note\" checked") && form.contains("value=\"visits.person\">"), "{form}");
    assert!(form.contains("<option value=\"korea\" selected>"), "{form}");
    app.clock.advance(Duration::from_secs(60));
    let anew =
        but(&app, &[("scope", "chosen"), ("columns_of", "cohort"), ("column", "visits.person"), ("commercial", "no")]);
    assert_eq!(send(&mut developer, &edit, &format!("{page}/submit"), &anew).await.status, 303);
    for body in [reviewer.get(&page).await.body, developer.get(&page).await.body] {
        for said in ["What changed since it was last filed", "+ visits.person", "− visits.age", "− visits.note"] {
            assert!(body.contains(said), "{said}: {body}");
        }
        assert!(body.contains("The proposed use was changed") && !body.contains("The purpose was rewritten"), "{body}");
    }
}

#[actix_web::test]
async fn a_draft_keeps_the_answers_there_are() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let half = but(&app, &[("study", "disease"), ("diseases", "c501; I10"), ("legal", ""), ("accept", "")]);
    let half = [half, CHOSEN.map(|(name, value)| (name, value.to_owned())).to_vec()].concat();
    let shown = send_new(&mut developer, "/en/requests/drafts", &half).await;
    assert_eq!(shown.status, 303, "{}", shown.body);
    let edit = format!("{}/edit", shown.location().split('?').next().unwrap());
    let form = developer.get(&edit).await.body;
    for kept in ["value=\"C50.1, I10\"", "<option value=\"disease\" selected>", "value=\"visits.age\" checked"] {
        assert!(form.contains(kept), "{kept}: {form}");
    }
    assert!(form.contains("Not answered yet"), "the match says what is missing");
}
