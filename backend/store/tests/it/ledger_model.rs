//! Any interleaving of appends against the plainest model there is: a list of entries.

use crate::place::{Place, run};
use crate::samples::{intent, outcome};
use mudeung_store::ledger::{Granularity, Ledger, LedgerOptions, UsageFilter};
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::ledger::tree::{Hash, empty_root, leaf_hash, node_hash};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// INTENTs of an app, all at once.
    Open { app: u8, count: u8 },
    /// OUTCOMEs of some open INTENTs, all at once, waited for or not.
    Close { pick: u16, count: u8, rows: u32, status: u8, hour: u8, detached: bool },
    /// The process ends and another begins.
    Restart,
    /// Another process appends.
    Other,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let open = (0..3_u8, 1..40_u8).prop_map(|(app, count)| Step::Open { app, count });
    let close = (any::<u16>(), 1..20_u8, 0..1_000_u32, 0..4_u8, 0..3_u8, any::<bool>()).prop_map(
        |(pick, count, rows, status, hour, detached)| Step::Close { pick, count, rows, status, hour, detached },
    );
    proptest::collection::vec(
        prop_oneof![4 => open, 4 => close, 1 => Just(Step::Restart), 1 => Just(Step::Other)],
        1..14,
    )
}

/// RFC 6962 section 2.1, word for word.
fn definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        leaves => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            node_hash(&definition(&leaves[..k]), &definition(&leaves[k..]))
        }
    }
}

/// Requests, rows and bytes by hour and app.
fn fold(entries: &[Entry]) -> BTreeMap<(i64, String), (u64, u64, u64)> {
    let mut usage = BTreeMap::new();
    for entry in entries.iter().filter(|entry| matches!(entry.status, Some(status) if status != Status::Denied)) {
        let hour = entry.time_us.div_euclid(3_600_000_000) * 3_600_000_000;
        let sum: &mut (u64, u64, u64) = usage.entry((hour, entry.app.clone().unwrap())).or_default();
        *sum = (sum.0 + 1, sum.1 + entry.rows.unwrap(), sum.2 + entry.bytes.unwrap());
    }
    usage
}

struct World {
    place: Arc<Place>,
    ledger: Ledger,
    model: Vec<Option<Entry>>,
    open: Vec<(u64, String)>,
    next: u64,
}

impl World {
    async fn step(&mut self, step: Step) {
        match step {
            Step::Open { app, count } => {
                let entries = (0..count).map(|_| intent(self.fresh(), &format!("app_{app}"))).collect();
                for (index, entry) in self.append(self.ledger.clone(), entries).await {
                    self.open.push((index, entry.app.unwrap()));
                }
            }
            Step::Close { pick, count, rows, status, hour, detached } => {
                let mut entries = Vec::new();
                for _ in 0..count.min(u8::try_from(self.open.len().min(200)).unwrap()) {
                    let (index, app) = self.open.swap_remove(usize::from(pick) % self.open.len());
                    let status =
                        [Status::Completed, Status::Aborted, Status::Denied, Status::Unknown][usize::from(status)];
                    let id = self.fresh();
                    let entry = outcome(id, &app, index, u64::from(rows), u64::from(rows) * 7);
                    let time_us = entry.time_us + i64::from(hour) * 3_600_000_000;
                    entries.push(Entry { status: Some(status), time_us, ..entry });
                }
                if detached {
                    entries.iter().for_each(|entry| self.ledger.append_detached(entry.clone()));
                    self.ledger.flush().await;
                    self.read_back().await;
                } else {
                    self.append(self.ledger.clone(), entries).await;
                }
            }
            Step::Restart => {
                let options = LedgerOptions { batch_entries_max: 7, ..LedgerOptions::default() };
                self.ledger = Ledger::open(&self.place.ledger, options).unwrap();
            }
            Step::Other => {
                let entries = vec![intent(self.fresh(), "app_9")];
                self.append(self.place.open_ledger(), entries).await;
            }
        }
    }

    fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Appends all at once; the ledger decides on the order and says so in its receipts.
    async fn append(&mut self, ledger: Ledger, entries: Vec<Entry>) -> Vec<(u64, Entry)> {
        let append = |entry: Entry| {
            let ledger = ledger.clone();
            tokio::spawn(async move { (ledger.append(entry.clone()).await.unwrap(), entry) })
        };
        let tasks: Vec<_> = entries.into_iter().map(append).collect();
        let mut appended = Vec::new();
        for task in tasks {
            let (receipt, entry) = task.await.unwrap();
            assert_eq!(receipt.leaf_hash, leaf_hash(&entry.to_bytes().unwrap()));
            let place = usize::try_from(receipt.index).unwrap();
            self.model.resize(self.model.len().max(place + 1), None);
            assert_eq!(self.model[place].replace(entry.clone()), None, "index {place} was given twice");
            appended.push((receipt.index, entry));
        }
        appended
    }

    /// Detached entries have no receipt; their place is learned from the ledger.
    async fn read_back(&mut self) {
        let size = self.ledger.head().await.unwrap().size;
        for index in u64::try_from(self.model.len()).unwrap()..size {
            self.model.push(self.ledger.entry(index).await.unwrap());
        }
    }

    async fn check(self) {
        let entries: Vec<Entry> = self.model.into_iter().map(|entry| entry.expect("indices are contiguous")).collect();
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(&entry.to_bytes().unwrap())).collect();
        let report = self.ledger.verify(|_, _| {}).await.unwrap();
        assert_eq!(report.head.size, u64::try_from(entries.len()).unwrap());
        assert_eq!(report.head.root, definition(&leaves));
        let filter = UsageFilter { granularity: Granularity::Hour, ..UsageFilter::default() };
        let rows = self.ledger.usage(filter, None, 10_000).await.unwrap();
        let stored = rows
            .into_iter()
            .map(|row| ((row.place.period_start.micros(), row.place.app), (row.requests, row.rows, row.bytes)));
        assert_eq!(stored.collect::<BTreeMap<_, _>>(), fold(&entries));
    }
}

fn compare(place: Place, steps: Vec<Step>) {
    run(place, |place| async move {
        let ledger = place.open_ledger();
        let mut world = World { place, ledger, model: Vec::new(), open: Vec::new(), next: 0 };
        for step in steps {
            world.step(step).await;
        }
        world.check().await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_is_what_the_model_says_on_sqlite(steps in steps()) {
        compare(Place::on_sqlite(), steps);
    }

    #[test]
    fn any_interleaving_is_what_the_model_says_on_postgres(steps in steps()) {
        compare(Place::on_postgres(), steps);
    }
}
