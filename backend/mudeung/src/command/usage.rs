//! `mudeung usage invoice|export|verify`.

use crate::cli::{InvoiceArgs, UsageCommand};
use crate::failure::Failure;
use crate::system::SystemClock;
use crate::{say, setup};
use mudeung_core::clock::Clock;
use mudeung_core::id::OrganizationId;
use mudeung_server::billing::{
    BUNDLE_ENTRIES as ENTRIES, BUNDLE_INVOICE as INVOICE, BUNDLE_NOTE as NOTE, BUNDLE_VERIFIER as VERIFIER,
    BillingError, Office,
};
use mudeung_server::keys::Keys;
use mudeung_store::billing::{StoredInvoice, find_invoice, insert_invoice};
use mudeung_store::{CheckpointStore, Db, Ledger, organizations};
use mudeung_wire::invoice::{BundleEntry, Claim, Invoice, Month, Report, verify};
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
use std::io::{BufRead, Write};
use std::path::Path;

/// Issues, exports or checks an invoice.
pub(crate) async fn run(command: UsageCommand) -> Result<(), Failure> {
    match command {
        UsageCommand::Invoice(args) => issue(&args).await,
        UsageCommand::Export { invoice, out } => export(&invoice, &out).await,
        UsageCommand::Verify { bundle, verifier } => check(&bundle, verifier.as_deref()),
    }
}

/// A server's parts, as far as invoices need them.
struct Books {
    db: Db,
    ledger: Ledger,
    keys: Keys,
    origin: String,
}

impl Books {
    async fn open(args: &InvoiceArgs) -> Result<Self, Failure> {
        let config = setup::read_config(&args.config)?;
        let db = setup::open_control(&config).await?;
        let ledger = setup::open_ledger(&config.database.ledger, 16)?;
        let keys = setup::open_keys(&config)?;
        let named = Some(config.ledger.origin.clone()).filter(|origin| !origin.is_empty());
        let checkpoints = CheckpointStore::open(&config.checkpoints()).map_err(Failure::failed)?;
        let signed = mudeung_server::ledger::publisher::last_origin(&ledger, &checkpoints).await;
        let signed = signed.map_err(Failure::failed)?;
        let origin = named.or(signed).ok_or_else(|| Failure::failed(BillingError::NotCovered))?;
        Ok(Self { db, ledger, keys, origin })
    }

    fn office(&self) -> Office<'_> {
        let Self { db, ledger, keys, origin } = self;
        Office { db, ledger, key: keys.ledger(), origin, now: SystemClock.now() }
    }

    async fn organization(&self, text: &str) -> Result<OrganizationId, Failure> {
        let id = OrganizationId::parse(text).map_err(Failure::input)?;
        let found = self.db.read("find organization", move |conn| organizations::find_organization(conn, id)).await;
        found
            .map_err(Failure::failed)?
            .map(|_| id)
            .ok_or_else(|| Failure::input(format!("there is no organization {id}")))
    }

    async fn find(&self, organization: OrganizationId, month: Month) -> Result<Option<StoredInvoice>, Failure> {
        let found = self.db.read("find invoice", move |conn| find_invoice(conn, organization, month)).await;
        found.map_err(Failure::failed)
    }
}

/// Issues the invoice of a month, once; says what it is when it was issued before.
async fn issue(args: &InvoiceArgs) -> Result<(), Failure> {
    let (month, books) = (month(&args.month)?, Books::open(args).await?);
    let organization = books.organization(&args.organization).await?;
    if let Some(stored) = books.find(organization, month).await? {
        return told(&stored, "issued already");
    }
    let stored = books.office().prepare(organization, month).await.map_err(|error| match error {
        BillingError::NotOver(_) => Failure::input(error),
        error => Failure::failed(error),
    })?;
    let kept = stored.clone();
    let change =
        async { books.db.tx("issue invoice", move |conn| insert_invoice(conn, &kept)).await.map_err(Failure::failed) };
    let detail = format!("{organization} {month} sha256 {}", stored.sha256);
    setup::recorded(&books.ledger, setup::intent("invoice.issue", detail), change).await?;
    told(&stored, "issued")
}

fn told(stored: &StoredInvoice, what: &str) -> Result<(), Failure> {
    let invoice: Invoice = serde_json::from_str(&stored.document).map_err(Failure::failed)?;
    let total = invoice.totals.total_krw;
    say(&format!("{} {}: {what}, {total} KRW with VAT, sha256 {}", stored.organization, stored.month, stored.sha256))
}

