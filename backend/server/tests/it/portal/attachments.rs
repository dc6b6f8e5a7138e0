//! Files beside a request, and attacks on them: names that steer, files that are not what they say, too large, too many, and
//! other companies.

use super::requests::{fields, file};
use super::{Browser, Shown};
use crate::app::TestApp;
use mudeung_core::member::Role;
use mudeung_core::request::attachment::ATTACHMENTS_MAX;
use mudeung_wire::ledger::entry::Kind;
use sha2::{Digest, Sha256};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n\xff\x00 <script>alert(1)</script>\n%%EOF";
const BOUNDARY: &str = "----------------------------boundary0123456789";

/// The body of a form with a file, as a browser writes it.
fn body(token: &str, name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    let field = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n");
    body.extend(field.bytes());
    let disposition = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"");
    body.extend(format!("--{BOUNDARY}\r\n{disposition}\r\nContent-Type: application/pdf\r\n\r\n").bytes());
    body.extend(bytes);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
    body
}

/// Sends a form with a file.
pub(super) async fn send_file(browser: &mut Browser<'_>, token: &str, to: &str, name: &str, bytes: &[u8]) -> Shown {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = browser.app.post(to).header("content-type", kind).body(body(token, name, bytes));
    browser.send(request).await
}

/// A request that waits for the company, with both sides' browsers.
async fn returned(app: &TestApp) -> (String, Browser<'_>, Browser<'_>) {
    let mut developer = Browser::of(app, Role::Developer).await;
    let page = file(app, &mut developer, &app.fixture.reader.id).await;
    let mut reviewer = Browser::of(app, Role::Reviewer).await;
    assert_eq!(reviewer.submit(&page, &format!("{page}/return"), &[("reason", "The approval?")]).await.status, 303);
    (page, developer, reviewer)
}

async fn attach(browser: &mut Browser<'_>, page: &str, name: &str, bytes: &[u8]) -> Shown {
    let token = browser.get(page).await.form_token();
    send_file(browser, &token, &format!("{page}/attach"), name, bytes).await
}

/// The address of the only file on a page.
async fn address(browser: &mut Browser<'_>, page: &str) -> String {
    let number = browser.get(page).await.between("/attachments/", "\"").unwrap();
    format!("{page}/attachments/{number}")
}

#[actix_web::test]
async fn a_file_comes_back_to_both_sides_to_be_kept_and_not_shown() {
    let app = TestApp::start().await;
    let (page, mut developer, mut reviewer) = returned(&app).await;
    let sent = attach(&mut developer, &page, "IRB 승인서.pdf", PDF).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let path = address(&mut developer, &page).await;
    for browser in [&mut developer, &mut reviewer] {
        let request = browser.request(app.get(&path));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "application/pdf");
        assert!(header("content-disposition").starts_with("attachment; "), "{}", header("content-disposition"));
        assert!(header("content-disposition").ends_with("filename*=UTF-8''IRB%20%EC%8A%B9%EC%9D%B8%EC%84%9C.pdf"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("content-security-policy").contains("sandbox"));
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(answer.bytes().await.unwrap(), PDF);
    }
    let hash: String = Sha256::digest(PDF).iter().map(|byte| format!("{byte:02x}")).collect();
    for (operation, kinds) in [("request.attach", (1, 1)), ("request.file", (0, 2))] {
        let entries = app.entries().await;
        let of = |kind| entries.iter().filter(move |it| it.operation == operation && it.kind == kind);
        assert_eq!((of(Kind::Intent).count(), of(Kind::Outcome).count()), kinds, "{operation}");
        let known = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains(&hash));
        assert!(of(Kind::Outcome).all(|entry| known(&entry.detail)), "{operation}");
        assert!(!entries.iter().any(|it| it.detail.as_ref().is_some_and(|text| text.contains("IRB"))), "no names");
    }
}

