//! What pages are made of: language, headers, nothing inline.

use super::{Browser, Shown};
use crate::app::TestApp;
use mudeung_core::app::{App, AppRules, AppState, ClientAuthentication};
use mudeung_core::id::{AppId, OrganizationId};
use mudeung_core::member::Role;
use mudeung_core::organization::{Organization, OrganizationKind, OrganizationState};
use mudeung_core::scope::ScopeSet;
use mudeung_server::config::SandboxConfig;
use mudeung_store::{apps, organizations};
use mudeung_wire::problem::Code;

const MEMBERS: [(Role, &[&str]); 2] = [
    (
        Role::Developer,
        &[
            "/home",
            "/apps",
            "/requests",
            "/requests/new",
            "/grants",
            "/usage",
            "/catalogue",
            "/webhooks",
            "/notifications",
            "/security",
        ],
    ),
    (
        Role::Admin,
        &[
            "/home",
            "/apps",
            "/requests",
            "/grants",
            "/usage",
            "/releases",
            "/ledger",
            "/ledger/0",
            "/ledger/export",
            "/ledger/checkpoint",
            "/reviews",
            "/organizations",
            "/budgets",
            "/members",
            "/system",
            "/break-glass",
        ],
    ),
];
const PUBLIC: [&str; 8] = [
    "",
    "/",
    "/catalogue",
    "/receipts",
    "/playground",
    "/playground/read_rows",
    "/catalogue/cohort",
    "/catalogue/cohort/deidentified/visits",
];

pub(super) fn assert_is_page(shown: &Shown, language: &str, path: &str) {
    assert_eq!(shown.status, 200, "{path}: {}", shown.body);
    assert!(shown.body.contains(&format!("<html lang=\"{language}\">")), "{path}");
    assert_eq!(shown.header("content-language"), language, "{path}");
    assert!(shown.header("content-security-policy").starts_with("default-src 'none'; style-src 'self';"), "{path}");
    assert_eq!(shown.header("x-content-type-options"), "nosniff", "{path}");
    for inline in ["<script>", "<style", " style=", " onclick=", " onload=", "javascript:", " hx-on", " hx-vals"] {
        assert!(!shown.body.contains(inline), "{path} has {inline}");
    }
    // A script is a file of ours, and there is none where the policy has no word of scripts.
    let scripts = shown.body.matches("<script").count();
    assert_eq!(scripts, shown.body.matches("<script src=\"/assets/").count(), "{path}");
    assert_eq!(scripts, shown.body.matches(".js\" defer></script>").count(), "{path}");
    assert_eq!(scripts > 0, shown.header("content-security-policy").contains("; script-src 'self'"), "{path}");
    for needed in ["<main id=\"main\"", "class=\"skip\"", "<nav", "<h1"] {
        assert!(shown.body.contains(needed), "{path} lacks {needed}");
    }
}

#[actix_web::test]
async fn every_page_is_there_in_korean_and_english() {
    let app = TestApp::start().await;
    let mut anyone = Browser::new(&app);
    for language in ["ko", "en"] {
        for path in PUBLIC.iter().chain(&["/sign-in", "/sign-up", "/password/forgot", "/agreements"]) {
            let path = format!("/{language}{path}");
            assert_is_page(&anyone.get(&path).await, language, &path);
        }
        for (role, paths) in MEMBERS {
            let mut browser = Browser::of(&app, role).await;
            for path in paths {
                let path = format!("/{language}{path}");
                let shown = browser.get(&path).await;
                assert_is_page(&shown, language, &path);
                assert_eq!(shown.header("cache-control"), "no-store", "{path}");
            }
        }
    }
}

