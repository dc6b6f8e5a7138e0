//! What can be said to `mudeung ledger`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Check, prove, export and prune the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Check a ledger by its rows, by what a server shows of it, or by an export; report the first fault
    Verify(VerifyArgs),
    /// Write the entries of a period to a folder that proves itself
    Export {
        /// The ledger
        #[command(flatten)]
        ledger: LedgerArgs,
        /// What to write
        #[command(flatten)]
        export: ExportArgs,
    },
    /// Write a proof to a file: that an entry is in the ledger, or that it extends what it was
    Prove(ProveArgs),
    /// Erase what entries stand for: addresses and names of people. The entries and all proofs stay as they are
    Erase(EraseArgs),
    /// Give up the entries up to the end of a year that is kept no longer: export them, then take their rows away
    Prune(PruneArgs),
}

/// Which ledger.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct LedgerArgs {
    /// The configuration file of the server (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The ledger database: a SQLite file or a postgres:// address
    #[arg(long, value_name = "DATABASE")]
    pub(crate) database: Option<String>,
}

/// What to check, and against what.
#[derive(Debug, Args)]
#[command(after_help = "\
Keep the checkpoint of every check, and begin the next one from it: so nothing that was there can
be changed unseen. Get the verifier key from the hospital in another way than the ledger; GET
/ledger/verifier shows it.

Exit codes: 0 it holds, 1 it could not be checked, 2 what was given is not right,
3 IT DOES NOT HOLD.

Examples:
  mudeung ledger verify --config mudeung.toml
  mudeung ledger verify --url https://data.example.org --verifier log.key --keep held.checkpoint
  mudeung ledger verify --url https://data.example.org --verifier log.key \\
    --from held.checkpoint --keep held.checkpoint
  mudeung ledger verify --export ledger-2026 --verifier data.example.org/ledger+12345678+AX…
  mudeung ledger verify --proof 100-200.add-checkpoint --from held.checkpoint --verifier log.key")]
pub(crate) struct VerifyArgs {
    /// What to check
    #[command(flatten)]
    pub(crate) subject: SubjectArgs,
    /// Whom to trust
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// A signed checkpoint of this ledger that you hold: also check that the present ledger extends it
    #[arg(long, value_name = "FILE", conflicts_with = "export")]
    pub(crate) from: Option<PathBuf>,
    /// With --url: write the checkpoint that was found to hold to this file, for the next time
    #[arg(long, value_name = "FILE", requires = "url")]
    pub(crate) keep: Option<PathBuf>,
}

/// What to check.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SubjectArgs {
    /// The ledger of a server's configuration file (TOML): recompute everything from its rows
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The same of a ledger database: a SQLite file or a postgres:// address
    #[arg(long, value_name = "DATABASE")]
    pub(crate) database: Option<String>,
    /// A running server, as anybody sees it: its checkpoint and all its tiles; with --from those that are new
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The folder of an export
    #[arg(long, value_name = "DIR")]
    pub(crate) export: Option<PathBuf>,
    /// A consistency proof in a file, as `prove --consistency` writes it; needs --from
    #[arg(long, value_name = "FILE", requires = "from")]
    pub(crate) proof: Option<PathBuf>,
}

/// Whom to trust.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// The log's verifier key, or a file with it; again for each former key
    #[arg(long, value_name = "KEY|FILE")]
    pub(crate) verifier: Vec<String>,
    /// The verifier key of a witness, or a file with it; again for each
    #[arg(long, value_name = "KEY|FILE")]
    pub(crate) witness: Vec<String>,
    /// So many of the witnesses must have cosigned
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) threshold: usize,
}

/// What to prove.
#[derive(Debug, Args)]
#[command(after_help = "\
<INDEX>.tlog-proof is a C2SP tlog-proof, with the entry itself when it is made from the database.
<OLD>-<NEW>.add-checkpoint is the request of C2SP tlog-witness: the hashes of the proof, and the
signed checkpoint. Both are checked before they are written.

