//! The permission to enter a page, in the handler's signature: [`Visitor`] for anyone, [`Desk`] for members by role.

use super::page::Page;
use super::session::{self, SignedIn, StepUp};
use crate::call::Call;
use crate::fault::Fault;
use crate::record;
use crate::state::App;
use actix_web::dev::Payload;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};
use futures_util::future::LocalBoxFuture;
use mudeung_core::member::Role;
use mudeung_core::request::permission::Act;
use mudeung_store::{Conn, StoreError};
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::problem::Code;
use std::marker::PhantomData;

/// The roles of which a member needs at least one; any role when there are none.
pub(crate) trait Roles: 'static {
    /// The roles.
    const ROLES: &'static [Role];
    /// Whether the member must have proved who they are in the last minutes.
    const STEP_UP: bool;
}

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = [$($role:ident),*], $step_up:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name;
        impl Roles for $name {
            const ROLES: &'static [Role] = &[$(Role::$role),*];
            const STEP_UP: bool = $step_up;
        }
    )*};
}

roles! {
    /// Everybody who can sign in.
    Anyone = [], false;
    /// A company's developer.
    Developers = [Developer], false;
    /// Those who look after apps: the company's developers, and the hospital's admin for all of them.
    AppKeepers = [Developer, Admin], false;
    /// Those who put versions into service.
    Stewards = [Steward, Admin], false;
    /// Those who say who the members of an organization are.
    Leaders = [Representative, Admin], false;
    /// Those who read the whole ledger.
    Auditors = [Auditor, Admin], false;
    /// Those who watch over access in emergencies.
    Watchers = [Auditor, Admin], false;
    /// Those who examine the ledger and sign for it.
    Examiners = [Auditor], false;
    /// Those who report for a company on its grants.
    Reporters = [Representative, Developer], false;
    /// Those who know of incidents, or should.
    IncidentReaders = [Representative, Developer, Steward, Reviewer, Auditor, Admin], false;
    /// Those who know of results that are to leave.
    ResultReaders = [Representative, Developer, Steward, Reviewer, Auditor, Admin], false;
    /// Those whose offices may have a say in exports.
    Releasers = [Steward, Reviewer, Auditor, Admin], false;
    /// Those whose offices may have a say in exports, at it.
    FreshReleasers = [Steward, Reviewer, Auditor, Admin], true;
    /// Those who run the sandbox.
    Admins = [Admin], false;
    /// Those who may read how the board decided.
    Minutes = [Reviewer, External, Auditor, Admin], false;
    /// Everybody who can sign in, at something grave.
    FreshAnyone = [], true;
    /// A company's developer who is about to see a secret, or to register a key.
    FreshDevelopers = [Developer], true;
    /// Those who look after apps, about to stop something or to change what protects them.
    FreshAppKeepers = [Developer, Admin], true;
    /// Those who put versions into service, about to do it.
    FreshStewards = [Steward, Admin], true;
    /// Those who say who the members of an organization are, about to say it.
    FreshLeaders = [Representative, Admin], true;
    /// Those who examine the ledger, about to sign for it.
    FreshExaminers = [Auditor], true;
    /// Those who watch over access in emergencies, about to say what they found.
    FreshWatchers = [Auditor, Admin], true;
    /// Those who sign for a company, at it.
    FreshSigners = [Representative, Developer], true;
    /// Those who run the sandbox, at something grave.
    FreshAdmins = [Admin], true;
}

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident = $act:ident, $step_up:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name;
        impl Roles for $name {
            const ROLES: &'static [Role] = Act::$act.roles();
            const STEP_UP: bool = $step_up;
        }
    )*};
}

// What is done to access requests: the roles are those of the table of permissions.
acts! {
    /// Those who ask.
    Requesters = Submit, false;
    /// Those who check whether a request is complete.
    Checkers = Accept, false;
    /// Those who give the opinion of an office.
    Officers = SignOff, false;
    /// Those who vote.
    Voters = Vote, false;
    /// Those who write down what the board decided, at it.
    FreshDeciders = Approve, true;
    /// Those who write for the company.
    Askers = Message, false;
    /// Those who write for the hospital.
    Repliers = Reply, false;
    /// Those of the hospital who remark among themselves.
    Remarkers = Remark, false;
    /// Those who put files beside requests for the company.
    Attachers = Attach, false;
    /// Those who put files beside requests for the hospital.
    Enclosers = Enclose, false;
    /// Those who find a condition met, about to open a grant.
    FreshConfirmers = Confirm, true;
}

/// Anyone who looks at a public page.
pub(crate) struct Visitor {
    /// The shared state.
    pub(crate) app: web::Data<App>,
    /// The call.
    pub(crate) call: Call,
    /// The page's frame.
    pub(crate) page: Page,
    /// The member, when somebody is signed in.
    pub(crate) signed_in: Option<SignedIn>,
}

