//! Builds the demo's datasets: the bundled raw data through its recipe, and the synthetic twins.

use super::Layout;
use crate::cli::SourceArgs;
use crate::command::curate;
use crate::failure::Failure;
use crate::system::SystemEntropy;
use crate::{bundle, say};
use mudeung_deid::ReleaseKey;

/// What is built.
struct Dataset {
    name: &'static str,
    /// Whether its raw data is bundled.
    is_real: bool,
    /// Whether a twin is fitted to it.
    has_twin: bool,
    /// Persons of the synthetic tier, where fewer than the definition says are enough to begin with.
    persons: Option<u64>,
}

/// Seeds and, but for one, persons of the synthetic tiers are those of the definitions, so that every demo in the world has
/// the same ones. Of the 64,000 patients of `cancer5` there are the first ones: all of them would take a minute, and more are
/// made on demand.
const DATASETS: [Dataset; 4] = [
    Dataset { name: "lymph_node", is_real: true, has_twin: false, persons: None },
    Dataset { name: "support2", is_real: true, has_twin: true, persons: None },
    Dataset { name: "hypertension_home_bp", is_real: false, has_twin: false, persons: None },
    Dataset { name: "cancer5", is_real: false, has_twin: false, persons: Some(2_000) },
];

/// Builds them all.
pub(super) fn build(layout: &Layout) -> Result<(), Failure> {
    say("First run: building the bundled datasets")?;
    bundle::unpack(&layout.definitions())?;
    std::fs::create_dir_all(layout.store()).map_err(Failure::failed)?;
    for Dataset { name: dataset, is_real, has_twin, persons } in DATASETS {
        let definition = layout.definitions().join(dataset);
        if is_real {
            let key = ReleaseKey::load_or_create(&layout.release_key(dataset), &layout.store(), &SystemEntropy);
            let key = key.map_err(Failure::failed)?;
            let input = definition.join("data");
            let built = curate::build_deidentified(&definition, &input, &layout.store(), &key, None)?;
            let risk = built.manifest.risk.as_ref();
            let (persons, k) = risk.map_or((0, 0), |risk| (risk.persons, risk.k));
            say(&format!("  {dataset}: {persons} patients de-identified, k = {k}"))?;
        }
        let built = curate::build_synthetic(&definition, &layout.store(), persons, None)?;
        let rows: u64 = built.manifest.tables.iter().map(|table| table.rows).sum();
        say(&format!("  {dataset}: {rows} synthetic rows (simulated)"))?;
        if has_twin {
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
