//! The portal's four cookies: the session, the visit that guards the sign-in form, the way to the identity provider and back,
//! and the language.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use mudeung_core::clock::Entropy;

/// Whether the browser reaches us through TLS decides the names: `__Host-` binds a cookie to host, path and TLS.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookies {
    pub(super) secure: bool,
}

impl Cookies {
    const fn session_name(self) -> &'static str {
        if self.secure { "__Host-mudeung-session" } else { "mudeung-session" }
    }

    const fn visit_name(self) -> &'static str {
        if self.secure { "__Host-mudeung-visit" } else { "mudeung-visit" }
    }

    const fn trip_name(self) -> &'static str {
        if self.secure { "__Host-mudeung-trip" } else { "mudeung-trip" }
    }

    const LANGUAGE: &'static str = "mudeung-language";

    /// The session token the browser sent.
    pub(super) fn session_of(self, request: &HttpRequest) -> Option<String> {
        token_of(request, self.session_name())
    }

    /// The visit token the browser sent.
    pub(super) fn visit_of(self, request: &HttpRequest) -> Option<String> {
        token_of(request, self.visit_name())
    }

    /// The way to the identity provider that the browser is on.
    pub(super) fn trip_of(self, request: &HttpRequest) -> Option<String> {
        request.cookie(self.trip_name()).map(|cookie| cookie.value().to_owned())
    }

    /// The language the browser was last shown.
    pub(super) fn language_of(request: &HttpRequest) -> Option<String> {
        request.cookie(Self::LANGUAGE).map(|cookie| cookie.value().to_owned())
    }

    /// Gives the session token to the browser.
    pub(super) fn session(self, token: &str) -> Cookie<'static> {
        self.closed(self.session_name(), token)
    }

    /// Takes the session token from the browser.
    pub(super) fn no_session(self) -> Cookie<'static> {
        let mut cookie = self.closed(self.session_name(), "");
        cookie.set_max_age(Duration::ZERO);
        cookie
    }

    /// Gives the visit token to the browser.
    pub(super) fn visit(self, token: &str) -> Cookie<'static> {
        self.closed(self.visit_name(), token)
    }

    /// Gives the browser what it must bring back from the identity provider.
    pub(super) fn trip(self, value: &str, kept: std::time::Duration) -> Cookie<'static> {
        let mut cookie = self.closed(self.trip_name(), value);
        cookie.set_max_age(Duration::try_from(kept).unwrap_or(Duration::ZERO));
        cookie
    }

    /// Remembers the language for `/`.
    pub(super) fn language(self, language: &'static str) -> Cookie<'static> {
        let mut cookie = self.closed(Self::LANGUAGE, language);
        cookie.set_max_age(Duration::days(365));
        cookie
    }

    fn closed(self, name: &'static str, value: &str) -> Cookie<'static> {
        Cookie::build(name, value.to_owned())
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .finish()
    }
}

/// A new token: 256 unpredictable bits.
pub(super) fn fresh_token(entropy: &dyn Entropy) -> String {
    let mut bytes = [0_u8; 32];
    entropy.fill(&mut bytes);
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}

fn token_of(request: &HttpRequest, name: &str) -> Option<String> {
    let cookie = request.cookie(name)?;
    let value = cookie.value();
    let ours = value.len() == 43 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    ours.then(|| value.to_owned())
}
