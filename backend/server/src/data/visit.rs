//! One governed request: its caller is known and within the rate; every decision it asks for is recorded.

use crate::auth::{AnyOf, Caller, identify, lacks};
use crate::call::Call;
use crate::data::budget::Account;
use crate::data::place::Place;
use crate::fault::Fault;
use crate::record;
use crate::state::App;
use actix_web::dev::Payload;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, HeaderName, VARY};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, web};
use futures_util::future::LocalBoxFuture;
use mudeung_core::policy::{Action, Permit, decide};
use mudeung_core::rate::Allowance;
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::problem::Code;
use serde::Serialize;
use std::marker::PhantomData;
use std::ops::Deref;

/// The header with the index of the entry that an answer stands on.
pub const RECEIPT: HeaderName = HeaderName::from_static("mudeung-receipt");

/// A governed request whose token carries one of the scopes of `S`.
pub struct Visit<S> {
    visitor: Visitor,
    scope: PhantomData<S>,
}

/// Who is here, and how.
pub struct Visitor {
    /// The shared state.
    pub app: web::Data<App>,
    /// The call.
    pub call: Call,
    /// Who asks.
    pub caller: Caller,
    /// What is left of the rate; nothing for signed addresses, which are not slowed.
    pub allowance: Option<Allowance>,
}

impl<S> Deref for Visit<S> {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl<S: AnyOf> FromRequest for Visit<S> {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visitor = identify(request).and_then(|caller| Visitor::admit(request, caller));
        let pattern = request.match_pattern().unwrap_or_default();
        Box::pin(async move {
            let visitor = visitor?;
            visitor.check_network(&pattern).await?;
            match lacks(&visitor.caller, S::SCOPES) {
                None => Ok(Self { visitor, scope: PhantomData }),
                Some(fault) => Err(visitor.turn_away(&pattern, fault).await),
            }
        })
    }
}

impl Visitor {
    /// A visitor whose request counts against the rate of its app.
    pub fn admit(request: &HttpRequest, caller: Caller) -> Result<Self, Fault> {
        let mut visitor = Self::unhurried(request, caller)?;
        let now = visitor.app.clock.now();
        visitor.allowance = Some(visitor.app.data.throttle.pass(visitor.caller.principal.app, now)?);
        Ok(visitor)
    }

    /// A visitor whose request does not count.
    pub fn unhurried(request: &HttpRequest, caller: Caller) -> Result<Self, Fault> {
        let app = request.app_data::<web::Data<App>>().cloned();
        let app = app.ok_or_else(|| Fault::internal("no application state"))?;
        let call = request.extensions().get::<Call>().cloned();
        let call = call.ok_or_else(|| Fault::internal("the call middleware is not mounted"))?;
        Ok(Self { app, call, caller, allowance: None })
    }

    /// Refuses, and records it, when the app may not come from here.
    pub async fn check_network(&self, pattern: &str) -> Result<(), Fault> {
        let admitted = {
            let snapshot = self.app.snapshots.present();
            let app = snapshot.apps.get(&self.caller.principal.app);
            app.is_some_and(|app| app.rules.admits(self.call.address))
        };
        if admitted { Ok(()) } else { Err(self.turn_away(pattern, network_not_allowed()).await) }
    }

    /// Decides, and records a refusal before it is answered.
    pub async fn decide(&self, operation: &str, action: Action, place: &Place) -> Result<Permit, Fault> {
        let decision = {
            let snapshot = self.app.snapshots.present();
            let resource = place.resource();
            resource.map(|resource| decide(&snapshot, &self.caller.principal, action, resource, self.app.clock.now()))
        };
        match decision {
            Some(Ok(permit)) => Ok(permit),
            Some(Err(denial)) => Err(self.refuse(operation, place, denial.into()).await),
            None => Err(self.refuse(operation, place, Fault::not_found()).await),
        }
    }

    /// Records a refusal and gives the fault back to answer with.
    pub async fn refuse(&self, operation: &str, place: &Place, fault: Fault) -> Fault {
        record::refuse(&self.app, place.name_in(self.entry(operation)), fault).await
    }

    /// Records that the visitor's token does not open the path at all.
    pub async fn turn_away(&self, pattern: &str, fault: Fault) -> Fault {
        let route = crate::route::table().find(|route| route.path == pattern);
        let operation = format!("access.{}", route.map_or("unknown", |route| route.operation));
        record::refuse(&self.app, self.entry(&operation), fault).await
    }

    /// The start of an entry about this visitor.
    pub fn entry(&self, operation: &str) -> Entry {
        record::entry_for(&self.app, &self.call, &self.caller, operation)
    }

    /// The start of an entry about what was permitted.
    pub fn entry_of(&self, operation: &str, permit: &Permit, columns: &[String]) -> Entry {
        record::with_permit(self.entry(operation), permit, columns)
    }

    /// Records that something was shown, and shows it.
    pub async fn show<T: Serialize>(&self, entry: Entry, view: &T) -> Result<HttpResponse, Fault> {
        let receipt = self.note(entry).await?;
        Ok(self.answer_noted(receipt).json(view))
    }

    /// Records that something is shown, before it is. Gives the entry's index.
    pub async fn note(&self, entry: Entry) -> Result<u64, Fault> {
        record::note(&self.app, entry, Status::Completed).await
    }

    /// An answer that stands on an entry.
    pub fn answer_noted(&self, receipt: u64) -> HttpResponseBuilder {
        let mut answer = self.answer(None);
        answer.insert_header((RECEIPT, receipt.to_string()));
        answer
    }

    /// Shows something of the caller's own, which leaves no entry.
    pub fn show_own<T: Serialize>(&self, view: &T) -> HttpResponse {
        self.answer(None).json(view)
    }

    /// An answer with the headers that every governed answer has.
    pub fn answer(&self, account: Option<&Account>) -> HttpResponseBuilder {
        let mut answer = HttpResponse::Ok();
        answer.insert_header((CONTENT_LANGUAGE, self.call.language.as_str()));
        answer.insert_header((VARY, "accept, accept-language, authorization"));
        self.limit_headers(&mut answer, account);
        answer
    }

    /// Adds the rate and budget headers, and forbids shared caches to keep the answer.
    pub fn limit_headers(&self, answer: &mut HttpResponseBuilder, account: Option<&Account>) {
        answer.insert_header((CACHE_CONTROL, "private, max-age=0"));
        if let Some(allowance) = self.allowance {
            for header in super::limits::headers(self.app.data.throttle.rate(), allowance, account) {
                answer.insert_header(header);
            }
        }
    }
}

fn network_not_allowed() -> Fault {
    Fault::new(
        Code::NetworkNotAllowed,
        "The app may not be used from this network. Its page in the portal lists the networks it may come from.",
        "이 앱은 지금의 네트워크에서 쓸 수 없습니다. 포털의 앱 화면에서 허용 네트워크를 확인하세요.",
    )
}
