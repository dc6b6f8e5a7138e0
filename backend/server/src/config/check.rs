//! Whether the parts of a configuration hold together, and what only the bound address can fill in.

use super::{Config, SignUp, WitnessConfig};
use crate::audit::prune::RETENTION_YEARS_MIN;
use actix_web::http::Uri;
use mudeung_core::noise::Epsilon;
use mudeung_wire::ledger::checkpoint::LogVerifier;
use mudeung_wire::ledger::cosignature::WitnessVerifier;
use std::net::{IpAddr, SocketAddr};

/// No token lives longer: what a revocation has to outlast on other servers that check tokens by themselves.
pub(super) const TOKEN_SECONDS_MAX: u64 = 1_200;
/// A device that stays signed in for longer than a month should be a credential of its own.
const DEVICE_SECONDS_MAX: u64 = 31 * 24 * 60 * 60;

/// The most witnesses: their signatures all stand under every checkpoint.
const WITNESSES_MAX: usize = 16;

/// Shorter ones meet slow clocks, longer ones make a stolen assertion worth more.
const ASSERTION_SECONDS: std::ops::RangeInclusive<u64> = 60..=3_600;

impl Config {
    /// Fills in what only the bound address decides, and refuses what does not hold together.
    pub fn settle(&mut self, address: SocketAddr) -> Result<(), String> {
        self.settle_public_url(address)?;
        self.check_exposure(address)?;
        self.check_databases()?;
        self.data.bucket.check(&self.data.store, self.jobs.folder.as_deref())?;
        self.check_limits()?;
        self.review.check()?;
        self.mail.as_ref().map_or(Ok(()), super::MailConfig::check)?;
        self.sso.as_ref().map_or(Ok(()), super::SsoConfig::check)?;
        if self.portal.sign_up == SignUp::Open && self.mail.is_none() {
            return Err(
                "portal.sign_up: companies that sign themselves up prove an e-mail address; set up [mail]".to_owned()
            );
        }
        if self.ledger.origin.is_empty() {
            let authority = self.http.public_url.split_once("://").map_or("", |(_, authority)| authority);
            self.ledger.origin = format!("{authority}/ledger");
        }
        if self.ledger.origin.contains(|c: char| c.is_whitespace() || c == '+') {
            return Err("ledger.origin: a name without spaces and plus signs".to_owned());
        }
        if self.ledger.retention_years < RETENTION_YEARS_MIN {
            return Err(format!(
                "ledger.retention_years: records of access must be kept for {RETENTION_YEARS_MIN} years at least \
                 (Standards on Safety Measures for Personal Information, article 8)"
            ));
        }
        for (key, epsilon) in [
            ("epsilon_per_organization", self.statistics.epsilon_per_organization),
            ("epsilon_per_dataset", self.statistics.epsilon_per_dataset),
        ] {
            if Epsilon::parse(&format!("{epsilon}")).is_none() {
                return Err(format!("statistics.{key}: a number from 0 with at most two decimals, not {epsilon}"));
            }
        }
        let (epsilon, delta) = (self.twins.epsilon_per_dataset, self.twins.delta);
        if !(0.001..=100.0).contains(&epsilon) || !(1e-30..=1e-3).contains(&delta) {
            return Err(format!(
                "twins: epsilon_per_dataset is a number from 0.001 to 100 and delta one from 1e-30 to 1e-3, not {epsilon} \
                 and {delta}"
            ));
        }
        self.check_witnesses()?;
        for former in &self.ledger.former_verifiers {
            if LogVerifier::parse(former).is_none() {
                return Err(format!("ledger.former_verifiers: `{former}` is not a verifier key"));
            }
        }
        Ok(())
    }

