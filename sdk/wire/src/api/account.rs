//! What an app may know of itself and its company.

use serde::{Deserialize, Serialize};

wire! {
    /// What may still be read under one policy.
    pub struct QuotaItem {
        /// The grant the budget belongs to; absent for the daily budget of the synthetic tier.
        pub grant: Option<String>,
        /// The dataset; absent for the daily budget of the synthetic tier.
        pub dataset: Option<String>,
        /// Which policy it is: `grant` or `synthetic-day`.
        pub policy: String,
        /// Bytes that may be read in all.
        pub bytes_limit: u64,
        /// Bytes that may still be read.
        pub bytes_remaining: u64,
        /// Rows that may be read in all.
        pub rows_limit: u64,
        /// Rows that may still be read.
        pub rows_remaining: u64,
        /// When the budget starts anew, RFC 3339 UTC; absent when it does not.
        pub resets_at: Option<String>,
    }

    /// A grant of the app.
    pub struct GrantItem {
        /// The grant's identifier.
        pub id: String,
        /// The dataset it opens.
        pub dataset: String,
        /// The tier it opens.
        pub tier: String,
        /// The tables it opens.
        pub tables: Vec<GrantTable>,
        /// `export` (rows leave with every read) or `inside` (queries whose results are held until their export is decided).
        pub reach: String,
        /// What the data may be used for.
        pub purpose: String,
        /// First moment it opens anything, RFC 3339 UTC.
        pub valid_from: String,
        /// First moment it opens nothing any more, RFC 3339 UTC.
        pub valid_until: String,
        /// `held` (opens nothing until the conditions of its approval are met), `active` or `revoked`.
        pub state: String,
    }

    /// A table that a grant opens.
    pub struct GrantTable {
        /// The table's name.
        pub name: String,
        /// The columns opened.
        pub columns: Vec<String>,
        /// The rows opened; all when absent.
        pub row_filter: Option<String>,
    }

    /// An access request for the app.
    pub struct AccessRequestItem {
        /// The request's identifier.
        pub id: String,
        /// The dataset that it asks for.
        pub dataset: String,
        /// What for, as it was last written.
        pub purpose: String,
        /// `draft`, `submitted`, `in_review`, `returned`, `conditional`, `approved`, `rejected`, `withdrawn` or `lapsed`.
        pub state: String,
        /// Since when it stands there, RFC 3339 UTC.
        pub since: String,
        /// Whom it waits on: `company`, `hospital`, or `nobody` when it is over.
        pub waits_on: String,
        /// When it was begun, RFC 3339 UTC.
        pub created_at: String,
        /// When it was last handed in, RFC 3339 UTC; absent when it never was.
        pub submitted_at: Option<String>,
    }

    /// A webhook of the company. They are made in the portal, which shows their secrets.
    pub struct WebhookItem {
        /// The webhook's identifier.
        pub id: String,
        /// What is called.
        pub url: String,
        /// The topics that it is told of; of all when there are none.
        pub topics: Vec<String>,
        /// `active` or `disabled`.
        pub state: String,
        /// When it was made, RFC 3339 UTC.
        pub created_at: String,
    }

    /// Something that a webhook was told, or will be.
    pub struct WebhookDeliveryItem {
        /// What its call carries as `webhook-id`: the same however often it is sent.
        pub id: String,
        /// The topic.
        pub topic: String,
        /// `waiting`, `delivered` or `given_up`.
        pub state: String,
        /// How often it was sent.
        pub attempts: u32,
        /// When it was written, RFC 3339 UTC.
        pub created_at: String,
        /// When it is sent next, RFC 3339 UTC; absent when it is not.
        pub due_at: Option<String>,
        /// Why it did not arrive the last time.
        pub problem: Option<String>,
    }
}
