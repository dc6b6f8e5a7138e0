//! Access tokens: found, fetched, kept and renewed in time, by one caller at a time.

use crate::device::RefreshTokens;
use crate::dpop::{DPOP, NONCES_MAX, ProofKey, USE_NONCE};
use crate::error::ApiError;
use crate::key::PrivateKey;
use crate::retry::{Refusal, RetryPolicy, retry_after};
use oauth2::basic::{BasicClient, BasicTokenType};
use oauth2::{
    AuthType, ClientId, ClientSecret, EmptyExtraTokenFields, ErrorResponseType, HttpRequest, HttpResponse,
    RefreshToken, RequestTokenError, StandardErrorResponse, StandardTokenResponse, TokenResponse, TokenUrl,
};
use reqwest::Url;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, OnceCell};

/// A token is renewed this long before it expires, or earlier in the life of a short one.
const RENEWAL_MARGIN: Duration = Duration::from_secs(60);
/// How an assertion is announced (RFC 7523).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
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
    proof: Proof,
    /// The key that tokens are bound to.
    dpop: Option<Arc<ProofKey>>,
    retry: RetryPolicy,
    endpoint: OnceCell<Endpoints>,
    kept: Mutex<Option<Kept>>,
}

/// What a token is fetched with.
#[derive(Clone)]
pub(crate) enum Proof {
    /// The id and the secret of an app.
    Secret(ClientId, ClientSecret),
    /// The id and the private key of an app.
    Key(ClientId, Arc<PrivateKey>),
    /// The refresh token of a device that a member signed in.
    Device(Arc<dyn RefreshTokens>),
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
    pub(crate) fn new(
        http: reqwest::Client,
        base: Url,
        proof: Proof,
        dpop: Option<Arc<ProofKey>>,
        retry: RetryPolicy,
    ) -> Self {
        Self { http, base, proof, dpop, retry, endpoint: OnceCell::new(), kept: Mutex::new(None) }
    }

    /// The key that tokens are bound to, when they are.
    pub(crate) fn dpop(&self) -> Option<&ProofKey> {
        self.dpop.as_deref()
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
        let mut nonces = 0;
        loop {
            match self.fetch_once().await {
                // Asked anew from the start, because an assertion is good for one request.
                Err(ApiError::SignIn { error, .. }) if error == USE_NONCE && nonces < NONCES_MAX => nonces += 1,
                other => return other,
            }
        }
    }

    async fn fetch_once(&self) -> Result<AccessToken, ApiError> {
        let found = self.endpoint.get_or_try_init(|| discover(&self.http, &self.base)).await?;
        let endpoint = TokenUrl::from_url(found.token_endpoint.clone());
        // Owned, because a future that borrows from the closure could not move between threads.
        let (http, retry, dpop) = (self.http.clone(), self.retry, self.dpop.clone());
        let send = move |request| send(http.clone(), retry, dpop.clone(), request);
        match &self.proof {
            Proof::Secret(id, secret) => {
                let client = BasicClient::new(id.clone())
                    .set_client_secret(secret.clone())
                    .set_auth_type(AuthType::BasicAuth)
                    .set_token_uri(endpoint.clone());
                let answer = client.exchange_client_credentials().request_async(&send).await.map_err(sign_in_error)?;
                self.taken(&answer)
            }
            Proof::Key(id, key) => {
                let issuer =
                    found.issuer.clone().unwrap_or_else(|| self.base.as_str().trim_end_matches('/').to_owned());
                let assertion = key.assertion(id.as_str(), &issuer)?;
                let client =
                    BasicClient::new(id.clone()).set_auth_type(AuthType::RequestBody).set_token_uri(endpoint.clone());
                let asked = client
                    .exchange_client_credentials()
                    .add_extra_param("client_assertion_type", ASSERTION_TYPE)
                    .add_extra_param("client_assertion", assertion);
                self.taken(&asked.request_async(&send).await.map_err(sign_in_error)?)
            }
            Proof::Device(tokens) => {
                // Each refresh token is good once: nobody else may use this one until the next is kept.
                let taken = Arc::clone(tokens);
                let taken = tokio::task::spawn_blocking(move || taken.take()).await;
                let (present, _lock) = taken.map_err(|error| ApiError::Configuration(error.to_string()))??;
                let client = BasicClient::new(ClientId::new(crate::device::CLIENT_ID.to_owned()))
                    .set_auth_type(AuthType::RequestBody)
                    .set_token_uri(endpoint.clone());
                let present = RefreshToken::new(present);
                let answer = client.exchange_refresh_token(&present).request_async(&send).await;
                let answer = answer.map_err(sign_in_error)?;
                if let Some(next) = answer.refresh_token() {
                    tokens.put(next.secret())?;
                }
                Ok(access_token(&answer))
            }
        }
    }
}

