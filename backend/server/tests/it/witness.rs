//! The witness: what it cosigns, what it refuses, what it remembers; and a server that has its checkpoints cosigned.

use crate::app::TestApp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use mudeung_core::clock::{CountingEntropy, ManualClock, Timestamp};
use mudeung_server::config::WitnessConfig;
use mudeung_server::ledger::cosigning::{Answer, Cosigner, Post, PostFuture, cosign_latest};
use mudeung_server::ledger::publisher;
use mudeung_server::witness::{Refusal, RunningWitness, Witness, start};
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
use mudeung_wire::ledger::cosignature::WitnessVerifier;
use mudeung_wire::ledger::note::{NoteSignature, SignedNote};
use mudeung_wire::ledger::proof::TlogProof;
use mudeung_wire::ledger::tree::{CompactRange, Hash, empty_root, leaf_hash, prove_consistency};
use mudeung_wire::ledger::trust::Trust;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const ORIGIN: &str = "data.example/ledger";
const NAME: &str = "witness.example";

/// A log that a test writes as it likes.
struct Log {
    key: SigningKey,
    roots: Vec<Hash>,
    nodes: HashMap<(u32, u64), Hash>,
}

impl Log {
    /// A log whose entries are `salt` from the entry `fork` on.
    fn new(size: u64, fork: u64, salt: u8) -> Self {
        let (mut range, mut nodes, mut roots) = (CompactRange::default(), HashMap::new(), vec![empty_root()]);
        for index in 0..size {
            let salt = if index < fork { 0 } else { salt };
            range.append(leaf_hash(&[&index.to_be_bytes()[..], &[salt]].concat()), |level, at, hash| {
                nodes.insert((level, at), hash);
            });
            roots.push(range.root());
        }
        Self { key: SigningKey::from_bytes(&[1; 32]), roots, nodes }
    }

    fn verifier(&self) -> LogVerifier {
        LogVerifier::new(ORIGIN.to_owned(), self.key.verifying_key())
    }

    fn checkpoint(&self, size: u64) -> String {
        let root = self.roots[usize::try_from(size).unwrap()];
        Checkpoint { origin: ORIGIN.to_owned(), size, root }.sign(&self.key)
    }

    fn request(&self, old: u64, size: u64) -> String {
        let proof = prove_consistency(old, size, &mut |level, at| self.nodes.get(&(level, at)).copied()).unwrap();
        let lines: String = proof.iter().map(|hash| STANDARD.encode(hash) + "\n").collect();
        format!("old {old}\n{lines}\n{}", self.checkpoint(size))
    }
}

fn witness(folder: &Path, logs: Vec<LogVerifier>) -> Witness {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_772_409_600)));
    Witness::open(NAME, folder, logs, clock, &CountingEntropy::default()).unwrap()
}

#[test]
fn what_begins_with_what_was_seen_is_cosigned_and_its_cosignature_verifies() {
    let (folder, log) = (tempfile::tempdir().unwrap(), Log::new(40, 40, 0));
    let witness = witness(&folder.path().join("w"), vec![log.verifier()]);
    let trust = Trust::new(vec![log.verifier()], vec![witness.verifier()], 1).unwrap();
    for (old, size) in [(0, 0), (0, 5), (5, 5), (5, 8), (8, 39), (39, 40)] {
        let answer = witness.add_checkpoint(&log.request(old, size)).unwrap();
        let mut note = SignedNote::parse(&log.checkpoint(size)).unwrap();
        note.add(NoteSignature::parse(answer.strip_suffix('\n').unwrap()).unwrap());
        let held = trust.check(&note.to_string()).unwrap();
        assert_eq!(held.witnesses, [(NAME.to_owned(), 1_772_409_600)], "{old} to {size}");
    }
}

#[test]
fn each_wrong_request_has_the_refusal_of_the_specification() {
    let (folder, log) = (tempfile::tempdir().unwrap(), Log::new(40, 40, 0));
    let witness = witness(&folder.path().join("w"), vec![log.verifier()]);
    witness.add_checkpoint(&log.request(0, 10)).unwrap();
    let stranger = Log { key: SigningKey::from_bytes(&[9; 32]), ..Log::new(40, 40, 0) };
    let good = log.request(10, 20);
    let other_origin = good.replace(ORIGIN, "other.example/ledger");
    let hash = format!("{}\n", STANDARD.encode([7; 32]));
    let cases = [
        (String::new(), Refusal::Malformed("no checkpoint")),
        (good.replace("old 10", "old 010"), Refusal::Malformed("the first line is not the old size")),
        (
            log.request(10, 20).replace("old 10", "old 21"),
            Refusal::Malformed("the old size is larger than the checkpoint's"),
        ),
        (good.replace("old 10\n", "old 10\nAAAA\n"), Refusal::Malformed("a line is not a hash, or there are too many")),
        (
            good.replace("old 10\n", &format!("old 10\n{}", hash.repeat(64))),
            Refusal::Malformed("a line is not a hash, or there are too many"),
        ),
        (other_origin, Refusal::UnknownLog),
        (stranger.request(10, 20), Refusal::NotSigned),
        (good.replace("\n20\n", "\n21\n"), Refusal::NotSigned),
        (log.request(9, 20), Refusal::OtherSize(10)),
        (log.request(0, 20), Refusal::OtherSize(10)),
        (log.request(10, 20).replace("old 10\n", &format!("old 10\n{hash}")), Refusal::Inconsistent),
        (log.request(10, 10).replace("old 10\n", &format!("old 10\n{hash}")), Refusal::Inconsistent),
    ];
    for (body, refusal) in cases {
        assert_eq!(witness.add_checkpoint(&body), Err(refusal), "{body}");
    }
    assert!(witness.add_checkpoint(&good).is_ok(), "nothing of this changed what it remembers");
}

