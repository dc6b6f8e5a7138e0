//! Ledger before effect, closed after: the one wrapper through which data leaves and things change.

use crate::auth::Caller;
use crate::call::Call;
use crate::fault::Fault;
use crate::hex::hex;
use crate::state::App;
use actix_web::web;
use mudeung_core::clock::{Clock, Entropy};
use mudeung_core::member::Member;
use mudeung_core::policy::Permit;
use mudeung_store::ledger::{Ledger, LedgerError};
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use sha2::{Digest, Sha256};

/// The most column names an entry carries, and how long they may be together.
const COLUMNS_MAX: usize = 1_024;
const COLUMN_BYTES_MAX: usize = 16 << 10;

/// An INTENT that is durable and waits for its OUTCOME. Dropped without [`Opened::close`], it is closed as aborted with
/// what was counted so far: a client that goes away leaves a true record.
pub struct Opened {
    app: web::Data<App>,
    intent: Entry,
    index: u64,
    bytes: u64,
    rows: u64,
    closed: bool,
}

/// The start of an entry about an access by an app.
pub fn entry_for(app: &App, call: &Call, caller: &Caller, operation: &str) -> Entry {
    Entry {
        app: Some(caller.principal.app.to_string()),
        credential: Some(caller.principal.credential.to_string()),
        organization: Some(caller.organization.to_string()),
        token: Some(caller.principal.token.to_string()),
        ..blank(app, call, operation)
    }
}

/// The start of an entry that names nobody but the address that the call came from.
pub fn blank(app: &App, call: &Call, operation: &str) -> Entry {
    Entry { address: Some(app.personal.address(app, None, call.address)), ..unsaid(app, call, operation) }
}

/// The start of an entry about what a member of the portal does.
pub fn by_member(app: &App, call: &Call, member: &Member, operation: &str) -> Entry {
    Entry {
        address: Some(app.personal.address(app, Some(member.id), call.address)),
        member: Some(member.id.to_string()),
        organization: Some(member.organization.to_string()),
        person: Some(app.personal.person(app, member)),
        ..unsaid(app, call, operation)
    }
}

fn unsaid(app: &App, call: &Call, operation: &str) -> Entry {
    Entry {
        trace: Some(call.trace.clone()),
        ..Entry::new(Kind::Intent, operation, app.clock.now().micros(), nonce(app))
    }
}

/// Adds what a permit opens to an entry.
pub fn with_permit(mut entry: Entry, permit: &Permit, columns: &[String]) -> Entry {
    entry.dataset = Some(permit.version.dataset.to_string());
    entry.tier = Some(permit.version.tier.to_string());
    entry.version = Some(permit.version.number);
    entry.table = permit.table().map(|table| table.name.to_string());
    entry.columns = Some(recorded_columns(columns));
    entry.grant = permit.grant.as_ref().map(|grant| grant.id.to_string());
    entry.purpose = permit.grant.as_ref().map(|grant| grant.purpose.clone());
    entry
}

/// Column names as they are recorded: all of them, or, where they would crowd an entry, how many and which in one hash.
fn recorded_columns(columns: &[String]) -> Vec<String> {
    if columns.iter().map(String::len).sum::<usize>() <= COLUMN_BYTES_MAX && columns.len() <= COLUMNS_MAX {
        return columns.to_vec();
    }
    let hash: [u8; 32] = Sha256::digest(columns.join("\n")).into();
    let hex: String = hex(&hash);
    vec![format!("{} columns, sha256 of their names by line {hex}", columns.len())]
}

/// Makes an INTENT durable. When this fails nothing may happen: no byte, no change.
pub async fn open(app: &web::Data<App>, intent: Entry) -> Result<Opened, Fault> {
    app.personal.keep(app, &intent).await?;
    let receipt = app.ledger.append(intent.clone()).await?;
    Ok(Opened { app: app.clone(), intent, index: receipt.index, bytes: 0, rows: 0, closed: false })
}

