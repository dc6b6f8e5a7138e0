//! Results in files, in the pieces that the reader gave, each with its rows: so that a fetch is metered as the query
//! would have been.

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::try_unfold;
use mudeung_core::id::QueryJobId;
use mudeung_core::reader::{Chunk, Chunks, ReadError};
use std::path::{Path, PathBuf};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};

/// The largest piece that is read back; the reader's are far smaller.
const PIECE_BYTES_MAX: u64 = 64 << 20;
/// Length and rows of a piece, eight bytes each, little-endian.
const HEAD_BYTES: usize = 16;

/// The folder of results.
#[derive(Debug, Clone)]
pub struct Spool {
    folder: PathBuf,
    bytes_max: u64,
}

impl Spool {
    /// The results in a folder, each with so many bytes at most.
    pub const fn new(folder: PathBuf, bytes_max: u64) -> Self {
        Self { folder, bytes_max }
    }

    fn path(&self, id: QueryJobId, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}.{ending}"))
    }

    /// Writes a result: whole under its name, or not at all. Gives its rows and bytes.
    pub async fn write(&self, id: QueryJobId, chunks: Chunks, rows_max: u64) -> Result<(u64, u64), ReadError> {
        let partial = self.path(id, "partial");
        let written = match self.create(&partial).await {
            Ok(file) => self.fill(file, chunks, rows_max).await,
            Err(problem) => Err(broken(&partial, &problem)),
        };
        let written = match written {
            Ok(sizes) => tokio::fs::rename(&partial, self.path(id, "result"))
                .await
                .map(|()| sizes)
                .map_err(|problem| broken(&partial, &problem)),
            Err(problem) => Err(problem),
        };
        if written.is_err() {
            self.remove(id).await;
        }
        written
    }

    async fn create(&self, path: &Path) -> std::io::Result<File> {
        let mut folder = tokio::fs::DirBuilder::new();
        let mut file = File::options();
        #[cfg(unix)]
        {
            folder.mode(0o700);
            file.mode(0o600);
        }
        folder.recursive(true).create(&self.folder).await?;
        file.write(true).create(true).truncate(true).open(path).await
    }

    async fn fill(&self, file: File, mut chunks: Chunks, rows_max: u64) -> Result<(u64, u64), ReadError> {
        let mut file = BufWriter::new(file);
        let (mut rows, mut bytes) = (0_u64, 0_u64);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            let length = u64::try_from(chunk.bytes.len()).unwrap_or(u64::MAX);
            rows = rows.saturating_add(chunk.rows);
            bytes = bytes.saturating_add(length);
            if rows > rows_max {
                return Err(ReadError::LimitReached(format!("the result has more than {rows_max} rows")));
            }
            if bytes > self.bytes_max || length > PIECE_BYTES_MAX {
                return Err(ReadError::LimitReached(format!("the result has more than {} bytes", self.bytes_max)));
            }
            let piece = async {
                file.write_all(&length.to_le_bytes()).await?;
                file.write_all(&chunk.rows.to_le_bytes()).await?;
                file.write_all(&chunk.bytes).await
            };
            piece.await.map_err(|problem| broken(&self.folder, &problem))?;
        }
        let end = async {
            file.flush().await?;
            file.get_ref().sync_all().await
        };
        end.await.map_err(|problem| broken(&self.folder, &problem))?;
        Ok((rows, bytes))
    }

    /// Reads a result in the pieces it was written in.
    pub async fn read(&self, id: QueryJobId) -> Result<Chunks, ReadError> {
        let path = self.path(id, "result");
        let file = File::open(&path).await.map_err(|problem| broken(&path, &problem))?;
        let pieces = try_unfold((BufReader::new(file), path), |(mut file, path)| async move {
            match piece(&mut file).await {
                Ok(Some(chunk)) => Ok(Some((chunk, (file, path)))),
                Ok(None) => Ok(None),
                Err(problem) => Err(broken(&path, &problem)),
            }
        });
        Ok(Box::pin(pieces))
    }

    /// Takes away whatever there is of a result. Answers whether nothing is left.
    pub async fn remove(&self, id: QueryJobId) -> bool {
        let mut gone = true;
        for ending in ["partial", "result"] {
            let path = self.path(id, ending);
            match tokio::fs::remove_file(&path).await {
                Ok(()) => {}
                Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => {}
                Err(problem) => {
                    gone = false;
                    tracing::warn!("{} is not deleted: {problem}", path.display());
                }
            }
        }
        gone
    }
}

