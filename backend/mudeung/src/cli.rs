//! The command line: what can be said to `mudeung`, and the help that teaches it.

mod ledger;

pub(crate) use ledger::{
    EraseArgs, EraseSubject, ExportArgs, LedgerArgs, LedgerCommand, ProveArgs, PruneArgs, TrustArgs, VerifyArgs,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// An open healthcare data sandbox for start-ups.
///
/// A hospital runs it; companies read de-identified and synthetic Parquet through metered APIs; every access is in a
/// tamper-evident ledger before the first byte leaves.
#[derive(Debug, Parser)]
#[command(name = "mudeung", version, after_help = "Start with:  mudeung demo")]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything on this machine, with bundled data and a demo company, and print how to use it
    Demo(DemoArgs),
    /// Serve companies and the portal
    Serve(ConfigArgs),
    /// Check a configuration file and say what is wrong with it
    CheckConfig(ConfigArgs),
    /// Bring both databases to the schema of this program
    Migrate(ConfigArgs),
    /// Turn raw tables into published versions (hospital side; listens on nothing)
    #[command(subcommand)]
    Curate(CurateCommand),
    /// Make a synthetic dataset; the same seed gives the same bytes
    Synth(SynthArgs),
    /// Check, prove, export and prune the ledger
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Issue invoices, hand them out with their proofs, and check them offline
    #[command(subcommand)]
    Usage(UsageCommand),
    /// Cosign the checkpoints of somebody else's ledger, as long as it never goes back
    Witness(WitnessArgs),
    /// Create members of the portal and reset their passwords
    #[command(subcommand)]
    User(UserCommand),
    /// Manage the server's own keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Stop the whole service, start it again, and see which it is, when the portal cannot be reached
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Print the OpenAPI document
    Openapi,
}

/// How to run the demo.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The port to listen on, on loopback; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
    /// Where to keep data, keys and databases [default: mudeung/demo in your data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Write base URL and credentials to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// Which configuration.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
}

/// Turn raw tables into published versions.
#[derive(Debug, Subcommand)]
pub(crate) enum CurateCommand {
    /// Check a definition and its recipe without reading any data
    Check {
        /// The definition's folder
        definition: PathBuf,
    },
    /// De-identify, measure the risk, and write a version if it passes the release gate
    Build(BuildArgs),
    /// Fit twins of the released tables under differential privacy, and write a synthetic version drawn from them
    Twin(TwinArgs),
    /// De-identify the headers of a folder of DICOM files, and write them with an index that joins the tables
    Dicom(DicomArgs),
    /// Show the risk report of a version that was built, and write it as a page
    Report {
        /// The version's manifest.json
        manifest: PathBuf,
        /// Where the page goes; by default report.html beside the manifest
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Print the JSON Schema of recipe.toml, for editors
    Schema,
    /// Put a version that was built into service
    Publish {
        /// The version's manifest.json, inside the store
        manifest: PathBuf,
        /// The server's configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Take every earlier version of the same tier out of service, and tell those who read them to delete their copies
        #[arg(long)]
        withdraw_earlier: bool,
    },
    /// Destroy the key of one release for one recipient: nobody can link it to the raw data any more, and it is never made again
    DestroyKey(DestroyKeyArgs),
}

/// Which key to destroy.
#[derive(Debug, Args)]
#[command(
    after_help = "The key of a project is a file of its own in the folder `<KEY>.projects`. It is overwritten and taken away; \
                  a note stays, so that\nno build makes another for the same release and recipient. What a backup, a \
                  journal or a solid-state disk kept\nof the file is out of reach: keep the folder on a volume that is \
                  encrypted, and out of backups.\n\n\
                  Example:\n  mudeung curate destroy-key --release nafld-2026 --recipient \"Startup A\" \\\n    \
                  --key release.key --config mudeung.toml --confirm nafld-2026"
)]
pub(crate) struct DestroyKeyArgs {
    /// The release, as [release] name says it in the recipe
    #[arg(long, value_name = "NAME")]
    pub(crate) release: String,
    /// Its recipient, as [release] recipient says it in the recipe
    #[arg(long, value_name = "NAME")]
    pub(crate) recipient: String,
    /// The release key beside which the project's key lies
    #[arg(long, value_name = "FILE", default_value = "release.key")]
    pub(crate) key: PathBuf,
    /// The server's configuration file (TOML): the destruction is written into its ledger
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The name of the release once more: what is destroyed does not come back
    #[arg(long, value_name = "NAME")]
    pub(crate) confirm: String,
}

