//! The one road of streamed rows: budget, INTENT, first piece, then the rest.

use crate::data::body::{OwnRead, RowBody, Stopped};
use crate::data::budget::{Account, Reading};
use crate::data::format::media_type;
use crate::data::standing::Standing;
use crate::data::visit::{RECEIPT, Visitor};
use crate::fault::Fault;
use crate::record;
use crate::state::App;
use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use futures_util::StreamExt;
use mudeung_core::budget::STEP;
use mudeung_core::policy::{Action, Permit, Snapshot};
use mudeung_core::reader::{Answer, Chunks, Format};
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::problem::Code;
use std::sync::Arc;

/// How many rows an answer may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowLimit {
    /// As many as the caller asked for: then the answer ends.
    Asked(u64),
    /// The caller asked for all: an answer that would be longer than the server allows is cut, so that nobody takes a
    /// part for the whole.
    All {
        /// What the server allows.
        rows_max: u64,
    },
}

/// A streamed read that was decided.
pub struct Governed {
    /// Its INTENT, not durable yet.
    pub intent: Entry,
    /// What pays for it.
    pub account: Arc<Account>,
    /// What it stands on.
    pub standings: Vec<Standing>,
    /// How many rows it may have.
    pub limit: RowLimit,
    /// How it is written.
    pub format: Format,
}

impl RowLimit {
    /// The limit for what the caller asked.
    pub fn of(asked: Option<u64>, app: &App) -> Self {
        asked.map_or(Self::All { rows_max: app.config.limits.rows_per_answer }, Self::Asked)
    }

    /// The rows that the reader is asked for: one more than allowed shows that there are more.
    pub const fn asked_of_reader(self) -> u64 {
        match self {
            Self::Asked(rows) => rows,
            Self::All { rows_max } => rows_max.saturating_add(1),
        }
    }

    /// The rows of an answer at most.
    pub const fn rows_max(self) -> u64 {
        match self {
            Self::Asked(rows) | Self::All { rows_max: rows } => rows,
        }
    }
}

/// What a permitted read of one table stands on, and what pays for it.
pub async fn ground(
    visitor: &Visitor,
    snapshot: &Snapshot,
    permit: &Permit,
) -> Result<(Standing, Arc<Account>), Fault> {
    let principal = &visitor.caller.principal;
    let standing = Standing::new(snapshot, principal, Action::Read, permit).ok_or_else(Fault::not_found)?.unchecked();
    let (grant, dataset) = (permit.grant.as_deref(), &permit.version.dataset);
    let reading = Reading { app: principal.app, grant, datasets: &[dataset] };
    Ok((standing, visitor.app.data.budgets.account(&visitor.app, reading).await?))
}

/// Answers with rows. Nothing is read before the INTENT is durable, and what fails before the first piece is answered
/// as a problem.
pub async fn answer<'r, F>(visitor: &Visitor, governed: Governed, read: F) -> Result<HttpResponse, Fault>
where
    F: FnOnce() -> Answer<'r, Chunks>,
{
    let Governed { intent, account, standings, limit, format } = governed;
    account.prepare(&visitor.app, STEP).await?;
    let hold = match account.hold_step() {
        Ok(hold) => hold,
        Err(short) => return Err(record::refuse(&visitor.app, intent, short.fault(visitor.app.clock.now())).await),
    };
    let opened = record::open(&visitor.app, intent).await?;
    let begun = async {
        let mut chunks = read().await?;
        let first = chunks.next().await.transpose()?;
        Ok::<_, Fault>((first, chunks))
    };
    match begun.await {
        Ok((first, chunks)) => {
            let receipt = HeaderValue::from(opened.index());
            let read = OwnRead { opened, hold, standings };
            let body = RowBody::new(first, chunks, read, limit.rows_max());
            let body = body.map_err(|stopped| too_much(stopped, limit, visitor))?;
            let mut answer = visitor.answer(Some(&account));
            answer.insert_header((CONTENT_TYPE, HeaderValue::from_static(media_type(format))));
            answer.insert_header((RECEIPT, receipt));
            Ok(answer.body(body.boxed()))
        }
        Err(fault) => {
            opened.close(Status::Aborted, Some(fault.code.as_str().to_owned()));
            Err(fault)
        }
    }
}

/// The fault for an answer whose first piece must not leave.
fn too_much(stopped: Stopped, limit: RowLimit, visitor: &Visitor) -> Fault {
    if let Stopped::Short(short) = stopped {
        return short.fault(visitor.app.clock.now());
    }
    let most = limit.rows_max();
    Fault::new(
        Code::LimitReached,
        format!("The answer has more than {most} rows. Ask for fewer with limit, or fetch the files."),
        format!("결과가 {most}행을 넘습니다. limit로 줄이거나 파일로 내려받으세요."),
    )
}
