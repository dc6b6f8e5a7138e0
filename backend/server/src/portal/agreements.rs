//! The data use agreement: every version with its text and hash, what changed, who signed, and the next version.

use super::desk::{Desk, FreshAdmins, FreshSigners, Visitor, see_other};
use super::fields::{Fields, Submitted};
use super::page::{self, Page};
use super::texts::AgreementsTexts;
use super::{moment, path};
use crate::fault::Fault;
use crate::hex::hex;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::agreement::{Agreement, Signature};
use mudeung_core::clock::Timestamp;
use mudeung_core::grant::GrantState;
use mudeung_core::id::{AgreementId, OrganizationId};
use mudeung_core::member::Role;
use mudeung_core::notification::Occurrence;
use mudeung_store::{Conn, StoreError, agreements, grants, notifications};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;
use sha2::{Digest, Sha256};
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeSet;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Time that companies with grants may be given to sign a new version.
const DAYS: std::ops::RangeInclusive<u64> = 0..=180;
/// The longest text of a version, in characters.
const TEXT_MAX: usize = 20_000;

#[derive(Template)]
#[template(path = "agreements.html")]
struct AgreementsPage {
    page: Page,
    t: &'static AgreementsTexts,
    versions: Vec<VersionLine>,
    outstanding: Vec<(String, String)>,
    may_publish: bool,
    typed: Typed,
}

#[derive(Template)]
#[template(path = "agreement.html")]
struct AgreementPage {
    page: Page,
    t: &'static AgreementsTexts,
    version: VersionLine,
    text: String,
    other_text: String,
    sha256: String,
    former: Option<u32>,
    changes: Vec<Change>,
    signed: Option<String>,
    may_sign: bool,
    sign_by: Option<String>,
}

struct VersionLine {
    id: String,
    version: u32,
    title: String,
    published: String,
    sign_by: String,
    in_force: bool,
}

/// A line of the text, and whether it came or went with this version.
struct Change {
    text: String,
    sign: &'static str,
    says: &'static str,
    class: &'static str,
}

/// What was typed into the form for a new version.
#[derive(Default)]
struct Typed {
    title_ko: String,
    title_en: String,
    text_ko: String,
    text_en: String,
    days: String,
}

/// Shows all versions to everybody, and the form for the next to the hospital's operator.
pub(super) async fn list_agreements(visitor: Visitor) -> Result<HttpResponse, Fault> {
    let all = visitor.app.db.read("list agreements", agreements::list_agreements).await?;
    let may_publish = visitor.signed_in.as_ref().is_some_and(|signed_in| signed_in.has(&[Role::Admin]));
    let typed = typed_of(all.first());
    show_all(&visitor.app, visitor.page.clone(), &all, may_publish, typed, StatusCode::OK)
}