/// How to build a version.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mudeung curate build datasets/definitions/lymph_node \\\n    --input datasets/definitions/lymph_node/data --store store --key release.key"
)]
pub(crate) struct BuildArgs {
    /// From what to what.
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Also make the synthetic tier, with so many persons
    #[arg(long, value_name = "PERSONS")]
    pub(crate) synthetic: Option<u64>,
    /// The seed of the synthetic tier [default: that of the definition]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Where the report goes, as a page, when the gate refuses the version
    #[arg(long, value_name = "FILE")]
    pub(crate) refusal: Option<PathBuf>,
    /// Where rows that cannot be read go, with their values, when the recipe allows some: a file of the hospital's own
    #[arg(long, value_name = "FILE", default_value = "rejects.csv")]
    pub(crate) rejects: PathBuf,
    /// Who withdrew: a file with the raw identifier of a person on each line; they are in no table of the version. With
    /// --config, every earlier version is taken out of service, and those who read it are told to delete their copies
    #[arg(long, value_name = "FILE")]
    pub(crate) without: Option<PathBuf>,
}

/// How to fit twins.
#[derive(Debug, Args)]
#[command(
    after_help = "The recipe says in [twin.<table>] how much privacy loss (ε, δ) a twin may cost and which values each \
                  column may have.\nPublishing takes it from the dataset's budget (`twins.epsilon_per_dataset`); \
                  fitting alone costs nothing, so do not choose among fits by looking at the data.\n\n\
                  Example:\n  mudeung curate twin datasets/definitions/support2 \\\n    \
                  --input datasets/definitions/support2/data --store store --key release.key"
)]
pub(crate) struct TwinArgs {
    /// From what to what.
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// The seed of the rows that are stored with the model [default: that of the definition]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Where a page goes on how near the twin comes to real rows and what attackers achieve, with the figures as JSON beside
    /// it. A tenth of the persons is kept apart for it and not fitted to. It is computed without noise: for the hospital
    #[arg(long, value_name = "FILE")]
    pub(crate) quality: Option<PathBuf>,
    /// A column that is predicted from the others, to see what a model learns from the twin
    #[arg(long, value_name = "COLUMN", requires = "quality")]
    pub(crate) target: Option<String>,
}

/// From what to what a version is built.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// The definition's folder
    pub(crate) definition: PathBuf,
    /// The folder of the raw CSV or Parquet files
    #[arg(long, value_name = "DIR")]
    pub(crate) input: PathBuf,
    /// The server's configuration file (TOML): the version is built in its store and put into service
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The store to write the version into [default: that of the configuration, else ./store]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// The release key: made when it is not there. Whoever has it can link the release to the raw data; destroying it
    /// makes the release irreversible
    #[arg(long, value_name = "FILE", default_value = "release.key")]
    pub(crate) key: PathBuf,
    /// The version's number [default: one more than the last in the store]
    #[arg(long)]
    pub(crate) number: Option<u32>,
}

