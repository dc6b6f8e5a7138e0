//! What the portal keeps between requests.

use super::brake::Brake;
use crate::config::Config;
use crate::passkey::RelyingParty;
use mudeung_core::request::ruling::House;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How many passwords are checked at once. Each check takes 19 MiB and a core for a while.
const PASSWORD_CHECKS_MAX: usize = 2;

/// How many exports of the ledger run at once.
const EXPORTS_MAX: usize = 2;

/// How many files are taken in at once. Each lies in memory as a whole.
const UPLOADS_MAX: usize = 4;

/// Sign-ins and their brakes.
#[derive(Debug)]
pub struct PortalState {
    pub(super) brake: Brake,
    pub(super) password_checks: Semaphore,
    pub(super) exports: Arc<Semaphore>,
    pub(super) uploads: Arc<Semaphore>,
    /// How access requests are reviewed.
    pub(crate) house: House,
    /// The site that passkeys are for; nothing where our address has no name.
    pub(super) site: Option<RelyingParty>,
    /// Whether browsers reach us through TLS, so that cookies may be bound to it.
    pub(super) secure: bool,
}

impl PortalState {
    /// The state of a portal that has just started.
    pub fn new(config: &Config) -> Self {
        Self {
            brake: Brake::default(),
            password_checks: Semaphore::new(PASSWORD_CHECKS_MAX),
            exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
            uploads: Arc::new(Semaphore::new(UPLOADS_MAX)),
            house: config.review.house(),
            site: RelyingParty::of(&config.http.public_url),
            secure: config.http.public_url.starts_with("https://"),
        }
    }
}
