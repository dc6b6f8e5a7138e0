//! Who asks: the bearer token, and the types that say which scopes open a handler.

use crate::fault::Fault;
use crate::state::App;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, web};
use mudeung_core::id::OrganizationId;
use mudeung_core::policy::Principal;
use mudeung_core::scope::Scope;
use mudeung_wire::problem::Code;

/// The scopes of which a token needs at least one to enter a handler.
pub trait AnyOf: 'static {
    /// The scopes.
    const SCOPES: &'static [Scope];
}

/// Markers for [`crate::data::visit::Visit`]: one for each scope that opens handlers.
pub mod scope {
    use super::{AnyOf, Scope};

    macro_rules! markers {
        ($($(#[$doc:meta])* $name:ident = [$($scope:ident),+];)*) => {$(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
            impl AnyOf for $name {
                const SCOPES: &'static [Scope] = &[$(Scope::$scope),+];
            }
        )*};
    }

    markers! {
        /// `catalog.read`
        CatalogRead = [CatalogRead];
        /// `data.read` or `synthetic.read`; which one it must be depends on the tier and is for `decide` to say.
        AnyRead = [DataRead, SyntheticRead];
        /// `query.run`
        QueryRun = [QueryRun];
        /// `usage.read`
        UsageRead = [UsageRead];
        /// `receipts.read`
        ReceiptsRead = [ReceiptsRead];
        /// `admin.ledger`
        AdminLedger = [AdminLedger];
    }
}

/// Who asks, verified: the token is genuine, unexpired, and app, organization and credential were active just now.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What the token says.
    pub principal: Principal,
    /// The organization that answers for the app.
    pub organization: OrganizationId,
}

/// The caller of a request, whatever its token may be used for.
pub fn identify(request: &HttpRequest) -> Result<Caller, Fault> {
    let app = request.app_data::<web::Data<App>>().ok_or_else(|| Fault::internal("no application state"))?;
    let token = bearer(request.headers(), request.query_string())?;
    let now = app.clock.now();
    let principal = app.tokens.verify(token, now).map_err(|invalid| unauthenticated(&invalid.to_string()))?;
    let snapshot = app.snapshots.present();
    let (_, organization) = snapshot.active_app(&principal, now)?;
    let organization = organization.id;
    Ok(Caller { principal, organization })
}

/// The fault of a caller whose token carries none of the scopes.
pub fn lacks(caller: &Caller, scopes: &[Scope]) -> Option<Fault> {
    if scopes.iter().any(|scope| caller.principal.scopes.contains(*scope)) {
        return None;
    }
    Some(scopes.first().map_or_else(Fault::not_found, |scope| insufficient_scope(*scope)))
}

/// The bearer token of a request. Only the header counts: a token in the address would end in logs.
fn bearer<'r>(headers: &'r HeaderMap, query: &str) -> Result<&'r str, Fault> {
    if query.split('&').any(|pair| pair.split('=').next() == Some("access_token")) {
        return Err(Fault::new(
            Code::BadRequest,
            "Send the access token in the Authorization header, never in the address.",
            "액세스 토큰은 주소가 아니라 Authorization 헤더로 보내세요.",
        ));
    }
    let mut values = headers.get_all(AUTHORIZATION);
    let missing = || unauthenticated("Send `Authorization: Bearer <access token>`; get one from POST /oauth2/token.");
    let value = values.next().ok_or_else(missing)?;
    if values.next().is_some() {
        return Err(Fault::new(
            Code::BadRequest,
            "Send one Authorization header, not several.",
            "Authorization 헤더는 하나만 보내세요.",
        ));
    }
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    let plain = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ');
    if plain { Ok(token) } else { Err(missing()) }
}

/// No valid token.
pub fn unauthenticated(reason: &str) -> Fault {
    let challenge = HeaderValue::from_static(
        "Bearer error=\"invalid_token\", resource_metadata=\"/.well-known/oauth-protected-resource\"",
    );
    Fault::new(Code::Unauthenticated, reason, format!("유효한 액세스 토큰이 필요합니다. ({reason})"))
        .header(WWW_AUTHENTICATE, challenge)
}

/// A valid token that lacks a scope.
pub fn insufficient_scope(scope: Scope) -> Fault {
    let scope = scope.as_str();
    let fault = Fault::new(
        Code::InsufficientScope,
        format!("The access token lacks the scope {scope}. Request a token with it."),
        format!("액세스 토큰에 {scope} 권한 범위가 없습니다. 해당 범위로 토큰을 다시 발급받으세요."),
    );
    match HeaderValue::from_str(&format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"")) {
        Ok(challenge) => fault.header(WWW_AUTHENTICATE, challenge),
        Err(_) => fault,
    }
}
