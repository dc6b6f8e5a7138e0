//! Personal values of entries: what stands in the ledger is a commitment, the value lies beside it and can be erased.
//!
//! One value has one commitment for an hour on a node, so that requests do not wait for the control database: a row is
//! written for each value, hour and node, before the first entry that names it. When it cannot be written there is no
//! entry, and so no data.

use crate::fault::Fault;
use crate::state::App;
use mudeung_core::clock::{Clock, Entropy, Timestamp};
use mudeung_core::id::MemberId;
use mudeung_core::member::Member;
use mudeung_store::personal::{PersonalKind, PersonalValue, find_personal_values, insert_personal_value};
use mudeung_store::{Db, StoreError};
use mudeung_wire::ledger::commitment::commit;
use mudeung_wire::ledger::entry::Entry;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a commitment is used for the same value again. Longer tells more about who came back.
const USED_AGAIN: Duration = Duration::from_secs(3_600);
/// How long a value waits for the entry that it was made for. Handlers make an entry just before they record it.
const WAITS: Duration = Duration::from_secs(600);
/// Commitments that are remembered; beyond it some values get another one.
const KNOWN_MAX: usize = 16_384;

/// The commitments of this node.
#[derive(Default)]
pub struct Personal(Mutex<State>);

#[derive(Default)]
struct State {
    /// Of the control database, which changes when values are erased: nothing of before is used again.
    generation: u64,
    known: HashMap<Whose, Known>,
    /// Those that are not durable yet.
    waiting: HashMap<String, PersonalValue>,
}

#[derive(PartialEq, Eq, Hash)]
struct Whose {
    kind: PersonalKind,
    member: Option<MemberId>,
    value: String,
}

struct Known {
    commitment: String,
    until: Timestamp,
}

impl Personal {
    /// A commitment to the address of a client, who may be a member of the portal.
    pub fn address(&self, app: &App, member: Option<MemberId>, address: IpAddr) -> String {
        self.commit(app, Whose { kind: PersonalKind::Address, member, value: address.to_string() })
    }

    /// A commitment to who a member is.
    pub fn person(&self, app: &App, member: &Member) -> String {
        let value = format!("{} <{}>", member.name, member.email);
        self.commit(app, Whose { kind: PersonalKind::Person, member: Some(member.id), value })
    }

    fn commit(&self, app: &App, whose: Whose) -> String {
        let (now, generation) = (app.clock.now(), app.snapshots.present().generation);
        let mut state = self.lock();
        if state.generation != generation {
            state.known.clear();
            state.generation = generation;
        }
        if let Some(known) = state.known.get(&whose).filter(|known| is_good(known.until, now)) {
            return known.commitment.clone();
        }
        if state.known.len() >= KNOWN_MAX {
            state.known.retain(|_, known| is_good(known.until, now));
            if state.known.len() >= KNOWN_MAX {
                state.known.clear();
            }
        }
        state.forget_abandoned(now);
        let mut salt = [0_u8; 32];
        app.entropy.fill(&mut salt);
        let commitment = commit(&salt, &whose.value);
        let Whose { kind, member, value } = &whose;
        let (kind, member, value) = (*kind, *member, value.clone());
        let value = PersonalValue { commitment: commitment.clone(), kind, member, salt, value, created_at: now };
        state.waiting.insert(commitment.clone(), value);
        state.known.insert(whose, Known { commitment: commitment.clone(), until: now.plus(USED_AGAIN) });
        commitment
    }

    /// Makes the values that an entry stands for durable. Without it there must be no entry.
    pub async fn keep(&self, app: &App, entry: &Entry) -> Result<(), Fault> {
        let waiting = self.waiting(entry);
        if waiting.is_empty() {
            return Ok(());
        }
        let values = waiting.clone();
        let kept = app
            .db
            .tx("keep personal values", move |conn| values.iter().try_for_each(|v| insert_personal_value(conn, v)));
        kept.await
            .map_err(|error: StoreError| Fault::ledger(format!("what an entry stands for is not kept: {error}")))?;
        let mut state = self.lock();
        for value in waiting {
            state.waiting.remove(&value.commitment);
        }
        Ok(())
    }

    fn waiting(&self, entry: &Entry) -> Vec<PersonalValue> {
        let state = self.lock();
        if state.waiting.is_empty() {
            return Vec::new();
        }
        commitments(entry).filter_map(|commitment| state.waiting.get(commitment).cloned()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets values whose entry never came, and never uses their commitments again: they are nowhere.
    fn forget_abandoned(&mut self, now: Timestamp) {
        let gone: Vec<String> = self
            .waiting
            .extract_if(|_, value| !is_good(value.created_at.plus(WAITS), now))
            .map(|(commitment, _)| commitment)
            .collect();
        if !gone.is_empty() {
            self.known.retain(|_, known| !gone.contains(&known.commitment));
        }
    }
}

/// Whether something that ends then is still good. A clock that was set back far makes nothing good for longer than it was.
fn is_good(until: Timestamp, now: Timestamp) -> bool {
    now < until && until.since(now) <= USED_AGAIN
}

/// The commitments of an entry.
fn commitments(entry: &Entry) -> impl Iterator<Item = &String> {
    [&entry.address, &entry.person].into_iter().flatten()
}

/// What the commitments of some entries stand for; those that were erased are not in it.
pub async fn open_all<'e>(
    db: &Db,
    entries: impl Iterator<Item = &'e Entry>,
) -> Result<HashMap<String, PersonalValue>, StoreError> {
    let mut wanted: Vec<String> = entries.flat_map(commitments).cloned().collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    db.read("open commitments", move |conn| find_personal_values(conn, &wanted)).await
}
