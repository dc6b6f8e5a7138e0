//! A shared table: every version of it that the caller may read, and the budget that pays.

use crate::data::budget::Reading;
use crate::data::params::clipped;
use crate::data::place::Place;
use crate::data::visit::Visitor;
use crate::fault::Fault;
use crate::hex::hex;
use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;
use mudeung_core::clock::Timestamp;
use mudeung_core::dataset::{Column, Table, Version, VersionState};
use mudeung_core::policy::{Action, Denial, Permit, Resource, decide};
use mudeung_core::tier::Tier;
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;
use sha2::{Digest, Sha256};

/// A table and all that of it is open.
pub struct SharedTable {
    /// Where it is.
    pub place: Place,
    /// A permit for each published version in which it is open, oldest first; never empty.
    pub versions: Vec<Permit>,
}

/// A version of a table in an answer.
#[derive(Clone, Copy)]
pub struct Edition<'t> {
    /// What is open.
    pub permit: &'t Permit,
    /// The table.
    pub table: &'t Table,
}

/// The name of a share, a schema or a table as an address has it: any case is the same name.
pub fn name(text: &str) -> String {
    text.to_lowercase()
}

impl SharedTable {
    /// Finds a table by its names. What is not open is answered like what does not exist.
    pub async fn open(
        visitor: &Visitor,
        operation: &str,
        (share, schema, table): (&str, &str, &str),
    ) -> Result<Self, Fault> {
        let place = Place { dataset: name(share), tier: Tier::parse(&name(schema)), version: None, table: name(table) };
        let versions = match visible(visitor, &place) {
            Ok(versions) => versions,
            Err(denial) => return Err(visitor.refuse(operation, &place, denial.into()).await),
        };
        let shared = Self { place, versions };
        if shared.versions.iter().all(|permit| permit.rows.is_some()) {
            let fault = if shared.versions.is_empty() { Fault::not_found() } else { rows_only() };
            return Err(visitor.refuse(operation, &shared.place, fault).await);
        }
        Ok(shared)
    }

    /// The latest version.
    pub fn latest(&self) -> Result<Edition<'_>, Fault> {
        self.editions().next_back().ok_or_else(Fault::not_found)
    }

    /// The version of that number.
    pub fn numbered(&self, number: u64) -> Result<Edition<'_>, Fault> {
        let found = self.editions().find(|edition| u64::from(edition.number()) == number);
        found.ok_or_else(|| self.no_version("version", &number.to_string()))
    }

    /// The version that was the latest at a moment.
    pub fn at(&self, moment: Timestamp, parameter: &str) -> Result<Edition<'_>, Fault> {
        let found = self.editions().rev().find(|edition| edition.published_at() <= moment);
        found.ok_or_else(|| self.no_version(parameter, "that moment"))
    }

    /// The first version published at a moment or after it.
    pub fn since(&self, moment: Timestamp, parameter: &str) -> Result<Edition<'_>, Fault> {
        let found = self.editions().find(|edition| edition.published_at() >= moment);
        found.ok_or_else(|| self.no_version(parameter, "that moment or after it"))
    }

    /// All versions, oldest first.
    pub fn editions(&self) -> impl DoubleEndedIterator<Item = Edition<'_>> {
        self.versions.iter().filter_map(|permit| Some(Edition { permit, table: permit.table()? }))
    }

    /// Whether there is more than one version, and so something to compare.
    pub fn has_history(&self) -> bool {
        self.versions.len() > 1
    }

    /// Refuses, and records it, when nothing is left to read with: addresses are given out only to who can use them.
    pub async fn check_budget(&self, visitor: &Visitor, operation: &str) -> Result<(), Fault> {
        let latest = self.latest()?.permit;
        let reading = Reading {
            app: visitor.caller.principal.app,
            grant: latest.grant.as_deref(),
            datasets: &[&latest.version.dataset],
        };
        let account = visitor.app.data.budgets.account(&visitor.app, reading).await?;
        match account.empty() {
            Some(short) => Err(visitor.refuse(operation, &self.place, short.fault(visitor.app.clock.now())).await),
            None => Ok(()),
        }
    }

    /// The identifier that the table keeps in every version.
    pub fn id(&self) -> String {
        let Place { dataset, tier, table, .. } = &self.place;
        table_id(dataset, tier.map_or("", Tier::as_str), table)
    }

    fn no_version(&self, parameter: &str, what: &str) -> Fault {
        let numbers: Vec<String> = self.editions().map(|edition| edition.number().to_string()).collect();
        let numbers = numbers.join(", ");
        Fault::parameter(
            parameter,
            format!("The table has no version for {what}. Its versions: {numbers}."),
            format!("이 표에는 요청한 버전이 없습니다. 제공 중인 버전: {numbers}"),
        )
    }
}

