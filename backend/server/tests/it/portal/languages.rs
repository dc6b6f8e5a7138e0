//! Pages in one language have no words of the other, and the switch between them keeps what was looked for.

use super::Browser;
use super::board::TERMS;
use super::requests::{fields, file_with};
use crate::app::TestApp;
use mudeung_core::member::Role;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// What stands on a page beside code, addresses, and what people typed in these tests.
fn words(body: &str) -> String {
    let mut text = String::new();
    let mut rest = body.split_once("<main").unwrap().1.split_once("</main>").unwrap().0;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let (tag, after) = after.split_once('>').unwrap();
        rest = match tag.starts_with("code") {
            true => after.split_once("</code>").unwrap().1,
            false => after,
        };
        text.push('\n');
    }
    text
}

fn is_hangul(letter: char) -> bool {
    ('\u{ac00}'..='\u{d7a3}').contains(&letter)
}

/// Three English words in a row.
fn is_english(line: &str) -> bool {
    let is_word = |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let words: Vec<&str> = line.split_whitespace().collect();
    words.windows(3).any(|words| words.iter().all(is_word))
}

#[actix_web::test]
async fn what_the_sandbox_says_itself_of_requests_and_grants_is_in_the_language_of_the_page() {
    let app = TestApp::start().await;
    let email = super::isolation::outsider(&app, vec![Role::Developer]).await;
    let mut developer = Browser::with(&app, &email).await;
    let mut follows = fields(&app, &app.fixture.stranger.id);
    follows.retain(|(name, _)| !["purpose", "ethics", "ethics_reason"].contains(name));
    follows.extend([("ethics", "follows"), ("ethics_by", "2026-03-10")].map(|(name, value)| (name, value.to_owned())));
    follows.push(("purpose", "PURPOSE ".repeat(4)));
    let page = file_with(&mut developer, &follows).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &TERMS).await.status, 303);
    let look = async |path: &str, ko_says: &str, en_says: &str| {
        for email in [email.as_str(), "admin@example.org"] {
            let mut browser = Browser::with(&app, email).await;
            let (ko, en) = (browser.get(&path.replace("/en/", "/ko/")).await, browser.get(path).await);
            assert_eq!((ko.status, en.status), (200, 200), "{path}");
            let (ko, en) = (words(&ko.body), words(&en.body));
            assert!(ko.contains(ko_says) && en.contains(en_says), "{path}: {ko} {en}");
            assert!(!en.chars().any(is_hangul), "{path}: {en}");
            let english: Vec<&str> = ko.lines().filter(|line| is_english(line)).collect();
            assert!(english.is_empty(), "{path}: {english:?}");
            assert!(!ko.contains("mudeung:") && !en.contains("mudeung:"), "{path}");
        }
    };
    look(&page, "IRB 승인 번호 제출", "Hand in the IRB approval number").await;
    let minutes = Browser::of(&app, Role::Reviewer).await.get(&format!("{page}/minutes")).await.body;
    assert!(minutes.contains("Hand in the IRB approval number") && !minutes.contains("mudeung:"), "{minutes}");
    app.clock.advance(DAY * 30);
    assert_eq!(mudeung_server::lapses::lapse_requests(app.state()).await.unwrap(), 1);
    look(&page, "IRB 승인 번호 제출", "Hand in the IRB approval number").await;
    let listed = Browser::with(&app, &email).await.get("/en/grants").await;
    let grant = format!("/en/grants/grt_{}", listed.between("/en/grants/grt_", "\"").unwrap());
    look(&grant, "승인 조건에 기한 안에 답하지 않았습니다", "The conditions of the approval were not answered in time")
        .await;
}

#[actix_web::test]
async fn a_grant_that_its_company_closed_says_so_in_both_languages() {
    let app = TestApp::start().await;
    let grant = app.fixture.grant;
    app.change_and_see(move |conn| {
        let found = mudeung_store::grants::find_grant(conn, grant)?.unwrap();
        let ended = found.state.revoke("mudeung:closed-by-company".to_owned(), found.created_at)?;
        mudeung_store::grants::update_grant_state(conn, grant, &ended)
    })
    .await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    for (path, says) in [("/ko/grants", "기업이 이용을 마쳤습니다"), ("/en/grants", "Closed by the company")]
    {
        let shown = admin.get(path).await.body;
        assert!(shown.contains(says) && !shown.contains("mudeung:"), "{path}: {shown}");
    }
}

#[actix_web::test]
async fn the_switch_of_the_language_keeps_what_was_looked_for() {
    let app = TestApp::start().await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    for (query, kept) in [
        ("?operation=portal.sign_in&from=2026-01-01", "?operation=portal.sign_in&#38;from=2026-01-01"),
        ("?done=signed-out&operation=a%22%3E%3Cb", "?operation=a%22%3E%3Cb"),
        ("?done=signed-out", ""),
        ("", ""),
    ] {
        let shown = auditor.get(&format!("/en/ledger{query}")).await;
        assert!(shown.body.contains(&format!("href=\"/ko/ledger{kept}\"")), "{query}: {}", shown.body);
    }
}
