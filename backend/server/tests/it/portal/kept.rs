//! Forms that come when their sender must prove first who they are: kept as they were typed, for them alone, and sent
//! by nobody but them.

use super::{Browser, Shown};
use crate::app::TestApp;
use crate::app::fixture::PASSWORD;
use mudeung_core::member::Role;
use mudeung_wire::ledger::entry::Status;
use std::time::Duration;

const LATE: Duration = Duration::from_secs(5 * 60 + 1);
const IDLE: Duration = Duration::from_secs(30 * 60 + 1);
const STOP: &str = "/en/kill-switches/dataset/stop";
const FIELDS: [(&str, &str); 3] = [("target", "cohort"), ("reason", "A <b>drill</b>"), ("confirm", "yes")];

fn plain(text: &str) -> String {
    [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (coded, letter)| text.replace(coded, letter))
}

/// Proves by the password who is signed in, and goes on to where that leads.
pub(super) async fn prove(browser: &mut Browser<'_>, sent: &Shown) -> Shown {
    let query = sent.location().split_once('?').unwrap().1;
    let next = serde_urlencoded::from_str::<Vec<(String, String)>>(query).unwrap().remove(0).1;
    let proved = browser.submit(sent.location(), "/en/step-up", &[("password", PASSWORD), ("next", &next)]).await;
    assert_eq!(proved.status, 303, "{}", proved.body);
    let back = browser.get(proved.location()).await;
    assert_eq!(back.status, 200, "{}: {}", proved.location(), back.body);
    back
}

/// What the form of the page sends, and where.
fn form(shown: &Shown) -> (String, Vec<(String, String)>) {
    let (_, form) = shown.body.split_once("<form method=\"post\" class=\"card\" action=\"").unwrap();
    let form = form.split_once("</form>").unwrap().0;
    let fields = form.split("<input type=\"hidden\" name=\"").skip(1).map(|field| {
        let (name, rest) = field.split_once("\" value=\"").unwrap();
        (plain(name), plain(rest.split_once('"').unwrap().0))
    });
    (plain(form.split_once('"').unwrap().0), fields.collect())
}

/// Presses the button of the page.
pub(super) async fn press(browser: &mut Browser<'_>, shown: &Shown) -> Shown {
    let (action, fields) = form(shown);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(&action, &fields).await
}

async fn stops(app: &TestApp) -> usize {
    let entries = app.entries().await;
    entries
        .iter()
        .filter(|entry| entry.operation == "dataset.suspend" && entry.status == Some(Status::Completed))
        .count()
}

#[actix_web::test]
async fn a_grave_form_comes_back_as_it_was_typed_after_the_proof_and_is_done_when_it_is_pressed() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    app.clock.advance(LATE);
    let sent = admin.submit("/en/kill-switches", STOP, &FIELDS).await;
    assert_eq!(
        (sent.status, sent.location()),
        (303, "/en/step-up?next=%2Fen%2Funsent%3Fform%3D%252Fen%252Fkill-switches%252Fdataset%252Fstop")
    );
    assert!(admin.get(sent.location()).await.body.contains("What you typed is kept"));
    let back = prove(&mut admin, &sent).await;
    assert!(back.body.contains("A &#60;b&#62;drill") && !back.body.contains("<b>drill"), "{}", back.body);
    assert_eq!(stops(&app).await, 0, "a proof does nothing");
    let ko = admin.get("/ko/unsent?form=%2Fen%2Fkill-switches%2Fdataset%2Fstop").await;
    assert!(ko.status == 200 && ko.body.contains("보내지 않은 양식"), "{}", ko.body);
    let (action, fields) = form(&back);
    assert_eq!(action, STOP);
    for field in FIELDS {
        assert!(fields.iter().any(|(name, value)| (name.as_str(), value.as_str()) == field), "{field:?}");
    }
    let done = press(&mut admin, &back).await;
    assert_eq!(done.location(), "/en/kill-switches?done=access-stopped", "{}", done.body);
    assert_eq!(stops(&app).await, 1);
    let gone = admin.get("/en/unsent?form=%2Fen%2Fkill-switches%2Fdataset%2Fstop").await;
    assert_eq!(gone.status, 404, "what was done is not kept");
}

