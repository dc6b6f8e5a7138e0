//! What a class of persons must look like to be released, and how many of its persons no finer node could release.

use super::Hierarchy;
use super::hierarchy::index;

/// The distribution of a sensitive value within the classes.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    /// At least so many different values.
    DistinctDiversity {
        /// How many.
        l: u64,
    },
    /// The entropy of the values is at least that of `l` equally frequent ones.
    EntropyDiversity {
        /// How many equally frequent values.
        l: f64,
    },
    /// The most frequent value is rarer than `c` times all but the `l - 1` most frequent together.
    RecursiveDiversity {
        /// The factor.
        c: f64,
        /// How many values.
        l: u64,
    },
    /// The values are distributed as in the whole table, up to a distance.
    Closeness {
        /// The largest distance, from 0 to 1.
        t: f64,
        /// How far values are from each other.
        distance: Distance,
    },
}

/// How far values of a sensitive column are from each other (Li, Li, Venkatasubramanian 2007).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distance {
    /// All the same.
    Equal,
    /// By their place in the order of their codes.
    Ordered,
    /// By the lowest level on which they are in one group; the last level has all in one.
    Hierarchical(Hierarchy),
}

/// The values of a class: code and count, each code once and rising, no count zero.
pub(super) type Values = [(u32, u64)];

/// A model over a whole table's distribution, ready to judge classes.
pub(super) struct Judge {
    model: Model,
    /// Share of each value in the whole table.
    whole: Vec<f64>,
    /// The largest distance that persons of one class can have.
    farthest: f64,
    /// `n ln n` of small counts.
    logarithms: Vec<f64>,
}

/// What is to be counted as one, whatever the rounding of its sums.
const SLACK: f64 = 1e-9;

/// Counts whose logarithms are computed once.
const LOGARITHMS: u64 = 4_096;

impl Judge {
    /// A model for a column of which the counts of each value in the whole table are given.
    pub(super) fn new(model: Model, counts: &[u64]) -> Self {
        let persons: u64 = counts.iter().sum();
        let whole: Vec<f64> = counts.iter().map(|count| float(*count) / float(persons.max(1))).collect();
        let logarithms = match model {
            Model::EntropyDiversity { .. } => (0..LOGARITHMS).map(weighted_logarithm).collect(),
            Model::DistinctDiversity { .. } | Model::RecursiveDiversity { .. } | Model::Closeness { .. } => Vec::new(),
        };
        let mut judge = Self { model, whole, farthest: 1.0, logarithms };
        if let Model::Closeness { distance, .. } = &judge.model {
            judge.farthest = judge.farthest(distance);
        }
        judge
    }

    /// Whether a class may be released, by the values of its persons.
    pub(super) fn holds(&self, values: &Values) -> bool {
        match &self.model {
            Model::DistinctDiversity { l } => different(values) >= *l,
            Model::EntropyDiversity { l } => {
                // No tolerance: a class that is l-diverse by equality alone is judged by its floating point sum.
                let total = float(persons(values));
                let room = total * (total.ln() - l.ln());
                !values.is_empty() && self.weighted_logarithms(values) <= room
            }
            Model::RecursiveDiversity { c, l } => {
                let falling = falling(values);
                let most = falling.first().copied().unwrap_or(0);
                most > 0 && float(most) < c * float(tail(&falling, *l))
            }
            Model::Closeness { t, distance } => self.distance(distance, values) <= *t,
        }
    }

    /// How many persons of a class are in no class that holds, however it is split; zero when that is not known.
    pub(super) fn doomed(&self, values: &Values) -> u64 {
        let total = persons(values);
        let whole = float(total);
        let share = match &self.model {
            // A part has no more values than the whole.
            Model::DistinctDiversity { l } => return if different(values) < *l { total } else { 0 },
            // Parts that hold hold together, with no longer tail than the whole: no value may reach c times that.
            Model::RecursiveDiversity { c, l } => {
                let most = whole_number((c * float(tail(&falling(values), *l))).ceil()).saturating_sub(1);
                return values.iter().map(|(_, count)| count.saturating_sub(most)).sum();
            }
            // The mean entropy of parts is at most that of the whole.
            Model::EntropyDiversity { l } if *l > 1.0 => {
                1.0 - (whole.ln() - self.weighted_logarithms(values) / whole) / l.ln()
            }
            Model::EntropyDiversity { .. } => 0.0,
            // The distance of the whole is at most the mean of those of its parts.
            Model::Closeness { t, distance } => {
                (self.distance(distance, values) - t) / (self.farthest - t).max(f64::MIN_POSITIVE)
            }
        };
        whole_number((share.min(1.0) * whole - SLACK * whole.max(1.0)).ceil()).min(total)
    }

