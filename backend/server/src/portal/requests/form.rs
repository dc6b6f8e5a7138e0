//! The form of a request: what stands in it, and what it shows of the dataset while it is written.

use super::asked::{self, TableLine};
use super::uses::{self, MatchPart, Question};
use super::{Choice, find_visible};
use crate::fault::Fault;
use crate::portal::desk::{Desk, Requesters};
use crate::portal::fields::{Fields, Submitted};
use crate::portal::island::Island;
use crate::portal::page::{self, Page};
use crate::portal::texts::{CourseTexts, FlowTexts, RequestsTexts, UseTexts, pick};
use crate::portal::{forgery, moment};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use mudeung_core::agreement::Agreement;
use mudeung_core::app::AppState;
use mudeung_core::clock::Clock;
use mudeung_core::dataset::Version;
use mudeung_core::duo::ProposedUse;
use mudeung_core::grant::{Grant, Reach};
use mudeung_core::id::RequestId;
use mudeung_core::policy::Snapshot;
use mudeung_core::request::RequestState;
use mudeung_core::request::case::Case;
use mudeung_core::request::columns::{Columns, opened};
use mudeung_core::request::event::Ethics;
use mudeung_core::tier::Tier;
use mudeung_store::agreements;
use mudeung_store::requests::Filed;

#[derive(Template)]
#[template(path = "request_new.html")]
struct WritePage {
    page: Page,
    t: &'static RequestsTexts,
    f: &'static FlowTexts,
    u: &'static UseTexts,
    editing: Option<Editing>,
    apps: Vec<Choice>,
    datasets: Vec<Choice>,
    agreement: Option<AgreementPart>,
    key: String,
    typed: Typed,
    c: &'static CourseTexts,
    questions: Vec<Question>,
    matched: Option<MatchPart>,
    columns_of: String,
    tables: Vec<TableLine>,
    has_quasi: bool,
}

/// The request that is written anew.
struct Editing {
    id: String,
    dataset: String,
    app: String,
    reason: Option<String>,
}

struct AgreementPart {
    id: String,
    title: String,
    text: String,
    version: u32,
    sha256: String,
}

