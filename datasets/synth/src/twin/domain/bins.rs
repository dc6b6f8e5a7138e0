//! Bins of numbers: which one holds a number, and a number of one.

use rand::RngCore;

/// Bins between edges that increase, and the grid on which values lie.
#[derive(Debug, Clone)]
pub(crate) struct Bins {
    edges: Vec<f64>,
    step: Option<f64>,
}

impl Bins {
    pub(crate) fn new(edges: Vec<f64>, step: Option<f64>) -> Result<Self, &'static str> {
        let rising = edges.iter().zip(edges.iter().skip(1)).all(|(low, high)| low < high);
        if !rising || edges.iter().any(|edge| !edge.is_finite() || edge.abs() > 9e15) {
            return Err("its edges must be numbers that increase");
        }
        if step.is_some_and(|step| !(step > 0.0 && step.is_finite())) {
            return Err("its step must be above zero");
        }
        let bins = Self { edges, step };
        if (0..bins.count()).any(|bin| bins.grid(bin).is_some_and(|(first, last)| first > last)) {
            return Err("has a bin in which no multiple of its step lies");
        }
        Ok(bins)
    }

    /// The edges, and the grid of the values.
    pub(crate) fn parts(&self) -> (&[f64], Option<f64>) {
        (&self.edges, self.step)
    }

    pub(crate) fn count(&self) -> usize {
        self.edges.len().saturating_sub(1)
    }

    /// The nearest number that lies in a bin.
    pub(crate) fn within(&self, value: f64) -> f64 {
        let (first, last) = (self.edges.first().copied(), self.edges.last().copied());
        let step = self.step.unwrap_or(0.0);
        let low = self.grid(0).map_or(first, |(first, _)| Some(first * step));
        let high = self.grid(self.count().saturating_sub(1)).map_or(last, |(_, last)| Some(last * step));
        value.min(high.unwrap_or(value)).max(low.unwrap_or(value))
    }

    /// The bin of a number, and whether the number lies outside all of them and this is the nearest.
    pub(crate) fn place(&self, value: f64) -> (usize, bool) {
        let last = self.count().saturating_sub(1);
        let below = self.edges.partition_point(|edge| *edge <= value);
        let beyond = self.edges.last().is_some_and(|edge| value > *edge);
        // What is no number at all is not above any edge and goes into the first bin.
        (below.saturating_sub(1).min(last), below == 0 || beyond)
    }

    /// A number of a bin, all that lie on the grid as likely.
    pub(crate) fn draw(&self, bin: usize, rng: &mut impl RngCore) -> f64 {
        let (Some(low), Some(high)) = (self.edges.get(bin), self.edges.get(bin + 1)) else { return 0.0 };
        // From zero to below one in steps of 2^-32: bins are narrow.
        let share = f64::from(rng.next_u32()) / 4_294_967_296.0;
        match (self.step, self.grid(bin)) {
            (Some(step), Some((first, last))) => {
                let place = first + libm::floor(share * (last - first + 1.0));
                let inverse = libm::round(1.0 / step);
                // A tenth is no float: 3 / 10 is the number that is written 0.3, and 3 × 0.1 is not.
                if step < 1.0 && (inverse * step - 1.0).abs() < 1e-9 { place / inverse } else { place * step }
            }
            _ => low + share * (high - low),
        }
    }

    /// The first and the last multiple of the step in a bin.
    fn grid(&self, bin: usize) -> Option<(f64, f64)> {
        const NOISE: f64 = 1e-9;
        let (step, low, high) = (self.step?, self.edges.get(bin)?, self.edges.get(bin + 1)?);
        let first = libm::ceil(low / step - NOISE);
        let last = if bin + 1 == self.count() {
            libm::floor(high / step + NOISE)
        } else {
            libm::ceil(high / step - NOISE) - 1.0
        };
        // Adding zero turns -0 into 0.
        Some((first + 0.0, last + 0.0))
    }
}
