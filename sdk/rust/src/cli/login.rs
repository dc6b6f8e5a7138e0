//! `login`: asks for what is missing, proves the credential by fetching a token, and stores it.

use crate::args::LoginArguments;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::output;
use crate::profile::{self, Profile};
use console::Term;
use serde_json::json;
use std::io::{IsTerminal, Read};

/// Nobody's secret is longer; a wrong file piped in is noticed.
const SECRET_BYTES_MAX: u64 = 4 * 1024;

pub(crate) async fn run(
    arguments: LoginArguments,
    named: Option<String>,
    json: bool,
    environment: &Environment,
) -> Result<(), Failure> {
    let profile = Profile {
        url: given_or_asked(
            arguments.url.or(arguments.address).or(environment.url.clone()),
            "Address of the sandbox",
            "--url",
        )?,
        client_id: given_or_asked(arguments.client_id.or(environment.client_id.clone()), "Client id", "--client-id")?,
        client_secret: secret(arguments.client_secret, arguments.secret_stdin, environment)?,
        plain_http: arguments.plain_http,
    };
    let token = profile.client(environment)?.access_token().await?;
    let url = profile.url.clone();
    let path = profile::store(named.as_deref(), profile, environment)?;
    let name = profile::name(named.as_deref(), environment);
    if json {
        return output::json(&json!({ "profile": name, "url": url, "scopes": token.scopes, "path": path }));
    }
    output::lines(&[
        format!("Signed in at {url}; stored as profile `{name}` in {}.", path.display()),
        format!("Scopes: {}", token.scopes.join(" ")),
        "Next: mudeung-cli datasets".to_owned(),
    ])
}

fn given_or_asked(given: Option<String>, question: &str, flag: &str) -> Result<String, Failure> {
    if let Some(given) = given {
        return Ok(given);
    }
    let terminal = Term::stderr();
    if !terminal.is_term() {
        return Err(Failure::Input(format!("{flag} is missing")));
    }
    terminal.write_str(&format!("{question}: "))?;
    match terminal.read_line()?.trim() {
        "" => Err(Failure::Input(format!("{flag} is missing"))),
        answer => Ok(answer.to_owned()),
    }
}

fn secret(given: Option<String>, from_stdin: bool, environment: &Environment) -> Result<String, Failure> {
    let secret = match given.or_else(|| environment.client_secret.clone()) {
        Some(secret) if !from_stdin => secret,
        _ if from_stdin || !std::io::stdin().is_terminal() => {
            let mut text = String::new();
            let read = std::io::stdin().take(SECRET_BYTES_MAX + 1).read_to_string(&mut text);
            read.map_err(|error| Failure::Input(format!("the secret on standard input: {error}")))?;
            text
        }
        _ => {
            let terminal = Term::stderr();
            terminal.write_str("Client secret (not shown): ")?;
            terminal.read_secure_line()?
        }
    };
    match secret.trim() {
        "" => Err(Failure::Input(
            "the secret is missing: pipe it in, set MUDEUNG_CLIENT_SECRET, or run this in a terminal".to_owned(),
        )),
        long if u64::try_from(long.len()).unwrap_or(u64::MAX) > SECRET_BYTES_MAX => {
            Err(Failure::Input(format!("the secret is longer than {SECRET_BYTES_MAX} bytes")))
        }
        secret => Ok(secret.to_owned()),
    }
}
