//! The check of a log by its tiles: an honest one holds at every size and from every checkpoint, a changed one never.

use super::*;
use crate::ledger::checkpoint::{Checkpoint, LogVerifier};
use crate::ledger::tile::{TILE_HEIGHT, TILE_WIDTH};
use crate::ledger::tree::{CompactRange, Hash, leaf_hash};
use crate::ledger::trust::Trust;
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

const ORIGIN: &str = "example.org/ledger";
/// Sizes around the ends of tiles of one and two levels.
const SIZES: [u64; 13] = [0, 1, 2, 255, 256, 257, 511, 512, 700, 65_535, 65_536, 65_537, 66_000];

/// A log in memory, which keeps account of what was fetched and may be made to lie about one tile.
struct Log {
    key: SigningKey,
    nodes: HashMap<(u32, u64), Hash>,
    roots: Vec<Hash>,
    size: u64,
    lie: Option<(Tile, usize)>,
    fetched: Mutex<Vec<String>>,
}

impl Log {
    fn of(size: u64, leaf: impl Fn(u64) -> Hash) -> Self {
        let (mut range, mut nodes) = (CompactRange::default(), HashMap::new());
        let mut roots = vec![range.root()];
        for index in 0..size {
            range.append(leaf(index), |level, at, hash| assert_eq!(nodes.insert((level, at), hash), None));
            roots.push(range.root());
        }
        let key = SigningKey::from_bytes(&[7; 32]);
        Self { key, nodes, roots, size, lie: None, fetched: Mutex::new(Vec::new()) }
    }

    fn new(size: u64) -> Self {
        Self::of(size, |index| leaf_hash(&index.to_be_bytes()))
    }

    fn trust(&self) -> Trust {
        Trust::log(LogVerifier::new(ORIGIN.to_owned(), self.key.verifying_key()))
    }

    fn at(&self, size: u64) -> Checkpoint {
        Checkpoint { origin: ORIGIN.to_owned(), size, root: self.roots[usize::try_from(size).unwrap()] }
    }

    fn audit(&self, held: Option<&Checkpoint>) -> Result<u64, AuditError<String>> {
        let mut last = (0, 0);
        let audited = now(audit_log(self, &self.trust(), held, |done, all| last = (done, all)))?;
        assert_eq!(last.0, last.1, "the progress ends at the end");
        Ok(audited.witnessed.checkpoint.size)
    }

    fn tiles(&self) -> Vec<Tile> {
        let at = |level: u8| (0..).map_while(move |index| nodes::widest(self.size, level, index));
        (0..3).flat_map(at).collect()
    }
}

impl Source for Log {
    type Error = String;

    async fn get(&self, path: String) -> Result<Vec<u8>, String> {
        self.fetched.lock().unwrap().push(path.clone());
        if path == "checkpoint" {
            return Ok(self.at(self.size).sign(&self.key).into_bytes());
        }
        let tile = path.strip_prefix("tile/").and_then(Tile::parse).ok_or_else(|| format!("no {path}"))?;
        assert!(tile.is_in(self.size), "{tile} of {}", self.size);
        let level = u32::from(tile.level) * TILE_HEIGHT;
        let first = tile.index * TILE_WIDTH;
        let hashes = (first..first + u64::from(tile.width)).map(|index| self.nodes[&(level, index)]);
        let mut bytes = hashes.collect::<Vec<_>>().concat();
        if let Some((_, byte)) = self.lie.filter(|(about, _)| (about.level, about.index) == (tile.level, tile.index)) {
            bytes[byte] ^= 1;
        }
        Ok(bytes)
    }
}

