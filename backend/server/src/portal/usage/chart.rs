//! A bar for each day or hour, drawn on the server without script or style, and its figures, for a table and for who draws
//! them livelier.

use crate::portal::{figure, moment};
use mudeung_core::clock::Timestamp;
use mudeung_store::ledger::UsageSum;

const WIDTH: u64 = 760;
const HEIGHT: u64 = 200;
const LEFT: u64 = 76;
const TOP: u64 = 12;
const BOTTOM: u64 = 24;

/// What the template draws, in units of the view box.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) left: u64,
    pub(super) bars: Vec<Bar>,
    pub(super) lines: Vec<Line>,
    pub(super) labels: Vec<Label>,
    /// Amounts of all periods, oldest first.
    pub(super) amounts: Vec<Amounts>,
    /// The same as JSON: `unit` (`day` or `hour`), and as lists of one length `from` (seconds since 1970), `requests`,
    /// `rows` and `bytes`.
    pub(super) data: String,
}

/// What was used in one period.
#[derive(Debug)]
pub(super) struct Amounts {
    pub(super) period: String,
    pub(super) requests: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl Amounts {
    /// Requests, rows and bytes as they are read.
    pub(super) fn shown(&self) -> [String; 3] {
        [self.requests, self.rows, self.bytes].map(figure::grouped)
    }

    /// Whether there is nothing to say of the period.
    pub(super) const fn is_nothing(&self) -> bool {
        self.requests == 0 && self.rows == 0 && self.bytes == 0
    }
}

/// One period.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) x: u64,
    pub(super) y: u64,
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) text: String,
}

/// A line across, with its value.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) y: u64,
    pub(super) text: String,
}

/// A period written under its bar.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) x: u64,
    pub(super) text: String,
}

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A day.
    Day,
    /// An hour.
    Hour,
}

impl Unit {
    /// Every so many periods one is written out.
    const fn labelled(self) -> u64 {
        match self {
            Self::Day => 7,
            Self::Hour => 6,
        }
    }

    fn full(self, at: Timestamp) -> String {
        match self {
            Self::Day => moment::utc_day(at),
            Self::Hour => moment::utc_hour(at),
        }
    }

    /// Without the year.
    fn short(self, at: Timestamp) -> String {
        self.full(at).get(5..).unwrap_or_default().to_owned()
    }
}

/// Bytes of each period.
pub(super) fn of_bytes(periods: &[Timestamp], used: &[UsageSum], unit: Unit) -> Chart {
    let amounts: Vec<Amounts> = periods.iter().map(|period| amounts_of(*period, used, unit)).collect();
    let values: Vec<u64> = amounts.iter().map(|amounts| amounts.bytes).collect();
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let slot = (WIDTH - LEFT) / u64::try_from(periods.len()).unwrap_or(1).max(1);
    let space = HEIGHT - TOP - BOTTOM;
    let height_of = |value: u64| u64::try_from(u128::from(value) * u128::from(space) / u128::from(most)).unwrap_or(0);
    let mut bars = Vec::new();
    let mut labels = Vec::new();
    for (number, (period, value)) in (0_u64..).zip(periods.iter().zip(&values)) {
        let x = LEFT + number * slot;
        // A period with any use at all shows.
        let height = height_of(*value).max(u64::from(*value > 0) * 2);
        let text = format!("{}: {}", unit.full(*period), figure::size(*value));
        bars.push(Bar { x: x + 2, y: HEIGHT - BOTTOM - height, width: slot.saturating_sub(4).max(1), height, text });
        if number % unit.labelled() == 0 {
            labels.push(Label { x: x + slot / 2, text: unit.short(*period) });
        }
    }
    let line = |part: u64| Line { y: HEIGHT - BOTTOM - space * part / 2, text: figure::size(most / 2 * part) };
    let lines = vec![line(0), line(1), line(2)];
    let data = data_of(periods, &amounts, unit);
    Chart { width: WIDTH, height: HEIGHT, left: LEFT, bars, lines, labels, amounts, data }
}

fn amounts_of(period: Timestamp, used: &[UsageSum], unit: Unit) -> Amounts {
    let same = || used.iter().filter(|row| row.period_start == period);
    let sum = |part: fn(&UsageSum) -> u64| same().fold(0_u64, |sum, row| sum.saturating_add(part(row)));
    Amounts {
        period: unit.full(period),
        requests: sum(|row| row.requests),
        rows: sum(|row| row.rows),
        bytes: sum(|row| row.bytes),
    }
}

fn data_of(periods: &[Timestamp], amounts: &[Amounts], unit: Unit) -> String {
    let list = |part: fn(&Amounts) -> u64| amounts.iter().map(part).collect::<Vec<_>>();
    let unit = match unit {
        Unit::Day => "day",
        Unit::Hour => "hour",
    };
    serde_json::json!({
        "unit": unit,
        "from": periods.iter().map(|period| period.seconds()).collect::<Vec<_>>(),
        "requests": list(|amounts| amounts.requests),
        "rows": list(|amounts| amounts.rows),
        "bytes": list(|amounts| amounts.bytes),
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stay_inside_and_the_largest_day_fills_the_height() {
        let days: Vec<Timestamp> = (0..30).map(|day| Timestamp::from_seconds(day * 86_400)).collect();
        let row = |day: usize, bytes: u64| UsageSum { period_start: days[day], requests: 1, rows: 1, bytes };
        let chart = of_bytes(&days, &[row(0, 10), row(0, 10), row(29, u64::MAX), row(3, 1)], Unit::Day);
        assert_eq!(chart.bars.len(), 30);
        assert!(chart.bars.iter().all(|bar| bar.x + bar.width <= WIDTH && bar.y >= TOP));
        assert_eq!(chart.bars[29].height, HEIGHT - TOP - BOTTOM);
        assert_eq!((chart.bars[0].height, chart.bars[1].height), (2, 0));
        // The table and the script are given the figures that the bars are drawn of.
        assert_eq!(
            (chart.amounts[0].requests, chart.amounts[0].bytes, &*chart.amounts[0].period),
            (2, 20, "1970-01-01")
        );
        assert_eq!(chart.amounts.iter().filter(|amounts| !amounts.is_nothing()).count(), 3);
        let data: serde_json::Value = serde_json::from_str(&chart.data).unwrap();
        assert_eq!(
            (&data["unit"], &data["from"][29], &data["bytes"][3]),
            (&"day".into(), &(29 * 86_400).into(), &1.into())
        );
        assert_eq!(data["rows"].as_array().unwrap().len(), 30);
    }
}
