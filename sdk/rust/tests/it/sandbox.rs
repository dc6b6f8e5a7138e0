//! A server on a loopback port that answers what a test tells it to.

use mudeung_sdk::{Client, RetryPolicy};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// By lower-case name.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.header("host"))
    }
}

/// What to answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    cut_after: Option<usize>,
}

impl Reply {
    pub(crate) fn new(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), media_type.to_owned())];
        Self { status, headers, body: body.into(), cut_after: None }
    }

    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::new(200, "application/json", value.to_string())
    }

    pub(crate) fn problem(status: u16, code: &str) -> Self {
        let body = json!({
            "type": format!("/docs/problems/{code}"), "title": "Title", "status": status, "code": code,
            "detail": "What\thappened\n here", "instance": "urn:trace:1",
            "invalid_parameters": [{ "name": "a", "reason": "why" }, { "name": "b", "reason": "Title" }],
        });
        Self::new(status, "application/problem+json", body.to_string())
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Announces the whole body, and closes the connection after so many bytes of it.
    pub(crate) fn cut_after(mut self, bytes: usize) -> Self {
        self.cut_after = Some(bytes);
        self
    }
}

/// A running server; it ends with the test's runtime.
pub(crate) struct Sandbox {
    pub(crate) base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Sandbox {
    /// Answers tokens by itself (`token-1`, `token-2` …, each for 1,200 s) and the rest as told.
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let issued = Mutex::new(0);
        Self::start_raw(move |seen| match seen.target.as_str() {
            "/.well-known/oauth-authorization-server" => Reply::problem(404, "not_found"),
            "/oauth2/token" => {
                let mut issued = issued.lock().unwrap();
                *issued += 1;
                Self::token(&format!("token-{issued}"), 1_200)
            }
            _ => answer(seen),
        })
        .await
    }

    /// Answers everything as told.
    pub(crate) async fn start_raw(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, log) = (answer.clone(), log.clone());
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    let Some(request) = read(&mut stream).await else { return };
                    let reply = answer(&request);
                    log.lock().unwrap().push(request);
                    write(stream.into_inner(), reply).await;
                });
            }
        });
        Self { base, seen }
    }

    pub(crate) fn token(token: &str, expires_in: u64) -> Reply {
        let scope = "catalog.read data.read";
        Reply::json(&json!({
            "access_token": token, "token_type": "Bearer", "expires_in": expires_in, "scope": scope,
        }))
    }

    /// A client that waits milliseconds where the usual one waits seconds.
    pub(crate) fn client(&self) -> Client {
        let retry = RetryPolicy { first_wait: Duration::from_millis(1), ..RetryPolicy::default() };
        Client::builder(&self.base).credentials("app_1", "s3cret").retry(retry).build().unwrap()
    }

    /// The requests whose target begins so, in order.
    pub(crate) fn seen(&self, prefix: &str) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.target.starts_with(prefix)).cloned().collect()
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        match line.trim().split_once(':') {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.trim().to_owned()),
            None => break,
        };
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Seen { method, target, headers, body })
}

async fn write(mut stream: TcpStream, reply: Reply) {
    let mut head = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\n", reply.status, reply.body.len());
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("Connection: close\r\n\r\n");
    let end = reply.cut_after.unwrap_or(reply.body.len());
    // The client may have gone away; then nobody is there to answer.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&reply.body[..end]).await;
    let _ = stream.shutdown().await;
}
