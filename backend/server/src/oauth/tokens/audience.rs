//! What a token is for (RFC 8707): the whole server, what it shares, or one dataset of it. Each is named by its address.

use crate::sharing::{PREFIX, speaks_sharing};
use mudeung_core::name::Name;

/// Where the datasets are; the name follows.
const DATASETS: &str = "/v1/datasets/";

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Audience {
    /// Everything the token's scopes open.
    #[default]
    Server,
    /// What the sharing protocol serves.
    Sharing,
    /// What lies below the address of one dataset.
    Dataset(Name),
}

impl Audience {
    /// Reads the address of a resource of the server at `origin`.
    pub fn parse(origin: &str, text: &str) -> Option<Self> {
        let path = text.strip_prefix(origin)?;
        match path.strip_suffix('/').unwrap_or(path) {
            "" => Some(Self::Server),
            PREFIX => Some(Self::Sharing),
            path => Name::parse(path.strip_prefix(DATASETS)?).ok().map(Self::Dataset),
        }
    }

    /// Its address.
    pub fn text(&self, origin: &str) -> String {
        match self {
            Self::Server => origin.to_owned(),
            Self::Sharing => format!("{origin}{PREFIX}"),
            Self::Dataset(name) => format!("{origin}{DATASETS}{name}"),
        }
    }

    /// Whether a request to this path is one to the resource.
    pub fn covers(&self, path: &str) -> bool {
        match self {
            Self::Server => true,
            Self::Sharing => speaks_sharing(path),
            Self::Dataset(name) => {
                let rest = path.strip_prefix(DATASETS).and_then(|rest| rest.strip_prefix(name.as_str()));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "https://data.example.org";

    #[test]
    fn oauth_52_a_resource_is_named_by_its_whole_address() {
        let dataset = Audience::Dataset(Name::parse("cohort").unwrap());
        for audience in [Audience::Server, Audience::Sharing, dataset.clone()] {
            assert_eq!(Audience::parse(HERE, &audience.text(HERE)), Some(audience));
        }
        assert_eq!(Audience::parse(HERE, "https://data.example.org/v1/datasets/cohort/"), Some(dataset));
        for other in [
            "",
            "/v1/datasets/cohort",
            "https://data.example.org.evil.example",
            "https://data.example.org//",
            "https://data.example.org#x",
            "https://data.example.org/v1/datasets",
            "https://data.example.org/v1/datasets/cohort#x",
            "https://data.example.org/v1/datasets/cohort?x",
            "https://data.example.org/v1/datasets/cohort/synthetic",
            "https://data.example.org/v1/datasets/Cohort",
        ] {
            assert_eq!(Audience::parse(HERE, other), None, "{other}");
        }
    }

    #[test]
    fn oauth_53_a_dataset_covers_what_lies_below_it_and_nothing_else() {
        let cohort = Audience::Dataset(Name::parse("cohort").unwrap());
        for (path, covered) in [
            ("/v1/datasets/cohort", true),
            ("/v1/datasets/cohort/synthetic/tables/visits/rows", true),
            ("/v1/datasets", false),
            ("/v1/datasets/cohorts", false),
            ("/v1/datasets/other/cohort", false),
            ("/v1/usage", false),
            ("/v1/datasets/%63ohort", false),
        ] {
            assert_eq!(cohort.covers(path), covered, "{path}");
            assert!(Audience::Server.covers(path));
            assert!(!Audience::Sharing.covers(path));
        }
        assert!(Audience::Sharing.covers("/delta-sharing/shares") && !Audience::Sharing.covers("/delta-sharings"));
    }
}
