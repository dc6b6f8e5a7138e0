//! Fetching: the check of a log and the making of proofs over whatever brings its addresses.

use super::{BrokenLog, TileNodes, TileWalk};
use crate::ledger::add_checkpoint::AddCheckpoint;
use crate::ledger::checkpoint::{Checkpoint, InvalidCheckpoint};
use crate::ledger::proof::TlogProof;
use crate::ledger::tile::Tile;
use crate::ledger::tree::{
    Hash, empty_root, prove_consistency, prove_inclusion, subtree, verify_consistency, verify_inclusion,
};
use crate::ledger::trust::{Trust, Witnessed};
use std::future::poll_fn;
use std::task::Poll;

/// Tiles that are fetched at the same time.
const TOGETHER: usize = 8;

/// What brings the addresses of a log.
pub trait Source {
    /// Why it did not.
    type Error;

    /// The body at an address below the log's own: `checkpoint`, or `tile/…`.
    fn get(&self, path: String) -> impl Future<Output = Result<Vec<u8>, Self::Error>> + Send;
}

/// Why a log was not found to hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError<E> {
    /// It does not hold.
    #[error(transparent)]
    Broken(#[from] BrokenLog),
    /// Its checkpoint does not.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] InvalidCheckpoint),
    /// It has fewer entries than was asked about.
    #[error("there is no such proof: the tree that was signed has {0} entries, counted from 0")]
    Beyond(u64),
    /// It could not be fetched, which says nothing about it.
    #[error("{0}")]
    Source(E),
}

/// A log that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// The signed checkpoint, as it was fetched; to be held until the next time.
    pub note: String,
    /// What it says, and who cosigned it.
    pub witnessed: Witnessed,
}

/// Checks a log by its checkpoint and its tiles: all of them, or those behind a checkpoint that is held, whose own
/// signature is the caller's to check. `progress` is told how many leaves of how many are known.
pub async fn audit_log<S: Source>(
    source: &S,
    trust: &Trust,
    held: Option<&Checkpoint>,
    mut progress: impl FnMut(u64, u64),
) -> Result<Audited, AuditError<S::Error>> {
    let audited = fetch_checkpoint(source, trust).await?;
    let checkpoint = &audited.witnessed.checkpoint;
    let mut walk = match held {
        None => TileWalk::whole(checkpoint),
        Some(held) => {
            let places = if held.size <= checkpoint.size { TileWalk::places_of(held) } else { Vec::new() };
            TileWalk::behind(held, checkpoint, &fetch_nodes(source, checkpoint.size, places).await?)?
        }
    };
    loop {
        let tiles = walk.wanted(TOGETHER);
        if tiles.is_empty() {
            break;
        }
        for (tile, bytes) in fetch_tiles(source, &tiles).await? {
            walk.take(tile, &bytes)?;
        }
        progress(walk.seen(), checkpoint.size);
    }
    walk.finish()?;
    Ok(audited)
}

/// Makes the proof that the entry of an index is in a log, without the entry, under a signed checkpoint or the present
/// one. It is checked before it is answered.
pub async fn fetch_inclusion<S: Source>(
    source: &S,
    trust: &Trust,
    note: Option<&str>,
    index: u64,
) -> Result<TlogProof, AuditError<S::Error>> {
    let Audited { note, witnessed: Witnessed { checkpoint, .. } } = signed(source, trust, note).await?;
    let Checkpoint { size, root, .. } = checkpoint;
    let make = |node: &mut dyn FnMut(u32, u64) -> Option<Hash>| {
        let leaf = node(0, index)?;
        Some((leaf, prove_inclusion(index, size, &mut |level, at| node(level, at))?))
    };
    if index >= size {
        return Err(AuditError::Beyond(size));
    }
    let (leaf, hashes) = with_nodes(source, size, make).await?;
    verify_inclusion(index, &leaf, size, &root, &hashes).ok().ok_or(BrokenLog::Root(size))?;
    Ok(TlogProof { extra: None, index, hashes, checkpoint: note })
}

