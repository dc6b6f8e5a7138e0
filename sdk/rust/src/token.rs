//! Access tokens: found, fetched, kept and renewed in time, by one caller at a time.

use crate::error::ApiError;
use crate::retry::{Refusal, RetryPolicy, retry_after};
use oauth2::basic::{BasicClient, BasicTokenType};
use oauth2::{
    AuthType, ClientId, ClientSecret, EmptyExtraTokenFields, HttpRequest, HttpResponse, RequestTokenError,
    StandardTokenResponse, TokenResponse, TokenUrl,
};
use reqwest::Url;
use std::fmt;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, OnceCell};

/// A token is renewed this long before it expires, or earlier in the life of a short one.
const RENEWAL_MARGIN: Duration = Duration::from_secs(60);
/// What a token is taken to live when the server does not say.
const LIFETIME_UNSTATED: Duration = Duration::from_secs(300);

/// An access token to hand to other tools, for instance as DuckDB's bearer token.
#[derive(Clone)]
pub struct AccessToken {
    /// The token itself.
    pub secret: String,
    /// The scopes it carries.
    pub scopes: Vec<String>,
    /// How long it lived when it was fetched.
    pub lifetime: Duration,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("secret", &"…").field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

pub(crate) struct TokenSource {
    http: reqwest::Client,
    base: Url,
    client_id: ClientId,
    client_secret: ClientSecret,
    retry: RetryPolicy,
    endpoint: OnceCell<TokenUrl>,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    token: AccessToken,
    renew_at: Instant,
}

impl Kept {
    fn new(token: AccessToken, fetched_at: Instant) -> Self {
        let margin = RENEWAL_MARGIN.min(token.lifetime / 4);
        let renew_at = fetched_at + token.lifetime.saturating_sub(margin);
        Self { token, renew_at }
    }

    fn is_fresh(&self, now: Instant) -> bool {
        now < self.renew_at
    }
}

impl TokenSource {
    pub(crate) fn new(http: reqwest::Client, base: Url, id: String, secret: String, retry: RetryPolicy) -> Self {
        Self {
            http,
            base,
            client_id: ClientId::new(id),
            client_secret: ClientSecret::new(secret),
            retry,
            endpoint: OnceCell::new(),
            kept: Mutex::new(None),
        }
    }

    /// A token with some life left. Callers that come while one is being fetched wait for that one.
    pub(crate) async fn get(&self) -> Result<AccessToken, ApiError> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.is_fresh(Instant::now())) {
            return Ok(kept.token.clone());
        }
        let fetched_at = Instant::now();
        let token = self.fetch().await?;
        *kept = Some(Kept::new(token.clone(), fetched_at));
        Ok(token)
    }

    /// Drops the token that was refused, unless somebody has replaced it in the meantime.
    pub(crate) async fn forget(&self, refused: &AccessToken) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|kept| kept.token.secret == refused.secret) {
            *kept = None;
        }
    }

    async fn fetch(&self) -> Result<AccessToken, ApiError> {
        let endpoint = self.endpoint.get_or_try_init(|| self.discover()).await?;
        let client = BasicClient::new(self.client_id.clone())
            .set_client_secret(self.client_secret.clone())
            .set_auth_type(AuthType::BasicAuth)
            .set_token_uri(endpoint.clone());
        // Owned, because a future that borrows from the closure could not move between threads.
        let (http, retry) = (self.http.clone(), self.retry);
        let send = move |request| send(http.clone(), retry, request);
        let answer = client.exchange_client_credentials().request_async(&send).await.map_err(sign_in_error)?;
        Ok(access_token(&answer))
    }

    /// The token endpoint that the server's metadata names, or the usual place when there is no metadata.
    async fn discover(&self) -> Result<TokenUrl, ApiError> {
        let metadata = address(&self.base, &[".well-known", "oauth-authorization-server"])?;
        let response = self.http.get(metadata).send().await.map_err(ApiError::transport)?;
        let endpoint = match response.status().is_success() {
            true => named_endpoint(&response.bytes().await.map_err(ApiError::transport)?)?,
            false => address(&self.base, &["oauth2", "token"])?,
        };
        // The secret goes there: metadata must not be able to send it over an open line.
        if endpoint.scheme() != "https" && !is_loopback(&endpoint) && self.base.scheme() == "https" {
            let what = format!("the token endpoint {endpoint} is not https");
            return Err(ApiError::Unexpected { status: 200, what });
        }
        Ok(TokenUrl::from_url(endpoint))
    }
}

