//! OAuth scopes: what a token may ask for at all. What data it opens is decided from the grants.

use std::collections::BTreeSet;
use std::fmt;

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $side:ident;)*) => {
        /// One scope.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Scope { $($(#[$doc])* $name),* }

        impl Scope {
            /// Every scope.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The scope as it stands in a token.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// Who may hold it.
            pub const fn side(self) -> Side {
                match self { $(Self::$name => Side::$side),* }
            }
        }
    };
}

/// Whose apps may hold a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Companies' apps.
    Company,
    /// The hospital's service accounts.
    Hospital,
}

scopes! {
    /// List datasets, read schemas and dictionaries.
    CatalogRead = "catalog.read", Company;
    /// Read de-identified data within grants.
    DataRead = "data.read", Company;
    /// Read synthetic data.
    SyntheticRead = "synthetic.read", Company;
    /// Run read-only SQL.
    QueryRun = "query.run", Company;
    /// Read the app's own usage.
    UsageRead = "usage.read", Company;
    /// Read the app's own receipts.
    ReceiptsRead = "receipts.read", Company;
    /// File access requests.
    RequestsWrite = "requests.write", Company;
    /// Decide on access requests.
    AdminRequests = "admin.requests", Hospital;
    /// Publish and withdraw datasets.
    AdminCatalog = "admin.catalog", Hospital;
    /// Read the whole ledger.
    AdminLedger = "admin.ledger", Hospital;
    /// Manage organizations and apps.
    AdminOrgs = "admin.orgs", Hospital;
}

impl Scope {
    /// Reads one scope; `None` when there is no such scope.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text)
    }
}

/// A set of scopes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct ScopeSet(BTreeSet<Scope>);

impl ScopeSet {
    /// Every scope a company's app may hold.
    pub fn company() -> Self {
        Scope::ALL.iter().copied().filter(|scope| scope.side() == Side::Company).collect()
    }

    /// Reads a space-separated list. Unknown scopes are dropped: clients ask for scopes of other systems.
    pub fn parse(text: &str) -> Self {
        text.split(' ').filter_map(Scope::parse).collect()
    }

    /// Whether the scope is in the set.
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.0.intersection(&other.0).copied().collect()
    }

    /// The scopes in order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, scope) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}