/// The log's key is stolen and everything after entry 12, or from the beginning, is written anew.
#[test]
fn a_history_rewritten_with_the_logs_own_key_is_never_cosigned() {
    let (folder, log) = (tempfile::tempdir().unwrap(), Log::new(40, 40, 0));
    let witness = witness(&folder.path().join("w"), vec![log.verifier()]);
    witness.add_checkpoint(&log.request(0, 20)).unwrap();
    for fork in [0, 1, 12, 19] {
        let rewritten = Log::new(40, fork, 1);
        assert_eq!(rewritten.verifier(), log.verifier());
        for size in [20, 21, 30, 40] {
            let refused = witness.add_checkpoint(&rewritten.request(20, size));
            assert_eq!(refused, Err(Refusal::Inconsistent), "forked at {fork}, {size} entries");
        }
        assert_eq!(witness.add_checkpoint(&rewritten.request(0, 10)), Err(Refusal::OtherSize(20)));
    }
    assert!(witness.add_checkpoint(&log.request(20, 40)).is_ok(), "the true history goes on");
}

#[test]
fn what_was_cosigned_is_remembered_by_the_next_process_and_by_one_process_at_a_time() {
    let (folder, log) = (tempfile::tempdir().unwrap(), Log::new(40, 40, 0));
    let place = folder.path().join("w");
    let first = witness(&place, vec![log.verifier()]);
    first.add_checkpoint(&log.request(0, 20)).unwrap();
    let key = first.verifier();
    let clock = Arc::new(ManualClock::at(Timestamp::default()));
    let second = Witness::open(NAME, &place, vec![log.verifier()], clock, &CountingEntropy::default());
    assert!(second.err().unwrap().to_string().contains("another witness runs on it"));
    drop(first);
    let again = witness(&place, vec![log.verifier()]);
    assert_eq!(again.verifier(), key);
    assert_eq!(again.add_checkpoint(&log.request(0, 5)), Err(Refusal::OtherSize(20)));
    // A memory that cannot be read is not an empty one.
    let file = std::fs::read_dir(place.join("seen")).unwrap().map(|entry| entry.unwrap().path());
    let file = file.into_iter().find(|path| !path.ends_with("lock")).unwrap();
    std::fs::write(file, "torn").unwrap();
    assert!(matches!(again.add_checkpoint(&log.request(0, 5)), Err(Refusal::NotDurable(_))));
}

#[test]
fn of_many_requests_at_once_one_is_cosigned_for_each_size_that_was_remembered() {
    let (folder, log) = (tempfile::tempdir().unwrap(), Log::new(40, 40, 0));
    let witness = witness(&folder.path().join("w"), vec![log.verifier()]);
    witness.add_checkpoint(&log.request(0, 10)).unwrap();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let ask = |size| {
            scope.spawn({
                let (witness, body) = (&witness, log.request(10, size));
                move || (size, witness.add_checkpoint(&body))
            })
        };
        let asked: Vec<_> = (11..31).map(ask).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let cosigned: Vec<u64> = answers.iter().filter(|(_, answer)| answer.is_ok()).map(|(size, _)| *size).collect();
    assert_eq!(cosigned.len(), 1, "{answers:?}");
    for (size, answer) in &answers {
        assert!(*size == cosigned[0] || *answer == Err(Refusal::OtherSize(cosigned[0])), "{size}: {answer:?}");
    }
}

struct Http(reqwest::Client);

impl Post for Http {
    fn post(&self, url: String, body: String) -> PostFuture<'_> {
        Box::pin(async move {
            let answer = self.0.post(url).body(body).send().await.map_err(|error| error.to_string())?;
            let status = answer.status().as_u16();
            Ok(Answer { status, body: answer.text().await.map_err(|error| error.to_string())? })
        })
    }
}

