//! A bar for each day or hour, drawn on the server: no script, no style of its own.

use crate::portal::{figure, moment};
use mudeung_core::clock::Timestamp;
use mudeung_store::ledger::UsageRow;

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
pub(super) fn of_bytes(periods: &[Timestamp], used: &[UsageRow], unit: Unit) -> Chart {
    let bytes_of = |period: &Timestamp| {
        let same = used.iter().filter(|row| row.place.period_start == *period);
        same.fold(0_u64, |sum, row| sum.saturating_add(row.bytes))
    };
    let values: Vec<u64> = periods.iter().map(bytes_of).collect();
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
    Chart { width: WIDTH, height: HEIGHT, left: LEFT, bars, lines: vec![line(0), line(1), line(2)], labels }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mudeung_store::ledger::UsagePlace;

    #[test]
    fn bars_stay_inside_and_the_largest_day_fills_the_height() {
        let days: Vec<Timestamp> = (0..30).map(|day| Timestamp::from_seconds(day * 86_400)).collect();
        let row = |day: usize, bytes: u64| UsageRow {
            place: UsagePlace {
                period_start: days[day],
                organization: String::new(),
                app: String::new(),
                grant: String::new(),
                dataset: String::new(),
                tier: String::new(),
                operation: String::new(),
            },
            requests: 1,
            rows: 1,
            bytes,
        };
        let chart = of_bytes(&days, &[row(0, 10), row(0, 10), row(29, u64::MAX), row(3, 1)], Unit::Day);
        assert_eq!(chart.bars.len(), 30);
        assert!(chart.bars.iter().all(|bar| bar.x + bar.width <= WIDTH && bar.y >= TOP));
        assert_eq!(chart.bars[29].height, HEIGHT - TOP - BOTTOM);
        assert_eq!((chart.bars[0].height, chart.bars[1].height), (2, 0));
    }
}
