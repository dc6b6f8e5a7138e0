//! The search against ARX on the Adult census: the same levels, loss and persons left out.

use mudeung_deid::generalise::{Column, Distance, Effort, Found, Model, Proof, Question, Sensitive, search};
use mudeung_deid::risk::{Estimator, population_uniqueness};
use std::num::NonZeroUsize;

mod table;

use table::adult;

fn least(columns: &[Column], k: u64, percent: u64, sensitive: Vec<Sensitive>) -> Found {
    let persons = u64::try_from(columns[0].codes.len()).unwrap();
    let question = Question { columns: columns.to_vec(), sensitive, k, suppressed_max: persons * percent / 100 };
    let outcome = search(question, Effort::new(NonZeroUsize::new(2).unwrap())).unwrap();
    assert_eq!(outcome.proof, Proof::Optimal);
    outcome.best.unwrap()
}

fn assert_is(found: &Found, loss: f64, suppressed: u64) {
    assert!((found.loss - loss).abs() < 1.1e-9, "{} is not {loss}", found.loss);
    assert_eq!(found.suppressed, suppressed);
}

#[test]
fn k_anonymity_has_the_optima_of_arx() {
    let (nine, _, _) = adult();
    assert_eq!(nine[0].codes.len(), 30_162);
    let two = least(&nine, 2, 0, vec![]);
    assert_is(&two, 0.529_695_514, 0);
    assert_eq!(two.levels, [0, 4, 1, 1, 3, 2, 0, 2, 0]);
    assert_is(&least(&nine, 5, 0, vec![]), 0.573_150_966, 0);
    assert_is(&least(&nine, 10, 0, vec![]), 0.573_150_966, 0);
    assert_is(&least(&nine, 5, 1, vec![]), 0.362_406_723, 294);
    let five = least(&nine, 5, 5, vec![]);
    assert_is(&five, 0.241_932_365, 1_346);
    assert_eq!(five.levels, [0, 3, 0, 0, 2, 1, 1, 2, 0]);
    assert_eq!(five.k, 5);
}

#[test]
fn k_anonymity_that_may_leave_out_everybody_has_the_optima_of_arx() {
    let (nine, _, _) = adult();
    let five = least(&nine, 5, 100, vec![]);
    assert_is(&five, 0.220_411_929, 2_553);
    assert_eq!(five.levels, [0, 3, 0, 0, 2, 1, 1, 1, 0]);
    assert_is(&least(&nine, 11, 100, vec![]), 0.268_250_750, 4_223);
}

#[test]
fn the_uniqueness_of_the_population_is_that_of_arx() {
    let (nine, _, _) = adult();
    let mut classes = std::collections::HashMap::<Vec<u32>, u64>::new();
    for person in 0..nine[0].codes.len() {
        *classes.entry(nine.iter().map(|column| column.codes[person]).collect()).or_default() += 1;
    }
    let sizes: Vec<u64> = classes.into_values().collect();
    // The figures of ARX's own TestRiskMetrics, for samples of 1, 10, 20 and 100 % of the population.
    for (population, share, estimator) in [
        (3_016_200, 0.144_608, Estimator::Pitman),
        (301_620, 0.276_850, Estimator::Pitman),
        (150_810, 0.357_710, Estimator::Zayatz),
        (30_162, 0.514_290, Estimator::Zayatz),
    ] {
        let found = population_uniqueness(&sizes, population);
        assert_eq!(found.estimator, estimator);
        assert!((found.unique_share - share).abs() < 1e-6, "{} is not {share}", found.unique_share);
    }
}

#[test]
fn samples_of_a_known_population_tell_its_uniqueness_by_the_slide_negative_binomial_model() {
    let (nine, _, _) = adult();
    let share = |step: usize| {
        let mut classes = std::collections::HashMap::<Vec<u32>, u64>::new();
        for person in (0..30_162).step_by(step) {
            *classes.entry(nine.iter().map(|column| column.codes[person]).collect()).or_default() += 1;
        }
        population_uniqueness(&classes.into_values().collect::<Vec<u64>>(), 30_162)
    };
    let truth = share(1).unique_share;
    for step in [2, 3, 5] {
        let found = share(step);
        let model = found.slide_negative_binomial.unwrap();
        assert!((model - truth).abs() < 0.03 && found.estimator == Estimator::Zayatz, "{found:?} {truth}");
    }
}

#[test]
fn diversity_and_closeness_have_the_optima_of_arx() {
    let (_, eight, occupation) = adult();
    let with = |model| least(&eight, 5, 5, vec![Sensitive { codes: occupation.codes.clone(), model }]);
    assert_is(&with(Model::DistinctDiversity { l: 3 }), 0.171_702_181, 1_400);
    assert_is(&with(Model::EntropyDiversity { l: 3.0 }), 0.215_449_336, 1_180);
    assert_is(&with(Model::RecursiveDiversity { c: 4.0, l: 3 }), 0.209_361_451, 1_408);
    assert_is(&with(Model::Closeness { t: 0.2, distance: Distance::Equal }), 0.815_003_186, 235);
}
