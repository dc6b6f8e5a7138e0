//! `POST /oauth2/validate-assertion`: a dry run that says of every check whether an assertion passes it. It uses up no
//! `jti` and issues nothing. Who has not signed with a live key of the client learns only what the assertion itself
//! says, so that nobody can ask after the keys of others.

use super::assertion::problem::{Check, Problem};
use super::assertion::{Compact, Finding};
use super::client::assertion::{Purpose, examine_for};
use super::documented::OAuthProblems;
use super::form::Form;
use super::issue_token::JWT_BEARER;
use super::refusal::Refusal;
use super::replay;
use crate::call::{Call, Language, OwnDialect};
use crate::state::App;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::AppId;
use mudeung_store::StoreError;
use mudeung_wire::api::OAuthError;
use serde::Serialize;

/// Parameters of a dry run.
#[derive(utoipa::ToSchema)]
pub struct ValidationForm {
    /// The assertion, as it would be sent.
    pub assertion: String,
    /// `urn:ietf:params:oauth:grant-type:jwt-bearer` for an assertion of that grant, which may lack `sub`.
    pub grant_type: Option<String>,
}

/// How an assertion fares.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Validation {
    /// Whether it would be accepted now.
    pub valid: bool,
    /// `invalid_client` when the signature is not proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Every check, in order.
    pub checks: Vec<ValidationCheck>,
}

/// One check.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ValidationCheck {
    /// What is looked at, for instance `aud`.
    pub check: String,
    /// Whether it is all right.
    pub passed: bool,
    /// What is wrong and how to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What came of a dry run.
#[derive(Debug)]
pub(crate) struct Report {
    /// Every check, in order.
    pub(crate) findings: Vec<Finding>,
    /// Who signed it.
    pub(crate) signer: Option<AppId>,
    /// Who is said to have signed it.
    name: String,
}

impl Report {
    /// Whether the assertion would be accepted.
    pub(crate) fn is_valid(&self) -> bool {
        self.signer.is_some() && self.findings.iter().all(|finding| finding.problem.is_none())
    }
}

/// Validate an assertion.
///
/// A dry run for developers: every check of `private_key_jwt` with what is wrong and how to mend it. The `jti` is not
/// used up. Without a valid signature of the client the answer is 401 and says nothing of its keys.
#[utoipa::path(
    post,
    path = "/oauth2/validate-assertion",
    operation_id = "validate_assertion",
    tag = "oauth",
    request_body(content = ValidationForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The client signed it; `valid` says whether it would be accepted", body = Validation),
        (status = 400, description = "The request is wrong", body = OAuthError),
        (status = 401, description = "No live key of the client signed it", body = Validation),
        OAuthProblems,
    ),
    security(()),
)]
pub async fn validate_assertion(
    request: HttpRequest,
    call: Call,
    app: web::Data<App>,
    body: web::Bytes,
) -> HttpResponse {
    match validate(&app, request.headers(), &body).await {
        Ok(report) => answer(&report, call.language),
        Err(refusal) => refusal.answer(),
    }
}

async fn validate(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<Report, Refusal> {
    let form = Form::read(headers, body)?;
    let purpose = if form.grant_type.as_deref() == Some(JWT_BEARER) { Purpose::Grant } else { Purpose::Authentication };
    let text = form.assertion.as_ref().or(form.client_assertion.as_ref());
    let text = text.map_or("", |text| text.expose().as_str());
    let now = app.clock.now();
    let report = dry_run(app, None, text, purpose, now).await.map_err(|error| {
        tracing::warn!("an assertion cannot be looked up: {error}");
        Refusal::unavailable()
    })?;
    let braked = match report.signer {
        Some(client) => app.oauth.brakes.passed(client, now),
        None => {
            app.oauth.count_refusal("unsigned_dry_run");
            app.oauth.brakes.failed(&report.name, now)
        }
    };
    braked.map_err(|early| Refusal::too_often(early.retry_in))?;
    Ok(report)
}

/// Makes every check and changes nothing. With an `owner` the assertion is held against that app's keys and all is told,
/// because it is the owner who asks; without, a stranger may be asking.
pub(crate) async fn dry_run(
    app: &App,
    owner: Option<AppId>,
    text: &str,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Report, StoreError> {
    let Some(assertion) = Compact::parse(text.trim()) else {
        let findings = vec![Finding { check: Check::Form, problem: Some(Problem::Malformed) }];
        return Ok(Report { findings, signer: None, name: String::new() });
    };
    let snapshot = app.snapshots.present();
    let claimed = assertion.issuer().unwrap_or_default();
    let name = owner.map_or_else(|| claimed.to_owned(), |owner| owner.to_string());
    let client = owner.or_else(|| AppId::parse(&name).ok()).filter(|id| snapshot.apps.contains_key(id));
    let examined = examine_for(app, &snapshot, client, &name, &assertion, purpose, now);
    let signer = examined.signer.and(client);
    let mut findings = examined.findings;
    if let (Some(client), Some(jti)) = (signer, &examined.jti) {
        let used = replay::is_used(app, client, jti).await?;
        findings.push(Finding { check: Check::Replay, problem: used.then_some(Problem::Replayed) });
    }
    if signer.is_none() && owner.is_none() {
        // As for a client that does not exist, so that not even its settings show.
        findings = examine_for(app, &snapshot, None, &name, &assertion, purpose, now).findings;
        findings.retain(|finding| finding.check != Check::Signature);
        for finding in findings.iter_mut().filter(|finding| finding.check == Check::Key) {
            finding.problem = Some(Problem::NotProved);
        }
    }
    Ok(Report { findings, signer, name })
}

fn answer(report: &Report, language: Language) -> HttpResponse {
    let check = |finding: &Finding| ValidationCheck {
        check: finding.check.as_str().to_owned(),
        passed: finding.problem.is_none(),
        problem: finding.problem.map(|problem| problem.text(language).to_owned()),
    };
    let proved = report.signer.is_some();
    let validation = Validation {
        valid: report.is_valid(),
        error: (!proved).then(|| "invalid_client".to_owned()),
        checks: report.findings.iter().map(check).collect(),
    };
    let mut answer = if proved { HttpResponse::Ok() } else { HttpResponse::Unauthorized() };
    let mut answer = answer.insert_header((CACHE_CONTROL, "no-store")).json(validation);
    answer.extensions_mut().insert(OwnDialect);
    answer
}
