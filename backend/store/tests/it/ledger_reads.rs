//! Reading: entries by page, usage by period, tiles and proofs at every size, checkpoints.

use crate::place::{Place, on_both};
use crate::samples::{NOW, intent, outcome};
use mudeung_core::clock::Timestamp;
use mudeung_core::quota::Amount;
use mudeung_store::ledger::{EntryFilter, Granularity, Ledger, TreeHead, UsageFilter};
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::ledger::tile::Tile;
use mudeung_wire::ledger::tree::{CompactRange, Hash, empty_root, leaf_hash, verify_consistency, verify_inclusion};
use std::collections::HashMap;
use std::sync::Arc;

on_both!(
    entries_are_paged_newest_first,
    entries_are_filtered_by_every_part,
    searches_are_complete_while_indexing_is_behind,
    tiles_hold_the_hashes_of_the_tree,
    every_entry_is_proved_in_trees_of_any_size,
    a_search_by_time_finds_what_the_times_say_whatever_their_order,
    every_tree_is_proved_to_begin_with_every_earlier_one,
    usage_is_summed_by_hour_and_day,
    the_last_checkpoint_of_a_tile_is_kept,
);

/// Appends entries, queued by one task one after the other, so that their order is the order of the ledger.
async fn append_all(ledger: &Ledger, entries: Vec<Entry>) -> Vec<Hash> {
    let hash = |entry: &Entry| leaf_hash(&entry.to_bytes().unwrap());
    let hashes = entries.iter().map(hash).collect();
    entries.into_iter().for_each(|entry| ledger.append_detached(entry));
    ledger.flush().await;
    hashes
}

async fn entries_are_paged_newest_first(place: Arc<Place>) {
    let ledger = place.open_ledger();
    append_all(&ledger, (0..25).map(|n| intent(n, "app_1")).collect()).await;
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = ledger.entries(EntryFilter::default(), before, 10).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        before = Some(*last);
        seen.extend(page.into_iter().map(|(index, _)| index));
    }
    assert!(seen.into_iter().eq((0..25).rev()));
}

async fn entries_are_filtered_by_every_part(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let other = Entry {
        organization: Some("org_2".to_owned()),
        dataset: Some("other".to_owned()),
        operation: "query.run".to_owned(),
        grant: Some("grt_2".to_owned()),
        token: Some("jti-2".to_owned()),
        status: Some(Status::Denied),
        time_us: NOW.micros() + 1_000,
        ..intent(1, "app_2")
    };
    append_all(&ledger, vec![intent(0, "app_1"), other, intent(2, "app_1")]).await;
    let text = |text: &str| Some(text.to_owned());
    let filters = [
        EntryFilter { organization: text("org_2"), ..EntryFilter::default() },
        EntryFilter { app: text("app_2"), ..EntryFilter::default() },
        EntryFilter { dataset: text("other"), ..EntryFilter::default() },
        EntryFilter { operation: text("query.run"), ..EntryFilter::default() },
        EntryFilter { grant: text("grt_2"), ..EntryFilter::default() },
        EntryFilter { token: text("jti-2"), ..EntryFilter::default() },
        EntryFilter { status: Some(Status::Denied), ..EntryFilter::default() },
        EntryFilter { from: Some(Timestamp::from_micros(NOW.micros() + 1_000)), ..EntryFilter::default() },
    ];
    for filter in filters {
        let found = ledger.entries(filter.clone(), None, 10).await.unwrap();
        assert_eq!(found.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1], "{filter:?}");
    }
    let until = EntryFilter { until: Some(Timestamp::from_micros(NOW.micros() + 1)), ..EntryFilter::default() };
    assert_eq!(ledger.entries(until, None, 10).await.unwrap()[0].0, 0);
    let later = Some(Timestamp::from_micros(NOW.micros() + 1_000));
    assert_eq!(ledger.period(later, None).await.unwrap(), Some((1, 1)));
    assert_eq!(ledger.period(None, later).await.unwrap(), Some((0, 2)));
    assert_eq!(ledger.period(later, later).await.unwrap(), None);
}

