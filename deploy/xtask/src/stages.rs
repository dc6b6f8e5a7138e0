//! The stages of `cargo xtask test`, in the order in which they find mistakes soonest.

use crate::command::{cargo, run_checked, run_counted, say};
use crate::machine::{Tool, cache, install, python, root, target};
use crate::tally::Tally;
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// One line of `--list`.
struct Stage {
    name: &'static str,
    shows: &'static str,
    work: Work,
}

/// What a stage runs.
enum Work {
    Cargo(&'static [&'static str]),
    /// Tests of the Python package that need no server.
    PythonUnit,
    /// One file of `deploy/e2e`, against the development binary.
    EndToEnd(&'static str),
}

const STAGES: &[Stage] = &[
    Stage { name: "fmt", shows: "the code is formatted", work: Work::Cargo(&["fmt", "--all", "--check"]) },
    Stage {
        name: "clippy",
        shows: "no lint speaks",
        work: Work::Cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Stage {
        name: "rust",
        shows: "every Rust test and doc test; the edges between rooms; the store on SQLite and PostgreSQL",
        work: Work::Cargo(&["test", "--workspace", "--no-fail-fast"]),
    },
    Stage {
        name: "build",
        shows: "the two binaries that the stages below drive",
        // All targets, so that features are those of the tests: a narrower choice would build DataFusion once more.
        work: Work::Cargo(&["build", "--workspace", "--all-targets"]),
    },
    Stage { name: "python", shows: "the Python package by itself", work: Work::PythonUnit },
    Stage {
        name: "journey",
        shows: "a newcomer's first hour: demo, token with curl, pandas, CLI, second start under 2 s, grants",
        work: Work::EndToEnd("test_journey.py"),
    },
    Stage {
        name: "clients",
        shows: "the Python package, DuckDB, polars, requests-oauthlib and Authlib against a running server",
        work: Work::EndToEnd("test_clients.py"),
    },
    Stage {
        name: "sdk",
        shows: "files in place of rows, several connections, receipts, keys and bound tokens, by our own clients",
        work: Work::EndToEnd("test_sdk.py"),
    },
    Stage {
        name: "synthesis",
        shows: "rows made on demand: the same by every way and offline, paid for and on the record",
        work: Work::EndToEnd("test_synthesis.py"),
    },
    Stage {
        name: "views",
        shows: "random tables by pyarrow, polars and DuckDB, cut to random columns, read as the source by each of them",
        work: Work::EndToEnd("test_views.py"),
    },
    Stage {
        name: "buckets",
        shows: "a store in a bucket, on moto's S3 server: every file, view, row and query as in the folder; silence, changes",
        work: Work::EndToEnd("test_buckets.py"),
    },
    Stage {
        name: "adversary",
        shows: "grants at random, canaries in all else: nothing of it through files, rows, SQL, sharing, DRS or counts",
        work: Work::EndToEnd("test_adversary.py"),
    },
    Stage {
        name: "sharing",
        shows: "delta-sharing 1.4.2 in both formats and 1.0.5: every type, every version, changes, grants, private keys",
        work: Work::EndToEnd("test_sharing.py"),
    },
    Stage {
        name: "drs",
        shows: "GA4GH's drs-compliance-suite and ai4gh; checksums of what is downloaded",
        work: Work::EndToEnd("test_drs.py"),
    },
    Stage {
        name: "typescript",
        shows: "the TypeScript client, generated from the OpenAPI document, compiled, and run by Node",
        work: Work::EndToEnd("test_typescript.py"),
    },
    Stage {
        name: "notebooks",
        shows: "the notebooks of the Python package, run from its wheel",
        work: Work::EndToEnd("test_notebooks.py"),
    },
    Stage {
        name: "accessibility",
        shows: "axe-core on every page, both languages, light and dark; a credential made with the keyboard alone",
        work: Work::EndToEnd("test_accessibility.py"),
    },
    Stage {
        name: "matrix",
        shows: "openid-client, simple-oauth2, @badgateway/oauth2-client and curl; one corpus beside npm oidc-provider",
        work: Work::EndToEnd("test_matrix.py"),
    },
    Stage {
        name: "portal",
        shows: "a browser walks the portal in Korean and English and keeps a picture of each page",
        work: Work::EndToEnd("test_portal.py"),
    },
    Stage {
        name: "journeys",
        shows: "browsers and programs: first rows, a board, rotation, a stop amid a download, a monthly review, an emergency",
        work: Work::EndToEnd("test_journeys.py"),
    },
    Stage {
        name: "paper",
        shows: "minutes and certificates as PDF, read by pypdf: text, tags, fonts, the same bytes each time",
        work: Work::EndToEnd("test_paper.py"),
    },
    Stage {
        name: "guide",
        shows: "every chapter of the guide in a browser, wide and narrow; its pictures made by walking its journeys",
        work: Work::EndToEnd("test_guide.py"),
    },
    Stage {
        name: "hostile",
        shows: "malformed and forged requests: each a clear 4xx, and the server goes on",
        work: Work::EndToEnd("test_hostile.py"),
    },
    Stage {
        name: "contract",
        shows: "schemathesis against /openapi.json: no 5xx and no undocumented status",
        work: Work::EndToEnd("test_contract.py"),
    },
    Stage {
        name: "proofs",
        shows: "checkpoints, proofs and receipts under aics-tlog from PyPI, at every size to 1025",
        work: Work::EndToEnd("test_proofs.py"),
    },
    Stage {
        name: "attacks",
        shows: "a ledger that is edited, cut off, restored or rewritten: auditor, company and witness notice from outside",
        work: Work::EndToEnd("test_attacks.py"),
    },
    Stage {
        name: "canary",
        shows: "secrets and people pushed through every path: not in databases, ledger, logs at trace level or metrics",
        work: Work::EndToEnd("test_canary.py"),
    },
    Stage {
        name: "drill",
        shows: "kill -9 under 64 readers, 20 times: no answer without its durable INTENT",
        work: Work::EndToEnd("test_drill.py"),
    },
    Stage {
        name: "faults",
        shows: "locked ledger, read-only ledger, full disk: 503, no byte of data, recovery without restart",
        work: Work::EndToEnd("test_faults.py"),
    },
    Stage {
        name: "nodes",
        shows: "two servers on one PostgreSQL: one budget, one ledger, a revocation felt within a second, either killed",
        work: Work::EndToEnd("test_nodes.py"),
    },
    Stage {
        name: "memory",
        shows: "64 clients pull a table of 1 GB while the server stays under 300 MiB",
        work: Work::EndToEnd("test_memory.py"),
    },
    Stage {
        name: "risk",
        shows: "k, l and t of releases are those that pyCANON measures, also where the build chose the levels",
        work: Work::EndToEnd("test_risk.py"),
    },
    Stage {
        name: "dicom",
        shows: "real CT and MR images are released without identifiers and joined, as pydicom reads them",
        work: Work::EndToEnd("test_dicom.py"),
    },
    Stage {
        name: "noise",
        shows: "the noise of twins has the distribution that OpenDP draws from",
        work: Work::EndToEnd("test_noise.py"),
    },
    Stage {
        name: "cancer",
        shows: "64,000 simulated patients beside the registry's figures, counted by lifelines and an own life table",
        work: Work::EndToEnd("test_cancer.py"),
    },
    Stage {
        name: "hypertension",
        shows: "20,000 simulated adults beside the fact sheet and PREVENT, counted from their tables alone",
        work: Work::EndToEnd("test_hypertension.py"),
    },
    Stage {
        name: "mail",
        shows: "invitations, passwords and notifications through a real SMTP server; webhooks verified by their library",
        work: Work::EndToEnd("test_mail.py"),
    },
    Stage {
        name: "sso",
        shows: "a browser signs in at npm oidc-provider, proves itself there, and is told when the sandbox does not know it",
        work: Work::EndToEnd("test_sso.py"),
    },
    Stage {
        name: "passkeys",
        shows: "Chromium and the device it simulates make a passkey, sign in by it alone and prove themselves; a copy is refused",
        work: Work::EndToEnd("test_passkeys.py"),
    },
    Stage {
        name: "islands",
        shows: "Chromium with and without scripts: search, drafts, charts, columns, playground; no page over 150 kB",
        work: Work::EndToEnd("test_islands.py"),
    },
    Stage {
        name: "receipts",
        shows: "Chromium alone checks a receipt; whatever was tampered with is refused with the step that finds it",
        work: Work::EndToEnd("test_receipts.py"),
    },
    Stage {
        name: "dqd",
        shows: "the 27 kinds of checks of the DataQualityDashboard pass on generated OMOP tables, and each catches a fault",
        work: Work::EndToEnd("test_dqd.py"),
    },
    Stage {
        name: "data",
        shows: "`cargo xtask data`: raw data that may not be committed is fetched and built",
        work: Work::EndToEnd("test_data.py"),
    },
];

/// What has to be on the machine for the stages.
const TOOLS: &[Tool] = &[
    Tool { program: "cc", package: "gcc libc6-dev" },
    Tool { program: "curl", package: "curl" },
    Tool { program: "initdb", package: "postgresql" },
    Tool { program: "node", package: "nodejs" },
    Tool { program: "npm", package: "npm" },
    Tool { program: "chromium", package: "chromium" },
    Tool { program: "/usr/share/fonts/truetype/nanum/NanumGothic.ttf", package: "fonts-nanum" },
];

/// Prints the stages.
pub(crate) fn list() -> Result<bool> {
    for stage in STAGES {
        say(&format!("{:<10}{}", stage.name, stage.shows))?;
    }
    Ok(true)
}

/// Runs the named stages, or all; `Ok(false)` when something failed.
pub(crate) fn run(only: &[String]) -> Result<bool> {
    for name in only {
        if !STAGES.iter().any(|stage| stage.name == name) {
            bail!("there is no stage {name}: `cargo xtask test --list` prints them");
        }
    }
    install(TOOLS)?;
    let is_wanted = |stage: &&Stage| only.is_empty() || only.iter().any(|name| name == stage.name);
    let mut results = Vec::new();
    for stage in STAGES.iter().filter(is_wanted) {
        say(&format!("\n=== {}: {}", stage.name, stage.shows))?;
        let start = Instant::now();
        let tally = run_stage(stage).unwrap_or_else(|error| {
            eprintln!("{}: {error:#}", stage.name);
            Tally { failed: 1, ..Tally::default() }
        });
        let took = start.elapsed();
        let word = if tally.failed == 0 { "ok" } else { "FAILED" };
        say(&format!("=== {}: {word} after {}", stage.name, minutes(took)))?;
        results.push((stage, tally, took));
    }
    summarise(&results)
}

fn run_stage(stage: &Stage) -> Result<Tally> {
    match stage.work {
        Work::Cargo(arguments) => run_counted(cargo().args(arguments)),
        Work::PythonUnit => run_pytest(&["sdk/python", "-m", "not e2e"]),
        Work::EndToEnd(file) => {
            // What other tests have built may be older than the sources; a build of nothing takes a second.
            let build = ["build", "--quiet", "--workspace", "--all-targets"];
            run_checked(cargo().args(build))?;
            run_pytest(&[&format!("deploy/e2e/{file}"), "-s"])
        }
    }
}

fn run_pytest(arguments: &[&str]) -> Result<Tally> {
    let python = python()?;
    let binaries = target().join("debug");
    let mut command = Command::new(&python);
    command.args(["-m", "pytest", "-v", "--durations=5", "-p", "no:cacheprovider"]).args(arguments);
    command.current_dir(root()).env("PYTHONPATH", python_path()).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("MUDEUNG_BINARY", binaries.join("mudeung")).env("MUDEUNG_CLI_BINARY", binaries.join("mudeung-cli"));
    command.env("MUDEUNG_E2E_FOLDER", target().join("e2e")).env("MUDEUNG_CACHE", cache()?);
    run_counted(&mut command)
}

/// The package is run from its source folder, so that there is nothing to install again after a change.
fn python_path() -> PathBuf {
    root().join("sdk/python/src")
}

fn summarise(results: &[(&Stage, Tally, Duration)]) -> Result<bool> {
    say("\nstage     passed  failed  skipped      time")?;
    let mut total = Tally::default();
    for (stage, tally, took) in results {
        total += *tally;
        let Tally { passed, failed, skipped } = tally;
        say(&format!("{:<10}{passed:>6}{failed:>8}{skipped:>9}{:>10}", stage.name, minutes(*took)))?;
    }
    say(&format!("\n{} passed, {} failed", total.passed, total.failed))?;
    Ok(total.failed == 0)
}

fn minutes(took: Duration) -> String {
    format!("{}:{:02}", took.as_secs() / 60, took.as_secs() % 60)
}
