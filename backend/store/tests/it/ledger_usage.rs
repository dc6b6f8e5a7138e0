//! Usage in every granularity and grouping, page by page, against the plainest fold there is.

use crate::place::{Place, run};
use crate::samples::{NOW, outcome};
use mudeung_core::clock::Timestamp;
use mudeung_store::ledger::{Granularity, Grouping, Ledger, UsageFilter, UsagePlace};
use mudeung_wire::invoice::Month;
use mudeung_wire::ledger::entry::Entry;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const HOUR: i64 = 3_600_000_000;

/// What was read: when, and which of a few values each part has.
#[derive(Debug, Clone)]
struct Read {
    hours: i64,
    parts: [u8; 6],
    rows: u64,
}

fn reads() -> impl Strategy<Value = Vec<Read>> {
    let read = (0..24 * 70_i64, [0..2_u8, 0..2, 0..3, 0..3, 0..2, 0..2], 0..1_000_u64);
    proptest::collection::vec(read.prop_map(|(hours, parts, rows)| Read { hours, parts, rows }), 1..60)
}

fn groupings() -> impl Strategy<Value = Grouping> {
    any::<[bool; 5]>().prop_map(|[app, grant, dataset, tier, operation]| Grouping {
        app,
        grant,
        dataset,
        tier,
        operation,
    })
}

fn entry(n: usize, read: &Read) -> Entry {
    let n = u64::try_from(n).unwrap();
    let named = |part: u8, name: &str| (part > 0).then(|| format!("{name}_{part}"));
    let [organization, app, grant, dataset, tier, operation] = read.parts;
    Entry {
        organization: Some(format!("org_{organization}")),
        app: Some(format!("app_{app}")),
        grant: named(grant, "grt"),
        dataset: named(dataset, "data"),
        tier: Some(["synthetic", "deidentified"][usize::from(tier)].to_owned()),
        operation: ["data.read_rows", "query.run"][usize::from(operation)].to_owned(),
        time_us: NOW.micros() + read.hours * HOUR,
        intent: None,
        ..outcome(n, "", n, read.rows, read.rows * 3)
    }
}

fn period(granularity: Granularity, time_us: i64) -> i64 {
    match granularity {
        Granularity::Hour => time_us.div_euclid(HOUR) * HOUR,
        Granularity::Day => time_us.div_euclid(24 * HOUR) * 24 * HOUR,
        Granularity::Month => Month::of(time_us).unwrap().begin_us(),
    }
}

type Sums = (u64, u64, u64);

fn fold(entries: &[Entry], filter: &UsageFilter) -> BTreeMap<UsagePlace, Sums> {
    let mut sums: BTreeMap<UsagePlace, Sums> = BTreeMap::new();
    for entry in entries {
        let begins = Timestamp::from_micros(period(Granularity::Hour, entry.time_us));
        let fits = |wanted: &Option<String>, is: &Option<String>| wanted.is_none() || wanted == is;
        let within = filter.from.is_none_or(|from| begins >= from) && filter.until.is_none_or(|until| begins < until);
        if !within || !fits(&filter.organization, &entry.organization) || !fits(&filter.app, &entry.app) {
            continue;
        }
        let part = |told: bool, part: &Option<String>| part.clone().filter(|_| told).unwrap_or_default();
        let grouping = filter.grouping;
        let place = UsagePlace {
            period_start: Timestamp::from_micros(period(filter.granularity, entry.time_us)),
            organization: entry.organization.clone().unwrap(),
            app: part(grouping.app, &entry.app),
            grant: part(grouping.grant, &entry.grant),
            dataset: part(grouping.dataset, &entry.dataset),
            tier: part(grouping.tier, &entry.tier),
            operation: part(grouping.operation, &Some(entry.operation.clone())),
        };
        let sum = sums.entry(place).or_default();
        *sum = (sum.0 + 1, sum.1 + entry.rows.unwrap(), sum.2 + entry.bytes.unwrap());
    }
    sums
}

/// All pages of so many items, in which nothing may come twice and periods only grow.
async fn paged(ledger: &Ledger, filter: &UsageFilter, limit: usize) -> BTreeMap<UsagePlace, Sums> {
    let (mut all, mut after) = (BTreeMap::new(), None::<UsagePlace>);
    loop {
        let page = ledger.usage(filter.clone(), after.clone(), limit).await.unwrap();
        assert!(page.len() <= limit);
        let Some(last) = page.last().map(|row| row.place.clone()) else { return all };
        for row in page {
            assert!(after.as_ref().is_none_or(|after| after.period_start <= row.place.period_start));
            let was = all.insert(row.place.clone(), (row.requests, row.rows, row.bytes));
            assert_eq!(was, None, "{:?} came twice", row.place);
        }
        after = Some(last);
    }
}

fn compare(place: Place, reads: Vec<Read>, grouping: Grouping, limit: usize, bounds: (i64, i64)) {
    run(place, |place| async move {
        let ledger = place.open_ledger();
        let entries: Vec<Entry> = reads.iter().enumerate().map(|(n, read)| entry(n, read)).collect();
        for entry in &entries {
            ledger.append(entry.clone()).await.unwrap();
        }
        let moment = |hours: i64| Some(Timestamp::from_micros(NOW.micros() + hours * HOUR));
        for granularity in [Granularity::Hour, Granularity::Day, Granularity::Month] {
            let all = UsageFilter { granularity, grouping, ..UsageFilter::default() };
            let some = UsageFilter { from: moment(bounds.0), until: moment(bounds.0 + bounds.1), ..all.clone() };
            let own =
                UsageFilter { organization: Some("org_1".to_owned()), app: Some("app_0".to_owned()), ..all.clone() };
            for filter in [all, some, own] {
                assert_eq!(paged(&ledger, &filter, limit).await, fold(&entries, &filter), "{filter:?}");
            }
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn usage_in_pages_is_what_the_fold_says_on_sqlite(
        reads in reads(), grouping in groupings(), limit in 1..20_usize, bounds in (0..1_700_i64, 0..1_000_i64),
    ) {
        compare(Place::on_sqlite(), reads, grouping, limit, bounds);
    }

    #[test]
    fn usage_in_pages_is_what_the_fold_says_on_postgres(
        reads in reads(), grouping in groupings(), limit in 1..20_usize, bounds in (0..1_700_i64, 0..1_000_i64),
    ) {
        compare(Place::on_postgres(), reads, grouping, limit, bounds);
    }
}

#[test]
fn a_place_that_is_not_told_apart_is_one_sum() {
    run(Place::on_sqlite(), |place| async move {
        let ledger = place.open_ledger();
        for n in 0..4 {
            let read = Read { hours: i64::try_from(n).unwrap(), parts: [0, 0, 1, 1, 0, 0], rows: 5 };
            ledger.append(entry(n, &read)).await.unwrap();
        }
        let filter =
            UsageFilter { granularity: Granularity::Month, grouping: Grouping::NONE, ..UsageFilter::default() };
        let rows = ledger.usage(filter, None, 10).await.unwrap();
        let parts: BTreeSet<&str> = rows.iter().map(|row| row.place.app.as_str()).collect();
        assert_eq!((rows.len(), rows[0].requests, rows[0].rows, parts), (1, 4, 20, BTreeSet::from([""])));
    });
}
