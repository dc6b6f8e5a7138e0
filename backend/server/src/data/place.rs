//! What an address points at, as it was asked for: it may not exist.

use crate::data::params::Params;
use crate::fault::Fault;
use mudeung_core::name::Name;
use mudeung_core::policy::Resource;
use mudeung_core::tier::Tier;
use mudeung_wire::ledger::entry::Entry;

/// A dataset, a tier, a version, a table: as far as the address says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The dataset.
    pub dataset: String,
    /// The tier; `None` when there is no such tier.
    pub tier: Option<Tier>,
    /// The version's number; the latest when it is not given.
    pub version: Option<u32>,
    /// The table; empty when the address names none.
    pub table: String,
}

impl Place {
    /// A tier and the `version` parameter.
    pub fn tier(dataset: &str, tier: &str, params: &Params) -> Result<Self, Fault> {
        Self::table(dataset, tier, "", params)
    }

    /// A table and the `version` parameter.
    pub fn table(dataset: &str, tier: &str, table: &str, params: &Params) -> Result<Self, Fault> {
        Ok(Self {
            dataset: dataset.to_owned(),
            tier: Tier::parse(tier),
            version: params.version()?,
            table: table.to_owned(),
        })
    }

    /// The place as decisions are asked about it; `None` when there is no such tier.
    pub fn resource(&self) -> Option<Resource<'_>> {
        let Self { dataset, tier, version, table } = self;
        tier.map(|tier| Resource { dataset, tier, version: *version, table })
    }

    /// Names the place in an entry, as far as its parts could be names.
    pub fn name_in(&self, entry: Entry) -> Entry {
        let name = |text: &str| Name::parse(text).ok().map(|name| name.to_string());
        Entry {
            dataset: name(&self.dataset),
            tier: self.tier.map(|tier| tier.to_string()),
            version: self.version,
            table: name(&self.table),
            ..entry
        }
    }
}