/// Entries of three blocks whose times are out of order by more than a block, and some that are not indexed.
async fn a_search_by_time_finds_what_the_times_say_whatever_their_order(place: Arc<Place>) {
    const ENTRIES: u64 = 9_000;
    let at = |n: u64| NOW.micros() + i64::try_from(n * 7_919 % ENTRIES).unwrap() / 2 * 3;
    let ledger = place.open_ledger();
    for group in (0..ENTRIES).collect::<Vec<_>>().chunks(1_000) {
        let each = |n: &u64| Entry { time_us: at(*n), ..intent(*n, &format!("app_{}", n % 5)) };
        append_all(&ledger, group.iter().map(each).collect()).await;
    }
    let places = [0, 1, 2, 3, 4_500, 6_000, 13_499, 13_500].map(|after| Timestamp::from_micros(NOW.micros() + after));
    let ends = || std::iter::once(None).chain(places.into_iter().map(Some));
    for (from, until) in ends().flat_map(|from| ends().map(move |until| (from, until))) {
        let fits = |n: &u64| {
            let time = Timestamp::from_micros(at(*n));
            from.is_none_or(|from| time >= from) && until.is_none_or(|until| time < until)
        };
        let expected: Vec<u64> = (0..ENTRIES).filter(fits).collect();
        let bounds = expected.first().copied().zip(expected.last().copied());
        assert_eq!(ledger.period(from, until).await.unwrap(), bounds, "{from:?} {until:?}");
        let filter = EntryFilter { from, until, app: Some("app_3".to_owned()), ..EntryFilter::default() };
        let found = ledger.entries(filter, Some(8_000), 40).await.unwrap();
        let wanted = expected.into_iter().rev().filter(|n| n % 5 == 3 && *n < 8_000).take(40);
        assert!(found.into_iter().map(|(index, _)| index).eq(wanted), "{from:?} {until:?}");
    }
    ledger.close().await;
    ledger.verify(|_, _| {}).await.unwrap();
}

async fn every_tree_is_proved_to_begin_with_every_earlier_one(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let mut roots = vec![empty_root()];
    let mut range = CompactRange::default();
    // In three runs, so that the last tiles were read before they were full.
    for (from, until) in [(0, 200), (200, 530), (530, 790)] {
        for hash in append_all(&ledger, (from..until).map(|n| intent(n, "app_1")).collect()).await {
            range.append(hash, |_, _, _| {});
            roots.push(range.root());
        }
        let root = |size: u64| roots[usize::try_from(size).unwrap()];
        let to = until;
        for size in [1, 2, 199, 255, 256, 257, 512, 529, 530, to - 1, to].into_iter().filter(|size| *size <= to) {
            assert_eq!(ledger.root_at(size).await.unwrap(), Some(root(size)), "{size}");
            for from in [0, 1, 3, 128, 255, 256, 300, 511, 512, size].into_iter().filter(|from| *from <= size) {
                let proof = ledger.prove_consistency(from, size).await.unwrap().unwrap();
                let held = verify_consistency(from, &root(from), size, &root(size), &proof);
                assert_eq!(held, Ok(()), "{from} to {size} of {to}");
            }
        }
        assert_eq!(ledger.prove_consistency(1, to + 1).await.unwrap(), None);
        assert_eq!(ledger.prove_consistency(2, 1).await.unwrap(), None);
        assert_eq!(ledger.root_at(to + 1).await.unwrap(), None);
    }
    assert_eq!(ledger.root_at(0).await.unwrap(), Some(empty_root()));
}

/// All nodes of the tree over some leaves.
fn nodes(hashes: &[Hash]) -> HashMap<(u32, u64), Hash> {
    let mut nodes = HashMap::new();
    let mut range = CompactRange::default();
    for hash in hashes {
        range.append(*hash, |level, index, hash| assert_eq!(nodes.insert((level, index), hash), None));
    }
    nodes
}

async fn tiles_hold_the_hashes_of_the_tree(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let hashes = append_all(&ledger, (0..700).map(|n| intent(n, "app_1")).collect()).await;
    let nodes = nodes(&hashes);
    for level in 0..2_u8 {
        for index in 0..3_u64 {
            for width in [1_u16, 2, 100, 188, 189, 255, 256] {
                let tile = Tile { level, index, width };
                let wanted = (0..u64::from(width)).map(|n| nodes.get(&(u32::from(level) * 8, index * 256 + n)));
                let expected: Option<Vec<u8>> =
                    wanted.map(|h| h.copied()).collect::<Option<Vec<_>>>().map(|h| h.concat());
                assert_eq!(ledger.tile(tile).await.unwrap(), expected, "{tile}");
            }
        }
    }
    assert_eq!(ledger.tile(Tile { level: 63, index: u64::MAX, width: 256 }).await.unwrap(), None);
}

