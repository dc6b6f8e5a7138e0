//! Plans: what a month costs, in versions that never change, and who has which from when on.

use super::desk::{Admins, Desk, FreshAdmins};
use super::fields::{Fields, Submitted};
use super::page::{self, Page};
use super::texts::PlansTexts;
use super::{figure, path};
use crate::fault::Fault;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use mudeung_core::clock::Clock;
use mudeung_core::id::{OrganizationId, PlanId};
use mudeung_core::organization::OrganizationKind;
use mudeung_core::policy::Snapshot;
use mudeung_store::billing::{Plan, Subscription, insert_plan, insert_subscription, list_plans, list_subscriptions};
use mudeung_store::{Conn, StoreError};
use mudeung_wire::invoice::{Included, Month, OperationClass, PlanTerms, Price};
use mudeung_wire::ledger::entry::Entry;

const GIB: u64 = 1 << 30;
/// Millionths in a won.
const MICRO: u64 = 1_000_000;
/// The tiers that have prices, in the order of a plan.
const TIERS: [&str; 2] = ["deidentified", "synthetic"];

#[derive(Template)]
#[template(path = "plans.html")]
struct PlansPage {
    page: Page,
    t: &'static PlansTexts,
    plans: Vec<PlanCard>,
    given: Vec<GivenLine>,
    companies: Vec<(String, String)>,
    fields: Vec<PriceField>,
    month: String,
}

struct PlanCard {
    id: String,
    name: String,
    version: u32,
    fee: String,
    included: String,
    valid_from: String,
    prices: Vec<PriceLine>,
}

struct PriceLine {
    class: &'static str,
    tier: String,
    gib: String,
    rows: String,
    request: String,
}

struct GivenLine {
    organization: String,
    plan: String,
    from: String,
}

/// The three prices of one kind of operation in one tier, as fields of the form.
struct PriceField {
    class: &'static str,
    tier: &'static str,
    name: String,
}

/// Shows all plans and who has which, with forms for another version and another subscription.
pub(super) async fn list_plans_of_all(desk: Desk<Admins>) -> Result<HttpResponse, Fault> {
    show(&desk.app, desk.page.clone(), StatusCode::OK).await
}

/// Defines a plan, or the next version of one.
pub(super) async fn define_plan(desk: Desk<FreshAdmins>, form: Submitted) -> Result<HttpResponse, Fault> {
    let t = PlansTexts::of(desk.page.language);
    let (terms, valid_from) = match terms(&form.0, t) {
        Ok(read) => read,
        Err(problem) => return refuse(&desk, problem).await,
    };
    let (clock, entropy) = (&*desk.app.clock, &*desk.app.entropy);
    let plan = Plan { id: PlanId::generate(clock, entropy), terms, valid_from, created_at: clock.now() };
    let intent = Entry {
        detail: Some(format!("{} {} from {valid_from}", plan.id, plan.terms.name)),
        ..desk.entry("plan.define")
    };
    let insert = move |conn: &mut Conn| {
        let versions = list_plans(conn)?.into_iter().filter(|known| known.terms.name == plan.terms.name);
        let version = versions.map(|known| known.terms.version).max().unwrap_or(0).saturating_add(1);
        insert_plan(conn, &Plan { terms: PlanTerms { version, ..plan.terms.clone() }, ..plan.clone() })
    };
    match desk.change("define plan", intent, insert).await {
        Ok(()) => Ok(desk.go("/plans", "plan-defined")),
        Err(fault) if fault.status().is_client_error() => refuse(&desk, t.bad_plan).await,
        Err(fault) => Err(fault),
    }
}

/// Gives an organization a plan from a month on.
pub(super) async fn give_plan(desk: Desk<FreshAdmins>, form: Submitted) -> Result<HttpResponse, Fault> {
    let t = PlansTexts::of(desk.page.language);
    let organization: Option<OrganizationId> = path(form.0.text("organization")).ok();
    let companies = companies(&desk.app.snapshots.present());
    let organization = organization.filter(|id| companies.iter().any(|(known, _)| *known == id.to_string()));
    let (plan, from) = (path::<PlanId>(form.0.text("plan")).ok(), form.0.text("from").parse::<Month>().ok());
    let (Some(organization), Some(plan), Some(from)) = (organization, plan, from) else {
        return refuse(&desk, t.bad_subscription).await;
    };
    let given = Subscription { organization, from, plan, created_at: desk.app.clock.now() };
    let intent = Entry { detail: Some(format!("{organization} has {plan} from {from}")), ..desk.entry("plan.give") };
    match desk.change("give plan", intent, move |conn| insert_subscription(conn, &given)).await {
        Ok(()) => Ok(desk.go("/plans", "plan-given")),
        Err(fault) if fault.status().is_client_error() => refuse(&desk, t.bad_month).await,
        Err(fault) => Err(fault),
    }
}

async fn refuse(desk: &Desk<FreshAdmins>, problem: &'static str) -> Result<HttpResponse, Fault> {
    let mut page = desk.page.clone();
    page.problem = Some(problem);
    show(&desk.app, page, StatusCode::UNPROCESSABLE_ENTITY).await
}

