//! Errors of the token endpoint, in the dialect of RFC 6749 section 5.2.

use crate::call::OwnDialect;
use crate::fault::Fault;
use crate::oauth::dpop::{DPOP_NONCE, FreshNonce, InvalidProof};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use mudeung_wire::api::OAuthError;
use mudeung_wire::problem::{Code, PROBLEM_BASE};
use std::time::Duration;

/// A request for a token that is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    error: &'static str,
    /// ASCII, as the RFC demands.
    description: &'static str,
    challenge: bool,
    retry_in: Option<Duration>,
    headers: Vec<(HeaderName, HeaderValue)>,
    uri: Option<String>,
}

impl Refusal {
    const fn new(status: StatusCode, error: &'static str, description: &'static str) -> Self {
        Self { status, error, description, challenge: false, retry_in: None, headers: Vec::new(), uri: None }
    }

    /// The request itself is wrong.
    pub(crate) const fn invalid_request(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// Who asks did not prove who it is. One answer for every reason, so that nothing is learned from it. A challenge
    /// is sent exactly when the `Authorization` header was used.
    pub(crate) fn invalid_client(by_header: bool) -> Self {
        let description = "Unknown client_id, or a secret or assertion that is wrong, expired or revoked, or an app \
                           that is not active.";
        let refusal = Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description);
        Self { challenge: by_header, ..refusal }
    }

