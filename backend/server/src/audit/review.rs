//! The monthly review (접속기록 점검): what is counted of a month, and a sample that anyone can draw again.
//!
//! The seed is the SHA-256 of `mudeung review v1`, the month and the base64 root of the checkpoint that the review stands
//! under, a line each. From a stratum those entries are drawn whose SHA-256 of seed, stratum and index (8 bytes, big
//! endian) is smallest; of large reads the largest.

use crate::portal::moment;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mudeung_core::clock::Timestamp;
use mudeung_store::ledger::{EntryFilter, Ledger, LedgerError};
use mudeung_store::reviews::ReviewItem;
use mudeung_wire::ledger::checkpoint::Checkpoint;
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Entries drawn from each stratum.
const PER_STRATUM: usize = 5;
/// Entries read at once.
const PAGE: u64 = 500;
/// Apps of which it is asked whether they are new.
const APPS_MAX: usize = 1_000;
/// Work begins and ends at these hours, KST.
const HOURS: std::ops::Range<i64> = 8..19;

/// Why an entry is in a sample, in the order in which an entry of several is put to one.
pub const STRATA: [&str; 5] = ["denied", "large", "new_app", "out_of_hours", "random"];

/// A month in KST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// As `2026-03`.
    pub text: String,
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

/// What was counted in a month.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Entries.
    pub entries: u64,
    /// Reads of data.
    pub reads: u64,
    /// Refusals.
    pub denied: u64,
    /// Bytes that were sent.
    pub bytes: u64,
    /// Rows that were sent.
    pub rows: u64,
    /// Apps that acted.
    pub apps: u64,
    /// Reads and refusals of each day of the month, from the first on.
    pub days: Vec<(u64, u64)>,
}

impl Month {
    /// Reads a month as `2026-03`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-').filter(|_| text.len() == 7)?;
        let (year, month): (u16, u8) = (year.parse().ok()?, month.parse().ok()?);
        let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        let from = moment::start_of_day(&format!("{text}-01"))?;
        let until = moment::start_of_day(&format!("{next_year:04}-{next:02}-01"))?;
        Some(Self { text: text.to_owned(), from, until })
    }

    /// The month of a moment.
    pub fn of(at: Timestamp) -> Option<Self> {
        Self::parse(moment::minute(at).get(..7)?)
    }

    /// The month before.
    pub fn before(&self) -> Option<Self> {
        Self::of(Timestamp::from_micros(self.from.micros() - 1))
    }
}

/// Whether an entry begins a read of data.
fn is_read(entry: &Entry) -> bool {
    const READS: [&str; 4] = ["data.read_file", "data.read_rows", "query.run", "synthetic.generate"];
    entry.kind == Kind::Intent && READS.contains(&entry.operation.as_str())
}

/// Whether a moment is at night or on a weekend, KST.
fn is_out_of_hours(time_us: i64) -> bool {
    let seconds = time_us.div_euclid(1_000_000) + 9 * 3_600;
    // The first of January 1970 was a Thursday.
    let weekday = (seconds.div_euclid(86_400) + 3).rem_euclid(7);
    weekday >= 5 || !HOURS.contains(&(seconds.rem_euclid(86_400) / 3_600))
}

/// Draws from what it is offered.
struct Sampler {
    seed: [u8; 32],
    drawn: BTreeMap<&'static str, BTreeMap<[u8; 32], u64>>,
    large: BTreeSet<(u64, u64)>,
}

impl Sampler {
    fn new(month: &str, root: &[u8; 32]) -> Self {
        let text = format!("mudeung review v1\n{month}\n{}\n", STANDARD.encode(root));
        Self { seed: Sha256::digest(text).into(), drawn: BTreeMap::new(), large: BTreeSet::new() }
    }

    fn offer(&mut self, stratum: &'static str, index: u64) {
        let mut hasher = Sha256::new();
        hasher.update(self.seed);
        hasher.update(stratum);
        hasher.update(index.to_be_bytes());
        let drawn = self.drawn.entry(stratum).or_default();
        drawn.insert(hasher.finalize().into(), index);
        if drawn.len() > PER_STRATUM {
            drawn.pop_last();
        }
    }

    fn offer_entry(&mut self, index: u64, entry: &Entry) {
        self.offer("random", index);
        if entry.status == Some(Status::Denied) {
            self.offer("denied", index);
        }
        if is_read(entry) && is_out_of_hours(entry.time_us) {
            self.offer("out_of_hours", index);
        }
        if let (Some(bytes @ 1..), Some(_)) = (entry.bytes, &entry.dataset)
            && entry.kind == Kind::Outcome
        {
            self.large.insert((bytes, index));
            if self.large.len() > PER_STRATUM {
                self.large.pop_first();
            }
        }
    }

    fn items(self) -> Vec<ReviewItem> {
        let mut items: BTreeMap<u64, &'static str> = BTreeMap::new();
        for stratum in STRATA {
            let large = self.large.iter().map(|(_, index)| *index).filter(|_| stratum == "large");
            let drawn = self.drawn.get(stratum).into_iter().flat_map(BTreeMap::values).copied();
            for index in large.chain(drawn) {
                items.entry(index).or_insert(stratum);
            }
        }
        items.into_iter().map(|(index, stratum)| ReviewItem { index, stratum: stratum.to_owned() }).collect()
    }
}