#[actix_web::test]
async fn a_page_has_the_scripts_that_it_needs_and_no_others() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    for (path, scripts, calls) in [
        ("/home", [].as_slice(), false),
        ("/apps", &[], false),
        ("/catalogue", &["htmx", "live"], true),
        ("/receipts", &["receipts"], false),
        ("/usage", &["uplot", "usage"], false),
    ] {
        let shown = admin.get(&format!("/en{path}")).await;
        let found: Vec<&str> =
            shown.body.split("<script src=\"/assets/").skip(1).filter_map(|it| it.split('-').next()).collect();
        assert_eq!(found, scripts, "{path}");
        assert_eq!(shown.header("content-security-policy").contains("; connect-src 'self'"), calls, "{path}");
        for href in shown.body.split("<script src=\"").skip(1).filter_map(|it| it.split('"').next()) {
            let plain = admin.get(href).await;
            assert_eq!((plain.status, plain.header("content-type")), (200, "text/javascript; charset=utf-8"), "{href}");
            assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "Accept-Encoding"), "{href}");
            let packed = admin.send(app.get(href).header("accept-encoding", "gzip")).await;
            assert_eq!((packed.status, packed.header("content-encoding")), (200, "gzip"), "{href}");
        }
    }
}

#[actix_web::test]
async fn the_catalogue_finds_what_stands_in_names_texts_and_columns() {
    let app = TestApp::start().await;
    let mut anyone = Browser::new(&app);
    let all = anyone.get("/en/catalogue").await.body;
    assert!(all.contains("href=\"/en/catalogue/cohort\"") && all.contains("data-said=\"Found: 1\""), "{all}");
    for (query, finds) in [
        ("q=COHORT", true),
        ("q=visits", true),
        ("q=nowhere-at-all", false),
        ("tier=synthetic", true),
        ("tier=deidentified&q=visit", true),
        ("q=%EC%97%86%EB%8A%94%EA%B2%83", false),
    ] {
        let body = anyone.get(&format!("/en/catalogue?{query}")).await.body;
        assert_eq!(body.contains("href=\"/en/catalogue/cohort\""), finds, "{query}");
        assert_eq!(body.contains("Nothing was found."), !finds, "{query}");
    }
    let hostile = anyone.get("/en/catalogue?q=%22%3E%3Cscript%3E&tier=raw").await;
    assert_is_page(&hostile, "en", "a hostile query");
    assert!(hostile.body.contains("&#34;&#62;&#60;script&#62;"), "{}", hostile.body);
}

#[actix_web::test]
async fn the_front_door_leads_to_the_language_of_the_browser() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    let korean = browser.send(app.get("/").header("accept-language", "ko-KR,ko;q=0.9,en;q=0.8")).await;
    assert_eq!((korean.status, korean.location()), (303, "/ko/"));
    assert_eq!(browser.get("/").await.location(), "/en/");
    browser.get("/ko/").await;
    assert_eq!(browser.get("/").await.location(), "/ko/", "the language last shown is remembered");
}

#[actix_web::test]
async fn the_front_page_shows_the_published_credential_in_commands_that_work() {
    let app = TestApp::start_with(|config| {
        let secret = "published-on-purpose".to_owned();
        config.sandbox = Some(SandboxConfig { client_id: "app_sandbox".to_owned(), client_secret: secret });
    })
    .await;
    let shown = Browser::new(&app).get("/en/").await;
    for needed in ["app_sandbox", "published-on-purpose", &app.url, "/v1/datasets/cohort/synthetic/tables/visits/rows"]
    {
        assert!(shown.body.contains(needed), "{needed}");
    }
}

#[actix_web::test]
async fn the_catalogue_says_what_is_simulated_and_what_needs_a_grant() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    let dataset = browser.get("/en/catalogue/cohort").await.body;
    assert!(dataset.contains("Simulated rows") && dataset.contains("Needs a grant") && dataset.contains("Open now"));
    for path in ["/en/catalogue/nothing", "/en/catalogue/cohort/raw/visits", "/en/catalogue/cohort/synthetic/nothing"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn what_is_not_there_is_told_as_a_page_on_pages_and_as_a_problem_elsewhere() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    let page = browser.get("/ko/nothing").await;
    assert_eq!((page.status, page.header("content-language")), (404, "ko"));
    assert!(page.body.contains("<html lang=\"ko\">") && !page.header("content-security-policy").is_empty());
    let method = browser.send(app.request("DELETE", "/en/apps")).await;
    assert_eq!((method.status, method.header("allow")), (405, "GET, POST"));
    assert!(method.body.contains("<html lang=\"en\">"));
    let problem = browser.get("/v1/nothing").await;
    assert_eq!(problem.header("content-type"), "application/problem+json");
}

