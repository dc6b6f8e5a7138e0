//! Read leases: many small ranges of one file by one token under one INTENT.
//!
//! The INTENT is durable before the first range and names a ceiling of bytes and ranges; later ranges only count. The
//! OUTCOME says what was really sent. It is written when the lease has left the table *and* its last range has ended:
//! ranges hold the lease, and dropping it closes it.

use crate::data::budget::{Account, Hold};
use crate::data::range::share_of_rows;
use crate::data::shards::Shards;
use crate::data::signature::Address;
use crate::data::standing::Standing;
use crate::record::Opened;
use crate::state::App;
use actix_web::web;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{FileId, GrantId, TokenId};
use mudeung_core::quota::Amount;
use mudeung_core::reader::OpenFile;
use mudeung_wire::ledger::entry::Status;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// The most ranges that one lease serves.
pub const RANGES_MAX: u64 = 65_536;
/// How often leases are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Who reads what, through which door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The token; for a signed address the one it was made with.
    pub token: TokenId,
    /// The file.
    pub file: FileId,
    /// The signed address it came by; a bearer token when there is none.
    pub address: Option<Door>,
}

/// What tells signed addresses of one token and file apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Door {
    /// What the address stands under.
    pub grant: Option<GrantId>,
    /// The listing that gave it.
    pub listing: u64,
}

impl From<Address> for Door {
    fn from(address: Address) -> Self {
        Self { grant: address.grant, listing: address.listing }
    }
}

/// A lease that is open, or was when it was taken from the table.
pub struct Lease {
    app: web::Data<App>,
    opened: Mutex<Option<Opened>>,
    index: u64,
    /// The file, as it is seen through the lease.
    pub file: Arc<dyn OpenFile>,
    file_rows: u64,
    standing: Standing,
    account: Arc<Account>,
    /// What its ranges sent, set aside until its OUTCOME is handed over.
    hold: Mutex<Option<Hold>>,
    ends_at: Timestamp,
    bytes_max: u64,
    promised: AtomicU64,
    ranges: AtomicU64,
    sent: AtomicU64,
    full: AtomicBool,
    cut: OnceLock<&'static str>,
}

/// What a lease is made of.
pub struct Terms {
    /// The durable INTENT.
    pub opened: Opened,
    /// The file, opened.
    pub file: Arc<dyn OpenFile>,
    /// Rows of the file.
    pub file_rows: u64,
    /// What it stands on.
    pub standing: Standing,
    /// What pays for it.
    pub account: Arc<Account>,
    /// When it takes no more ranges.
    pub ends_at: Timestamp,
    /// The bytes its INTENT names.
    pub bytes_max: u64,
}

type Slot = Arc<Place>;

/// A place in the table, so that ranges which arrive together open one lease and not several.
struct Place {
    since: Timestamp,
    lease: OnceCell<Arc<Lease>>,
}

/// The leases that are open.
#[derive(Default)]
pub struct Leases {
    places: Shards<Key, Slot>,
}

impl Leases {
    /// The open lease of a key.
    pub fn find(&self, key: &Key, now: Timestamp) -> Option<Arc<Lease>> {
        let lease = self.places.get(key)?.lease.get().cloned()?;
        lease.takes_ranges(now).then_some(lease)
    }

    /// The open lease of a key; `open` makes it durable when there is none. Of several at once, one opens.
    pub async fn find_or_open<E, F>(&self, key: Key, now: Timestamp, open: impl FnOnce() -> F) -> Result<Arc<Lease>, E>
    where
        F: Future<Output = Result<Lease, E>>,
    {
        let place = self.places.with(&key, |places| {
            let known = places.get(&key).filter(|place| place.lease.get().is_none_or(|lease| lease.takes_ranges(now)));
            if let Some(place) = known {
                return Arc::clone(place);
            }
            let place = Arc::new(Place { since: now, lease: OnceCell::new() });
            // The replaced place is dropped after this; closing a lease only hands an entry over.
            places.insert(key, Arc::clone(&place));
            place
        });
        place.lease.get_or_try_init(|| async { open().await.map(Arc::new) }).await.cloned()
    }

