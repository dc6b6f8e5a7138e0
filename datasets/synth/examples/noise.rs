//! Draws of the discrete Gaussian sampler, as a JSON list for whoever wants to test it:
//! `cargo run -p mudeung-synth --example noise -- VARIANCE COUNT SEED`.

use mudeung_synth::twin::{Noise, Variance};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::io::Write as _;

/// Draws, at most.
const COUNT_MAX: usize = 10_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [variance, count, seed] = arguments.as_slice() else { return Err("VARIANCE COUNT SEED are needed".into()) };
    let variance = Variance::at_least(variance.parse()?);
    let count = count.parse::<usize>()?.min(COUNT_MAX);
    let mut rng = ChaCha20Rng::seed_from_u64(seed.parse()?);
    let mut noise = Noise::new(&mut rng);
    let drawn: Vec<i64> = (0..count).map(|_| noise.gaussian(variance)).collect();
    writeln!(std::io::stdout().lock(), "{}", serde_json::to_string(&drawn)?)?;
    Ok(())
}
