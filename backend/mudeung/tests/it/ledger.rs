//! The ledger in the hands of an auditor: from outside over HTTP, from its rows, from an export, and given up.

use super::{mudeung, text};
use ed25519_dalek::SigningKey;
use mudeung_store::{Ledger, LedgerOptions};
use mudeung_wire::ledger::add_checkpoint::AddCheckpoint;
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use mudeung_wire::ledger::proof::TlogProof;
use mudeung_wire::ledger::tile::Tile;
use mudeung_wire::ledger::trust::Trust;
use mudeung_wire::ledger::year::{CLOSE_YEAR, YearEnd};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use tokio::runtime::Runtime;

const ORIGIN: &str = "hospital.example/ledger";
/// 2020-06-01.
const LONG_AGO_US: i64 = 1_590_969_600_000_000;

/// A ledger with a server that shows it.
struct Hospital {
    folder: tempfile::TempDir,
    runtime: Runtime,
    ledger: Ledger,
    key: SigningKey,
}

impl Hospital {
    fn new(entries: u64) -> Self {
        let (folder, runtime) = (tempfile::tempdir().unwrap(), Runtime::new().unwrap());
        let url = folder.path().join("ledger.sqlite").display().to_string();
        Ledger::migrate(&url).unwrap();
        let ledger = Ledger::open(&url, LedgerOptions::default()).unwrap();
        let hospital = Self { folder, runtime, ledger, key: SigningKey::from_bytes(&[7; 32]) };
        hospital.append(0..entries);
        std::fs::write(hospital.folder.path().join("log.key"), format!("{}\n", hospital.verifier())).unwrap();
        hospital
    }

    fn append(&self, numbers: std::ops::Range<u64>) {
        for n in numbers {
            let mut nonce = [0; 16];
            nonce[..8].copy_from_slice(&n.to_be_bytes());
            let entry = Entry::new(Kind::Outcome, "data.read_rows", LONG_AGO_US, nonce);
            self.ledger.append_detached(Entry { status: Some(Status::Completed), ..entry });
        }
        self.runtime.block_on(async {
            self.ledger.flush().await;
            let head = self.ledger.head().await.unwrap();
            self.ledger.save_checkpoint(head, &self.checkpoint_of(head).sign(&self.key)).await.unwrap();
            while self.ledger.indexed().await.unwrap() < head.size {
                tokio::task::yield_now().await;
            }
        });
    }

    fn verifier(&self) -> LogVerifier {
        LogVerifier::new(ORIGIN.to_owned(), self.key.verifying_key())
    }

    fn checkpoint(&self) -> Checkpoint {
        self.checkpoint_of(self.runtime.block_on(self.ledger.head()).unwrap())
    }

    fn checkpoint_of(&self, head: mudeung_store::TreeHead) -> Checkpoint {
        Checkpoint { origin: ORIGIN.to_owned(), size: head.size, root: head.root }
    }

    /// Serves the checkpoint and the tiles, and nothing else, until the process ends.
    fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (ledger, key) = (self.ledger.clone(), self.key.clone());
        std::thread::spawn(move || {
            let runtime = Runtime::new().unwrap();
            for stream in listener.incoming() {
                answer(stream.unwrap(), &runtime, &ledger, &key);
            }
        });
        url
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = mudeung(self.folder.path(), arguments);
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    fn has(&self, name: &str) -> bool {
        Path::exists(&self.folder.path().join(name))
    }
}

fn answer(mut stream: TcpStream, runtime: &Runtime, ledger: &Ledger, key: &SigningKey) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(request)) = lines.next() else { return };
    let _ = lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
    let path = request.split(' ').nth(1).unwrap().to_owned();
    let body = runtime.block_on(async {
        if path == "/ledger/checkpoint" {
            let head = ledger.head().await.unwrap();
            let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: head.size, root: head.root };
            return Some(checkpoint.sign(key).into_bytes());
        }
        let tile = path.strip_prefix("/ledger/tile/").and_then(Tile::parse)?;
        ledger.tile(tile).await.unwrap()
    });
    let (status, body) = body.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

