//! What may be guessed of each sensitive column of the person table by who knows the quasi-identifiers, before and after.

use super::Codes;
use crate::definition::Role;
use crate::error::Problem;
use crate::report::BeforeAfter;
use crate::risk::{Inferred, classes, inference};
use crate::transform::Transform;

/// What was measured of a column.
pub(in crate::build) struct Inference {
    pub(in crate::build) risk: BeforeAfter<Inferred>,
    /// The same when a quasi-identifier is not released, by its name, where it is too much.
    without: Vec<(String, Inferred)>,
}

/// Measures every sensitive column, and where the gain is above what is allowed, what it were without each
/// quasi-identifier; none when nothing is known of persons.
pub(super) fn measure(
    table: &str,
    columns: &[Codes],
    kept: &[bool],
    held_out: &[bool],
    at_most: Option<f64>,
) -> Vec<Inference> {
    let with_role = |role: Role| {
        columns.iter().filter(move |column| column.plan.role == role && column.transform != Transform::Suppress)
    };
    let quasi: Vec<&Codes> = with_role(Role::Quasi).collect();
    if quasi.is_empty() {
        return Vec::new();
    }
    let name = |column: &Codes| format!("{table}.{}", column.plan.spec.name);
    let those = |values: &[u32]| -> Vec<u32> {
        values.iter().zip(kept).filter(|(_, kept)| **kept).map(|(value, _)| *value).collect()
    };
    let out: Vec<bool> = held_out.iter().zip(kept).filter(|(_, kept)| **kept).map(|(is_out, _)| *is_out).collect();
    let recorded: Vec<&[u32]> = quasi.iter().map(|column| column.before.as_slice()).collect();
    let recorded = classes(&recorded, kept.len());
    let released: Vec<Vec<u32>> = quasi.iter().map(|column| those(&column.after)).collect();
    let known = |left_out: Option<usize>| {
        let shown = (0..).zip(&released).filter(|(place, _)| Some(*place) != left_out);
        classes(&shown.map(|(_, codes)| codes.as_slice()).collect::<Vec<_>>(), out.len())
    };
    let all = known(None);
    let measured = |column: &Codes| {
        let secret = those(&column.after);
        let after = inference(&name(column), &all, &secret, &out);
        let is_too_much = at_most.is_some_and(|at_most| after.gain.high > at_most);
        let tried = if is_too_much { quasi.as_slice() } else { &[] };
        let without = tried.iter().enumerate().map(|(place, left_out)| {
            let left_out = name(left_out);
            (left_out.clone(), inference(&left_out, &known(Some(place)), &secret, &out))
        });
        Inference {
            without: without.collect(),
            risk: BeforeAfter { before: inference(&name(column), &recorded, &column.before, held_out), after },
        }
    };
    with_role(Role::Sensitive).map(measured).collect()
}

impl Inference {
    /// Why the release may not go out; what is not shown to be little enough is refused.
    pub(in crate::build) fn refusal(&self, at_most: Option<f64>) -> Option<Problem> {
        let at_most = at_most?;
        let after = &self.risk.after;
        if after.gain.high <= at_most {
            return None;
        }
        let (gain, high, allowed) = (after.gain.share * 100.0, after.gain.high * 100.0, at_most * 100.0);
        let name = &after.attack.name;
        let mut refusal = Problem::new(
            format!("privacy.max_inference: {name}"),
            (
                format!(
                    "준식별자를 아는 사람이, 환자가 자료에 있어서 {name}을(를) 더 맞히는 비율이 {gain:.2} %(95 % 상한 \
                     {high:.2} %)입니다. 허용은 {allowed} %입니다."
                ),
                format!(
                    "of {gain:.2} % of persons (95 %: up to {high:.2} %) who knows the quasi-identifiers guesses {name} \
                     because they are in the release; {allowed} % are allowed."
                ),
            ),
            (
                format!("{name}을(를) 더 거칠게 하거나, 준식별자를 더 거칠게 하거나, k를 올리십시오."),
                format!("Release {name} or the quasi-identifiers more coarsely, or raise k."),
            ),
        );
        let passes = self.without.iter().filter(|(_, found)| found.gain.high <= at_most);
        let told = |(name, found): &(String, Inferred)| {
            let percent = found.gain.high * 100.0;
            (
                format!("{name} 제외 → 95 % 상한 {percent:.2} %"),
                format!("without {name} it would be {percent:.2} % at most (95 %)"),
            )
        };
        refusal.also(passes.map(told).collect());
        Some(refusal)
    }
}