/// What a future that never waits comes to.
fn now<F: Future>(future: F) -> F::Output {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn an_honest_log_holds_at_every_size_and_behind_every_checkpoint() {
    for size in SIZES {
        let log = Log::new(size);
        assert_eq!(log.audit(None), Ok(size));
        for held in SIZES.into_iter().filter(|held| *held <= size) {
            assert_eq!(log.audit(Some(&log.at(held))), Ok(size), "{held} of {size}");
        }
    }
}

#[test]
fn behind_a_checkpoint_only_what_is_new_is_fetched() {
    let log = Log::new(66_000);
    assert_eq!(log.audit(Some(&log.at(65_990))), Ok(66_000));
    assert!(log.fetched.lock().unwrap().len() < 12, "{:?}", log.fetched);
}

#[test]
fn one_bit_in_any_tile_is_noticed() {
    for size in [1, 255, 256, 257, 700] {
        let mut log = Log::new(size);
        for tile in log.tiles() {
            for byte in (0..usize::from(tile.width) * 32).step_by(31) {
                log.lie = Some((tile, byte));
                assert!(matches!(log.audit(None), Err(AuditError::Broken(_))), "{tile} byte {byte} of {size}");
            }
        }
    }
    let mut log = Log::new(65_537);
    for tile in log.tiles().into_iter().filter(|tile| tile.level > 0 || tile.index.is_multiple_of(64)) {
        log.lie = Some((tile, usize::from(tile.width) * 32 - 1));
        assert!(matches!(log.audit(None), Err(AuditError::Broken(_))), "{tile}");
    }
}

#[test]
fn a_log_that_was_rewritten_cut_off_or_exchanged_does_not_follow_what_is_held() {
    let honest = Log::new(700);
    // One entry is another; all hashes above it and the checkpoint are made anew with the log's own key.
    let rewritten = Log::of(900, |index| leaf_hash(&if index == 300 { [9; 8] } else { index.to_be_bytes() }));
    assert_eq!(rewritten.audit(None), Ok(900), "alone it looks as it should");
    for held in [301, 512, 700] {
        let found = rewritten.audit(Some(&honest.at(held)));
        assert_eq!(found, Err(AuditError::Broken(BrokenLog::Forked(held))));
    }
    assert_eq!(rewritten.audit(Some(&honest.at(300))), Ok(900), "before it they are one");
    let found = Log::new(699).audit(Some(&honest.at(700)));
    assert_eq!(found, Err(AuditError::Broken(BrokenLog::WentBack { held: 700, present: 699 })));
    let elsewhere = Checkpoint { origin: "example.org/other".to_owned(), ..honest.at(5) };
    assert!(matches!(honest.audit(Some(&elsewhere)), Err(AuditError::Broken(BrokenLog::OtherLog { .. }))));
}

#[test]
fn a_checkpoint_over_other_leaves_or_by_another_key_does_not_hold() {
    let mut log = Log::new(700);
    *log.roots.last_mut().unwrap() = [1; 32];
    assert_eq!(log.audit(None), Err(AuditError::Broken(BrokenLog::Root(700))));
    let log = Log::new(10);
    let other = Trust::log(LogVerifier::new(ORIGIN.to_owned(), SigningKey::from_bytes(&[8; 32]).verifying_key()));
    let found = now(audit_log(&log, &other, None, |_, _| {}));
    assert!(matches!(found, Err(AuditError::Checkpoint(_))), "{found:?}");
}

#[test]
fn a_tile_of_another_length_or_out_of_turn_is_refused() {
    let log = Log::new(300);
    let mut walk = TileWalk::whole(&log.at(300));
    let [first, second] = walk.wanted(8)[..] else { panic!("{:?}", walk.wanted(8)) };
    assert_eq!((first.width, second.width), (256, 44));
    assert!(matches!(walk.take(first, &[0; 32]), Err(BrokenLog::Length { .. })));
    assert_eq!(walk.take(second, &[0; 44 * 32]), Err(BrokenLog::Order(second)));
    let above = Tile { level: 1, index: 0, width: 1 };
    assert_eq!(walk.take(above, &[0; 32]), Err(BrokenLog::Order(above)));
    assert_eq!(walk.finish(), Err(BrokenLog::Root(300)), "not all of it was seen");
}

#[test]
fn a_proof_is_made_under_the_checkpoint_that_is_given_and_none_out_of_a_tile_that_lies() {
    let mut log = Log::new(700);
    let earlier = log.at(600).sign(&log.key);
    let proof = now(fetch_inclusion(&log, &log.trust(), Some(&earlier), 300)).unwrap();
    assert_eq!(proof.verify(&leaf_hash(&300_u64.to_be_bytes()), &log.trust()).unwrap().checkpoint.size, 600);
    assert_eq!(now(fetch_inclusion(&log, &log.trust(), Some(&earlier), 600)), Err(AuditError::Beyond(600)));
    let proof = now(fetch_consistency(&log, &log.trust(), Some(&earlier), 257)).unwrap();
    assert_eq!(proof.verify(&log.at(257), &log.trust()).unwrap().checkpoint.size, 600);
    log.lie = Some((Tile { level: 0, index: 1, width: 256 }, (300 - 256) * 32));
    let broken = Err(AuditError::Broken(BrokenLog::Root(700)));
    assert_eq!(now(fetch_inclusion(&log, &log.trust(), None, 300)), broken);
    assert!(matches!(now(fetch_consistency(&log, &log.trust(), None, 301)), Err(AuditError::Broken(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn proofs_made_from_tiles_hold(size in 1_u64..1_200, one: u64, other: u64) {
        let log = Log::new(size);
        let (index, old) = (one % size, other % size + 1);
        let proof = now(fetch_inclusion(&log, &log.trust(), None, index)).unwrap();
        prop_assert!(proof.verify(&leaf_hash(&index.to_be_bytes()), &log.trust()).is_ok());
        prop_assert!(proof.verify(&leaf_hash(&size.to_be_bytes()), &log.trust()).is_err());
        let proof = now(fetch_consistency(&log, &log.trust(), None, old)).unwrap();
        prop_assert!(proof.verify(&log.at(old), &log.trust()).is_ok());
        prop_assert_eq!(now(fetch_inclusion(&log, &log.trust(), None, size)), Err(AuditError::Beyond(size)));
        prop_assert_eq!(now(fetch_consistency(&log, &log.trust(), None, size + 1)), Err(AuditError::Beyond(size)));
    }
}
