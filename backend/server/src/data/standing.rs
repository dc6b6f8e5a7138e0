//! Whether a read that was allowed when it began is allowed still. Asked before every piece that leaves.

use crate::state::App;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::GrantId;
use mudeung_core::name::Name;
use mudeung_core::policy::{Action, Permit, Principal, Resource, Snapshot, decide_under};
use mudeung_core::tier::Tier;
use std::sync::atomic::{AtomicU64, Ordering};

/// A decision that is looked at again whenever what it stands on has changed.
pub struct Standing {
    principal: Principal,
    action: Action,
    dataset: Name,
    tier: Tier,
    version: u32,
    table: Name,
    grant: Option<GrantId>,
    ends_at: Option<Timestamp>,
    checked: AtomicU64,
}

impl Standing {
    /// The standing of a read that was just permitted on that snapshot.
    pub fn new(snapshot: &Snapshot, principal: &Principal, action: Action, permit: &Permit) -> Option<Self> {
        let grant_end = permit.grant.as_ref().map(|grant| grant.valid_until);
        let credential_end = snapshot.credentials.get(&principal.credential).and_then(|standing| standing.expires_at);
        Some(Self {
            principal: principal.clone(),
            action,
            dataset: permit.version.dataset.clone(),
            tier: permit.version.tier,
            version: permit.version.number,
            table: permit.table()?.name.clone(),
            grant: permit.grant.as_ref().map(|grant| grant.id),
            ends_at: grant_end.into_iter().chain(credential_end).min(),
            checked: AtomicU64::new(snapshot.generation),
        })
    }

    /// The same standing, to be decided anew when it is next asked about: for decisions that were made a while ago.
    #[must_use]
    pub fn unchecked(self) -> Self {
        self.checked.store(u64::MAX, Ordering::Relaxed);
        self
    }

    /// The grant it stands under.
    pub const fn grant(&self) -> Option<GrantId> {
        self.grant
    }

    /// Whether it stands still. While nothing has changed this is a comparison of two numbers.
    pub fn holds(&self, app: &App) -> bool {
        let now = app.clock.now();
        if self.ends_at.is_some_and(|end| now >= end) {
            return false;
        }
        let snapshot = app.snapshots.present();
        if snapshot.generation == self.checked.load(Ordering::Relaxed) {
            return true;
        }
        let resource = Resource {
            dataset: self.dataset.as_str(),
            tier: self.tier,
            version: Some(self.version),
            table: self.table.as_str(),
        };
        let holds = decide_under(&snapshot, &self.principal, self.action, resource, self.grant, now).is_ok();
        if holds {
            self.checked.store(snapshot.generation, Ordering::Relaxed);
        }
        holds
    }
}
