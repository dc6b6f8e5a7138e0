//! Reaches the hospital's identity provider.

use crate::carriers::why;
use crate::failure::Failure;
use mudeung_server::config::Config;
use mudeung_server::keys::read_private;
use mudeung_server::sso::{Fetch, FetchError, FetchFuture, HttpRequest, HttpResponse, Provider};
use std::sync::Arc;
use std::time::Duration;

/// A provider that takes longer is not waited for.
const TIMEOUT: Duration = Duration::from_secs(10);
/// More than any provider publishes of itself.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// How the provider of a configuration is reached; nothing where there is none.
pub(crate) fn open(config: &Config) -> Result<Option<Provider>, Failure> {
    let Some(sso) = &config.sso else { return Ok(None) };
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).no_proxy();
    let client = client.user_agent(concat!("Mudeung/", env!("CARGO_PKG_VERSION"))).build().map_err(Failure::failed)?;
    let secret = sso.client_secret_file.as_deref().map(read_private).transpose();
    let secret = secret.map_err(|error| Failure::failed(format!("sso.client_secret_file: {error}")))?;
    let secret = secret.map(|secret| mudeung_core::secret::Secret::new(secret.expose().trim().to_owned()));
    Ok(Some(Provider { fetch: Arc::new(Client(client)), secret }))
}

struct Client(reqwest::Client);

impl Fetch for Client {
    fn fetch(&self, request: HttpRequest) -> FetchFuture<'_> {
        Box::pin(async move {
            let failed = |error: &dyn std::error::Error| FetchError(why(error));
            let request = reqwest::Request::try_from(request).map_err(|error| failed(&error))?;
            let mut answer = self.0.execute(request).await.map_err(|error| failed(&error))?;
            let mut given = HttpResponse::new(Vec::new());
            *given.status_mut() = answer.status();
            *given.headers_mut() = answer.headers().clone();
            while let Some(chunk) = answer.chunk().await.map_err(|error| failed(&error))? {
                given.body_mut().extend_from_slice(&chunk);
                if given.body().len() > ANSWER_BYTES_MAX {
                    return Err(FetchError("its answer is longer than a megabyte".to_owned()));
                }
            }
            Ok(given)
        })
    }
}
