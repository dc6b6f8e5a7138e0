//! `cargo xtask fuzz`: runs the targets of `deploy/fuzz` and keeps what they found worth keeping.

use crate::command::run_checked;
use crate::machine::{cache, root};
use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGETS: &[&str] = &["assertion", "dpop_proof", "checkpoint", "tlog_proof", "range", "filter"];
/// The longest input: what the parsers read at most, and a little more.
const BYTES_MAX: u32 = 9 << 10;

/// Fuzzes each target for so many seconds; the corpus is then cut down to what reaches something of its own.
pub(crate) fn run(names: &[String], seconds: u32) -> Result<bool> {
    if let Some(unknown) = names.iter().find(|name| !TARGETS.contains(&name.as_str())) {
        bail!("there is no target {unknown}: choose from {}", TARGETS.join(", "));
    }
    let chosen = TARGETS.iter().filter(|target| names.is_empty() || names.iter().any(|name| name == *target));
    let program = cargo_fuzz()?;
    let mut found = Vec::new();
    for target in chosen {
        eprintln!("\n=== {target}: {seconds} seconds");
        let folder = unpack(target)?;
        let mut fuzz = subcommand(&program, "run", target, &folder);
        fuzz.arg("--").arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={BYTES_MAX}"));
        if run_checked(fuzz.args(["-timeout=5", "-rss_limit_mb=2048", "-print_final_stats=1"])).is_err() {
            found.push(*target);
            continue;
        }
        run_checked(&mut subcommand(&program, "cmin", target, &folder))?;
        pack(target, &folder)?;
    }
    if !found.is_empty() {
        eprintln!("\nfound something in {}: see deploy/fuzz/artifacts", found.join(", "));
    }
    Ok(found.is_empty())
}

/// Sanitizers are left out: there is no unsafe code of ours to watch, and what panics is found without.
fn subcommand(program: &Path, name: &str, target: &str, corpus: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.env("PATH", with_folder_of(program)).current_dir(root());
    command.args(["+nightly", "fuzz", name, "--fuzz-dir", "deploy/fuzz", "--features", "libfuzzer"]);
    command.args(["--sanitizer", "none", target]).arg(corpus);
    command
}

/// Where the corpus of a target lies: a line of base64 for each input.
fn packed(target: &str) -> PathBuf {
    root().join(format!("deploy/fuzz/corpus/{target}.txt"))
}

/// Writes a corpus into a folder of files, as the fuzzer wants it.
fn unpack(target: &str) -> Result<PathBuf> {
    let folder = crate::machine::target().join("fuzz-corpus").join(target);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    for (number, line) in std::fs::read_to_string(packed(target))?.lines().enumerate() {
        std::fs::write(folder.join(number.to_string()), STANDARD.decode(line)?)?;
    }
    Ok(folder)
}

/// Writes what a folder holds into one file, the shortest first.
fn pack(target: &str, folder: &Path) -> Result<()> {
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        lines.push(STANDARD.encode(std::fs::read(entry?.path())?));
    }
    lines.sort_by_key(|line| (line.len(), line.clone()));
    lines.dedup();
    std::fs::write(packed(target), lines.join("\n") + "\n")?;
    Ok(())
}

fn with_folder_of(program: &Path) -> std::ffi::OsString {
    let folder = program.parent().map(Path::to_path_buf);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = folder.into_iter().chain(std::env::split_paths(&path));
    std::env::join_paths(folders).unwrap_or(path)
}

/// `cargo-fuzz`, put into the cache if it is not there yet.
fn cargo_fuzz() -> Result<PathBuf> {
    let folder = cache()?.join("cargo-fuzz");
    let program = folder.join("bin/cargo-fuzz");
    if !program.exists() {
        let mut install = Command::new("cargo");
        install.args(["install", "cargo-fuzz", "--root"]).arg(&folder);
        run_checked(&mut install).context("cargo-fuzz cannot be installed")?;
    }
    Ok(program)
}
