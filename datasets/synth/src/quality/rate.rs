//! Shares with what chance leaves open, as anonymeter defines them (Giomi, Boenisch, Wehmeyer and Tasnádi, "A Unified
//! Framework for Quantifying Privacy Risk in Synthetic Data", PoPETs 2023).

use crate::twin::real::length;
use serde::{Deserialize, Serialize};

/// The quantile of the normal distribution for an interval of 95 %.
const QUANTILE: f64 = 1.959_963_984_540_054;

/// A share of successes with its Wilson interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Successes.
    pub hits: usize,
    /// Attempts.
    pub attempts: usize,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// How much better an attack does on those whose data was used than on others, of what could be done better at most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    /// The estimate, from 0 to 1.
    pub risk: f64,
    /// The lower end of the interval of 95 %.
    pub low: f64,
    /// The upper end of the interval of 95 %.
    pub high: f64,
}

impl Rate {
    /// So many successes of so many attempts.
    pub fn of(hits: usize, attempts: usize) -> Self {
        let all = length(attempts);
        let square = QUANTILE * QUANTILE;
        let share = if attempts == 0 { 0.5 } else { length(hits) / all };
        let middle = (length(hits) + square / 2.0) / (all + square);
        let half = QUANTILE / (all + square) * libm::sqrt(all * share * (1.0 - share) + square / 4.0);
        Self { hits, attempts, low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
    }

    /// The middle of the interval.
    fn middle(self) -> f64 {
        (self.low + self.high) / 2.0
    }

    fn half(self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

impl Risk {
    /// Of an attack, beyond its control.
    pub(super) fn beyond(attack: Rate, control: Rate) -> Self {
        let (gain, room) = (attack.middle() - control.middle(), (1.0 - control.middle()).max(1e-9));
        let gain_error = libm::hypot(attack.half(), control.half());
        // The error of a quotient: that of its numerator, and that of its denominator as far as there is a gain.
        let error = libm::hypot(gain_error / room, gain / room * control.half() / room);
        let risk = gain / room;
        let within = |value: f64| value.clamp(0.0, 1.0);
        Self { risk: within(risk), low: within(risk - error), high: within(risk + error) }
    }
}
