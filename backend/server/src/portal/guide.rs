//! The user guide: the chapters that mdBook made of `docs/guide`, in the frame of the portal. They are rendered before the
//! server is built (docs/decisions/0009-guide.md); here is where each of them stands.

use super::desk::Visitor;
use super::page::{self, Page};
use super::{asset, front};
use crate::call::Call;
use crate::fault::Fault;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

/// One chapter, in Korean and in English.
pub(super) struct Chapter {
    /// Its name in the address; the first one is reached without.
    pub(super) name: &'static str,
    titles: (&'static str, &'static str),
    texts: (&'static str, &'static str),
}

/// Chapters for the same people.
pub(super) struct Part {
    /// Who they are; nothing above the first chapter.
    titles: (&'static str, &'static str),
    /// In the order of the table of contents.
    pub(super) chapters: &'static [Chapter],
}

macro_rules! parts {
    ($($ko_part:literal, $en_part:literal { $($name:literal: $ko:literal, $en:literal;)* })*) => {
        &[$(Part {
            titles: ($ko_part, $en_part),
            chapters: &[$(Chapter {
                name: $name,
                titles: ($ko, $en),
                texts: (
                    include_str!(concat!("../../guide/ko/", $name, ".html")),
                    include_str!(concat!("../../guide/en/", $name, ".html")),
                ),
            }),*],
        }),*]
    };
}

const INDEX: &str = "index";

/// The table of contents.
pub(super) static PARTS: &[Part] = parts! {
    "", "" {
        "index": "사용 안내", "User guide";
    }
    "기업 개발자", "Companies" {
        "first-rows": "첫 데이터 보기", "First rows";
        "tools": "쓰던 도구로 읽기", "Reading with the tools you have";
        "statistics": "신청 전에 인원 세어 보기", "Counting before you ask";
        "getting-a-grant": "이용 승인 받기", "Getting a grant";
        "accounts": "계정, 앱, 기기", "Accounts, apps and devices";
        "notices": "알림, 메일, 웹훅", "Being told: notifications, mail and webhooks";
        "keys": "키로 앱 인증하기", "Proving an app with a key";
        "invoices": "이용량과 청구서", "Usage and invoices";
    }
    "병원", "The hospital" {
        "deciding": "심의와 중단", "Deciding and stopping";
        "permissions": "권한표", "Permissions";
        "releasing": "데이터 공개", "Releasing data";
        "operating": "샌드박스 운영", "Running the sandbox";
    }
    "감사", "Audit" {
        "auditing": "원장 확인", "Checking the ledger";
    }
};

/// A picture by its name, in Korean and in English.
type Picture = (&'static str, &'static [u8], &'static [u8]);

macro_rules! pictures {
    ($($name:literal)*) => {
        &[$((
            concat!($name, ".webp"),
            include_bytes!(concat!("../../../../docs/images/guide/ko/", $name, ".webp")),
            include_bytes!(concat!("../../../../docs/images/guide/en/", $name, ".webp")),
        )),*]
    };
}

/// What the chapters show; `cargo xtask test --only guide` makes them.
static PICTURES: &[Picture] = pictures! {
    "board" "front" "grants" "inbox" "kill-switches" "ledger" "releases" "request" "request-new" "table"
};

#[derive(Template)]
#[template(path = "guide.html")]
struct GuidePage {
    page: Page,
    chapter: &'static Chapter,
    here: &'static str,
    parts: &'static [Part],
    before: Option<&'static Chapter>,
    after: Option<&'static Chapter>,
}

impl Chapter {
    /// What it is called in the language of a page.
    pub(super) const fn title(&self, page: &Page) -> &'static str {
        page.language.pick(self.titles.0, self.titles.1)
    }

    /// Its text as HTML.
    pub(super) const fn text(&self, page: &Page) -> &'static str {
        page.language.pick(self.texts.0, self.texts.1)
    }

    /// Where it is read.
    pub(super) fn href(&self, page: &Page) -> String {
        match self.name {
            INDEX => format!("/guide/{}", page.lang()),
            name => format!("/guide/{}/{name}", page.lang()),
        }
    }
}

impl Part {
    /// For whom it is, in the language of a page.
    pub(super) const fn title(&self, page: &Page) -> &'static str {
        page.language.pick(self.titles.0, self.titles.1)
    }
}

/// Sends a browser to the guide in its language.
pub(super) async fn choose_guide(request: HttpRequest, call: Call) -> HttpResponse {
    front::go_by_language(&request, &call, |language| format!("/guide/{language}"))
}

