//! `receipts` and `verify`: proofs of what was read, kept and checked.

use crate::args::VerifyArguments;
use crate::failure::Failure;
use crate::output;
use mudeung_sdk::{Client, ProvedEntry, read_proof, trust, verify_proof};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// How long a command waits for its receipts.
const PATIENCE: Duration = Duration::from_secs(30);

/// Fetches the proofs of entries and keeps them in a folder.
pub(crate) async fn keep(client: &Client, indices: &[u64], out: &Path, json: bool) -> Result<(), Failure> {
    let mut paths = Vec::new();
    for index in indices {
        paths.push(client.keep_proof(*index, out).await?);
    }
    if json {
        return output::json(&paths);
    }
    output::lines(&paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>())
}

/// Waits for the receipts of what was read, where they are kept. One that cannot be had yet is no failure: the data is
/// here, and the next command with the same folder asks again.
pub(crate) async fn wait(client: &Client) -> Result<(), Failure> {
    let spinner = output::spinner("waiting for the receipts");
    let kept = client.receipts_kept(PATIENCE).await;
    spinner.finish_and_clear();
    match kept {
        Err(error) if error.is_temporary() => {
            output::note(&format!(
                "some receipts are still to come ({error}); the next command with this folder asks again"
            ));
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(()) => {
            if let Some(folder) = client.receipts_folder() {
                output::note(&format!("receipts hold and are kept in {}", folder.display()));
            }
            Ok(())
        }
    }
}

/// Checks proofs in files; all of them, also when one does not hold.
pub(crate) fn verify(arguments: &VerifyArguments, json: bool) -> Result<(), Failure> {
    let VerifyArguments { files, log, witness, threshold } = arguments;
    let trust = trust(log.iter().map(String::as_str), witness.iter().map(String::as_str), *threshold)?;
    let check = |path: &Path| {
        let text = read_proof(path).map_err(|error| error.to_string())?;
        verify_proof(&text, &trust).map_err(|error| error.to_string())
    };
    let results: Vec<_> = files.iter().map(|path| (path, check(path))).collect();
    if json {
        output::json(&results.iter().map(|(path, held)| document(path, held)).collect::<Vec<_>>())?;
    } else {
        output::lines(&results.iter().map(|(path, held)| line(path, held)).collect::<Vec<_>>())?;
    }
    match results.iter().filter(|(_, held)| held.is_err()).count() {
        0 => Ok(()),
        failed => Err(Failure::Failed(format!("{failed} of {} proofs do not hold", files.len()))),
    }
}

fn line(path: &Path, held: &Result<ProvedEntry, String>) -> String {
    match held {
        Ok(ProvedEntry { index, entry, witnessed }) => format!(
            "{}: holds: entry {index} of {}, {}, {} witnesses",
            path.display(),
            witnessed.checkpoint.size,
            entry.operation,
            witnessed.witnesses.len()
        ),
        Err(problem) => format!("{}: DOES NOT HOLD: {problem}", path.display()),
    }
}

fn document(path: &Path, held: &Result<ProvedEntry, String>) -> Value {
    match held {
        Ok(ProvedEntry { index, entry, witnessed }) => json!({
            "file": path,
            "holds": true,
            "index": index,
            "size": witnessed.checkpoint.size,
            "witnesses": witnessed.witnesses,
            "entry": entry,
        }),
        Err(problem) => json!({ "file": path, "holds": false, "problem": problem }),
    }
}
