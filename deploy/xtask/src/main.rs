//! The tasks of this workspace, as `cargo xtask TASK`.

mod bench;
mod command;
mod data;
#[cfg(test)]
mod edges;
mod fuzz;
#[cfg(test)]
mod guide;
#[cfg(test)]
mod house;
mod machine;
mod stages;
mod tally;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the Mudeung workspace", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what is missing and run every check, from formatting to the kill drill.
    ///
    /// Stages run in the order of `--list`; a stage that fails does not stop the others. The last line is
    /// `N passed, M failed`, counted over all test suites, and the exit code is 1 when anything failed.
    #[command(after_help = "Examples:
  cargo xtask test                         everything; from cold about 45 minutes on two cores
  cargo xtask test --only fmt --only rust  two stages
  cargo xtask test --list                  the stages and what each of them shows")]
    Test {
        /// Run this stage alone; may be given several times.
        #[arg(long, value_name = "STAGE")]
        only: Vec<String>,
        /// Print the stages and leave.
        #[arg(long)]
        list: bool,
    },
    /// Fetch raw data that may not be committed, and build its dataset with `mudeung curate build`.
    Data {
        /// A definition with a `fetch.py`; all of them when left out.
        dataset: Option<String>,
        /// Where the built versions go; a folder under the cache directory when left out.
        #[arg(long, value_name = "DIR")]
        store: Option<std::path::PathBuf>,
    },
    /// Measure against public peers with the release binary; prints a Markdown table. Never part of `test`.
    #[command(
        after_help = "Benchmarks: download, ranges, small, tokens, appends, cold-run (see deploy/bench/README.md).
Without a name all but cold-run are measured."
    )]
    Bench {
        /// The benchmarks to run.
        names: Vec<String>,
        /// Seconds of one measurement.
        #[arg(long, default_value_t = 5)]
        seconds: u32,
        /// Alternating repetitions; the medians are reported.
        #[arg(long, default_value_t = 3)]
        repetitions: u32,
    },
    /// Look for inputs that break a parser of what strangers send, starting from the corpus and adding to it.
    ///
    /// Needs a nightly toolchain. What is found is written to `deploy/fuzz/artifacts`; the tests replay the corpus. Never
    /// part of `test`.
    #[command(after_help = "Examples:
  cargo xtask fuzz                          all targets, 10 minutes each
  cargo xtask fuzz --seconds 60 filter      one of them, for a minute")]
    Fuzz {
        /// The targets: assertion, dpop_proof, checkpoint, tlog_proof, range, filter. All of them when left out.
        targets: Vec<String>,
        /// Seconds for each target.
        #[arg(long, default_value_t = 600)]
        seconds: u32,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Test { list: true, .. } => stages::list(),
        Task::Test { only, list: false } => stages::run(&only),
        Task::Data { dataset, store } => data::run(dataset.as_deref(), store),
        Task::Bench { names, seconds, repetitions } => bench::run(&names, seconds, repetitions),
        Task::Fuzz { targets, seconds } => fuzz::run(&targets, seconds),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
