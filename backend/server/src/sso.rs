//! Single sign-on: the hospital's identity provider says who somebody is (OpenID Connect Core 1.0, by authorization code with
//! PKCE, `state` and `nonce`; RFC 9207 where the provider does it). What they may do is said by their member here.

use crate::config::SsoConfig;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use mudeung_core::clock::Timestamp;
use mudeung_core::secret::Secret;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType,
    CoreIdToken, CoreIdTokenClaims, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalProviderMetadata, AuthType, AuthenticationFlow, AuthorizationCode,
    ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IssuerUrl, LanguageTag, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata,
    RedirectUrl, Scope, SignatureVerificationError, TokenResponse,
};
pub use openidconnect::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// What the provider publishes of itself is read again after so long.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// After a failure nobody asks for so long, and keys that are not known are not looked for more often.
const PAUSE: Duration = Duration::from_secs(10);
/// How far the provider's clock may be off.
const SKEW: Duration = Duration::from_secs(60);
/// The signatures that count: those that are made with a key that only the provider has.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 6] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Asks the provider, within a time and a size of its own choosing, and follows no redirect. The binary brings the client.
pub trait Fetch: Send + Sync {
    /// The answer to a request.
    fn fetch(&self, request: HttpRequest) -> FetchFuture<'_>;
}

/// An answer that is awaited.
pub type FetchFuture<'a> = BoxFuture<'a, Result<HttpResponse, FetchError>>;

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct FetchError(pub String);

/// How the provider is reached.
pub struct Provider {
    /// The client.
    pub fetch: Arc<dyn Fetch>,
    /// Our secret there, unless we are a public client.
    pub secret: Option<Secret<String>>,
}

/// Why nobody came in.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Trouble {
    /// The provider does not answer, or not as a provider does.
    #[error("the identity provider does not answer as it should: {0}")]
    Unreachable(String),
    /// What it answered is not believed.
    #[error("the answer of the identity provider is not believed: {0}")]
    Refused(String),
}

/// One way to the provider and back. All of it is known to us and to one browser alone.
#[derive(Debug)]
pub(crate) struct Trip {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) begun: Timestamp,
    /// Whether the provider must ask again who it is, however short ago it did.
    pub(crate) strictly: bool,
}

/// Who came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// What the provider calls them, for ever.
    pub(crate) subject: String,
    /// Their e-mail address, when the provider says that it is theirs.
    pub(crate) email: Option<String>,
    /// Whether the provider saw two factors.
    pub(crate) is_strong: bool,
}