#[test]
fn an_auditor_checks_a_server_from_checkpoint_to_checkpoint() {
    let hospital = Hospital::new(300);
    let url = hospital.serve();
    let url = url.as_str();
    let verify = ["ledger", "verify", "--url", url, "--verifier", "log.key"];
    let (code, said) = hospital.run(&[&verify[..], &["--keep", "held"]].concat());
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the ledger holds: hospital.example/ledger, 300 entries"), "{said}");
    assert_eq!(hospital.read("held"), hospital.checkpoint().sign(&hospital.key));
    hospital.append(300..600);
    let (code, said) = hospital.run(&[&verify[..], &["--from", "held", "--keep", "next"]].concat());
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("600 entries") && said.contains("extends the checkpoint over 300"), "{said}");
    assert!(hospital.read("next").contains("\n600\n"));

    // The log's own key signed another past; the checkpoint that was held is not replaced.
    let forked = Checkpoint { root: [9; 32], size: 300, ..hospital.checkpoint() }.sign(&hospital.key);
    std::fs::write(hospital.folder.path().join("forked"), &forked).unwrap();
    let (code, said) = hospital.run(&[&verify[..], &["--from", "forked", "--keep", "forked"]].concat());
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("THE LEDGER DOES NOT HOLD"), "{said}");
    assert_eq!(hospital.read("forked"), forked);
    let (code, said) = hospital.run(&["ledger", "verify", "--database", "ledger.sqlite", "--from", "forked"]);
    assert_eq!(code, 3, "{said}");
    let (code, said) = hospital.run(&["ledger", "verify", "--database", "ledger.sqlite", "--from", "held"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("extends the checkpoint over 300 entries") && said.contains("--verifier"), "{said}");
}

