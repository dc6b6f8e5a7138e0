use super::*;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

type Form = HashMap<String, String>;

/// A server of tokens: confirms a device at its second question, and takes each refresh token once.
#[derive(Default)]
struct Server {
    polls: u32,
    issued: u32,
    revoked: Option<String>,
}

impl Server {
    fn answer(&mut self, base: &str, path: &str, form: &Form) -> (u16, Value) {
        let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        match (path, given("grant_type")) {
            ("/.well-known/oauth-authorization-server", _) => {
                let at = |name: &str| format!("{base}/oauth2/{name}");
                let endpoints = json!({
                    "token_endpoint": at("token"), "device_authorization_endpoint": at("device_authorization"),
                    "revocation_endpoint": at("revoke"),
                });
                (200, endpoints)
            }
            ("/oauth2/device_authorization", _) => {
                assert_eq!(given("client_id"), "mudeung-cli");
                let codes = json!({
                    "device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": format!("{base}/en/device"),
                    "verification_uri_complete": format!("{base}/en/device/WDJB-MJHT"), "expires_in": 900, "interval": 0,
                });
                (200, codes)
            }
            ("/oauth2/token", "urn:ietf:params:oauth:grant-type:device_code") => {
                assert_eq!((given("client_id"), given("device_code")), ("mudeung-cli", "d"));
                self.polls += 1;
                if self.polls == 1 { (400, json!({ "error": "authorization_pending" })) } else { (200, self.tokens()) }
            }
            ("/oauth2/token", "refresh_token") if given("refresh_token") == format!("refresh-{}", self.issued) => {
                (200, self.tokens())
            }
            ("/oauth2/revoke", _) => {
                self.revoked = Some(given("token").to_owned());
                (200, json!({}))
            }
            _ => (400, json!({ "error": "invalid_grant" })),
        }
    }

    fn tokens(&mut self) -> Value {
        self.issued += 1;
        let refresh = format!("refresh-{}", self.issued);
        json!({
            "access_token": "a", "token_type": "Bearer", "expires_in": 1_200, "scope": "catalog.read",
            "refresh_token": refresh,
        })
    }
}

async fn serve() -> (String, Arc<Mutex<Server>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = Arc::new(Mutex::new(Server::default()));
    let (shared, own) = (Arc::clone(&server), base.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (server, base) = (Arc::clone(&shared), own.clone());
            tokio::spawn(async move {
                let (mut text, mut buffer) = (String::new(), [0_u8; 4_096]);
                loop {
                    let read = stream.read(&mut buffer).await.unwrap_or(0);
                    text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head
                        .lines()
                        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                    if body.len() >= length.unwrap_or(0) || read == 0 {
                        break;
                    }
                }
                let (head, body) = text.split_once("\r\n\r\n").unwrap();
                let path = head.split(' ').nth(1).unwrap();
                let decoded = body.replace("%3A", ":");
                let form = decoded.split('&').filter_map(|pair| pair.split_once('='));
                let form = form.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                let (status, answer) = server.lock().unwrap().answer(&base, path, &form);
                let answer = answer.to_string();
                let head = format!(
                    "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    answer.len()
                );
                stream.write_all(format!("{head}{answer}").as_bytes()).await.unwrap();
            });
        }
    });
    (base, server)
}

fn arguments(url: &str) -> LoginArguments {
    LoginArguments {
        url: Some(url.to_owned()),
        address: None,
        client_id: None,
        client_secret: None,
        secret_stdin: false,
        key: None,
        kid: None,
        dpop: false,
        log: Vec::new(),
        plain_http: false,
    }
}

fn kept(directory: &Path) -> String {
    std::fs::read_to_string(directory.join("profiles.toml")).unwrap()
}

#[tokio::test]
async fn a_browser_signs_in_refresh_tokens_take_turns_and_logout_tells_the_server() {
    let (base, server) = serve().await;
    let directory = tempfile::tempdir().unwrap();
    let environment =
        Environment { config_dir: Some(directory.path().to_owned()), language: "en", ..Environment::default() };
    run(arguments(&base), None, true, &environment).await.unwrap();
    assert!(kept(directory.path()).contains("\"refresh-1\""), "{}", kept(directory.path()));
    assert_eq!(server.lock().unwrap().polls, 2, "it asked until it was confirmed");
    // Commands that run at once: each refresh token is used by one of them.
    let clients: Vec<_> =
        (0..4).map(|_| profile::connect(None, profile::Wishes::default(), &environment).unwrap()).collect();
    let tokens = futures_util::future::join_all(clients.iter().map(mudeung_sdk::Client::access_token)).await;
    assert!(tokens.iter().all(Result::is_ok), "{tokens:?}");
    assert!(kept(directory.path()).contains("\"refresh-5\""), "{}", kept(directory.path()));
    log_out(None, true, &environment).await.unwrap();
    assert_eq!(server.lock().unwrap().revoked.as_deref(), Some("refresh-5"));
    assert!(!kept(directory.path()).contains("refresh"));
    assert!(matches!(log_out(None, true, &environment).await, Err(Failure::Input(_))), "there is nothing to forget");
}
