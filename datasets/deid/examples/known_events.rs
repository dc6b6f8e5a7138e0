//! What knowing laboratory values is worth in the cohort `nafld`: its raw tables, before any recipe, ever coarser.
//!
//!     cargo run --release -p mudeung-deid --example known_events -- FOLDER/nafld_measurement.csv
//!
//! The figures are in `datasets/definitions/nafld/README.md`.

use mudeung_deid::risk::{EventShare, Fact, Facts};
use std::collections::HashMap;
use std::error::Error;
use std::io::Write as _;

/// All tests of the table, copies of one another too.
const TESTS: [&str; 6] = ["hdl", "chol", "sbp", "dbp", "smoke", "fib4"];
/// Persons with fewer different events are left out.
const EVENTS_MIN: u32 = 8;

type Value = (u32, u32, i32, f64);

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("give the file nafld_measurement.csv")?;
    let (values, persons) = read(&path)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} values of {persons} persons", values.len())?;
    let seeds: Vec<u64> = (0..u64::try_from(persons)?).collect();
    let ways: [(&str, Option<f64>, Option<i32>); 9] = [
        ("value, day", Some(0.0), Some(1)),
        ("day alone", None, Some(1)),
        ("value to 10, week", Some(10.0), Some(7)),
        ("value to 10, month", Some(10.0), Some(30)),
        ("value to 10, quarter", Some(10.0), Some(91)),
        ("value to 10, year", Some(10.0), Some(365)),
        ("quarter alone", None, Some(91)),
        ("value", Some(0.0), None),
        ("value to 10", Some(10.0), None),
    ];
    writeln!(out, "{:<22} {:>22} {:>22} {:>22}", "known: test and", "1: alone / below 5", "2", "4")?;
    for (name, width, days) in ways {
        let facts = Facts::new(&seeds, facts(&values, width, days));
        let [one, two, four] = [1, 2, 4].map(|known| told(&facts.measure(known, EVENTS_MIN, 5)));
        writeln!(out, "{name:<22} {one:>22} {two:>22} {four:>22}")?;
    }
    Ok(())
}

fn told(share: &EventShare) -> String {
    format!("{:.1} % / {:.1} %", share.unique.share * 100.0, share.below_k.share * 100.0)
}

fn facts(values: &[Value], width: Option<f64>, days: Option<i32>) -> Vec<(Fact, u32)> {
    let mut numbers = HashMap::new();
    let facts = values.iter().map(|(person, column, day, value)| {
        let value = width.map(|width| if width > 0.0 { (value / width).floor() } else { *value });
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let value = *numbers.entry(value.map(f64::to_bits)).or_insert(next);
        let time = days.map(|days| day.div_euclid(days));
        (Fact { column: *column, code: 0, value, time }, *person)
    });
    facts.collect()
}

fn read(path: &str) -> Result<(Vec<Value>, usize), Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let header = reader.headers()?.clone();
    let at = |name: &str| header.iter().position(|column| column == name).ok_or(format!("no column {name}"));
    let (id, days) = (at("id")?, at("days")?);
    let tests = TESTS.map(at).into_iter().collect::<Result<Vec<usize>, _>>()?;
    let (mut persons, mut values) = (HashMap::new(), Vec::new());
    for record in reader.records() {
        let record = record?;
        let field = |at: usize| record.get(at).unwrap_or_default();
        let next = u32::try_from(persons.len())?;
        let person = *persons.entry(field(id).to_owned()).or_insert(next);
        for (column, test) in (0..).zip(&tests) {
            if !field(*test).is_empty() {
                values.push((person, column, field(days).parse()?, field(*test).parse()?));
            }
        }
    }
    Ok((values, persons.len()))
}