async fn verifier(app: &TestApp) -> LogVerifier {
    let text = app.get("/ledger/verifier").send().await.unwrap().text().await.unwrap();
    LogVerifier::parse(text.trim_end()).unwrap()
}

fn listen(witness: Witness) -> (RunningWitness, WitnessConfig, WitnessVerifier) {
    let verifier = witness.verifier();
    let running = start(witness, "127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", running.address);
    (running, WitnessConfig { url, verifier: verifier.to_string() }, verifier)
}

#[tokio::test]
async fn a_servers_checkpoints_and_receipts_carry_the_cosignature_of_its_witness() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (running, config, key) = listen(witness(&folder.path().join("w"), vec![verifier(&app).await]));
    let trust = Trust::new(vec![verifier(&app).await], vec![key], 1).unwrap();
    let mut cosigners = Cosigner::all(std::slice::from_ref(&config));
    let post = Http(app.http.clone());
    let token = app.token(&app.fixture.reader).await;
    for _ in 0..3 {
        app.token(&app.fixture.reader).await;
        publisher::publish(app.state()).await.unwrap();
        assert_eq!(cosign_latest(app.state(), &mut cosigners, &post).await, 1);
    }
    let answer = app.get("/v1/receipts/0?format=tlog-proof").bearer_auth(&token).send().await.unwrap();
    let proof = TlogProof::parse(&answer.text().await.unwrap()).unwrap();
    assert_eq!(proof.verify_entry(&trust).unwrap().1.witnesses.len(), 1);
    // A process that does not know what the witness remembers is told.
    let mut forgetful = Cosigner::all(&[config]);
    app.token(&app.fixture.reader).await;
    publisher::publish(app.state()).await.unwrap();
    assert_eq!(cosign_latest(app.state(), &mut forgetful, &post).await, 1);
    let note = app.state().published.covering(0).unwrap();
    assert!(trust.check(&note.text).is_ok());
    running.stop().await;
}

#[tokio::test]
async fn a_witness_that_is_away_or_lies_holds_nothing_up() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let stranger = Log::new(1, 1, 0).verifier();
    let (running, config, _) = listen(witness(&folder.path().join("w"), vec![stranger]));
    let away = WitnessConfig { url: "http://127.0.0.1:1".to_owned(), verifier: config.verifier.clone() };
    let mut cosigners = Cosigner::all(&[config, away]);
    let post = Http(reqwest::Client::builder().timeout(Duration::from_secs(2)).no_proxy().build().unwrap());
    assert_eq!(cosign_latest(app.state(), &mut cosigners, &post).await, 0);
    let token = app.token(&app.fixture.reader).await;
    assert_eq!(app.get("/v1/datasets").bearer_auth(token).send().await.unwrap().status(), 200);
    running.stop().await;
}

#[tokio::test]
async fn over_http_the_witness_answers_with_the_statuses_of_the_specification() {
    let (folder, log) = (tempfile::tempdir().unwrap(), Log::new(40, 40, 0));
    let (running, config, _) = listen(witness(&folder.path().join("w"), vec![log.verifier()]));
    drop(rustls::crypto::ring::default_provider().install_default());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = |body: String| http.post(format!("{}/add-checkpoint", config.url)).body(body).send();
    assert_eq!(send(log.request(0, 10)).await.unwrap().status(), 200);
    let conflict = send(log.request(0, 20)).await.unwrap();
    assert_eq!(
        (conflict.status().as_u16(), conflict.headers()["content-type"].to_str().unwrap()),
        (409, "text/x.tlog.size")
    );
    assert_eq!(conflict.text().await.unwrap(), "10\n");
    assert_eq!(send(Log::new(40, 3, 1).request(10, 20)).await.unwrap().status(), 422);
    let stranger = Log { key: SigningKey::from_bytes(&[9; 32]), ..Log::new(40, 40, 0) };
    assert_eq!(send(stranger.request(10, 20)).await.unwrap().status(), 403);
    assert_eq!(send(log.request(10, 20).replace(ORIGIN, "x")).await.unwrap().status(), 404);
    assert_eq!(send("old".to_owned()).await.unwrap().status(), 400);
    assert_eq!(send("x".repeat(100_000)).await.unwrap().status(), 413);
    let hash: String = {
        use sha2::Digest;
        sha2::Sha256::digest(ORIGIN).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let seen = http.get(format!("{}/{hash}/checkpoint", config.url)).send().await.unwrap().text().await.unwrap();
    assert_eq!(SignedNote::parse(&seen).unwrap().signatures().len(), 2, "the log's and the witness's");
    let other = http.get(format!("{}/{}/checkpoint", config.url, "0".repeat(64))).send().await.unwrap();
    assert_eq!(other.status(), 404);
    running.stop().await;
}