#[actix_web::test]
async fn every_grave_form_with_something_typed_waits_for_the_proof() {
    let app = TestApp::start().await;
    let forms = [
        (Role::Reviewer, "/requests/req_00000000000000000000000000/approve"),
        (Role::Reviewer, "/requests/req_00000000000000000000000000/reject"),
        (Role::Admin, "/agreements"),
        (Role::Admin, "/break-glass"),
        (Role::Auditor, "/break-glass/grt_00000000000000000000000000/review"),
        (Role::Admin, "/plans"),
        (Role::Admin, "/plans/give"),
        (Role::Auditor, "/incidents/inc_00000000000000000000000000/note"),
        (Role::Auditor, "/incidents/inc_00000000000000000000000000/tell"),
        (Role::Auditor, "/incidents/inc_00000000000000000000000000/close"),
        (Role::Developer, "/grants/grt_00000000000000000000000000/destruction"),
        (Role::Developer, "/webhooks"),
        (Role::Representative, "/members/invite"),
    ];
    for role in [Role::Reviewer, Role::Admin, Role::Auditor, Role::Developer, Role::Representative] {
        let mut browser = Browser::of(&app, role).await;
        app.clock.advance(LATE);
        for (_, path) in forms.iter().filter(|(of, _)| *of == role) {
            let typed = [("text", "A long text in <two>\r\nlines & more"), ("column", "a"), ("column", "b")];
            let sent = browser.submit("/ko/home", &format!("/ko{path}"), &typed).await;
            assert!(sent.location().starts_with("/ko/step-up?next=%2Fko%2Funsent"), "{path}: {}", sent.location());
            let query = serde_urlencoded::to_string([("form", format!("/ko{path}"))]).unwrap();
            let (action, fields) = form(&browser.get(&format!("/ko/unsent?{query}")).await);
            assert_eq!(action, format!("/ko{path}"));
            let own = fields.iter().filter(|(name, _)| name != "form_token" && name != "unsent");
            assert!(own.map(|(name, value)| (name.as_str(), value.as_str())).eq(typed), "{path}: {fields:?}");
        }
    }
}

#[actix_web::test]
async fn a_request_that_was_written_for_too_long_is_there_after_signing_in_again() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let page = developer.get("/en/requests/new").await;
    let (token, key) = (page.form_token(), page.between("name=\"request\" value=\"", "\"").unwrap());
    let typed = super::requests::fields(&app, &app.fixture.reader.id);
    let mut fields: Vec<(&str, &str)> = vec![("form_token", &token), ("request", &key)];
    fields.extend(typed.iter().map(|(name, value)| (*name, value.as_str())));
    app.clock.advance(IDLE);
    let sent = developer.post("/en/requests", &fields).await;
    let next = "/en/unsent?form=%2Fen%2Frequests";
    assert_eq!((sent.status, sent.location()), (303, "/en/sign-in?next=%2Fen%2Funsent%3Fform%3D%252Fen%252Frequests"));
    let back = developer.sign_in("developer@example.org", PASSWORD, next).await;
    assert_eq!(back.location(), next);
    let shown = developer.get(next).await;
    assert!(shown.body.contains("Validate a model of readmission"), "{}", shown.body);
    let done = press(&mut developer, &shown).await;
    // The identifier that the form carries is of the former session: it is shown once more, as it was typed.
    let kept = done.status == 303 || done.body.contains("Validate a model of readmission");
    assert!(kept, "{} {}", done.status, done.body);
}

#[actix_web::test]
async fn attack_what_is_kept_is_of_its_member_alone_and_of_our_own_forms() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    app.clock.advance(LATE);
    let unsent = "/en/unsent?form=%2Fen%2Fkill-switches%2Fdataset%2Fstop";
    let forged = admin.post(STOP, &[FIELDS.as_slice(), &[("form_token", "AAAA")]].concat()).await;
    assert!(!forged.location().contains("unsent"), "{}", forged.location());
    let token = admin.get("/en/home").await.form_token();
    let elsewhere = [FIELDS.as_slice(), &[("form_token", token.as_str())]].concat();
    let elsewhere = app.post(STOP).form(&elsewhere).header("origin", "https://evil.example");
    assert!(!admin.send(elsewhere).await.location().contains("unsent"));
    assert_eq!(admin.get(unsent).await.status, 404, "nothing of another site is kept");
    let secret = admin.submit("/en/home", "/en/security/password", &[("new_password", "a new password, typed")]).await;
    assert_eq!(secret.location(), "/en/step-up?next=%2Fen%2Fhome", "no password is kept");
    let large = "x".repeat(300 << 10);
    let large = admin.submit("/en/home", STOP, &[("reason", large.as_str())]).await;
    assert!(!large.location().contains("unsent"), "{}", large.status);
    admin.submit("/en/kill-switches", STOP, &FIELDS).await;
    assert_eq!(admin.get(unsent).await.status, 200);
    assert_eq!(auditor.get(unsent).await.status, 404);
    for form in ["https://evil.example/", "//evil.example", "/oauth2/token", "javascript:alert(1)", ""] {
        let query = serde_urlencoded::to_string([("form", form)]).unwrap();
        assert_eq!(admin.get(&format!("/en/unsent?{query}")).await.status, 404, "{form}");
    }
    let folder = app.stop().await;
    for file in crate::app::files_below(folder.path()) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(12).any(|window| window == b"A <b>drill</"), "{}", file.display());
    }
}

#[actix_web::test]
async fn what_is_not_sent_is_gone_after_twelve_hours() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    app.clock.advance(LATE);
    admin.submit("/en/kill-switches", STOP, &FIELDS).await;
    let unsent = "/en/unsent?form=%2Fen%2Fkill-switches%2Fdataset%2Fstop";
    for (hours, status) in [(11, 200), (1, 404)] {
        app.clock.advance(Duration::from_secs(hours * 60 * 60));
        assert_eq!(Browser::of(&app, Role::Admin).await.get(unsent).await.status, status);
    }
}
