//! Signing in from a browser (RFC 8628): a code is shown, a member confirms it in the portal, and tokens come.

use crate::client::{checked_base, http_client};
use crate::error::ApiError;
use crate::retry::RetryPolicy;
use crate::token::{AccessToken, Endpoints, access_token, discover, send, sign_in_error};
use oauth2::basic::BasicClient;
use oauth2::{
    AuthType, ClientId, DeviceAuthorizationUrl, HttpRequest, StandardDeviceAuthorizationResponse, TokenResponse,
    TokenUrl,
};
use reqwest::header::{ACCEPT_LANGUAGE, HeaderValue};
use reqwest::redirect;
use std::time::Duration;

/// The client that programs on a member's own machine are. It has no secret.
pub(crate) const CLIENT_ID: &str = "mudeung-cli";

/// Where the refresh tokens of a device are kept between programs. Each is good once; a second use signs the device
/// out.
pub trait RefreshTokens: Send + Sync {
    /// The present token, and a lock that keeps everybody else from it until it is dropped.
    fn take(&self) -> Result<(String, Box<dyn Send>), ApiError>;

    /// Keeps the next one.
    fn put(&self, token: &str) -> Result<(), ApiError>;
}

/// A sign-in that waits for a member to confirm it.
#[derive(Debug)]
pub struct DeviceLogin {
    /// Where the member goes with any browser.
    pub verification_uri: String,
    /// The same address with the code filled in.
    pub verification_uri_complete: Option<String>,
    /// What the member types there.
    pub user_code: String,
    /// How long the code is good.
    pub expires_in: Duration,
    details: StandardDeviceAuthorizationResponse,
    http: reqwest::Client,
    endpoints: Endpoints,
}

impl DeviceLogin {
    /// Begins to sign in at a server. Show what comes back, then [`DeviceLogin::wait`].
    pub async fn begin(base_url: &str, plain_http: bool, language: &str) -> Result<Self, ApiError> {
        let base = checked_base(base_url, plain_http)?;
        let http = http_client(redirect::Policy::none())?;
        let endpoints = discover(&http, &base).await?;
        let Some(endpoint) = endpoints.device_authorization_endpoint.clone() else {
            let what = "this server has no sign-in from a browser: give --client-id";
            return Err(ApiError::Configuration(what.to_owned()));
        };
        let client = BasicClient::new(ClientId::new(CLIENT_ID.to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_device_authorization_url(DeviceAuthorizationUrl::from_url(endpoint));
        let accepted = HeaderValue::from_str(language).unwrap_or(HeaderValue::from_static("en"));
        let sender = http.clone();
        let ask = move |mut request: HttpRequest| {
            request.headers_mut().insert(ACCEPT_LANGUAGE, accepted.clone());
            send(sender.clone(), RetryPolicy::default(), None, request)
        };
        let details: StandardDeviceAuthorizationResponse =
            client.exchange_device_code().request_async(&ask).await.map_err(sign_in_error)?;
        Ok(Self {
            verification_uri: details.verification_uri().to_string(),
            verification_uri_complete: details.verification_uri_complete().map(|uri| uri.secret().clone()),
            user_code: details.user_code().secret().clone(),
            expires_in: details.expires_in(),
            details,
            http,
            endpoints,
        })
    }

    /// Asks as often as the server allows until the member has confirmed: the first access token, and the refresh
    /// token to keep.
    pub async fn wait(self) -> Result<(AccessToken, String), ApiError> {
        let client = BasicClient::new(ClientId::new(CLIENT_ID.to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(TokenUrl::from_url(self.endpoints.token_endpoint.clone()));
        let http = self.http.clone();
        let ask = move |request| send(http.clone(), RetryPolicy::default(), None, request);
        let asked = client.exchange_device_access_token(&self.details);
        let answer = asked.request_async(&ask, tokio::time::sleep, Some(self.expires_in)).await;
        let answer = answer.map_err(sign_in_error)?;
        let Some(refresh) = answer.refresh_token() else {
            return Err(ApiError::Unexpected { status: 200, what: "the server gave no refresh token".to_owned() });
        };
        Ok((access_token(&answer), refresh.secret().clone()))
    }
}

/// Tells the server to forget a device. Answers whether the server takes such words and took these.
pub async fn sign_out(base_url: &str, plain_http: bool, refresh_token: &str) -> Result<bool, ApiError> {
    let base = checked_base(base_url, plain_http)?;
    let http = http_client(redirect::Policy::none())?;
    let Some(endpoint) = discover(&http, &base).await?.revocation_endpoint else { return Ok(false) };
    let form = [("client_id", CLIENT_ID), ("token", refresh_token), ("token_type_hint", "refresh_token")];
    let answer = http.post(endpoint).form(&form).send().await.map_err(ApiError::transport)?;
    Ok(answer.status().is_success())
}
