//! What can be typed.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;

/// Read the datasets of a Mudeung sandbox from the command line.
#[derive(Debug, Parser)]
#[command(
    name = "mudeung-cli",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  mudeung-cli login http://127.0.0.1:8080
  mudeung-cli datasets
  mudeung-cli datasets lymph_node.synthetic
  mudeung-cli pull lymph_node.synthetic --out data
  mudeung-cli query --table lymph_node.synthetic.patient --limit 5
  mudeung-cli query 'select count(*) from lymph_node.synthetic.patient'

A table is named dataset.tier.table. The tier `synthetic` is open to every app; `deidentified`
needs a grant, which you ask for in the portal.

Instead of a profile, the environment may give MUDEUNG_URL, MUDEUNG_CLIENT_ID, and
MUDEUNG_CLIENT_SECRET or MUDEUNG_PRIVATE_KEY (a file); MUDEUNG_DPOP=1 binds tokens to a key.
Exit status: 0 done, 1 failed, 2 the input was wrong."
)]
pub(crate) struct Arguments {
    /// Which stored credential to use [default: `default`, or what MUDEUNG_PROFILE says]
    #[arg(long, global = true, value_name = "NAME", display_order = 900)]
    pub(crate) profile: Option<String>,
    /// Answer in JSON, for programs
    #[arg(long, global = true, display_order = 901)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in from a browser, or with the credential of an app
    #[command(after_help = "\
Without --client-id it shows an address and a code. Open the address in any browser, sign in to
the portal, enter the code and choose the app that this command line acts for:
  mudeung-cli login https://sandbox.example

With --client-id it takes the app's own credential. The secret is asked for without showing it; in
scripts it is read from standard input, or from MUDEUNG_CLIENT_SECRET:
  mudeung-cli login --url https://sandbox.example --client-id app_… < secret.txt

With --key the app proves itself by a private key, of which nothing is ever sent. The file stays
where it is and must be readable by you alone (chmod 600); it is read anew by each command. Its
public half is registered in the portal, which shows the key's name (--kid):
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
  mudeung-cli login https://sandbox.example --client-id app_… --key key.pem

--dpop binds each token to a key that the command makes for itself, so that a token that leaks is
of no use (RFC 9449). --log stores the ledger's verifier key, which you got from the hospital
itself: `pull` then keeps a receipt of every access and checks it.

What is needed later is stored in profiles.toml in the configuration directory of your user,
readable by you alone. Several sign-ins live side by side:
  mudeung-cli login --profile hospital --url …
  mudeung-cli datasets --profile hospital")]
    Login(LoginArguments),
    /// Forget a stored sign-in, and sign the device out on the server
    Logout,
    /// List the datasets, or show the dictionary of one
    #[command(after_help = "\
Examples:
  mudeung-cli datasets                                    all datasets
  mudeung-cli datasets lymph_node                         its tiers, tables and columns
  mudeung-cli datasets lymph_node.synthetic.patient      one table")]
    Datasets {
        /// What to show: DATASET, DATASET.TIER or DATASET.TIER.TABLE
        place: Option<Place>,
    },
    /// Download tables as Parquet files
    #[command(after_help = "\
Files go to DIR/DATASET/TIER/TABLE/. A download that was broken off goes on where it stopped
when the same command is given again; files that are there already are left alone. Each file is
checked by its SHA-256. A large one comes in ranges over several connections.

With the ledger's verifier key, from --log or from `login --log`, the proof of every access is
kept as DIR/receipts/INDEX.tlog-proof and checked, and each checkpoint must continue the last
one. A proof that does not hold ends the command with an error.

Examples:
  mudeung-cli pull lymph_node --out data                  all tiers that are open to you
  mudeung-cli pull support2.synthetic.patient --out data --connections 8
  mudeung-cli pull lymph_node --out data --receipts receipts --log data.example.org/ledger+12345678+AX…")]
    Pull {
        /// What to download: DATASET, DATASET.TIER or DATASET.TIER.TABLE
        place: Place,
        /// Directory to write to; made when missing
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
        /// A version other than the latest; needs DATASET.TIER
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
        version: Option<u32>,
        /// Connections for one large file
        #[arg(long, value_name = "NUMBER", default_value = "4", value_parser = clap::value_parser!(u8).range(1..=32))]
        connections: u8,
        #[command(flatten)]
        receipts: ReceiptArguments,
    },
    /// Run read-only SQL, or read rows of one table
    #[command(after_help = "\
Examples:
  mudeung-cli query 'select tumor_grade, count(*) from lymph_node.synthetic.patient group by 1'
  mudeung-cli query --table lymph_node.synthetic.patient --filter \"tumor_size >= 30\" --limit 5
  mudeung-cli query --table lymph_node.synthetic.patient --columns age,tumor_size --format jsonl
  mudeung-cli query --table support2.synthetic.patient --out patients.parquet
  mudeung-cli query --table support2.synthetic.patient --format csv | head
  mudeung-cli query --table support2.synthetic.patient --columns age --files --out ages.arrow

With --files the rows are read from the table's files: of them only the parts are fetched that
the columns and the filter need. The rows are the same.

A filter is comparisons joined by `and`:
  tumor_size >= 30 and tumor_grade in (2, 3) and age = '[40,50)' and died is not null")]
    Query(QueryArguments),
    /// Make rows of a synthetic table anew: simulated, of nobody
    #[command(after_help = "\
The same seed makes the same rows, of the same persons in all tables of a dataset.

Examples:
  mudeung-cli synth hypertension_home_bp.person --rows 20
  mudeung-cli synth hypertension_home_bp.person --rows 100000 --seed 1 --out persons.parquet
  mudeung-cli synth hypertension_home_bp.reading --rows 1000 --seed 1 --format csv | head")]
    Synth(SynthArguments),
    /// Show what was read, to the byte
    #[command(after_help = "\
Examples:
  mudeung-cli usage
  mudeung-cli usage --from 2026-01-01T00:00:00Z --hourly")]
    Usage {
        /// From this moment on, RFC 3339
        #[arg(long, value_name = "MOMENT")]
        from: Option<String>,
        /// Before this moment, RFC 3339
        #[arg(long, value_name = "MOMENT")]
        to: Option<String>,
        /// By hours instead of by days
        #[arg(long)]
        hourly: bool,
    },
    /// Show what may still be read
    Quota,
    /// Count persons in de-identified data, before there is a grant
    #[command(after_help = "\
Counts carry noise, so that nobody in the data can be told apart, and cost from a privacy budget
that never comes back. The same question gives the same answer and costs nothing again.

Examples:
  mudeung-cli statistics                                        what is left of the budgets
  mudeung-cli statistics lymph_node.patient                     how many persons there are
  mudeung-cli statistics lymph_node.patient --by tumor_size=0..60/10
  mudeung-cli statistics lymph_node.patient --by tumor_grade=1,2,3 --filter 'tumor_size >= 30' --epsilon 0.2

Bins are given and not looked up: which values occur is not told. FROM..TO/STEP makes ranges,
anything else lists values, separated by commas.")]
    Statistics(StatisticsArguments),
    /// Print a script that completes commands in your shell
    #[command(after_help = "\
Examples:
  mudeung-cli completions bash > ~/.local/share/bash-completion/completions/mudeung-cli
  mudeung-cli completions zsh > ~/.zfunc/_mudeung-cli
  mudeung-cli completions fish > ~/.config/fish/completions/mudeung-cli.fish")]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Keep the proofs of accesses as files
    #[command(after_help = "\
The index of an access is its ledger entry, as `pull` shows it and as the Mudeung-Receipt header
says. A proof holds the entry and can be checked for ever, without the server:
  mudeung-cli receipts 17 18 --out receipts
  mudeung-cli verify receipts/17.tlog-proof --log KEY")]
    Receipts {
        /// Indices of entries that this app made
        #[arg(required = true)]
        index: Vec<u64>,
        /// Directory to write to; made when missing
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
    },
    /// Check proofs in files, without asking anyone
    #[command(after_help = "\
Get the keys from the hospital and the witnesses themselves, not with the proofs.

Examples:
  mudeung-cli verify 17.tlog-proof --log data.example.org/ledger+12345678+AX…
  mudeung-cli verify *.tlog-proof --log KEY --log FORMER-KEY --witness KEY --threshold 1")]
    Verify(VerifyArguments),
}

