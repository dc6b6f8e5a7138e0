//! What would make a refused recipe pass: the least coarser levels of its quasi-identifiers, found by the search.

use super::measured::Measured;
use crate::generalise::Found;
use crate::risk::share;
use crate::transform::{Transform, coarser};

/// What would pass, as (Korean, English); empty when nothing would.
pub(super) fn remedies(measured: &Measured<'_>, persons: u64) -> Vec<(String, String)> {
    let now: Vec<Vec<Transform>> = measured.quasi.iter().map(|quasi| quasi.plan.levels()).collect();
    let further: Vec<Vec<Transform>> = measured
        .quasi
        .iter()
        .zip(&now)
        .map(|(quasi, now)| {
            let last = now.iter().rfind(|level| **level != Transform::Suppress);
            let after = last.map(|last| coarser(last, quasi.plan.kind)).unwrap_or_default();
            now.iter()
                .filter(|level| **level != Transform::Suppress)
                .cloned()
                .chain(after.into_iter().skip(1))
                .collect()
        })
        .collect();
    let mut found = Vec::new();
    // One column alone is the smallest change to a recipe; all together lose the least.
    for alone in (0..now.len()).map(Some).chain([None]) {
        let levels: Vec<Vec<Transform>> = now
            .iter()
            .zip(&further)
            .enumerate()
            .map(
                |(column, (now, further))| {
                    if alone.is_none_or(|alone| alone == column) { further.clone() } else { now.clone() }
                },
            )
            .collect();
        let Ok(question) = measured.question(&levels) else { continue };
        let Ok(outcome) = measured.search(question) else { continue };
        if let Some(best) = outcome.best.filter(|best| best.k > 0) {
            let remedy = told(measured, &now, &levels, &best, persons);
            if !found.iter().any(|(_, known)| *known == remedy) {
                found.push((best.loss, remedy));
            }
        }
    }
    found.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    found.into_iter().map(|(_, remedy)| remedy).take(REMEDIES_MAX).collect()
}

/// Remedies that are told.
const REMEDIES_MAX: usize = 4;

fn told(
    measured: &Measured<'_>,
    now: &[Vec<Transform>],
    levels: &[Vec<Transform>],
    best: &Found,
    persons: u64,
) -> (String, String) {
    let (mut ko, mut en) = (Vec::new(), Vec::new());
    let columns = measured.quasi.iter().zip(now).zip(levels).zip(&best.levels);
    for (((quasi, now), levels), level) in columns {
        let name = format!("{}.{}", measured.table.spec.name, quasi.plan.spec.name);
        match levels.get(*level) {
            Some(transform) if now.len() == 1 && now.first() == Some(transform) => {}
            Some(Transform::Suppress) | None => {
                ko.push(format!("{name} 제외"));
                en.push(format!("{name} dropped"));
            }
            Some(transform) => {
                let note = transform.note();
                ko.push(format!("{name}: {}", note.ko));
                en.push(format!("{name}: {}", note.en));
            }
        }
    }
    let (k, percent) = (best.k, 100.0 * share(best.suppressed, persons));
    (
        format!("{} → k = {k}, 제외 {percent:.2} %", ko.join("; ")),
        format!("{} would give k = {k} and leave out {percent:.2} %", en.join("; ")),
    )
}
