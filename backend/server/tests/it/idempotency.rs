//! What is sent twice under one key is done once.

use crate::app::TestApp;
use crate::portal::{Browser, Shown};
use futures_util::future::join_all;
use mudeung_core::member::Role;
use mudeung_wire::ledger::entry::Status;
use serde_json::{Value, json};
use std::time::Duration;

const APPS: &str = "/en/apps";

async fn send(browser: &mut Browser<'_>, app: &TestApp, key: &str, path: &str, fields: &[(&str, &str)]) -> Shown {
    let token = browser.get(APPS).await.form_token();
    let mut all = vec![("form_token", token.as_str())];
    all.extend(fields);
    browser.send(app.post(path).header("Idempotency-Key", key).form(&all)).await
}

async fn app_names(app: &TestApp) -> Vec<String> {
    let company = Some(app.fixture.company);
    let list = move |conn: &mut mudeung_store::Conn| mudeung_store::apps::list_apps(conn, company);
    app.state().db.read("list", list).await.unwrap().into_iter().map(|app| app.name).collect()
}

async fn count(app: &TestApp, name: &str) -> usize {
    app_names(app).await.iter().filter(|known| *known == name).count()
}

async fn repeats(app: &TestApp) -> Vec<Option<Status>> {
    app.entries().await.iter().filter(|entry| entry.operation == "request.repeat").map(|entry| entry.status).collect()
}

#[actix_web::test]
async fn a_key_makes_one_app_however_often_it_is_sent() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let first = send(&mut browser, &app, "\"k-1\"", APPS, &[("name", "Twice")]).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (303, ""));
    // Quoted or bare it is the same key, and a new sign-in changes nothing.
    let mut later = Browser::of(&app, Role::Developer).await;
    for browser in [&mut browser, &mut later] {
        let again = send(browser, &app, "k-1", APPS, &[("name", "Twice")]).await;
        assert_eq!((again.status, again.location()), (303, first.location()));
        assert_eq!((again.body, again.headers["idempotent-replayed"].to_str().unwrap()), (first.body.clone(), "true"));
    }
    assert_eq!(count(&app, "Twice").await, 1);
    assert_eq!(repeats(&app).await, [Some(Status::Completed); 2]);

    let other = send(&mut browser, &app, "k-1", APPS, &[("name", "Another")]).await;
    assert_eq!((other.status, count(&app, "Another").await), (422, 0));
    let denied = repeats(&app).await.into_iter().filter(|status| *status == Some(Status::Denied)).count();
    assert_eq!(denied, 1);
    for bad in ["\"\"", "a b", "\"a\\b\"", &"k".repeat(256)] {
        assert_eq!(send(&mut browser, &app, bad, APPS, &[("name", "Bad")]).await.status, 400, "{bad}");
    }
    let twice = app.post(APPS).header("Idempotency-Key", "a").header("Idempotency-Key", "b");
    assert_eq!(browser.send(twice.form(&[("name", "Bad")])).await.status, 400);
    assert_eq!(count(&app, "Bad").await, 0);

    app.clock.advance(Duration::from_secs(24 * 60 * 60));
    let mut tomorrow = Browser::of(&app, Role::Developer).await;
    assert_eq!(send(&mut tomorrow, &app, "k-1", APPS, &[("name", "Twice")]).await.status, 303);
    assert_eq!(count(&app, "Twice").await, 2, "a key lives for a day");
}

#[actix_web::test]
async fn a_key_belongs_to_its_member_and_opens_nothing_to_others() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let made = send(&mut developer, &app, "shared", APPS, &[("name", "Mine")]).await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    let refused = send(&mut admin, &app, "shared", APPS, &[("name", "Mine")]).await;
    assert_eq!(refused.status, 403);
    let mut nobody = Browser::new(&app);
    let unknown = send(&mut nobody, &app, "shared", APPS, &[("name", "Mine")]).await;
    assert!(unknown.location().contains("/sign-in") && unknown.location() != made.location());
    // What was refused can be sent again, also with what is right now.
    assert_eq!(send(&mut developer, &app, "mend", APPS, &[("name", "")]).await.status, 422);
    assert_eq!(send(&mut developer, &app, "mend", APPS, &[("name", "Mended")]).await.status, 303);
    assert_eq!(count(&app, "Mended").await, 1);
    assert_eq!(count(&app, "Mine").await, 1);
}

