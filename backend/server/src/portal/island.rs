//! What makes a page livelier where there is JavaScript: which files it brings along, and whether they may ask the server.
//!
//! Every island stands on a page that is whole without it: what it adds is added by its script, and what it replaces
//! stays where there is none.

use super::asset::{self, Asset};
use super::page::{self, Page};

/// Besides what every page may, where there are scripts: those that we carry.
const POLICY_SCRIPT: &str = "; script-src 'self'";
/// Besides, where a script asks this server.
const POLICY_CALLS: &str = "; connect-src 'self'";

/// Something lively on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Island {
    /// Forms that ask the browser for a passkey.
    Passkeys,
    /// Lists and forms of which a part is fetched while one types or turns the page (htmx), and drafts that keep themselves.
    Live,
    /// Lists of columns to choose from.
    Columns,
    /// Charts of usage (uPlot).
    Charts,
    /// Operations of the interface, to try out.
    Playground,
    /// The place where receipts are checked, within the browser.
    Receipts,
}

impl Island {
    /// Its scripts, in the order in which they run.
    pub(crate) fn scripts(self) -> Vec<&'static Asset> {
        match self {
            Self::Passkeys => vec![&asset::PASSKEYS],
            Self::Columns => vec![&asset::COLUMNS],
            Self::Charts => vec![&asset::UPLOT, &asset::USAGE],
            Self::Playground => vec![&asset::PLAYGROUND],
            Self::Receipts => vec![&asset::RECEIPTS],
            Self::Live => vec![&asset::HTMX, &asset::LIVE],
        }
    }

    /// Its own style sheets.
    pub(crate) fn styles(self) -> Vec<&'static Asset> {
        match self {
            Self::Charts => vec![&asset::UPLOT_STYLE],
            Self::Passkeys | Self::Live | Self::Columns | Self::Playground | Self::Receipts => Vec::new(),
        }
    }

    /// Whether its scripts ask the server for something.
    pub(crate) const fn calls(self) -> bool {
        match self {
            Self::Passkeys | Self::Columns | Self::Charts | Self::Receipts => false,
            Self::Live | Self::Playground => true,
        }
    }
}

impl Page {
    /// The same page with something lively on it.
    #[must_use]
    pub(crate) fn with(mut self, island: Island) -> Self {
        self.islands.push(island);
        self
    }

    /// The same page, of which parts are fetched where it is long.
    #[must_use]
    pub(crate) fn live_if(self, is_long: bool) -> Self {
        if is_long { self.with(Island::Live) } else { self }
    }

    /// Addresses of the scripts, in the order in which they run.
    pub(crate) fn scripts(&self) -> impl Iterator<Item = &'static str> {
        self.islands.iter().flat_map(|island| island.scripts()).map(|asset| asset.href())
    }

    /// Addresses of the style sheets that islands bring along.
    pub(crate) fn styles(&self) -> impl Iterator<Item = &'static str> {
        self.islands.iter().flat_map(|island| island.styles()).map(|asset| asset.href())
    }

    /// Whether parts of it are fetched.
    pub(crate) fn is_live(&self) -> bool {
        self.islands.contains(&Island::Live)
    }

    /// What may happen on it, for browsers.
    pub(super) fn policy(&self) -> String {
        let mut policy = page::POLICY.to_owned();
        if !self.islands.is_empty() {
            policy.push_str(POLICY_SCRIPT);
        }
        if self.islands.iter().any(|island| island.calls()) {
            policy.push_str(POLICY_CALLS);
        }
        policy
    }
}
