//! Signing checkpoints: one for each size, forwards only, however many processes sign.
//!
//! A checkpoint is in the store apart from the ledger before anyone sees it, put there by compare-and-swap, and only when
//! the ledger is an extension of the one before. So a ledger that was cut off, restored from a backup or forked is
//! noticed when the next checkpoint is due, and a server does not start on it.

use ed25519_dalek::SigningKey;
use mudeung_store::checkpoints::{CheckpointStore, Signed};
use mudeung_store::ledger::{Ledger, LedgerError};
use mudeung_store::{StoreError, TreeHead};
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};

/// How often signing is tried while other processes are faster: each time they have signed, so this is plenty.
const TRIES: usize = 16;

/// What a checkpoint is signed with.
pub struct Signer<'a> {
    /// What is signed for.
    pub ledger: &'a Ledger,
    /// Where the last checkpoint is kept.
    pub checkpoints: &'a CheckpointStore,
    /// The name of the log.
    pub origin: &'a str,
    /// The key.
    pub key: &'a SigningKey,
    /// What the last checkpoint may be signed with.
    pub verifiers: &'a [LogVerifier],
}

/// The ledger is not the one that was signed for. Nothing may be served or signed on it.
#[derive(Debug, thiserror::Error)]
pub enum Inconsistent {
    /// Entries that were signed for are gone, as in a restored backup.
    #[error(
        "the ledger has {size} entries, but a checkpoint over {signed} was given out; the database was truncated or \
         restored from an old copy; when the entries are lost for good, go on under another ledger.origin"
    )]
    Truncated {
        /// Entries there are.
        size: u64,
        /// Entries that were signed for.
        signed: u64,
    },
    /// The tree over what was signed for has another root: it was changed, or restored from an old copy and added to.
    #[error(
        "the ledger was changed: at {0} entries its root is not the one that was signed; it is another ledger, a fork, or \
         an old copy that was added to; run `mudeung ledger verify`"
    )]
    Changed(u64),
    /// The last checkpoint was signed by another key or under another name.
    #[error(
        "the last checkpoint does not verify under this server's key and ledger.origin: {0}; when the key was changed, \
         name the old one in ledger.former_verifiers"
    )]
    OtherKey(String),
    /// The store of checkpoints has nothing for a ledger that was signed for.
    #[error(
        "the store of checkpoints has none of this ledger, which was signed for at {0} entries; it was lost or exchanged: \
         restore it, or point database.checkpoints at the right one"
    )]
    StoreLost(u64),
    /// The store of checkpoints is older than the ledger.
    #[error(
        "the store of checkpoints ends at {kept} entries, but a checkpoint over {signed} was given out; it was restored \
         from an old copy"
    )]
    StoreOld {
        /// Entries that its checkpoint is over.
        kept: u64,
        /// Entries that were signed for.
        signed: u64,
    },
    /// Other processes sign all the time.
    #[error("other processes sign checkpoints faster than this one can")]
    Busy,
    /// The store of checkpoints does not answer.
    #[error("checkpoints: {0}")]
    Store(#[from] StoreError),
    /// The ledger does not answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Signer<'_> {
    /// Refuses a ledger that is not an extension of what was last signed. Answers the last checkpoint.
    pub async fn check(&self) -> Result<Option<Signed>, Inconsistent> {
        // The ledger's own copy first: it is written after the store, so it is never ahead of what is read next.
        let given = self.ledger.latest_checkpoint().await?;
        let given = given.filter(|(_, note)| note.lines().next() == Some(self.origin)).map(|(size, _)| size);
        let Some(last) = self.checkpoints.last(self.origin).await? else {
            return given.map_or(Ok(None), |size| Err(Inconsistent::StoreLost(size)));
        };
        self.check_signature(&last)?;
        let signed = last.head.size;
        if let Some(given) = given.filter(|given| *given > signed) {
            return Err(Inconsistent::StoreOld { kept: signed, signed: given });
        }
        match self.ledger.root_at(signed).await? {
            None => Err(Inconsistent::Truncated { size: self.ledger.head().await?.size, signed }),
            Some(root) if root != last.head.root => Err(Inconsistent::Changed(signed)),
            Some(_) => Ok(Some(last)),
        }
    }

    fn check_signature(&self, last: &Signed) -> Result<(), Inconsistent> {
        let mut problem = "there is no key".to_owned();
        for verifier in self.verifiers {
            match Checkpoint::verify(&last.note, verifier) {
                Ok(signed) if signed.size == last.head.size && signed.root == last.head.root => return Ok(()),
                Ok(_) => problem = "its row says something else than it".to_owned(),
                Err(error) => problem = error.to_string(),
            }
        }
        Err(Inconsistent::OtherKey(problem))
    }

    /// The checkpoint of the present head: signed now, or by whoever was faster.
    pub async fn sign(&self) -> Result<Signed, Inconsistent> {
        for _ in 0..TRIES {
            let last = self.check().await?;
            let head = self.ledger.head().await?;
            if let Some(last) = last.as_ref().filter(|last| last.head.size >= head.size) {
                return Ok(last.clone());
            }
            let next = Signed { head, note: self.note(head) };
            if self.checkpoints.swap(self.origin, last.as_ref(), &next).await? {
                self.ledger.save_checkpoint(head, &next.note).await?;
                return Ok(next);
            }
        }
        Err(Inconsistent::Busy)
    }

    fn note(&self, head: TreeHead) -> String {
        let TreeHead { size, root } = head;
        Checkpoint { origin: self.origin.to_owned(), size, root }.sign(self.key)
    }
}
