//! What occurs is told: in the portal, by mail as each wants it, and to companies' programs.

use super::Browser;
use super::members::with_mail;
use crate::app::TestApp;
use crate::carrier::Memory;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mudeung_core::member::Role;
use mudeung_server::post::{KEPT, Undelivered, collect_digests, tidy};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);

async fn file(app: &TestApp) -> String {
    let mut developer = Browser::of(app, Role::Developer).await;
    super::requests::file(app, &mut developer, &app.fixture.reader.id).await
}

fn told(mails: &[mudeung_server::post::mail::Mail]) -> Vec<(&str, &str)> {
    let mut told: Vec<(&str, &str)> = mails.iter().map(|mail| (mail.to.as_str(), mail.subject.as_str())).collect();
    told.sort_unstable();
    told
}

#[actix_web::test]
async fn a_request_is_told_to_those_it_waits_on_and_not_to_whoever_filed_it() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let request = file(&app).await;
    let mails = post.mails(&app).await;
    let filed = "[무등] 이용 신청이 제출되었습니다 (cohort)";
    let hearers =
        [("admin@example.org", filed), ("representative@example.org", filed), ("reviewer@example.org", filed)];
    assert_eq!(told(&mails), hearers);
    assert!(mails.iter().all(|mail| mail.text.contains(&request.replace("/en/", "/ko/"))), "with the way there");
    assert!(post.mails(&app).await.is_empty(), "each is told once");
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let page = reviewer.get("/en/notifications").await;
    assert!(page.body.contains("An access request was filed") && page.body.contains("New: 1"));
    reviewer.submit("/en/notifications", "/en/notifications/read", &[]).await;
    assert!(!reviewer.get("/en/home").await.body.contains("New: 1"));
    assert!(!Browser::of(&app, Role::External).await.get("/en/notifications").await.body.contains("was filed"));
    reviewer.submit(&request, &format!("{request}/return"), &[("reason", "More, please")]).await;
    let returned = "[무등] 이용 신청에 보완 요청이 있습니다 (cohort)";
    let mails = post.mails(&app).await;
    assert_eq!(told(&mails), [("developer@example.org", returned), ("representative@example.org", returned)]);
    assert!(mails.iter().all(|mail| !mail.text.contains("More, please")), "what was said is read in the portal");
}

#[actix_web::test]
async fn mail_comes_in_the_language_and_at_the_times_that_its_reader_wants() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let daily = [("language", "en"), ("mailing", "daily")];
    reviewer.submit("/en/notifications", "/en/notifications/preferences", &daily).await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    admin
        .submit("/en/notifications", "/en/notifications/preferences", &[("language", "en"), ("mailing", "never")])
        .await;
    // 09:00 in Korea, when the tests begin, is morning already: what occurs now waits for no other day.
    file(&app).await;
    assert_eq!(
        told(&post.mails(&app).await),
        [("representative@example.org", "[무등] 이용 신청이 제출되었습니다 (cohort)")]
    );
    assert_eq!(collect_digests(app.state()).await.unwrap(), 1);
    let mails = post.mails(&app).await;
    assert_eq!(told(&mails), [("reviewer@example.org", "[Mudeung] Your day in one mail")]);
    assert!(mails[0].text.contains("An access request was filed (cohort)"), "{}", mails[0].text);
    app.clock.advance(HOUR);
    file(&app).await;
    post.mails(&app).await;
    assert_eq!(collect_digests(app.state()).await.unwrap(), 0, "one mail a day");
    app.clock.advance(HOUR * 21);
    assert_eq!(collect_digests(app.state()).await.unwrap(), 0, "seven in the morning is night");
    app.clock.advance(HOUR);
    assert_eq!(collect_digests(app.state()).await.unwrap(), 1);
    assert_eq!(post.mails(&app).await.len(), 1);
}

/// Nobody has to want one mail a day for that.
#[actix_web::test]
async fn what_no_mail_server_took_is_given_up_and_what_is_old_is_forgotten() {
    let app = TestApp::start().await;
    file(&app).await;
    assert_eq!(tidy(app.state()).await.unwrap(), 0);
    app.clock.advance(KEPT);
    assert_eq!(tidy(app.state()).await.unwrap(), 0, "to the moment");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(tidy(app.state()).await.unwrap(), 3);
    assert_eq!(tidy(app.state()).await.unwrap(), 0);
    let mut admin = Browser::of(&app, Role::Admin).await;
    assert!(admin.get("/en/system").await.body.contains("Given up"));
    app.clock.advance(HOUR * 24 * 91);
    assert!(tidy(app.state()).await.unwrap() > 0);
    let mut admin = Browser::of(&app, Role::Admin).await;
    assert!(!admin.get("/en/system").await.body.contains("Given up"));
    assert!(!admin.get("/en/notifications").await.body.contains("was filed"), "after ninety days");
}

