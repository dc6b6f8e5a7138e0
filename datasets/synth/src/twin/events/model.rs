//! A fitted twin of persons and their events, and its file.

use super::chain::Chain;
use super::curator::{Answer, Curator};
use super::domain::{CODES_MAX, EventsDomain};
use super::histories::Histories;
use super::layout::{Layout, Question};
use super::policy::EventsPolicy;
use super::rows::EventsRows;
use crate::twin::TwinError;
use crate::twin::accountant::{Budget, Rho};
use crate::twin::curator::Fault;
use crate::twin::model::Model;
use crate::twin::model::file::{BYTES_MAX, FieldPart, File, fields_of, refuse, schema};
use crate::twin::noise::Variance;
use crate::twin::policy::syntax;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::Range;

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;
/// Parts of the budget: persons, finding codes, what follows what and when, values.
const PERSONS: u64 = 35;
const CODES: u64 = 10;
const COURSE: u64 = 30;
const VALUES: u64 = 25;

/// A fitted twin of persons and their events. It holds noisy counts and what follows from them, and nobody; it may be
/// published.
///
/// ```
/// use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
/// use arrow::datatypes::{DataType, Field, Schema};
/// use mudeung_synth::twin::{EventsDomain, EventsModel, EventsPolicy};
/// use rand::SeedableRng;
/// use std::sync::Arc;
/// let policy = EventsPolicy::parse(r#"
/// mechanism = "mst"
/// epsilon = 1.0
/// delta = 1e-9
/// [person]
/// id = "id"
/// columns.id = { source = "drawn anew", domain = { kind = "identifier" } }
/// columns.age = { source = "adults", domain = { kind = "range", low = 18, high = 100, bins = 10 } }
/// [events]
/// person = "id"
/// most = 10
/// norm = 3
/// gaps = [0, 1, 8, 31, 366]
/// time = { column = "day", source = "one year", domain = { kind = "range", low = 0, high = 365, bins = 12 } }
/// code = { column = "code", source = "the form", values = ["visit", "fall"] }
/// "#)?;
/// let field = |name, data_type| Field::new(name, data_type, false);
/// let persons = Schema::new(vec![field("id", DataType::Int64), field("age", DataType::Int32)]).into();
/// let events = vec![field("id", DataType::Int64), field("day", DataType::Int32), field("code", DataType::Utf8)];
/// let domain = EventsDomain::bind(&policy, &persons, &Schema::new(events).into())?;
///
/// let ids = |ids: Vec<i64>| Arc::new(Int64Array::from(ids)) as ArrayRef;
/// let whole = |numbers: Vec<i32>| Arc::new(Int32Array::from(numbers)) as ArrayRef;
/// let codes: ArrayRef = Arc::new(StringArray::from(vec!["visit", "fall", "visit"]));
/// let mut encoder = domain.encoder();
/// let (persons, events) = domain.schemas();
/// let batch = RecordBatch::try_new(persons.clone(), vec![ids(vec![1, 2]), whole(vec![71, 34])])?;
/// encoder.push_persons(&batch)?;
/// let columns = vec![ids(vec![1, 1, 2]), whole(vec![3, 90, 12]), codes];
/// encoder.push_events(&RecordBatch::try_new(events.clone(), columns)?)?;
/// // Seeded for the example; by the operating system when it counts.
/// let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
/// let model = EventsModel::fit(&domain, encoder.finish(), &mut rng)?;
///
/// let drawn = EventsModel::parse(&model.to_text()?)?.rows(100, 7).next().unwrap()?;
/// assert_eq!((drawn.persons.num_rows(), drawn.events.schema()), (100, events.clone()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EventsModel {
    pub(super) domain: EventsDomain,
    pub(super) layout: Layout,
    pub(super) persons: Model,
    pub(super) answers: Vec<Answer>,
    pub(super) chain: Chain,
    spent: Rho,
}

impl EventsModel {
    /// Fits a twin. The generator must be seeded by the operating system, once for each fit: who knows the noise knows
    /// the counts.
    pub fn fit<R: CryptoRng>(domain: &EventsDomain, histories: Histories, rng: &mut R) -> Result<Self, TwinError> {
        Self::fit_with(domain, histories, rng, Fault::None)
    }

    pub(super) fn fit_with<R: CryptoRng>(
        domain: &EventsDomain,
        histories: Histories,
        rng: &mut R,
        fault: Fault,
    ) -> Result<Self, TwinError> {
        let policy = &domain.policy;
        let listed = policy.events.code.values.clone();
        // Where codes are to be found, half of delta is for a code that gives somebody away.
        let delta = if listed.is_some() { policy.delta } else { policy.delta / 2.0 };
        let budget = Budget::of(policy.epsilon, delta)?;
        let total = budget.total();
        let mut curator = Curator::new(domain, histories, budget, rng, fault);
        let values = if domain.values.is_empty() { 0 } else { VALUES };
        let finding = if listed.is_some() { 0 } else { CODES };
        let parts = PERSONS + finding + COURSE + values;
        let mut codes = match listed {
            Some(codes) => codes,
            None => curator.find_codes(delta, total.share(CODES, parts))?,
        };
        codes.extend(policy.events.code.other.clone().filter(|other| !codes.contains(other)));
        if codes.is_empty() {
            return Err(TwinError::Rows { reason: "have no code that enough persons have".to_owned() });
        }
        let layout = domain.layout(codes);
        curator.code(&layout);
        let persons = curator.persons(&layout, total.share(PERSONS, parts))?;
        let questions = layout.questions();
        let mut answers = Vec::with_capacity(questions.len());
        for (place, question) in questions.iter().enumerate() {
            let cost = match question {
                // What is left by rounding goes to the last.
                _ if place + 1 == questions.len() => curator.budget().left(),
                Question::Transitions | Question::Gaps => total.share(COURSE, 2 * parts),
                Question::Values | Question::Changes => total.share(values, 2 * parts),
            };
            answers.push(curator.measure(*question, &layout, cost)?);
        }
        let spent = curator.budget().spent();
        Ok(Self::new(domain.clone(), layout, persons, answers, spent))
    }