    /// An assertion that the client signed, and what is wrong with it all the same.
    pub(crate) fn wrong_assertion(description: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description)
    }

    /// So many assertions are remembered that another would be one too many.
    pub(crate) fn too_many_assertions() -> Self {
        let description =
            "Too many assertions are in use. Let them live shorter, keep tokens until they expire, and wait.";
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", description);
        Self { retry_in: Some(Duration::from_secs(60)), ..refusal }
    }

    /// A grant type there is none of.
    pub(crate) const fn unsupported_grant_type() -> Self {
        let description = "This grant_type is not served here; see grant_types_supported in the metadata.";
        Self::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", description)
    }

    /// None of the scopes asked for can be given.
    pub(crate) const fn invalid_scope() -> Self {
        let description = "None of the requested scopes is granted to the app. Omit scope to get all that are.";
        Self::new(StatusCode::BAD_REQUEST, "invalid_scope", description)
    }

    /// A device code or refresh token that opens nothing.
    pub(crate) const fn invalid_grant(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", description)
    }

    /// The member has not said anything to the device yet.
    pub(crate) const fn authorization_pending() -> Self {
        let description = "Nobody has confirmed the code yet. Ask again after the interval.";
        Self::new(StatusCode::BAD_REQUEST, "authorization_pending", description)
    }

    /// The device asks more often than it was told to.
    pub(crate) const fn slow_down() -> Self {
        let description = "Asked too early. The interval is 5 seconds longer from now on.";
        Self::new(StatusCode::BAD_REQUEST, "slow_down", description)
    }

    /// Nobody confirmed the code in time.
    pub(crate) const fn expired_token() -> Self {
        let description = "The device code has expired. Begin anew.";
        Self::new(StatusCode::BAD_REQUEST, "expired_token", description)
    }

    /// The member said no.
    pub(crate) const fn access_denied() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "access_denied", "The member refused.")
    }

    /// A registration without a token that allows it. One answer for every reason, so that nothing is learned from it.
    pub(crate) fn invalid_token() -> Self {
        let description = "The registration token is missing, wrong, used up, expired or revoked.";
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        let headers = vec![(WWW_AUTHENTICATE, challenge)];
        Self { headers, ..Self::new(StatusCode::UNAUTHORIZED, "invalid_token", description) }
    }

    /// Metadata of a client that cannot be taken.
    pub(crate) const fn invalid_client_metadata(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_client_metadata", description)
    }

    /// A statement about a client that nobody here can check.
    pub(crate) const fn unapproved_software_statement() -> Self {
        let description = "Software statements are not taken. Send the metadata itself.";
        Self::new(StatusCode::BAD_REQUEST, "unapproved_software_statement", description)
    }

    /// A token for some other resource.
    pub(crate) const fn invalid_target() -> Self {
        let description =
            "A token is for one resource of this server; see resource in /.well-known/oauth-protected-resource.";
        Self::new(StatusCode::BAD_REQUEST, "invalid_target", description)
    }

    /// A proof of possession that proves nothing.
    pub(crate) fn invalid_dpop_proof(invalid: InvalidProof) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_dpop_proof", invalid.description())
    }

    /// A proof of possession that lacks the nonce.
    pub(crate) fn use_dpop_nonce(FreshNonce(nonce): FreshNonce) -> Self {
        let description = InvalidProof::Nonce.description();
        let refusal = Self::new(StatusCode::BAD_REQUEST, "use_dpop_nonce", description);
        let headers = HeaderValue::from_str(&nonce).ok().map(|nonce| (DPOP_NONCE, nonce));
        Self { headers: headers.into_iter().collect(), ..refusal }
    }

    /// A kind of token that cannot be revoked here.
    pub(crate) const fn unsupported_token_type() -> Self {
        let description = "Only access tokens can be revoked here.";
        Self::new(StatusCode::BAD_REQUEST, "unsupported_token_type", description)
    }

    /// So many tokens were revoked one by one that no more are remembered.
    pub(crate) fn too_many_revoked() -> Self {
        let description = "Too many tokens of this app are revoked one by one. Revoke the credential instead, or wait as Retry-After says.";
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", description);
        Self { retry_in: Some(Duration::from_secs(60)), ..refusal }
    }

    /// The organization has not signed the agreement in force. The address explains what to do.
    pub(crate) fn agreement_superseded(public_url: &str) -> Self {
        let description =
            "The data use agreement has a newer version. Tokens are issued again once the organization has signed it.";
        let refusal = Self::new(StatusCode::BAD_REQUEST, "unauthorized_client", description);
        let uri = format!("{public_url}{PROBLEM_BASE}{}", Code::AgreementSuperseded.as_str());
        Self { uri: Some(uri), ..refusal }
    }

    /// Too often.
    pub(crate) fn too_often(retry_in: Duration) -> Self {
        let description = "Too many requests. Keep a token until it expires, and wait as Retry-After says.";
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", description);
        Self { retry_in: Some(retry_in), ..refusal }
    }

    /// The server cannot do it now; for instance because the ledger cannot record it.
    pub(crate) fn unavailable() -> Self {
        let description = "The server cannot do this at the moment. Try again later.";
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", description);
        Self { retry_in: Some(Duration::from_secs(1)), ..refusal }
    }

    /// What failed before the endpoint saw it.
    pub(crate) fn framework(fault: &Fault) -> Self {
        let status = fault.status();
        let description = match fault.code {
            Code::MethodNotAllowed => "Only POST is served here.",
            Code::NotFound => "There is no such endpoint.",
            Code::HttpsRequired => {
                "This endpoint is served over https alone. What was sent has travelled in the open: replace it."
            }
            Code::TooLarge => "The body is larger than allowed.",
            Code::RequestTimeout => "The body did not arrive in time.",
            Code::Internal => "The server failed.",
            Code::Unprocessable => "The Idempotency-Key was used for another request. Take a new key for each.",
            Code::Conflict => {
                "A request with this Idempotency-Key came before, and its answer is not known (yet). Ask again in a moment; \
                 after a minute see whether the client is there, and if not use a new key."
            }
            Code::InvalidParameter => "Idempotency-Key must be one key of 1 to 255 visible ASCII characters.",
            Code::ServicePaused => "The service is paused by its operator. Try again later.",
            _ => "The request cannot be read.",
        };
        let error = if fault.code == Code::ServicePaused {
            "temporarily_unavailable"
        } else if status.is_server_error() {
            "server_error"
        } else {
            "invalid_request"
        };
        Self { headers: fault.headers.clone(), ..Self::new(status, error, description) }
    }

    /// Whether every client meets it on its way: being told a nonce is no failure.
    pub(crate) fn is_part_of_the_protocol(&self) -> bool {
        self.error == "use_dpop_nonce"
    }

    /// The code, for the ledger.
    pub(crate) const fn error(&self) -> &'static str {
        self.error
    }

    /// The answer.
    pub(crate) fn answer(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        answer.insert_header((CACHE_CONTROL, "no-store")).insert_header((PRAGMA, "no-cache"));
        if self.challenge {
            answer.insert_header((WWW_AUTHENTICATE, "Basic realm=\"oauth2\", charset=\"UTF-8\""));
        }
        if let Some(wait) = self.retry_in {
            answer.insert_header((RETRY_AFTER, seconds_up(wait)));
        }
        for (name, value) in &self.headers {
            answer.append_header((name.clone(), value.clone()));
        }
        let mut answer = answer.json(OAuthError {
            error: self.error.to_owned(),
            error_description: self.description.to_owned(),
            error_uri: self.uri.clone(),
        });
        answer.extensions_mut().insert(OwnDialect);
        answer
    }
}

/// Whole seconds, rounded up, so that who waits as long as told is not told again.
fn seconds_up(wait: Duration) -> u64 {
    let rest = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(rest).max(1)
}
