//! `login`: in a browser, or with an app's own secret or private key, proved by fetching a token; stores it. `logout`
//! forgets it.

use crate::args::LoginArguments;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::output;
use crate::profile::{self, Profile, Wishes};
use console::Term;
use mudeung_sdk::DeviceLogin;
use serde_json::json;
use std::io::{IsTerminal, Read, Write};

/// Nobody's secret is longer; a wrong file piped in is noticed.
const SECRET_BYTES_MAX: u64 = 4 * 1024;

pub(crate) async fn run(
    arguments: LoginArguments,
    named: Option<String>,
    json: bool,
    environment: &Environment,
) -> Result<(), Failure> {
    let given = arguments.url.clone().or(arguments.address.clone()).or(environment.url.clone());
    let url = given_or_asked(given, "Address of the sandbox", "--url")?;
    // What is stored must be of use: a key that is none is noticed now.
    if !arguments.log.is_empty() {
        mudeung_sdk::trust(arguments.log.iter().map(String::as_str), [], 0)?;
    }
    let has_key = arguments.key.is_some() || environment.private_key.is_some();
    let of_app = has_key
        || arguments.secret_stdin
        || [&arguments.client_id, &arguments.client_secret, &environment.client_id, &environment.client_secret]
            .into_iter()
            .any(Option::is_some);
    let name = profile::name(named.as_deref(), environment);
    let (profile, scopes) = match of_app {
        true => with_credential(url.clone(), arguments, &name, environment).await?,
        false if arguments.dpop => {
            let text = "--dpop goes with the credential of an app: give --client-id, and --key for a private key";
            return Err(Failure::Input(text.to_owned()));
        }
        false => with_browser(url.clone(), &arguments, environment).await?,
    };
    let path = profile::store(named.as_deref(), profile, environment)?;
    if json {
        return output::json(&json!({ "profile": name, "url": url, "scopes": scopes, "path": path }));
    }
    output::lines(&[
        format!("Signed in at {url}; stored as profile `{name}` in {}.", path.display()),
        format!("Scopes: {}", scopes.join(" ")),
        "Next: mudeung-cli datasets".to_owned(),
    ])
}

/// Forgets a profile, and asks the server to forget the device.
pub(crate) async fn log_out(named: Option<String>, json: bool, environment: &Environment) -> Result<(), Failure> {
    let name = profile::name(named.as_deref(), environment);
    let Some(removed) = profile::remove(named.as_deref(), environment)? else {
        return Err(Failure::Input(format!("there is no profile `{name}`")));
    };
    let told = match &removed.refresh_token {
        Some(token) => mudeung_sdk::sign_out(&removed.url, removed.plain_http, token).await.unwrap_or(false),
        None => false,
    };
    if json {
        return output::json(&json!({ "profile": name, "revoked": told }));
    }
    let rest = match (told, removed.refresh_token.is_some()) {
        (true, _) => "The device is signed out on the server too.",
        (false, true) => "The server was not told: revoke the device on the app's page in the portal.",
        (false, false) => "The credential itself still works: revoke it on the app's page in the portal.",
    };
    output::lines(&[format!("The profile `{name}` is forgotten."), rest.to_owned()])
}

/// The member signs in in a browser and confirms there; nothing secret is typed here.
async fn with_browser(
    url: String,
    arguments: &LoginArguments,
    environment: &Environment,
) -> Result<(Profile, Vec<String>), Failure> {
    let login = DeviceLogin::begin(&url, arguments.plain_http, environment.language).await?;
    let mut terminal = std::io::stderr();
    writeln!(terminal, "Open {} in a browser and enter the code {}", login.verification_uri, login.user_code)?;
    if let Some(complete) = &login.verification_uri_complete {
        writeln!(terminal, "or open {complete}")?;
    }
    writeln!(terminal, "Waiting for you to confirm, for {} minutes at most …", login.expires_in.as_secs() / 60)?;
    let (token, refresh_token) = login.wait().await?;
    let profile = Profile {
        url,
        client_id: "mudeung-cli".to_owned(),
        refresh_token: Some(refresh_token),
        plain_http: arguments.plain_http,
        log: arguments.log.clone(),
        ..Profile::default()
    };
    Ok((profile, token.scopes))
}

/// The app's own credential: a private key that stays where it is, or a secret that is stored.
async fn with_credential(
    url: String,
    arguments: LoginArguments,
    name: &str,
    environment: &Environment,
) -> Result<(Profile, Vec<String>), Failure> {
    let LoginArguments { client_id, client_secret, secret_stdin, key, kid, dpop, log, plain_http, .. } = arguments;
    let client_id = given_or_asked(client_id.or(environment.client_id.clone()), "Client id", "--client-id")?;
    let given_secret = client_secret.is_some() || secret_stdin;
    let key = key.or(environment.private_key.clone().filter(|_| !given_secret));
    // Later commands may run in another folder.
    let absolute = |path: std::path::PathBuf| {
        std::path::absolute(&path).map_err(|error| Failure::Input(format!("{}: {error}", path.display())))
    };
    let private_key = key.map(absolute).transpose()?;
    let client_secret = match &private_key {
        Some(_) => None,
        None => Some(secret(client_secret, secret_stdin, environment)?),
    };
    let dpop = dpop || environment.dpop;
    let profile =
        Profile { url, client_id, client_secret, private_key, kid, dpop, log, plain_http, ..Profile::default() };
    let token = profile.client(name, Wishes::default(), environment)?.access_token().await?;
    Ok((profile, token.scopes))
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

#[cfg(test)]
mod tests;