impl<'t> Edition<'t> {
    /// The version's number.
    pub fn number(self) -> u32 {
        self.permit.version.number
    }

    /// When it was published.
    pub fn published_at(self) -> Timestamp {
        published_at(&self.permit.version)
    }

    /// The columns that are open, in file order.
    pub fn columns(self) -> impl Iterator<Item = &'t Column> {
        self.table.columns.iter().filter(move |column| self.permit.columns.contains(&column.name))
    }
}

/// When a version was published.
pub fn published_at(version: &Version) -> Timestamp {
    match version.state {
        VersionState::Published { published_at } => published_at,
        VersionState::Staged | VersionState::Withdrawn { .. } => version.created_at,
    }
}

/// Stable identifiers: the same for everyone and at every time, and of the form that clients take for a UUID (version 8).
pub fn stable_id(kind: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("mudeung {kind}\n{name}"));
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = from;
    }
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = (*version & 0x0f) | 0x80;
    *variant = (*variant & 0x3f) | 0x80;
    let hex: String = hex(&bytes);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// The identifier of a share.
pub fn share_id(dataset: &str) -> String {
    stable_id("share", dataset)
}

/// The identifier of a table.
pub fn table_id(dataset: &str, tier: &str, table: &str) -> String {
    stable_id("table", &format!("{dataset}/{tier}/{table}"))
}

/// The program that asks, as far as it says, for the ledger.
pub fn agent(request: &HttpRequest) -> String {
    let agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("unknown");
    clipped(agent)
}

/// An entry about a version of a shared table.
pub fn entry(visitor: &Visitor, operation: &str, permit: &Permit, detail: String) -> Entry {
    Entry { detail: Some(detail), ..visitor.entry_of(operation, permit, &permit.columns) }
}

/// A permit for each published version that is open. The answer of the latest version decides whether there is anything.
fn visible(visitor: &Visitor, place: &Place) -> Result<Vec<Permit>, Denial> {
    let (snapshot, now) = (visitor.app.snapshots.present(), visitor.app.clock.now());
    let tier = place.tier.ok_or(Denial::NotFound)?;
    let entry = snapshot.datasets.get(place.dataset.as_str()).ok_or(Denial::NotFound)?;
    let principal = &visitor.caller.principal;
    let mut last = Denial::NotFound;
    let mut permits = Vec::new();
    for version in entry.tiers.get(&tier).into_iter().flatten() {
        let resource = Resource {
            dataset: place.dataset.as_str(),
            tier,
            version: Some(version.number),
            table: place.table.as_str(),
        };
        match decide(&snapshot, principal, Action::Read, resource, now) {
            Ok(permit) => permits.push(permit),
            Err(denial) => last = denial,
        }
    }
    if permits.is_empty() { Err(last) } else { Ok(permits) }
}

fn rows_only() -> Fault {
    Fault::new(
        Code::Unprocessable,
        "The grant opens some rows of this table only, so it has no files to share. Read it with \
         GET /v1/datasets/…/rows or POST /v1/query.",
        "이 표는 일부 행만 승인되어 파일로 공유되지 않습니다. GET /v1/datasets/…/rows 또는 POST /v1/query로 조회하세요.",
    )
}