/// What stands in the fields.
#[derive(Default)]
pub(super) struct Typed {
    /// The grant to go on with; empty for something new.
    renews: String,
    dataset: String,
    app: String,
    purpose: String,
    ethics: String,
    number: String,
    until: String,
    by: String,
    reason: String,
    diseases: String,
    /// The answers about the use, by the names of their fields.
    answers: Vec<(&'static str, String)>,
    uses: ProposedUse,
    said_of_ethics: Option<Ethics>,
    chosen_only: bool,
    /// Whether the data is to be looked at inside alone.
    inside: bool,
    /// The columns that are ticked; all of them where nothing was said yet.
    columns: Option<Columns>,
}

impl Typed {
    /// An empty form about a dataset.
    pub(super) fn about(dataset: String) -> Self {
        Self { dataset, ..Self::default() }
    }
}

/// What a request says that goes on with a grant: what was asked for it, or what it opens where nobody asked.
pub(super) fn renewing(grant: &Grant, case: Option<&Case>) -> Typed {
    let typed = case.map(stored).unwrap_or_default();
    Typed {
        renews: grant.id.to_string(),
        dataset: grant.dataset.to_string(),
        app: grant.app.to_string(),
        purpose: grant.purpose.clone(),
        chosen_only: true,
        columns: Some(opened(&grant.tables)),
        ..typed
    }
}

/// Shows the form again with the list of columns of its dataset and the match of what it says, and does nothing.
pub(in crate::portal) async fn check_request(desk: Desk<Requesters>, form: Submitted) -> Result<HttpResponse, Fault> {
    let form = &form.0;
    let filed = match form.text("editing") {
        "" => None,
        id => Some(find_visible(&desk, id).await?),
    };
    let u = UseTexts::of(desk.page.language);
    let problem = uses::read(form, u).err();
    show(&desk, problem, filed.as_ref(), typed(&desk, form)).await
}

/// The newest version of the agreement.
pub(super) async fn in_force(desk: &Desk<Requesters>) -> Result<Option<Agreement>, Fault> {
    Ok(desk.app.db.read("list agreements", agreements::list_agreements).await?.into_iter().next())
}

/// What was typed, to be shown again.
pub(super) fn typed(desk: &Desk<Requesters>, form: &Fields) -> Typed {
    let text = |name: &str| form.text(name).to_owned();
    let snapshot = desk.app.snapshots.present();
    // A list that was made for another dataset says nothing of this one.
    let own_list = !form.text("editing").is_empty() || form.text("columns_of") == form.text("dataset");
    let version = requestable(&snapshot, form.text("columns_of")).filter(|_| own_list);
    let uses = uses::read(form, UseTexts::of(desk.page.language)).unwrap_or_default();
    let names = uses::written(&uses).into_iter().map(|(name, _)| name);
    Typed {
        renews: text("renews"),
        dataset: text("dataset"),
        app: text("app"),
        purpose: text("purpose"),
        ethics: text("ethics"),
        number: text("ethics_number"),
        until: text("ethics_until"),
        by: text("ethics_by"),
        reason: text("ethics_reason"),
        diseases: text("diseases"),
        answers: names.map(|name| (name, text(name))).collect(),
        uses,
        said_of_ethics: super::write::read_ethics(desk, form, super::write::Manner::Save).ok(),
        chosen_only: form.text("scope") == "chosen",
        inside: form.text("reach") == Reach::Inside.as_str(),
        columns: version.map(|version| asked::named(version, form)),
    }
}

/// What was written last, to be changed.
pub(super) fn stored(case: &Case) -> Typed {
    let Some(proposal) = &case.proposal else { return Typed::default() };
    let typed = Typed {
        purpose: proposal.purpose.clone(),
        answers: uses::written(&proposal.uses),
        diseases: uses::written(&proposal.uses).into_iter().find(|(name, _)| *name == "diseases").unwrap_or_default().1,
        uses: proposal.uses.clone(),
        said_of_ethics: Some(proposal.ethics.clone()),
        chosen_only: true,
        inside: proposal.reach == Reach::Inside,
        columns: Some(proposal.columns.clone()),
        ..Typed::default()
    };
    match &proposal.ethics {
        Ethics::Approved { number, valid_until } => Typed {
            ethics: "approved".to_owned(),
            number: number.clone(),
            until: moment::last_day(*valid_until),
            ..typed
        },
        Ethics::Follows { by } => Typed { ethics: "follows".to_owned(), by: moment::last_day(*by), ..typed },
        Ethics::Exempt { reason } => Typed { ethics: "exempt".to_owned(), reason: reason.clone(), ..typed },
    }
}

/// The version that a request for a dataset is about.
pub(super) fn requestable<'s>(snapshot: &'s Snapshot, dataset: &str) -> Option<&'s Version> {
    snapshot.published(dataset, Tier::Deidentified, None).map(|version| &**version)
}