    /// What holds together, but hardly can be meant.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.http.behind_tls_proxy && self.http.trusted_proxies.is_empty() {
            warnings.push(
                "http.behind_tls_proxy is set and http.trusted_proxies is empty: every client counts as coming from the \
                 proxy's address, so allow-lists of networks and brakes cannot tell clients apart; name the proxy there"
                    .to_owned(),
            );
        }
        warnings
    }

    fn settle_public_url(&mut self, address: SocketAddr) -> Result<(), String> {
        let url = &mut self.http.public_url;
        if url.is_empty() {
            if !address.ip().is_loopback() {
                return Err(format!("http.public_url: say under which address clients reach {address}"));
            }
            *url = format!("http://{address}");
        }
        if let Some(without_port) = url.strip_suffix(":0") {
            *url = format!("{without_port}:{}", address.port());
        }
        let bad = || format!("http.public_url: `{url}` is not of the form https://host or http://127.0.0.1:port");
        let uri: Uri = url.parse().ok().ok_or_else(bad)?;
        let bare = uri.path() == "/" && uri.query().is_none() && !url.ends_with('/') && !url.contains(['#', '@']);
        if !bare || uri.authority().is_none() || !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(bad());
        }
        Ok(())
    }

    fn check_exposure(&self, address: SocketAddr) -> Result<(), String> {
        let uri: Uri = self.http.public_url.parse().map_err(|error| format!("http.public_url: {error}"))?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if uri.scheme_str() == Some("http") && !local {
            return Err("http.public_url: plain http is for loopback alone; use https and a proxy in front".to_owned());
        }
        if !address.ip().is_loopback() && !self.http.behind_tls_proxy {
            return Err(format!(
                "http.listen: {address} is reachable from outside; listen on 127.0.0.1, or put a proxy that terminates \
                 TLS in front and set http.behind_tls_proxy"
            ));
        }
        Ok(())
    }

    fn check_witnesses(&self) -> Result<(), String> {
        let witnesses = &self.ledger.witnesses;
        if witnesses.len() > WITNESSES_MAX {
            return Err(format!("ledger.witnesses: at most {WITNESSES_MAX}"));
        }
        for WitnessConfig { url, verifier } in witnesses {
            if WitnessVerifier::parse(verifier).is_none() {
                return Err(format!("ledger.witnesses: `{verifier}` is not the verifier key of a witness"));
            }
            let uri: Option<Uri> = url.parse().ok();
            let local = |host: &str| host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
            let fits = uri.is_some_and(|uri| match uri.scheme_str() {
                Some("https") => uri.host().is_some(),
                Some("http") => uri.host().is_some_and(|host| local(host.trim_matches(['[', ']']))),
                _ => false,
            });
            if !fits {
                return Err(format!("ledger.witnesses: `{url}` is not of the form https://host/path"));
            }
        }
        Ok(())
    }

    fn check_databases(&self) -> Result<(), String> {
        let database = &self.database;
        if database.control == database.ledger {
            return Err("database.ledger: must not be the control database".to_owned());
        }
        let empty = [("control", &database.control), ("ledger", &database.ledger)];
        match empty.iter().find(|(_, url)| url.is_empty()) {
            Some((name, _)) => Err(format!("database.{name}: is empty")),
            None => Ok(()),
        }
    }

    fn check_limits(&self) -> Result<(), String> {
        let limits = &self.limits;
        let tokens = &self.tokens;
        if !(1..=TOKEN_SECONDS_MAX).contains(&tokens.lifetime_seconds) {
            return Err(format!("tokens.lifetime_seconds: from 1 to {TOKEN_SECONDS_MAX}"));
        }
        if !(1..=DEVICE_SECONDS_MAX).contains(&tokens.device_seconds) {
            return Err(format!("tokens.device_seconds: from 1 to {DEVICE_SECONDS_MAX}"));
        }
        if !ASSERTION_SECONDS.contains(&tokens.assertion_seconds_max) {
            let (least, most) = (ASSERTION_SECONDS.start(), ASSERTION_SECONDS.end());
            return Err(format!("tokens.assertion_seconds_max: from {least} to {most}"));
        }
        if !(1..=TOKEN_SECONDS_MAX).contains(&tokens.admin_lifetime_seconds) {
            return Err(format!("tokens.admin_lifetime_seconds: from 1 to {TOKEN_SECONDS_MAX}"));
        }
        let some = [
            ("tokens.url_lifetime_seconds", tokens.url_lifetime_seconds > 0),
            ("tokens.cache_entries_max", tokens.cache_entries_max > 0),
            ("limits.requests_per_minute", limits.requests_per_minute > 0),
            ("limits.tokens_per_minute", limits.tokens_per_minute > 0),
            ("limits.token_failures_per_minute", limits.token_failures_per_minute > 0),
            ("limits.device_codes_per_minute", limits.device_codes_per_minute > 0),
            ("limits.device_codes_waiting", limits.device_codes_waiting > 0),
            ("limits.assertions_per_app", limits.assertions_per_app > 0),
            ("limits.rows_per_answer", limits.rows_per_answer > 0),
            ("limits.body_bytes", limits.body_bytes > 0),
            ("portal.attachment_bytes", self.portal.attachment_bytes > 0),
            ("limits.page_items", limits.page_items > 0),
            ("limits.connections", limits.connections > 0),
            ("limits.header_seconds", limits.header_seconds > 0),
            ("limits.body_seconds", limits.body_seconds > 0),
            ("limits.address_bytes", limits.address_bytes > 0),
            ("limits.header_bytes", limits.header_bytes > 0),
            ("limits.query_memory_bytes", limits.query_memory_bytes > 0),
            ("limits.query_seconds", limits.query_seconds > 0),
            ("jobs.at_once", self.jobs.at_once > 0),
            ("jobs.query_seconds", self.jobs.query_seconds > 0),
            ("jobs.kept_hours", (1..=8_760).contains(&self.jobs.kept_hours)),
            ("jobs.jobs_per_app", self.jobs.jobs_per_app > 0),
            ("jobs.result_bytes", self.jobs.result_bytes > 0),
            ("limits.concurrent_reads", limits.concurrent_reads > 0),
            ("limits.turn_seconds", limits.turn_seconds > 0),
        ];
        match some.iter().find(|(_, positive)| !positive) {
            Some((name, _)) => Err(format!("{name}: must be more than 0")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use mudeung_wire::ledger::cosignature::WitnessVerifier;

    const MINIMAL: &str = "[http]\nlisten = \"127.0.0.1:8080\"\n[database]\ncontrol = \"a\"\nledger = \"b\"\n\
                           [data]\nstore = \"s\"\nkeys = \"k\"\n";

    fn minimal() -> Config {
        Config::parse(MINIMAL).unwrap()
    }

    fn settled(change: impl FnOnce(&mut Config)) -> Result<Config, String> {
        let mut config = minimal();
        change(&mut config);
        let listen = config.http.listen;
        config.settle(listen).map(|()| config)
    }

    #[test]
    fn on_loopback_everything_but_the_paths_has_a_default() {
        let config = settled(|_| {}).unwrap();
        assert_eq!(config.http.public_url, "http://127.0.0.1:8080");
        assert_eq!(config.ledger.origin, "127.0.0.1:8080/ledger");
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_path() {
        for (addition, expected) in [
            ("[limits]\nbody_byte = 3\n", "line 10, column 1: limits.body_byte: unknown field `body_byte`"),
            ("[limit]\n", "unknown field `limit`"),
            ("[tokens]\nlifetime_seconds = \"long\"\n", "tokens.lifetime_seconds: invalid type: string"),
            ("[tokens\n", "line 9, column"),
        ] {
            let error = Config::parse(&format!("{MINIMAL}{addition}")).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn what_would_be_open_to_the_network_in_plain_text_is_refused() {
        let refused = |change: fn(&mut Config)| settled(change).unwrap_err();
        assert!(refused(|c| c.http.listen = "0.0.0.0:80".parse().unwrap()).contains("http.public_url"));
        let error = refused(|c| {
            c.http.listen = "0.0.0.0:80".parse().unwrap();
            c.http.public_url = "https://data.example.org".to_owned();
        });
        assert!(error.starts_with("http.listen") && error.contains("behind_tls_proxy"), "{error}");
        assert!(refused(|c| c.http.public_url = "http://data.example.org".to_owned()).contains("plain http"));
        assert!(
            settled(|c| {
                c.http.listen = "0.0.0.0:80".parse().unwrap();
                c.http.public_url = "https://data.example.org".to_owned();
                c.http.behind_tls_proxy = true;
            })
            .is_ok()
        );
    }

    #[test]
    fn a_proxy_that_nobody_trusts_is_warned_of() {
        let behind = |trusted: &[&str]| {
            let with = |c: &mut Config| {
                c.http.behind_tls_proxy = true;
                c.http.trusted_proxies = trusted.iter().map(|network| network.parse().unwrap()).collect();
            };
            settled(with).unwrap().warnings()
        };
        let warnings = behind(&[]);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("http.trusted_proxies is empty") && warnings[0].contains("proxy's address"));
        assert!(behind(&["192.0.2.1/32"]).is_empty());
        assert!(settled(|_| {}).unwrap().warnings().is_empty(), "without a proxy there is nothing to warn of");
    }

    #[test]
    fn an_address_that_is_not_an_origin_is_refused() {
        for url in ["ftp://x", "https://x/", "https://x/path", "https://x?y", "https://u@x", "x", "https://"] {
            assert!(settled(|c| c.http.public_url = url.to_owned()).unwrap_err().contains("http.public_url"), "{url}");
        }
    }

    #[test]
    fn witnesses_and_former_keys_that_cannot_be_used_are_refused() {
        let key = ed25519_dalek::SigningKey::from_bytes(&[2; 32]).verifying_key();
        let witness = WitnessVerifier::new("w.example".to_owned(), key).to_string();
        let with = |url: &str, verifier: &str| {
            let one = WitnessConfig { url: url.to_owned(), verifier: verifier.to_owned() };
            settled(|c| c.ledger.witnesses = vec![one])
        };
        let log = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        assert!(with("https://w.example/x", &witness).is_ok() && with("http://127.0.0.1:1", &witness).is_ok());
        for url in ["http://w.example", "w.example", "", "ftp://w.example"] {
            assert!(with(url, &witness).unwrap_err().contains("ledger.witnesses"), "{url}");
        }
        assert!(with("https://w.example", log).unwrap_err().contains("not the verifier key of a witness"));
        assert!(settled(|c| c.ledger.former_verifiers = vec![log.to_owned()]).is_ok());
        assert!(
            settled(|c| c.ledger.former_verifiers = vec!["x".to_owned()]).unwrap_err().contains("former_verifiers")
        );
    }

    #[test]
    fn a_retention_below_two_years_is_refused_with_the_reason() {
        for years in [2, 3, 5, 10] {
            assert!(settled(|c| c.ledger.retention_years = years).is_ok(), "{years}");
        }
        for years in [0, 1] {
            let refused = settled(|c| c.ledger.retention_years = years).unwrap_err();
            assert!(refused.contains("ledger.retention_years") && refused.contains("2 years"), "{refused}");
        }
        assert_eq!(crate::config::LedgerConfig::default().retention_years, 2);
    }

    #[test]
    fn limits_of_nothing_and_tokens_without_end_are_refused() {
        assert!(settled(|c| c.limits.body_bytes = 0).unwrap_err().contains("limits.body_bytes"));
        for seconds in [59, 3_601] {
            let error = settled(|c| c.tokens.assertion_seconds_max = seconds).unwrap_err();
            assert!(error.contains("tokens.assertion_seconds_max: from 60 to 3600"), "{error}");
        }
        assert!(settled(|c| c.tokens.lifetime_seconds = 1_201).unwrap_err().contains("tokens.lifetime_seconds"));
        assert!(
            settled(|c| c.tokens.admin_lifetime_seconds = 0).unwrap_err().contains("tokens.admin_lifetime_seconds")
        );
        assert!(settled(|c| c.database.ledger = "a".to_owned()).unwrap_err().contains("database.ledger"));
    }
}
