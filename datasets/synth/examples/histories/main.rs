//! How near the twin of persons and their events comes to real ones:
//! `cargo run --release -p mudeung-synth --example histories -- FOLDER POLICY [EPSILON]`.
//!
//! The folder has `person.csv` and `event.csv` as `tables.py` beside this file makes them, the policy is `nafld.toml`
//! or `framingham.toml` there. A fifth of the persons, by their identifier, is held out: nothing learns from it, and
//! predictions are judged on it. Last comes the twin of one flat table, all persons with a flag for each code.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "figures for readers; nothing outside calls this")]

mod cox;
mod measures;
mod people;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int32Array, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use mudeung_synth::quality::distance;
use mudeung_synth::twin::{
    ColumnPolicy, Domain, DomainPolicy, EventsDomain, EventsModel, EventsPolicy, Mechanism, Model, TwinPolicy,
};
use people::{Person, people};
use rand::SeedableRng;
use rand_chacha::{ChaCha8Rng, ChaCha20Rng};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, policy, rest @ ..] = arguments.as_slice() else { return Err("FOLDER and POLICY are needed".into()) };
    let mut policy = EventsPolicy::parse(&std::fs::read_to_string(policy)?)?;
    if let Some(epsilon) = rest.first() {
        policy.epsilon = epsilon.parse()?;
    }
    let (persons, events) = people::read(folder.as_ref())?;
    let [(persons_in, events_in), (persons_out, events_out)] = [false, true].map(|out| {
        let part = |batch: &RecordBatch| {
            let ids = batch.column(0).as_primitive::<Int64Type>().values();
            let wanted: BooleanArray = ids.iter().map(|id| Some((id.wrapping_mul(7_919) % 5 == 0) == out)).collect();
            filter_record_batch(batch, &wanted).unwrap()
        };
        (part(&persons), part(&events))
    });
    let codes = policy.events.code.values.clone().unwrap_or_default();
    let values = policy.events.value.as_ref().map(|value| &value.of);
    let is_valued = |code: &usize| values.is_some_and(|values| values.contains_key(&codes[*code]));
    let (valued, flagged): (Vec<usize>, Vec<usize>) = (0..codes.len()).partition(is_valued);
    let real = people(&codes, std::slice::from_ref(&persons_in), std::slice::from_ref(&events_in));
    let held_out = people(&codes, &[persons_out], &[events_out]);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} persons and {} events; {} persons held out", real.len(), events_in.num_rows(), held_out.len())?;
    writeln!(out, "of            prevalence R2  bigrams  next code  gaps KS  autocorrelation  survival  C-index")?;
    let mut line = |name: &str, others: &[Person]| -> std::io::Result<()> {
        let measures = measures::measures(&real, others, codes.len(), &valued);
        let concordance = cox::concordance(&held_out, &flagged, &cox::fit(others, &flagged));
        writeln!(
            out,
            "{name:<13} {:13.4}  {:7.4}  {:9.4}  {:7.4}  {:15.4}  {:8.4}  {concordance:7.4}",
            measures.prevalence,
            measures.bigrams,
            measures.transitions,
            measures.gaps,
            measures.autocorrelation,
            measures.survival,
        )
    };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    line("real", &real)?;
    line("bootstrap", &people::resampled(&real, &mut rng))?;
    line("shuffle", &people::shuffled(&real, &mut rng))?;
    let domain = EventsDomain::bind(&policy, &persons.schema(), &events.schema())?;
    let mut told = String::new();
    for mechanism in [Mechanism::Mst, Mechanism::Aim] {
        policy.mechanism = mechanism;
        let domain = EventsDomain::bind(&policy, domain.schemas().0, domain.schemas().1)?;
        for seed in 1..=3 {
            let mut encoder = domain.encoder();
            encoder.push_persons(&persons_in)?;
            encoder.push_events(&events_in)?;
            let begun = Instant::now();
            let model = EventsModel::fit(&domain, encoder.finish(), &mut ChaCha20Rng::seed_from_u64(seed))?;
            let fitted = begun.elapsed().as_secs_f64();
            let drawing = Instant::now();
            let batches = model.rows(model.estimated_persons(), seed).collect::<Result<Vec<_>, _>>()?;
            let drawn = drawing.elapsed().as_secs_f64();
            let (persons, events): (Vec<_>, Vec<_>) =
                batches.into_iter().map(|batch| (batch.persons, batch.events)).unzip();
            line(&format!("twin {mechanism:?} {seed}"), &people(&codes, &persons, &events))?;
            let bytes = model.to_text()?.len();
            let spent = model.spent();
            told +=
                &format!("{mechanism:?} {seed}: fit {fitted:.2} s, draw {drawn:.2} s, {bytes} bytes, rho {spent}\n");
        }
    }
    writeln!(out, "{told}")?;
    flat(&mut out, &policy, &persons, &events, &flagged)
}