/// Where receipts are kept, and whom to trust.
#[derive(Debug, Args)]
pub(crate) struct ReceiptArguments {
    /// Keep the proof of every access in this directory, checked
    #[arg(long, value_name = "DIR")]
    pub(crate) receipts: Option<PathBuf>,
    /// Verifier key of the ledger, in place of the profile's; again for each former one
    #[arg(long, value_name = "KEY")]
    pub(crate) log: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct StatisticsArguments {
    /// The table; without it, the budgets are shown
    #[arg(value_name = "DATASET.TABLE")]
    pub(crate) table: Option<String>,
    /// A column to count by and its bins; twice for two columns
    #[arg(long, value_name = "COLUMN=BINS", requires = "table")]
    pub(crate) by: Vec<String>,
    /// Only rows that pass
    #[arg(long, requires = "table")]
    pub(crate) filter: Option<String>,
    /// What it may cost, 0.01 to 1; more means less noise
    #[arg(long, default_value = "0.1")]
    pub(crate) epsilon: String,
    /// In how many cells one person is counted at most, where persons have several rows
    #[arg(long, value_name = "NUMBER", requires = "table")]
    pub(crate) cells_per_person: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct LoginArguments {
    /// Address of the sandbox, for instance https://sandbox.example
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// The address may also stand without --url
    #[arg(value_name = "URL", conflicts_with = "url")]
    pub(crate) address: Option<String>,
    /// Client id of the app, as the portal shows it, to sign in with its own credential
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// The secret itself. Other users of the machine can see it: only for a demo's published one
    #[arg(long, value_name = "SECRET", conflicts_with = "secret_stdin")]
    pub(crate) client_secret: Option<String>,
    /// Read the secret from standard input even when that is a terminal
    #[arg(long)]
    pub(crate) secret_stdin: bool,
    /// File with the app's private key, as PEM (PKCS #8) or JSON web key, in place of a secret
    #[arg(long, value_name = "FILE", conflicts_with_all = ["client_secret", "secret_stdin"])]
    pub(crate) key: Option<PathBuf>,
    /// Name of that key in the portal; needed only when the app has several of one kind
    #[arg(long, value_name = "ID", requires = "key")]
    pub(crate) kid: Option<String>,
    /// Bind tokens to a key that each command makes for itself (DPoP)
    #[arg(long)]
    pub(crate) dpop: bool,
    /// Verifier key of the ledger, to check receipts under; again for each former one
    #[arg(long, value_name = "KEY")]
    pub(crate) log: Vec<String>,
    /// Allow http:// to another machine; secret and data then travel in the clear
    #[arg(long)]
    pub(crate) plain_http: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The proofs
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Verifier key of the log; again for each former one
    #[arg(long, required = true, value_name = "KEY")]
    pub(crate) log: Vec<String>,
    /// Verifier key of a witness; again for each
    #[arg(long, value_name = "KEY")]
    pub(crate) witness: Vec<String>,
    /// So many of the witnesses must have cosigned
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) threshold: usize,
}

#[derive(Debug, Args)]
pub(crate) struct SynthArguments {
    /// The table: DATASET.TABLE
    #[arg(value_name = "DATASET.TABLE")]
    pub(crate) table: String,
    /// How many rows
    #[arg(long, default_value = "20")]
    pub(crate) rows: u64,
    /// A whole number; another each time when it is not given
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Only these columns, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub(crate) columns: Vec<String>,
    /// Format of the rows [default: by the ending of --out, otherwise `table`]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Shape>,
    /// File to write to, whole or not at all; standard output otherwise
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct QueryArguments {
    /// Read-only SQL over tables named dataset.tier.table
    #[arg(required_unless_present = "table", conflicts_with = "table")]
    pub(crate) sql: Option<String>,
    /// Read rows of this table instead
    #[arg(long, value_name = "DATASET.TIER.TABLE")]
    pub(crate) table: Option<String>,
    /// Only these columns, separated by commas
    #[arg(long, value_delimiter = ',', requires = "table", conflicts_with = "sql")]
    pub(crate) columns: Vec<String>,
    /// Only rows that pass
    #[arg(long, requires = "table", conflicts_with = "sql")]
    pub(crate) filter: Option<String>,
    /// At most so many rows [default: 50 for the format `table`, otherwise all]
    #[arg(long, value_name = "ROWS")]
    pub(crate) limit: Option<u64>,
    /// Format of the rows [default: by the ending of --out, otherwise `table`]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Shape>,
    /// File to write to, whole or not at all; standard output otherwise
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Read the table's files instead of asking the server for rows
    #[arg(long, requires = "table", conflicts_with = "sql")]
    pub(crate) files: bool,
    #[command(flatten)]
    pub(crate) receipts: ReceiptArguments,
    /// Let the server run it without waiting for an answer, for SQL that takes longer than 30 s
    #[arg(long, conflicts_with = "table")]
    pub(crate) background: bool,
}

/// How rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// A table for people
    Table,
    /// Comma-separated values
    Csv,
    /// JSON
    Json,
    /// JSON, one row a line
    Jsonl,
    /// An Arrow IPC stream
    Arrow,
    /// A Parquet file
    Parquet,
}

/// `DATASET`, `DATASET.TIER` or `DATASET.TIER.TABLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) dataset: String,
    pub(crate) tier: Option<String>,
    pub(crate) table: Option<String>,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('.').collect();
        // They become names of directories.
        let plain =
            |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        if parts.len() > 3 || !parts.iter().all(plain) {
            return Err("write DATASET, DATASET.TIER or DATASET.TIER.TABLE".to_owned());
        }
        let mut parts = parts.into_iter().map(str::to_owned);
        Ok(Self { dataset: parts.next().unwrap_or_default(), tier: parts.next(), table: parts.next() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn help_of(path: &[&str]) -> String {
        let mut command = Arguments::command().term_width(100);
        command.build();
        let mut found = &mut command;
        for name in path {
            found = found.find_subcommand_mut(name).unwrap();
        }
        found.render_long_help().to_string()
    }

    #[test]
    fn the_help_reads_as_it_should() {
        for path in [
            &[][..],
            &["login"],
            &["logout"],
            &["datasets"],
            &["pull"],
            &["query"],
            &["usage"],
            &["quota"],
            &["receipts"],
            &["verify"],
        ] {
            insta::assert_snapshot!(format!("help_{}", path.first().unwrap_or(&"top")), help_of(path));
        }
    }

    #[test]
    fn the_arguments_agree_with_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn places_are_one_to_three_plain_names() {
        let place: Place = "a.b.c".parse().unwrap();
        assert_eq!((place.tier.as_deref(), place.table.as_deref()), (Some("b"), Some("c")));
        assert_eq!("a".parse::<Place>().unwrap().tier, None);
        for wrong in ["", ".", "a.", "a..b", "a.b.c.d", "../x", "a/b"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn sql_and_a_table_exclude_each_other_and_one_is_needed() {
        let parse = |arguments: &[&str]| {
            Arguments::try_parse_from(["mudeung-cli", "query"].iter().chain(arguments)).map(|_| ())
        };
        assert!(parse(&["select 1"]).is_ok());
        assert!(parse(&["--table", "a.b.c", "--columns", "x,y", "--filter", "x = 1", "--limit", "3"]).is_ok());
        assert!(parse(&[]).is_err());
        assert!(parse(&["select 1", "--table", "a.b.c"]).is_err());
        assert!(parse(&["select 1", "--columns", "x"]).is_err());
        assert!(parse(&["select 1", "--limit", "-3"]).is_err());
        assert!(parse(&["select 1", "--background"]).is_ok());
        assert!(parse(&["--table", "a.b.c", "--background"]).is_err());
    }
}