/// Shows the form.
pub(super) async fn show(
    desk: &Desk<Requesters>,
    problem: Option<&'static str>,
    filed: Option<&Filed>,
    typed: Typed,
) -> Result<HttpResponse, Fault> {
    let mut page = desk.page.clone().with(Island::Live).with(Island::Columns);
    page.problem = problem;
    let snapshot = desk.app.snapshots.present();
    let agreement = in_force(desk).await?.map(|agreement| AgreementPart {
        id: agreement.id.to_string(),
        title: page.language.pick(&agreement.title_ko, &agreement.title_en).to_owned(),
        text: page.language.pick(&agreement.text_ko, &agreement.text_en).to_owned(),
        version: agreement.version,
        sha256: agreement.text_sha256,
    });
    let names = datasets(&snapshot);
    let chosen = match filed {
        Some(filed) => filed.request.dataset.to_string(),
        None if names.contains(&typed.dataset) => typed.dataset.clone(),
        None => names.first().cloned().unwrap_or_default(),
    };
    let version = requestable(&snapshot, &chosen);
    let quasi = match version {
        Some(version) => quasi_identifiers(desk, version).await?,
        None => Vec::new(),
    };
    let columns = |version: &Version| typed.columns.clone().unwrap_or_else(|| asked::all(version));
    let answer = |name: &str| {
        typed.answers.iter().find(|(field, _)| *field == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let shown = WritePage {
        t: RequestsTexts::of(page.language),
        f: FlowTexts::of(page.language),
        c: CourseTexts::of(page.language),
        u: UseTexts::of(page.language),
        apps: apps(desk, &snapshot, &typed.app),
        datasets: names
            .iter()
            .filter_map(|name| snapshot.datasets.get(name.as_str()))
            .map(|entry| Choice {
                selected: entry.dataset.name.as_str() == chosen,
                value: entry.dataset.name.to_string(),
                text: pick(page.language, &entry.dataset.title),
            })
            .collect(),
        agreement,
        key: if filed.is_none() { new_key(desk) } else { String::new() },
        editing: filed.map(|filed| editing(&page, filed, &snapshot)),
        questions: uses::questions(page.language, answer),
        matched: version.filter(|_| typed.uses != ProposedUse::default()).and_then(|version| {
            let now = desk.app.clock.now();
            uses::matched(page.language, &version.terms, &typed.uses, typed.said_of_ethics.as_ref(), now)
        }),
        tables: version.map(|it| asked::tables(page.language, it, &columns(it), &quasi)).unwrap_or_default(),
        has_quasi: !quasi.is_empty(),
        columns_of: version.map(|version| version.dataset.to_string()).unwrap_or_default(),
        typed,
        page: page.clone(),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::show(&page, status, &shown)
}

/// The columns of a version that an adversary is taken to know, as `table.column`: those that its risk was measured by.
async fn quasi_identifiers(desk: &Desk<Requesters>, version: &Version) -> Result<Vec<String>, Fault> {
    let (name, tier, number) = (version.dataset.clone(), version.tier, version.number);
    let find = move |conn: &mut mudeung_store::Conn| mudeung_store::catalog::find_manifest(conn, &name, tier, number);
    let manifest = desk.app.db.read("find manifest", find).await?;
    Ok(manifest.and_then(|manifest| manifest.risk).map(|risk| risk.quasi_identifiers).unwrap_or_default())
}

/// The names of the datasets that can be asked for.
fn datasets(snapshot: &Snapshot) -> Vec<String> {
    let names = snapshot.datasets.keys().map(ToString::to_string);
    names.filter(|name| requestable(snapshot, name).is_some()).collect()
}

/// The apps of the company that may act.
fn apps(desk: &Desk<Requesters>, snapshot: &Snapshot, chosen: &str) -> Vec<Choice> {
    let own = snapshot
        .apps
        .values()
        .filter(|app| app.organization == desk.signed_in.organization.id && matches!(app.state, AppState::Active));
    let mut apps: Vec<_> = own.collect();
    apps.sort_by_key(|app| app.id);
    let choice = |value: String, text: String| Choice { selected: value == chosen, value, text };
    apps.into_iter().map(|app| choice(app.id.to_string(), app.name.clone())).collect()
}

fn editing(page: &Page, filed: &Filed, snapshot: &Snapshot) -> Editing {
    let line = super::line(page, &filed.request, snapshot);
    let reason = match &filed.request.state {
        RequestState::Returned { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    Editing { id: line.id, dataset: line.dataset_title, app: line.app, reason }
}

/// The identifier that a form carries with our seal for this session.
pub(super) fn read_key(desk: &Desk<Requesters>, form: &Fields) -> Option<RequestId> {
    let (id, seal) = form.text("request").split_once('~').unwrap_or_default();
    let expected = forgery::seal(&desk.app, &desk.signed_in.session.to_string(), id);
    id.parse().ok().filter(|_| forgery::is_same(seal, &expected))
}

fn new_key(desk: &Desk<Requesters>) -> String {
    let id = RequestId::generate(&*desk.app.clock, &*desk.app.entropy).to_string();
    let seal = forgery::seal(&desk.app, &desk.signed_in.session.to_string(), &id);
    format!("{id}~{seal}")
}
