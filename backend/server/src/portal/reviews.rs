//! Monthly reviews: which months wait, the sample with its context, findings, signature and countersignature.

mod sheet;
mod sign;

pub(super) use sign::{countersign_review, save_review, sign_review};

use super::desk::{Auditors, Desk, Examiners};
use super::fields::{Fields, Submitted};
use super::kept;
use super::moment;
use super::page::{self, Badge, Page};
use super::texts::ReviewTexts;
use crate::audit::review::{Counts, Month, draw};
use crate::fault::Fault;
use crate::ledger::publisher;
use crate::record;
use crate::state::App;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use mudeung_core::id::{MemberId, ReviewId};
use mudeung_store::reviews::{self, Review, ReviewItem};
use mudeung_store::{Conn, StoreError, members};
use mudeung_wire::ledger::checkpoint::Checkpoint;
use mudeung_wire::ledger::entry::{Entry, Status};
use sheet::Sheet;

/// Months that are shown as waiting, and reviews that are listed.
const MONTHS_MAX: usize = 36;

#[derive(Template)]
#[template(path = "reviews.html")]
struct ReviewsPage {
    page: Page,
    t: &'static ReviewTexts,
    due: Vec<String>,
    may_begin: bool,
    reviews: Vec<ReviewLine>,
}

struct ReviewLine {
    id: String,
    month: String,
    badge: Badge,
    signed: String,
    countersigned: String,
}

/// Lists the reviews and the months that wait for one.
pub(super) async fn list_reviews(desk: Desk<Auditors>) -> Result<HttpResponse, Fault> {
    let reviews = all(&desk.app).await?;
    let due = due(&desk.app, &reviews).await?;
    let page = desk.page.clone();
    let signed = |review: &Review| review.signed.as_ref().map(|signed| moment::minute(signed.at)).unwrap_or_default();
    let counter = |review: &Review| review.countersigned.map(|(_, at)| moment::minute(at)).unwrap_or_default();
    let lines = reviews.iter().map(|review| ReviewLine {
        id: review.id.to_string(),
        month: review.month.clone(),
        badge: page.badge(if review.signed.is_some() { "completed" } else { "pending" }),
        signed: signed(review),
        countersigned: counter(review),
    });
    let shown = ReviewsPage {
        t: ReviewTexts::of(page.language),
        due: due.into_iter().map(|month| month.text).collect(),
        may_begin: desk.signed_in.has(&[mudeung_core::member::Role::Auditor]),
        reviews: lines.collect(),
        page: page.clone(),
    };
    page::show(&page, StatusCode::OK, &shown)
}

/// Begins the review of a month that is over: counts it, and draws the sample under the present checkpoint.
pub(super) async fn begin_review(desk: Desk<Examiners>, form: Submitted) -> Result<HttpResponse, Fault> {
    let month = Month::parse(form.0.text("month")).filter(|month| month.until <= desk.app.clock.now());
    let month = month.ok_or_else(Fault::not_found)?;
    publisher::publish(&desk.app).await?;
    let note = desk.app.published.latest().ok_or_else(|| Fault::ledger("no checkpoint is signed yet"))?;
    let verifier = publisher::verifier(&desk.app);
    let checkpoint = Checkpoint::verify(&note.text, &verifier).map_err(|error| Fault::internal(error.to_string()))?;
    let (counts, items) = draw(&desk.app.ledger, &month, &checkpoint).await?;
    let review = Review {
        id: ReviewId::generate(&*desk.app.clock, &*desk.app.entropy),
        month: month.text.clone(),
        author: desk.signed_in.member.id,
        checkpoint: note.text.clone(),
        counts: serde_json::to_string(&counts).map_err(|error| Fault::internal(error.to_string()))?,
        created_at: desk.app.clock.now(),
        signed: None,
        countersigned: None,
    };
    let path = format!("/reviews/{}", review.id);
    let intent = Entry { detail: Some(month.text), ..desk.entry("review.begin") };
    desk.change("begin review", intent, move |conn| reviews::insert_review(conn, &review, &items)).await?;
    Ok(desk.go(&path, "review-begun"))
}