/// Makes the proof that a signed checkpoint, or the present one, extends the tree of a log's first `old` entries. It is
/// checked before it is answered.
pub async fn fetch_consistency<S: Source>(
    source: &S,
    trust: &Trust,
    note: Option<&str>,
    old: u64,
) -> Result<AddCheckpoint, AuditError<S::Error>> {
    let Audited { note, witnessed: Witnessed { checkpoint, .. } } = signed(source, trust, note).await?;
    let Checkpoint { size, root, .. } = checkpoint;
    if old > size {
        return Err(AuditError::Beyond(size));
    }
    let make = |node: &mut dyn FnMut(u32, u64) -> Option<Hash>| {
        let before = if old == 0 { empty_root() } else { subtree(0, old, &mut |level, at| node(level, at))? };
        Some((before, prove_consistency(old, size, &mut |level, at| node(level, at))?))
    };
    let (before, hashes) = with_nodes(source, size, make).await?;
    verify_consistency(old, &before, size, &root, &hashes).ok().ok_or(BrokenLog::Root(size))?;
    Ok(AddCheckpoint { old, hashes, checkpoint: note })
}

/// A checkpoint that is given, or the present one.
async fn signed<S: Source>(source: &S, trust: &Trust, note: Option<&str>) -> Result<Audited, AuditError<S::Error>> {
    match note {
        Some(note) => Ok(Audited { note: note.to_owned(), witnessed: trust.check(note)? }),
        None => fetch_checkpoint(source, trust).await,
    }
}

async fn fetch_checkpoint<S: Source>(source: &S, trust: &Trust) -> Result<Audited, AuditError<S::Error>> {
    let bytes = source.get("checkpoint".to_owned()).await.map_err(AuditError::Source)?;
    let note = String::from_utf8_lossy(&bytes).into_owned();
    let witnessed = trust.check(&note)?;
    Ok(Audited { note, witnessed })
}

/// Makes something out of nodes twice: the first time to hear which it needs, the second time with them.
async fn with_nodes<S: Source, T>(
    source: &S,
    size: u64,
    make: impl Fn(&mut dyn FnMut(u32, u64) -> Option<Hash>) -> Option<T>,
) -> Result<T, AuditError<S::Error>> {
    let mut places = Vec::new();
    let needed = make(&mut |level, index| {
        places.push((level, index));
        Some([0; 32])
    });
    needed.ok_or(AuditError::Beyond(size))?;
    let nodes = fetch_nodes(source, size, places).await?;
    make(&mut |level, index| nodes.node(level, index)).ok_or(AuditError::Beyond(size))
}

async fn fetch_nodes<S: Source>(
    source: &S,
    size: u64,
    places: Vec<(u32, u64)>,
) -> Result<TileNodes, AuditError<S::Error>> {
    let mut nodes = TileNodes::new(size);
    for tiles in nodes.tiles_of(places).chunks(TOGETHER) {
        for (tile, bytes) in fetch_tiles(source, tiles).await? {
            nodes.put(tile, &bytes)?;
        }
    }
    Ok(nodes)
}

async fn fetch_tiles<S: Source>(source: &S, tiles: &[Tile]) -> Result<Vec<(Tile, Vec<u8>)>, AuditError<S::Error>> {
    let fetched = all(tiles.iter().map(|tile| source.get(format!("tile/{tile}"))).collect()).await;
    let each = tiles.iter().zip(fetched).map(|(tile, bytes)| Ok((*tile, bytes.map_err(AuditError::Source)?)));
    each.collect()
}

/// What several futures come to, in their order.
async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        for (future, done) in running.iter_mut().filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                *done = Some(output);
            }
        }
        if running.iter().any(|(_, done)| done.is_none()) {
            return Poll::Pending;
        }
        Poll::Ready(running.iter_mut().filter_map(|(_, done)| done.take()).collect())
    })
    .await
}