    /// Number of leases and places for them.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Closes the leases whose time is over or whose ground is gone.
    pub fn sweep(&self, app: &App, patience: Duration) {
        let now = app.clock.now();
        self.places.retain(|_, place| match place.lease.get() {
            Some(lease) => lease.takes_ranges(now) && lease.standing.holds(app),
            None => now < place.since.plus(patience),
        });
    }

    /// Closes every lease, whatever its time; for the end of the server.
    pub fn close_all(&self) {
        self.places.retain(|_, _| false);
    }
}

impl Lease {
    /// A lease whose INTENT is durable.
    pub fn new(terms: Terms) -> Self {
        let Terms { opened, file, file_rows, standing, account, ends_at, bytes_max } = terms;
        Self {
            app: opened.app().clone(),
            index: opened.index(),
            opened: Mutex::new(Some(opened)),
            file,
            file_rows,
            standing,
            hold: Mutex::new(account.hold(Amount::ZERO).ok()),
            account,
            ends_at,
            bytes_max,
            promised: AtomicU64::new(0),
            ranges: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            full: AtomicBool::new(false),
            cut: OnceLock::new(),
        }
    }

    /// The index of its INTENT.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// What pays for it.
    pub const fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Whether what it stands on is there still.
    pub fn holds(&self) -> bool {
        self.standing.holds(&self.app)
    }

    fn takes_ranges(&self, now: Timestamp) -> bool {
        now < self.ends_at && !self.full.load(Ordering::Relaxed)
    }

    /// Takes a range of so many bytes under the lease. When its ceiling does not allow it, the lease takes no more.
    pub fn take(&self, bytes: u64) -> bool {
        let promise = |promised: u64| promised.checked_add(bytes).filter(|sum| *sum <= self.bytes_max);
        let taken = self.promised.fetch_update(Ordering::Relaxed, Ordering::Relaxed, promise).is_ok();
        if taken && self.ranges.fetch_add(1, Ordering::Relaxed) < RANGES_MAX {
            return true;
        }
        if taken {
            self.ranges.fetch_sub(1, Ordering::Relaxed);
            self.promised.fetch_sub(bytes, Ordering::Relaxed);
        }
        self.full.store(true, Ordering::Relaxed);
        false
    }

    /// The rows that a range sets aside: never fewer than it will be charged.
    pub fn rows_for(&self, bytes: u64) -> u64 {
        share_of_rows(self.file_rows, bytes, self.file.len_bytes()).saturating_add(1).min(self.file_rows)
    }

    /// Gives a range back that was taken and then refused.
    pub fn range_refused(&self, taken: u64) {
        self.promised.fetch_sub(taken, Ordering::Relaxed);
        self.ranges.fetch_sub(1, Ordering::Relaxed);
    }

    /// Ends a range that was taken: counts what it sent, gives back what it did not.
    pub fn range_ended(&self, taken: u64, sent: u64, hold: Option<Hold>, cut: Option<&'static str>) {
        let before = self.sent.fetch_add(sent, Ordering::Relaxed);
        self.promised.fetch_sub(taken.saturating_sub(sent), Ordering::Relaxed);
        if let Some(hold) = hold {
            let share = |bytes| share_of_rows(self.file_rows, bytes, self.file.len_bytes());
            // Differences of one running sum: together they are exactly the rows of the OUTCOME.
            let rows = share(before.saturating_add(sent)).saturating_sub(share(before));
            if let Some(whole) = self.hold.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                whole.absorb(hold, Amount { bytes: sent, rows });
            }
        }
        if let Some(reason) = cut {
            self.full.store(true, Ordering::Relaxed);
            let _ = self.cut.set(reason);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let opened = self.opened.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut opened) = opened {
            let sent = *self.sent.get_mut();
            opened.count(sent, share_of_rows(self.file_rows, sent, self.file.len_bytes()));
            let cut = self.cut.get().map(|reason| (*reason).to_owned());
            let status = if cut.is_some() { Status::Aborted } else { Status::Completed };
            opened.close_lease(status, cut, *self.ranges.get_mut());
        }
        drop(self.hold.get_mut().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Closes leases whose time is over and forgets idle buckets and past days, for ever.
pub async fn close_ended(app: web::Data<App>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = app.clock.now();
        app.data.leases.sweep(&app, Duration::from_secs(app.config.ledger.lease_seconds));
        app.data.throttle.sweep(now);
        app.data.budgets.sweep(now);
    }
}