#[actix_web::test]
async fn a_form_that_is_clicked_many_times_makes_one_credential_and_shows_its_secret_to_a_fresh_proof_alone() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let made = send(&mut browser, &app, "app", APPS, &[("name", "Clicked")]).await;
    let page = made.location().split('?').next().unwrap().to_owned();
    let path = format!("{page}/credentials");
    let form = browser.get(&page).await;
    let (token, key) = (form.form_token(), form.between("name=\"idempotency_key\" value=\"", "\"").unwrap());
    let fields =
        [("form_token", token.as_str()), ("idempotency_key", key.as_str()), ("label", "clicked"), ("days", "90")];
    let clicks = (0..8).map(|_| {
        let request = browser.request(app.post(&path).form(&fields));
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        }
    });
    let answers = join_all(clicks).await;
    let shown: Vec<&String> = answers.iter().filter(|(status, _)| *status == 200).map(|(_, body)| body).collect();
    assert!(answers.iter().all(|(status, _)| matches!(status, 200 | 409)), "{answers:?}");
    assert!(!shown.is_empty() && shown.iter().all(|body| *body == shown[0]));
    let again = browser.post(&path, &fields).await;
    assert_eq!((again.status, &again.body), (200, shown[0]), "byte by byte");
    assert_eq!(browser.get(&page).await.body.matches("/credentials/").count(), 1, "one to revoke");

    // The same fields typed into the form anew are another wish.
    let typed = [fields[0], fields[1], ("label", "typed anew"), fields[3]];
    assert_eq!(browser.post(&path, &typed).await.status, 200);

    let secret = again.between("<code class=\"secret\">", "</code>").unwrap();
    for file in crate::app::files_below(app.folder()) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", file.display());
    }
    app.clock.advance(Duration::from_secs(5 * 60 + 1));
    let stale = browser.post(&path, &fields).await;
    assert!(stale.status == 303 && stale.location().starts_with("/en/step-up"), "{}", stale.status);
    assert!(!stale.body.contains(&secret));
}

#[actix_web::test]
async fn a_request_whose_end_is_not_known_is_not_done_again() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    assert_eq!(send(&mut browser, &app, "cut", APPS, &[("name", "Cut off")]).await.status, 303);
    // As a server leaves it that stops between the change and its answer.
    app.change(|conn| {
        let rows = mudeung_store::idempotency::forget_answers(conn)?;
        assert_eq!(rows, 1);
        Ok(())
    })
    .await;
    let soon = send(&mut browser, &app, "cut", APPS, &[("name", "Cut off")]).await;
    assert_eq!((soon.status, soon.header("retry-after")), (409, "1"));
    app.clock.advance(Duration::from_secs(61));
    let later = send(&mut browser, &app, "cut", APPS, &[("name", "Cut off")]).await;
    assert_eq!((later.status, later.header("retry-after")), (409, ""));
    assert!(later.body.contains("send it with a new key"), "{}", later.body);
    assert_eq!(count(&app, "Cut off").await, 1);
}

#[actix_web::test]
async fn an_export_is_streamed_whatever_key_it_carries() {
    let app = TestApp::start().await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    let token = auditor.get("/en/ledger/export").await.form_token();
    let fields = [
        ("form_token", token.as_str()),
        ("from", "2026-01-01"),
        ("until", "2026-01-02"),
        ("format", "ndjson"),
        ("reason", "A review"),
    ];
    for _ in 0..2 {
        let shown = auditor.send(app.post("/en/ledger/export").header("Idempotency-Key", "e").form(&fields)).await;
        assert_eq!((shown.status, shown.header("idempotent-replayed")), (200, ""), "{}", shown.body);
    }
}

#[actix_web::test]
async fn a_program_that_registers_twice_under_one_key_gets_one_client_and_the_same_bytes() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let tokens = "/en/registration-tokens";
    let shown = browser.submit(tokens, tokens, &[("label", "ci"), ("uses", "1"), ("days", "1")]).await;
    let token = shown.between("<code class=\"secret\">", "</code>").unwrap();
    let register = |name: &str, token: &str| {
        let request = app.post("/oauth2/register").header("Idempotency-Key", "\"r\"").bearer_auth(token);
        request.json(&json!({ "client_name": name })).send()
    };
    let first = register("Robot", &token).await.unwrap();
    assert_eq!(first.status(), 201);
    let first = first.bytes().await.unwrap();
    let again = register("Robot", &token).await.unwrap();
    assert_eq!((again.status().as_u16(), &again.headers()["cache-control"]), (201, &"no-store".parse().unwrap()));
    assert_eq!(again.bytes().await.unwrap(), first, "though the token is used up");
    assert_eq!(count(&app, "Robot").await, 1);
    let other = register("Other", &token).await.unwrap();
    assert_eq!(other.status(), 422);
    let other: Value = other.json().await.unwrap();
    assert!(other["error_description"].as_str().unwrap().contains("another request"), "{other}");
    assert_eq!(register("Robot", "mdt_guessed").await.unwrap().status(), 401);
}

#[actix_web::test]
async fn a_stranger_with_a_key_does_not_make_the_server_write() {
    let app = TestApp::start().await;
    // Whoever writes now waits until this writer is done.
    let (begun, busy) = std::sync::mpsc::channel();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let db = app.state().db.clone();
    let writer = tokio::spawn(async move {
        let hold = move |_: &mut mudeung_store::Conn| {
            begun.send(()).unwrap();
            held.recv().unwrap();
            Ok(())
        };
        db.tx("hold", hold).await
    });
    tokio::task::spawn_blocking(move || busy.recv().unwrap()).await.unwrap();
    let request = app.post("/oauth2/register").header("Idempotency-Key", "s").bearer_auth("mdt_guessed");
    let answer = request.json(&json!({ "client_name": "Stranger" })).send().await.unwrap();
    assert_eq!(answer.status(), 401, "answered while nobody can write");
    release.send(()).unwrap();
    writer.await.unwrap().unwrap();
}