#[actix_web::test]
async fn a_step_that_is_late_is_told_once_to_those_who_are_late_and_to_the_operator() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    file(&app).await;
    post.mails(&app).await;
    app.clock.advance(HOUR * 24 * 40);
    for (expected, escalated) in [(2, 1), (0, 0)] {
        mudeung_server::lapses::lapse_requests(app.state()).await.unwrap();
        let mails = post.mails(&app).await;
        let late = "[무등] 이용 신청의 처리 기한이 지났습니다 (cohort)";
        assert_eq!(mails.iter().filter(|mail| mail.subject == late).count(), expected);
        assert_eq!(mails.len(), expected + escalated, "the company is not told how late the hospital is");
    }
}

/// A webhook of the company: its page, and the secret that verifies.
async fn webhook(browser: &mut Browser<'_>, topics: &[&str]) -> (String, String) {
    let mut fields = vec![("url", "https://hooks.company.example/mudeung?x=1")];
    fields.extend(topics.iter().map(|topic| ("topic", *topic)));
    let shown = browser.submit("/en/webhooks", "/en/webhooks", &fields).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    let id = shown.between("/webhooks/whk_", "/").unwrap();
    (format!("/en/webhooks/whk_{id}"), shown.between("<code class=\"secret\">", "</code>").unwrap())
}

