//! The client: its settings, and how a call is signed, sent and repeated.

use crate::device::RefreshTokens;
use crate::download::Transfer;
use crate::dpop::{self, DPOP, NONCES_MAX, ProofKey};
use crate::error::ApiError;
use crate::key::PrivateKey;
use crate::receipts::Keeper;
use crate::retry::{Refusal, RetryPolicy};
use crate::token::{AccessToken, Proof, TokenSource, address, is_loopback};
use mudeung_wire::ledger::trust::Trust;
use oauth2::{ClientId, ClientSecret};
use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(120);
const REDIRECTS_MAX: usize = 5;

/// A connection to one sandbox with one credential. Cheap to clone; clones share the token and the connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    base: Url,
    http: reqwest::Client,
    tokens: TokenSource,
    retry: RetryPolicy,
    transfer: Transfer,
    keeper: Option<Keeper>,
    language: String,
}

/// The settings of a [`Client`].
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    base_url: String,
    credentials: Option<Credentials>,
    dpop: bool,
    retry: RetryPolicy,
    transfer: Transfer,
    receipts: Option<(PathBuf, Trust)>,
    language: String,
    plain_http: bool,
}

#[derive(Clone)]
enum Credentials {
    Secret { client_id: String, client_secret: String },
    Key { client_id: String, key: Arc<PrivateKey> },
    Device(Arc<dyn RefreshTokens>),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Secret { client_id, .. } => {
                f.debug_struct("Secret").field("client_id", client_id).finish_non_exhaustive()
            }
            Self::Key { client_id, key } => {
                f.debug_struct("Key").field("client_id", client_id).field("key", key).finish()
            }
            Self::Device(_) => f.write_str("Device"),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base_url", &self.shared.base.as_str()).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// The app's credential, as the portal shows it.
    #[must_use]
    pub fn credentials(mut self, client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        self.credentials =
            Some(Credentials::Secret { client_id: client_id.into(), client_secret: client_secret.into() });
        self
    }

    /// The app's private key, whose public half was registered in the portal. Only signatures are ever sent.
    #[must_use]
    pub fn private_key(mut self, client_id: impl Into<String>, key: PrivateKey) -> Self {
        self.credentials = Some(Credentials::Key { client_id: client_id.into(), key: Arc::new(key) });
        self
    }

    /// The refresh tokens of a device that a member signed in with a [`crate::DeviceLogin`].
    #[must_use]
    pub fn device(mut self, tokens: Arc<dyn RefreshTokens>) -> Self {
        self.credentials = Some(Credentials::Device(tokens));
        self
    }

    /// Binds tokens to a key that this client makes for itself and never writes down (DPoP, RFC 9449): each request
    /// carries a fresh proof by that key, and a token that leaks is of no use. Works with secrets and private keys; the
    /// tokens of a device cannot be bound.
    ///
    /// ```
    /// use mudeung_sdk::Client;
    /// let client = Client::builder("http://127.0.0.1:8080").credentials("app_1", "secret").dpop().build()?;
    /// # Ok::<(), mudeung_sdk::ApiError>(())
    /// ```
    #[must_use]
    pub fn dpop(mut self) -> Self {
        self.dpop = true;
        self
    }

    /// How patient the client is with a busy server; [`RetryPolicy::default`] unless told otherwise.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Over how many connections a large file comes; [`Transfer::default`] unless told otherwise.
    ///
    /// ```
    /// use mudeung_sdk::{Client, Transfer};
    /// let two = Transfer { connections: 2, ..Transfer::default() };
    /// let client = Client::builder("http://127.0.0.1:8080").credentials("app_1", "secret").transfer(two).build()?;
    /// # Ok::<(), mudeung_sdk::ApiError>(())
    /// ```
    #[must_use]
    pub fn transfer(mut self, transfer: Transfer) -> Self {
        self.transfer = transfer;
        self
    }

    /// Keeps the proof of every access in a folder, and checks each under the keys that [`crate::trust`] names. They are
    /// fetched beside the other calls; [`Client::receipts_kept`] waits for them. Once a proof does not hold, every call
    /// fails with [`ApiError::Receipt`]. The app needs the scope `receipts.read`.
    #[must_use]
    pub fn receipts(mut self, folder: impl Into<PathBuf>, trust: Trust) -> Self {
        self.receipts = Some((folder.into(), trust));
        self
    }

