//! `mudeung ledger prove`: proofs in files that other tools read, made from the rows or from what a server shows.

use super::export::present_checkpoint;
use super::ledger::open;
use super::log::{HttpLog, failure, held, trust, trust_somebody, write_whole};
use crate::cli::{LedgerArgs, ProveArgs};
use crate::failure::Failure;
use crate::say;
use mudeung_store::Ledger;
use mudeung_wire::ledger::add_checkpoint::AddCheckpoint;
use mudeung_wire::ledger::audit::{fetch_consistency, fetch_inclusion};
use mudeung_wire::ledger::checkpoint::Checkpoint;
use mudeung_wire::ledger::note::SignedNote;
use mudeung_wire::ledger::proof::TlogProof;
use mudeung_wire::ledger::tree::{leaf_hash, verify_consistency, verify_inclusion};

/// Writes a proof.
pub(crate) async fn prove(args: &ProveArgs) -> Result<(), Failure> {
    let given = args.checkpoint.as_deref().map(|path| held(path, &args.trust)).transpose()?;
    if let (Some((_, checkpoint)), Some(new)) = (&given, args.consistency.get(1))
        && checkpoint.size != *new
    {
        return Err(Failure::input(format!("--checkpoint is over {} entries and not {new}", checkpoint.size)));
    }
    let note = given.map(|(note, _)| note);
    match (&args.log.url, args.index) {
        (Some(url), Some(index)) => {
            let trust = trust_somebody(&args.trust)?;
            let proof = fetch_inclusion(&HttpLog::new(url)?, &trust, note.as_deref(), index).await;
            keep_inclusion(args, &proof.map_err(failure)?)
        }
        (Some(url), None) => {
            let trust = trust_somebody(&args.trust)?;
            let proof = fetch_consistency(&HttpLog::new(url)?, &trust, note.as_deref(), old(args)?).await;
            keep_consistency(args, &proof.map_err(failure)?)
        }
        (None, index) => {
            let of = LedgerArgs { config: args.log.config.clone(), database: args.log.database.clone() };
            let ledger = open(&of)?;
            let (note, checkpoint) = signed(args, &of, &ledger, note).await?;
            match index {
                Some(index) => keep_inclusion(args, &inclusion(&ledger, index, note, &checkpoint).await?),
                None => keep_consistency(args, &consistency(&ledger, old(args)?, note, &checkpoint).await?),
            }
        }
    }
}

fn old(args: &ProveArgs) -> Result<u64, Failure> {
    args.consistency.first().copied().ok_or_else(|| Failure::input("say what to prove: <INDEX> or --consistency"))
}

/// The checkpoint to prove under: the one that is given, the one that was kept of the size that is asked for, or the
/// present one.
async fn signed(
    args: &ProveArgs,
    of: &LedgerArgs,
    ledger: &Ledger,
    given: Option<String>,
) -> Result<(String, Checkpoint), Failure> {
    let note = match (given, args.consistency.get(1)) {
        (Some(note), _) => note,
        (None, Some(new)) => kept(ledger, *new).await?,
        (None, None) => present_checkpoint(of, ledger).await?,
    };
    let wrong = |error: &dyn std::fmt::Display| Failure::failed(format!("the checkpoint: {error}"));
    let checkpoint = match trust(&args.trust)? {
        Some(trust) => trust.check(&note).map_err(|error| wrong(&error))?.checkpoint,
        None => {
            let note = SignedNote::parse(&note).map_err(|error| wrong(&error))?;
            Checkpoint::parse(note.text()).map_err(|error| wrong(&error))?
        }
    };
    Ok((note, checkpoint))
}

/// The checkpoint that was kept of a size.
async fn kept(ledger: &Ledger, size: u64) -> Result<String, Failure> {
    let found = ledger.checkpoint(size).await.map_err(Failure::failed)?;
    match found {
        Some((kept, note)) if kept == size => Ok(note),
        Some((next, _)) => Err(Failure::input(format!(
            "no signed checkpoint over {size} entries was kept, the next one is over {next}: name that, or give the one \
             you hold with --checkpoint"
        ))),
        None => Err(Failure::input(format!("no checkpoint over {size} or more entries was signed"))),
    }
}

async fn inclusion(ledger: &Ledger, index: u64, note: String, under: &Checkpoint) -> Result<TlogProof, Failure> {
    let size = under.size;
    let hashes = ledger.prove(index, size).await.map_err(Failure::failed)?.ok_or_else(|| {
        Failure::input(format!("there is no entry {index} under the checkpoint over {size} entries, counted from 0"))
    })?;
    let entry = ledger.entry(index).await.map_err(Failure::failed)?;
    let entry = entry.ok_or_else(|| {
        Failure::input(format!("the bytes of entry {index} were given up; look in the export of its year"))
    })?;
    let bytes = entry.to_bytes().map_err(Failure::failed)?;
    verify_inclusion(index, &leaf_hash(&bytes), size, &under.root, &hashes).map_err(does_not_make)?;
    Ok(TlogProof { extra: Some(bytes), index, hashes, checkpoint: note })
}

async fn consistency(ledger: &Ledger, old: u64, note: String, under: &Checkpoint) -> Result<AddCheckpoint, Failure> {
    let size = under.size;
    let hashes = ledger.prove_consistency(old, size).await.map_err(Failure::failed)?;
    let before = ledger.root_at(old).await.map_err(Failure::failed)?;
    let (hashes, before) = hashes.zip(before).ok_or_else(|| {
        Failure::input(format!("there is no tree of {old} entries under the checkpoint over {size} entries"))
    })?;
    verify_consistency(old, &before, size, &under.root, &hashes).map_err(does_not_make)?;
    Ok(AddCheckpoint { old, hashes, checkpoint: note })
}

fn does_not_make(_: mudeung_wire::ledger::tree::ProofFailed) -> Failure {
    super::log::broken("its entries do not make the root of the checkpoint; run `mudeung ledger verify`")
}

fn keep_inclusion(args: &ProveArgs, proof: &TlogProof) -> Result<(), Failure> {
    let path = args.out.join(format!("{}.tlog-proof", proof.index));
    write_whole(&path, &proof.to_string())?;
    say(&path.display().to_string())
}

fn keep_consistency(args: &ProveArgs, proof: &AddCheckpoint) -> Result<(), Failure> {
    let size = SignedNote::parse(&proof.checkpoint).map_err(Failure::failed)?;
    let size = Checkpoint::parse(size.text()).map_err(Failure::failed)?.size;
    if args.consistency.get(1).is_some_and(|new| *new != size) {
        return Err(Failure::input(format!(
            "the server's present checkpoint is over {size} entries; give the one to prove with --checkpoint"
        )));
    }
    let path = args.out.join(format!("{}-{size}.add-checkpoint", proof.old));
    write_whole(&path, &proof.to_string())?;
    say(&path.display().to_string())
}
