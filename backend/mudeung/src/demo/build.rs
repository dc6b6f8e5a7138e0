//! Builds the demo's datasets: the bundled raw data through its recipe, and the synthetic twins.

use super::Layout;
use crate::cli::SourceArgs;
use crate::command::curate;
use crate::failure::Failure;
use crate::system::SystemEntropy;
use crate::{bundle, say};
use mudeung_deid::ReleaseKey;

/// What is built: the dataset, whether its raw data is bundled, and whether a twin is fitted to it. Persons and seed of the synthetic tiers are those of
/// the definitions, so that every demo in the world has the same ones.
const DATASETS: [(&str, bool, bool); 3] =
    [("lymph_node", true, false), ("support2", true, true), ("hypertension_home_bp", false, false)];

/// Builds them all.
pub(super) fn build(layout: &Layout) -> Result<(), Failure> {
    say("First run: building the bundled datasets")?;
    bundle::unpack(&layout.definitions())?;
    std::fs::create_dir_all(layout.store()).map_err(Failure::failed)?;
    for (dataset, real, twin) in DATASETS {
        let definition = layout.definitions().join(dataset);
        if real {
            let key = ReleaseKey::load_or_create(&layout.release_key(dataset), &layout.store(), &SystemEntropy);
            let key = key.map_err(Failure::failed)?;
            let input = definition.join("data");
            let built = curate::build_deidentified(&definition, &input, &layout.store(), &key, None)?;
            let risk = built.manifest.risk.as_ref();
            let (persons, k) = risk.map_or((0, 0), |risk| (risk.persons, risk.k));
            say(&format!("  {dataset}: {persons} patients de-identified, k = {k}"))?;
        }
        let built = curate::build_synthetic(&definition, &layout.store(), None, None)?;
        let rows: u64 = built.manifest.tables.iter().map(|table| table.rows).sum();
        say(&format!("  {dataset}: {rows} synthetic rows (simulated)"))?;
        if twin {
            let source = SourceArgs {
                input: definition.join("data"),
                definition,
                config: None,
                store: None,
                key: layout.release_key(dataset),
                number: None,
            };
            let key = ReleaseKey::load(&source.key, &layout.store()).map_err(Failure::failed)?;
            let twins = curate::build_twins(&source, &layout.store(), &key, None, None)?;
            let epsilon = twins.built.manifest.twins.iter().fold(0.0, |sum, twin| sum + twin.epsilon);
            say(&format!("  {dataset}: a twin of it (simulated), epsilon = {epsilon}"))?;
        }
    }
    Ok(())
}
