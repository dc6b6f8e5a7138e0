//! Whole tables as Parquet files: resumed where they were cut, checked, and never half there under their own name.

mod part;
mod ranges;

pub use ranges::Transfer;
pub(crate) use ranges::ask;

use crate::client::Client;
use crate::error::ApiError;
use crate::retry::{Refusal, retry_after};
use crate::rows::receipt;
use crate::table::Table;
use bytes::BytesMut;
use futures_util::TryStreamExt;
use mudeung_wire::api::FileItem;
use part::{Part, Target};
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use std::path::{Path, PathBuf};

/// So many bytes are hashed and written at once.
const WRITE_BYTES: usize = 1024 * 1024;
/// So often new signed addresses are asked for because the old ones stopped working.
pub(crate) const LISTINGS_MAX: u32 = 5;

/// How far a table's download has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file that is coming in.
    pub file: &'a str,
    /// Bytes of it that are here.
    pub file_bytes: u64,
    /// Its size.
    pub file_size_bytes: u64,
    /// Bytes of all files that are here.
    pub table_bytes: u64,
    /// Size of all files.
    pub table_size_bytes: u64,
}

/// A file that arrived whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Number of rows.
    pub rows: u64,
    /// The index of the access in the ledger; none when nothing had to be fetched.
    pub receipt: Option<u64>,
    /// Whether it was already there, whole.
    pub was_there: bool,
}

impl Table {
    /// Downloads all files of the table into a directory, which is made when it is missing.
    ///
    /// A file comes in as `NAME.part`. When its SHA-256 is the announced one it gets its own name, at once; otherwise it
    /// is removed. A download that was broken off goes on where it stopped, also in another process. Files that are
    /// already there are left alone. Signed addresses that run out on the way are renewed. A large file comes over several
    /// connections, see [`Transfer`].
    ///
    /// ```no_run
    /// # async fn run(client: mudeung_sdk::Client) -> Result<(), mudeung_sdk::ApiError> {
    /// let table = client.table("lymph_node.synthetic.patient")?;
    /// let files = table.download("data".as_ref(), |p| eprintln!("{}/{}", p.table_bytes, p.table_size_bytes)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn download(
        &self,
        directory: &Path,
        mut progress: impl FnMut(Progress<'_>) + Send,
    ) -> Result<Vec<DownloadedFile>, ApiError> {
        tokio::fs::create_dir_all(directory).await.map_err(|error| ApiError::file(directory, error))?;
        // All files must be of one version, even when another is published meanwhile.
        let table = self.clone().at_version(self.describe().await?.version);
        let items: Vec<FileItem> = table.files().try_collect().await?;
        let table_size_bytes = items.iter().map(|item| item.size_bytes).sum();
        let mut before = 0;
        let mut files = Vec::new();
        for item in items {
            let mut report = |file_bytes| {
                progress(Progress {
                    file: &item.name,
                    file_bytes,
                    file_size_bytes: item.size_bytes,
                    table_bytes: before + file_bytes,
                    table_size_bytes,
                });
            };
            files.push(Download { table: &table, item: item.clone() }.run(directory, &mut report).await?);
            before += item.size_bytes;
        }
        Ok(files)
    }
}

struct Download<'a> {
    table: &'a Table,
    item: FileItem,
}

/// Why the rest of a file did not come in one go.
pub(crate) enum Interruption {
    /// The connection broke.
    Cut(ApiError),
    /// The signed address does not work any more.
    AddressExpired(Refusal),
    /// What is here does not go with what the server has.
    StartOver,
    /// Nothing to be done about it.
    Final(ApiError),
}

impl From<ApiError> for Interruption {
    fn from(error: ApiError) -> Self {
        Self::Final(error)
    }
}