/// Writes the folder that a company checks its invoice with.
async fn export(args: &InvoiceArgs, out: &Path) -> Result<(), Failure> {
    let (month, books) = (month(&args.month)?, Books::open(args).await?);
    let organization = books.organization(&args.organization).await?;
    let stored = books.find(organization, month).await?.ok_or_else(|| {
        Failure::input(format!("the invoice of {organization} for {month} is not issued; see `mudeung usage invoice`"))
    })?;
    let invoice: Invoice = serde_json::from_str(&stored.document).map_err(Failure::failed)?;
    let office = books.office();
    let size = Checkpoint::verify(&invoice.checkpoint, &office.verifier()).map_err(Failure::failed)?.size;
    std::fs::create_dir_all(out).map_err(|error| cannot_write(out, &error))?;
    write(out, INVOICE, stored.document.as_bytes())?;
    write(out, NOTE, stored.note.as_bytes())?;
    write(out, VERIFIER, format!("{}\n", office.verifier()).as_bytes())?;
    let path = out.join(ENTRIES);
    let file = std::fs::File::create(&path).map_err(|error| cannot_write(&path, &error))?;
    let mut writer = std::io::BufWriter::new(file);
    let indices = office.entries_of(&invoice).await.map_err(Failure::failed)?;
    for index in &indices {
        let entry = office.proved(*index, size).await.map_err(Failure::failed)?;
        let line = entry.to_line().map_err(Failure::failed)?;
        writeln!(writer, "{line}").map_err(|error| cannot_write(&path, &error))?;
    }
    writer.flush().map_err(|error| cannot_write(&path, &error))?;
    say(&format!("{}: the invoice and {} entries with their proofs", out.display(), indices.len()))
}

/// Checks such a folder with nothing else.
fn check(folder: &Path, verifier: Option<&str>) -> Result<(), Failure> {
    let enclosed;
    let (key, trusted) = match verifier {
        Some(key) => (key, true),
        None => {
            enclosed = read(folder, VERIFIER)?;
            (enclosed.trim(), false)
        }
    };
    let verifier = LogVerifier::parse(key).ok_or_else(|| Failure::input(format!("{key} is not a verifier key")))?;
    let (invoice, note) = (read(folder, INVOICE)?, read(folder, NOTE)?);
    let report = verify(Claim { invoice: invoice.as_bytes(), note: &note }, entries(folder)?, &verifier);
    let report = report.map_err(|fault| Failure::broken(format!("THE INVOICE DOES NOT HOLD: {fault}")))?;
    say(&holds(&report))?;
    if trusted {
        return Ok(());
    }
    say(&format!("checked with the key in the folder, {key}: compare it with the one you know, or give --verifier"))
}

fn holds(report: &Report) -> String {
    let Report { invoice, outcomes, intents, tree_size } = report;
    format!(
        "the invoice holds: {} {}, {} lines from {outcomes} OUTCOME and {intents} INTENT entries under a tree of \
         {tree_size}, {} KRW with VAT",
        invoice.organization,
        invoice.month,
        invoice.lines.len(),
        invoice.totals.total_krw
    )
}

fn entries(folder: &Path) -> Result<Vec<BundleEntry>, Failure> {
    let path = folder.join(ENTRIES);
    let file = std::fs::File::open(&path).map_err(|error| cannot_read(&path, &error))?;
    let mut entries = Vec::new();
    for (number, line) in std::io::BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| cannot_read(&path, &error))?;
        let entry = BundleEntry::parse(&line);
        let place = format!("THE INVOICE DOES NOT HOLD: {}, line {}", path.display(), number + 1);
        entries.push(entry.map_err(|error| Failure::broken(format!("{place}: {error}")))?);
    }
    Ok(entries)
}

fn month(text: &str) -> Result<Month, Failure> {
    text.parse().map_err(|error| Failure::input(format!("{text}: {error}")))
}

fn read(folder: &Path, name: &str) -> Result<String, Failure> {
    let path = folder.join(name);
    std::fs::read_to_string(&path).map_err(|error| cannot_read(&path, &error))
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let path = folder.join(name);
    std::fs::write(&path, bytes).map_err(|error| cannot_write(&path, &error))
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    Failure::input(format!("cannot read {}: {error}", path.display()))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot write {}: {error}", path.display()))
}