/// An address below the server's base address; the parts are escaped.
pub(crate) fn address(base: &Url, parts: &[&str]) -> Result<Url, ApiError> {
    let mut url = base.clone();
    match url.path_segments_mut() {
        Ok(mut segments) => segments.pop_if_empty().extend(parts),
        Err(()) => return Err(ApiError::Configuration(format!("{base} cannot be a server's address"))),
    };
    Ok(url)
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

async fn send(http: reqwest::Client, retry: RetryPolicy, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let request = reqwest::Request::try_from(request).map_err(ApiError::transport)?;
    let mut failed = 0;
    loop {
        let request = request.try_clone().ok_or_else(|| ApiError::Configuration("token request".to_owned()))?;
        let response = http.execute(request).await.map_err(ApiError::transport)?;
        let status = response.status();
        let asked = retry_after(response.headers());
        let body = response.bytes().await.map_err(ApiError::transport)?;
        let refusal = Refusal::parse(status, asked, &body);
        if status.is_success() || is_oauth_error(&body) && !refusal.is_temporary() {
            return Ok(answer(status, &body));
        }
        failed += 1;
        match retry.wait(failed, asked).filter(|_| refusal.is_temporary()) {
            Some(wait) => tokio::time::sleep(wait).await,
            None if is_oauth_error(&body) && asked.is_none() => return Ok(answer(status, &body)),
            None => return Err(refusal.into()),
        }
    }
}

fn named_endpoint(metadata: &[u8]) -> Result<Url, ApiError> {
    #[derive(serde::Deserialize)]
    struct Metadata {
        token_endpoint: Url,
    }
    let unexpected = |error| ApiError::Unexpected { status: 200, what: format!("the OAuth metadata: {error}") };
    Ok(serde_json::from_slice::<Metadata>(metadata).map_err(unexpected)?.token_endpoint)
}

fn is_oauth_error(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Marker {
        #[serde(rename = "error")]
        _error: String,
    }
    serde_json::from_slice::<Marker>(body).is_ok()
}

fn answer(status: reqwest::StatusCode, body: &[u8]) -> HttpResponse {
    let mut response = HttpResponse::new(body.to_vec());
    *response.status_mut() = status;
    response
}

fn access_token(answer: &StandardTokenResponse<EmptyExtraTokenFields, BasicTokenType>) -> AccessToken {
    AccessToken {
        secret: answer.access_token().secret().clone(),
        scopes: answer
            .scopes()
            .map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect())
            .unwrap_or_default(),
        lifetime: answer.expires_in().unwrap_or(LIFETIME_UNSTATED),
    }
}

fn sign_in_error(error: RequestTokenError<ApiError, oauth2::basic::BasicErrorResponse>) -> ApiError {
    match error {
        RequestTokenError::ServerResponse(answer) => ApiError::SignIn {
            error: answer.error().to_string(),
            description: answer.error_description().cloned().unwrap_or_else(|| "no description".to_owned()),
        },
        RequestTokenError::Request(error) => error,
        RequestTokenError::Parse(error, _) => {
            ApiError::Unexpected { status: 200, what: format!("the token endpoint's answer: {error}") }
        }
        RequestTokenError::Other(what) => ApiError::Unexpected { status: 200, what },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_a_minute_early_and_a_short_one_in_its_last_quarter() {
        let start = Instant::now();
        let fresh_after = |lifetime, after| {
            let token = AccessToken { secret: "t".into(), scopes: vec![], lifetime: Duration::from_secs(lifetime) };
            Kept::new(token, start).is_fresh(start + Duration::from_secs(after))
        };
        assert!(fresh_after(1_200, 1_139) && !fresh_after(1_200, 1_140));
        assert!(fresh_after(40, 29) && !fresh_after(40, 30));
        assert!(!fresh_after(0, 0));
    }

    #[test]
    fn a_printed_token_shows_nothing_of_itself() {
        let token =
            AccessToken { secret: "eyJsecret".into(), scopes: vec!["data.read".into()], lifetime: Duration::ZERO };
        assert!(!format!("{token:?}").contains("eyJ"));
    }
}