/// How to de-identify images.
#[derive(Debug, Args)]
#[command(
    after_help = "Headers go by DICOM PS3.15 table E.1-1; pixels are not touched. Files whose pixels may show who it \
                  is (burned-in words, faces), documents, reports and damaged files are held back and listed with \
                  the reason.\n\n\
                  Example:\n  mudeung curate dicom datasets/definitions/lymph_node \\\n    \
                  --from pacs --out images --key release.key"
)]
pub(crate) struct DicomArgs {
    /// The folder of the definition whose tables the images join: they have its pseudonyms and its shift of dates
    pub(crate) definition: PathBuf,
    /// The folder of the raw files; everything in it is looked at
    #[arg(long, value_name = "DIR")]
    pub(crate) from: PathBuf,
    /// The folder to write, which is not there yet
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The release key, as for the tables: made when it is not there
    #[arg(long, value_name = "FILE", default_value = "release.key")]
    pub(crate) key: PathBuf,
    /// What happens to dates: shifted with their person's, removed, or kept
    #[arg(long, value_enum, default_value_t = DicomDates::Shift)]
    pub(crate) dates: DicomDates,
    /// What stays beyond the basic profile; several with commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    pub(crate) retain: Vec<DicomRetain>,
    /// A file of descriptions that may stay, one whole value a line [default: all are removed]
    #[arg(long, value_name = "FILE")]
    pub(crate) descriptions: Option<PathBuf>,
    /// States that faces were removed from all images of heads
    #[arg(long)]
    pub(crate) defaced: bool,
    /// Where the list of files that were held back goes; it names files of the hospital [default: beside the folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) held_back: Option<PathBuf>,
}

/// What happens to the dates of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DicomDates {
    /// They move with their person's by the same whole weeks as in the tables
    Shift,
    /// They go
    Remove,
    /// They stay as they are
    Keep,
}

/// What stays of images beyond the basic profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DicomRetain {
    /// Identifiers of studies, series and instances
    Uids,
    /// Sex, age (90 and above as 90), size, weight
    Patient,
    /// Which device made the image
    Device,
    /// Which institution it was made in
    Institution,
    /// Private attributes that are known to be safe
    Private,
}

/// How to make a synthetic dataset.
#[derive(Debug, Args)]
pub(crate) struct SynthArgs {
    /// A bundled dataset's name, or a definition's folder
    pub(crate) dataset: String,
    /// Number of persons; tables of events have several rows for each
    #[arg(long)]
    pub(crate) rows: u64,
    /// The seed [default: that of the definition]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// The store to write the version into, or the folder of the file of bundles
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The form of the persons
    #[arg(long, value_enum, default_value_t = SynthFormat::Parquet)]
    pub(crate) format: SynthFormat,
}

/// The form of simulated persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SynthFormat {
    /// A version with all tables
    Parquet,
    /// A file with one FHIR R4 bundle a line, for datasets that have this form
    Fhir,
}

/// Invoices.
#[derive(Debug, Subcommand)]
pub(crate) enum UsageCommand {
    /// Issue the invoice of a month that is over; an invoice is issued once and never changes
    Invoice(InvoiceArgs),
    /// Write an invoice with its entries and their proofs into a folder, for the company
    Export {
        /// The invoice
        #[command(flatten)]
        invoice: InvoiceArgs,
        /// The folder to write into
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Recompute an exported invoice offline, down to every entry, and name the first fault
    Verify {
        /// The exported folder
        bundle: PathBuf,
        /// The log's verifier key, as at /ledger/verifier [default: the one in the folder]
        #[arg(long, value_name = "KEY")]
        verifier: Option<String>,
    },
}

/// Which invoice.
#[derive(Debug, Args)]
pub(crate) struct InvoiceArgs {
    /// The configuration file of the server (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The calendar month in Korea Standard Time, as 2026-10
    #[arg(long)]
    pub(crate) month: String,
    /// The company's identifier
    #[arg(long, value_name = "ORGANIZATION")]
    pub(crate) organization: String,
}

/// How to be a witness.
#[derive(Debug, Args)]
#[command(
    after_help = "Give the hospital the key that is printed; it names the witness in ledger.witnesses.\n\nExample:\n  mudeung witness --name witness.example.ac.kr/mudeung --key-dir witness \\\n    --log data.example.org/ledger+12345678+AX…"
)]
pub(crate) struct WitnessArgs {
    /// The address to listen on. Put a proxy that terminates TLS in front of it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    pub(crate) listen: std::net::SocketAddr,
    /// The folder of the key and of what was seen; made when it is not there. Never restore it from an old copy
    #[arg(long, value_name = "DIR")]
    pub(crate) key_dir: PathBuf,
    /// The name to sign under, like an address without https://
    #[arg(long)]
    pub(crate) name: String,
    /// The verifier key of a log, as its GET /ledger/verifier shows it; again for each further key
    #[arg(long, value_name = "VERIFIER", required = true)]
    pub(crate) log: Vec<String>,
}

