//! `POST /v1/statistics`: how many persons, under differential privacy, for companies that have no grant.
//!
//! A request takes weeks; a few noisy counts tell beforehand whether it is worth it. What one organization, and all of them
//! together, may learn of a dataset this way is bounded for ever: each query costs epsilon, and the budget does not come
//! back. The same query always gets the same noise, whoever asks, and costs nothing when it is asked again.
//!
//! What could tell something besides the counts is closed off: bins are given by the caller and not looked up, every row is
//! read whatever the filter says, small counts are withheld after the noise, and errors depend on the schema alone.

mod plan;
mod random;

use crate::auth::scope::QueryRun;
use crate::data::budget::Reading;
use crate::data::documented::{ReadProblems, TokenProblems};
use crate::data::place::Place;
use crate::data::standing::Standing;
use crate::data::stream::{self, RowLimit};
use crate::data::visit::{Visit, Visitor};
use crate::fault::Fault;
use crate::record;
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use mudeung_core::noise::{Epsilon, discrete_laplace};
use mudeung_core::policy::{Action, Permit};
use mudeung_core::reader::{Chunk, Chunks, Format, ReadError};
use mudeung_core::tier::Tier;
use mudeung_store::Conn;
use mudeung_store::privacy_budgets::{self, Charged, PrivacyCharge};
use mudeung_wire::api::{PrivacyBudget, StatisticsAnswer, StatisticsBody, StatisticsCell};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::problem::Code;
use plan::Plan;
use random::Sticky;
use std::sync::Arc;

const OPERATION: &str = "statistics.count";
/// The policy that a refusal names.
pub const POLICY: &str = "privacy-budget";

/// The privacy budgets of the caller's organization, one for each dataset with de-identified data.
#[utoipa::path(
    get, path = "/v1/statistics", operation_id = "list_privacy_budgets", tag = "data",
    responses((status = 200, description = "`{items: [PrivacyBudget], next_cursor}`", body = mudeung_wire::api::Page<PrivacyBudget>), TokenProblems),
    security(("oauth" = ["query.run"])),
)]
pub async fn list_privacy_budgets(visit: Visit<QueryRun>) -> Result<HttpResponse, Fault> {
    let organization = visit.caller.organization;
    let list = move |conn: &mut Conn| {
        let own = privacy_budgets::list_spent(conn, organization)?;
        Ok((own, privacy_budgets::list_spent_by_all(conn)?))
    };
    let (own, all) = visit.app.db.read("list privacy budgets", list).await?;
    let snapshot = visit.app.snapshots.present();
    let spent = |list: &[(String, Epsilon)], dataset: &str| {
        list.iter().find(|(name, _)| name == dataset).map_or(Epsilon::default(), |(_, spent)| *spent)
    };
    let open =
        snapshot.datasets.keys().filter(|name| snapshot.published(name.as_str(), Tier::Deidentified, None).is_some());
    let item = |name: &mudeung_core::name::Name| {
        budget(&visit, name.as_str(), spent(&own, name.as_str()), spent(&all, name.as_str()))
    };
    let items = open.map(item).collect();
    Ok(visit.show_own(&mudeung_wire::api::Page { items, next_cursor: None }))
}

/// Counts persons in a de-identified table, alone or by one or two columns, with noise.
#[utoipa::path(
    post, path = "/v1/statistics", operation_id = "count_persons", tag = "data", request_body = StatisticsBody,
    responses((status = 200, body = StatisticsAnswer), ReadProblems),
    security(("oauth" = ["query.run"])),
)]
pub async fn count_persons(visit: Visit<QueryRun>, body: web::Json<StatisticsBody>) -> Result<HttpResponse, Fault> {
    let body = body.into_inner();
    let (dataset, table) = plan::names(&body.table)?;
    let place = Place { dataset, tier: Some(Tier::Deidentified), version: None, table };
    let snapshot = visit.app.snapshots.present();
    let permit = visit.decide(OPERATION, Action::Aggregate, &place).await?;
    let planned = match Plan::of(&permit, &body, &visit.app.config.statistics) {
        Ok(planned) => planned,
        Err(fault) => return Err(visit.refuse(OPERATION, &place, fault).await),
    };
    let charge = planned.charge(&visit, &permit);
    let charged = charge_once(&visit, &charge).await?;
    if let Some(fault) = exhausted(charged, &charge) {
        let entry = Entry { filter: Some(planned.canonical.clone()), ..place.name_in(visit.entry(OPERATION)) };
        return Err(record::refuse(&visit.app, entry, fault).await);
    }
    let answered = answer(&visit, &snapshot, &permit, planned, &charge, charged == Charged::Now).await;
    if answered.is_err() && charged == Charged::Now {
        // Nothing was told, so nothing is owed.
        visit.app.db.tx("refund privacy budget", move |conn| privacy_budgets::refund(conn, &charge)).await?;
    }
    answered
}