impl Download<'_> {
    async fn run(mut self, directory: &Path, report: &mut impl FnMut(u64)) -> Result<DownloadedFile, ApiError> {
        let target = Target::new(directory, &self.item)?;
        if let Some(target) = target.clone().find_whole().await? {
            report(self.item.size_bytes);
            return Ok(self.done(target.path, None, true));
        }
        let mut part = Part::open(target).await?;
        let resumed = part.len() > 0;
        let mut receipt = None;
        let path = loop {
            self.fetch_all(&mut part, &mut receipt, report).await?;
            match part.finish().await? {
                Ok(path) => break path,
                // Only what came in one go is the server's fault; an old beginning may be ours.
                Err(mut broken) if resumed && !broken.was_restarted() => {
                    broken.restart()?;
                    part = broken;
                }
                Err(broken) => {
                    let what = broken.discard().await?;
                    return Err(ApiError::Damaged { file: self.item.name, what });
                }
            }
        };
        Ok(self.done(path, receipt, false))
    }

    fn done(self, path: PathBuf, receipt: Option<u64>, was_there: bool) -> DownloadedFile {
        let FileItem { size_bytes, sha256, rows, .. } = self.item;
        DownloadedFile { path, size_bytes, sha256, rows, receipt, was_there }
    }

    /// Fetches until all bytes are here. A connection that brings something each time may break as often as it likes.
    async fn fetch_all(
        &mut self,
        part: &mut Part,
        receipt: &mut Option<u64>,
        report: &mut impl FnMut(u64),
    ) -> Result<(), ApiError> {
        let (mut failed, mut listings, mut started_over) = (0, 1, 1);
        while part.len() < self.item.size_bytes {
            let before = part.len();
            let Err(interruption) = self.fetch_rest(part, receipt, report).await else { continue };
            failed = if part.len() > before { 1 } else { failed + 1 };
            match interruption {
                Interruption::Final(error) => return Err(error),
                Interruption::AddressExpired(refusal) if listings >= LISTINGS_MAX => return Err(refusal.into()),
                Interruption::AddressExpired(_) => {
                    listings += 1;
                    self.renew_address().await?;
                }
                Interruption::StartOver if started_over >= self.client().retry().attempts => {
                    let what = "the server sends other ranges than it is asked for".to_owned();
                    return Err(ApiError::Unexpected { status: 206, what });
                }
                // Counted apart: a file that changes all the time brings something each time.
                Interruption::StartOver => {
                    started_over += 1;
                    part.restart()?;
                }
                Interruption::Cut(error) => match self.client().retry().wait(failed, error.asked_wait()) {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(error),
                },
            }
        }
        Ok(())
    }

    fn client(&self) -> &Client {
        self.table.client()
    }

    async fn renew_address(&mut self) -> Result<(), ApiError> {
        let items: Vec<FileItem> = self.table.files().try_collect().await?;
        let same = |item: &FileItem| item.name == self.item.name && item.sha256 == self.item.sha256;
        match items.into_iter().find(same) {
            Some(item) => self.item = item,
            None => {
                let what = format!("{} is not in the table any more", self.item.name);
                return Err(ApiError::Damaged { file: self.item.name.clone(), what });
            }
        }
        Ok(())
    }

    async fn fetch_rest(
        &self,
        part: &mut Part,
        receipt_index: &mut Option<u64>,
        report: &mut impl FnMut(u64),
    ) -> Result<(), Interruption> {
        if part.len() > 0 && part.etag().is_none() {
            part.restart()?;
        }
        let transfer = self.client().transfer();
        match transfer.connections > 1 && self.item.size_bytes.saturating_sub(part.len()) > transfer.range_bytes {
            true => self.fetch_ranges(part, receipt_index, report).await,
            false => self.fetch_in_one(part, receipt_index, report).await,
        }
    }

    /// Fetches the rest over one connection.
    async fn fetch_in_one(
        &self,
        part: &mut Part,
        receipt_index: &mut Option<u64>,
        report: &mut impl FnMut(u64),
    ) -> Result<(), Interruption> {
        // The address is the capability: the token stays here, the address may lead to another host.
        let mut request = self.client().http().get(&self.item.url);
        match (part.len(), part.etag()) {
            (0, _) => {}
            (have, Some(etag)) => request = request.header(RANGE, format!("bytes={have}-")).header(IF_RANGE, etag),
            (_, None) => part.restart()?,
        }
        let response = request.send().await.map_err(|error| match error.is_builder() {
            true => Interruption::Final(ApiError::transport(error)),
            false => Interruption::Cut(ApiError::transport(error)),
        })?;
        match response.status() {
            StatusCode::OK => part.restart()?,
            StatusCode::PARTIAL_CONTENT if range_start(response.headers()) == Some(part.len()) => {}
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => return Err(Interruption::StartOver),
            _ => return Err(refused(response).await),
        }
        self.client().note_receipt(response.headers());
        *receipt_index = receipt(response.headers()).or(*receipt_index);
        if let Some(etag) = strong_etag(response.headers()) {
            part.keep_etag(etag).await?;
        }
        self.take(response, part, report).await
    }

    async fn take(
        &self,
        mut response: Response,
        part: &mut Part,
        report: &mut impl FnMut(u64),
    ) -> Result<(), Interruption> {
        let mut waiting = BytesMut::new();
        loop {
            let chunk = response.chunk().await;
            if let Ok(Some(chunk)) = &chunk {
                waiting.extend_from_slice(chunk);
                if waiting.len() < WRITE_BYTES {
                    continue;
                }
            }
            let have = part.append(waiting.split().freeze()).await?;
            report(have.min(self.item.size_bytes));
            if have > self.item.size_bytes {
                return Ok(()); // longer than announced: the check says so
            }
            match chunk {
                Ok(Some(_)) => {}
                Ok(None) if have < self.item.size_bytes => {
                    let what = format!("{have} of {} bytes arrived", self.item.size_bytes);
                    return Err(Interruption::Cut(ApiError::Unexpected { status: 200, what }));
                }
                Ok(None) => return Ok(()),
                Err(error) => return Err(Interruption::Cut(ApiError::transport(error))),
            }
        }
    }
}

async fn refused(response: Response) -> Interruption {
    let asked = retry_after(response.headers());
    let refusal = Refusal::read(response).await;
    match refusal.status.as_u16() {
        // Stores answer a worn-out address with any of these.
        401 | 403 | 404 | 410 => Interruption::AddressExpired(refusal),
        _ if refusal.is_temporary() || asked.is_some() => Interruption::Cut(refusal.into()),
        _ => Interruption::Final(refusal.into()),
    }
}

fn range_start(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    value.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

pub(crate) fn strong_etag(headers: &HeaderMap) -> Option<&str> {
    headers.get(ETAG)?.to_str().ok().filter(|etag| etag.starts_with('"'))
}