/// Counts a month and draws its sample, out of the entries that a checkpoint covers.
pub async fn draw(
    ledger: &Ledger,
    month: &Month,
    checkpoint: &Checkpoint,
) -> Result<(Counts, Vec<ReviewItem>), LedgerError> {
    let mut counts = Counts::default();
    let mut sampler = Sampler::new(&month.text, &checkpoint.root);
    let mut first_of: BTreeMap<String, u64> = BTreeMap::new();
    let period = ledger.period(Some(month.from), Some(month.until)).await?;
    let (mut next, end) = period.map_or((0, 0), |(first, last)| (first, (last + 1).min(checkpoint.size)));
    while next < end {
        let before = end.min(next + PAGE);
        let limit = usize::try_from(before - next).unwrap_or(1);
        let page = ledger.entries(EntryFilter::default(), Some(before), limit).await?;
        for (index, entry) in page.iter().rev().filter(|(_, entry)| is_in(month, entry)) {
            count(&mut counts, month, entry);
            sampler.offer_entry(*index, entry);
            if let Some(app) = entry.app.as_ref().filter(|_| first_of.len() < APPS_MAX) {
                first_of.entry(app.clone()).or_insert(*index);
            }
        }
        next = before;
    }
    counts.apps = u64::try_from(first_of.len()).unwrap_or(u64::MAX);
    for (app, index) in first_of {
        let filter = EntryFilter { app: Some(app), ..EntryFilter::default() };
        if ledger.entries(filter, Some(index), 1).await?.is_empty() {
            sampler.offer("new_app", index);
        }
    }
    Ok((counts, sampler.items()))
}

fn is_in(month: &Month, entry: &Entry) -> bool {
    (month.from.micros()..month.until.micros()).contains(&entry.time_us)
}

fn count(counts: &mut Counts, month: &Month, entry: &Entry) {
    counts.entries += 1;
    let days = month.until.since(month.from).as_secs() / 86_400;
    counts.days.resize(usize::try_from(days).unwrap_or(31), (0, 0));
    let day = (entry.time_us - month.from.micros()).div_euclid(86_400_000_000);
    let day = usize::try_from(day).ok().and_then(|day| counts.days.get_mut(day));
    let (read, denied) = (u64::from(is_read(entry)), u64::from(entry.status == Some(Status::Denied)));
    if let Some(day) = day {
        day.0 += read;
        day.1 += denied;
    }
    counts.reads += read;
    counts.denied += denied;
    if entry.kind == Kind::Outcome && entry.dataset.is_some() {
        counts.bytes = counts.bytes.saturating_add(entry.bytes.unwrap_or(0));
        counts.rows = counts.rows.saturating_add(entry.rows.unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn months_are_those_of_korea() {
        let march = Month::parse("2026-03").unwrap();
        assert_eq!(march.from.micros(), at("2026-02-28T15:00:00Z"));
        assert_eq!(march.until.micros(), at("2026-03-31T15:00:00Z"));
        assert_eq!(march.before().unwrap().text, "2026-02");
        assert_eq!(Month::parse("2026-12").unwrap().until, Month::parse("2027-01").unwrap().from);
        assert_eq!(Month::of(march.from), Some(march));
        for bad in ["2026-13", "2026-00", "2026-3", "26-03", "2026-03-01", "x"] {
            assert_eq!(Month::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn nights_and_weekends_are_out_of_hours() {
        for (moment, out) in [
            ("2026-03-02T08:00:00+09:00", false),
            ("2026-03-02T07:59:59+09:00", true),
            ("2026-03-02T18:59:59+09:00", false),
            ("2026-03-02T19:00:00+09:00", true),
            ("2026-03-07T12:00:00+09:00", true),
            ("2026-03-08T12:00:00+09:00", true),
            ("2026-03-09T12:00:00+09:00", false),
        ] {
            assert_eq!(is_out_of_hours(at(moment)), out, "{moment}");
        }
    }

    proptest! {
        #[test]
        fn a_sample_depends_on_seed_and_entries_alone(denied in prop::collection::btree_set(0_u64..500, 0..40), root: [u8; 32]) {
            let draw = |backwards: bool| {
                let mut sampler = Sampler::new("2026-03", &root);
                let mut order: Vec<u64> = denied.iter().copied().collect();
                if backwards {
                    order.reverse();
                }
                for index in order {
                    let status = Some(Status::Denied);
                    sampler.offer_entry(index, &Entry { status, ..Entry::new(Kind::Outcome, "x", 0, [0; 16]) });
                }
                sampler.items()
            };
            let items = draw(false);
            prop_assert_eq!(&items, &draw(true));
            prop_assert!(items.iter().all(|item| denied.contains(&item.index)));
            let of = |stratum: &str| items.iter().filter(|item| item.stratum == stratum).count();
            prop_assert_eq!(of("denied"), denied.len().min(PER_STRATUM));
            prop_assert!(of("random") <= PER_STRATUM);
        }
    }
}