impl TokenSource {
    /// The token of an answer, bound if it was to be.
    fn taken(&self, answer: &Answer) -> Result<AccessToken, ApiError> {
        if self.dpop.is_some() && !answer.token_type().as_ref().eq_ignore_ascii_case("dpop") {
            let what = "the server gave a token that is not bound to the key: it does not know DPoP".to_owned();
            return Err(ApiError::Unexpected { status: 200, what });
        }
        Ok(access_token(answer))
    }
}

/// The addresses of the authorization server.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Endpoints {
    #[serde(default)]
    pub(crate) issuer: Option<String>,
    pub(crate) token_endpoint: Url,
    #[serde(default)]
    pub(crate) device_authorization_endpoint: Option<Url>,
    #[serde(default)]
    pub(crate) revocation_endpoint: Option<Url>,
}

/// The addresses that the server's metadata names, or the usual one of tokens when there is no metadata.
pub(crate) async fn discover(http: &reqwest::Client, base: &Url) -> Result<Endpoints, ApiError> {
    let metadata = address(base, &[".well-known", "oauth-authorization-server"])?;
    let response = http.get(metadata).send().await.map_err(ApiError::transport)?;
    let found = match response.status().is_success() {
        true => {
            let unexpected = |error| ApiError::Unexpected { status: 200, what: format!("the OAuth metadata: {error}") };
            let body = response.bytes().await.map_err(ApiError::transport)?;
            serde_json::from_slice::<Endpoints>(&body).map_err(unexpected)?
        }
        false => Endpoints {
            issuer: None,
            token_endpoint: address(base, &["oauth2", "token"])?,
            device_authorization_endpoint: None,
            revocation_endpoint: None,
        },
    };
    // Secrets go there: metadata must not be able to send them over an open line.
    let all =
        [Some(&found.token_endpoint), found.device_authorization_endpoint.as_ref(), found.revocation_endpoint.as_ref()];
    let open = |url: &&Url| url.scheme() != "https" && !is_loopback(url) && base.scheme() == "https";
    if let Some(endpoint) = all.into_iter().flatten().find(open) {
        return Err(ApiError::Unexpected { status: 200, what: format!("the endpoint {endpoint} is not https") });
    }
    Ok(found)
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

pub(crate) async fn send(
    http: reqwest::Client,
    retry: RetryPolicy,
    dpop: Option<Arc<ProofKey>>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let request = reqwest::Request::try_from(request).map_err(ApiError::transport)?;
    let mut failed = 0;
    loop {
        let mut request = request.try_clone().ok_or_else(|| ApiError::Configuration("token request".to_owned()))?;
        if let Some(key) = &dpop {
            let proof = key.proof(request.method(), request.url(), None)?;
            request.headers_mut().insert(DPOP, proof);
        }
        let response = http.execute(request).await.map_err(ApiError::transport)?;
        if let Some(key) = &dpop {
            key.keep_nonce(response.url(), response.headers());
        }
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

type Answer = StandardTokenResponse<EmptyExtraTokenFields, BasicTokenType>;

pub(crate) fn access_token(answer: &Answer) -> AccessToken {
    AccessToken {
        secret: answer.access_token().secret().clone(),
        scopes: answer
            .scopes()
            .map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect())
            .unwrap_or_default(),
        lifetime: answer.expires_in().unwrap_or(LIFETIME_UNSTATED),
    }
}

pub(crate) fn sign_in_error<T>(error: RequestTokenError<ApiError, StandardErrorResponse<T>>) -> ApiError
where
    T: ErrorResponseType + fmt::Display + 'static,
{
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