/// A member with one of the roles of `R`, at work.
pub(crate) struct Desk<R: Roles> {
    /// The shared state.
    pub(crate) app: web::Data<App>,
    /// The call.
    pub(crate) call: Call,
    /// The page's frame.
    pub(crate) page: Page,
    /// The member.
    pub(crate) signed_in: SignedIn,
    roles: PhantomData<R>,
}

/// Why a page was not entered.
#[derive(Debug)]
pub(crate) enum Shut {
    /// Nobody is signed in: go and do that, then come back.
    SignIn(String),
    /// The proof of who they are is too old: go and prove it again.
    StepUp(String),
    /// They must have a second factor first.
    Enrol(String),
    /// Any other reason.
    Fault(Fault),
}

impl FromRequest for Visitor {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (app, call) = parts(&request).await?;
            let signed_in = session::signed_in(&app, &request).await?;
            Ok(Self { page: Page::new(&request, &call, signed_in.as_ref()), app, call, signed_in })
        })
    }
}

impl<R: Roles> FromRequest for Desk<R> {
    type Error = Shut;
    type Future = LocalBoxFuture<'static, Result<Self, Shut>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (app, call) = parts(&request).await.map_err(Shut::Fault)?;
            let signed_in = session::signed_in(&app, &request).await.map_err(Shut::Fault)?;
            let page = Page::new(&request, &call, signed_in.as_ref());
            let Some(signed_in) = signed_in else { return Err(Shut::SignIn(page.sign_in_href())) };
            if !R::ROLES.is_empty() && !signed_in.has(R::ROLES) {
                return Err(Shut::Fault(role_missing()));
            }
            if R::STEP_UP {
                match signed_in.step_up(app.clock.now(), app.config.portal.require_totp) {
                    StepUp::Nothing => {}
                    StepUp::Prove => return Err(Shut::StepUp(page.step_up_href(&request))),
                    StepUp::Enrol => return Err(Shut::Enrol(page.at("/security?done=second-factor-needed"))),
                }
            }
            Ok(Self { app, call, page, signed_in, roles: PhantomData })
        })
    }
}

impl<R: Roles> Desk<R> {
    /// The start of an entry about what the member does.
    pub(crate) fn entry(&self, operation: &str) -> Entry {
        record::by_member(&self.app, &self.call, &self.signed_in.member, operation)
    }

    /// Makes a change: INTENT before, the change in one transaction, OUTCOME after, effective on this node at once.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        name: &'static str,
        intent: Entry,
        work: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Fault> {
        let detail = intent.detail.clone();
        let opened = record::open(&self.app, intent).await?;
        match self.app.db.tx(name, work).await {
            Ok(done) => {
                opened.close(Status::Completed, detail);
                if let Err(error) = self.app.snapshots.refresh().await {
                    tracing::warn!("a change is stored and will be effective when the database answers: {error}");
                }
                Ok(done)
            }
            Err(error) => {
                let fault = Fault::from(error);
                opened.close(Status::Denied, Some(fault.code.as_str().to_owned()));
                Err(fault)
            }
        }
    }

    /// Goes to a page with a notice of what was done.
    pub(crate) fn go(&self, path: &str, done: &str) -> HttpResponse {
        see_other(&format!("{}?done={done}", self.page.at(path)))
    }
}

/// Sends the browser to another page of ours.
pub(crate) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, location)).insert_header((CACHE_CONTROL, "no-store")).finish()
}

async fn parts(request: &HttpRequest) -> Result<(web::Data<App>, Call), Fault> {
    let app = request.app_data::<web::Data<App>>().cloned().ok_or_else(|| Fault::internal("no application state"))?;
    let call = Call::extract(request).await?;
    Ok((app, call))
}

fn role_missing() -> Fault {
    Fault::new(
        Code::RoleMissing,
        "Your role does not open this page. Ask the hospital's operator if it should.",
        "이 화면을 볼 수 있는 역할이 아닙니다. 필요하면 병원 운영자에게 문의하세요.",
    )
}

impl std::fmt::Display for Shut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SignIn(_) => f.write_str("nobody is signed in"),
            Self::StepUp(_) => f.write_str("the member must prove again who they are"),
            Self::Enrol(_) => f.write_str("the member must have a second factor"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl ResponseError for Shut {
    fn status_code(&self) -> actix_web::http::StatusCode {
        match self {
            Self::SignIn(_) | Self::StepUp(_) | Self::Enrol(_) => actix_web::http::StatusCode::SEE_OTHER,
            Self::Fault(fault) => fault.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::SignIn(location) | Self::StepUp(location) | Self::Enrol(location) => see_other(location),
            Self::Fault(fault) => fault.error_response(),
        }
    }
}
