//! People come in by an invitation, get in again by a link, and are shut out at once.

use super::Browser;
use crate::app::TestApp;
use crate::app::fixture::PASSWORD;
use crate::carrier::{Memory, link};
use mudeung_core::member::Role;
use mudeung_server::config::{Config, MailConfig, SignUp};
use mudeung_wire::ledger::entry::Status;
use std::time::Duration;

const NEW: &str = "a new password that is long";

/// A server that believes it has a mail server.
pub(crate) fn with_mail(config: &mut Config) {
    config.mail = Some(MailConfig {
        server: "smtps://mail.hospital.example".to_owned(),
        folder: None,
        from: "sandbox@hospital.example".to_owned(),
        user: None,
        password_file: None,
    });
}

fn member(app: &TestApp, role: Role) -> String {
    app.fixture.members.iter().find(|(of, _, _)| *of == role).unwrap().2.to_string()
}

async fn invite(app: &TestApp, browser: &mut Browser<'_>, email: &str, role: &str) -> super::Shown {
    let company = app.fixture.company.to_string();
    let fields = [("organization", company.as_str()), ("email", email), ("role", role)];
    browser.submit("/en/members", "/en/members/invite", &fields).await
}

/// Accepts an invitation as somebody whom nobody knows.
async fn accept(app: &TestApp, link: &str, name: &str, password: &str) -> super::Shown {
    let mut guest = Browser::new(app);
    let token = link.rsplit('/').next().unwrap().to_owned();
    guest.submit(link, "/en/invitations", &[("link", &token), ("name", name), ("password", password)]).await
}

#[actix_web::test]
async fn who_is_invited_by_mail_chooses_a_password_and_is_a_member() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let mut leader = Browser::of(&app, Role::Representative).await;
    let shown = invite(&app, &mut leader, "New@Example.com", "developer").await;
    assert_eq!(shown.location(), "/en/members?done=member-invited", "{}", shown.body);
    let [mail] = &post.mails(&app).await[..] else { panic!("one mail") };
    assert_eq!(mail.to, "new@example.com");
    let link = link(&app, mail);
    let page = Browser::new(&app).get(&link).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Company") && page.body.contains("new@example.com"));
    // Not `no-referrer`: with that a browser would send `Origin: null` with the form, and be refused.
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(accept(&app, &link, "Newcomer", "short").await.status, 422);
    assert_eq!(accept(&app, &link, "", NEW).await.status, 422);
    assert_eq!(accept(&app, &link, "Newcomer", NEW).await.location(), "/en/sign-in?done=joined");
    assert_eq!(Browser::new(&app).get(&link).await.status, 404, "it worked once");
    assert_eq!(accept(&app, &link, "Again", NEW).await.status, 404);
    let mut newcomer = Browser::new(&app);
    assert_eq!(newcomer.sign_in("new@example.com", NEW, "").await.location(), "/en/home");
    assert_eq!(newcomer.get("/en/apps").await.status, 200);
    assert_eq!(newcomer.get("/en/members").await.status, 403, "a developer invites nobody");
    let listed = leader.get("/en/members").await;
    assert!(listed.body.contains("Newcomer") && !listed.body.contains("/invitations/"), "the invitation is gone");
    let entries = app.entries().await;
    for operation in ["member.invite", "member.join"] {
        let done = |entry: &&mudeung_wire::ledger::entry::Entry| {
            entry.operation == operation && entry.status == Some(Status::Completed)
        };
        assert_eq!(entries.iter().filter(done).count(), 1, "{operation}");
    }
    assert!(entries.iter().all(|entry| !format!("{entry:?}").contains("new@example.com")), "no address in the ledger");
}

#[actix_web::test]
async fn without_a_mail_server_the_link_is_shown_to_whoever_invites() {
    let app = TestApp::start().await;
    let mut leader = Browser::of(&app, Role::Representative).await;
    let shown = invite(&app, &mut leader, "new@example.com", "developer").await;
    assert_eq!(shown.status, 200);
    let url = shown.between("<code class=\"secret\">", "</code>").unwrap();
    let path = url.strip_prefix(&app.url).unwrap().to_owned();
    assert_eq!(accept(&app, &path, "Newcomer", NEW).await.status, 303);
    assert!(!leader.get("/en/members").await.body.contains("class=\"secret\""), "shown once");
}