/// Shows the first chapter.
pub(super) async fn show_guide(visitor: Visitor, language: web::Path<String>) -> Result<HttpResponse, Fault> {
    show(&visitor.page, &language, INDEX)
}

/// Shows a chapter.
pub(super) async fn show_chapter(visitor: Visitor, path: web::Path<(String, String)>) -> Result<HttpResponse, Fault> {
    let (language, name) = path.into_inner();
    if name == INDEX {
        return Err(Fault::not_found());
    }
    show(&visitor.page, &language, &name)
}

/// One picture of a chapter.
pub(super) async fn read_guide_picture(path: web::Path<(String, String)>) -> Result<HttpResponse, Fault> {
    let (language, name) = path.into_inner();
    let picture = PICTURES.iter().find(|picture| picture.0 == name);
    let content = match (language.as_str(), picture) {
        ("ko", Some((_, ko, _))) => *ko,
        ("en", Some((_, _, en))) => *en,
        _ => return Err(Fault::not_found()),
    };
    Ok(asset::serve(content, "image/webp", "public, max-age=86400"))
}

/// Refuses a language that there is not: the page is then in another one than its address says.
pub(super) fn check_language(page: &Page, language: &str) -> Result<(), Fault> {
    if language == page.lang() { Ok(()) } else { Err(Fault::not_found()) }
}

fn show(page: &Page, language: &str, name: &str) -> Result<HttpResponse, Fault> {
    check_language(page, language)?;
    let mut chapters = PARTS.iter().flat_map(|part| part.chapters);
    let mut before = None;
    let chapter = chapters.by_ref().find(|chapter| {
        let is_it = chapter.name == name;
        before = if is_it { before } else { Some(*chapter) };
        is_it
    });
    let chapter = chapter.ok_or_else(Fault::not_found)?;
    let shown =
        GuidePage { chapter, here: chapter.name, parts: PARTS, before, after: chapters.next(), page: page.clone() };
    page::show(page, StatusCode::OK, &shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fmt::Write;

    const SUMMARIES: [(&str, &str, &str); 2] = [
        ("ko", "차례", include_str!("../../../../docs/guide/ko/SUMMARY.md")),
        ("en", "Contents", include_str!("../../../../docs/guide/en/SUMMARY.md")),
    ];

    #[test]
    fn the_table_of_contents_is_that_of_both_summaries() {
        for (language, heading, summary) in SUMMARIES {
            let of = |(ko, en): (&'static str, &'static str)| if language == "ko" { ko } else { en };
            let mut written = format!("# {heading}\n");
            for part in PARTS {
                let title = of(part.titles);
                let heading = if title.is_empty() { String::new() } else { format!("\n# {title}\n") };
                written.push_str(&heading);
                let dash = if title.is_empty() { "" } else { "- " };
                written.push('\n');
                for chapter in part.chapters {
                    let file = if chapter.name == INDEX { "README" } else { chapter.name };
                    writeln!(written, "{dash}[{}]({file}.md)", of(chapter.titles)).unwrap();
                }
            }
            assert_eq!(written, summary, "{language}");
        }
    }

    #[test]
    fn every_picture_there_is_is_shown_by_a_chapter_and_carried() {
        for language in ["ko", "en"] {
            let folder = format!("{}/../../docs/images/guide/{language}", env!("CARGO_MANIFEST_DIR"));
            let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
            let files: BTreeSet<String> = files.collect();
            assert_eq!(files, PICTURES.iter().map(|picture| picture.0.to_owned()).collect(), "{language}");
            for name in files {
                let source = format!("src=\"/guide/{language}/images/{name}\"");
                let mut chapters = PARTS.iter().flat_map(|part| part.chapters);
                let is_shown =
                    chapters.any(|chapter| [chapter.texts.0, chapter.texts.1].iter().any(|t| t.contains(&source)));
                assert!(is_shown, "no chapter shows {language}/{name}");
            }
        }
    }

    #[test]
    fn a_chapter_is_called_what_its_first_line_says() {
        for chapter in PARTS.iter().flat_map(|part| part.chapters) {
            for (title, text) in [(chapter.titles.0, chapter.texts.0), (chapter.titles.1, chapter.texts.1)] {
                let first = text.lines().next().unwrap();
                assert!(first.starts_with("<h1 ") && first.contains(&format!(">{title}<")), "{first} is not {title}");
            }
        }
    }
}