#[actix_web::test]
async fn assets_are_kept_for_ever_and_nothing_else_is_served_beside_them() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    let front = browser.get("/en/").await;
    let style = front.between("rel=\"stylesheet\" href=\"", "\"").unwrap();
    let shown = browser.get(&style).await;
    assert_eq!((shown.status, shown.header("content-type")), (200, "text/css; charset=utf-8"));
    assert_eq!(shown.header("cache-control"), "public, max-age=31536000, immutable");
    for path in
        ["/assets/portal.css", "/assets/..%2fportal.css", "/assets/portal-0000000000000000.css", "/docs/index.html"]
    {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn the_reference_is_served_by_ourselves() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    let docs = browser.get("/docs").await;
    assert_eq!(docs.status, 200);
    assert!(docs.header("content-security-policy").contains("script-src 'self'"));
    assert!(!docs.body.contains("http://") && !docs.body.contains("https://"));
    for file in ["/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/start.js"] {
        let shown = browser.get(file).await;
        assert!(shown.status == 200 && !shown.body.is_empty(), "{file}");
    }
    let document: serde_json::Value = serde_json::from_str(&browser.get("/openapi.json").await.body).unwrap();
    assert!(document["paths"]["/v1/datasets"]["get"].is_object());
}

#[actix_web::test]
async fn every_problem_code_has_a_page_in_both_languages() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    for code in Code::ALL {
        let shown = browser.get(&format!("/docs/problems/{}", code.as_str())).await;
        assert_eq!(shown.status, 200, "{}", code.as_str());
        assert!(shown.body.contains(code.title_ko()) && shown.body.contains(code.title_en()));
    }
    assert_eq!(browser.get("/docs/problems/nothing").await.status, 404);
}

#[actix_web::test]
async fn the_ledger_page_pages_by_index_and_records_the_look() {
    let app = TestApp::start().await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    for _ in 0..60 {
        auditor.get("/en/ledger").await;
    }
    let first = auditor.get("/en/ledger?operation=ledger.read").await;
    let next = first.between("href=\"/en/ledger?operation=ledger.read&#38;before=", "\"").unwrap();
    let second = auditor.get(&format!("/en/ledger?operation=ledger.read&before={next}")).await;
    assert_eq!(second.status, 200);
    assert!(!second.body.contains(&format!("/en/ledger/{next}\"")));
    assert_eq!(auditor.get("/en/ledger?from=not-a-day").await.status, 422);
    assert_eq!(auditor.get("/en/ledger?from=2026-01-01&until=2026-12-31").await.status, 200);
    assert_eq!(auditor.get("/en/ledger/999999").await.status, 404);
    let looks = app.entries().await.into_iter().filter(|entry| entry.operation == "ledger.read");
    assert!(looks.filter(|entry| entry.member.is_some()).count() >= 64);
}