#[actix_web::test]
async fn links_that_are_made_up_changed_taken_back_or_old_open_nothing() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let mut leader = Browser::of(&app, Role::Representative).await;
    invite(&app, &mut leader, "new@example.com", "developer").await;
    let mails = post.mails(&app).await;
    let good = link(&app, &mails[0]);
    let (id, code) = good.rsplit('/').next().unwrap().split_once('.').unwrap();
    let swapped: String = code.chars().rev().collect();
    let resets = format!("/en/password/reset/{id}.{code}");
    for bad in [
        format!("/en/invitations/{id}"),
        format!("/en/invitations/{id}."),
        format!("/en/invitations/{id}.{swapped}"),
        format!("/en/invitations/inv_00000000000000000000000000.{code}"),
        format!("/en/invitations/.{code}"),
        format!("/en/invitations/{}", "x".repeat(200)),
        resets,
    ] {
        assert_eq!(Browser::new(&app).get(&bad).await.status, 404, "{bad}");
    }
    assert_eq!(Browser::new(&app).get(&good).await.status, 200);
    app.clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
    assert_eq!(Browser::new(&app).get(&good).await.status, 404, "a week is over");
    let mut leader = Browser::of(&app, Role::Representative).await;
    invite(&app, &mut leader, "new@example.com", "developer").await;
    let good = link(&app, &post.mails(&app).await[0]);
    let id = good.rsplit('/').next().unwrap().split_once('.').unwrap().0.to_owned();
    leader.submit("/en/members", &format!("/en/members/invitations/{id}/revoke"), &[]).await;
    assert_eq!(Browser::new(&app).get(&good).await.status, 404, "it was taken back");
}

#[actix_web::test]
async fn nobody_is_invited_above_or_beside_what_the_inviter_leads() {
    let app = TestApp::start().await;
    let mut leader = Browser::of(&app, Role::Representative).await;
    for role in ["admin", "auditor", "reviewer", "nobody", ""] {
        let shown = invite(&app, &mut leader, "new@example.com", role).await;
        assert_eq!(shown.status, 422, "{role}");
    }
    let hospital = app.fixture.hospital.to_string();
    let fields = [("organization", hospital.as_str()), ("email", "new@example.com"), ("role", "admin")];
    assert_eq!(leader.submit("/en/members", "/en/members/invite", &fields).await.status, 404);
    let developer = member(&app, Role::Developer);
    let admin = member(&app, Role::Admin);
    for (who, role, status) in [(&developer, "admin", 422), (&admin, "developer", 404)] {
        let path = format!("/en/members/{who}/roles");
        assert_eq!(leader.submit("/en/members", &path, &[("role", role)]).await.status, status);
    }
    for act in ["disable", "enable"] {
        assert_eq!(leader.submit("/en/members", &format!("/en/members/{admin}/{act}"), &[]).await.status, 404, "{act}");
    }
    assert_eq!(leader.get(&format!("/en/members?organization={hospital}")).await.status, 404);
    let shown = invite(&app, &mut leader, "developer@example.org", "developer").await;
    assert!(shown.status == 422 && shown.body.contains("a member under that address already"));
    let mut admin = Browser::of(&app, Role::Admin).await;
    assert!(admin.get(&format!("/en/members?organization={}", app.fixture.company)).await.body.contains("developer@"));
}