/// Members of the portal.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Create a member; the first password is printed once
    Create {
        /// The configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The member's e-mail address
        #[arg(long)]
        email: String,
        /// The member's name
        #[arg(long)]
        name: String,
        /// Their organization: its identifier, or `hospital`, which is made when it is not there
        #[arg(long, default_value = "hospital")]
        organization: String,
        /// Their roles: representative, developer, steward, reviewer, external, auditor, admin
        #[arg(long, value_delimiter = ',', required = true)]
        roles: Vec<String>,
    },
    /// Give a member a new password, which is printed once; second factors and passkeys are taken away
    Reset {
        /// The configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The member's e-mail address
        #[arg(long)]
        email: String,
    },
}

/// The server's own keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Show the keys that sign access tokens: which one signs, which stands by, which are over
    List(ConfigArgs),
    /// Let the next key sign, on every node, without a restart; what the last one signed stays good
    #[command(after_help = ROTATE_HELP)]
    Rotate(ReasonArgs),
    /// Emergency: whatever a key signed is worth nothing on any node within one second, and the next key signs at once
    #[command(after_help = REVOKE_HELP)]
    Revoke {
        /// The key's identifier, as `mudeung key list` shows it; the `kid` of its tokens
        id: String,
        /// Where, and why
        #[command(flatten)]
        args: ReasonArgs,
    },
    /// Encrypt the key files under the key-encryption key; stop the server first
    #[command(after_help = SEAL_HELP)]
    Seal {
        /// Where
        #[command(flatten)]
        config: ConfigArgs,
        /// The file of the key-encryption key that they are encrypted under now, when it is replaced by another
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
}

const ROTATE_HELP: &str = "The next key has been published all the while, so this can be done at any time. It signs as \
soon as it has been published for 10 minutes.\n\nExample:\n  mudeung key rotate --config mudeung.toml --reason 'quarterly'";
const REVOKE_HELP: &str = "Tokens under the key are refused, running answers cut, and file addresses made with them dead. \
Companies fetch new tokens by themselves.\n\nExample:\n  mudeung key list --config mudeung.toml\n  mudeung key revoke \
key_… --config mudeung.toml --reason 'backup tape lost'";
const SEAL_HELP: &str = "The key-encryption key is named by keys.encryption_key_file in the configuration, or stands in \
MUDEUNG_KEY_ENCRYPTION_KEY. Keep it apart from the folder of keys and from its backups.\n\nExample:\n  openssl rand -hex 32 \
> /etc/mudeung/kek && chmod 600 /etc/mudeung/kek\n  mudeung key seal --config mudeung.toml";

/// The whole service.
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Stop all tokens and all data, running answers too, on every node within one second
    Pause(ReasonArgs),
    /// Give tokens and data again
    Resume(ReasonArgs),
    /// Say whether the service is paused, since when, by whom and why
    Status(ConfigArgs),
}

/// Where to act, and why.
#[derive(Debug, Args)]
pub(crate) struct ReasonArgs {
    /// The configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Why; the ledger keeps it
    #[arg(long)]
    pub(crate) reason: String,
}
