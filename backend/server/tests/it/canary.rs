//! Nothing secret is stored or logged in a form that can be used.

use crate::app::fixture::PASSWORD;
use crate::app::{Client, TestApp, files_below};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[tokio::test]
async fn oauth_73_no_secret_is_in_databases_ledger_or_log() {
    let log = Log::default();
    let writer = log.clone();
    // For the whole process: workers have threads of their own. What other tests log is looked at too.
    let ours = "mudeung_server=trace,mudeung_store=trace,actix_web=trace,actix_http=trace,actix_server=trace";
    let subscriber = tracing_subscriber::fmt().with_env_filter(ours).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let app = TestApp::start().await;
    let reader = app.fixture.reader.clone();
    let token = app.token(&reader).await;
    let mistyped = format!("{}-mistyped-canary", reader.secret);
    app.ask_token(&Client { secret: mistyped.clone(), ..reader.clone() }, None).await;
    for path in ["/v1/datasets", "/v1/datasets/cohort/deidentified/tables/visits/files", "/nowhere"] {
        app.get(path).bearer_auth(&token).send().await.unwrap();
    }
    let path = format!("/oauth2/token?client_secret={}&x={}", reader.secret, "y".repeat(9_000));
    app.post(&path).form(&[("client_secret", &reader.secret)]).send().await.unwrap();
    app.get(&format!("/v1/datasets?access_token={token}")).send().await.unwrap();
    mudeung_server::oauth::books::write_all(app.state()).await;
    let folder = app.stop().await;
    let signature = token.rsplit('.').next().unwrap().to_owned();
    let secrets = [("secret", reader.secret.as_str()), ("token", &signature), ("password", PASSWORD)];
    // The last connection folds the journal into its database when it closes, which may be now: then look again.
    let looked_at = loop {
        let read = |file: PathBuf| std::fs::read(&file).map(|bytes| (file, bytes));
        let Ok(files) = files_below(folder.path()).into_iter().map(read).collect::<Result<Vec<_>, _>>() else {
            continue;
        };
        for (file, bytes) in &files {
            for (kind, secret) in secrets {
                assert!(!contains(bytes, secret), "the {kind} is in {}", file.display());
            }
        }
        break files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    };
    assert!(looked_at > 50_000, "databases were looked at");
    let log = log.0.lock().unwrap();
    assert!(!log.is_empty());
    for (kind, secret) in secrets {
        assert!(!contains(&log, secret), "the {kind} is in the log");
    }
}