#[actix_web::test]
async fn attack_a_name_neither_leaves_its_place_nor_steers_a_header_or_a_reader() {
    let app = TestApp::start().await;
    for (name, shown) in [
        ("../../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\\\Users\\\\a\\\\plan.pdf", "plan.pdf"),
        ("a%0D%0ASet-Cookie: x=1.pdf", "aSet-Cookie_ x=1.pdf"),
        ("invoice\u{202e}fdp.exe.pdf", "invoicefdp.exe.pdf"),
        ("%22; filename=%22x.html.pdf", "_; filename=_x.html.pdf"),
        ("<img src=x onerror=alert(1)>.pdf", "_img src=x onerror=alert(1)_.pdf"),
    ] {
        let (page, mut developer, _) = returned(&app).await;
        let sent = attach(&mut developer, &page, name, PDF).await;
        assert_eq!(sent.status, 303, "{name:?}: {}", sent.body);
        let listed = developer.get(&page).await.body;
        assert!(listed.contains(&format!("download>{shown}</a>")), "{name:?}: {listed}");
        let path = address(&mut developer, &page).await;
        let given = developer.request(app.get(&path)).send().await.unwrap();
        assert!(!given.headers().contains_key("set-cookie"), "{name:?}");
        let disposition = given.headers()["content-disposition"].to_str().unwrap();
        assert_eq!(disposition.matches('"').count(), 2, "{disposition}");
        assert!(disposition.starts_with("attachment; filename=\"attachment.pdf\"; filename*=UTF-8''"), "{disposition}");
    }
    let (page, mut developer, _) = returned(&app).await;
    for name in ["..", "/", "\u{202e}", " ", ".pdf"] {
        assert_eq!(attach(&mut developer, &page, name, PDF).await.status, 422, "{name:?}");
    }
    // No head of a part may have it: the form is refused before its name is looked at.
    assert_eq!(attach(&mut developer, &page, "nul\0l.pdf", PDF).await.status, 400);
}

