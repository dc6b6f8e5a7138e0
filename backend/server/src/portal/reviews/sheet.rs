//! A review on one page, to be filled in or printed.

use super::sign::VERDICTS;
use super::{Stored, counts};
use crate::fault::Fault;
use crate::portal::desk::{Desk, Roles};
use crate::portal::fields::Fields;
use crate::portal::page::Page;
use crate::portal::texts::ReviewTexts;
use crate::portal::{figure, moment};
use askama::Template;
use mudeung_core::member::Role;
use mudeung_wire::ledger::entry::Entry;
use serde_json::Value;

const WIDTH: u64 = 760;
const HEIGHT: u64 = 160;
const BOTTOM: u64 = 20;

#[derive(Template)]
#[template(path = "review.html")]
pub(super) struct Sheet {
    page: Page,
    t: &'static ReviewTexts,
    id: String,
    month: String,
    checkpoint: String,
    figures: Vec<(&'static str, String)>,
    bars: Vec<Bar>,
    items: Vec<Item>,
    verdicts: [(&'static str, &'static str); 3],
    author: String,
    conclusion: String,
    name: String,
    may_sign: bool,
    may_countersign: bool,
    signed: Option<Signature>,
}

struct Signature {
    at: String,
    sha256: String,
    conclusion: String,
    document: String,
    countersigned: Option<(String, String)>,
}

/// A day: reads, and refusals before them.
struct Bar {
    x: u64,
    width: u64,
    y: u64,
    height: u64,
    denied_y: u64,
    denied_height: u64,
    text: String,
    label: String,
}

struct Item {
    index: u64,
    stratum: &'static str,
    flagged: bool,
    time: String,
    operation: String,
    status: &'static str,
    who: String,
    what: String,
    purpose: String,
    verdict: String,
    finding: String,
    /// What was chosen and typed in the form.
    chosen: String,
    typed: String,
}

impl Sheet {
    /// The page of a review, with what was typed into its form.
    pub(super) async fn of<R: Roles>(
        desk: &Desk<R>,
        page: Page,
        stored: &Stored,
        typed: &Fields,
    ) -> Result<Self, Fault> {
        let t = ReviewTexts::of(page.language);
        let review = &stored.review;
        let counts = counts(review)?;
        let document: Option<Value> =
            review.signed.as_ref().and_then(|signed| serde_json::from_str(&signed.document).ok());
        let found = |index: u64, name: &str| {
            let items = document.as_ref().and_then(|document| document.get("items")?.as_array());
            let item = items
                .and_then(|items| items.iter().find(|item| item.get("index").and_then(Value::as_u64) == Some(index)));
            item.and_then(|item| item.get(name)?.as_str()).unwrap_or_default().to_owned()
        };
        let mut items = Vec::new();
        for item in &stored.items {
            let entry = desk.app.ledger.entry(item.index).await?.unwrap_or_default();
            let shown =
                Item { finding: found(item.index, "finding"), ..shown(t, &page, item.index, &item.stratum, &entry) };
            items.push(Item {
                verdict: verdict(t, &found(item.index, "verdict")).to_owned(),
                chosen: typed.text(&format!("verdict.{}", item.index)).to_owned(),
                typed: typed.raw(&format!("finding.{}", item.index)).unwrap_or_default().to_owned(),
                ..shown
            });
        }
        let me = &desk.signed_in;
        let signer = review.signed.as_ref().map(|signed| signed.by);
        let figures = [
            (t.entries, counts.entries),
            (t.reads, counts.reads),
            (t.denied_count, counts.denied),
            (t.rows, counts.rows),
            (t.bytes, counts.bytes),
            (t.apps, counts.apps),
        ];
        Ok(Self {
            t,
            id: review.id.to_string(),
            month: review.month.clone(),
            checkpoint: review.checkpoint.clone(),
            figures: figures.map(|(name, value)| (name, figure::grouped(value))).to_vec(),
            bars: bars(&counts.days),
            items,
            verdicts: VERDICTS.map(|name| (name, verdict(t, name))),
            author: stored.author.clone(),
            conclusion: typed.raw("conclusion").unwrap_or_default().to_owned(),
            name: typed.text("name").to_owned(),
            may_sign: signer.is_none() && me.has(&[Role::Auditor]),
            may_countersign: signer.is_some_and(|by| by != me.member.id)
                && review.countersigned.is_none()
                && me.has(&[Role::Admin]),
            signed: review.signed.as_ref().map(|signed| Signature {
                at: moment::minute(signed.at),
                sha256: signed.sha256.clone(),
                conclusion: document
                    .as_ref()
                    .and_then(|it| it.get("conclusion")?.as_str())
                    .unwrap_or_default()
                    .to_owned(),
                document: signed.document.clone(),
                countersigned: review.countersigned.map(|(_, at)| (stored.countersigner.clone(), moment::minute(at))),
            }),
            page,
        })
    }
}

fn shown(t: &'static ReviewTexts, page: &Page, index: u64, stratum: &str, entry: &Entry) -> Item {
    let place = [&entry.dataset, &entry.tier, &entry.table];
    let place: Vec<&str> = place.into_iter().filter_map(|part| part.as_deref()).collect();
    let who = [&entry.organization, &entry.app, &entry.member];
    let who: Vec<&str> = who.into_iter().filter_map(|part| part.as_deref()).collect();
    let detail = entry.detail.clone().unwrap_or_default();
    let what = if place.is_empty() { detail } else { format!("{} {detail}", place.join(".")) };
    Item {
        index,
        stratum: match stratum {
            "denied" => t.denied,
            "large" => t.large,
            "new_app" => t.new_app,
            "out_of_hours" => t.out_of_hours,
            _ => t.random,
        },
        flagged: stratum != "random",
        time: moment::precise(entry.time_us),
        operation: entry.operation.clone(),
        status: entry.status.map(crate::audit::export::csv::status_text).map_or("", |status| page.badge(status).text),
        who: who.join(" "),
        what,
        purpose: entry.purpose.clone().unwrap_or_default(),
        verdict: String::new(),
        finding: String::new(),
        chosen: String::new(),
        typed: String::new(),
    }
}

fn verdict(t: &'static ReviewTexts, name: &str) -> &'static str {
    match name {
        "proper" => t.proper,
        "explained" => t.explained,
        "incident" => t.incident,
        _ => "",
    }
}

fn bars(days: &[(u64, u64)]) -> Vec<Bar> {
    let most = days.iter().map(|(reads, denied)| reads + denied).max().unwrap_or(0).max(1);
    let slot = WIDTH / u64::try_from(days.len()).unwrap_or(1).max(1);
    let space = HEIGHT - BOTTOM;
    let high = |value: u64| u64::try_from(u128::from(value) * u128::from(space) / u128::from(most)).unwrap_or(0);
    let bar = |(day, (reads, denied)): (u64, &(u64, u64))| {
        let (height, denied_height) = (high(*reads), high(*denied));
        Bar {
            x: day * slot,
            width: slot.saturating_sub(4).max(1),
            y: space - height,
            height,
            denied_y: space.saturating_sub(height + denied_height),
            denied_height,
            text: format!("{}: {reads} / {denied}", day + 1),
            label: if day % 5 == 0 { (day + 1).to_string() } else { String::new() },
        }
    };
    (0..).zip(days).map(bar).collect()
}