/// Shows a review: the form while it is open, the signed document afterwards.
pub(super) async fn show_review(desk: Desk<Auditors>, path: web::Path<String>) -> Result<HttpResponse, Fault> {
    let id: ReviewId = super::path(&path)?;
    let looked = Entry { detail: Some(id.to_string()), ..desk.entry("review.read") };
    record::note(&desk.app, looked, Status::Completed).await?;
    show(&desk, id, None, StatusCode::OK, None).await
}

/// A review as it lies in the database.
struct Stored {
    review: Review,
    items: Vec<ReviewItem>,
    author: String,
    countersigner: String,
}

/// What the draft of a review is kept under.
fn draft_name(id: ReviewId) -> String {
    format!("review {id}")
}

/// Shows a review, with what was typed into its form or, when nothing was just now, what the member kept of it.
async fn show<R: super::desk::Roles>(
    desk: &Desk<R>,
    id: ReviewId,
    problem: Option<&'static str>,
    status: StatusCode,
    typed: Option<&Fields>,
) -> Result<HttpResponse, Fault> {
    let stored = load(&desk.app, id).await?;
    let mut page = desk.page.clone();
    page.problem = problem;
    let typed = match typed {
        Some(typed) => typed.clone(),
        None => kept::find(&desk.app, desk.signed_in.member.id, &draft_name(id)).await?.unwrap_or_default(),
    };
    let sheet = Sheet::of(desk, page.clone(), &stored, &typed).await?;
    page::show(&page, status, &sheet)
}

async fn load(app: &App, id: ReviewId) -> Result<Stored, Fault> {
    let find = move |conn: &mut Conn| {
        let Some(review) = reviews::find_review(conn, id)? else { return Ok(None) };
        let items = reviews::list_review_items(conn, id)?;
        let author = name_of(conn, review.signed.as_ref().map_or(review.author, |signed| signed.by))?;
        let countersigner = review.countersigned.map(|(by, _)| name_of(conn, by)).transpose()?.unwrap_or_default();
        Ok(Some(Stored { review, items, author, countersigner }))
    };
    app.db.read("find review", find).await?.ok_or_else(Fault::not_found)
}

fn name_of(conn: &mut Conn, member: MemberId) -> Result<String, StoreError> {
    Ok(members::find_member(conn, member)?.map(|member| member.name).unwrap_or_default())
}

async fn all(app: &App) -> Result<Vec<Review>, Fault> {
    let list = |conn: &mut Conn| reviews::list_reviews(conn, i64::try_from(MONTHS_MAX).unwrap_or(36));
    Ok(app.db.read("list reviews", list).await?)
}

/// How many months are over and not reviewed and signed.
pub(super) async fn overdue(app: &App) -> Result<usize, Fault> {
    let reviews = all(app).await?;
    let begun = reviews.iter().filter(|review| review.signed.is_none()).count();
    Ok(begun + due(app, &reviews).await?.len())
}

/// The months that are over since the ledger began and have no review, newest first.
async fn due(app: &App, reviews: &[Review]) -> Result<Vec<Month>, Fault> {
    let Some(first) = app.ledger.entry(0).await? else { return Ok(Vec::new()) };
    let mut months = Vec::new();
    let mut month = Month::of(app.clock.now()).and_then(|month| month.before());
    while let Some(this) = month.filter(|month| month.until.micros() > first.time_us) {
        if months.len() == MONTHS_MAX {
            break;
        }
        month = this.before();
        months.push(this);
    }
    months.retain(|month| !reviews.iter().any(|review| review.month == month.text));
    Ok(months)
}

fn counts(review: &Review) -> Result<Counts, Fault> {
    serde_json::from_str(&review.counts).map_err(|error| Fault::internal(error.to_string()))
}
