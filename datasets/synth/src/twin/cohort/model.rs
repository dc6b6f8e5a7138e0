//! A fitted twin of persons and the tables of their events, and its file.

use super::domain::CohortDomain;
use super::policy::CohortPolicy;
use super::rows::CohortRows;
use crate::twin::TwinError;
use crate::twin::accountant::Rho;
use crate::twin::events::{EventsFile, EventsModel, Histories};
use crate::twin::model::file::{FieldPart, fields_of, refuse, schema};
use arrow::datatypes::SchemaRef;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// A fitted twin of persons and the tables of their events. It holds noisy counts and what follows from them, and
/// nobody; it may be published.
#[derive(Debug)]
pub struct CohortModel {
    pub(super) domain: CohortDomain,
    pub(super) events: EventsModel,
}

impl CohortModel {
    /// Fits a twin to histories that were coded with this domain. The generator must be seeded by the operating system,
    /// once for each fit: who knows the noise knows the counts.
    pub fn fit<R: CryptoRng>(domain: &CohortDomain, histories: Histories, rng: &mut R) -> Result<Self, TwinError> {
        Ok(Self { domain: domain.clone(), events: EventsModel::fit(&domain.events, histories, rng)? })
    }

    /// Rows of one table of some persons by their number from zero, in batches: the same seed gives the same persons in
    /// every table, whatever range they are in. `None` where it is no table of the cohort.
    pub fn rows(&self, table: &str, persons: Range<u64>, seed: u64) -> Option<CohortRows<'_>> {
        CohortRows::new(self, table, persons, seed)
    }

    /// The number of persons, with noise.
    pub fn estimated_persons(&self) -> u64 {
        self.events.estimated_persons()
    }

    /// The values that rows may have.
    pub fn domain(&self) -> &CohortDomain {
        &self.domain
    }

    /// What was agreed.
    pub fn policy(&self) -> &CohortPolicy {
        &self.domain.policy
    }

    /// The privacy loss that was spent, by all tables together.
    pub fn spent(&self) -> Rho {
        self.events.spent()
    }

    /// What is written down.
    pub(crate) fn to_file(&self) -> CohortFile {
        let tables = self.domain.tables.iter().map(|table| (table.name.clone(), fields_of(&table.schema)));
        CohortFile { policy: self.domain.policy.clone(), tables: tables.collect(), history: self.events.to_file() }
    }

    /// Makes a model of what was written down, if it is whole.
    pub(crate) fn from_file(file: CohortFile) -> Result<Self, TwinError> {
        let events = EventsModel::from_file(file.history)?;
        let tables = file.tables.iter().map(|(table, fields)| Ok((table.clone(), schema(fields)?)));
        let tables: BTreeMap<String, SchemaRef> = tables.collect::<Result<_, TwinError>>()?;
        let domain = CohortDomain::bind(&file.policy, events.domain().schemas().0, &tables)?;
        if domain.events.schemas() != events.domain().schemas() || domain.events.policy() != events.policy() {
            return Err(refuse("has a history of another policy than its tables"));
        }
        Ok(Self { domain, events })
    }
}

/// A model of persons and the tables of their events as it is written down.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CohortFile {
    policy: CohortPolicy,
    tables: BTreeMap<String, Vec<FieldPart>>,
    history: EventsFile,
}
