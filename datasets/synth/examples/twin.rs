//! How long it takes to fit a twin of the Adult census, and how near it comes:
//! `cargo run --release -p mudeung-synth --example twin -- [epsilon] [fits]`.
//!
//! Prints for both mechanisms and each fit the seconds of fitting and of drawing as many rows as the table has, and the
//! mean total variation distance over all sets of one, two and three columns. Reading and coding the rows is not
//! counted.

#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "shared with the tests")]
#[path = "../tests/it/adult/table.rs"]
mod table;

use arrow::array::RecordBatch;
use mudeung_synth::twin::{Mechanism, Model};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::io::Write as _;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let epsilon = std::env::args().nth(1).map_or(Ok(1.0), |text| text.parse())?;
    let fits = std::env::args().nth(2).map_or(Ok(3), |text| text.parse())?;
    let (mut policy, domain, rows) = table::adult();
    policy.epsilon = epsilon;
    let codes = table::coded(&domain, &rows);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} rows, epsilon {epsilon}, delta {}", codes.rows(), policy.delta)?;
    writeln!(out, "mechanism  fit s  draw s  1-way   2-way   3-way   rho spent    measured  cells    file bytes")?;
    for mechanism in [Mechanism::Mst, Mechanism::Aim] {
        policy.mechanism = mechanism;
        for seed in 1..=fits {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let begun = Instant::now();
            let model = Model::fit(&policy, &domain, codes.clone(), &mut rng)?;
            let fitted = begun.elapsed();
            let drawing = Instant::now();
            let twin = model.rows(u64::try_from(codes.rows())?, seed).collect::<Result<Vec<RecordBatch>, _>>()?;
            let drawn = drawing.elapsed();
            let [one, two, three] = [1, 2, 3].map(|columns| table::distance(&rows, &twin, columns));
            writeln!(
                out,
                "{:<10} {:6.2} {:7.3}  {one:.4}  {two:.4}  {three:.4}  {}  {:8}  {:7}  {}",
                format!("{mechanism:?}"),
                fitted.as_secs_f64(),
                drawn.as_secs_f64(),
                model.spent(),
                model.measurements(),
                model.cells(),
                model.to_text()?.len(),
            )?;
        }
    }
    Ok(())
}
