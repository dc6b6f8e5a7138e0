//! Asks the witnesses in the configuration to cosign what was published. In the background: a witness that does not answer
//! holds up nothing but its own signature.

use crate::config::WitnessConfig;
use crate::ledger::publisher::Note;
use crate::state::App;
use actix_web::web;
use futures_util::future::{BoxFuture, join_all};
use mudeung_store::ledger::LedgerError;
use mudeung_wire::ledger::add_checkpoint::AddCheckpoint;
use mudeung_wire::ledger::cosignature::WitnessVerifier;
use mudeung_wire::ledger::note::{NoteSignature, SignedNote};
use mudeung_wire::ledger::proof::parse_decimal;
use std::sync::Arc;
use std::time::Duration;

/// How often there is a look whether something new was published.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The longest answer of a witness that is read, in bytes.
pub const ANSWER_BYTES_MAX: usize = 16 << 10;

/// What a witness answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, of at most [`ANSWER_BYTES_MAX`].
    pub body: String,
}

/// An answer that is awaited, or why there is none.
pub type PostFuture<'a> = BoxFuture<'a, Result<Answer, String>>;

/// Posts a text to an address, within a time of its own choosing. The binary brings the HTTP client.
pub trait Post: Send + Sync {
    /// Posts.
    fn post(&self, url: String, body: String) -> PostFuture<'_>;
}

/// A witness that is asked.
#[derive(Debug)]
pub struct Cosigner {
    url: String,
    verifier: WitnessVerifier,
    /// The size it cosigned last, as far as we know.
    known: u64,
}

impl Cosigner {
    /// The witnesses of a configuration that was settled.
    pub fn all(witnesses: &[WitnessConfig]) -> Vec<Self> {
        let one = |witness: &WitnessConfig| {
            let verifier = WitnessVerifier::parse(&witness.verifier)?;
            Some(Self { url: format!("{}/add-checkpoint", witness.url.trim_end_matches('/')), verifier, known: 0 })
        };
        witnesses.iter().filter_map(one).collect()
    }

    /// Asks for a cosignature. A witness that remembers another size says which, and is asked once more.
    async fn ask(&mut self, app: &App, note: &Note, post: &dyn Post) -> Option<NoteSignature> {
        for _ in 0..2 {
            let body = request(app, self.known.min(note.size), note).await.ok()?;
            let answer = post.post(self.url.clone(), body).await;
            let answer = answer.inspect_err(|e| tracing::warn!("witness {}: {e}", self.verifier.name())).ok()?;
            match answer.status {
                200 => {
                    let signature = self.accept(note, &answer.body);
                    if signature.is_some() {
                        self.known = note.size;
                    } else {
                        tracing::warn!("witness {}: its answer is not its cosignature", self.verifier.name());
                    }
                    return signature;
                }
                409 => {
                    let known = answer.body.strip_suffix('\n').and_then(parse_decimal)?;
                    if known > note.size {
                        // It has seen more than this process published: another node is ahead, or we were set back.
                        tracing::warn!("witness {} knows {known} entries, not {}", self.verifier.name(), note.size);
                        return None;
                    }
                    self.known = known;
                }
                422 => {
                    tracing::error!(
                        "THE WITNESS {} SAYS THAT THIS LEDGER FORKED: {} entries do not begin with the {} it cosigned",
                        self.verifier.name(),
                        note.size,
                        self.known
                    );
                    return None;
                }
                status => {
                    tracing::warn!("witness {}: it answers {status}", self.verifier.name());
                    return None;
                }
            }
        }
        None
    }

    /// The cosignature in an answer, checked.
    fn accept(&self, note: &Note, answer: &str) -> Option<NoteSignature> {
        let lines = answer.strip_suffix('\n')?.split('\n').take(8);
        let ours = |line: &str| {
            let signature = NoteSignature::parse(line).ok()?;
            // One that was there before proves nothing about this one, so it is looked at alone.
            let alone = SignedNote::parse(&note.text).ok()?.with_only(signature.clone());
            matches!(self.verifier.cosigned_at(&alone), Ok(Some(_))).then_some(signature)
        };
        lines.into_iter().find_map(ours)
    }
}

/// The body of a request to `add-checkpoint` (C2SP tlog-witness).
async fn request(app: &App, known: u64, note: &Note) -> Result<String, LedgerError> {
    let hashes = app.ledger.prove_consistency(known, note.size).await?.unwrap_or_default();
    Ok(AddCheckpoint { old: known, hashes, checkpoint: note.text.clone() }.to_string())
}

/// Asks all witnesses to cosign the checkpoint that is shown, and shows what they signed. Answers how many did.
pub async fn cosign_latest(app: &App, cosigners: &mut [Cosigner], post: &dyn Post) -> usize {
    let Some(note) = app.published.latest() else { return 0 };
    let asked = cosigners.iter_mut().map(|cosigner| cosigner.ask(app, &note, post));
    let signatures: Vec<NoteSignature> = join_all(asked).await.into_iter().flatten().collect();
    let Ok(mut cosigned) = SignedNote::parse(&note.text) else { return 0 };
    let count = signatures.len();
    signatures.into_iter().for_each(|signature| cosigned.put(signature));
    if count > 0 {
        app.published.show_cosigned(Note { size: note.size, text: cosigned.to_string() });
    }
    count
}

/// Has everything that is published cosigned, for ever; ends only with the runtime.
pub async fn keep_cosigned(app: web::Data<App>, post: Arc<dyn Post>) {
    let mut cosigners = Cosigner::all(&app.config.ledger.witnesses);
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut complete = None;
    loop {
        ticks.tick().await;
        let size = app.published.latest().map(|note| note.size);
        if size.is_none() || size == complete {
            continue;
        }
        if cosign_latest(&app, &mut cosigners, &*post).await == cosigners.len() {
            complete = size;
        }
    }
}
