//! `cargo xtask bench`: builds the release binary and hands over to `deploy/bench/bench.py`.

use crate::command::{cargo, run_checked};
use crate::machine::{Tool, cache, install, python, root, target};
use anyhow::{Result, bail};
use std::process::Command;

const NAMES: &[&str] =
    &["download", "ranges", "small", "tokens", "appends", "views", "queries", "lookups", "pages", COLD_RUN];

/// Takes many minutes, and so is measured only when it is asked for.
const COLD_RUN: &str = "cold-run";

const TOOLS: &[Tool] = &[
    Tool { program: "nginx", package: "nginx-light" },
    Tool { program: "wrk", package: "wrk" },
    Tool { program: "npm", package: "npm" },
    Tool { program: "initdb", package: "postgresql" },
];

/// Runs the named benchmarks, or all but the cold run.
pub(crate) fn run(names: &[String], seconds: u32, repetitions: u32) -> Result<bool> {
    if let Some(unknown) = names.iter().find(|name| !NAMES.contains(&name.as_str())) {
        bail!("there is no benchmark {unknown}: choose from {}", NAMES.join(", "));
    }
    let mut names = names.to_vec();
    if names.is_empty() {
        names.extend(NAMES.iter().filter(|name| **name != COLD_RUN).map(|name| (*name).to_owned()));
    }
    install(TOOLS)?;
    if names.iter().any(|name| name != COLD_RUN) {
        let build = ["build", "--release", "--package", "mudeung"];
        run_checked(cargo().args(build))?;
        let examples =
            [("mudeung-store", "append_bench"), ("mudeung-store", "grow_ledger"), ("mudeung-server", "hello")];
        for (package, example) in examples {
            let example = ["build", "--release", "--package", package, "--example", example];
            run_checked(cargo().args(example))?;
        }
    }
    let mut bench = Command::new(python()?);
    bench.arg("deploy/bench/bench.py").args(names).current_dir(root());
    bench.args(["--seconds", &seconds.to_string(), "--repetitions", &repetitions.to_string()]);
    let release = target().join("release");
    bench.env("MUDEUNG_BINARY", release.join("mudeung")).env("MUDEUNG_E2E_FOLDER", target().join("bench"));
    bench
        .env("MUDEUNG_APPEND_BENCH", release.join("examples/append_bench"))
        .env("MUDEUNG_HELLO", release.join("examples/hello"))
        .env("MUDEUNG_CACHE", cache()?)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run_checked(&mut bench)?;
    Ok(true)
}
