//! How long the search for the least generalisation takes: `cargo run --release --example generalise -- [threads]`.
//!
//! Prints, for the questions of `tests/it/adult.rs` and for one million made-up persons, the fastest of five runs.
//! Reading and coding the columns is not counted; making distinct rows of them is.

#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "shared with the tests")]
#[path = "../tests/it/adult/table.rs"]
mod table;

use mudeung_deid::generalise::{
    Column, Distance, Effort, GeneraliseError, Hierarchy, Model, Proof, Question, Sensitive, search,
};
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

const RUNS: usize = 5;

/// Name, quasi-identifiers, k, persons that may be left out in percent, and models.
type Asked<'a> = (&'a str, &'a [Column], u64, u64, Vec<Sensitive>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let threads = std::env::args().nth(1).map_or(Ok(NonZeroUsize::MIN), |text| text.parse())?;
    let (nine, eight, occupation) = table::adult();
    let with = |model| vec![Sensitive { codes: occupation.codes.clone(), model }];
    let questions: [Asked<'_>; 11] = [
        ("k = 2", &nine, 2, 0, vec![]),
        ("k = 5", &nine, 5, 0, vec![]),
        ("k = 10", &nine, 10, 0, vec![]),
        ("k = 5, 1 %", &nine, 5, 1, vec![]),
        ("k = 5, 5 %", &nine, 5, 5, vec![]),
        ("k = 5, 100 %", &nine, 5, 100, vec![]),
        ("k = 11, 100 %", &nine, 11, 100, vec![]),
        ("k = 5, 5 %, distinct l = 3", &eight, 5, 5, with(Model::DistinctDiversity { l: 3 })),
        ("k = 5, 5 %, entropy l = 3", &eight, 5, 5, with(Model::EntropyDiversity { l: 3.0 })),
        ("k = 5, 5 %, recursive (4, 3)", &eight, 5, 5, with(Model::RecursiveDiversity { c: 4.0, l: 3 })),
        ("k = 5, 5 %, t = 0.2", &eight, 5, 5, with(Model::Closeness { t: 0.2, distance: Distance::Equal })),
    ];
    for (name, columns, k, percent, sensitive) in questions {
        measure(name, columns, k, percent, &sensitive, threads)?;
    }
    let million = million()?;
    measure("1,000,000 persons, k = 5", &million, 5, 0, &[], threads)?;
    measure("1,000,000 persons, k = 5, 1 %", &million, 5, 1, &[], threads)?;
    Ok(())
}

fn measure(
    name: &str,
    columns: &[Column],
    k: u64,
    percent: u64,
    sensitive: &[Sensitive],
    threads: NonZeroUsize,
) -> Result<(), Box<dyn std::error::Error>> {
    let persons = u64::try_from(columns.first().map_or(0, |column| column.codes.len()))?;
    let mut fastest = Duration::MAX;
    let mut outcome = None;
    for _ in 0..RUNS {
        let suppressed_max = persons * percent / 100;
        let question = Question { columns: columns.to_vec(), sensitive: sensitive.to_vec(), k, suppressed_max };
        let start = Instant::now();
        outcome = Some(search(question, Effort::new(threads))?);
        fastest = fastest.min(start.elapsed());
    }
    let mut out = std::io::stdout();
    let Some((outcome, best)) = outcome.as_ref().and_then(|outcome| Some((outcome, outcome.best.as_ref()?))) else {
        return Ok(writeln!(out, "{name}: nothing holds")?);
    };
    let proved = if outcome.proof == Proof::Optimal { "optimal" } else { "not proved" };
    let (checks, nodes) = (outcome.checks, outcome.nodes);
    writeln!(
        out,
        "{name:30} {:>8.1} ms  {checks:>5} of {nodes} nodes  loss {:.9}  left out {:>5}  {proved}",
        fastest.as_secs_f64() * 1_000.0,
        best.loss,
        best.suppressed,
    )?;
    Ok(())
}

/// Age, sex, one of 250 districts in 17 provinces, month of first visit in five years, and insurance.
fn million() -> Result<Vec<Column>, GeneraliseError> {
    let mut state = 1_u64;
    let mut draw = |below: u64| {
        // The generator of Knuth's MMIX; its high bits are good enough for a table to be counted.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((state >> 33) % below).unwrap_or(0)
    };
    let steps = |values: u32, widths: &[u32]| {
        let level = |width: &u32| (0..values).map(|value| value / width).collect::<Vec<u32>>();
        Hierarchy::new(&widths.iter().map(level).collect::<Vec<_>>())
    };
    let hierarchies = [
        steps(100, &[1, 5, 10, 20, 100])?,
        steps(2, &[1, 2])?,
        steps(250, &[1, 15, 250])?,
        steps(60, &[1, 3, 12, 60])?,
        steps(4, &[1, 2, 4])?,
    ];
    let mut columns: Vec<Column> =
        hierarchies.into_iter().map(|hierarchy| Column { hierarchy, codes: Vec::with_capacity(1_000_000) }).collect();
    for _ in 0..1_000_000 {
        // Few are old, and few live in the last districts.
        let (age, district) = (draw(100).min(draw(100)), draw(250).min(draw(250)));
        let person = [age, draw(2), district, draw(60), draw(4).min(draw(4))];
        columns.iter_mut().zip(person).for_each(|(column, code)| column.codes.push(code));
    }
    Ok(columns)
}
