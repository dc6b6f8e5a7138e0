//! The report as one page for those who decide: in Korean and then in English, in one file, so that one hash and one
//! signature hold for both and neither can be handed on without the other. It needs no script and fetches nothing.

use super::{Changes, EventRisk, Report, ReportTable, percent};
use crate::risk::{Attackers, Estimate, EventShare, Uniqueness, share};
use askama::Template;
use mudeung_wire::manifest::Bilingual;

mod attacks;
mod plot;

/// The page.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    style: &'static str,
    /// The two parts, escaped as they were made.
    korean: String,
    english: String,
}

/// The report in one language. Figures of SVG are escaped as they are made.
#[derive(Template)]
#[template(path = "report_part.html")]
struct Part<'a> {
    report: &'a Report,
    lang: Lang,
    figures: Vec<Row>,
    population: String,
    chances: String,
    sizes: String,
    uniques: Vec<Row>,
    curves: Option<String>,
    event_text: String,
    events: Vec<EventRow>,
    linkage: Vec<attacks::Linkage<'a>>,
    guessed: Vec<attacks::Guessed<'a>>,
    search: Option<String>,
    tables: Vec<Table<'a>>,
    losses: String,
    criteria: Vec<Row>,
    refusals: Vec<Refusal<'a>>,
}

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lang {
    Korean,
    English,
}

/// A line with two figures.
struct Row {
    label: String,
    before: String,
    after: String,
}

/// What so many known events are worth.
struct EventRow {
    known: u32,
    before: String,
    after: String,
    below_k: String,
    persons: String,
}

struct Table<'a> {
    name: &'a str,
    columns: Vec<Column<'a>>,
}

struct Column<'a> {
    name: &'a str,
    released: bool,
    done: &'a str,
}

struct Refusal<'a> {
    place: &'a str,
    reason: &'a str,
    mend: &'a str,
}

impl std::fmt::Display for Lang {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.pick("ko", "en"))
    }
}

impl Lang {
    fn pick<'t>(self, korean: &'t str, english: &'t str) -> &'t str {
        match self {
            Self::Korean => korean,
            Self::English => english,
        }
    }

    fn of(self, text: &Bilingual) -> &str {
        self.pick(&text.ko, &text.en)
    }
}

impl Report {
    /// The report as a page of HTML, complete in itself.
    pub fn to_html(&self) -> Result<String, std::fmt::Error> {
        let part = |lang| Part::new(self, lang)?.render().map_err(|_unwritable| std::fmt::Error);
        let (korean, english) = (part(Lang::Korean)?, part(Lang::English)?);
        let page = Page { report: self, style: include_str!("../../templates/report.css"), korean, english };
        page.render().map_err(|_unwritable| std::fmt::Error)
    }
}

impl<'a> Part<'a> {
    fn new(report: &'a Report, lang: Lang) -> Result<Self, std::fmt::Error> {
        let [ko, en] = report.attackers.after.population.told();
        Ok(Self {
            report,
            lang,
            figures: figures(report, lang),
            population: format!(
                "{}: {}",
                lang.pick("journalist·marketer 위험의 모집단", "The population behind journalist and marketer"),
                lang.pick(ko, en)
            ),
            chances: plot::chances(report, lang)?,
            sizes: plot::sizes(report, lang)?,
            uniques: uniques(report, lang),
            curves: report.events.as_ref().map(|events| plot::curves(events, lang)).transpose()?,
            event_text: report.events.as_ref().map(|events| event_text(events, lang)).unwrap_or_default(),
            events: report.events.as_ref().map(event_rows).unwrap_or_default(),
            linkage: attacks::linkage(report, lang),
            guessed: attacks::guessed(report),
            search: search(report, lang),
            tables: tables(report, lang),
            losses: plot::losses(report, lang)?,
            criteria: criteria(report, lang),
            refusals: refusals(report, lang),
        })
    }

    fn t<'t>(&self, korean: &'t str, english: &'t str) -> &'t str {
        self.lang.pick(korean, english)
    }
}

fn row(label: &str, before: impl ToString, after: impl ToString) -> Row {
    Row { label: label.to_owned(), before: before.to_string(), after: after.to_string() }
}