#[actix_web::test]
async fn who_is_shut_out_is_out_at_once_and_somebody_always_leads() {
    let app = TestApp::start().await;
    let mut leader = Browser::of(&app, Role::Representative).await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let (own, other) = (member(&app, Role::Representative), member(&app, Role::Developer));
    assert_eq!(leader.submit("/en/members", &format!("/en/members/{own}/disable"), &[]).await.status, 409);
    let roles = leader.submit("/en/members", &format!("/en/members/{own}/roles"), &[("role", "developer")]).await;
    assert_eq!(roles.status, 422, "the last who leads stays one");
    assert_eq!(leader.submit("/en/members", &format!("/en/members/{other}/disable"), &[]).await.status, 303);
    assert_eq!(developer.get("/en/home").await.status, 303, "the sign-in ended");
    assert_eq!(developer.sign_in("developer@example.org", PASSWORD, "").await.status, 403);
    assert_eq!(leader.submit("/en/members", &format!("/en/members/{other}/enable"), &[]).await.status, 303);
    let both = [("role", "representative"), ("role", "developer")];
    assert_eq!(leader.submit("/en/members", &format!("/en/members/{other}/roles"), &both).await.status, 303);
    let mut second = Browser::of(&app, Role::Developer).await;
    assert_eq!(second.submit("/en/members", &format!("/en/members/{own}/disable"), &[]).await.status, 303);
}

#[actix_web::test]
async fn a_forgotten_password_is_set_anew_by_a_link_that_works_once() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let mut signed_in = Browser::of(&app, Role::Developer).await;
    let mut guest = Browser::new(&app);
    let ask = [("email", "developer@example.org")];
    let known = guest.submit("/en/password/forgot", "/en/password/forgot", &ask).await;
    let unknown = guest.submit("/en/password/forgot", "/en/password/forgot", &[("email", "x@example.org")]).await;
    assert_eq!((known.status, unknown.status), (200, 200));
    let said = |shown: &super::Shown| shown.between("<main", "</main>").unwrap();
    assert_eq!(said(&known), said(&unknown), "nobody learns who is a member");
    guest.submit("/en/password/forgot", "/en/password/forgot", &ask).await;
    let mails = post.mails(&app).await;
    assert_eq!(mails.len(), 1, "within a minute one is enough");
    let link = link(&app, &mails[0]);
    let token = link.rsplit('/').next().unwrap().to_owned();
    let set = |password: &'static str| [("link", token.clone()), ("password", password.to_owned())];
    let send = async |password| {
        let fields = set(password);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Browser::new(&app).submit("/en/password/forgot", "/en/password/reset", &fields).await.status
    };
    assert_eq!(send("short").await, 422);
    assert_eq!(send(NEW).await, 303);
    assert_eq!(send(NEW).await, 404, "it worked once");
    assert_eq!(signed_in.get("/en/home").await.status, 303, "all sign-ins ended");
    assert_eq!(Browser::new(&app).sign_in("developer@example.org", PASSWORD, "").await.status, 403);
    assert_eq!(Browser::new(&app).sign_in("developer@example.org", NEW, "").await.status, 303);
    let told = post.mails(&app).await;
    assert!(told.len() == 1 && told[0].to == "developer@example.org" && !told[0].text.contains(NEW));
}

#[actix_web::test]
async fn a_link_to_a_password_is_old_after_half_an_hour_and_dies_with_its_member() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let mut guest = Browser::new(&app);
    let ask = [("email", "developer@example.org")];
    guest.submit("/en/password/forgot", "/en/password/forgot", &ask).await;
    let old = link(&app, &post.mails(&app).await[0]);
    app.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(guest.get(&old).await.status, 404);
    guest.submit("/en/password/forgot", "/en/password/forgot", &ask).await;
    let fresh = link(&app, &post.mails(&app).await[0]);
    assert_eq!(guest.get(&fresh).await.status, 200);
    let mut leader = Browser::of(&app, Role::Representative).await;
    let developer = member(&app, Role::Developer);
    leader.submit("/en/members", &format!("/en/members/{developer}/disable"), &[]).await;
    assert_eq!(guest.get(&fresh).await.status, 404);
    guest.submit("/en/password/forgot", "/en/password/forgot", &ask).await;
    assert!(post.mails(&app).await.is_empty(), "who was shut out is sent nothing");
}

