//! A proportional hazards model: learned from a twin, judged on people it never saw.

use crate::people::Person;

/// Steps of Newton's method.
const STEPS: usize = 20;

/// What is known of a person at day zero: age, sex, body mass index, and which of some codes came before.
pub(crate) fn features(person: &Person, codes: &[usize]) -> Vec<f64> {
    let had = |code: &usize| person.events.iter().any(|event| event.code == *code && event.day <= 0.0);
    let known = [person.age / 10.0 - 5.0, f64::from(u8::from(person.male)), person.bmi.unwrap_or(28.0) / 5.0 - 5.6];
    known.into_iter().chain(codes.iter().map(|code| f64::from(u8::from(had(code))))).collect()
}

/// The logarithms of hazard ratios by the partial likelihood of Cox, ties as Breslow has them, with a ridge of one.
pub(crate) fn fit(people: &[Person], codes: &[usize]) -> Vec<f64> {
    let mut rows: Vec<(f64, bool, Vec<f64>)> =
        people.iter().map(|person| (person.followup, person.died, features(person, codes))).collect();
    // Longest first: everybody who was seen so far was at risk.
    rows.sort_by(|one, other| other.0.total_cmp(&one.0));
    let size = codes.len() + 3;
    let mut weights = vec![0.0; size];
    for _ in 0..STEPS {
        let mut gradient: Vec<f64> = weights.iter().map(|weight: &f64| -weight).collect();
        let mut curvature: Vec<Vec<f64>> =
            (0..size).map(|row| (0..size).map(|c| f64::from(u8::from(row == c))).collect()).collect();
        let (mut sum, mut first, mut second) = (0.0, vec![0.0; size], vec![vec![0.0; size]; size]);
        for tied in rows.chunk_by(|one, other| one.0 == other.0) {
            for (_, _, row) in tied {
                let hazard = dot(&weights, row).exp();
                sum += hazard;
                for place in 0..size {
                    first[place] += hazard * row[place];
                    for other in 0..size {
                        second[place][other] += hazard * row[place] * row[other];
                    }
                }
            }
            for (_, _, row) in tied.iter().filter(|(_, died, _)| *died) {
                for place in 0..size {
                    gradient[place] += row[place] - first[place] / sum;
                    for other in 0..size {
                        curvature[place][other] += second[place][other] / sum - first[place] * first[other] / sum / sum;
                    }
                }
            }
        }
        let step = solve(curvature, gradient);
        weights.iter_mut().zip(step).for_each(|(weight, step)| *weight += step.clamp(-1.0, 1.0));
    }
    weights
}

/// Harrell's index of concordance: of pairs of which one died first, the share in which that one was said to.
pub(crate) fn concordance(people: &[Person], codes: &[usize], weights: &[f64]) -> f64 {
    let scores: Vec<f64> = people.iter().map(|person| dot(weights, &features(person, codes))).collect();
    let (mut right, mut pairs) = (0.0, 0.0);
    for (first, score) in people.iter().zip(&scores).filter(|(person, _)| person.died) {
        for (_, other) in people.iter().zip(&scores).filter(|(later, _)| later.followup > first.followup) {
            pairs += 1.0;
            right += if score > other {
                1.0
            } else if score == other {
                0.5
            } else {
                0.0
            };
        }
    }
    right / pairs
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// By elimination; what the ridge was added to has pivots.
fn solve(mut left: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for column in 0..size {
        let (head, known) = (left[column].clone(), right[column]);
        for (row, value) in left.iter_mut().zip(&mut right).skip(column + 1) {
            let factor = row[column] / head[column];
            row.iter_mut().zip(&head).for_each(|(cell, above)| *cell -= factor * above);
            *value -= factor * known;
        }
    }
    for row in (0..size).rev() {
        let others: f64 = (row + 1..size).map(|cell| left[row][cell] * right[cell]).sum();
        right[row] = (right[row] - others) / left[row][row];
    }
    right
}