/// A figure of the three attackers, by its name.
type Chance = (&'static str, fn(&Attackers) -> f64);

fn chances(lang: Lang) -> [Chance; 5] {
    [
        (lang.pick("대상을 아는 공격자(prosecutor, 최대)", "Prosecutor, highest"), |risk| {
            risk.prosecutor_max
        }),
        (lang.pick("대상을 아는 공격자(prosecutor, 평균)", "Prosecutor, mean"), |risk| risk.prosecutor_mean),
        (lang.pick("대상을 모르는 공격자(journalist, 최대)", "Journalist, highest"), |risk| {
            risk.journalist_max
        }),
        (lang.pick("모두를 노리는 공격자(marketer)", "Marketer"), |risk| risk.marketer),
        (lang.pick("k 미만 집합의 환자", "Persons in classes below k"), |risk| risk.at_risk),
    ]
}

fn figures(report: &Report, lang: Lang) -> Vec<Row> {
    let risk = &report.risk;
    let all: u64 = report.classes.before.iter().map(|band| band.persons).sum();
    let classes: u64 = report.classes.before.iter().map(|band| band.classes).sum();
    let mut rows = vec![
        row(lang.pick("환자 수", "Persons"), all, risk.persons),
        row(lang.pick("동질집합 수", "Classes"), classes, risk.classes),
        row(lang.pick("최소 동질집합 k", "Smallest class k"), risk.k_before, risk.k),
        row(
            lang.pick("동질집합에서 유일한 환자", "Alone in their class"),
            percent(risk.unique_share_before),
            percent(risk.unique_share),
        ),
    ];
    let both = &report.attackers;
    rows.extend(chances(lang).map(|(label, of)| row(label, percent(of(&both.before)), percent(of(&both.after)))));
    if let Some(population) = &report.population {
        let told = |one: Uniqueness| format!("{} ({})", percent(one.unique_share), one.told());
        let label = lang.pick("모집단에서 유일(추정)", "Unique in the population, estimated");
        rows.push(row(label, told(population.before), told(population.after)));
    }
    rows
}

fn uniques(report: &Report, lang: Lang) -> Vec<Row> {
    let risk = &report.uniques;
    let counts = risk.after.alone_on.iter().enumerate().map(|(position, after)| {
        let columns = position + 1;
        let label = match lang {
            Lang::Korean => format!("적어도 {columns}개 열이 있어야 유일"),
            Lang::English => format!("Alone on {columns} column(s) at the least"),
        };
        row(&label, risk.before.alone_on.get(position).copied().unwrap_or(0), after)
    });
    let share =
        row(lang.pick("이들의 비율", "Their share"), percent(risk.before.alone_share), percent(risk.after.alone_share));
    let needs = risk.columns.iter().zip(&risk.before.contributions).zip(&risk.after.contributions);
    let needs = needs.map(|((name, before), after)| {
        row(&format!("{}: {name}", lang.pick("기여", "Contribution")), percent(*before), percent(*after))
    });
    counts.chain([share]).chain(needs).collect()
}

fn event_text(events: &EventRisk, lang: Lang) -> String {
    let columns = events.columns.join(", ");
    let memory = match events.memory.is_empty() {
        true => lang.pick("반출되는 만큼 정밀하게", "as exactly as they are released").to_owned(),
        false => format!("{} {}", lang.pick("다음 폭으로:", "as coarsely as"), events.memory.join("; ")),
    };
    match lang {
        Lang::Korean => format!("공격자가 한 환자의 사건({columns}) 몇 개를 {memory} 안다고 봅니다."),
        Lang::English => format!("The adversary is taken to know some events of a person ({columns}), {memory}."),
    }
}

fn event_rows(events: &EventRisk) -> Vec<EventRow> {
    let told = |persons: u64, e: Estimate| match persons {
        0 => "—".to_owned(),
        _ => format!("{} [{}–{}]", percent(e.share), percent(e.low), percent(e.high)),
    };
    let pairs = events.before.iter().zip(&events.after);
    let row = |(before, after): (&EventShare, &EventShare)| EventRow {
        known: after.known,
        before: told(before.persons, before.unique),
        after: told(after.persons, after.unique),
        below_k: told(after.persons, after.below_k),
        persons: format!("{} / {}", after.drawn, after.persons),
    };
    pairs.map(row).collect()
}

fn search(report: &Report, lang: Lang) -> Option<String> {
    let search = report.search.as_ref()?;
    let (counted, combinations) = (search.counted, search.combinations);
    let loss = search.loss.map(|loss| format!("{loss:.6}")).unwrap_or_else(|| "—".to_owned());
    let proof = match (search.found, search.optimal) {
        (true, true) => lang.pick("최적임이 증명됨", "proved to be the least"),
        (true, false) => lang.pick("최적임이 증명되지 않음", "not proved to be the least"),
        (false, _) => lang.pick("만족하는 단계 없음", "no levels hold"),
    };
    Some(match lang {
        Lang::Korean => format!(
            "일반화 단계는 탐색이 골랐습니다: {combinations}개 조합 가운데 {counted}개를 셈. 손실 {loss} ({proof})."
        ),
        Lang::English => format!(
            "A search chose the levels: {counted} of {combinations} combinations were counted. Loss {loss} ({proof})."
        ),
    })
}

fn tables(report: &Report, lang: Lang) -> Vec<Table<'_>> {
    report.tables.iter().map(|table| Table { name: &table.name, columns: columns(table, lang) }).collect()
}