/// The terms of a form, of a version that is counted when it is stored, and its first month.
fn terms(form: &Fields, t: &'static PlansTexts) -> Result<(PlanTerms, Month), &'static str> {
    let name = form.line("name", 1..=80).ok_or(t.bad_name)?;
    let valid_from = form.text("valid_from").parse::<Month>().ok().ok_or(t.bad_month)?;
    let number = |name: &str| match form.text(name) {
        "" => Some(0),
        text => text.parse::<u64>().ok(),
    };
    let included = Included {
        bytes: number("included_gib").and_then(|gib| gib.checked_mul(GIB)).ok_or(t.bad_number)?,
        requests: number("included_requests").ok_or(t.bad_number)?,
        rows: number("included_rows").ok_or(t.bad_number)?,
    };
    let mut prices = Vec::new();
    for field in price_fields() {
        let of = |what: &str| won(form.text(&format!("{}.{what}", field.name))).ok_or(t.bad_price);
        let (gib_micro_krw, million_rows_micro_krw, request_micro_krw) = (of("gib")?, of("rows")?, of("request")?);
        if (gib_micro_krw, million_rows_micro_krw, request_micro_krw) != (0, 0, 0) {
            let class = OperationClass::ALL.into_iter().find(|class| class.as_str() == field.class);
            let tier = field.tier.to_owned();
            let class = class.ok_or(t.bad_price)?;
            prices.push(Price { class, gib_micro_krw, million_rows_micro_krw, request_micro_krw, tier });
        }
    }
    let base_fee_krw = number("fee").ok_or(t.bad_number)?;
    let terms = PlanTerms { base_fee_krw, included, name, prices, version: 1 };
    match terms.check() {
        Ok(()) => Ok((terms, valid_from)),
        Err(_) => Err(t.bad_plan),
    }
}

/// Won with up to six decimals, in millionths; nothing typed is nothing to pay.
fn won(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if text.is_empty() {
        return Some(0);
    }
    if whole.is_empty() || decimals.len() > 6 || !is_number(whole) || !is_number(decimals) {
        return None;
    }
    let decimals: u64 = format!("{decimals:0<6}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(MICRO)?.checked_add(decimals)
}

/// Millionths of a won as people write them.
fn in_won(micro: u64) -> String {
    let whole = figure::grouped(micro / MICRO);
    match micro % MICRO {
        0 => whole,
        rest => format!("{whole}.{}", format!("{rest:06}").trim_end_matches('0')),
    }
}

fn price_fields() -> impl Iterator<Item = PriceField> {
    OperationClass::ALL.into_iter().flat_map(|class| {
        TIERS.into_iter().map(move |tier| {
            let class = class.as_str();
            PriceField { class, tier, name: format!("{class}.{tier}") }
        })
    })
}

async fn show(app: &crate::state::App, page: Page, status: StatusCode) -> Result<HttpResponse, Fault> {
    let read = |conn: &mut Conn| Ok::<_, StoreError>((list_plans(conn)?, list_subscriptions(conn, None)?));
    let (plans, given) = app.db.read("list plans", read).await?;
    let snapshot = app.snapshots.present();
    let name_of = |id: OrganizationId| snapshot.organizations.get(&id).map(|found| found.name.clone());
    let plan_name = |id: PlanId| {
        let plan = plans.iter().find(|plan| plan.id == id);
        plan.map_or_else(|| id.to_string(), |plan| format!("{} {}", plan.terms.name, plan.terms.version))
    };
    let given = given.iter().map(|given| GivenLine {
        organization: name_of(given.organization).unwrap_or_else(|| given.organization.to_string()),
        plan: plan_name(given.plan),
        from: given.from.to_string(),
    });
    let shown = PlansPage {
        t: PlansTexts::of(page.language),
        given: given.collect(),
        companies: companies(&snapshot),
        plans: plans.iter().map(card).collect(),
        fields: price_fields().collect(),
        month: Month::of(app.clock.now().micros()).map(|month| month.to_string()).unwrap_or_default(),
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}

/// Identifiers and names of the companies.
pub(super) fn companies(snapshot: &Snapshot) -> Vec<(String, String)> {
    let of_companies = snapshot.organizations.values().filter(|found| found.kind == OrganizationKind::Company);
    let mut companies: Vec<_> = of_companies.map(|found| (found.id.to_string(), found.name.clone())).collect();
    companies.sort_by(|one, other| one.1.cmp(&other.1));
    companies
}

fn card(plan: &Plan) -> PlanCard {
    let terms = &plan.terms;
    let Included { bytes, requests, rows } = terms.included;
    let prices = terms.prices.iter().map(|price| PriceLine {
        class: price.class.as_str(),
        tier: price.tier.clone(),
        gib: in_won(price.gib_micro_krw),
        rows: in_won(price.million_rows_micro_krw),
        request: in_won(price.request_micro_krw),
    });
    PlanCard {
        id: plan.id.to_string(),
        name: terms.name.clone(),
        version: terms.version,
        fee: figure::grouped(terms.base_fee_krw),
        included: format!("{}, {}, {}", figure::size(bytes), figure::grouped(rows), figure::grouped(requests)),
        valid_from: plan.valid_from.to_string(),
        prices: prices.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_won_with_up_to_six_decimals() {
        assert_eq!((won(""), won("0"), won("12"), won("0.25")), (Some(0), Some(0), Some(12_000_000), Some(250_000)));
        for wrong in ["-1", "1,000", ".5", "1.0000001", "x", "1.2.3", "99999999999999999999"] {
            assert_eq!(won(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(micro in 0_u64..1_000_000_000_000_000) {
            prop_assert_eq!(won(&in_won(micro).replace(',', "")), Some(micro));
        }
    }
}
