//! The guide: every chapter in both languages, and nothing in it that leads nowhere.

use super::Browser;
use super::pages::assert_is_page;
use crate::app::TestApp;
use mudeung_core::member::Role;
use std::collections::{BTreeMap, BTreeSet};

/// What an attribute says, wherever it stands in a page.
fn values<'p>(body: &'p str, attribute: &'p str) -> impl Iterator<Item = &'p str> {
    body.split(attribute).skip(1).filter_map(|rest| rest.split('"').next())
}

/// The chapter that an address shows and the place in it.
fn place(address: &str) -> (&str, &str) {
    address.split_once('#').unwrap_or((address, ""))
}

#[actix_web::test]
async fn every_chapter_is_a_page_and_every_link_in_it_leads_somewhere() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    let mut waiting = vec!["/guide/ko".to_owned(), "/guide/en".to_owned()];
    let mut bodies: BTreeMap<String, String> = BTreeMap::new();
    let mut links: BTreeSet<(String, String)> = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if bodies.contains_key(&path) {
            continue;
        }
        let shown = browser.get(&path).await;
        assert_eq!(shown.status, 200, "{path}");
        if let Some(chapter) = path.strip_prefix("/guide/").filter(|rest| !rest.contains("/images/")) {
            let (language, chapter) = chapter.split_at(2);
            assert_is_page(&shown, language, &path);
            let other = if language == "ko" { "en" } else { "ko" };
            assert!(shown.body.contains(&format!("hreflang=\"{other}\" href=\"/guide/{other}{chapter}\"")), "{path}");
            let found = values(&shown.body, "href=\"").chain(values(&shown.body, "src=\""));
            let ours: Vec<&str> = found.filter(|address| address.starts_with(['/', '#'])).collect();
            waiting.extend(ours.iter().map(|address| place(address).0.to_owned()).filter(|path| !path.is_empty()));
            links.extend(ours.iter().map(|address| (path.clone(), (*address).to_owned())));
        }
        bodies.insert(path, shown.body);
    }
    for (from, address) in &links {
        let (path, id) = place(address);
        let target = &bodies[if path.is_empty() { from } else { path }];
        assert!(id.is_empty() || target.contains(&format!("id=\"{id}\"")), "{from} leads to {address}");
    }
    let chapters = |language: &str| -> Vec<String> {
        let all = bodies.keys().filter_map(|path| path.strip_prefix(&format!("/guide/{language}")));
        all.filter(|path| !path.contains("/images/")).map(str::to_owned).collect()
    };
    assert_eq!(chapters("ko"), chapters("en"));
    assert!(chapters("ko").len() > 10, "the chapters are reached by links: {:?}", chapters("ko"));
}

#[actix_web::test]
async fn the_guide_opens_in_the_language_of_the_browser_and_is_linked_from_every_page() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    let korean = browser.send(app.get("/guide").header("accept-language", "ko-KR,ko;q=0.9")).await;
    assert_eq!((korean.status, korean.location()), (303, "/guide/ko"));
    assert_eq!(browser.get("/guide").await.location(), "/guide/en");
    assert_eq!(browser.get("/guide/ko/").await.status, 200);
    for language in ["ko", "en"] {
        let front = browser.get(&format!("/{language}/")).await.body;
        let links = values(&front, "href=\"").filter(|href| *href == format!("/guide/{language}")).count();
        assert_eq!(links, 3, "navigation, the front page itself, footer");
    }
}

#[actix_web::test]
async fn a_member_reads_the_guide_in_their_own_frame() {
    let app = TestApp::start().await;
    let shown = Browser::of(&app, Role::Developer).await.get("/guide/en/keys").await;
    assert_is_page(&shown, "en", "/guide/en/keys");
    assert!(shown.body.contains("href=\"/en/apps\"") && shown.body.contains("action=\"/en/sign-out\""));
    assert!(shown.body.contains("href=\"/guide/en\" aria-current=\"page\""));
    assert_eq!(shown.header("cache-control"), "no-store");
}

/// What stands between two signs, wherever it does.
fn between<'t>(text: &'t str, before: &'t str, after: char) -> BTreeSet<&'t str> {
    text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

#[actix_web::test]
async fn every_component_is_on_one_page_in_both_languages() {
    const TEMPLATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
    const STYLE: &str = include_str!("../../../assets/portal.css");
    let read = |name: &str| std::fs::read_to_string(format!("{TEMPLATES}/{name}")).unwrap();
    let (macros, components) = (read("macros.html"), read("components.html"));
    for name in between(&macros, "{% macro ", '(') {
        assert!(components.contains(&format!("{{% call m::{name}(")), "the page of components does not call {name}");
    }
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    for language in ["ko", "en"] {
        let shown = browser.get(&format!("/guide/{language}/components")).await;
        assert_is_page(&shown, language, "components");
        let classes: BTreeSet<&str> = values(&shown.body, "class=\"").flat_map(str::split_whitespace).collect();
        let selectors = STYLE.lines().flat_map(|line| line.split(['{', '}']).next());
        let named =
            selectors.flat_map(|line| between(line, ".", ' ')).flat_map(|name| name.split([',', ':', '.', '>']).next());
        let styled: BTreeSet<&str> =
            named.filter(|name| name.starts_with(|first: char| first.is_ascii_lowercase())).collect();
        // The way from chapter to chapter is on every other page of the guide.
        let missing: Vec<&&str> = styled.difference(&classes).filter(|name| **name != "turn").collect();
        assert!(missing.is_empty(), "no component shows {missing:?}");
    }
}

#[actix_web::test]
async fn a_chapter_that_is_not_there_is_told_as_a_page() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    for path in ["/guide/ko/nothing", "/guide/ko/index", "/guide/ko/keys.html", "/guide/ko/..%2f..%2fCargo.toml"] {
        let shown = browser.get(path).await;
        assert_eq!((shown.status, shown.header("content-language")), (404, "ko"), "{path}");
        assert!(shown.body.contains("<html lang=\"ko\">"), "{path}");
    }
    let shown = browser.send(app.get("/guide/fr/keys").header("accept-language", "en")).await;
    assert_eq!(shown.status, 404);
    assert!(shown.body.contains("<html lang="));
}