fn columns(table: &ReportTable, lang: Lang) -> Vec<Column<'_>> {
    let unlisted = lang.pick("처방에 없어 공개하지 않음", "Not in the recipe, so not released");
    let mut columns = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        let done = if column.listed { lang.of(&column.done) } else { unlisted };
        columns.push(Column { name: &column.name, released: column.released, done });
    }
    columns
}

fn criteria(report: &Report, lang: Lang) -> Vec<Row> {
    let risk = &report.risk;
    let suppressed = share(risk.suppressed_persons, risk.persons + risk.suppressed_persons);
    let at_most = |share: f64| format!("≤ {}", percent(share));
    let limits = &report.limits;
    let mut rows = vec![
        row(lang.pick("최소 동질집합 k", "Smallest class k"), format!("≥ {}", risk.required_k), risk.k),
        row(lang.pick("제외 환자 비율", "Persons left out"), at_most(limits.max_suppressed), percent(suppressed)),
        row(
            lang.pick("동질집합에서 유일한 환자", "Alone in their class"),
            at_most(limits.max_unique_share),
            percent(risk.unique_share),
        ),
    ];
    if limits.max_rejected > 0.0 {
        let rejected = report.tables.iter().map(|table| share(table.rejected_rows, table.rows_in));
        let worst = percent(rejected.fold(0.0, f64::max));
        rows.push(row(
            lang.pick("읽지 못한 행(표마다)", "Rows rejected, in any table"),
            at_most(limits.max_rejected),
            worst,
        ));
    }
    if let Some(events) = &report.events
        && let Some(after) = events.after.iter().find(|share| share.known == events.adversary_events)
    {
        let known = events.adversary_events;
        let label = match lang {
            Lang::Korean => format!("사건 {known}개로 유일(95 % 상한)"),
            Lang::English => format!("Alone by {known} events (upper end of 95 %)"),
        };
        rows.push(row(&label, at_most(events.max_unique_share), percent(after.unique.high)));
    }
    for other in &report.linkage {
        let label = match lang {
            Lang::Korean => format!("{}에서 다시 찾음(95 % 상한)", other.recipe),
            Lang::English => format!("Found again in {} (upper end of 95 %)", other.recipe),
        };
        rows.push(row(&label, at_most(other.max_share), percent(other.linked.events.linked.high)));
    }
    if let Some(Changes { since, came, left, required }) = report.changes {
        let label = match lang {
            Lang::Korean => format!("버전 {since} 이후 들어온 환자 / 빠진 환자"),
            Lang::English => format!("Came / left since version {since}"),
        };
        let asked = lang.pick("0 또는 ≥", "0 or ≥");
        rows.push(row(&label, format!("{asked} {required}"), format!("{came} / {left}")));
    }
    if let Some(allowed) = limits.max_inference {
        let highest = report.inference.iter().map(|both| both.after.gain.high).fold(0.0, f64::max);
        let label =
            lang.pick("있어서 더 맞힌 민감 정보(95 % 상한)", "Guessed because they are in it (upper end of 95 %)");
        rows.push(row(label, at_most(allowed), percent(highest)));
    }
    rows.extend(limits.models.iter().map(|model| row(lang.of(model), "✓", if report.passed { "✓" } else { "—" })));
    rows
}

fn refusals(report: &Report, lang: Lang) -> Vec<Refusal<'_>> {
    let mut refusals = Vec::with_capacity(report.refusals.len());
    for problem in &report.refusals {
        let (reason, mend) = (lang.of(&problem.reason), lang.of(&problem.mend));
        refusals.push(Refusal { place: &problem.place, reason, mend });
    }
    refusals
}
