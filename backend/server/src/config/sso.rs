//! Single sign-on of the hospital's people at its own identity provider.

use actix_web::http::Uri;
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

/// The hospital's identity provider (OpenID Connect). It says who somebody is; what they may do is said here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SsoConfig {
    /// Its issuer, to the letter as it stands in its `/.well-known/openid-configuration`. `http` only on loopback.
    pub issuer: String,
    /// What it calls us. The redirect URI to register there is `{http.public_url}/sso/return`.
    pub client_id: String,
    /// The file with our secret there, readable by the server alone; none for a public client.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// What people call it, on the button: `병원 통합 계정`, for instance.
    #[serde(default)]
    pub name: String,
    /// Values of `amr` or `acr` by which it says that it saw two factors. Whoever comes with one needs no other here.
    #[serde(default = "two_factors")]
    pub second_factor: Vec<String>,
    /// Whether an e-mail address counts as theirs when the provider does not say whether it looked. It is by this address
    /// that somebody is known the first time.
    #[serde(default)]
    pub trusts_email: bool,
    /// Whether the hospital's people may also sign in with a password. Companies' always do.
    #[serde(default = "yes")]
    pub passwords: bool,
}

const fn yes() -> bool {
    true
}

/// "Multiple-factor authentication" (RFC 8176).
fn two_factors() -> Vec<String> {
    vec!["mfa".to_owned()]
}

impl SsoConfig {
    /// Refuses what cannot be used, or would be in plain text on a network.
    pub fn check(&self) -> Result<(), String> {
        let bad = || format!("sso.issuer: `{}` is not of the form https://host/path", self.issuer);
        let uri: Uri = self.issuer.parse().ok().ok_or_else(bad)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(bad)?.trim_matches(['[', ']']);
        let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if local => {}
            Some("http") => return Err("sso.issuer: plain http is for loopback alone".to_owned()),
            _ => return Err(bad()),
        }
        if uri.query().is_some() || self.issuer.contains(['#', '@']) {
            return Err(bad());
        }
        if self.client_id.is_empty() {
            return Err("sso.client_id: what the provider calls us".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_in_plain_text_is_for_loopback_alone() {
        let with = |issuer: &str| SsoConfig {
            issuer: issuer.to_owned(),
            client_id: "mudeung".to_owned(),
            client_secret_file: None,
            name: String::new(),
            second_factor: two_factors(),
            trusts_email: false,
            passwords: true,
        };
        for issuer in
            ["https://idp.hospital.example", "https://idp.hospital.example/realms/staff", "http://127.0.0.1:9/"]
        {
            assert_eq!(with(issuer).check(), Ok(()), "{issuer}");
        }
        for issuer in
            ["http://idp.hospital.example", "idp.hospital.example", "https://u@a.b", "https://a.b?c", "", "ftp://a.b"]
        {
            assert!(with(issuer).check().is_err_and(|error| error.starts_with("sso.issuer")), "{issuer}");
        }
        let nobody = SsoConfig { client_id: String::new(), ..with("https://a.b") };
        assert!(nobody.check().is_err_and(|error| error.starts_with("sso.client_id")));
    }
}
