//! Things that are chosen by weight.

/// Things and their cumulative weights, the last of which is one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weighted<T>(Vec<(T, f64)>);

impl<T> Weighted<T> {
    /// Weights must not be negative, and one must be above zero.
    pub(crate) fn new(things: impl IntoIterator<Item = (T, f64)>) -> Option<Self> {
        let mut things: Vec<(T, f64)> = things.into_iter().collect();
        let total: f64 = things.iter().map(|(_, weight)| weight).sum();
        if !total.is_finite() || total <= 0.0 || things.iter().any(|(_, weight)| *weight < 0.0) {
            return None;
        }
        let mut sum = 0.0;
        for (_, weight) in &mut things {
            sum += *weight / total;
            *weight = sum;
        }
        Some(Self(things))
    }

    /// The thing at a number from zero to one, and how far into its share the number lies.
    pub(crate) fn at(&self, unit: f64) -> Option<(&T, f64)> {
        let position = self.0.partition_point(|(_, until)| *until <= unit).min(self.0.len().saturating_sub(1));
        let (thing, until) = self.0.get(position)?;
        let from = position.checked_sub(1).and_then(|before| self.0.get(before)).map_or(0.0, |(_, until)| *until);
        Some((thing, ((unit - from) / (until - from).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)))
    }

    pub(crate) fn things(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(thing, _)| thing)
    }
}
