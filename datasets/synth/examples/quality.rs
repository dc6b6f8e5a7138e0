//! The report on a twin of the Adult census, as a page and as JSON:
//! `cargo run --release -p mudeung-synth --example quality -- PAGE.html PAGE.json`.
//!
//! The last fifth of the rows is held out: the twin is fitted to the others.

#[expect(dead_code, clippy::unwrap_used, clippy::indexing_slicing, reason = "shared with the tests")]
#[path = "../tests/it/adult/table.rs"]
mod table;

use mudeung_synth::quality::{Material, measure};
use mudeung_synth::twin::Model;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [page, json] = arguments.as_slice() else { return Err("PAGE.html and PAGE.json are needed".into()) };
    let (policy, domain, rows) = table::adult();
    let rows = arrow::compute::concat_batches(domain.schema(), &rows)?;
    let kept = rows.num_rows() / 5 * 4;
    let (real, held_out) = ([rows.slice(0, kept)], [rows.slice(kept, rows.num_rows() - kept)]);
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let model = Model::fit(&policy, &domain, table::coded(&domain, &real), &mut rng)?;
    let synthetic = model.rows(u64::try_from(kept)?, 1).collect::<Result<Vec<_>, _>>()?;
    let target = Some("income>50K");
    let material =
        Material { domain: &domain, real: &real, held_out: &held_out, synthetic: &synthetic, target, seed: 1 };
    let quality = measure(&material)?;
    std::fs::write(page, quality.to_html())?;
    std::fs::write(json, quality.to_json()?)?;
    Ok(())
}