#[actix_web::test]
async fn long_lists_are_shown_in_parts_and_can_be_found_in() {
    let app = TestApp::start().await;
    app.change_and_see(|conn| {
        for n in 0..110_u8 {
            let id = OrganizationId::from_bytes([n + 100; 16]);
            let created_at = mudeung_core::clock::Timestamp::from_seconds(1_772_000_000);
            let organization = Organization {
                id,
                kind: OrganizationKind::Company,
                name: format!("Start-up {n:03}"),
                state: OrganizationState::Active,
                created_at,
            };
            organizations::insert_organization(conn, &organization)?;
            let app = App {
                id: AppId::from_bytes([n + 100; 16]),
                organization: id,
                name: format!("Service {n:03}"),
                scopes: ScopeSet::company(),
                authentication: ClientAuthentication::ClientSecret,
                rules: AppRules::default(),
                state: AppState::Active,
                created_at,
            };
            apps::insert_app(conn, &app)?;
        }
        Ok(())
    })
    .await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    for (page, name, most) in [("/en/organizations", "Start-up", 50), ("/en/apps", "Service", 100)] {
        let (mut seen, mut at) = (std::collections::BTreeSet::new(), page.to_owned());
        let mut parts = 0;
        loop {
            let shown = browser.get(&at).await;
            let mark = format!("{name} ");
            let pieces = shown.body.split(&mark).skip(1);
            let names: Vec<String> = pieces.map(|piece| piece[..3].to_owned()).collect();
            assert!(names.len() <= most, "{at}");
            seen.extend(names);
            parts += 1;
            let Some(next) = shown.between("<p><a class=\"button\" href=\"", "\"") else { break };
            at = next.replace("&#38;", "&");
        }
        assert_eq!((seen.len(), parts), (110, 110_usize.div_ceil(most)), "{page}");
        let found = browser.get(&format!("{page}?q={}+042", name.to_uppercase())).await;
        assert!(found.body.contains(&format!("{name} 042")) && !found.body.contains(&format!("{name} 043")), "{page}");
        assert!(browser.get(&format!("{page}?q=%3Cscript%3E")).await.body.contains("Nothing was found."));
    }
}

#[actix_web::test]
async fn the_code_of_a_table_reads_the_columns_that_were_chosen() {
    let app = TestApp::start().await;
    let mut anyone = Browser::new(&app);
    let path = "/en/catalogue/cohort/deidentified/visits";
    let whole = anyone.get(path).await.body;
    let columns: Vec<String> = whole
        .split("name=\"column\" value=\"")
        .skip(1)
        .map(|rest| rest.split_once('"').unwrap().0.to_owned())
        .collect();
    assert!(columns.len() > 1 && whole.contains(".to_pandas()") && !whole.contains("to_pandas(columns"), "{whole}");
    let some = anyone.get(&format!("{path}?column={}&column=nothing", columns[0])).await.body;
    assert!(some.contains(&format!("to_pandas(columns=[\n    &#34;{}&#34;,\n])", columns[0])), "{some}");
    assert_eq!(some.matches("name=\"column\"").count() - some.matches(" checked").count(), columns.len() - 1);
    let none = anyone.get(&format!("{path}?column=%3Cscript%3E")).await;
    assert_is_page(&none, "en", "a hostile column");
    assert!(!none.body.contains("script&#62;"), "only columns that there are are named");
}

#[actix_web::test]
async fn an_operation_is_filled_in_by_its_address_but_for_secrets() {
    let app = TestApp::start().await;
    let mut anyone = Browser::new(&app);
    let list = anyone.get("/ko/playground").await.body;
    assert!(list.contains("href=\"/ko/playground/read_rows\"") && list.contains("/v1/datasets/{dataset}"), "{list}");
    let page = anyone.get("/en/playground/read_rows?dataset=cohort&tier=%22%3E%3Cscript%3E&limit=5").await;
    assert_is_page(&page, "en", "an operation");
    assert!(page.body.contains("value=\"cohort\"") && page.body.contains("value=\"&#34;&#62;&#60;script&#62;\""));
    assert!(
        page.body.contains("data.read") && page.body.contains("-H &#34;Authorization: Bearer $TOKEN&#34;"),
        "{}",
        page.body
    );
    let token = anyone.get("/en/playground/issue_token?client_secret=typed-into-an-address&grant_type=x").await.body;
    assert!(token.contains("value=\"x\"") && !token.contains("typed-into-an-address"), "{token}");
    assert_eq!(anyone.get("/en/playground/nothing").await.status, 404);
}