async fn answer(
    visit: &Visitor,
    snapshot: &mudeung_core::policy::Snapshot,
    permit: &Permit,
    planned: Plan,
    charge: &PrivacyCharge,
    charged_now: bool,
) -> Result<HttpResponse, Fault> {
    let principal = &visit.caller.principal;
    let standing = Standing::new(snapshot, principal, Action::Aggregate, permit).ok_or_else(Fault::not_found)?;
    let reading = Reading { app: principal.app, grant: None, datasets: &[&permit.version.dataset] };
    let account = visit.app.data.budgets.account(&visit.app, reading).await?;
    let entry = visit.entry_of(OPERATION, permit, &planned.columns());
    let detail = format!("epsilon={} charged={charged_now}", charge.epsilon);
    let intent = Entry { filter: Some(planned.canonical.clone()), detail: Some(detail), ..entry };
    let cells = u64::try_from(planned.labels.len()).unwrap_or(u64::MAX);
    let governed = stream::Governed {
        intent,
        account,
        standings: vec![standing.unchecked()],
        limit: RowLimit::Asked(cells),
        format: Format::Json,
    };
    let left = spent_of(visit, charge).await?;
    let shown = Shown {
        dataset: permit.version.dataset.to_string(),
        version: permit.version.number,
        budget: left,
        charged: charged_now,
        minimum: visit.app.config.statistics.minimum_count,
        noise: Sticky::new(visit.app.keys.cursor().expose(), &planned.canonical),
        planned: planned.salted(visit.app.keys.cursor().expose()),
    };
    let reader = Arc::clone(&visit.app.reader);
    stream::answer(visit, governed, move || {
        Box::pin(async move {
            let counts = reader.count_cells(shown.planned.request.clone()).await?;
            shown.write(&counts)
        })
    })
    .await
}

/// What is answered, but for the counts.
struct Shown {
    dataset: String,
    version: u32,
    budget: PrivacyBudget,
    charged: bool,
    minimum: u64,
    noise: Sticky,
    planned: Plan,
}

impl Shown {
    /// Adds the noise and writes the answer.
    fn write(self, counts: &[u64]) -> Result<Chunks, ReadError> {
        let Plan { labels, by, scale, epsilon, request, .. } = self.planned;
        let noisy = |count: u64| {
            let noise = discrete_laplace(scale, &self.noise);
            count.saturating_add_signed(noise)
        };
        let cells: Vec<StatisticsCell> = labels
            .into_iter()
            .zip(counts)
            .map(|(bins, count)| StatisticsCell { bins, count: Some(noisy(*count)).filter(|it| *it >= self.minimum) })
            .collect();
        let rows = u64::try_from(cells.len()).unwrap_or(u64::MAX);
        let answer = StatisticsAnswer {
            dataset: self.dataset,
            tier: Tier::Deidentified.to_string(),
            version: self.version,
            table: request.table.table.to_string(),
            unit: "persons".to_owned(),
            by,
            cells,
            mechanism: "discrete Laplace".to_owned(),
            scale: scale.as_f64(),
            interval_95: scale.half_width(0.95),
            minimum: self.minimum,
            epsilon: epsilon.as_f64(),
            charged: self.charged,
            budget: self.budget,
        };
        let bytes = serde_json::to_vec(&answer).map_err(|error| ReadError::Damaged(error.to_string()))?;
        let chunk = Chunk { bytes: Bytes::from(bytes), rows };
        Ok(Box::pin(futures_util::stream::iter([Ok(chunk)])))
    }
}

/// Charges; of two first charges at once the second is tried again.
async fn charge_once(visit: &Visitor, charge: &PrivacyCharge) -> Result<Charged, Fault> {
    let now = visit.app.clock.now();
    for _ in 0..3 {
        let wanted = charge.clone();
        let charged = visit.app.db.tx("charge privacy budget", move |conn| privacy_budgets::charge(conn, &wanted, now));
        match charged.await {
            Err(mudeung_store::StoreError::AlreadyExists { .. }) => {}
            other => return Ok(other?),
        }
    }
    Err(Fault::internal("a privacy budget is charged by too many at once"))
}

async fn spent_of(visit: &Visitor, charge: &PrivacyCharge) -> Result<PrivacyBudget, Fault> {
    let (organization, name) = (charge.organization, charge.dataset.to_string());
    let list = move |conn: &mut Conn| {
        let own = privacy_budgets::list_spent(conn, organization)?;
        Ok((own, privacy_budgets::list_spent_by_all(conn)?))
    };
    let (own, all) = visit.app.db.read("list privacy budgets", list).await?;
    let of = |list: Vec<(String, Epsilon)>| list.into_iter().find(|(dataset, _)| *dataset == name);
    let spent = |found: Option<(String, Epsilon)>| found.map_or(Epsilon::default(), |(_, spent)| spent);
    Ok(budget(visit, &name, spent(of(own)), spent(of(all))))
}

fn budget(visit: &Visitor, dataset: &str, own: Epsilon, all: Epsilon) -> PrivacyBudget {
    let (own_max, all_max) = plan::limits(&visit.app.config.statistics);
    let left = own_max.0.saturating_sub(own.0).min(all_max.0.saturating_sub(all.0));
    PrivacyBudget {
        dataset: dataset.to_owned(),
        epsilon_total: own_max.as_f64(),
        epsilon_spent: own.as_f64(),
        epsilon_remaining: Epsilon(left).as_f64(),
    }
}

fn exhausted(charged: Charged, charge: &PrivacyCharge) -> Option<Fault> {
    let (whose_en, whose_ko) = match charged {
        Charged::Now | Charged::Before => return None,
        Charged::OrganizationExhausted => ("your organization", "귀 기관"),
        Charged::DatasetExhausted => ("all organizations together", "전체 기관"),
    };
    let (epsilon, dataset) = (charge.epsilon, &charge.dataset);
    let mut fault = Fault::new(
        Code::QuotaExhausted,
        format!(
            "The privacy budget of {whose_en} for {dataset} has less than ε = {epsilon} left, and it does not come back. Ask \
             again what was asked before, spend less, or file an access request."
        ),
        format!(
            "{dataset}에 대한 {whose_ko}의 프라이버시 예산이 ε = {epsilon}보다 적게 남았으며, 다시 채워지지 않습니다. 이전에 한 질의를 다시 \
             하거나, ε을 줄이거나, 이용 신청을 하세요."
        ),
    );
    fault.policies.push(POLICY.to_owned());
    Some(fault)
}