/// The twin of one table: everybody with a flag for each code that has no values.
fn flat(
    out: &mut impl std::io::Write,
    policy: &EventsPolicy,
    persons: &RecordBatch,
    events: &RecordBatch,
    flagged: &[usize],
) -> Result<(), Box<dyn std::error::Error>> {
    let codes = policy.events.code.values.clone().unwrap_or_default();
    let ids = persons.column(0).as_primitive::<Int64Type>().values();
    let places: std::collections::BTreeMap<i64, usize> = ids.iter().copied().zip(0..).collect();
    let mut columns = policy.person.columns.clone();
    columns.remove(&policy.person.id);
    let mut fields: Vec<Field> = persons.schema().fields().iter().skip(1).map(|field| field.as_ref().clone()).collect();
    let mut arrays: Vec<ArrayRef> = persons.columns().iter().skip(1).cloned().collect();
    for code in flagged {
        let mut flags = vec![0; persons.num_rows()];
        let names = events.column(2).as_string::<i32>();
        for (id, name) in events.column(0).as_primitive::<Int64Type>().values().iter().zip(names) {
            if let Some(place) = places.get(id).filter(|_| name == Some(codes[*code].as_str())) {
                flags[*place] = 1;
            }
        }
        let values = vec![toml::Value::Integer(0), toml::Value::Integer(1)];
        let domain = DomainPolicy::Values { values, other: Some(toml::Value::Integer(0)) };
        columns.insert(codes[*code].clone(), ColumnPolicy { source: "a flag".to_owned(), domain });
        fields.push(Field::new(&codes[*code], DataType::Int32, false));
        arrays.push(Arc::new(Int32Array::from(flags)));
    }
    let table = RecordBatch::try_new(Schema::new(fields).into(), arrays)?;
    writeln!(out, "one table of {} rows\nmechanism  fit s  1-way   2-way   3-way", table.num_rows())?;
    for mechanism in [Mechanism::Mst, Mechanism::Aim] {
        let (epsilon, delta) = (policy.epsilon, policy.delta);
        let policy = TwinPolicy { mechanism, epsilon, delta, person: None, columns: columns.clone() };
        let domain = Domain::bind(&policy, &table.schema())?;
        let coded = |batches: &[RecordBatch]| {
            let mut encoder = domain.encoder();
            batches.iter().try_for_each(|batch| encoder.push(batch))?;
            Ok::<_, mudeung_synth::twin::TwinError>(encoder.finish())
        };
        let real = coded(std::slice::from_ref(&table))?;
        for seed in 1..=3 {
            let begun = Instant::now();
            let model = Model::fit(&policy, &domain, real.clone(), &mut ChaCha20Rng::seed_from_u64(seed))?;
            let fitted = begun.elapsed().as_secs_f64();
            let rows = u64::try_from(table.num_rows())?;
            let twin = coded(&model.rows(rows, seed).collect::<Result<Vec<_>, _>>()?)?;
            let [one, two, three] = [1, 2, 3].map(|columns| distance(&domain, &real, &twin, columns));
            writeln!(out, "{:<10} {fitted:5.2}  {one:.4}  {two:.4}  {three:.4}", format!("{mechanism:?}"))?;
        }
    }
    Ok(())
}
