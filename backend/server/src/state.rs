//! What every handler shares.

use crate::config::Config;
use crate::data::state::DataState;
use crate::keys::Keys;
use crate::ledger::check_checkpoint::Forks;
use crate::ledger::publisher::Published;
use crate::oauth::dpop::Dpop;
use crate::oauth::state::OAuthState;
use crate::oauth::tokens::Tokens;
use crate::operations::metrics::Metrics;
use crate::personal::Personal;
use crate::portal::state::PortalState;
use crate::snapshots::Snapshots;
use crate::sso::SingleSignOn;
use mudeung_core::clock::{Clock, Entropy};
use mudeung_core::reader::DatasetReader;
use mudeung_store::Db;
use mudeung_store::checkpoints::CheckpointStore;
use mudeung_store::ledger::Ledger;
use std::sync::Arc;

/// The shared state, one for the whole process.
pub struct App {
    /// The configuration it was started with.
    pub config: Config,
    /// Where the present comes from.
    pub clock: Arc<dyn Clock>,
    /// Where unpredictable bytes come from.
    pub entropy: Arc<dyn Entropy>,
    /// The control database.
    pub db: Db,
    /// The ledger.
    pub ledger: Ledger,
    /// The data.
    pub reader: Arc<dyn DatasetReader>,
    /// What decisions are made on.
    pub snapshots: Snapshots,
    /// Secret keys.
    pub keys: Keys,
    /// Issues and verifies access tokens.
    pub tokens: Tokens,
    /// Checks proofs of possession.
    pub dpop: Dpop,
    /// What the token endpoint remembers.
    pub oauth: OAuthState,
    /// What entries stand for with a commitment.
    pub personal: Personal,
    /// The last signed checkpoint, apart from the ledger.
    pub checkpoints: CheckpointStore,
    /// The checkpoint that is shown.
    pub published: Published,
    /// The forks that were found.
    pub forks: Forks,
    /// Rate limits, budgets, leases.
    pub data: DataState,
    /// Single sign-on, when the hospital has it.
    pub sso: Option<SingleSignOn>,
    /// Sign-ins and their brakes.
    pub portal: PortalState,
    /// What is counted for the operator.
    pub metrics: Metrics,
}