#[actix_web::test]
async fn who_changes_a_password_stays_signed_in_here_and_nowhere_else() {
    let app = TestApp::start().await;
    let mut here = Browser::of(&app, Role::Auditor).await;
    let mut there = Browser::of(&app, Role::Auditor).await;
    let page = here.get("/en/security").await;
    assert!(page.body.contains("/security/sessions/end") && page.body.contains("Another"));
    assert_eq!(here.submit("/en/security", "/en/security/password", &[("password", "short")]).await.status, 422);
    let changed = here.submit("/en/security", "/en/security/password", &[("password", NEW)]).await;
    assert_eq!(changed.location(), "/en/security?done=password-changed");
    assert_eq!((here.get("/en/home").await.status, there.get("/en/home").await.status), (200, 303));
    there.sign_in("auditor@example.org", NEW, "").await;
    assert_eq!(here.submit("/en/security", "/en/security/sessions/end", &[]).await.status, 303);
    assert_eq!((here.get("/en/home").await.status, there.get("/en/home").await.status), (200, 303));
}

fn open(config: &mut Config) {
    with_mail(config);
    config.portal.sign_up = SignUp::Open;
}

async fn sign_up(app: &TestApp, number: &str, email: &str) -> super::Shown {
    let fields = [("company", "Fresh Start"), ("number", number), ("email", email), ("accept", "yes")];
    Browser::new(app).submit("/en/sign-up", "/en/sign-up", &fields).await
}

#[actix_web::test]
async fn a_company_signs_itself_up_and_leads_itself() {
    let (app, post) = (TestApp::start_with(open).await, Memory::default());
    for (number, email) in [("124-81-00999", "a@fresh.example"), ("124-81-00998", "nobody")] {
        assert_eq!(sign_up(&app, number, email).await.status, 422);
    }
    let shown = sign_up(&app, "1248100998", "a@fresh.example").await;
    assert!(shown.status == 200 && shown.body.contains("A mail is on its way"));
    let link = link(&app, &post.mails(&app).await[0]);
    assert_eq!(accept(&app, &link, "Founder", NEW).await.status, 303);
    let mut founder = Browser::new(&app);
    founder.sign_in("a@fresh.example", NEW, "").await;
    assert_eq!(founder.submit("/en/apps", "/en/apps", &[("name", "First")]).await.status, 303);
    assert!(founder.get("/en/members").await.body.contains("Fresh Start"));
    let again = sign_up(&app, "124-81-00998", "b@fresh.example").await;
    assert!(again.status == 409 && again.body.contains("here already"), "one company is here once");
    let known = sign_up(&app, "220-81-62517", "developer@example.org").await;
    assert!(
        known.body.contains("A mail is on its way") && post.mails(&app).await.is_empty(),
        "no answer tells who is here"
    );
    let mut admin = Browser::of(&app, Role::Admin).await;
    assert!(admin.get("/en/organizations").await.body.contains("124-81-00998"));
}

#[actix_web::test]
async fn of_two_who_sign_one_company_up_the_second_is_told_so() {
    let (app, post) = (TestApp::start_with(open).await, Memory::default());
    sign_up(&app, "124-81-00998", "a@fresh.example").await;
    sign_up(&app, "124-81-00998", "b@fresh.example").await;
    let mails = post.mails(&app).await;
    let to = |address: &str| link(&app, mails.iter().find(|mail| mail.to == address).unwrap());
    assert_eq!(accept(&app, &to("a@fresh.example"), "First", NEW).await.status, 303);
    assert_eq!(accept(&app, &to("b@fresh.example"), "Second", NEW).await.status, 409);
    assert_eq!(Browser::new(&app).sign_in("b@fresh.example", NEW, "").await.status, 403);
}

#[actix_web::test]
async fn strangers_sign_up_where_it_is_open_and_not_without_end() {
    let closed = TestApp::start_with(with_mail).await;
    assert_eq!(sign_up(&closed, "124-81-00998", "a@fresh.example").await.status, 403);
    let page = Browser::new(&closed).get("/en/sign-up").await;
    assert!(page.status == 200 && page.body.contains("the hospital invites"));
    let app = TestApp::start_with(open).await;
    let mut statuses = Vec::new();
    for n in 0..6 {
        statuses.push(sign_up(&app, "124-81-00998", &format!("a{n}@fresh.example")).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
}
