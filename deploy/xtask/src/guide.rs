//! The user guide: mdBook turns the Markdown of `docs/guide` into the pages that stand in `backend/server/guide`, which the
//! server carries. See docs/decisions/0009-guide.md.

use crate::machine::root;
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The languages, each with the name of a table that is too wide for its page.
const LANGUAGES: [(&str, &str); 2] = [("ko", "표"), ("en", "Table")];

/// The whole template: the frame is the portal's, so that a page is the text of its chapter and nothing else.
const TEMPLATE: &str = "{{{ content }}}\n";

/// The text of each chapter by its name.
type Chapters = BTreeMap<String, String>;

/// The chapters of one language as mdBook renders them, made fit for the portal.
fn chapters(language: &str, table: &str) -> Chapters {
    let scratch = tempfile::tempdir().unwrap();
    let (theme, built) = (scratch.path().join("theme"), scratch.path().join("book"));
    std::fs::create_dir(&theme).unwrap();
    std::fs::write(theme.join("index.hbs"), TEMPLATE).unwrap();
    let book = MDBook::load_with_config(root().join("docs/guide").join(language), config(&theme, &built)).unwrap();
    book.build().unwrap();
    let written = book.iter().filter_map(|item| match item {
        mdbook_driver::book::BookItem::Chapter(chapter) => chapter.path.clone(),
        _ => None,
    });
    let names: BTreeSet<String> = written.map(|path| chapter_name(path.to_str().unwrap())).collect();
    let read = |name: &String| std::fs::read_to_string(built.join(name).with_extension("html")).unwrap();
    names.iter().map(|name| (name.clone(), fitted(&read(name), language, table, &names))).collect()
}

fn config(theme: &Path, built: &Path) -> Config {
    let mut config = Config::default();
    config.book.src = ".".into();
    config.build.build_dir = built.to_owned();
    config.build.create_missing = false;
    config.set("output.html.theme", theme).unwrap();
    config.set("output.html.smart-punctuation", false).unwrap();
    config.set("output.html.playground.runnable", false).unwrap();
    config
}

/// `keys` of `keys.md` and of `keys.html`; `index` of `README.md`, as mdBook has it.
fn chapter_name(path: &str) -> String {
    let name = path.rsplit_once('.').map_or(path, |(name, _)| name);
    if name == "README" { "index".to_owned() } else { name.to_owned() }
}

/// The text of a chapter with the addresses that it has in the portal, and with what can be scrolled in reach of the keyboard.
fn fitted(html: &str, language: &str, table: &str, names: &BTreeSet<String>) -> String {
    let html = each_value(html, "href=\"", |target| page_address(target, language, names));
    let html = each_value(&html, "src=\"", |target| image_address(target, language));
    let html = linked_pictures(&html);
    let scroll = format!("<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{table}\">");
    html.replace("<div class=\"table-wrapper\">", &scroll).replace("<pre>", "<pre tabindex=\"0\">")
}

/// The text with each picture as a link to itself, where mdBook puts two of them into a box that its own style sheet knows.
fn linked_pictures(html: &str) -> String {
    let mut parts = html.split("<label class=\"checkbox-label\"><input class=\"checkbox-img\" type=\"checkbox\">");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (picture, rest) = part.split_once("<span class=\"img-wrapper\">").unwrap();
        let (_, rest) = rest.split_once("</label>").unwrap();
        let (_, source) = picture.split_once("src=\"").unwrap();
        let (source, _) = source.split_once('"').unwrap();
        text.push_str(&format!("<a href=\"{source}\">{picture}</a>{rest}"));
    }
    text
}

/// The text with every value of an attribute replaced.
fn each_value(html: &str, attribute: &str, replace: impl Fn(&str) -> String) -> String {
    let mut parts = html.split(attribute);
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (value, rest) = part.split_once('"').unwrap();
        text.push_str(attribute);
        text.push_str(&replace(value));
        text.push('"');
        text.push_str(rest);
    }
    text
}