    fn new(domain: EventsDomain, layout: Layout, persons: Model, answers: Vec<Answer>, spent: Rho) -> Self {
        let chain = Chain::new(&layout, &answers);
        Self { domain, layout, persons, answers, chain, spent }
    }

    /// So many persons with their events, in batches; the same seed gives the same on every machine.
    pub fn rows(&self, persons: u64, seed: u64) -> EventsRows<'_> {
        self.persons(0..persons, seed)
    }

    /// Persons by their number from zero: the same ones whatever range they are in.
    pub fn persons(&self, numbers: Range<u64>, seed: u64) -> EventsRows<'_> {
        EventsRows::new(self, numbers, seed)
    }

    /// The number of persons, with noise.
    pub fn estimated_persons(&self) -> u64 {
        self.persons.estimated_rows()
    }

    /// What was agreed.
    pub fn policy(&self) -> &EventsPolicy {
        &self.domain.policy
    }

    /// The values that rows may have.
    pub fn domain(&self) -> &EventsDomain {
        &self.domain
    }

    /// The codes of events, as listed or found.
    pub fn codes(&self) -> &[String] {
        &self.layout.codes
    }

    /// The privacy loss that was spent.
    pub fn spent(&self) -> Rho {
        self.spent
    }

    /// Writes the model down.
    pub fn to_text(&self) -> Result<String, TwinError> {
        toml::to_string(&self.to_file()).map_err(|error| refuse(&error.to_string()))
    }

    /// What is written down.
    pub(crate) fn to_file(&self) -> EventsFile {
        let (persons, events) = self.domain.schemas();
        let answer = |answer: &Answer| AnswerPart {
            question: answer.question,
            variance_units: answer.variance.units(),
            counts: answer.counts.clone(),
        };
        EventsFile {
            events_version: VERSION,
            rho_units: self.spent.units(),
            codes: self.layout.codes.clone(),
            policy: self.domain.policy.clone(),
            person_fields: fields_of(persons),
            event_fields: fields_of(events),
            answers: self.answers.iter().map(answer).collect(),
            persons: self.persons.to_file(),
        }
    }

    /// Reads a model, and refuses one that is not whole.
    pub fn parse(text: &str) -> Result<Self, TwinError> {
        if text.len() > BYTES_MAX {
            return Err(refuse("is larger than 64 MiB"));
        }
        Self::from_file(toml::from_str(text).map_err(|error| syntax(text, &error))?)
    }

    /// Makes a model of what was written down, if it is whole.
    pub(crate) fn from_file(file: EventsFile) -> Result<Self, TwinError> {
        if file.events_version != VERSION {
            return Err(refuse(&format!("has version {} and not {VERSION}", file.events_version)));
        }
        let domain = EventsDomain::bind(&file.policy, &schema(&file.person_fields)?, &schema(&file.event_fields)?)?;
        let distinct: BTreeSet<&String> = file.codes.iter().collect();
        let code = &file.policy.events.code;
        let is_right = match &code.values {
            Some(values) => file.codes.starts_with(values) && file.codes.len() <= values.len() + 1,
            None => true,
        };
        if !is_right || distinct.len() < file.codes.len() || file.codes.is_empty() || file.codes.len() > CODES_MAX {
            return Err(refuse("has other codes than its policy"));
        }
        let layout = domain.layout(file.codes);
        let (policy, with_events) = domain.with_events(&layout)?;
        let persons = Model::from_file(file.persons)?;
        if persons.domain().schema() != with_events.schema() || *persons.policy() != policy {
            return Err(refuse("has persons of another policy"));
        }
        let answers = file.answers.into_iter().map(|part| {
            let variance = Variance::from_units(part.variance_units);
            let variance = variance.filter(|_| part.counts.len() == part.question.cells(&layout));
            let variance = variance.ok_or_else(|| refuse("has answers that do not fit its codes"))?;
            Ok(Answer { question: part.question, variance, counts: part.counts })
        });
        let answers = answers.collect::<Result<Vec<_>, TwinError>>()?;
        if !answers.iter().map(|answer| &answer.question).eq(layout.questions()) {
            return Err(refuse("does not have an answer to each question"));
        }
        Ok(Self::new(domain, layout, persons, answers, Rho::from_units(file.rho_units)))
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsFile {
    events_version: u32,
    /// The privacy loss that was spent, in units of 2^-50.
    rho_units: u64,
    codes: Vec<String>,
    policy: EventsPolicy,
    person_fields: Vec<FieldPart>,
    event_fields: Vec<FieldPart>,
    answers: Vec<AnswerPart>,
    persons: File,
}

/// Noisy counts in units of 1/64 events; the last part of the question is the fastest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerPart {
    question: Question,
    /// In units of 2^-10.
    variance_units: u64,
    counts: Vec<i64>,
}
