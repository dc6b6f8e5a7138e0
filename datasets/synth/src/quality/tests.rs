use super::rate::{Rate, Risk};
use super::utility::{area, solve};
use super::{Material, Quality, measure};
use crate::twin::{Domain, TwinPolicy};
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

const POLICY: &str = r#"
mechanism = "mst"
epsilon = 1.0
delta = 1e-9
[columns]
age = { source = "adults", domain = { kind = "range", low = 0, high = 100, bins = 50 } }
pressure = { source = "the device", domain = { kind = "range", low = 0, high = 200, bins = 50 } }
salt = { source = "the form", domain = { kind = "range", low = 0, high = 100, bins = 50 } }
"<town>" = { source = "the map", domain = { kind = "values", values = ["a", "b", "c"], other = "c" } }
"#;

/// People whose pressure rises with age.
fn people(count: usize, seed: u64) -> RecordBatch {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rows: Vec<(i64, i64, i64, &str)> = (0..count)
        .map(|_| {
            let age = rng.random_range(0..100);
            let town = ["a", "b", "c"][rng.random_range(0..3)];
            (age, age + rng.random_range(0..100), rng.random_range(0..100), town)
        })
        .collect();
    table(&rows)
}

fn table(rows: &[(i64, i64, i64, &str)]) -> RecordBatch {
    let numbers = |of: fn(&(i64, i64, i64, &str)) -> i64| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(of(row))).collect::<Int64Array>())
    };
    let towns: ArrayRef = Arc::new(rows.iter().map(|row| Some(row.3)).collect::<StringArray>());
    let columns = [
        ("age", numbers(|row| row.0)),
        ("pressure", numbers(|row| row.1)),
        ("salt", numbers(|row| row.2)),
        ("<town>", towns),
    ];
    let fields: Vec<_> = columns
        .iter()
        .map(|(name, array)| arrow::datatypes::Field::new(*name, array.data_type().clone(), false))
        .collect();
    let schema = arrow::datatypes::Schema::new(fields);
    RecordBatch::try_new(schema.into(), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

fn measured(real: RecordBatch, held_out: RecordBatch, synthetic: RecordBatch) -> Quality {
    let domain = Domain::bind(&TwinPolicy::parse(POLICY).unwrap(), &real.schema()).unwrap();
    let (real, held_out, synthetic) = ([real], [held_out], [synthetic]);
    let material = Material {
        domain: &domain,
        real: &real,
        held_out: &held_out,
        synthetic: &synthetic,
        target: Some("pressure"),
        seed: 1,
    };
    measure(&material).unwrap()
}

#[test]
fn fresh_rows_of_the_same_people_are_near_and_give_nobody_away() {
    let quality = measured(people(2_000, 1), people(2_000, 2), people(2_000, 3));
    for distance in &quality.marginals {
        // Cells are many and rows few, so rows that were drawn again are nearer than fresh ones.
        assert!(distance.mean < distance.floor * 3.0, "{distance:?}");
    }
    assert_eq!(quality.marginals.iter().map(|distance| distance.sets).collect::<Vec<_>>(), [4, 6, 4]);
    assert!(quality.dependence.largest < 0.1, "{:?}", quality.dependence);
    let nearer = quality.closeness.nearer_to_real;
    assert!(nearer.low < 0.5 && nearer.high > 0.45, "{nearer:?}");
    for attack in &quality.attacks {
        assert!(attack.risk.low < 0.05, "{attack:?}");
    }
    let utility = quality.utility.unwrap();
    assert!(utility.from_real > 0.75 && (utility.from_real - utility.from_synthetic).abs() < 0.03, "{utility:?}");
}

#[test]
fn a_copy_is_caught_by_every_measure_of_exposure() {
    let real = people(2_000, 1);
    let quality = measured(real.clone(), people(2_000, 2), real);
    assert!(quality.marginals.iter().all(|distance| distance.mean == 0.0));
    assert!(quality.closeness.nearer_to_real.low > 0.9, "{:?}", quality.closeness);
    assert!(quality.closeness.same_as_real.low > 0.9 && quality.closeness.same_as_held_out.high < 0.2);
    let [membership, _, singling_out] = quality.attacks.as_slice() else { panic!("{:?}", quality.attacks) };
    assert!(membership.risk.low > 0.5, "{membership:?}");
    assert!(singling_out.risk.low > 0.5 && singling_out.attack.attempts >= 50, "{singling_out:?}");
}

#[test]
fn columns_that_have_nothing_to_do_with_each_other_are_noticed() {
    let real = people(2_000, 1);
    let pressures = real.column(1).as_primitive::<Int64Type>().values();
    let turned: ArrayRef = Arc::new(Int64Array::from_iter_values(pressures.iter().rev().copied()));
    let mixed = [real.column(0), &turned, real.column(2), real.column(3)].map(Arc::clone);
    let mixed = RecordBatch::try_new(real.schema(), mixed.to_vec()).unwrap();
    let quality = measured(real, people(2_000, 2), mixed);
    assert_eq!(quality.marginals[0].mean, 0.0);
    assert!(quality.marginals[1].mean > 0.1 && quality.dependence.largest > 0.1, "{quality:?}");
    assert_eq!(quality.dependence.pair, ["age", "pressure"]);
    assert!(quality.utility.unwrap().from_synthetic < 0.6);
}

#[test]
fn the_report_can_be_read_by_programs_and_by_people() {
    let quality = measured(people(300, 1), people(100, 2), people(300, 3));
    let read: Quality = serde_json::from_str(&quality.to_json().unwrap()).unwrap();
    assert_eq!(read.marginals.len(), quality.marginals.len());
    let page = quality.to_html();
    for part in ["lang=\"ko\"", "lang=\"en\"", "합성 자료", "What this does not tell", "&lt;town&gt;", "membership"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<town>") && !page.contains("http") && !page.contains("<script"));
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert_eq!(page.matches("<svg").count(), 6);
    let same = measured(people(300, 1), people(100, 2), people(300, 3));
    assert_eq!(same.to_html(), page, "the same seed tells the same");
}

#[test]
fn tables_without_rows_and_targets_that_are_not_there_are_refused() {
    let real = people(10, 1);
    let domain = Domain::bind(&TwinPolicy::parse(POLICY).unwrap(), &real.schema()).unwrap();
    let (full, empty) = ([real.clone()], [real.slice(0, 0)]);
    let material =
        |synthetic, target| Material { domain: &domain, real: &full, held_out: &full, synthetic, target, seed: 1 };
    let refused = |material: Material<'_>| measure(&material).unwrap_err().to_string();
    assert_eq!(refused(material(&empty, None)), "rows: there are none that are synthetic");
    assert_eq!(refused(material(&full, Some("x"))), "column x: is not modelled, so it cannot be predicted");
}

#[test]
fn intervals_and_risks_are_those_of_others() {
    // From scipy: binomtest(7, 50).proportion_ci(0.95, "wilson").
    let rate = Rate::of(7, 50);
    assert!((rate.low - 0.069_508_3).abs() < 1e-6 && (rate.high - 0.261_861_9).abs() < 1e-6, "{rate:?}");
    let none = Rate::of(0, 0);
    assert!(none.low < 0.01 && none.high > 0.99, "nothing is known without attempts");
    let risk = Risk::beyond(Rate::of(90, 100), Rate::of(50, 100));
    assert!((0.49..0.51).contains(&risk.low) && risk.high == 1.0 && (0.76..0.78).contains(&risk.risk), "{risk:?}");
    assert_eq!(Risk::beyond(Rate::of(40, 100), Rate::of(50, 100)).risk, 0.0);
}

proptest! {
    #[test]
    fn the_area_under_the_curve_is_the_share_of_pairs_in_order(
        rows in prop::collection::vec((0..6_u8, any::<bool>()), 2..40),
    ) {
        let scores: Vec<f64> = rows.iter().map(|(score, _)| f64::from(*score)).collect();
        let answers: Vec<bool> = rows.iter().map(|(_, answer)| *answer).collect();
        let (mut won, mut pairs) = (0.0, 0.0);
        for (yes, _) in rows.iter().filter(|(_, answer)| *answer) {
            for (no, _) in rows.iter().filter(|(_, answer)| !*answer) {
                pairs += 1.0;
                won += if yes > no { 1.0 } else if yes == no { 0.5 } else { 0.0 };
            }
        }
        match area(&scores, &answers) {
            Some(area) => prop_assert!((area - won / pairs).abs() < 1e-9),
            None => prop_assert_eq!(pairs, 0.0),
        }
    }

    #[test]
    fn what_solves_a_system_of_equations_solves_it(
        rows in prop::collection::vec(prop::collection::vec(-5.0..5.0_f64, 4), 4),
        right in prop::collection::vec(-5.0..5.0_f64, 4),
    ) {
        let mut left = rows;
        left.iter_mut().enumerate().for_each(|(place, row)| row[place] += 25.0);
        let found = solve(left.clone(), right.clone()).unwrap();
        for (row, value) in left.iter().zip(&right) {
            let sum: f64 = row.iter().zip(&found).map(|(cell, found)| cell * found).sum();
            prop_assert!((sum - value).abs() < 1e-9);
        }
    }
}