/// Shows one version, and what changed with it.
pub(super) async fn show_agreement(visitor: Visitor, id: web::Path<String>) -> Result<HttpResponse, Fault> {
    let id: AgreementId = path(&id)?;
    let own = visitor.signed_in.as_ref().map(|signed_in| signed_in.organization.id);
    let look = move |conn: &mut Conn| {
        let signed = own.map_or(Ok(Vec::new()), |own| agreements::list_signatures(conn, own))?;
        Ok((agreements::list_agreements(conn)?, signed))
    };
    let (all, signed) = visitor.app.db.read("find agreement", look).await?;
    let at = all.iter().position(|agreement| agreement.id == id).ok_or_else(Fault::not_found)?;
    let (Some(agreement), former) = (all.get(at), all.get(at.saturating_add(1))) else {
        return Err(Fault::not_found());
    };
    let page = visitor.page.clone();
    let t = AgreementsTexts::of(page.language);
    let signed = signed.iter().find(|signature| signature.agreement == id);
    let signs = visitor.signed_in.as_ref().is_some_and(|it| it.has(&[Role::Representative, Role::Developer]));
    let snapshot = visitor.app.snapshots.present();
    let text = |agreement: &Agreement| page.language.pick(&agreement.text_ko, &agreement.text_en).to_owned();
    let shown = AgreementPage {
        t,
        version: line(&page, agreement, at == 0),
        text: text(agreement),
        other_text: page.language.pick(&agreement.text_en, &agreement.text_ko).to_owned(),
        sha256: agreement.text_sha256.clone(),
        former: former.map(|former| former.version),
        changes: former.map(|former| changes(t, &text(former), &text(agreement))).unwrap_or_default(),
        signed: signed.map(|signature| moment::minute(signature.signed_at)),
        may_sign: signs && at == 0 && signed.is_none(),
        sign_by: own.and_then(|own| snapshot.must_sign.get(&own)).map(|by| moment::minute(*by)),
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// Puts a new version into force. Companies whose grants stand under an older one are told until when they must sign it.
pub(super) async fn publish_agreement(desk: Desk<FreshAdmins>, form: Submitted) -> Result<HttpResponse, Fault> {
    let t = AgreementsTexts::of(desk.page.language);
    let all = desk.app.db.read("list agreements", agreements::list_agreements).await?;
    let again = |problem| {
        let mut page = desk.page.clone();
        page.problem = Some(problem);
        show_all(&desk.app, page, &all, true, read(&form.0), StatusCode::UNPROCESSABLE_ENTITY)
    };
    let text = |name| form.0.paragraph(name, 1..=TEXT_MAX);
    let title = |name| form.0.line(name, 1..=120);
    let (Some(title_ko), Some(title_en)) = (title("title_ko"), title("title_en")) else { return again(t.bad_title) };
    let (Some(text_ko), Some(text_en)) = (text("text_ko"), text("text_en")) else { return again(t.bad_text) };
    let Some(days) = form.0.number("days", DAYS) else { return again(t.bad_days) };
    let newest = all.first();
    if newest.is_some_and(|newest| newest.text_ko == text_ko && newest.text_en == text_en) {
        return again(t.same);
    }
    // The version that the form was made from: of two who publish at once, the second reads the first's text before.
    let version = newest.map_or(0, |newest| newest.version).saturating_add(1);
    if form.0.text("version") != version.to_string() {
        return again(t.stale);
    }
    let now = desk.app.clock.now();
    let digest: [u8; 32] = Sha256::digest(text_ko.as_bytes()).into();
    let agreement = Agreement {
        id: AgreementId::generate(&*desk.app.clock, &*desk.app.entropy),
        version,
        title_ko,
        title_en,
        text_ko,
        text_en,
        text_sha256: hex(&digest),
        published_at: now,
        sign_by: now.plus(DAY.saturating_mul(u32::try_from(days).unwrap_or_default())),
    };
    let said = format!("{} v{version} {}", agreement.id, agreement.text_sha256);
    let intent = Entry { detail: Some(said), ..desk.entry("agreement.publish") };
    match desk.change("publish agreement", intent, move |conn| insert(conn, &agreement, now)).await {
        Ok(()) => Ok(desk.go("/agreements", "agreement-published")),
        Err(fault) if fault.code == Code::Conflict => again(t.stale),
        Err(fault) => Err(fault),
    }
}

/// Signs the version in force for the member's company.
pub(super) async fn sign_agreement(
    desk: Desk<FreshSigners>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let id: AgreementId = path(&id)?;
    let t = AgreementsTexts::of(desk.page.language);
    if form.0.text("accept") != "yes" {
        return Err(Fault::parameter("accept", t.bad_accept, t.bad_accept));
    }
    let all = desk.app.db.read("list agreements", agreements::list_agreements).await?;
    let newest = all.first().filter(|newest| newest.id == id).ok_or_else(Fault::not_found)?;
    let (organization, member, now) = (desk.signed_in.organization.id, desk.signed_in.member.id, desk.app.clock.now());
    let signature = Signature { agreement: id, organization, member, signed_at: now };
    let intent = Entry { detail: Some(format!("{id} {}", newest.text_sha256)), ..desk.entry("agreement.sign") };
    let work = move |conn: &mut Conn| {
        let signed = agreements::list_signatures(conn, organization)?;
        match signed.iter().any(|known| known.agreement == id && known.member == member) {
            true => Ok(()),
            false => agreements::insert_signature(conn, &signature),
        }
    };
    desk.change("sign agreement", intent, work).await?;
    Ok(see_other(&format!("{}?done=agreement-signed", desk.page.at(&format!("/agreements/{id}")))))
}

fn insert(conn: &mut Conn, agreement: &Agreement, now: Timestamp) -> Result<(), StoreError> {
    agreements::insert_agreement(conn, agreement)?;
    let all = grants::list_grants(conn, grants::GrantsOf::All)?;
    let active = all.iter().filter(|grant| matches!(grant.state, GrantState::Active) && now < grant.valid_until);
    let holders: BTreeSet<OrganizationId> = active.map(|grant| grant.organization).collect();
    holders
        .into_iter()
        .try_for_each(|holder| notifications::tell(conn, &Occurrence::of_agreement(agreement.id, holder, now)))
}

fn read(form: &Fields) -> Typed {
    let text = |name: &str| form.text(name).to_owned();
    Typed {
        title_ko: text("title_ko"),
        title_en: text("title_en"),
        text_ko: text("text_ko"),
        text_en: text("text_en"),
        days: text("days"),
    }
}

/// The next version begins with the text of the last.
fn typed_of(newest: Option<&Agreement>) -> Typed {
    let days = "30".to_owned();
    newest.map_or_else(
        || Typed { days: days.clone(), ..Typed::default() },
        |newest| Typed {
            title_ko: newest.title_ko.clone(),
            title_en: newest.title_en.clone(),
            text_ko: newest.text_ko.clone(),
            text_en: newest.text_en.clone(),
            days: days.clone(),
        },
    )
}

fn show_all(
    app: &crate::state::App,
    page: Page,
    all: &[Agreement],
    may_publish: bool,
    typed: Typed,
    status: StatusCode,
) -> Result<HttpResponse, Fault> {
    let snapshot = app.snapshots.present();
    let named = |id: &OrganizationId| snapshot.organizations.get(id).map(|it| it.name.clone()).unwrap_or_default();
    let mut outstanding: Vec<(String, String)> =
        snapshot.must_sign.iter().map(|(id, by)| (named(id), moment::minute(*by))).collect();
    outstanding.sort_unstable();
    let shown = AgreementsPage {
        t: AgreementsTexts::of(page.language),
        versions: all.iter().enumerate().map(|(at, agreement)| line(&page, agreement, at == 0)).collect(),
        outstanding: if may_publish { outstanding } else { Vec::new() },
        may_publish,
        typed,
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}

fn line(page: &Page, agreement: &Agreement, in_force: bool) -> VersionLine {
    VersionLine {
        id: agreement.id.to_string(),
        version: agreement.version,
        title: page.language.pick(&agreement.title_ko, &agreement.title_en).to_owned(),
        published: moment::minute(agreement.published_at),
        sign_by: moment::minute(agreement.sign_by),
        in_force,
    }
}

/// The lines of a text, with those that came and went.
fn changes(t: &'static AgreementsTexts, former: &str, text: &str) -> Vec<Change> {
    let diff = TextDiff::from_lines(former, text);
    let change = |change: similar::Change<&str>| {
        let (sign, says, class) = match change.tag() {
            ChangeTag::Equal => ("", "", ""),
            ChangeTag::Insert => ("+", t.came, "came"),
            ChangeTag::Delete => ("−", t.went, "went"),
        };
        Change { text: change.value().trim_end_matches('\n').to_owned(), sign, says, class }
    };
    diff.iter_all_changes().map(change).collect()
}