/// Where a link of a chapter leads in the portal.
fn page_address(target: &str, language: &str, names: &BTreeSet<String>) -> String {
    if target.starts_with(['#', '/']) || target.starts_with("https://") {
        return target.to_owned();
    }
    let (path, fragment) =
        target.split_once('#').map_or((target, String::new()), |(path, at)| (path, format!("#{at}")));
    let other = LANGUAGES.iter().find_map(|(other, _)| Some((*other, path.strip_prefix(&format!("../{other}/"))?)));
    let (language, path) = other.unwrap_or((language, path));
    let name = chapter_name(path);
    assert!(path.ends_with(".html") && names.contains(&name), "{target} is no chapter of the guide");
    if name == "index" { format!("/guide/{language}{fragment}") } else { format!("/guide/{language}/{name}{fragment}") }
}

/// Where an image of a chapter lies in the portal.
fn image_address(target: &str, language: &str) -> String {
    let name = target.strip_prefix(&format!("../../images/guide/{language}/"));
    format!("/guide/{language}/images/{}", name.unwrap_or_else(|| panic!("{target} is no image of the guide")))
}

#[test]
fn the_pages_that_are_served_are_the_chapters_that_are_written() {
    for (language, table) in LANGUAGES {
        let folder = root().join("backend/server/guide").join(language);
        let made = chapters(language, table);
        if std::env::var_os("MUDEUNG_UPDATE_GOLDEN").is_some() {
            drop(std::fs::remove_dir_all(&folder));
            std::fs::create_dir_all(&folder).unwrap();
            for (name, text) in &made {
                std::fs::write(folder.join(name).with_extension("html"), text).unwrap();
            }
        }
        let hint = "run `MUDEUNG_UPDATE_GOLDEN=1 cargo test -p xtask guide` after a change of docs/guide";
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        let name = |file: &std::path::PathBuf| file.file_stem().unwrap().to_str().unwrap().to_owned();
        let kept: Chapters = files.iter().map(|file| (name(file), std::fs::read_to_string(file).unwrap())).collect();
        assert_eq!(kept.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>(), "{language}: {hint}");
        for (name, text) in &made {
            assert!(kept[name] == *text, "{language}/{name}: {hint}");
        }
    }
}

#[test]
fn the_guide_has_the_same_chapters_in_both_languages() {
    let order = |language: &str| -> Vec<String> {
        let summary = root().join("docs/guide").join(language).join("SUMMARY.md");
        let summary = std::fs::read_to_string(summary).unwrap();
        let lines = summary.lines().filter_map(|line| line.split_once("](")?.1.strip_suffix(')'));
        lines.map(str::to_owned).collect()
    };
    assert!(order("ko").len() > 1);
    assert_eq!(order("ko"), order("en"));
    for (language, _) in LANGUAGES {
        let files = std::fs::read_dir(root().join("docs/guide").join(language)).unwrap();
        let files: BTreeSet<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        let named = order(language).into_iter().chain(["SUMMARY.md".to_owned()]).collect();
        assert_eq!(files, named, "every file of the guide is a chapter");
    }
}

#[test]
fn a_chapter_leads_where_it_says() {
    let names = BTreeSet::from(["index".to_owned(), "keys".to_owned()]);
    let address = |target| page_address(target, "en", &names);
    assert_eq!(address("keys.html#rotation"), "/guide/en/keys#rotation");
    assert_eq!(address("../ko/index.html"), "/guide/ko");
    assert_eq!(address("/docs"), "/docs");
    assert!(std::panic::catch_unwind(|| address("../../API.html")).is_err());
    assert_eq!(image_address("../../images/guide/en/front.png", "en"), "/guide/en/images/front.png");
    let zoomed = "a<label class=\"checkbox-label\"><input class=\"checkbox-img\" type=\"checkbox\"><img src=\"x\" alt=\"y\">\
                  <span class=\"img-wrapper\"><img src=\"x\" alt=\"y\"></span></label>b";
    assert_eq!(linked_pictures(zoomed), "a<a href=\"x\"><img src=\"x\" alt=\"y\"></a>b");
    assert_eq!(each_value("<a href=\"x\">y</a>", "href=\"", |value| value.repeat(2)), "<a href=\"xx\">y</a>");
}
