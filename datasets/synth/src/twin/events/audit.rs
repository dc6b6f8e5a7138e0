//! The game of the audit, played with a whole person: can somebody who knows everybody but one, with all events, tell
//! from the model whether that one was there?

use super::curator::Curator;
use super::model::EventsModel;
use super::tests::{POLICY, Person, domain, histories};
use crate::twin::accountant::{Budget, Rho};
use crate::twin::audit::epsilon_at_least;
use crate::twin::curator::Fault;
use crate::twin::real::signed;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// Twenty persons who are nothing like the canary.
fn others() -> Vec<Person> {
    (0..20).map(|person| (person, "m", vec![(100, "visit", None), (130, "visit", None)])).collect()
}

/// A woman with as many events as one may have, each of a kind that nobody else has.
fn canary(events: i32) -> Person {
    let of = |event: i32| (500 + event, if event % 2 == 0 { "pressure" } else { "death" }, Some(250.0));
    (100, "f", (0..events).map(of).collect())
}

/// What the answers show of the canary: how far its cells are above what the others make, by what it adds there.
fn evidence(model: &EventsModel, expected: &[(usize, Vec<i64>, Vec<i64>)]) -> f64 {
    let mut evidence = 0.0;
    for (answer, others, adds) in expected {
        let answer = &model.answers[*answer];
        for ((noisy, others), adds) in answer.counts.iter().zip(others).zip(adds).filter(|(_, adds)| **adds != 0) {
            evidence += signed(noisy - others) * signed(*adds) / answer.variance.as_f64();
        }
    }
    // The model of persons knows the canary's sex, which nobody else has.
    let sex = model.persons.single(0).unwrap();
    evidence + signed(sex.counts[0]) / sex.variance.as_f64()
}

fn play(policy: &str, games: u64, events: i32, fault: Fault) -> f64 {
    let domain = domain(policy);
    let (without, mut with) = (others(), others());
    with.push(canary(events));
    let layout = domain.layout(domain.policy.events.code.values.clone().unwrap());
    let sums = |people: &[Person]| {
        let mut rng = ChaCha20Rng::seed_from_u64(0);
        let budget = Budget::new(Rho::default());
        let mut curator = Curator::new(&domain, histories(&domain, people), budget, &mut rng, fault);
        curator.code(&layout);
        layout.questions().iter().map(|question| curator.sums(*question, &layout)).collect::<Vec<_>>()
    };
    let expected: Vec<(usize, Vec<i64>, Vec<i64>)> = sums(&without)
        .into_iter()
        .zip(sums(&with))
        .enumerate()
        .map(|(place, (without, with))| {
            let adds = with.iter().zip(&without).map(|(with, without)| with - without).collect();
            (place, without, adds)
        })
        .collect();
    let (with, without) = (histories(&domain, &with), histories(&domain, &without));
    let game = |people: &super::Histories, seed: u64| {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        evidence(&EventsModel::fit_with(&domain, people.clone(), &mut rng, fault).unwrap(), &expected)
    };
    let with: Vec<f64> = (0..games).map(|seed| game(&with, 2 * seed)).collect();
    let without: Vec<f64> = (0..games).map(|seed| game(&without, 2 * seed + 1)).collect();
    epsilon_at_least(&with, &without, 1e-9)
}

/// Persons may have many events and count with one.
fn strict() -> String {
    POLICY.replace("most = 12", "most = 200").replace("norm = 4", "norm = 1")
}

#[test]
fn nobody_can_tell_whether_a_person_with_all_events_was_there_better_than_promised() {
    let epsilon = play(POLICY, 600, 12, Fault::None);
    assert!(epsilon < 1.0, "{epsilon}");
    let epsilon = play(&strict(), 600, 200, Fault::None);
    assert!(epsilon < 1.0, "{epsilon}");
}

#[test]
fn noise_that_is_too_small_for_a_person_is_caught() {
    let epsilon = play(POLICY, 150, 12, Fault::LittleNoise);
    assert!(epsilon > 1.5, "{epsilon}");
}

#[test]
fn a_person_who_counts_with_every_event_is_caught() {
    let epsilon = play(&strict(), 100, 200, Fault::NoClip);
    assert!(epsilon > 1.5, "{epsilon}");
}
