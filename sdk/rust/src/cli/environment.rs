//! The one place where the command line reads the environment.

use std::path::PathBuf;

/// What the environment says. Empty values count as unset.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    pub(crate) url: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<String>,
    /// The file of a private key, in place of a secret.
    pub(crate) private_key: Option<PathBuf>,
    /// Whether tokens are bound to a key of the process.
    pub(crate) dpop: bool,
    pub(crate) profile: Option<String>,
    /// The language of titles, dictionaries and problems, `ko` or `en`.
    pub(crate) language: &'static str,
    /// The directory for configuration; none when the platform names none.
    pub(crate) config_dir: Option<PathBuf>,
}

impl Environment {
    pub(crate) fn read() -> Self {
        Self {
            url: text("MUDEUNG_URL"),
            client_id: text("MUDEUNG_CLIENT_ID"),
            client_secret: text("MUDEUNG_CLIENT_SECRET"),
            private_key: text("MUDEUNG_PRIVATE_KEY").map(PathBuf::from),
            dpop: text("MUDEUNG_DPOP").is_some_and(|value| value != "0"),
            profile: text("MUDEUNG_PROFILE"),
            language: language(),
            config_dir: config_dir(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the command line's one reading of its environment")]
fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The first of the usual variables that is set decides, as for other programs.
fn language() -> &'static str {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(text).unwrap_or_default();
    if locale.starts_with("ko") { "ko" } else { "en" }
}

fn config_dir() -> Option<PathBuf> {
    if let Some(directory) = text("MUDEUNG_CONFIG_DIR") {
        return Some(directory.into());
    }
    let base = if cfg!(windows) {
        text("APPDATA").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        text("HOME").map(|home| PathBuf::from(home).join("Library/Application Support"))
    } else {
        text("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| text("HOME").map(|home| PathBuf::from(home).join(".config")))
    };
    base.map(|base| base.join("mudeung"))
}
