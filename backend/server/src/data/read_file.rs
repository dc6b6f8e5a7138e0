//! `GET|HEAD /v1/files/{file}`: a file or a part of it, by signed address or bearer token.
//!
//! Data clients show nobody what a data address answers, and cannot wait: with a signed address every failed check is
//! a bare 403, an unknown file a bare 404, and nothing is slowed. What was given is governed all the same.

use crate::data::body::{FileBody, HeadBody, OwnRead, Payer};
use crate::data::budget::{Account, Reading};
use crate::data::documented::ReadProblems;
use crate::data::lease::{Door, Key, Lease, RANGES_MAX, Terms};
use crate::data::opening::{FileVisitor, Opening, forbidden};
use crate::data::range::{Part, share_of_rows, wanted};
use crate::data::standing::Standing;
use crate::data::visit::RECEIPT;
use crate::fault::Fault;
use crate::record;
use actix_web::body::MessageBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, RANGE, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use mudeung_core::policy::{Action, Permit};
use mudeung_core::quota::Amount;
use mudeung_core::reader::OpenFile;
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// What reads of files are called in the ledger.
pub const OPERATION: &str = "data.read_file";
const PARQUET: &str = "application/vnd.apache.parquet";

/// A file, or the part of it that `Range` names.
#[utoipa::path(
    get, path = "/v1/files/{file}", operation_id = "read_file", tag = "data",
    params(
        ("file" = String, Path, description = "The file's identifier"),
        ("app" = Option<String>, Query, description = "Of a signed address, as are all that follow"),
        ("credential" = Option<String>, Query), ("token" = Option<String>, Query),
        ("key" = Option<String>, Query), ("grant" = Option<String>, Query),
        ("listing" = Option<String>, Query),
        ("exp" = Option<String>, Query), ("sp" = Option<String>, Query), ("sig" = Option<String>, Query),
        ("Range" = Option<String>, Header, description = "One range, for instance `bytes=-65536`"),
    ),
    responses(
        (status = 200, content_type = "application/vnd.apache.parquet", body = Vec<u8>),
        (status = 206, content_type = "application/vnd.apache.parquet", body = Vec<u8>),
        (status = 304, description = "The client has it already"), ReadProblems,
    ),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"]), ()),
)]
pub async fn read_file(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Fault> {
    let visitor = FileVisitor::of(&request, &path).await?;
    let quiet = visitor.address.is_some();
    let answered = visitor.read(&request).await;
    answered.map_err(|fault| if quiet { muted(fault) } else { fault })
}

/// What [`read_file`] would answer, without the file.
#[utoipa::path(
    head, path = "/v1/files/{file}", operation_id = "describe_file", tag = "data",
    params(
        ("file" = String, Path, description = "The file's identifier"),
        ("app" = Option<String>, Query, description = "Of a signed address, as are all that follow"),
        ("credential" = Option<String>, Query), ("token" = Option<String>, Query),
        ("key" = Option<String>, Query), ("grant" = Option<String>, Query),
        ("listing" = Option<String>, Query),
        ("exp" = Option<String>, Query), ("sp" = Option<String>, Query), ("sig" = Option<String>, Query),
    ),
    responses((status = 200, description = "The headers of the file"),
        (status = 304, description = "The client has it already"), ReadProblems),
    security(("oauth" = ["data.read"]), ("oauth" = ["synthetic.read"]), ()),
)]
pub async fn describe_file(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Fault> {
    let visitor = FileVisitor::of(&request, &path).await?;
    let quiet = visitor.address.is_some();
    let answered = visitor.describe(&request).await;
    answered.map_err(|fault| if quiet { muted(fault) } else { fault })
}

/// A fault on a data address: the status alone, and 403 for whatever the caller did.
fn muted(fault: Fault) -> Fault {
    match fault.status() {
        StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE => fault.bare(),
        status if status.is_server_error() => fault.bare(),
        _ => forbidden().because(fault.to_string()),
    }
}

impl FileVisitor {
    fn key(&self) -> Key {
        Key { token: self.visitor.caller.principal.token, file: self.file, address: self.address.map(Door::from) }
    }

    async fn read(mut self, request: &HttpRequest) -> Result<HttpResponse, Fault> {
        if let Some(answer) = self.under_a_lease(request) {
            return answer;
        }
        let opening = self.open().await?;
        match wanted(request.headers(), opening.file.len_bytes(), opening.file.etag()) {
            Part::Unchanged => Ok(self.head(StatusCode::NOT_MODIFIED, &*opening.file, None).finish()),
            Part::Outside => Err(outside(&*opening.file)),
            Part::Whole => self.whole(opening).await,
            Part::Some(range) if self.visitor.app.config.ledger.lease_seconds == 0 => {
                self.alone(opening, range, StatusCode::PARTIAL_CONTENT).await
            }
            Part::Some(range) => self.leased(opening, range).await,
        }
    }

    async fn describe(mut self, request: &HttpRequest) -> Result<HttpResponse, Fault> {
        let opening = self.open().await?;
        let len = opening.file.len_bytes();
        // A range means nothing to HEAD; only "have I got it already?" does.
        match wanted(request.headers(), len, opening.file.etag()) {
            Part::Unchanged => Ok(self.head(StatusCode::NOT_MODIFIED, &*opening.file, None).finish()),
            _ => {
                let body = HeadBody(len).boxed();
                Ok(self.head(StatusCode::OK, &*opening.file, None).body(body))
            }
        }
    }

    /// The quick way: a range of a file under a lease that is open already. Nothing is written, nothing is waited for.
    fn under_a_lease(&self, request: &HttpRequest) -> Option<Result<HttpResponse, Fault>> {
        request.headers().get(RANGE)?;
        let app = &self.visitor.app;
        let lease = app.data.leases.find(&self.key(), app.clock.now())?;
        let Part::Some(range) = wanted(request.headers(), lease.file.len_bytes(), lease.file.etag()) else {
            return None;
        };
        if !lease.holds() {
            return None;
        }
        self.range_of(&lease, range, false)
    }

    /// A range under a lease; nothing when the lease takes no more, or when there is not enough at hand and the caller can
    /// ask for more.
    fn range_of(&self, lease: &Arc<Lease>, range: Range<u64>, patient: bool) -> Option<Result<HttpResponse, Fault>> {
        let bytes = range.end.saturating_sub(range.start);
        if !lease.take(bytes) {
            return None;
        }
        let hold = match lease.account().hold(Amount { bytes, rows: lease.rows_for(bytes) }) {
            Ok(hold) => hold,
            Err(short) => {
                lease.range_refused(bytes);
                // There may be more than is at hand: the long way asks for it.
                return patient.then(|| Err(short.fault(self.visitor.app.clock.now())));
            }
        };
        let mut answer = self.head(StatusCode::PARTIAL_CONTENT, &*lease.file, Some(lease.account()));
        answer.insert_header((CONTENT_RANGE, content_range(&range, lease.file.len_bytes())));
        answer.insert_header((RECEIPT, HeaderValue::from(lease.index())));
        let chunks = lease.file.read(range);
        Some(Ok(answer.body(FileBody::new(chunks, bytes, Payer::Lease(Arc::clone(lease), hold)).boxed())))
    }

    async fn account(&self, permit: &Permit) -> Result<Arc<Account>, Fault> {
        let visitor = &self.visitor;
        let reading = Reading {
            app: visitor.caller.principal.app,
            grant: permit.grant.as_deref(),
            datasets: &[&permit.version.dataset],
        };
        visitor.app.data.budgets.account(&visitor.app, reading).await
    }

    fn intent(&self, opening: &Opening) -> Entry {
        let entry = self.visitor.entry_of(OPERATION, &opening.permit, &opening.permit.columns);
        let listing = self.address.map(|address| address.listing);
        Entry { file: Some(self.file.to_string()), listing, ..entry }
    }

    async fn whole(self, opening: Opening) -> Result<HttpResponse, Fault> {
        let len = opening.file.len_bytes();
        self.alone(opening, 0..len, StatusCode::OK).await
    }

    /// A file or a range with an INTENT of its own.
    async fn alone(self, opening: Opening, range: Range<u64>, status: StatusCode) -> Result<HttpResponse, Fault> {
        let (len, bytes) = (opening.file.len_bytes(), range.end.saturating_sub(range.start));
        let account = self.account(&opening.permit).await?;
        let rows = share_of_rows(opening.rows, bytes, len);
        let want = Amount { bytes, rows };
        account.prepare(&self.visitor.app, want).await?;
        let hold = match account.hold(want) {
            Ok(hold) => hold,
            Err(short) => {
                let fault = short.fault(self.visitor.app.clock.now());
                return Err(record::refuse(&self.visitor.app, self.intent(&opening), fault).await);
            }
        };
        let opened = record::open(&self.visitor.app, self.intent(&opening)).await?;
        let mut answer = self.head(status, &*opening.file, Some(&account));
        if status == StatusCode::PARTIAL_CONTENT {
            answer.insert_header((CONTENT_RANGE, content_range(&range, len)));
        }
        answer.insert_header((RECEIPT, HeaderValue::from(opened.index())));
        let read = Box::new(OwnRead { opened, hold, standings: vec![opening.standing] });
        let payer = Payer::Own { read, file_rows: opening.rows, file_len: len };
        Ok(answer.body(FileBody::new(opening.file.read(range), bytes, payer).boxed()))
    }

    /// A range under a lease, which is opened when there is none or the one there is takes no more.
    async fn leased(self, opening: Opening, range: Range<u64>) -> Result<HttpResponse, Fault> {
        let app = &self.visitor.app;
        let account = self.account(&opening.permit).await?;
        let Opening { permit, file, rows, .. } = &opening;
        let bytes = range.end.saturating_sub(range.start);
        let want = Amount { bytes, rows: share_of_rows(*rows, bytes, file.len_bytes()) };
        if let Some(short) = account.short_of(want) {
            return Err(record::refuse(app, self.intent(&opening), short.fault(app.clock.now())).await);
        }
        // The lease sets rows aside generously, and others may take of what is at hand meanwhile.
        let want = Amount { rows: want.rows.saturating_add(1), ..want }.plus(Amount { bytes, rows: want.rows });
        for _ in 0..3 {
            account.prepare(app, want).await?;
            let now = app.clock.now();
            let open = || async {
                let bytes_max = ceiling(&account, file.len_bytes(), bytes);
                let seconds = app.config.ledger.lease_seconds;
                let intent = Entry {
                    bytes: Some(bytes_max),
                    ranges: Some(RANGES_MAX),
                    detail: Some(format!("lease of at most {seconds} s")),
                    ..self.intent(&opening)
                };
                let opened = record::open(app, intent).await?;
                let snapshot = app.snapshots.present();
                let principal = &self.visitor.caller.principal;
                let standing = Standing::new(&snapshot, principal, Action::Read, permit);
                let standing = standing.ok_or_else(Fault::not_found)?.unchecked();
                let (file, account) = (Arc::clone(file), Arc::clone(&account));
                let ends_at = now.plus(Duration::from_secs(seconds));
                Ok::<_, Fault>(Lease::new(Terms {
                    opened,
                    file,
                    file_rows: *rows,
                    standing,
                    account,
                    ends_at,
                    bytes_max,
                }))
            };
            let lease = app.data.leases.find_or_open(self.key(), now, open).await?;
            if !lease.holds() {
                return Err(self.no_file());
            }
            if let Some(answer) = self.range_of(&lease, range.clone(), true) {
                return answer;
            }
        }
        Err(Fault::ledger("leases fill up faster than they are opened"))
    }

    /// The headers of a file.
    fn head(&self, status: StatusCode, file: &dyn OpenFile, account: Option<&Account>) -> HttpResponseBuilder {
        let mut answer = HttpResponse::build(status);
        answer.insert_header((CONTENT_TYPE, HeaderValue::from_static(PARQUET)));
        answer.insert_header((ACCEPT_RANGES, HeaderValue::from_static("bytes")));
        answer.insert_header((REFERRER_POLICY, HeaderValue::from_static("no-referrer")));
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", file.etag())) {
            answer.insert_header((ETAG, tag));
        }
        self.visitor.limit_headers(&mut answer, account);
        answer
    }
}

/// The bytes that a lease's INTENT names: the file once, but not more than the budget has; never less than the range.
fn ceiling(account: &Account, len: u64, range: u64) -> u64 {
    len.min(account.remaining().bytes).max(range)
}

fn content_range(range: &Range<u64>, len: u64) -> String {
    format!("bytes {}-{}/{len}", range.start, range.end.saturating_sub(1))
}

fn outside(file: &dyn OpenFile) -> Fault {
    let len = file.len_bytes();
    let fault = Fault::new(
        Code::RangeNotSatisfiable,
        format!("The range lies outside the file, which has {len} bytes."),
        format!("요청한 범위가 파일({len}바이트)을 벗어납니다."),
    );
    match HeaderValue::from_str(&format!("bytes */{len}")) {
        Ok(value) => fault.header(CONTENT_RANGE, value),
        Err(_) => fault,
    }
}
