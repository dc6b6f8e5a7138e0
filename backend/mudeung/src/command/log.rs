//! A log as it is seen from outside: over HTTP, with the keys and checkpoints that somebody holds in files.

use crate::cli::TrustArgs;
use crate::failure::Failure;
use mudeung_wire::ledger::audit::{AuditError, Source};
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
use mudeung_wire::ledger::cosignature::WitnessVerifier;
use mudeung_wire::ledger::note::{NOTE_BYTES_MAX, SignedNote};
use mudeung_wire::ledger::trust::Trust;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

/// A server that takes longer for a tile does not answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How often an address is asked for when the server cannot answer.
const TRIES: u32 = 4;
/// The pause before the second try; it doubles each time.
const PAUSE: Duration = Duration::from_millis(500);

/// A server's log.
pub(super) struct HttpLog {
    client: reqwest::Client,
    base: String,
}

/// Why an address was not read.
enum Trouble {
    /// It may be another time.
    Passing(String),
    /// It is so.
    Lasting(String),
}

impl HttpLog {
    /// The log of a server, by the server's address or the log's own.
    pub(super) fn new(url: &str) -> Result<Self, Failure> {
        let bad = || Failure::input(format!("--url: `{url}` is not of the form https://host"));
        let parsed = reqwest::Url::parse(url).ok().filter(|parsed| matches!(parsed.scheme(), "https" | "http"));
        let parsed = parsed.filter(|parsed| parsed.query().is_none() && parsed.fragment().is_none());
        let base = parsed.ok_or_else(bad)?.as_str().trim_end_matches('/').to_owned();
        let base = if base.ends_with("/ledger") { base } else { format!("{base}/ledger") };
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        Ok(Self { client: client.build().map_err(Failure::failed)?, base })
    }

    async fn try_get(&self, url: &str) -> Result<Vec<u8>, Trouble> {
        let passing = |error: reqwest::Error| Trouble::Passing(format!("{url}: {}", reason(&error)));
        let mut response = self.client.get(url).send().await.map_err(passing)?;
        let status = response.status();
        if !status.is_success() {
            let text = format!("{url}: the server answers {status}");
            let again = status.is_server_error() || status.as_u16() == 429;
            return Err(if again { Trouble::Passing(text) } else { Trouble::Lasting(text) });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(passing)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > NOTE_BYTES_MAX {
                return Err(Trouble::Lasting(format!("{url}: the answer is too long")));
            }
        }
        Ok(bytes)
    }
}

impl Source for HttpLog {
    type Error = String;

    async fn get(&self, path: String) -> Result<Vec<u8>, String> {
        let url = format!("{}/{path}", self.base);
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.try_get(&url).await {
                Ok(bytes) => return Ok(bytes),
                Err(Trouble::Lasting(problem)) => return Err(problem),
                Err(Trouble::Passing(_)) => {}
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.try_get(&url).await.map_err(|trouble| match trouble {
            Trouble::Passing(problem) | Trouble::Lasting(problem) => problem,
        })
    }
}

/// The innermost reason of an error, which says what an operator can mend.
fn reason(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// What an audit found, as a failure.
pub(super) fn failure(error: AuditError<String>) -> Failure {
    match error {
        AuditError::Source(problem) => Failure::failed(problem),
        AuditError::Beyond(_) => Failure::input(error),
        AuditError::Broken(_) | AuditError::Checkpoint(_) => broken(error),
    }
}

/// A ledger does not hold.
pub(super) fn broken(reason: impl std::fmt::Display) -> Failure {
    Failure::broken(format!("THE LEDGER DOES NOT HOLD: {reason}"))
}

/// Whom to trust, when anybody is named.
pub(super) fn trust(args: &TrustArgs) -> Result<Option<Trust>, Failure> {
    let witness = |text: &String| WitnessVerifier::parse(&key(text)).ok_or_else(|| no_key(text, "witness"));
    let logs = args.verifier.iter().map(|text| verifier(text)).collect::<Result<Vec<_>, _>>()?;
    let witnesses = args.witness.iter().map(witness).collect::<Result<Vec<_>, _>>()?;
    if logs.is_empty() && witnesses.is_empty() && args.threshold == 0 {
        return Ok(None);
    }
    Trust::new(logs, witnesses, args.threshold)
        .map(Some)
        .map_err(|error| Failure::input(format!("--verifier: {error}")))
}

/// The same, when there must be somebody.
pub(super) fn trust_somebody(args: &TrustArgs) -> Result<Trust, Failure> {
    trust(args)?.ok_or_else(|| {
        Failure::input("say whose signature to trust: --verifier with the log's verifier key, or a file with it")
    })
}

/// The key of a log, or the one in a file.
pub(super) fn verifier(text: &str) -> Result<LogVerifier, Failure> {
    LogVerifier::parse(&key(text)).ok_or_else(|| no_key(text, "log"))
}

fn no_key(text: &str, of: &str) -> Failure {
    Failure::input(format!("`{text}` is neither the verifier key of a {of} nor a file with one"))
}

/// A key, or the one in a file.
fn key(text: &str) -> String {
    let file = read_small(Path::new(text)).unwrap_or_else(|_| text.to_owned());
    file.trim().to_owned()
}

/// A checkpoint that somebody holds. Witnesses may have cosigned it later; the log must have signed it, when its key is
/// known.
pub(super) fn held(path: &Path, args: &TrustArgs) -> Result<(String, Checkpoint), Failure> {
    let note = read_text(path)?;
    let of_log = TrustArgs { verifier: args.verifier.clone(), witness: Vec::new(), threshold: 0 };
    let checkpoint = match trust(&of_log)? {
        Some(trust) => trust.check(&note).map(|witnessed| witnessed.checkpoint),
        None => {
            let note =
                SignedNote::parse(&note).map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
            Checkpoint::parse(note.text())
        }
    };
    let checkpoint = checkpoint.map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
    Ok((note, checkpoint))
}

/// Reads a note or a proof from a file.
pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    read_small(path).map_err(|error| Failure::input(format!("cannot read {}: {error}", path.display())))
}

fn read_small(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let most = u64::try_from(NOTE_BYTES_MAX * 2).unwrap_or(u64::MAX);
    std::fs::File::open(path)?.take(most).read_to_string(&mut text)?;
    Ok(text)
}

/// Writes a file whole or not at all; one that is there is replaced.
pub(super) fn write_whole(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error).map(drop)
    };
    write().map_err(|error| Failure::failed(format!("cannot write {}: {error}", path.display())))
}