    fn weighted_logarithms(&self, values: &Values) -> f64 {
        let one = |count: u64| {
            let known = usize::try_from(count).ok().and_then(|count| self.logarithms.get(count)).copied();
            known.unwrap_or_else(|| weighted_logarithm(count))
        };
        values.iter().map(|(_, count)| one(*count)).sum()
    }

    fn distance(&self, distance: &Distance, values: &Values) -> f64 {
        let total = float(persons(values).max(1));
        if *distance == Distance::Equal {
            // Values that the class does not have add their share; together all shares are one.
            let one = |(code, count): &(u32, u64)| {
                let share = self.whole.get(index(*code)).copied().unwrap_or(0.0);
                (share - float(*count) / total).abs() - share
            };
            return (1.0 + values.iter().map(one).sum::<f64>()) / 2.0;
        }
        let mut extras: Vec<f64> = self.whole.iter().map(|share| -share).collect();
        for (code, count) in values {
            if let Some(extra) = extras.get_mut(index(*code)) {
                *extra += float(*count) / total;
            }
        }
        match distance {
            Distance::Hierarchical(tree) => tree_distance(tree, extras),
            Distance::Equal | Distance::Ordered => {
                let steps = extras.iter().scan(0.0, |sum, step| {
                    *sum += step;
                    Some(f64::abs(*sum))
                });
                steps.sum::<f64>() / float(u64::try_from(extras.len()).unwrap_or(2).max(2) - 1)
            }
        }
    }

    /// The largest distance of any class: that of one value alone, as distances bend upwards.
    fn farthest(&self, distance: &Distance) -> f64 {
        let values = u32::try_from(self.whole.len()).unwrap_or(u32::MAX);
        let candidates: Vec<u32> = match distance {
            Distance::Equal => return 1.0 - self.whole.iter().copied().fold(1.0, f64::min),
            Distance::Ordered => vec![0, values.saturating_sub(1)],
            Distance::Hierarchical(_) if values <= 256 => (0..values).collect(),
            Distance::Hierarchical(_) => return 1.0,
        };
        candidates.into_iter().map(|value| self.distance(distance, &[(value, 1)])).fold(0.0, f64::max)
    }
}

/// Moves what is too much in one part of the tree to where it is missing, as low in the tree as can be.
fn tree_distance(tree: &Hierarchy, mut extras: Vec<f64>) -> f64 {
    let height = float(u64::try_from(tree.levels()).unwrap_or(1).max(2) - 1);
    let mut cost = 0.0;
    let mut below: Vec<u32> = (0..).take(extras.len()).collect();
    for number in 0..tree.levels() {
        let Some(level) = tree.level(number) else { break };
        let mut sums = vec![(0.0_f64, 0.0_f64); level.sizes.len()];
        let mut taken = vec![false; extras.len()];
        for (group, above) in below.iter().zip(&level.groups) {
            let seen = taken.get_mut(index(*group)).is_none_or(|taken| std::mem::replace(taken, true));
            if let (false, Some(sum)) = (seen, sums.get_mut(index(*above))) {
                let extra = extras.get(index(*group)).copied().unwrap_or(0.0);
                sum.0 += extra.max(0.0);
                sum.1 += (-extra).max(0.0);
            }
        }
        let weight = float(u64::try_from(number).unwrap_or(1)) / height;
        cost += sums.iter().map(|(more, less)| weight * more.min(*less)).sum::<f64>();
        extras = sums.into_iter().map(|(more, less)| more - less).collect();
        below.clone_from(&level.groups);
    }
    cost
}

fn persons(values: &Values) -> u64 {
    values.iter().map(|(_, count)| count).sum()
}

fn different(values: &Values) -> u64 {
    u64::try_from(values.len()).unwrap_or(u64::MAX)
}

fn falling(values: &Values) -> Vec<u64> {
    let mut falling: Vec<u64> = values.iter().map(|(_, count)| *count).collect();
    falling.sort_unstable_by(|a, b| b.cmp(a));
    falling
}

/// The persons who do not have one of the `l - 1` most frequent values.
fn tail(falling: &[u64], l: u64) -> u64 {
    falling.iter().skip(usize::try_from(l.saturating_sub(1)).unwrap_or(usize::MAX)).sum()
}

fn weighted_logarithm(count: u64) -> f64 {
    if count == 0 { 0.0 } else { float(count) * float(count).ln() }
}

/// A count as a floating point number; exact below 2^53.
pub(super) fn float(count: u64) -> f64 {
    let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(count & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// A whole floating point number as a count; zero when it is negative or none.
fn whole_number(value: f64) -> u64 {
    const TWO_52: f64 = 4_503_599_627_370_496.0;
    if value < TWO_52 {
        // Adding 2^52 moves a whole number into the lowest bits.
        (value.max(0.0) + TWO_52).to_bits() & ((1 << 52) - 1)
    } else {
        u64::MAX
    }
}
