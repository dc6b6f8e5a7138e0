//! Monthly reviews of the ledger in the control database. A signed review never changes; a countersignature stands
//! beside it.

use crate::error::{inserting, updating};
use crate::schema::{review_items, reviews};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{MemberId, ReviewId};

/// The review of one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Its identifier.
    pub id: ReviewId,
    /// The month in KST, as `2026-03`; there is one review for each.
    pub month: String,
    /// Who began it.
    pub author: MemberId,
    /// The signed checkpoint that the sample was drawn under.
    pub checkpoint: String,
    /// What was counted in the month, JSON.
    pub counts: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Its signature, when it is signed.
    pub signed: Option<Signed>,
    /// Who countersigned, and when.
    pub countersigned: Option<(MemberId, Timestamp)>,
}

/// The signature of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Who signed.
    pub by: MemberId,
    /// When.
    pub at: Timestamp,
    /// The document that was signed, JSON.
    pub document: String,
    /// SHA-256 of the document, hexadecimal; the ledger has it too.
    pub sha256: String,
}

/// One entry of the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewItem {
    /// Index of the entry.
    pub index: u64,
    /// Why it was drawn.
    pub stratum: String,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = reviews, treat_none_as_default_value = false)]
struct Row {
    id: String,
    month: String,
    author: String,
    checkpoint: String,
    counts: String,
    created_at: i64,
    signed_by: Option<String>,
    signed_at: Option<i64>,
    document: Option<String>,
    document_sha256: Option<String>,
    countersigned_by: Option<String>,
    countersigned_at: Option<i64>,
}

/// Adds a review that was begun, with its sample. A month that has one is a conflict.
pub fn insert_review(conn: &mut Conn, review: &Review, items: &[ReviewItem]) -> Result<(), StoreError> {
    let row = Row {
        id: review.id.to_string(),
        month: review.month.clone(),
        author: review.author.to_string(),
        checkpoint: review.checkpoint.clone(),
        counts: review.counts.clone(),
        created_at: review.created_at.micros(),
        signed_by: None,
        signed_at: None,
        document: None,
        document_sha256: None,
        countersigned_by: None,
        countersigned_at: None,
    };
    inserting(diesel::insert_into(reviews::table).values(row).execute(&mut conn.0), "the review of the month")?;
    for item in items {
        let values = (
            review_items::review.eq(review.id.to_string()),
            review_items::entry.eq(column::count(item.index)),
            review_items::stratum.eq(&item.stratum),
        );
        inserting(diesel::insert_into(review_items::table).values(values).execute(&mut conn.0), "the sample")?;
    }
    Ok(())
}

/// The review, when there is one.
pub fn find_review(conn: &mut Conn, id: ReviewId) -> Result<Option<Review>, StoreError> {
    reviews::table.find(id.to_string()).first::<Row>(&mut conn.0).optional()?.map(review).transpose()
}

/// The sample of a review, in the order of the ledger.
pub fn list_review_items(conn: &mut Conn, id: ReviewId) -> Result<Vec<ReviewItem>, StoreError> {
    let query = review_items::table.filter(review_items::review.eq(id.to_string())).order(review_items::entry);
    let rows = query.select((review_items::entry, review_items::stratum)).load::<(i64, String)>(&mut conn.0)?;
    rows.into_iter().map(|(index, stratum)| Ok(ReviewItem { index: column::count_back(index)?, stratum })).collect()
}

/// The latest reviews, newest month first.
pub fn list_reviews(conn: &mut Conn, limit: i64) -> Result<Vec<Review>, StoreError> {
    reviews::table.order(reviews::month.desc()).limit(limit).load::<Row>(&mut conn.0)?.into_iter().map(review).collect()
}

/// Signs a review; one that is signed already is not touched and a conflict.
pub fn sign_review(conn: &mut Conn, id: ReviewId, signed: &Signed) -> Result<(), StoreError> {
    let open = reviews::table.filter(reviews::id.eq(id.to_string()).and(reviews::signed_at.is_null()));
    let values = (
        reviews::signed_by.eq(signed.by.to_string()),
        reviews::signed_at.eq(signed.at.micros()),
        reviews::document.eq(&signed.document),
        reviews::document_sha256.eq(&signed.sha256),
    );
    once(updating(diesel::update(open).set(values).execute(&mut conn.0), "review"), "a signature of the review")
}

/// Countersigns a review that somebody else signed and nobody countersigned.
pub fn countersign_review(conn: &mut Conn, id: ReviewId, by: MemberId, at: Timestamp) -> Result<(), StoreError> {
    let signed = reviews::id.eq(id.to_string()).and(reviews::signed_by.ne(by.to_string()));
    let open = reviews::table.filter(signed.and(reviews::countersigned_at.is_null()));
    let values = (reviews::countersigned_by.eq(by.to_string()), reviews::countersigned_at.eq(at.micros()));
    let updated = updating(diesel::update(open).set(values).execute(&mut conn.0), "review");
    once(updated, "a countersignature, or your own signature,")
}

/// What is not there to be changed was changed before.
fn once(updated: Result<(), StoreError>, what: &'static str) -> Result<(), StoreError> {
    match updated {
        Err(StoreError::NotFound { .. }) => Err(StoreError::AlreadyExists { what }),
        other => other,
    }
}

fn review(row: Row) -> Result<Review, StoreError> {
    let signed = match (row.signed_by, row.signed_at, row.document, row.document_sha256) {
        (Some(by), Some(at), Some(document), Some(sha256)) => {
            Some(Signed { by: column::id(&by)?, at: Timestamp::from_micros(at), document, sha256 })
        }
        _ => None,
    };
    let countersigned = match (row.countersigned_by, row.countersigned_at) {
        (Some(by), Some(at)) => Some((column::id(&by)?, Timestamp::from_micros(at))),
        _ => None,
    };
    Ok(Review {
        id: column::id(&row.id)?,
        month: row.month,
        author: column::id(&row.author)?,
        checkpoint: row.checkpoint,
        counts: row.counts,
        created_at: Timestamp::from_micros(row.created_at),
        signed,
        countersigned,
    })
}