fn signature(secret: &str, call: &mudeung_server::post::webhook::Call) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let [(_, id), (_, timestamp), _] = &call.headers;
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
    let tag = ring::hmac::sign(&key, format!("{id}.{timestamp}.{}", call.body).as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

#[actix_web::test]
async fn a_companys_program_is_told_of_its_own_and_can_verify_it() {
    let (app, post) = (TestApp::start().await, Memory::default());
    let mut developer = Browser::of(&app, Role::Developer).await;
    let (page, secret) = webhook(&mut developer, &[]).await;
    let email = super::isolation::outsider(&app, vec![Role::Developer]).await;
    let mut outsider = Browser::with(&app, &email).await;
    let (_, others) = webhook(&mut outsider, &[]).await;
    assert_ne!(secret, others);
    let request = file(&app).await;
    let [call] = &post.calls(&app).await[..] else { panic!("one call, of the company that it is about") };
    assert_eq!(call.headers[2], ("webhook-signature", signature(&secret, call)));
    assert_eq!(call.headers[1].1, app.now().seconds().to_string());
    let body: serde_json::Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(body["type"], "request.submitted");
    assert_eq!(body["data"]["subject"], request.rsplit('/').next().unwrap());
    assert_eq!((&body["data"]["dataset"], &body["timestamp"]), (&"cohort".into(), &"2026-03-02T00:00:00Z".into()));
    let shown = developer.get(&page).await;
    assert!(shown.body.contains(&call.headers[0].1) && !shown.body.contains(&secret), "the secret is shown once");
    assert_eq!(outsider.get(&page).await.status, 404);
    for act in ["test", "replay", "rotate", "disable", "enable", "delete"] {
        assert_eq!(outsider.submit("/en/webhooks", &format!("{page}/{act}"), &[]).await.status, 404, "{act}");
    }
}

/// What a program reads of its own.
async fn items(app: &TestApp, token: &str, path: &str) -> Vec<serde_json::Value> {
    let answer = app.get(path).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let page: serde_json::Value = answer.json().await.unwrap();
    page["items"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn a_program_reads_where_its_requests_stand_and_what_its_webhooks_were_told() {
    let (app, post) = (TestApp::start().await, Memory::default());
    let mut developer = Browser::of(&app, Role::Developer).await;
    let (hook, secret) = webhook(&mut developer, &["request.submitted", "request.returned"]).await;
    let hook = hook.rsplit('/').next().unwrap().to_owned();
    let (own, stranger) = (app.token(&app.fixture.reader).await, app.token(&app.fixture.stranger).await);
    let request = file(&app).await;
    let deliveries = format!("/v1/webhooks/{hook}/deliveries");
    let [listed] = &items(&app, &own, "/v1/access-requests").await[..] else { panic!("one request") };
    assert_eq!(listed["id"], request.rsplit('/').next().unwrap());
    assert_eq!((&listed["state"], &listed["waits_on"]), (&"submitted".into(), &"hospital".into()));
    assert_eq!((&listed["dataset"], &listed["since"]), (&"cohort".into(), &"2026-03-02T00:00:00Z".into()));
    let [told] = &items(&app, &own, &deliveries).await[..] else { panic!("one delivery") };
    assert_eq!((&told["topic"], &told["state"]), (&"request.submitted".into(), &"waiting".into()));
    assert!(told["due_at"].is_string());
    let [call] = &post.calls(&app).await[..] else { panic!("one call") };
    let [told] = &items(&app, &own, &deliveries).await[..] else { panic!("one delivery") };
    assert_eq!((&told["id"], &told["state"]), (&call.headers[0].1.clone().into(), &"delivered".into()));
    assert!(told["due_at"].is_null());
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    reviewer.submit(&request, &format!("{request}/return"), &[("reason", "More, please")]).await;
    let [listed] = &items(&app, &own, "/v1/access-requests").await[..] else { panic!("one request") };
    assert_eq!((&listed["state"], &listed["waits_on"]), (&"returned".into(), &"company".into()));
    developer.submit(&request, &format!("{request}/withdraw"), &[]).await;
    let [listed] = &items(&app, &own, "/v1/access-requests").await[..] else { panic!("one request") };
    assert_eq!((&listed["state"], &listed["waits_on"]), (&"withdrawn".into(), &"nobody".into()));
    let [listed] = &items(&app, &own, "/v1/webhooks").await[..] else { panic!("one webhook") };
    assert_eq!((&listed["id"], &listed["state"]), (&hook.clone().into(), &"active".into()));
    assert_eq!(listed["topics"], serde_json::json!(["request.submitted", "request.returned"]));
    assert!(!listed.to_string().contains(&secret));
    // Another company has none of it.
    for path in ["/v1/access-requests", "/v1/webhooks"] {
        assert!(items(&app, &stranger, path).await.is_empty(), "{path}");
    }
    for (token, path) in [(&stranger, deliveries.as_str()), (&own, "/v1/webhooks/whk_nonsense/deliveries")] {
        assert_eq!(app.get(path).bearer_auth(token).send().await.unwrap().status(), 404, "{path}");
    }
}

#[actix_web::test]
async fn after_a_change_of_the_secret_both_verify_until_the_next() {
    let (app, post) = (TestApp::start().await, Memory::default());
    let mut developer = Browser::of(&app, Role::Developer).await;
    let (page, first) = webhook(&mut developer, &["request.approved"]).await;
    let rotate = format!("{page}/rotate");
    let mut secrets = vec![first];
    for _ in 0..2 {
        let shown = developer.submit(&page, &rotate, &[]).await;
        secrets.push(shown.between("<code class=\"secret\">", "</code>").unwrap());
    }
    file(&app).await;
    assert!(post.calls(&app).await.is_empty(), "it asked for another topic");
    developer.submit(&page, &format!("{page}/test"), &[]).await;
    let [call] = &post.calls(&app).await[..] else { panic!("a test reaches every webhook") };
    let expected = format!("{} {}", signature(&secrets[2], call), signature(&secrets[1], call));
    assert_eq!(call.headers[2].1, expected);
}

#[actix_web::test]
async fn what_is_not_taken_is_tried_for_three_days_then_the_webhook_stops_and_can_be_replayed() {
    let (app, post) = (TestApp::start().await, Memory::default());
    let mut developer = Browser::of(&app, Role::Developer).await;
    let (page, _) = webhook(&mut developer, &[]).await;
    post.answer(Err(Undelivered::Later("500: not\u{7} now <b>".to_owned())));
    developer.submit(&page, &format!("{page}/test"), &[]).await;
    let begin = app.now();
    let mut calls = Vec::new();
    while app.now().since(begin) < KEPT + HOUR * 13 {
        for call in post.calls(&app).await {
            calls.push((app.now().since(begin).as_secs(), call.headers[0].1.clone()));
        }
        app.clock.advance(Duration::from_secs(30));
    }
    let seconds: Vec<u64> = calls.iter().map(|(at, _)| *at).collect();
    assert_eq!(seconds[..5], [0, 30, 90, 210, 450], "doubled each time");
    assert!(seconds.windows(2).all(|pair| pair[1] - pair[0] <= 12 * 60 * 60));
    assert!(*seconds.last().unwrap() > 2 * 86_400 && *seconds.last().unwrap() < 3 * 86_400, "{seconds:?}");
    assert!(calls.iter().all(|(_, id)| *id == calls[0].1), "always the same message");
    let mut developer = Browser::of(&app, Role::Developer).await;
    let shown = developer.get(&page).await;
    assert!(shown.body.contains("Given up") && shown.body.contains("Stopped"), "{}", shown.body);
    assert!(shown.body.contains("500: not now &#60;b&#62;"), "what the program said is shown and not obeyed");
    let entries = app.entries().await;
    let stopped = entries.iter().filter(|entry| entry.operation == "webhook.disable" && entry.member.is_none());
    assert_eq!(stopped.count(), 2, "the server's own change stands in the ledger, before and after");
    post.answer(Ok(()));
    let delivery = shown.between("name=\"delivery\" value=\"", "\"").unwrap();
    assert_eq!(developer.submit(&page, &format!("{page}/enable"), &[]).await.status, 303);
    assert_eq!(developer.submit(&page, &format!("{page}/replay"), &[("delivery", &delivery)]).await.status, 303);
    assert_eq!(post.calls(&app).await.len(), 1);
    assert!(developer.get(&page).await.body.contains("Sent"));
    let nothing = developer.submit(&page, &format!("{page}/replay"), &[("delivery", "another")]).await;
    assert_eq!(nothing.status, 404);
}

#[actix_web::test]
async fn a_webhook_cannot_make_the_server_call_what_only_it_can_reach() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    for url in
        ["http://hooks.company.example/", "https://127.0.0.1/", "https://169.254.169.254/", "https://localhost/x", "x"]
    {
        let shown = developer.submit("/en/webhooks", "/en/webhooks", &[("url", url)]).await;
        assert_eq!(shown.status, 422, "{url}");
    }
    let bad = [("url", "https://hooks.company.example/"), ("topic", "request.overdue.x")];
    assert_eq!(developer.submit("/en/webhooks", "/en/webhooks", &bad).await.status, 422);
    for _ in 0..10 {
        webhook(&mut developer, &[]).await;
    }
    let more = [("url", "https://hooks.company.example/")];
    assert_eq!(developer.submit("/en/webhooks", "/en/webhooks", &more).await.status, 422, "ten are enough");
}

#[actix_web::test]
async fn two_that_carry_at_once_send_each_thing_once_and_the_operator_sees_and_repeats_what_failed() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    file(&app).await;
    let (one, two) = tokio::join!(post.mails(&app), post.mails(&app));
    assert_eq!(one.len() + two.len(), 3);
    post.answer(Err(Undelivered::Never("no such mailbox".to_owned())));
    let mut admin = Browser::of(&app, Role::Admin).await;
    admin.submit("/en/system", "/en/system/test-mail", &[]).await;
    post.mails(&app).await;
    let shown = admin.get("/en/system").await;
    assert!(shown.body.contains("no such mailbox") && shown.body.contains("Given up"), "{}", shown.body);
    post.answer(Ok(()));
    let delivery = shown.between("name=\"delivery\" value=\"", "\"").unwrap();
    admin.submit("/en/system", "/en/system/outbox/replay", &[("delivery", &delivery)]).await;
    assert_eq!(told(&post.mails(&app).await), [("admin@example.org", "[무등] 시험 메일")]);
}

#[actix_web::test]
async fn no_link_and_no_secret_of_the_outbox_lies_in_the_database() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let mut leader = Browser::of(&app, Role::Representative).await;
    let company = app.fixture.company.to_string();
    let fields = [("organization", company.as_str()), ("email", "new@example.com"), ("role", "developer")];
    leader.submit("/en/members", "/en/members/invite", &fields).await;
    Browser::new(&app)
        .submit("/en/password/forgot", "/en/password/forgot", &[("email", "developer@example.org")])
        .await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let (_, secret) = webhook(&mut developer, &[]).await;
    let mails = post.mails(&app).await;
    let mut codes: Vec<String> =
        mails.iter().map(|mail| crate::carrier::link(&app, mail).rsplit_once('.').unwrap().1.to_owned()).collect();
    assert_eq!(codes.len(), 2);
    codes.push(secret);
    let folder = app.stop().await;
    for file in crate::app::files_below(folder.path()) {
        let bytes = std::fs::read(&file).unwrap();
        for code in &codes {
            let found = bytes.windows(code.len()).any(|part| part == code.as_bytes());
            assert!(!found, "{} has it", file.display());
        }
    }
}