async fn piece(file: &mut BufReader<File>) -> std::io::Result<Option<Chunk>> {
    let mut head = [0_u8; HEAD_BYTES];
    match file.read(&mut head[..1]).await? {
        0 => return Ok(None),
        _ => file.read_exact(&mut head[1..]).await?,
    };
    let (length, rows) = head.split_at(HEAD_BYTES / 2);
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    let (length, rows) = (number(length), number(rows));
    let size = usize::try_from(length).ok().filter(|_| length <= PIECE_BYTES_MAX);
    let size = size.ok_or_else(|| std::io::Error::other("a piece is longer than pieces are"))?;
    let mut bytes = vec![0_u8; size];
    file.read_exact(&mut bytes).await?;
    Ok(Some(Chunk { bytes: Bytes::from(bytes), rows }))
}

fn broken(path: &Path, problem: &std::io::Error) -> ReadError {
    ReadError::Damaged(format!("{}: {problem}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use proptest::prelude::*;

    fn job() -> QueryJobId {
        QueryJobId::from_bytes([7; 16])
    }

    fn chunks(pieces: Vec<Result<Chunk, ReadError>>) -> Chunks {
        Box::pin(stream::iter(pieces))
    }

    fn files(folder: &Path) -> usize {
        std::fs::read_dir(folder).map_or(0, Iterator::count)
    }

    proptest! {
        #[test]
        fn a_result_comes_back_in_its_pieces_or_not_at_all(
            pieces in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..300), 0_u64..50), 0..12),
            cut in 0_usize..4_000,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let spool = Spool::new(folder.path().join("jobs"), 1 << 20);
            let wanted: Vec<Chunk> =
                pieces.into_iter().map(|(bytes, rows)| Chunk { bytes: bytes.into(), rows }).collect();
            let (rows, bytes) = runtime
                .block_on(spool.write(job(), chunks(wanted.iter().cloned().map(Ok).collect()), 1_000))
                .unwrap();
            prop_assert_eq!(rows, wanted.iter().map(|chunk| chunk.rows).sum::<u64>());
            prop_assert_eq!(bytes, wanted.iter().map(|chunk| u64::try_from(chunk.bytes.len()).unwrap()).sum::<u64>());
            let read = || runtime.block_on(async { spool.read(job()).await.unwrap().collect::<Vec<_>>().await });
            let back: Vec<Chunk> = read().into_iter().map(Result::unwrap).collect();
            prop_assert_eq!(&back, &wanted);
            // A file that lost its end is an error, unless it was cut between two pieces, which the sizes in the job show.
            let path = spool.path(job(), "result");
            let whole = std::fs::read(&path).unwrap();
            std::fs::write(&path, &whole[..cut.min(whole.len())]).unwrap();
            for (chunk, wanted) in read().into_iter().zip(&wanted) {
                prop_assert!(chunk.is_err() || chunk.as_ref() == Ok(wanted));
            }
        }
    }

    #[tokio::test]
    async fn what_is_too_much_or_fails_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path().to_path_buf(), 100);
        let piece = |bytes: usize, rows| Ok(Chunk { bytes: vec![1; bytes].into(), rows });
        let failing = ReadError::LimitReached("time".to_owned());
        for (pieces, said) in [
            (vec![piece(60, 1), piece(60, 1)], "more than 100 bytes"),
            (vec![piece(1, 6), piece(1, 6)], "more than 10 rows"),
            (vec![piece(60, 1), Err(failing)], "time"),
        ] {
            let problem = spool.write(job(), chunks(pieces), 10).await.unwrap_err();
            assert!(problem.to_string().contains(said), "{problem}");
            assert_eq!(files(folder.path()), 0);
        }
        spool.write(job(), chunks(vec![piece(100, 10)]), 10).await.unwrap();
        assert_eq!(files(folder.path()), 1);
        assert!(spool.remove(job()).await);
        assert!(files(folder.path()) == 0 && spool.read(job()).await.is_err());
    }
}