/// Records something that has no duration (a listing, a description, a token, a refusal) as one OUTCOME, durable before
/// the answer. Gives the entry's index.
pub async fn note(app: &App, entry: Entry, status: Status) -> Result<u64, Fault> {
    let entry = Entry { kind: Kind::Outcome, status: Some(status), ..entry };
    app.personal.keep(app, &entry).await?;
    Ok(app.ledger.append(entry).await?.index)
}

/// Records a refusal, with its code, and gives the fault back to answer with.
pub async fn refuse(app: &App, entry: Entry, fault: Fault) -> Fault {
    let entry = Entry { detail: Some(fault.code.as_str().to_owned()), ..entry };
    match note(app, entry, Status::Denied).await {
        Ok(_) => fault,
        Err(unrecorded) => unrecorded,
    }
}

/// Makes a change that no call asked for, from the command line or by the server itself, the way every change is made: an
/// INTENT that is durable before it, an OUTCOME after it, which says `said` when it was done and what the INTENT said when
/// not.
pub async fn recorded<T, E: From<LedgerError>>(
    ledger: &Ledger,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    intent: Entry,
    change: impl Future<Output = Result<T, E>>,
    said: impl FnOnce(&T) -> Option<String>,
) -> Result<T, E> {
    let receipt = ledger.append(intent.clone()).await?;
    let changed = change.await;
    let (status, detail) = match &changed {
        Ok(done) => (Status::Completed, said(done)),
        Err(_) => (Status::Aborted, None),
    };
    let mut nonce = [0_u8; 16];
    entropy.fill(&mut nonce);
    let outcome = Entry {
        intent: Some(receipt.index),
        status: Some(status),
        detail: detail.or(intent.detail),
        ..Entry::new(Kind::Outcome, &intent.operation, clock.now().micros(), nonce)
    };
    ledger.append(outcome).await?;
    changed
}

impl Opened {
    /// The index of the INTENT: the receipt.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Counts what was sent.
    pub const fn count(&mut self, bytes: u64, rows: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.rows = self.rows.saturating_add(rows);
    }

    /// What was counted: bytes and rows.
    pub const fn counted(&self) -> (u64, u64) {
        (self.bytes, self.rows)
    }

    /// Closes the access. The OUTCOME becomes durable in the background: it never undoes what happened.
    pub fn close(mut self, status: Status, detail: Option<String>) {
        self.finish(status, detail, None);
    }

    /// Closes a lease, which also says how many ranges it served.
    pub fn close_lease(mut self, status: Status, detail: Option<String>, ranges: u64) {
        self.finish(status, detail, Some(ranges));
    }

    /// What it is an access to.
    pub const fn app(&self) -> &web::Data<App> {
        &self.app
    }

    /// What a commitment stands for is said once, by the INTENT.
    fn finish(&mut self, status: Status, detail: Option<String>, ranges: Option<u64>) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        let intent = &self.intent;
        let outcome = Entry {
            app: intent.app.clone(),
            bytes: Some(self.bytes),
            credential: intent.credential.clone(),
            dataset: intent.dataset.clone(),
            detail,
            grant: intent.grant.clone(),
            intent: Some(self.index),
            member: intent.member.clone(),
            organization: intent.organization.clone(),
            ranges,
            rows: Some(self.rows),
            status: Some(status),
            table: intent.table.clone(),
            tier: intent.tier.clone(),
            trace: intent.trace.clone(),
            version: intent.version,
            ..Entry::new(Kind::Outcome, &intent.operation, self.app.clock.now().micros(), nonce(&self.app))
        };
        self.app.ledger.append_detached(outcome);
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.finish(Status::Aborted, None, None);
    }
}

/// What makes the hash of an entry unpredictable.
pub(crate) fn nonce(app: &App) -> [u8; 16] {
    let mut nonce = [0_u8; 16];
    app.entropy.fill(&mut nonce);
    nonce
}
