//! What is counted for the operator.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use std::time::Duration;

/// Counters of the whole process.
#[derive(Default)]
pub struct Metrics {}

impl Metrics {
    /// Counters at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts an answer.
    pub fn request_finished(&self, _response: &ServiceResponse<BoxBody>, _took: Duration) {}
}
