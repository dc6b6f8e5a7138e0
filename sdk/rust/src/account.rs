//! What the app may still read, what it has read, and which grants it holds.

use crate::client::Client;
use crate::page::Items;
use mudeung_wire::api::{GrantItem, QuotaItem, UsageItem};

impl Client {
    /// What was read, by period, dataset, tier and operation. It is the fold of the ledger, to the byte.
    pub fn usage(&self) -> Items<UsageItem> {
        self.items(self.address(&["v1", "usage"]))
    }

    /// What may still be read.
    pub fn quota(&self) -> Items<QuotaItem> {
        self.items(self.address(&["v1", "quota"]))
    }

    /// The grants of this app.
    pub fn grants(&self) -> Items<GrantItem> {
        self.items(self.address(&["v1", "grants"]))
    }
}
