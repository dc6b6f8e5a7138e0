//! The table of permissions: what it says of a role, a state and an action is what the portal does, and what the
//! documentation shows.

use super::Browser;
use super::attachments::send_file;
use super::board::TERMS;
use crate::app::TestApp;
use mudeung_core::clock::Timestamp;
use mudeung_core::duo::ProposedUse;
use mudeung_core::grant::{Grant, GrantState, Reach, TableGrant};
use mudeung_core::id::{GrantId, MemberId, RequestId};
use mudeung_core::member::Role;
use mudeung_core::name::Name;
use mudeung_core::request::board::Count;
use mudeung_core::request::event::{Actor, Condition, Decision, Ethics, Happening, Proposal, Verdict};
use mudeung_core::request::permission::{Act, RULES, page};
use mudeung_core::request::{AccessRequest, RequestState};
use mudeung_core::tier::Tier;
use mudeung_server::portal;
use mudeung_server::route::Access;
use mudeung_store::{agreements, grants, requests};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/permissions.md");

const HEADER: &str = "# Permissions

Made by the test `the_documentation_shows_the_table_of_permissions`, from the tables that the server works with. Change those,
then run the test with `MUDEUNG_UPDATE_GOLDEN=1`.

Roles: `developer` (a company's), `steward`, `reviewer`, `external` (a member of the data review board from outside), `auditor`,
`admin` (the hospital's). A role counts on its own side only: a company's member decides nothing, whatever their account says.

## Access requests: action × state

A developer acts for requests of their own company; the others for those of every company, once they were handed in. Votes and
recusals need a seat in the board; a decision says what the votes say; an opinion is given for the member's own office.

";

/// The address of an action.
fn action(act: Act, request: &RequestId) -> String {
    match act {
        Act::Answer | Act::Confirm => format!("/en/requests/{request}/conditions/0/{}", act.as_str()),
        _ => format!("/en/requests/{request}/{}", act.as_str()),
    }
}

fn member(app: &TestApp, role: Role) -> MemberId {
    app.fixture.members.iter().find(|(of, _, _)| *of == role).unwrap().2
}

/// What happened to a request in that state.
fn history(app: &TestApp, state: &str, proposal: &Proposal, grant: GrantId, due: Timestamp) -> Vec<(Actor, Happening)> {
    let company = Actor::Member(member(app, Role::Developer));
    let hospital = Actor::Member(member(app, Role::Reviewer));
    let submitted = (company, Happening::Submitted(proposal.clone()));
    let accepted = (hospital, Happening::Accepted);
    let signed = (hospital, Happening::SignedOff { role: Role::Steward, reason: String::new() });
    let returned = (hospital, Happening::Returned { reason: "More".to_owned() });
    let decided = |verdict| (hospital, Happening::Decided(Decision { count: Count::default(), verdict, terms: None }));
    let condition = Condition { text: "A plan".to_owned(), due };
    let conditions = |conditions| decided(Verdict::Approved { grant, reach: Reach::Export, conditions });
    let answered = (company, Happening::Answered { condition: 0, answer: "Here".to_owned() });
    match state {
        "draft" => vec![(company, Happening::Saved(proposal.clone()))],
        "submitted" => vec![submitted],
        "in_review" => vec![submitted, accepted, signed],
        "returned" => vec![submitted, returned],
        "conditional" => vec![submitted, accepted, conditions(vec![condition]), answered],
        "approved" => vec![submitted, accepted, conditions(Vec::new())],
        "rejected" => vec![submitted, accepted, decided(Verdict::Rejected { reason: "No".to_owned() })],
        "withdrawn" => vec![submitted, (company, Happening::Withdrawn)],
        "lapsed" => vec![submitted, returned, (Actor::Clock, Happening::Lapsed)],
        other => panic!("no way to {other}"),
    }
}

/// A request of the company in that state.
async fn make(app: &TestApp, state: &'static str) -> RequestId {
    let (clock, entropy) = (&*app.clock, &*app.state().entropy);
    let (id, grant, now) = (RequestId::generate(clock, entropy), GrantId::generate(clock, entropy), app.now());
    let ethics = Ethics::Exempt { reason: "None".to_owned() };
    let agreement = app.fixture.agreement;
    let columns = [(Name::parse("visits").unwrap(), ["age".to_owned()].into())].into();
    let purpose = "Validate a model of readmission".to_owned();
    let proposal = Proposal { purpose, agreement, ethics, uses: ProposedUse::default(), columns, reach: Reach::Export };
    let request = AccessRequest {
        id,
        organization: app.fixture.company,
        app: app.fixture.reader_app,
        author: member(app, Role::Developer),
        dataset: Name::parse("cohort").unwrap(),
        purpose: String::new(),
        agreement,
        state: RequestState::Draft,
        submitted_at: None,
        created_at: now,
    };
    let history = history(app, state, &proposal, grant, now.plus(Duration::from_secs(86_400)));
    app.change(move |conn| {
        let signed = mudeung_core::agreement::Signature {
            agreement,
            organization: request.organization,
            member: request.author,
            signed_at: now,
        };
        if agreements::list_signatures(conn, request.organization)?.is_empty() {
            agreements::insert_signature(conn, &signed)?;
        }
        let mut history = history.into_iter();
        let filed = requests::insert_request(conn, &request, history.next().unwrap().1)?;
        for (by, what) in history {
            requests::append_event(conn, id, now, by, what)?;
        }
        grants::insert_grant(conn, &held(&filed.request, grant, now))
    })
    .await;
    id
}

fn held(request: &AccessRequest, id: GrantId, now: Timestamp) -> Grant {
    let columns = ["age".to_owned()].into();
    Grant {
        id,
        organization: request.organization,
        app: request.app,
        request: Some(request.id),
        agreement: request.agreement,
        dataset: request.dataset.clone(),
        tier: Tier::Deidentified,
        tables: [(Name::parse("visits").unwrap(), TableGrant { columns, rows: None })].into(),
        reach: Reach::Export,
        purpose: request.purpose.clone(),
        quota: mudeung_core::quota::Amount { bytes: 1, rows: 1 },
        valid_from: now,
        valid_until: now.plus(Duration::from_secs(86_400)),
        state: GrantState::Held,
        created_at: now,
    }
}

/// Everything that any of the forms wants.
fn form<'f>(token: &'f str, agreement: &'f str, office: &'f str) -> Vec<(&'f str, &'f str)> {
    let mut fields = vec![
        ("form_token", token),
        ("agreement", agreement),
        ("office", office),
        ("accept", "yes"),
        ("purpose", "Validate a model of readmission"),
        ("ethics", "exempt"),
        ("ethics_reason", "None"),
        ("reason", "Because"),
        ("ballot", "for"),
        ("answer", "Here"),
        ("message", "When?"),
    ];
    fields.extend(TERMS);
    fields.extend(super::requests::USE);
    fields
}

#[actix_web::test]
async fn every_action_in_every_state_is_open_to_the_roles_of_the_table_alone() {
    let text = "members_min = 1\nexternal_min = 0\npresent_percent = 0\nsign_offs = \"any(steward, reviewer, auditor, admin)\"";
    let app = TestApp::start_with(|config| config.review = toml::from_str(text).unwrap()).await;
    let stranger = super::isolation::outsider(&app, vec![Role::Developer]).await;
    let agreement = app.fixture.agreement.to_string();
    let mut succeeded: BTreeSet<(Act, Role)> = BTreeSet::new();
    for state in RequestState::NAMES {
        let mut request = make(&app, state).await;
        for role in Role::ALL {
            let mut browser = Browser::of(&app, role).await;
            let token = browser.get("/en/home").await.form_token();
            for rule in &RULES {
                let to = action(rule.act, &request);
                let shown = match rule.act {
                    Act::Attach | Act::Enclose => send_file(&mut browser, &token, &to, "plan.txt", b"A plan").await,
                    _ => browser.post(&to, &form(&token, &agreement, role.as_str())).await,
                };
                let name = format!("{} in {state} as {}: {}", rule.act.as_str(), role.as_str(), shown.status);
                match (rule.roles.contains(&role), rule.states.contains(&state)) {
                    (false, _) => assert_eq!(shown.status, 403, "{name}"),
                    (true, false) if state == "draft" && role != Role::Developer => {
                        assert_eq!(shown.status, 404, "{name}")
                    }
                    (true, false) => assert_eq!(shown.status, 409, "{name}"),
                    (true, true) => assert!(matches!(shown.status, 303 | 422), "{name}"),
                }
                if shown.status == 303 {
                    succeeded.insert((rule.act, role));
                    request = make(&app, state).await;
                }
            }
        }
        let mut browser = Browser::with(&app, &stranger).await;
        let token = browser.get("/en/home").await.form_token();
        for rule in &RULES {
            let shown = browser.post(&action(rule.act, &request), &form(&token, &agreement, "steward")).await;
            let hidden = if rule.roles.contains(&Role::Developer) { 404 } else { 403 };
            assert_eq!(shown.status, hidden, "{} in {state} from another company", rule.act.as_str());
        }
    }
    let table = RULES.iter().flat_map(|rule| rule.roles.iter().map(|role| (rule.act, *role)));
    // An operator who does not sit in the board writes down what it voted; here nobody else has voted.
    let alone = |(act, role): &(Act, Role)| *role == Role::Admin && matches!(act, Act::Approve | Act::Reject);
    assert_eq!(succeeded, table.filter(|pair| !alone(pair)).collect());
}

#[test]
fn the_routes_of_requests_have_the_roles_of_the_table() {
    for rule in &RULES {
        let ending = format!("/{}", rule.act.as_str());
        let of_act = |path: &str| path.starts_with("/en/requests/{request}/") && path.ends_with(&ending);
        let routes: Vec<_> = portal::ROUTES.iter().filter(|route| of_act(route.path)).collect();
        assert_eq!(routes.len(), 1, "{ending}");
        assert_eq!(routes[0].access, Access::Session(rule.roles), "{ending}");
        assert_eq!(routes[0].method, "POST");
    }
    let actions = portal::ROUTES.iter().filter(|route| route.path.starts_with("/en/requests/{request}/"));
    assert_eq!(actions.filter(|route| route.method == "POST").count(), RULES.len(), "each action has its line");
}

/// Every page and form of the portal with the roles that may enter.
fn routes() -> String {
    let mut text = "\n## Every page and form\n\n| method | path | roles |\n|---|---|---|\n".to_owned();
    for route in portal::ROUTES.iter().filter(|route| route.path.starts_with("/en/")) {
        let roles = match route.access {
            Access::Session([]) => "every member".to_owned(),
            Access::Session(roles) => roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", "),
            Access::Public => "everybody".to_owned(),
            Access::Client | Access::Token(_) | Access::SignedOrToken(_) => panic!("{} is no page", route.path),
        };
        let path = route.path.strip_prefix("/en").unwrap();
        writeln!(text, "| {} | `{path}` | {roles} |", route.method).unwrap();
    }
    text
}

#[test]
fn the_documentation_shows_the_table_of_permissions() {
    // The anchors are where the guide takes the table from.
    let actions = format!("<!-- ANCHOR: actions -->\n\n{}\n<!-- ANCHOR_END: actions -->\n", page());
    let document = format!("{HEADER}{actions}{}", routes());
    if std::env::var_os("MUDEUNG_UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &document).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    let hint = "docs/permissions.md differs; if the change is wanted, run this test with MUDEUNG_UPDATE_GOLDEN=1";
    assert!(golden == document, "{hint}");
}