    /// The language of titles, dictionaries and problems: `en` (the default) or `ko`.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = language.into();
        self
    }

    /// Allows `http://` to other machines. Secret and data then travel in the clear: only for networks that are
    /// protected otherwise.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Checks the settings. Nothing is sent yet.
    pub fn build(self) -> Result<Client, ApiError> {
        let base = self.checked_base()?;
        let proof = match self.credentials {
            None => {
                return Err(ApiError::Configuration("a client id and a client secret are needed".to_owned()));
            }
            Some(Credentials::Secret { client_id, client_secret }) => {
                if client_id.is_empty() || client_secret.is_empty() {
                    let what = "the client id and the client secret must not be empty";
                    return Err(ApiError::Configuration(what.to_owned()));
                }
                Proof::Secret(ClientId::new(client_id), ClientSecret::new(client_secret))
            }
            Some(Credentials::Key { client_id, key }) => Proof::Key(ClientId::new(client_id), key),
            Some(Credentials::Device(_)) if self.dpop => {
                let what = "the tokens of a device cannot be bound to a key: sign in with a secret or a private key";
                return Err(ApiError::Configuration(what.to_owned()));
            }
            Some(Credentials::Device(tokens)) => Proof::Device(tokens),
        };
        let dpop = if self.dpop { Some(Arc::new(ProofKey::generate()?)) } else { None };
        let http = http_client(redirect::Policy::limited(REDIRECTS_MAX))?;
        // A redirect must not carry the secret to another place.
        let token_http = http_client(redirect::Policy::none())?;
        let tokens = TokenSource::new(token_http, base.clone(), proof, dpop, self.retry);
        let keeper = self.receipts.map(|(folder, trust)| Keeper::open(folder, trust)).transpose()?;
        let (retry, transfer, language) = (self.retry, self.transfer, self.language);
        Ok(Client { shared: Arc::new(Shared { base, http, tokens, retry, transfer, keeper, language }) })
    }

    fn checked_base(&self) -> Result<Url, ApiError> {
        checked_base(&self.base_url, self.plain_http)
    }
}

/// The address of a server that may be told secrets.
pub(crate) fn checked_base(text: &str, plain_http: bool) -> Result<Url, ApiError> {
    let wrong = |what: &str| ApiError::Configuration(format!("the server's address `{text}` {what}"));
    let base = Url::parse(text).map_err(|error| wrong(&format!("is not an address: {error}")))?;
    match base.scheme() {
        "https" => {}
        "http" if plain_http || is_loopback(&base) => {}
        "http" => return Err(wrong("is not https: the secret would travel in the clear")),
        _ => return Err(wrong("must start with https:// or http://")),
    }
    match base.query().is_some() || base.fragment().is_some() || !base.username().is_empty() {
        true => Err(wrong("must not have a query, a fragment or a user")),
        false => Ok(base),
    }
}