/// Single sign-on at one provider.
pub struct SingleSignOn {
    config: SsoConfig,
    provider: Provider,
    redirect: RedirectUrl,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Timestamp, Arc<Metadata>)>,
    failed: Option<(Timestamp, String)>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct More {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

impl SingleSignOn {
    /// Single sign-on at a provider that was not asked yet. The error says what is wrong with the configuration.
    pub(crate) fn new(config: SsoConfig, provider: Provider, public_url: &str) -> Result<Self, String> {
        let redirect = RedirectUrl::new(format!("{public_url}/sso/return"));
        let redirect = redirect.map_err(|error| format!("http.public_url: {error}"))?;
        IssuerUrl::new(config.issuer.clone()).map_err(|error| format!("sso.issuer: {error}"))?;
        Ok(Self { config, provider, redirect, known: Mutex::new(Known::default()) })
    }

    /// How it was configured.
    pub(crate) const fn config(&self) -> &SsoConfig {
        &self.config
    }

    /// Where the browser goes.
    pub(crate) async fn address(&self, trip: &Trip, language: &str, now: Timestamp) -> Result<String, Trouble> {
        let client = self.client(&*self.metadata(now, false).await?);
        let verifier = PkceCodeVerifier::new(trip.verifier.clone());
        let (state, nonce) = (CsrfToken::new(trip.state.clone()), Nonce::new(trip.nonce.clone()));
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let mut ask = client
            .authorize_url(flow, move || state, move || nonce)
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_ui_locale(LanguageTag::new(language.to_owned()));
        if trip.strictly {
            ask = ask.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO);
        }
        Ok(ask.url().0.into())
    }

    /// Who came back with a code. `issuer` is what came with it as `iss`.
    pub(crate) async fn arrive(
        &self,
        trip: &Trip,
        code: String,
        issuer: Option<&str>,
        now: Timestamp,
    ) -> Result<Arrival, Trouble> {
        let metadata = self.metadata(now, false).await?;
        let is_from_elsewhere = match issuer {
            Some(issuer) => issuer != metadata.issuer().as_str(),
            None => metadata.additional_metadata().authorization_response_iss_parameter_supported,
        };
        if is_from_elsewhere {
            return Err(Trouble::Refused("it came from another provider".to_owned()));
        }
        let client = self.client(&metadata);
        let fetch = |request| self.provider.fetch.fetch(request);
        let exchange = client.exchange_code(AuthorizationCode::new(code)).map_err(|error| unreachable(&error))?;
        let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(trip.verifier.clone()));
        let answer = exchange.request_async(&fetch).await.map_err(|error| match &error {
            openidconnect::RequestTokenError::ServerResponse(_) => Trouble::Refused(innermost(&error)),
            _ => unreachable(&error),
        })?;
        let id_token = answer.id_token().ok_or_else(|| Trouble::Refused("there is no ID token".to_owned()))?;
        let claims = match self.verify(&client, id_token, answer.access_token(), trip, now) {
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                // The provider has changed its keys.
                let client = self.client(&*self.metadata(now, true).await?);
                self.verify(&client, id_token, answer.access_token(), trip, now)
            }
            other => other,
        };
        let claims = claims.map_err(|error| Trouble::Refused(innermost(&error)))?;
        let (mut email, mut is_theirs) = (claims.email().cloned(), claims.email_verified());
        if email.is_none() && metadata.userinfo_endpoint().is_some() {
            let ask = client.user_info(answer.access_token().clone(), Some(claims.subject().clone()));
            let ask = ask.map_err(|error| unreachable(&error))?;
            let more: CoreUserInfoClaims = ask.request_async(&fetch).await.map_err(|error| unreachable(&error))?;
            (email, is_theirs) = (more.email().cloned(), more.email_verified());
        }
        let is_theirs = is_theirs.unwrap_or(self.config.trusts_email);
        let methods = claims.auth_method_refs().into_iter().flatten().map(|method| method.as_str());
        let mut said = methods.chain(claims.auth_context_ref().map(|context| context.as_str()));
        Ok(Arrival {
            subject: claims.subject().as_str().to_owned(),
            email: email.filter(|_| is_theirs).map(|email| email.as_str().to_owned()),
            is_strong: said.any(|value| self.config.second_factor.iter().any(|strong| strong == value)),
        })
    }

    /// Why the provider cannot be asked, as far as is known.
    pub(crate) async fn trouble(&self) -> Option<String> {
        self.known.lock().await.failed.as_ref().map(|(_, trouble)| trouble.clone())
    }

    /// The claims of an ID token that is what OpenID Connect Core 3.1.3.7 asks for.
    fn verify<'a>(
        &self,
        client: &Client,
        id_token: &'a CoreIdToken,
        access_token: &AccessToken,
        trip: &Trip,
        now: Timestamp,
    ) -> Result<&'a CoreIdTokenClaims, ClaimsVerificationError> {
        let (earliest, latest) = (moment(trip.begun.minus(SKEW)), moment(now.plus(SKEW)));
        let strictly = trip.strictly;
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || moment(now.minus(SKEW)))
            .set_issue_time_verifier_fn(move |issued| {
                let fits = (earliest..=latest).contains(&issued);
                if fits { Ok(()) } else { Err(format!("it was issued at {issued}, and not on this way")) }
            })
            .set_auth_time_verifier_fn(move |asked| match asked {
                Some(asked) if !strictly || (earliest..=latest).contains(&asked) => Ok(()),
                None if !strictly => Ok(()),
                _ => Err("the provider did not ask again who it is".to_owned()),
            });
        let claims = id_token.claims(&verifier, &Nonce::new(trip.nonce.clone()))?;
        if claims.authorized_party().is_some_and(|party| party.as_str() != self.config.client_id) {
            return Err(ClaimsVerificationError::InvalidAudience("it was issued to another client".to_owned()));
        }
        if let Some(expected) = claims.access_token_hash() {
            let unsigned = ClaimsVerificationError::SignatureVerification;
            let algorithm = id_token.signing_alg().map_err(unsigned)?;
            let key = id_token.signing_key(&verifier).map_err(unsigned)?;
            let found = AccessTokenHash::from_token(access_token, algorithm, key);
            if found.is_ok_and(|found| found == *expected) {
                return Ok(claims);
            }
            return Err(ClaimsVerificationError::Other("the access token is another".to_owned()));
        }
        Ok(claims)
    }

    /// What the provider publishes of itself, with its keys; read anew when it is old, or when it is asked for `anew`.
    async fn metadata(&self, now: Timestamp, anew: bool) -> Result<Arc<Metadata>, Trouble> {
        let mut known = self.known.lock().await;
        let fresh = if anew { PAUSE } else { FRESH };
        if let Some((read, metadata)) = &known.metadata
            && now.since(*read) < fresh
        {
            return Ok(Arc::clone(metadata));
        }
        if let Some((failed, trouble)) = &known.failed
            && now.since(*failed) < PAUSE
        {
            return Err(Trouble::Unreachable(trouble.clone()));
        }
        let issuer = IssuerUrl::new(self.config.issuer.clone()).map_err(|error| unreachable(&error))?;
        let fetch = |request| self.provider.fetch.fetch(request);
        match Metadata::discover_async(issuer, &fetch).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Known { metadata: Some((now, Arc::clone(&metadata))), failed: None };
                Ok(metadata)
            }
            Err(error) => {
                let trouble = innermost(&error);
                known.failed = Some((now, trouble.clone()));
                Err(Trouble::Unreachable(trouble))
            }
        }
    }

    fn client(&self, metadata: &Metadata) -> Client {
        let secret = self.provider.secret.as_ref().map(|secret| ClientSecret::new(secret.expose().clone()));
        let id = ClientId::new(self.config.client_id.clone());
        let client = CoreClient::from_provider_metadata(metadata.clone(), id, secret);
        // Where a provider says nothing, it takes the header (OpenID Connect Discovery 1.0, section 3).
        let methods = metadata.token_endpoint_auth_methods_supported();
        let takes_header = methods.is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let auth = if takes_header { AuthType::BasicAuth } else { AuthType::RequestBody };
        client.set_redirect_uri(self.redirect.clone()).set_auth_type(auth)
    }
}

fn unreachable(error: &(dyn std::error::Error + 'static)) -> Trouble {
    Trouble::Unreachable(innermost(error))
}

/// What an error says, and the innermost reason, which is the one that helps.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut reason = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    let (outer, inner) = (error.to_string(), reason.to_string());
    if outer.ends_with(&inner) { outer } else { format!("{outer}: {inner}") }
}

fn moment(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.micros()).unwrap_or_default()
}
