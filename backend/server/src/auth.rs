//! Who asks: the token and, when it is bound to a key, the proof; and the types that say which scopes open a handler.

use crate::expiry::CredentialEnds;
use crate::fault::Fault;
use crate::oauth::dpop::{self, DPOP_NONCE, Expected, FreshNonce, InvalidProof, Thumbprint};
use crate::state::App;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use actix_web::{HttpMessage, HttpRequest, web};
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
        /// `synthetic.read`
        SyntheticRead = [SyntheticRead];
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

/// How a token is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// Whoever holds it may use it (RFC 6750).
    Bearer,
    /// With a proof of possession (RFC 9449).
    Dpop,
}

/// The caller of a request, whatever its token may be used for.
pub fn identify(request: &HttpRequest) -> Result<Caller, Fault> {
    let app = request.app_data::<web::Data<App>>().ok_or_else(|| Fault::internal("no application state"))?;
    let (scheme, token) = sent_token(request.headers(), request.query_string())?;
    let now = app.clock.now();
    let token_says = app.tokens.verify(token, now).map_err(|invalid| refused(scheme, &invalid.to_string()))?;
    if token_says.confirmation.is_some() || scheme == Scheme::Dpop {
        check_possession(request, app, scheme, token, token_says.confirmation)?;
    }
    if !token_says.audience.covers(request.path()) {
        return Err(refused(scheme, "The access token was issued for another resource of this server."));
    }
    let principal = token_says.principal;
    let snapshot = app.snapshots.present();
    let (_, organization) = snapshot.active_app(&principal, now)?;
    let organization = organization.id;
    let ends = snapshot.credentials.get(&principal.credential).and_then(|standing| standing.expires_at);
    request.extensions_mut().insert(CredentialEnds(ends));
    Ok(Caller { principal, organization })
}

/// A bound token comes with a proof by its key, made for this request; it is never taken without one.
fn check_possession(
    request: &HttpRequest,
    app: &App,
    scheme: Scheme,
    token: &str,
    confirmation: Option<Thumbprint>,
) -> Result<(), Fault> {
    let bound_to = match (scheme, confirmation) {
        (Scheme::Dpop, Some(bound_to)) => bound_to,
        (Scheme::Dpop, None) => {
            return Err(refused(Scheme::Dpop, "The access token is not bound to a key. Send it as Bearer."));
        }
        (Scheme::Bearer, _) => return Err(refused(Scheme::Dpop, InvalidProof::Missing.description())),
    };
    let now = app.clock.now();
    let expected = Expected { method: request.method(), path: request.path(), token: Some((token, bound_to)) };
    match app.dpop.verify(request.headers(), expected, now) {
        Ok(_) => {
            request.extensions_mut().insert(app.dpop.nonce(now));
            Ok(())
        }
        Err(InvalidProof::Nonce) => {
            let fault = unproven("use_dpop_nonce", InvalidProof::Nonce);
            let FreshNonce(nonce) = app.dpop.nonce(now);
            Err(match HeaderValue::from_str(&nonce) {
                Ok(nonce) => fault.header(DPOP_NONCE, nonce),
                Err(_) => fault,
            })
        }
        Err(invalid) => Err(unproven("invalid_dpop_proof", invalid)),
    }
}

/// The fault of a caller whose token carries none of the scopes.
pub fn lacks(caller: &Caller, scopes: &[Scope]) -> Option<Fault> {
    if scopes.iter().any(|scope| caller.principal.scopes.contains(*scope)) {
        return None;
    }
    Some(scopes.first().map_or_else(Fault::not_found, |scope| insufficient_scope(*scope)))
}

/// The token of a request. Only the header counts: a token in the address would end in logs.
fn sent_token<'r>(headers: &'r HeaderMap, query: &str) -> Result<(Scheme, &'r str), Fault> {
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
    let scheme = match scheme {
        bearer if bearer.eq_ignore_ascii_case("bearer") => Scheme::Bearer,
        dpop if dpop.eq_ignore_ascii_case("dpop") => Scheme::Dpop,
        _ => return Err(missing()),
    };
    if token.is_empty() || token.contains(' ') { Err(missing()) } else { Ok((scheme, token)) }
}

/// No valid token, in the words of the scheme it was sent with.
fn refused(scheme: Scheme, reason: &str) -> Fault {
    match scheme {
        Scheme::Bearer => unauthenticated(reason),
        Scheme::Dpop => challenged(reason, &dpop_challenge("invalid_token")),
    }
}

/// No valid proof.
fn unproven(error: &str, invalid: InvalidProof) -> Fault {
    challenged(invalid.description(), &dpop_challenge(error))
}

fn dpop_challenge(error: &str) -> String {
    let algorithms = dpop::algorithm_names().join(" ");
    format!(
        "DPoP error=\"{error}\", algs=\"{algorithms}\", resource_metadata=\"/.well-known/oauth-protected-resource\""
    )
}

fn challenged(reason: &str, challenge: &str) -> Fault {
    let fault = Fault::new(Code::Unauthenticated, reason, format!("유효한 액세스 토큰이 필요합니다. ({reason})"));
    match HeaderValue::from_str(challenge) {
        Ok(challenge) => fault.header(WWW_AUTHENTICATE, challenge),
        Err(_) => fault,
    }
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