Examples:
  mudeung ledger prove 17 --config mudeung.toml
  mudeung ledger prove 17 --url https://data.example.org --verifier log.key --out proofs
  mudeung ledger prove --consistency 100 --url https://data.example.org --verifier log.key
  mudeung ledger prove --consistency 100 200 --database ledger.sqlite")]
pub(crate) struct ProveArgs {
    /// Which ledger
    #[command(flatten)]
    pub(crate) log: LogArgs,
    /// The entry's index, as in the Mudeung-Receipt header
    #[arg(required_unless_present = "consistency", conflicts_with = "consistency")]
    pub(crate) index: Option<u64>,
    /// Prove that the tree of NEW entries begins with the one of OLD [default of NEW: the present tree]
    #[arg(long, value_names = ["OLD", "NEW"], num_args = 1..=2)]
    pub(crate) consistency: Vec<u64>,
    /// Whom to trust
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// A signed checkpoint to prove under [default: the present one]
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// The folder to write into; made when it is not there
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
}

/// Which ledger, from inside or outside.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct LogArgs {
    /// The ledger of a server's configuration file (TOML); a checkpoint is signed when there is none of the present tree
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A ledger database: a SQLite file or a postgres:// address
    #[arg(long, value_name = "DATABASE")]
    pub(crate) database: Option<String>,
    /// A running server, as anybody sees it
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
}

/// What to export, and where to.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// From this moment (RFC 3339) [default: the first entry]
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Before this moment (RFC 3339) [default: the last checkpoint]
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// The entries of a year that is over (Korea Standard Time), up to the checkpoint that closed it
    #[arg(long, value_name = "YEAR", conflicts_with_all = ["from", "to"])]
    pub(crate) year: Option<i16>,
    /// Add the addresses and names that entries stand for, as far as they were not erased; needs --config
    #[arg(long)]
    pub(crate) with_openings: bool,
    /// ndjson, csv, fhir-r4 or fhir-r5
    #[arg(long, value_name = "FORMAT", default_value = "ndjson")]
    pub(crate) format: String,
    /// The server's keys, when no configuration names them
    #[arg(long, value_name = "DIR")]
    pub(crate) keys: Option<PathBuf>,
    /// The folder to write; it must not be there yet
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// What to erase.
#[derive(Debug, Args)]
#[command(after_help = "\
Entries hold commitments in place of network addresses and names; the values lie in the control
database. Erased values are gone from its files too (on PostgreSQL not from its write-ahead log and
from backups: those are yours to end). Erasing is recorded before and after, without the value.

Examples:
  mudeung ledger erase --older-than 2024-01-01 --reason 'retention is over' --config mudeung.toml
  mudeung ledger erase --member mem_01jc… --reason 'left, asked for it' --config mudeung.toml")]
pub(crate) struct EraseArgs {
    /// The configuration file of the server (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Whose values
    #[command(flatten)]
    pub(crate) subject: EraseSubject,
    /// Why; the ledger keeps it
    #[arg(long)]
    pub(crate) reason: String,
}

/// Whose values.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct EraseSubject {
    /// All that is kept of a member
    #[arg(long, value_name = "ID")]
    pub(crate) member: Option<String>,
    /// A network address, whoever used it
    #[arg(long, value_name = "IP")]
    pub(crate) address: Option<String>,
    /// What was kept before this day (Korea Standard Time)
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) older_than: Option<String>,
}

/// What to give up.
#[derive(Debug, Args)]
#[command(after_help = "\
Only years whose retention (ledger.retention_years, 2 at least) is over can be given up. The export
is written and checked first, the ledger keeps an INTENT and an OUTCOME with its hash, and the
hashes of all entries stay: tree, checkpoints, receipts, usage and `verify` are as they were.
Whatever an interrupted run left is finished by the next.

Example:
  mudeung ledger prune 2023 --config mudeung.toml --out /archive/ledger-2023")]
pub(crate) struct PruneArgs {
    /// The last year to give up, in Korea Standard Time; what is older goes with it
    pub(crate) year: i16,
    /// The configuration file of the server (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The folder to export to; it must not be there yet. Keep it: nothing else has the entries afterwards
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}
