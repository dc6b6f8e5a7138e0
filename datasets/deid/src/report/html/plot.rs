//! The figures of the report as SVG: bars, and curves with their intervals.

use super::Lang;
use crate::report::{EventRisk, Report, SizeBand, percent};
use crate::risk::{EventShare, float, share};
use askama::Template;

/// Where bars begin, and how long a whole one is.
const LEFT: f64 = 240.0;
const LENGTH: f64 = 400.0;

#[derive(Template)]
#[template(path = "bars.svg")]
struct Bars<'a> {
    title: &'a str,
    before: &'a str,
    after: &'a str,
    legend: bool,
    height: f64,
    floor: f64,
    grid: Vec<Tick>,
    rows: Vec<BarRow>,
}

struct BarRow {
    label: String,
    middle: f64,
    bars: Vec<Bar>,
}

struct Bar {
    class: &'static str,
    y: f64,
    width: f64,
    end: f64,
    value: String,
}

struct Tick {
    at: f64,
    label: String,
}

#[derive(Template)]
#[template(path = "curves.svg")]
struct Curves<'a> {
    title: &'a str,
    before: &'a str,
    after: &'a str,
    allowed: &'a str,
    grid: Vec<Tick>,
    ticks: Vec<Tick>,
    limit: f64,
    interval: String,
    before_points: String,
    after_points: String,
    marks: Vec<Mark>,
}

struct Mark {
    class: &'static str,
    x: f64,
    y: f64,
}

/// A bar's label, its share before when there is one, and after.
type Pair = (String, Option<f64>, f64);

/// The chances of the three attackers.
pub(super) fn chances(report: &Report, lang: Lang) -> Result<String, std::fmt::Error> {
    let both = &report.attackers;
    let pairs = super::chances(lang).map(|(label, of)| (label.to_owned(), Some(of(&both.before)), of(&both.after)));
    bars(lang.pick("공격자별 위험", "The chances of three attackers"), lang, pairs.to_vec())
}

/// The persons by the size of their class.
pub(super) fn sizes(report: &Report, lang: Lang) -> Result<String, std::fmt::Error> {
    let whole = |bands: &[SizeBand]| bands.iter().map(|band| band.persons).sum::<u64>();
    let (before, after) = (&report.classes.before, &report.classes.after);
    let (all, kept) = (whole(before), whole(after));
    let pair = |(one, other): (&SizeBand, &SizeBand)| -> Pair {
        (one.label(), Some(share(one.persons, all)), share(other.persons, kept))
    };
    let title = lang.pick("동질집합 크기별 환자 비율", "Persons by the size of their class");
    bars(title, lang, before.iter().zip(after).map(pair).collect())
}

/// What is left of the information of each column.
pub(super) fn losses(report: &Report, lang: Lang) -> Result<String, std::fmt::Error> {
    let pairs = report
        .losses
        .iter()
        .map(|loss| (format!("{} ({} → {})", loss.name, loss.values_before, loss.values_after), None, loss.kept));
    bars(lang.pick("열별 남은 정보(값의 수)", "Information kept by column (distinct values)"), lang, pairs.collect())
}

fn bars(title: &str, lang: Lang, pairs: Vec<Pair>) -> Result<String, std::fmt::Error> {
    let legend = pairs.iter().any(|(_, before, _)| before.is_some());
    let step = if legend { 30.0 } else { 18.0 };
    let (mut rows, mut top) = (Vec::new(), 4.0);
    for (label, before, after) in pairs {
        let bar = |class, y, value: f64| {
            let width = LENGTH * value.clamp(0.0, 1.0);
            Bar { class, y, width: rounded(width), end: rounded(LEFT + width + 6.0), value: percent(value) }
        };
        let first = before.map(|value| bar("before", top, value));
        let second = bar("after", if before.is_some() { top + 11.0 } else { top }, after);
        let middle = top + if before.is_some() { 11.0 } else { 5.0 };
        rows.push(BarRow { label: short(&label), middle, bars: first.into_iter().chain([second]).collect() });
        top += step;
    }
    let tick = |quarter: u32| {
        let part = f64::from(quarter) / 4.0;
        Tick { at: LEFT + LENGTH * part, label: format!("{} %", quarter * 25) }
    };
    let (before, after) = (lang.pick("처리 전", "before"), lang.pick("처리 후", "after"));
    let grid = (0..=4).map(tick).collect();
    let bars = Bars { title, before, after, legend, height: top + 20.0, floor: top, grid, rows };
    bars.render().map_err(|_unwritable| std::fmt::Error)
}

/// What known events are worth, before and after.
pub(super) fn curves(events: &EventRisk, lang: Lang) -> Result<String, std::fmt::Error> {
    let counts = float(u64::try_from(events.after.len()).unwrap_or(1)).max(2.0);
    let x = |known: u32| rounded(80.0 + 600.0 * (f64::from(known) - 1.0) / (counts - 1.0));
    let y = |share: f64| rounded(230.0 - 220.0 * share.clamp(0.0, 1.0));
    let points = |shares: &[EventShare], of: fn(&EventShare) -> f64| -> Vec<String> {
        told(shares).map(|share| format!("{},{}", x(share.known), y(of(share)))).collect()
    };
    let upper = points(&events.after, |share| share.unique.high);
    let lower = points(&events.after, |share| share.unique.low);
    let marks = |class: &'static str, shares: &[EventShare]| -> Vec<Mark> {
        told(shares).map(|share| Mark { class, x: x(share.known), y: y(share.unique.share) }).collect()
    };
    let curves = Curves {
        title: lang.pick("아는 사건 수에 따른 유일 비율", "Share singled out, by the number of events known"),
        before: lang.pick("처리 전", "before"),
        after: lang.pick("처리 후(95 % 구간)", "after, with its interval of 95 %"),
        allowed: lang.pick("허용", "allowed"),
        grid: (0..=4_u32)
            .map(|quarter| Tick { at: y(f64::from(quarter) / 4.0), label: format!("{} %", quarter * 25) })
            .collect(),
        ticks: events.after.iter().map(|share| Tick { at: x(share.known), label: share.known.to_string() }).collect(),
        limit: y(events.max_unique_share),
        interval: upper.iter().chain(lower.iter().rev()).cloned().collect::<Vec<_>>().join(" "),
        before_points: points(&events.before, |share| share.unique.share).join(" "),
        after_points: points(&events.after, |share| share.unique.share).join(" "),
        marks: [marks("before", &events.before), marks("after", &events.after)].into_iter().flatten().collect(),
    };
    curves.render().map_err(|_unwritable| std::fmt::Error)
}

/// What was measured: of so many events as nobody has, nothing was.
fn told(shares: &[EventShare]) -> impl Iterator<Item = &EventShare> {
    shares.iter().filter(|share| share.drawn > 0)
}

/// As many digits as can be seen.
fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// A label that fits beside the bars.
fn short(label: &str) -> String {
    const CELLS: usize = 42;
    let mut kept = String::new();
    for c in label.chars() {
        if crate::report::cells(&kept) >= CELLS {
            kept.push('…');
            break;
        }
        kept.push(c);
    }
    kept
}
