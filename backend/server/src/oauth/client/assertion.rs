//! Clients that prove themselves with a signed assertion (`private_key_jwt`), and the grant that is one.

use super::{Failure, Unproven, brake, fail};
use crate::call::{Call, Language};
use crate::oauth::assertion::problem::Problem;
use crate::oauth::assertion::{Compact, Examined, Expected, Invalid, Valid, examine};
use crate::oauth::form::Form;
use crate::oauth::refusal::Refusal;
use crate::oauth::replay::{self, NotAccepted};
use crate::oauth::tokens::Subject;
use crate::state::App;
use mudeung_core::app::ClientAuthentication;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::AppId;
use mudeung_core::policy::{ClientKey, Snapshot};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What an assertion is sent as; the registry has an error for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `client_assertion`.
    Authentication,
    /// `assertion` of the `jwt-bearer` grant, which may lack `sub`.
    Grant,
}

/// The client behind `client_assertion`.
pub(super) async fn authenticate(
    app: &App,
    call: &Call,
    operation: &'static str,
    form: &Form,
    now: Timestamp,
) -> Result<Subject, Refusal> {
    let text = match (&form.client_assertion, form.client_assertion_type.as_deref()) {
        (Some(text), Some(ASSERTION_TYPE)) => text.expose(),
        _ => {
            app.oauth.count_refusal("invalid_request");
            return Err(Refusal::invalid_request(
                "Send client_assertion with client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
            ));
        }
    };
    let assertion = Compact::parse(text);
    let offered = Offered { app, call, operation, purpose: Purpose::Authentication, now };
    offered.accept(assertion.as_ref(), form).await
}

/// The client behind `assertion` of the `jwt-bearer` grant.
pub(super) async fn authenticate_by_grant(
    app: &App,
    call: &Call,
    operation: &'static str,
    form: &mut Form,
    now: Timestamp,
) -> Result<Subject, Refusal> {
    let Some(text) = &form.assertion else {
        return Err(Refusal::invalid_request("assertion is missing from the body."));
    };
    let assertion = Compact::parse(text.expose());
    let offered = Offered { app, call, operation, purpose: Purpose::Grant, now };
    let subject = offered.accept(assertion.as_ref(), form).await?;
    let claim = |name: &str| assertion.as_ref().and_then(|assertion| assertion.text(name)).map(str::to_owned);
    form.scope = form.scope.take().or_else(|| claim("scope")).filter(|scope| !scope.is_empty());
    if form.resources.is_empty() {
        form.resources.extend(claim("resource"));
    }
    Ok(subject)
}

/// An assertion on its way to be accepted.
struct Offered<'o> {
    app: &'o App,
    call: &'o Call,
    operation: &'static str,
    purpose: Purpose,
    now: Timestamp,
}

impl Offered<'_> {
    async fn accept(&self, assertion: Option<&Compact>, form: &Form) -> Result<Subject, Refusal> {
        let issuer = assertion.and_then(Compact::issuer);
        if let (Some(stated), Some(issuer)) = (form.client_id.as_deref(), issuer)
            && stated != issuer
        {
            self.app.oauth.count_refusal("invalid_request");
            return Err(Refusal::invalid_request("The client_id in the body differs from iss of the assertion."));
        }
        let name = issuer.or(form.client_id.as_deref()).unwrap_or_default();
        let snapshot = self.app.snapshots.present();
        let client = AppId::parse(name).ok().filter(|id| snapshot.apps.contains_key(id));
        let unproven = Unproven { app: client, name: name.to_owned() };
        let verdict = match assertion {
            Some(assertion) => {
                examine_for(self.app, &snapshot, client, name, assertion, self.purpose, self.now).verdict()
            }
            None => Err(Invalid::Unsigned),
        };
        let valid = verdict.map_err(|invalid| self.refuse(&unproven, &invalid))?;
        let subject = client.and_then(|client| live(&snapshot, client, valid.signer, self.now));
        let subject = subject.ok_or_else(|| self.refuse(&unproven, &Invalid::Unsigned))?;
        brake(self.app, subject.app, self.now)?;
        self.consume(&unproven, &subject, &valid).await?;
        Ok(subject)
    }

    /// Only now, that everything else is right: nobody can use up what another has signed.
    async fn consume(&self, unproven: &Unproven, subject: &Subject, valid: &Valid) -> Result<(), Refusal> {
        match replay::consume(self.app, subject.app, valid).await {
            Ok(()) => Ok(()),
            Err(NotAccepted::Replayed) => Err(self.refuse(unproven, &Invalid::Signed(valid.signer, Problem::Replayed))),
            Err(NotAccepted::TooMany) => {
                self.app.oauth.count_refusal("too_many_assertions");
                Err(Refusal::too_many_assertions())
            }
            Err(NotAccepted::Unavailable) => Err(Refusal::unavailable()),
        }
    }

    fn refuse(&self, unproven: &Unproven, invalid: &Invalid) -> Refusal {
        let failure = match (invalid, self.purpose) {
            (Invalid::Unsigned, Purpose::Authentication) => Failure::of(Refusal::invalid_client(false)),
            (Invalid::Unsigned, Purpose::Grant) => Failure::of(Refusal::invalid_grant(UNSIGNED_GRANT)),
            (Invalid::Signed(_, problem), purpose) => {
                let text = problem.text(Language::En);
                let refusal = match purpose {
                    Purpose::Authentication => Refusal::wrong_assertion(text),
                    Purpose::Grant => Refusal::invalid_grant(text),
                };
                Failure { detail: format!("{}: {problem:?}", refusal.error()), refusal }
            }
        };
        fail(self.app, self.call, self.operation, unproven, failure, self.now)
    }
}

const UNSIGNED_GRANT: &str =
    "The assertion is not signed with a live key of an active app, or iss is not its client_id.";

/// Holds an assertion against a client's live keys and the rules of this server. Changes nothing.
pub(crate) fn examine_for(
    app: &App,
    snapshot: &Snapshot,
    client: Option<AppId>,
    name: &str,
    assertion: &Compact,
    purpose: Purpose,
    now: Timestamp,
) -> Examined {
    let registered = client.and_then(|client| Some((client, snapshot.keys.get(&client)?)));
    let keys: Vec<&ClientKey> = registered.map_or_else(Vec::new, |(client, keys)| {
        keys.iter().filter(|key| live(snapshot, client, key.credential, now).is_some()).collect()
    });
    let issuer = &app.config.http.public_url;
    let rules = client.and_then(|client| snapshot.apps.get(&client)).map(|client| &client.rules);
    let also = rules.is_some_and(|rules| rules.token_endpoint_audience).then(|| format!("{issuer}/oauth2/token"));
    let expected = Expected {
        client_id: name,
        keys: &keys,
        issuer,
        token_endpoint: also.as_deref(),
        subject_optional: purpose == Purpose::Grant,
        lifetime_seconds_max: i64::try_from(app.config.tokens.assertion_seconds_max).unwrap_or(i64::MAX),
        now,
    };
    examine(assertion, &expected)
}

fn live(
    snapshot: &Snapshot,
    client: AppId,
    credential: mudeung_core::id::CredentialId,
    now: Timestamp,
) -> Option<Subject> {
    super::subject(snapshot, client, credential, ClientAuthentication::PrivateKeyJwt, now)
}
