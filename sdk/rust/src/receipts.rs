//! Receipts: the proof of every access, kept in a folder and checked offline.

mod keeper;

pub(crate) use keeper::Keeper;

use crate::client::{Call, Client};
use crate::error::ApiError;
use mudeung_wire::ledger::checkpoint::LogVerifier;
use mudeung_wire::ledger::cosignature::WitnessVerifier;
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::ledger::proof::{InvalidProof, PROOF_BYTES_MAX, PROOF_MEDIA_TYPE, TlogProof};
use mudeung_wire::ledger::trust::{Trust, Witnessed};
use std::io::Read;
use std::path::{Path, PathBuf};

/// An entry that is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedEntry {
    /// Index of the entry.
    pub index: u64,
    /// What it says.
    pub entry: Entry,
    /// The checkpoint it stands under, and the witnesses that cosigned that.
    pub witnessed: Witnessed,
}

/// Whom to trust, from verifier keys as the hospital and the witnesses give them: those of the log, present and former,
/// and those of witnesses of which `threshold` must have cosigned.
///
/// ```
/// let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
/// assert!(mudeung_sdk::trust([key], [], 0).is_ok());
/// assert!(mudeung_sdk::trust(["x"], [], 0).is_err());
/// ```
pub fn trust<'a>(
    logs: impl IntoIterator<Item = &'a str>,
    witnesses: impl IntoIterator<Item = &'a str>,
    threshold: usize,
) -> Result<Trust, ApiError> {
    let wrong = |text: &str, of| ApiError::Configuration(format!("`{text}` is not the verifier key of a {of}"));
    let log = |text: &'a str| LogVerifier::parse(text.trim()).ok_or_else(|| wrong(text, "log"));
    let witness = |text: &'a str| WitnessVerifier::parse(text.trim()).ok_or_else(|| wrong(text, "witness"));
    let logs = logs.into_iter().map(log).collect::<Result<_, _>>()?;
    let witnesses = witnesses.into_iter().map(witness).collect::<Result<_, _>>()?;
    Trust::new(logs, witnesses, threshold).map_err(|error| ApiError::Configuration(error.to_string()))
}

/// Checks a proof with the entry it brings along. Nobody is asked.
pub fn verify_proof(text: &str, trust: &Trust) -> Result<ProvedEntry, InvalidProof> {
    let proof = TlogProof::parse(text)?;
    let (entry, witnessed) = proof.verify_entry(trust)?;
    Ok(ProvedEntry { index: proof.index, entry, witnessed })
}

/// Reads a proof from a file, of which no more is read than a proof can have.
pub fn read_proof(path: &Path) -> Result<String, ApiError> {
    let read = || {
        let mut text = String::new();
        let most = u64::try_from(PROOF_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        std::fs::File::open(path)?.take(most).read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_err(|error| ApiError::file(path, error))
}

impl Client {
    /// The proof that an entry this app made is in the ledger, by the index in `DownloadedFile::receipt` and its like.
    pub async fn proof(&self, index: u64) -> Result<String, ApiError> {
        let url = self.address(&["v1", "receipts", &index.to_string()])?;
        let response = self.send(&Call::get(url, PROOF_MEDIA_TYPE)).await?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(ApiError::transport)?;
        let text = String::from_utf8(body.to_vec()).ok().filter(|text| text.len() <= PROOF_BYTES_MAX);
        text.ok_or_else(|| ApiError::Unexpected { status, what: "not a proof".to_owned() })
    }

    /// Fetches a proof and keeps it as `<index>.tlog-proof` in a folder, which is made when it is missing. It is written
    /// whole or not at all; checking it is [`verify_proof`]'s.
    pub async fn keep_proof(&self, index: u64, folder: &Path) -> Result<PathBuf, ApiError> {
        let text = self.proof(index).await?;
        let path = folder.join(format!("{index}.tlog-proof"));
        tokio::fs::create_dir_all(folder).await.map_err(|error| ApiError::file(folder, error))?;
        write_whole(&path, &text).await?;
        Ok(path)
    }
}

/// Writes a file whole or not at all.
async fn write_whole(path: &Path, text: &str) -> Result<(), ApiError> {
    let mut temporary = path.to_owned().into_os_string();
    temporary.push(".part");
    let temporary = PathBuf::from(temporary);
    tokio::fs::write(&temporary, text).await.map_err(|error| ApiError::file(&temporary, error))?;
    tokio::fs::rename(&temporary, path).await.map_err(|error| ApiError::file(path, error))
}