#[actix_web::test]
async fn attack_a_file_is_what_its_bytes_say_and_not_its_name() {
    let app = TestApp::start().await;
    let (page, mut developer, _) = returned(&app).await;
    for (name, bytes) in [
        ("page.pdf", b"<!DOCTYPE html><script>alert(1)</script>".as_slice()),
        ("page.txt", b"  <html><script>alert(1)</script>"),
        ("image.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("program.pdf", b"MZ\x90\x00\x03"),
        ("archive.docx", b"PK\x03\x04 classes.dex"),
        ("really.html", PDF),
        ("really.pdf.html", PDF),
        ("plain.pdf", b"Only text"),
        ("empty.txt", b""),
    ] {
        let sent = attach(&mut developer, &page, name, bytes).await;
        assert_eq!(sent.status, 422, "{name}: {}", sent.body);
        assert!(sent.body.contains("role=\"alert\""), "{name}");
    }
    assert!(developer.get(&page).await.body.contains("No files."));
    // What is a PDF and something else besides is given as a PDF to be kept, whatever else a program would make of it.
    let polyglot = [PDF, b"PK\x03\x04<html><script>alert(1)</script>"].concat();
    assert_eq!(attach(&mut developer, &page, "both.pdf", &polyglot).await.status, 303);
    let path = address(&mut developer, &page).await;
    let given = developer.request(app.get(&path)).send().await.unwrap();
    assert_eq!(given.headers()["content-type"], "application/pdf");
    assert!(given.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
}

#[actix_web::test]
async fn attack_files_are_bounded_in_size_and_number() {
    let app = TestApp::start_with(|config| config.portal.attachment_bytes = 100_000).await;
    let (page, mut developer, mut reviewer) = returned(&app).await;
    let of_size = |size: usize| [PDF, &vec![b'x'; size - PDF.len()]].concat();
    assert_eq!(attach(&mut developer, &page, "just.pdf", &of_size(100_000)).await.status, 303);
    assert_eq!(attach(&mut developer, &page, "more.pdf", &of_size(100_001)).await.status, 422);
    assert_eq!(attach(&mut developer, &page, "much.pdf", &of_size(200_000)).await.status, 413);
    // A body that large is for members who are signed in, and for this form.
    let mut nobody = Browser::new(&app);
    let sent = send_file(&mut nobody, "x", &format!("{page}/attach"), "a.pdf", &of_size(90_000)).await;
    assert_eq!(sent.status, 413);
    let other = send_file(&mut developer, "x", &format!("{page}/message"), "a.pdf", &of_size(90_000)).await;
    assert_eq!(other.status, 413);
    for number in 1..ATTACHMENTS_MAX {
        let name = format!("{number}.pdf");
        assert_eq!(attach(&mut developer, &page, &name, PDF).await.status, 303, "{number}");
    }
    let sent = attach(&mut developer, &page, "one more.pdf", PDF).await;
    assert!(sent.status == 422 && sent.body.contains("20 files at most"), "{}", sent.body);
    let token = reviewer.get(&page).await.form_token();
    let sent = send_file(&mut reviewer, &token, &format!("{page}/enclose"), "ours.pdf", PDF).await;
    assert_eq!(sent.status, 422, "both sides are counted together");
}

#[actix_web::test]
async fn attack_another_company_gets_and_adds_nothing() {
    let app = TestApp::start().await;
    let (page, mut developer, _) = returned(&app).await;
    assert_eq!(attach(&mut developer, &page, "secret.pdf", PDF).await.status, 303);
    let path = address(&mut developer, &page).await;
    let email = super::isolation::outsider(&app, vec![Role::Developer]).await;
    let mut outsider = Browser::with(&app, &email).await;
    assert_eq!(outsider.get(&path).await.status, 404);
    let token = outsider.get("/en/home").await.form_token();
    let sent = send_file(&mut outsider, &token, &format!("{page}/attach"), "mine.pdf", PDF).await;
    assert_eq!(sent.status, 404);
    // A request of one's own is no way to the file of another.
    let mut own_fields = fields(&app, &app.fixture.stranger.id);
    own_fields.retain(|(name, _)| *name != "accept");
    let draft = super::requests::send_new(&mut outsider, "/en/requests/drafts", &own_fields).await;
    let own = draft.location().split('?').next().unwrap().to_owned();
    for number in ["0", "1", "2", "3", "-1", "x", "../1"] {
        assert_eq!(outsider.get(&format!("{own}/attachments/{number}")).await.status, 404, "{number}");
    }
    assert_eq!(Browser::new(&app).get(&path).await.status, 303, "nobody is sent to sign in");
    // The company's own draft with its file is not the hospital's to see.
    assert_eq!(attach(&mut outsider, &own, "draft.pdf", PDF).await.status, 303);
    let draft = address(&mut outsider, &own).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert_eq!(reviewer.get(&draft).await.status, 404);
}

#[actix_web::test]
async fn attack_a_form_with_a_file_is_forged_as_little_as_any_other() {
    let app = TestApp::start().await;
    let (page, mut developer, mut reviewer) = returned(&app).await;
    let to = format!("{page}/attach");
    let foreign = reviewer.get(&page).await.form_token();
    for token in ["", "x", &foreign] {
        assert_eq!(send_file(&mut developer, token, &to, "a.pdf", PDF).await.status, 403, "{token}");
    }
    let token = developer.get(&page).await.form_token();
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let whole = body(&token, "a.pdf", PDF);
    for (kind, body) in [
        (kind.as_str(), whole[..whole.len() / 2].to_vec()),
        (kind.as_str(), b"nothing".to_vec()),
        (kind.as_str(), Vec::new()),
        ("multipart/form-data", whole.clone()),
        ("text/plain", whole.clone()),
    ] {
        let request = app.post(&to).header("content-type", kind).body(body);
        let shown = developer.send(request).await;
        assert!(matches!(shown.status, 400 | 403), "{kind}: {}", shown.status);
    }
    let without = developer.submit(&page, &to, &[]).await;
    assert!(without.status == 422 && without.body.contains("Choose a file"), "{}", without.body);
    assert!(developer.get(&page).await.body.contains("No files."));
}
