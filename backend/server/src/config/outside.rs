//! How the server reaches people and programs outside: mail, and webhooks of companies.

use actix_web::http::Uri;
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

/// The mail server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// `smtps://host` (TLS from the start), `smtp://host` (STARTTLS, required) or, on loopback alone, `smtp+plain://host`;
    /// each with a port where it is not the usual one.
    #[serde(default)]
    pub server: String,
    /// Instead of a server: a folder that mails are written into, one file each. For trying things out on one machine.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Whom mail is from, for instance `Mudeung <sandbox@hospital.example>`.
    pub from: String,
    /// The account at the mail server, when it wants one.
    #[serde(default)]
    pub user: Option<String>,
    /// The file with its password, readable by the server alone.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

/// Webhooks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Whether companies may name addresses inside the hospital's networks, and without TLS. For tests: whoever may do so
    /// can make the server call what only it can reach.
    pub private_addresses: bool,
}

/// How companies come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignUp {
    /// The hospital invites them.
    #[default]
    Invited,
    /// They sign themselves up, with an e-mail address that is proved. They see synthetic data, and nothing else before a
    /// request of theirs was approved.
    Open,
}

impl MailConfig {
    /// Refuses what cannot be used, or would send in plain text over a network.
    pub fn check(&self) -> Result<(), String> {
        if !self.from.contains('@') {
            return Err(format!("mail.from: `{}` is not an e-mail address", self.from));
        }
        if self.folder.is_some() {
            let alone = self.server.is_empty() && self.user.is_none();
            return if alone { Ok(()) } else { Err("mail: give server or folder, and not both".to_owned()) };
        }
        let bad = || format!("mail.server: `{}` is not of the form smtps://host or smtp://host", self.server);
        let uri: Uri = self.server.parse().ok().ok_or_else(bad)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(bad)?.trim_matches(['[', ']']);
        match uri.scheme_str() {
            Some("smtps" | "smtp") => {}
            Some("smtp+plain") if is_loopback(host) => {}
            Some("smtp+plain") => return Err("mail.server: smtp+plain is for loopback alone".to_owned()),
            _ => return Err(bad()),
        }
        if !uri.path().trim_matches('/').is_empty() || uri.query().is_some() || self.server.contains('@') {
            return Err(format!("{}; the account goes into mail.user and mail.password_file", bad()));
        }
        match (&self.user, &self.password_file) {
            (Some(_), Some(_)) | (None, None) => Ok(()),
            _ => Err("mail: give both user and password_file, or neither".to_owned()),
        }
    }
}

impl WebhooksConfig {
    /// Whether a company may have that address called: `https`, a name or a public address, no account in it.
    pub fn allows(&self, url: &str) -> bool {
        const URL_BYTES_MAX: usize = 500;
        let Ok(uri) = url.parse::<Uri>() else { return false };
        let Some(host) = uri.host().filter(|host| !host.is_empty()) else { return false };
        let plain = url.len() <= URL_BYTES_MAX && url.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain || uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
            return false;
        }
        if self.private_addresses {
            return matches!(uri.scheme_str(), Some("https" | "http"));
        }
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let inside = host == "localhost" || host.ends_with(".localhost") || host.ends_with(".internal");
        uri.scheme_str() == Some("https") && !inside && address.map_or(host.contains('.'), is_public)
    }
}

/// Whether an address is one of the public internet, and not of this machine, a private network, or for special use.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            let special = address.is_unspecified()
                || address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_broadcast()
                || address.is_documentation()
                || address.is_multicast();
            // Shared addresses of providers, protocol assignments, benchmarks, and what is reserved.
            let reserved = first == 0
                || (first == 100 && (64..128).contains(&second))
                || (first == 192 && second == 0 && third == 0)
                || (first == 198 && (18..20).contains(&second))
                || first >= 240;
            !special && !reserved
        }
        IpAddr::V6(address) => {
            if let Some(mapped) = address.to_ipv4_mapped() {
                return is_public(IpAddr::V4(mapped));
            }
            let [first, second, ..] = address.segments();
            // Global unicast alone; within it no documentation (2001:db8::/32), no tunnels that name a v4 address inside.
            (0x2000..0x4000).contains(&first)
                && !(first == 0x2001 && (second == 0xdb8 || second == 0))
                && first != 0x2002
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_call_public_addresses_by_https_alone() {
        let config = WebhooksConfig::default();
        for url in ["https://hooks.example.com/a?b=c", "https://93.184.215.14/x", "https://example.com:8443/"] {
            assert!(config.allows(url), "{url}");
        }
        for url in [
            "http://hooks.example.com/",
            "https://localhost/",
            "https://a.localhost/",
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00::1]/",
            "https://[fe80::1]/",
            "https://metadata.google.internal/",
            "https://intranet/",
            "https://user:password@example.com/",
            "ftp://example.com/",
            "https://",
            "",
        ] {
            assert!(!config.allows(url), "{url}");
        }
        assert!(!config.allows(&format!("https://example.com/{}", "x".repeat(500))));
        assert!(WebhooksConfig { private_addresses: true }.allows("http://127.0.0.1:9/x"));
    }

    #[test]
    fn a_mail_server_in_plain_text_is_for_loopback_alone() {
        let with = |server: &str| MailConfig {
            server: server.to_owned(),
            folder: None,
            from: "Sandbox <sandbox@hospital.example>".to_owned(),
            user: None,
            password_file: None,
        };
        for server in
            ["smtps://mail.hospital.example", "smtp://mail.hospital.example:587", "smtp+plain://127.0.0.1:2525"]
        {
            assert_eq!(with(server).check(), Ok(()), "{server}");
        }
        for server in
            ["smtp+plain://mail.hospital.example", "mail.hospital.example", "https://a.b", "smtp://u:p@a.b", ""]
        {
            assert!(with(server).check().is_err_and(|error| error.starts_with("mail.server")), "{server}");
        }
        let half = MailConfig { user: Some("a".to_owned()), ..with("smtps://a.b") };
        assert!(half.check().is_err_and(|error| error.contains("password_file")));
        let nobody = MailConfig { from: "nobody".to_owned(), ..with("smtps://a.b") };
        assert!(nobody.check().is_err_and(|error| error.starts_with("mail.from")));
    }
}