impl Client {
    /// Starts with the address of the sandbox, for instance `https://sandbox.example` or `http://127.0.0.1:8080`.
    ///
    /// ```
    /// use mudeung_sdk::Client;
    /// let client = Client::builder("http://127.0.0.1:8080").credentials("app_1", "secret").build()?;
    /// assert_eq!(client.base_url(), "http://127.0.0.1:8080/");
    /// assert!(Client::builder("http://example.com").credentials("app_1", "secret").build().is_err());
    /// # Ok::<(), mudeung_sdk::ApiError>(())
    /// ```
    pub fn builder(base_url: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            base_url: base_url.into(),
            credentials: None,
            dpop: false,
            retry: RetryPolicy::default(),
            transfer: Transfer::default(),
            receipts: None,
            language: "en".to_owned(),
            plain_http: false,
        }
    }

    /// The address of the sandbox.
    pub fn base_url(&self) -> &str {
        self.shared.base.as_str()
    }

    /// A token with some life left, for other tools. The client's own calls need none of this. One that is bound to
    /// this client's key ([`ClientBuilder::dpop`]) is of no use to other tools.
    pub async fn access_token(&self) -> Result<AccessToken, ApiError> {
        self.shared.tokens.get().await
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.shared.http
    }

    pub(crate) fn retry(&self) -> &RetryPolicy {
        &self.shared.retry
    }

    pub(crate) fn transfer(&self) -> Transfer {
        self.shared.transfer
    }

    pub(crate) fn keeper(&self) -> Option<&Keeper> {
        self.shared.keeper.as_ref()
    }

    pub(crate) fn address(&self, parts: &[&str]) -> Result<Url, ApiError> {
        address(&self.shared.base, parts)
    }

    pub(crate) async fn json<T: DeserializeOwned>(&self, url: Url) -> Result<T, ApiError> {
        self.read(&Call::get(url, "application/json")).await
    }

    /// The JSON that a call is answered with.
    pub(crate) async fn read<T: DeserializeOwned>(&self, call: &Call) -> Result<T, ApiError> {
        let response = self.send(call).await?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(ApiError::transport)?;
        serde_json::from_slice(&body).map_err(|error| ApiError::Unexpected { status, what: error.to_string() })
    }

    /// Sends a call until it succeeds, is refused for good, or the retry policy ends it.
    pub(crate) async fn send(&self, call: &Call) -> Result<Response, ApiError> {
        if let Some(broken) = self.keeper().and_then(Keeper::broken) {
            return Err(broken);
        }
        let (mut failed, mut nonces, mut renewed) = (0, 0, false);
        loop {
            let token = self.shared.tokens.get().await?;
            let response = match self.request(call, &token)?.send().await {
                Ok(response) => response,
                Err(error) => {
                    failed += 1;
                    match self.shared.retry.wait(failed, None).filter(|_| call.may_repeat(&error)) {
                        Some(wait) => tokio::time::sleep(wait).await,
                        None => return Err(ApiError::transport(error)),
                    }
                    continue;
                }
            };
            if let Some(key) = self.shared.tokens.dpop() {
                key.keep_nonce(response.url(), response.headers());
            }
            if response.status().is_success() {
                self.note_receipt(response.headers());
                return Ok(response);
            }
            let unauthorized = response.status() == StatusCode::UNAUTHORIZED;
            if unauthorized && nonces < NONCES_MAX && dpop::wants_nonce(response.headers()) {
                nonces += 1;
                continue;
            }
            if unauthorized && !renewed {
                renewed = true;
                self.shared.tokens.forget(&token).await;
                continue;
            }
            failed += 1;
            let refusal = Refusal::read(response).await;
            match self.shared.retry.wait(failed, refusal.retry_after).filter(|_| refusal.is_temporary()) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(refusal.into()),
            }
        }
    }

    fn request(&self, call: &Call, token: &AccessToken) -> Result<RequestBuilder, ApiError> {
        let mut request = self
            .shared
            .http
            .request(call.method.clone(), call.url.clone())
            .header(ACCEPT, call.accept)
            .header(ACCEPT_LANGUAGE, &self.shared.language);
        request = match self.shared.tokens.dpop() {
            None => request.bearer_auth(&token.secret),
            Some(key) => {
                let proof = key.proof(&call.method, &call.url, Some(&token.secret))?;
                request.header(AUTHORIZATION, with_proof(&token.secret)?).header(DPOP, proof)
            }
        };
        if let Some(key) = &call.key {
            request = request.header("prefer", "respond-async").header("idempotency-key", key);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        Ok(request)
    }
}

/// How a token that is bound to a key is sent.
fn with_proof(token: &str) -> Result<HeaderValue, ApiError> {
    let value = HeaderValue::from_str(&format!("DPoP {token}"));
    let mut value = value
        .map_err(|error| ApiError::Unexpected { status: 200, what: format!("the token endpoint's answer: {error}") })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A call that can be sent more than once.
pub(crate) struct Call {
    method: Method,
    url: Url,
    accept: &'static str,
    body: Option<Vec<u8>>,
    /// The key under which it may be sent twice, of a call whose caller does not wait.
    key: Option<String>,
}

impl Call {
    pub(crate) fn get(url: Url, accept: &'static str) -> Self {
        Self { method: Method::GET, url, accept, body: None, key: None }
    }

    pub(crate) fn post(url: Url, accept: &'static str, body: Vec<u8>) -> Self {
        Self { method: Method::POST, url, accept, body: Some(body), key: None }
    }

    pub(crate) fn delete(url: Url) -> Self {
        Self { method: Method::DELETE, url, accept: "*/*", body: None, key: None }
    }

    /// Does not wait for what it asks for; sent twice with one key, it asks once.
    pub(crate) fn later(mut self, key: String) -> Self {
        self.key = Some(key);
        self
    }

    /// A broken POST may have been metered, so it is repeated only when it never arrived or has a key.
    fn may_repeat(&self, error: &reqwest::Error) -> bool {
        let repeatable = self.method == Method::GET || self.key.is_some();
        error.is_connect() || repeatable && (error.is_request() || error.is_timeout())
    }
}

pub(crate) fn http_client(redirects: redirect::Policy) -> Result<reqwest::Client, ApiError> {
    // Fails only when the program has already chosen a provider, which is then as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("mudeung-sdk-rust/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .redirect(redirects)
        .build()
        .map_err(ApiError::transport)
}
