//! Classes of numbers and their labels: `[40,50)`, `[80,inf)`, `(-inf,30)`.

use super::Bounds;

/// How numbers become classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    /// Where classes begin and end.
    pub classes: Classes,
    /// Beyond these, one open class on each side.
    pub bounds: Bounds,
    /// How a class is written.
    pub form: Form,
}

/// Where classes begin and end.
#[derive(Debug, Clone, PartialEq)]
pub enum Classes {
    /// Classes of one width, one of them beginning at the origin.
    Width {
        /// The width.
        width: f64,
        /// Where a class begins.
        origin: f64,
    },
    /// Classes between breakpoints in rising order, open on both ends.
    Breaks(Vec<f64>),
}

/// How a class is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As text, `[a,b)`.
    Label,
    /// As the number it begins with; a class without a beginning as the number it ends before.
    Lower,
}

impl Intervals {
    /// The class of a number: from (inclusive) and to (exclusive), infinite where it is open.
    pub fn class(&self, value: f64) -> (f64, f64) {
        let (low, high) = match &self.classes {
            Classes::Width { width, origin } => {
                let step = ((value - origin) / width).floor();
                (origin + step * width, origin + (step + 1.0) * width)
            }
            Classes::Breaks(breaks) => {
                let at = breaks.partition_point(|start| *start <= value);
                let low = at.checked_sub(1).and_then(|below| breaks.get(below)).copied();
                (low.unwrap_or(f64::NEG_INFINITY), breaks.get(at).copied().unwrap_or(f64::INFINITY))
            }
        };
        match (self.bounds.bottom, self.bounds.top) {
            (Some(bottom), _) if value < bottom => (f64::NEG_INFINITY, bottom),
            (_, Some(top)) if value >= top => (top, f64::INFINITY),
            (bottom, top) => (bottom.map_or(low, |b| low.max(b)), top.map_or(high, |t| high.min(t))),
        }
    }

    /// The class as text.
    pub fn label(&self, value: f64) -> String {
        let (low, high) = self.class(value);
        let open = if low.is_finite() { '[' } else { '(' };
        format!("{open}{low},{high})")
    }

    /// The class as one number: where it begins, or where it ends when it has no beginning.
    pub fn lower(&self, value: f64) -> f64 {
        let (low, high) = self.class(value);
        if low.is_finite() { low } else { high }
    }
}