#[test]
fn what_cannot_be_checked_is_told_from_what_does_not_hold() {
    let hospital = Hospital::new(10);
    let url = hospital.serve();
    let url = url.as_str();
    let other = LogVerifier::new(ORIGIN.to_owned(), SigningKey::from_bytes(&[8; 32]).verifying_key()).to_string();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (arguments, expected, word) in [
        (vec!["--url", url, "--verifier", other.as_str()], 3, "no signature by the key"),
        (vec!["--url", format!("http://{closed}").as_str(), "--verifier", "log.key"], 1, "refused"),
        (vec!["--url", format!("{url}/nowhere").as_str(), "--verifier", "log.key"], 1, "404"),
        (vec!["--url", url], 2, "--verifier"),
        (vec!["--url", url, "--verifier", "no.key"], 2, "no.key"),
        (vec!["--url", "ftp://x", "--verifier", "log.key"], 2, "ftp://x"),
        (vec!["--url", url, "--verifier", "log.key", "--threshold", "1"], 2, "witnesses"),
        (vec!["--url", url, "--verifier", "log.key", "--from", "log.key"], 2, "log.key"),
        (vec!["--export", "nowhere", "--verifier", "log.key"], 2, "nowhere"),
        (vec!["--url", url, "--database", "ledger.sqlite"], 2, "cannot be used with"),
    ] {
        let (code, said) = hospital.run(&[&["ledger", "verify"], arguments.as_slice()].concat());
        assert_eq!(code, expected, "{arguments:?}: {said}");
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
}

#[test]
fn proofs_are_written_from_inside_and_outside_and_hold() {
    let hospital = Hospital::new(300);
    let url = hospital.serve();
    let url = url.as_str();
    let (held, trust) = (hospital.checkpoint(), Trust::log(hospital.verifier()));
    std::fs::write(hospital.folder.path().join("held"), held.sign(&hospital.key)).unwrap();
    hospital.append(300..600);
    let outside = ["ledger", "prove", "--url", url, "--verifier", "log.key", "--out", "outside"];
    let inside = ["ledger", "prove", "--database", "ledger.sqlite"];
    for (prove, file) in [(&inside[..], "17.tlog-proof"), (&outside[..], "outside/17.tlog-proof")] {
        let (code, said) = hospital.run(&[prove, &["17"]].concat());
        assert_eq!((code, said.trim().trim_start_matches("./")), (0, file), "{said}");
    }
    let whole = TlogProof::parse(&hospital.read("17.tlog-proof")).unwrap();
    assert_eq!(whole.verify_entry(&trust).unwrap().1.checkpoint.size, 600);
    let bare = TlogProof::parse(&hospital.read("outside/17.tlog-proof")).unwrap();
    assert_eq!((bare.extra, bare.hashes), (None, whole.hashes));

    for (prove, file) in [(&inside[..], "300-600.add-checkpoint"), (&outside[..], "outside/300-600.add-checkpoint")] {
        let (code, said) = hospital.run(&[prove, &["--consistency", "300", "600"]].concat());
        assert_eq!(code, 0, "{said}");
        AddCheckpoint::parse(&hospital.read(file)).unwrap().verify(&held, &trust).unwrap();
        let check = ["ledger", "verify", "--proof", file, "--from", "held", "--verifier", "log.key"];
        let (code, said) = hospital.run(&check);
        assert_eq!(code, 0, "{said}");
        let broken = hospital.read(file).replacen("\n", "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 1);
        std::fs::write(hospital.folder.path().join(file), broken).unwrap();
        let (code, said) = hospital.run(&check);
        assert_eq!(code, 3, "{said}");
    }
    // Under a checkpoint that is held.
    let (code, said) = hospital.run(&[&outside[..], &["--consistency", "100", "--checkpoint", "held"]].concat());
    assert_eq!((code, hospital.has("outside/100-300.add-checkpoint")), (0, true), "{said}");
    for (prove, asked, word) in [
        (&inside[..], &["600"][..], "no entry 600"),
        (&outside[..], &["600"][..], "600 entries"),
        (&inside[..], &["--consistency", "601"][..], "no tree of 601"),
        (&outside[..], &["--consistency", "601"][..], "600 entries"),
        (&inside[..], &["--consistency", "100", "400"][..], "the next one is over 600"),
        (&outside[..], &["--consistency", "100", "400"][..], "--checkpoint"),
        (&inside[..], &["1", "--consistency", "1"][..], "cannot be used with"),
    ] {
        let (code, said) = hospital.run(&[prove, asked].concat());
        assert_eq!(code, 2, "{asked:?}: {said}");
        assert!(said.contains(word), "{asked:?}: {said}");
    }
    assert!(!hospital.has("600.tlog-proof") && !hospital.has("100-400.add-checkpoint"));
}

#[test]
fn a_year_that_was_closed_is_exported_up_to_the_checkpoint_that_closed_it() {
    let hospital = Hospital::new(300);
    let end = YearEnd { checkpoint: hospital.checkpoint().sign(&hospital.key), until: 300, year: 2020 };
    let closing = Entry::new(Kind::Outcome, CLOSE_YEAR, LONG_AGO_US, [1; 16]);
    let closing = Entry { detail: Some(end.to_detail().unwrap()), status: Some(Status::Completed), ..closing };
    hospital.ledger.append_detached(closing);
    hospital.append(300..310);
    let config = "[http]\nlisten = \"127.0.0.1:0\"\n[database]\ncontrol = \"control.sqlite\"\n\
                  ledger = \"ledger.sqlite\"\ncheckpoints = \"checkpoints.sqlite\"\n\
                  [data]\nstore = \"store\"\nkeys = \"keys\"\n[ledger]\norigin = \"hospital.example/years\"\n";
    std::fs::write(hospital.folder.path().join("mudeung.toml"), config).unwrap();
    let export = |year: &str, out: &str| {
        hospital.run(&["ledger", "export", "--config", "mudeung.toml", "--year", year, "--out", out])
    };
    let (code, said) = export("2021", "out");
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("2021 was not closed in this ledger (closed: 2020)"), "{said}");
    let (code, said) = export("2020", "out");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("300 entries, signed and provable"), "{said}");
    let (code, said) = hospital.run(&["ledger", "verify", "--export", "out", "--verifier", "out/verifier"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("300 entries from 0 to before 300, under a checkpoint over 311"), "{said}");
}

#[test]
fn a_year_is_given_up_with_an_export_that_verifies_and_only_when_it_may() {
    let hospital = Hospital::new(300);
    let config = |retention: u8| {
        format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n[database]\ncontrol = \"control.sqlite\"\n\
             ledger = \"ledger.sqlite\"\ncheckpoints = \"checkpoints.sqlite\"\n\
             [data]\nstore = \"store\"\nkeys = \"keys\"\n\
             [ledger]\norigin = \"hospital.example/pruned\"\nretention_years = {retention}\n"
        )
    };
    let file = hospital.folder.path().join("mudeung.toml");
    let prune =
        |year: &str, out: &str| hospital.run(&["ledger", "prune", year, "--config", "mudeung.toml", "--out", out]);
    std::fs::write(&file, config(1)).unwrap();
    let (code, said) = prune("2020", "out");
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("ledger.retention_years") && said.contains("2 years"), "{said}");
    std::fs::write(&file, config(3)).unwrap();
    let (code, said) = prune("9000", "out");
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("are kept until 9003-12-31T15:00:00Z"), "{said}");
    assert!(!hospital.has("out"));

    let (code, said) = prune("2020", "out");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("from 0 to before 256") && said.contains("256 rows are gone"), "{said}");
    let (code, said) = hospital.run(&["ledger", "verify", "--config", "mudeung.toml"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("302 entries (the first 256 were given up"), "{said}");
    let verify = ["ledger", "verify", "--export", "out", "--verifier", "out/verifier"];
    let (code, said) = hospital.run(&verify);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("256 entries"), "{said}");
    let (code, said) = hospital.run(&["ledger", "prove", "3", "--config", "mudeung.toml"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("given up"), "{said}");
    let (code, said) = prune("2020", "again");
    assert_eq!((code, hospital.has("again")), (0, false), "{said}");
    assert!(said.contains("nothing is left"), "{said}");

    let entries = hospital.folder.path().join("out/entries/0000000000000000.ndjson");
    let changed = std::fs::read_to_string(&entries).unwrap().replacen("\"index\":7,", "\"index\":8,", 1);
    std::fs::write(&entries, changed).unwrap();
    let (code, said) = hospital.run(&verify);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("THE EXPORT DOES NOT HOLD"), "{said}");
}