async fn every_entry_is_proved_in_trees_of_any_size(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let hashes = append_all(&ledger, (0..600).map(|n| intent(n, "app_1")).collect()).await;
    let mut range = CompactRange::default();
    let mut roots = vec![range.root()];
    for hash in &hashes {
        range.append(*hash, |_, _, _| {});
        roots.push(range.root());
    }
    for size in [1_u64, 2, 3, 255, 256, 257, 511, 512, 513, 600] {
        for index in [0, size / 3, size / 2, size - 1] {
            let proof = ledger.prove(index, size).await.unwrap().unwrap();
            let leaf = &hashes[usize::try_from(index).unwrap()];
            let root = &roots[usize::try_from(size).unwrap()];
            verify_inclusion(index, leaf, size, root, &proof).unwrap();
        }
    }
    assert_eq!(ledger.prove(3, 3).await.unwrap(), None);
    assert_eq!(ledger.prove(3, 601).await.unwrap(), None, "the tree is not that large");
}

async fn usage_is_summed_by_hour_and_day(place: Arc<Place>) {
    const HOUR: i64 = 3_600_000_000;
    let ledger = place.open_ledger();
    let start = NOW.micros() - NOW.micros().rem_euclid(24 * HOUR);
    let mut entries = Vec::new();
    for (n, hours, app) in [(0, 0, "app_1"), (1, 0, "app_1"), (2, 5, "app_1"), (3, 5, "app_2"), (4, 24, "app_1")] {
        entries.push(intent(n * 2, app));
        let time_us = start + hours * HOUR + 7;
        entries.push(Entry { time_us, ..outcome(n * 2 + 1, app, n * 2, 1, 10) });
    }
    append_all(&ledger, entries).await;
    let list = |filter: UsageFilter| {
        let ledger = ledger.clone();
        async move {
            let rows = ledger.usage(filter, None, 100).await.unwrap();
            let hours = |row: &mudeung_store::ledger::UsageRow| (row.place.period_start.micros() - start) / HOUR;
            rows.iter().map(|row| (hours(row), row.place.app.clone(), row.requests, row.bytes)).collect::<Vec<_>>()
        }
    };
    let row = |hour: i64, app: &str, requests: u64| (hour, app.to_owned(), requests, requests * 10);
    let hourly = UsageFilter { granularity: Granularity::Hour, ..UsageFilter::default() };
    let expected = [row(0, "app_1", 2), row(5, "app_1", 1), row(5, "app_2", 1), row(24, "app_1", 1)];
    assert_eq!(list(hourly.clone()).await, expected);
    let daily = UsageFilter::default();
    assert_eq!(list(daily.clone()).await, [row(0, "app_1", 3), row(0, "app_2", 1), row(24, "app_1", 1)]);
    let app = UsageFilter { app: Some("app_2".to_owned()), ..daily.clone() };
    assert_eq!(list(app).await, [row(0, "app_2", 1)]);
    let nobody = UsageFilter { organization: Some("org_9".to_owned()), ..daily.clone() };
    assert_eq!(list(nobody).await, []);
    let sums = async |filter: UsageFilter| {
        let sums = ledger.usage_sums(filter).await.unwrap();
        let each =
            sums.iter().map(|sum| ((sum.period_start.micros() - start) / HOUR, sum.requests, sum.rows, sum.bytes));
        each.collect::<Vec<_>>()
    };
    assert_eq!(sums(hourly.clone()).await, [(0, 2, 2, 20), (5, 2, 2, 20), (24, 1, 1, 10)]);
    assert_eq!(sums(daily.clone()).await, [(0, 4, 4, 40), (24, 1, 1, 10)]);
    let of = |organization: &str| UsageFilter { organization: Some(organization.to_owned()), ..daily.clone() };
    assert_eq!((sums(of("org_1")).await, sums(of("org_9")).await), (vec![(0, 4, 4, 40), (24, 1, 1, 10)], vec![]));
    let from = Some(Timestamp::from_micros(start + 5 * HOUR));
    let until = Some(Timestamp::from_micros(start + 24 * HOUR));
    assert_eq!(list(UsageFilter { from, until, ..hourly }).await, [row(5, "app_1", 1), row(5, "app_2", 1)]);
    let first = ledger.usage(daily.clone(), None, 1).await.unwrap().remove(0).place;
    assert_eq!(ledger.usage(daily, Some(first), 1).await.unwrap()[0].place.app, "app_2", "the second row");
    assert_eq!(ledger.used(crate::samples::used_by_grant("grt_1")).await.unwrap(), Amount { bytes: 50, rows: 5 });
    assert_eq!(ledger.used(crate::samples::used_of_synthetic("app_1", NOW)).await.unwrap(), Amount::ZERO);
    let index = ledger.append(intent(90, "app_1")).await.unwrap().index;
    let synthetic = Entry { tier: Some("synthetic".to_owned()), ..outcome(91, "app_1", index, 2, 20) };
    ledger.append(synthetic).await.unwrap();
    assert_eq!(
        ledger.used(crate::samples::used_of_synthetic("app_1", NOW)).await.unwrap(),
        Amount { bytes: 20, rows: 2 }
    );
    let later = Timestamp::from_micros(NOW.micros() + HOUR);
    assert_eq!(ledger.used(crate::samples::used_of_synthetic("app_1", later)).await.unwrap(), Amount::ZERO);
}

