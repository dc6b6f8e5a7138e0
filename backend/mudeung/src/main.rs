//! The one binary: wires the rooms, and speaks with people at the command line.

mod bundle;
mod carriers;
mod cli;
mod command;
mod demo;
mod failure;
mod provider;
mod setup;
mod system;

use clap::Parser;
use cli::{Cli, Command, LedgerCommand};
use failure::Failure;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr(&cli.command);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return report(&Failure::failed(format!("cannot start the runtime: {error}"))),
    };
    match runtime.block_on(run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Serve(args) => command::serve::serve(&args.config).await,
        Command::CheckConfig(args) => command::serve::check(&args.config),
        Command::Migrate(args) => command::serve::migrate(&args.config).await,
        Command::Curate(what) => command::curate::run(what).await,
        Command::Synth(args) => command::curate::synth(&args),
        Command::Ledger(what) => ledger(what).await,
        Command::Usage(what) => command::usage::run(what).await,
        Command::Witness(args) => command::witness::run(args).await,
        Command::User(what) => command::user::run(what).await,
        Command::Key(what) => command::key::run(what).await,
        Command::Service(what) => command::service::run(what).await,
        Command::Openapi => say(&mudeung_server::openapi::openapi_json().map_err(Failure::failed)?),
    }
}

async fn ledger(command: LedgerCommand) -> Result<(), Failure> {
    match command {
        LedgerCommand::Verify(args) => command::verify::verify(&args).await,
        LedgerCommand::Export { ledger, export } => command::export::export(&ledger, &export).await,
        LedgerCommand::Erase(args) => command::erase::erase(args).await,
        LedgerCommand::Prove(args) => command::prove::prove(&args).await,
        LedgerCommand::Prune(args) => command::prune::prune(&args).await,
    }
}

/// Logs as JSON lines to standard error, so that standard output stays for what was asked. Only a server that is left
/// alone logs more than trouble.
fn log_to_stderr(command: &Command) {
    let usual =
        if matches!(command, Command::Serve(_) | Command::Witness(_)) { "info,actix_server=warn" } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::new(system::log_filter().unwrap_or_else(|| usual.to_owned()));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}

fn report(failure: &Failure) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "mudeung: {failure}");
    failure.code()
}

/// Prints to standard output. A reader that has gone away is no failure.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(()),
    }
}
