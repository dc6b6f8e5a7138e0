//! What the machine must have: system packages, a Python environment, cache folders. Installs what is missing.

use crate::command::{run_checked, say};
use anyhow::{Context, Result, bail};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program that a task needs, or a file by its whole path, and Debian's package for it.
pub(crate) struct Tool {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

/// The root folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_path_buf()
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    variable("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The user's cache folder for this project; it may be deleted at any time.
pub(crate) fn cache() -> Result<PathBuf> {
    let base = match (variable("XDG_CACHE_HOME"), variable("HOME")) {
        (Some(cache), _) => PathBuf::from(cache),
        (None, Some(home)) => Path::new(&home).join(".cache"),
        (None, None) => bail!("neither XDG_CACHE_HOME nor HOME is set: say where downloads may be kept"),
    };
    let folder = base.join("mudeung");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Installs the packages of programs that are not there, with apt-get.
pub(crate) fn install(tools: &[Tool]) -> Result<()> {
    let missing: Vec<&str> = tools.iter().filter(|tool| !is_there(tool.program)).map(|tool| tool.package).collect();
    if missing.is_empty() { Ok(()) } else { install_packages(&missing) }
}

fn install_packages(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if !is_there("apt-get") {
        bail!("these Debian packages are needed, and there is no apt-get here: install their like first: {list}");
    }
    say(&format!("installing {list}"))?;
    let as_root = if is_there("sudo") && !is_root() { "sudo -n " } else { "" };
    let script = format!(
        "{as_root}apt-get update -qq && {as_root}env DEBIAN_FRONTEND=noninteractive \
         apt-get install -y -qq --no-install-recommends {list}"
    );
    run_checked(Command::new("sh").args(["-c", &script]).stdout(Stdio::null())).context("apt-get install")
}

/// The Python of an environment with the pinned requirements and the project's own package, made on first use.
pub(crate) fn python() -> Result<PathBuf> {
    let requirements = root().join("deploy/e2e/requirements.txt");
    let text = std::fs::read_to_string(&requirements).with_context(|| format!("{}", requirements.display()))?;
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let folder = cache()?.join(format!("python-{:016x}", hasher.finish()));
    let python = folder.join("bin/python");
    if !folder.join("complete").exists() {
        say("making the Python environment")?;
        let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).status();
        if !made.is_ok_and(|status| status.success()) {
            // Debian keeps the module that fills a new environment in a package of its own.
            install_packages(&["python3-venv"])?;
            run_checked(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        }
        run_checked(Command::new(&python).args(["-m", "pip", "install", "-q", "-r"]).arg(&requirements))?;
        std::fs::write(folder.join("complete"), "")?;
    }
    Ok(python)
}

/// An environment variable; the one place where this crate reads them.
#[expect(clippy::disallowed_methods, reason = "a task runner is steered by the environment of its caller")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether a program is on the path, in PostgreSQL's own folder or among the system's programs.
pub(crate) fn is_there(program: &str) -> bool {
    let search = variable("PATH").unwrap_or_default();
    let folders = search.split(':').chain(["/usr/sbin", "/sbin"]).map(PathBuf::from);
    folders.chain(postgres_folders()).any(|folder| folder.join(program).is_file())
}

fn postgres_folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.map(|version| version.path().join("bin")).collect()
}

fn is_root() -> bool {
    crate::command::first_line("id", &["-u"]).is_some_and(|id| id == "0")
}
