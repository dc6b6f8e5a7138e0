//! `mudeung-cli`: the developer's command line of a Mudeung sandbox.

mod args;
mod datasets;
mod environment;
mod failure;
mod key;
mod login;
mod output;
mod profile;
mod pull;
mod query;
mod receipts;
mod scan;
mod statistics;
mod synth;
mod usage;

use args::{Arguments, Command, QueryArguments};
use clap::{CommandFactory, Parser};
use environment::Environment;
use failure::Failure;
use mudeung_sdk::{Granularity, UsagePeriod};
use profile::Wishes;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => return Failure::from(error).report(),
        // Help and version go to standard output; a reader who has seen enough of them is no failure.
        Err(help) => {
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::Failed(format!("cannot start: {error}")).report(),
    };
    match runtime.block_on(run(arguments, Environment::read())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(arguments: Arguments, environment: Environment) -> Result<(), Failure> {
    let Arguments { profile, json, command } = arguments;
    if let Command::Login(login) = command {
        return login::run(login, profile, json, &environment).await;
    }
    if let Command::Logout = command {
        return login::log_out(profile, json, &environment).await;
    }
    // Needs no credential and no server.
    if let Command::Completions { shell } = command {
        let mut command = Arguments::command();
        clap_complete::generate(shell, &mut command, "mudeung-cli", &mut std::io::stdout());
        return Ok(());
    }
    if let Command::Verify(arguments) = command {
        return receipts::verify(&arguments, json);
    }
    let client = profile::connect(profile.as_deref(), wishes(&command), &environment)?;
    match command {
        Command::Login(_) | Command::Logout | Command::Verify(_) | Command::Completions { .. } => Ok(()),
        Command::Statistics(arguments) => statistics::run(&client, arguments, json).await,
        Command::Receipts { index, out } => receipts::keep(&client, &index, &out, json).await,
        Command::Datasets { place } => datasets::run(&client, place, json).await,
        Command::Pull { place, out, version, .. } => {
            pull::run(&client, place, version, &out, json).await?;
            receipts::wait(&client).await
        }
        Command::Query(query) => {
            query::run(&client, query, json).await?;
            receipts::wait(&client).await
        }
        Command::Synth(arguments) => synth::run(&client, arguments, json).await,
        Command::Usage { from, to, hourly } => {
            let granularity = if hourly { Granularity::Hour } else { Granularity::Day };
            let period = UsagePeriod { from, to, granularity, group_by: None };
            usage::run_usage(&client, &period, json).await
        }
        Command::Quota => usage::run_quota(&client, json).await,
    }
}

/// What a command wants of its client.
fn wishes(command: &Command) -> Wishes {
    match command {
        Command::Pull { connections, receipts, out, .. } => Wishes {
            connections: Some(usize::from(*connections)),
            receipts: receipts.receipts.clone(),
            receipts_usual: Some(out.join("receipts")),
            log: receipts.log.clone(),
        },
        Command::Query(QueryArguments { receipts, .. }) => {
            Wishes { receipts: receipts.receipts.clone(), log: receipts.log.clone(), ..Wishes::default() }
        }
        _ => Wishes::default(),
    }
}
