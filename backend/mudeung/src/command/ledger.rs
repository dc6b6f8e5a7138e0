//! What the subcommands of `mudeung ledger` share.

use crate::cli::LedgerArgs;
use crate::failure::Failure;
use crate::setup;
use indicatif::{ProgressBar, ProgressStyle};
use mudeung_store::Ledger;
use std::path::Path;

/// Opens the ledger that is meant; one that is not there is not made.
pub(super) fn open(args: &LedgerArgs) -> Result<Ledger, Failure> {
    match (&args.config, &args.database) {
        (Some(config), _) => setup::open_ledger(&setup::read_config(config)?.database.ledger, 1),
        (None, Some(database)) => {
            let file = database.strip_prefix("sqlite://").unwrap_or(database);
            if !database.starts_with("postgres") && !Path::new(file).is_file() {
                return Err(Failure::input(format!("there is no ledger at {file}")));
            }
            setup::open_ledger(database, 1)
        }
        (None, None) => Err(Failure::input("say which ledger: --config FILE or --database DATABASE")),
    }
}

/// A bar on standard error, when that is a terminal.
pub(super) fn progress(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {eta}");
    let bar = ProgressBar::new(0).with_message(what);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
