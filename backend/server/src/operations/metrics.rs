//! What is counted for the operator, in the names and units of Prometheus.

use crate::route;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::collections::HashMap;
use std::time::Duration;

/// Counters of the whole process.
pub struct Metrics {
    registry: Registry,
    /// By path, then by method.
    operations: HashMap<&'static str, Vec<(&'static str, Operation)>>,
    other: Operation,
    gauges: Gauges,
}

/// What is looked up when the numbers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels {
    /// Entries that wait for the ledger.
    pub ledger_queue: usize,
    /// Whether the last commit to the ledger went well.
    pub ledger_healthy: bool,
    /// Entries under the last signed checkpoint.
    pub ledger_entries: u64,
    /// Read leases that are open.
    pub leases: usize,
    /// Verified tokens that are remembered.
    pub known_tokens: usize,
    /// Age of the snapshot that decisions are made on.
    pub snapshot_age: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    operation: &'static str,
}

/// The numbers of one operation, looked up once, so that a request only adds.
struct Operation {
    /// By class of status, 1xx to 5xx.
    answers: [Counter; 5],
    seconds: Histogram,
    bytes: Counter,
}

#[derive(Default)]
struct Gauges {
    ledger_queue: Gauge,
    ledger_healthy: Gauge,
    ledger_entries: Gauge,
    leases: Gauge,
    known_tokens: Gauge,
    snapshot_age: Gauge,
}

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

impl Metrics {
    /// Counters at zero, one set for each operation of the route table.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("mudeung");
        let answers = Family::<Answered, Counter>::default();
        let seconds = Family::<Named, Histogram>::new_with_constructor(|| {
            // 0.1 ms to about 26 s.
            Histogram::new(exponential_buckets(0.000_1, 4.0, 10))
        });
        let bytes = Family::<Named, Counter>::default();
        let operation = |operation: &'static str| Operation {
            answers: CLASSES.map(|status| answers.get_or_create_owned(&Answered { operation, status })),
            seconds: seconds.get_or_create_owned(&Named { operation }),
            bytes: bytes.get_or_create_owned(&Named { operation }),
        };
        let mut operations: HashMap<&'static str, Vec<(&'static str, Operation)>> = HashMap::new();
        for route in route::table() {
            operations.entry(route.path).or_default().push((route.method, operation(route.operation)));
        }
        let other = operation("none");
        registry.register("requests", "Answers by operation and class of status", answers);
        registry.register_with_unit("request_duration", "Time to the head of the answer", Unit::Seconds, seconds);
        registry.register_with_unit("response", "Bytes of answers whose length is known", Unit::Bytes, bytes);
        let gauges = Gauges::default();
        gauges.register(&mut registry);
        Self { registry, operations, other, gauges }
    }

    /// Counts an answer.
    pub fn request_finished(&self, response: &ServiceResponse<BoxBody>, took: Duration) {
        let request = response.request();
        let method = request.method().as_str();
        let path = request.match_pattern();
        let methods = path.and_then(|path| self.operations.get(path.as_str()));
        let found = methods.and_then(|methods| methods.iter().find(|(known, _)| *known == method));
        let counted = found.map_or(&self.other, |(_, operation)| operation);
        let class = usize::from(response.status().as_u16() / 100).saturating_sub(1);
        if let Some(answers) = counted.answers.get(class) {
            answers.inc();
        }
        counted.seconds.observe(took.as_secs_f64());
        if let BodySize::Sized(length) = response.response().body().size() {
            counted.bytes.inc_by(length);
        }
    }

    /// All numbers as text.
    pub fn text(&self, levels: &Levels) -> Result<String, std::fmt::Error> {
        self.gauges.set(levels);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Gauges {
    fn register(&self, registry: &mut Registry) {
        for (name, help, gauge) in [
            ("ledger_queue_entries", "Entries that wait for the ledger", &self.ledger_queue),
            ("ledger_healthy", "1 when the last commit to the ledger went well", &self.ledger_healthy),
            ("ledger_entries", "Entries under the last signed checkpoint", &self.ledger_entries),
            ("open_leases", "Read leases that are open", &self.leases),
            ("known_tokens", "Verified tokens that are remembered", &self.known_tokens),
            ("snapshot_age_milliseconds", "Age of what decisions are made on", &self.snapshot_age),
        ] {
            registry.register(name, help, gauge.clone());
        }
    }

    fn set(&self, levels: &Levels) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.ledger_queue.set(number(levels.ledger_queue));
        self.ledger_healthy.set(i64::from(levels.ledger_healthy));
        self.ledger_entries.set(i64::try_from(levels.ledger_entries).unwrap_or(i64::MAX));
        self.leases.set(number(levels.leases));
        self.known_tokens.set(number(levels.known_tokens));
        self.snapshot_age.set(i64::try_from(levels.snapshot_age.as_millis()).unwrap_or(i64::MAX));
    }
}
