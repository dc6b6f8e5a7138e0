//! `mudeung ledger prune`: the entries of years that are kept no longer, into an export and out of the database.

use super::export::{checkpoint, write_folder};
use super::ledger::open;
use crate::cli::{LedgerArgs, PruneArgs};
use crate::failure::Failure;
use crate::system::SystemClock;
use crate::{say, setup};
use mudeung_core::clock::Clock;
use mudeung_server::audit::export::{Export, Format, Order};
use mudeung_server::audit::prune::{PruneError, plan};
use mudeung_wire::ledger::checkpoint::LogVerifier;
use mudeung_wire::ledger::pruning::PRUNE;

/// Exports, records, gives up.
pub(crate) async fn prune(args: &PruneArgs) -> Result<(), Failure> {
    let config = setup::read_config(&args.config)?;
    // What a server would refuse to start with is refused here too.
    let mut settled = config.clone();
    settled
        .settle(config.http.listen)
        .map_err(|error| Failure::input(format!("{}: {error}", args.config.display())))?;
    if args.out.exists() {
        return Err(Failure::input(format!("{} is there already; name a folder that is not", args.out.display())));
    }
    let of = LedgerArgs { config: Some(args.config.clone()), database: None };
    let ledger = open(&of)?;
    let now = SystemClock.now();
    let plan = plan(&ledger, args.year, config.ledger.retention_years, now).await.map_err(failure)?;
    if plan.swept > 0 {
        say(&format!("{} rows that an earlier run left were taken away", plan.swept))?;
    }
    if plan.is_empty() {
        return say(&format!("nothing is left to give up: no full tile of entries is from {} or before", args.year));
    }
    let keys = setup::open_keys(&config)?;
    let note = checkpoint(&of, &ledger, &keys).await?;
    let order = Order { format: Format::Ndjson, from: None, until: None, made_at: now };
    let run = (plan.entries.from, plan.entries.until);
    let export = Export::begin_run(&ledger, keys.ledger(), &note, order, run).await.map_err(Failure::failed)?;
    write_folder(export, &args.out).await?;
    let origin = note.lines().next().unwrap_or_default().to_owned();
    let verifier = LogVerifier::new(origin, keys.ledger().verifying_key());
    let detail = plan.detail(&ledger, &args.out, &verifier).await.map_err(failure)?;
    let change = async { plan.carry_out(&ledger).await.map_err(failure) };
    let rows = setup::recorded(&ledger, setup::intent(PRUNE, detail), change).await?;
    ledger.close().await;
    say(&format!(
        "{}: the entries from {} to before {}, checked; {rows} rows are gone from the database. Keep this folder",
        args.out.display(),
        run.0,
        run.1
    ))
}

fn failure(error: PruneError) -> Failure {
    match error {
        PruneError::Year(_) | PruneError::Kept { .. } => Failure::input(error),
        error => Failure::failed(error),
    }
}