async fn the_last_checkpoint_of_a_tile_is_kept(place: Arc<Place>) {
    let ledger = place.open_ledger();
    assert_eq!(ledger.latest_checkpoint().await.unwrap(), None);
    let mut heads: Vec<TreeHead> = Vec::new();
    for n in 0..300 {
        append_all(&ledger, vec![intent(n, "app_1")]).await;
        if [0, 10, 200, 299].contains(&n) {
            let head = ledger.head().await.unwrap();
            ledger.save_checkpoint(head, &format!("note {n}")).await.unwrap();
            ledger.save_checkpoint(head, &format!("note {n}")).await.unwrap();
            heads.push(head);
        }
    }
    assert_eq!(ledger.latest_checkpoint().await.unwrap(), Some((300, "note 299".to_owned())));
    assert_eq!(ledger.verify(|_, _| {}).await.unwrap().checkpoints, 2, "of sizes 201 and 300");
}

/// The indexer is stopped at several places by setting its work back; every search finds the same entries all the time.
async fn searches_are_complete_while_indexing_is_behind(place: Arc<Place>) {
    let ledger = place.open_ledger();
    let app = |n: u64| format!("app_{}", n % 3);
    append_all(&ledger, (0..2_500).map(|n| intent(n, &app(n))).collect()).await;
    ledger.close().await;
    let until_indexed = std::time::Instant::now();
    let filter = EntryFilter { app: Some("app_1".to_owned()), ..EntryFilter::default() };
    let expected: Vec<u64> = (0..2_500).rev().filter(|n| n % 3 == 1).collect();
    for indexed in [2_500, 2_499, 1_300, 1_024, 1, 0] {
        let sql = format!("DELETE FROM entry_search WHERE idx >= {indexed}; UPDATE search_head SET size = {indexed}");
        crate::place::execute(&place.ledger, &sql);
        for (before, page) in [(None, 5_000), (Some(1_200), 5_000), (None, 100), (Some(1_301), 30)] {
            let found = ledger.entries(filter.clone(), before, page).await.unwrap();
            let found: Vec<u64> = found.into_iter().map(|(index, _)| index).collect();
            let fitting = expected.iter().copied().filter(|n| before.is_none_or(|before| *n < before));
            assert!(found.into_iter().eq(fitting.take(page)), "{indexed} {before:?} {page}");
        }
        ledger.verify(|_, _| {}).await.unwrap();
    }
    // The next process that writes takes it up from there, and an idle one too.
    let next = place.open_ledger();
    next.append(intent(9_000, "app_1")).await.unwrap();
    while next.indexed().await.unwrap() < 2_501 {
        assert!(until_indexed.elapsed().as_secs() < 60, "it is not indexed");
        tokio::task::yield_now().await;
    }
    next.verify(|_, _| {}).await.unwrap();
}
