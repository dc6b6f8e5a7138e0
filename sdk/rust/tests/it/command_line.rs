//! The command line as it is typed: what it prints, what it leaves behind and how it ends.

use crate::sandbox::{Reply, Sandbox};
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::ipc::writer::StreamWriter;
use serde_json::json;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

fn command(config: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mudeung-cli"));
    command.args(arguments).env_clear().env("MUDEUNG_CONFIG_DIR", config).current_dir(config).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn run(config: &Path, arguments: &[&str]) -> Output {
    command(config, arguments).output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn sandbox() -> Sandbox {
    Sandbox::start(|seen| match seen.target.split('?').next().unwrap() {
        "/v1/datasets" => Reply::json(&json!({
            "items": [{
                "id": "lymph_node", "title": "Lymph node", "titles": { "ko": "림프절", "en": "Lymph node" },
                "summary": "", "tiers": ["synthetic"], "tiers_published": ["synthetic", "deidentified"],
                "licence": "MIT", "source": "a package",
            }],
            "next_cursor": null,
        })),
        "/v1/datasets/d/synthetic/tables/t/rows" | "/v1/query" => match seen.header("accept") {
            "text/csv" => Reply::new(200, "text/csv", "sex\nF\n"),
            _ => Reply::new(200, "application/vnd.apache.arrow.stream", arrow_stream()).with("Mudeung-Receipt", "7"),
        },
        _ => Reply::problem(404, "not_found"),
    })
    .await
}

fn arrow_stream() -> Vec<u8> {
    let column: ArrayRef = Arc::new(StringArray::from(vec!["F", "M"]));
    let batch = RecordBatch::try_from_iter([("sex", column)]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

async fn signed_in(sandbox: &Sandbox) -> tempfile::TempDir {
    let config = tempfile::tempdir().unwrap();
    let mut login = command(config.path(), &["login", "--url", &sandbox.base, "--client-id", "app_1"]);
    let output = login.env("MUDEUNG_CLIENT_SECRET", "s3cret").output().await.unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("s3cret"));
    config
}

#[tokio::test]
async fn after_login_the_datasets_are_listed() {
    let sandbox = sandbox().await;
    let config = signed_in(&sandbox).await;
    let output = run(config.path(), &["datasets"]).await;
    let lines = "DATASET     OPEN TO YOU  PUBLISHED                TITLE\n\
                 lymph_node  synthetic    synthetic, deidentified  Lymph node\n";
    assert_eq!(text(&output.stdout), lines);
    let output = command(config.path(), &["--json", "datasets"]).env("LANG", "ko_KR.UTF-8").output().await.unwrap();
    let languages: Vec<_> = sandbox.seen("/v1/").iter().map(|seen| seen.header("accept-language").to_owned()).collect();
    assert_eq!(languages, ["en", "ko"]);
    let items: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(items[0]["titles"]["ko"], "림프절");
}

#[tokio::test]
async fn the_secret_may_come_through_a_pipe_or_as_an_argument() {
    let sandbox = sandbox().await;
    let config = tempfile::tempdir().unwrap();
    let mut login = command(config.path(), &["login", &sandbox.base, "--client-id", "app_1"]);
    let mut child = login.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"s3cret\n").await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let given = ["login", &sandbox.base, "--client-id", "app_1", "--client-secret", "s3cret"];
    assert!(run(config.path(), &given).await.status.success());
    for seen in sandbox.seen("/oauth2/token") {
        assert_eq!(seen.header("authorization"), "Basic YXBwXzE6czNjcmV0");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_private_key_signs_in_stays_where_it_is_and_is_read_anew_by_each_command() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::start_raw(|seen| match seen.target.as_str() {
        "/oauth2/token" => {
            let bound = if seen.header("dpop").is_empty() { "Bearer" } else { "DPoP" };
            Reply::json(&json!({ "access_token": "a", "token_type": bound, "expires_in": 60, "scope": "catalog.read" }))
        }
        "/v1/datasets" => Reply::json(&json!({ "items": [], "next_cursor": null })),
        _ => Reply::problem(404, "not_found"),
    })
    .await;
    let config = tempfile::tempdir().unwrap();
    let key = config.path().join("key.json");
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    std::fs::write(&key, jwk).unwrap();
    let open_to = |mode| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    let login = ["login", &sandbox.base, "--client-id", "app_1", "--key", "key.json", "--kid", "mine", "--dpop"];
    open_to(0o644);
    let output = run(config.path(), &login).await;
    assert!(output.status.code() == Some(2) && text(&output.stderr).contains("chmod 600"), "{}", text(&output.stderr));
    open_to(0o600);
    let output = run(config.path(), &login).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let kept = std::fs::read_to_string(config.path().join("profiles.toml")).unwrap();
    let key_line = format!("private_key = \"{}\"", key.display());
    assert!(kept.contains(&key_line) && kept.contains("kid = \"mine\"") && kept.contains("dpop = true"), "{kept}");
    assert!(!kept.contains("nWGx") && !kept.contains("client_secret"), "{kept}");
    let elsewhere = tempfile::tempdir().unwrap();
    let mut datasets = command(config.path(), &["datasets"]);
    let output = datasets.current_dir(elsewhere.path()).output().await.unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    for seen in sandbox.seen("/oauth2/token") {
        assert!(text(&seen.body).contains("client_assertion=") && !text(&seen.body).contains("client_secret"));
    }
    assert_eq!(sandbox.seen("/v1/datasets")[0].header("authorization"), "DPoP a");
    open_to(0o604);
    let output = run(config.path(), &["datasets"]).await;
    assert!(output.status.code() == Some(2) && text(&output.stderr).contains("chmod 600"), "{}", text(&output.stderr));
    std::fs::remove_file(&key).unwrap();
    let output = run(config.path(), &["datasets"]).await;
    let shown = text(&output.stderr);
    assert!(output.status.code() == Some(2) && shown.contains("key.json") && shown.lines().count() == 1, "{shown}");
}

#[tokio::test]
async fn a_key_in_the_environment_takes_the_place_of_a_profile() {
    let sandbox = sandbox().await;
    let config = tempfile::tempdir().unwrap();
    let output = command(config.path(), &["login", &sandbox.base, "--dpop"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "a browser's tokens are not bound: {}", text(&output.stderr));
    let mut datasets = command(config.path(), &["datasets"]);
    datasets.env("MUDEUNG_URL", &sandbox.base).env("MUDEUNG_CLIENT_ID", "a").env("MUDEUNG_PRIVATE_KEY", "missing.pem");
    let output = datasets.output().await.unwrap();
    assert!(
        output.status.code() == Some(2) && text(&output.stderr).contains("missing.pem"),
        "{}",
        text(&output.stderr)
    );
}

#[tokio::test]
async fn rows_come_as_a_table_or_as_the_bytes_of_a_format() {
    let sandbox = sandbox().await;
    let config = signed_in(&sandbox).await;
    let output = run(config.path(), &["query", "select sex from d.synthetic.t"]).await;
    assert_eq!(text(&output.stdout), "+-----+\n| sex |\n+-----+\n| F   |\n| M   |\n+-----+\n");
    assert_eq!(text(&output.stderr), "2 rows; ledger entry 7\n");
    let output = run(config.path(), &["query", "--table", "d.synthetic.t", "--limit", "1"]).await;
    assert!(
        text(&output.stdout).contains("| F   |\n+-----+") && text(&output.stderr).starts_with("1 rows; there are more")
    );
    let output = run(config.path(), &["query", "--table", "d.synthetic.t", "--out", "t.csv"]).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_to_string(config.path().join("t.csv")).unwrap(), "sex\nF\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| std::fs::metadata(config.path().join(name)).unwrap().permissions().mode();
        std::fs::write(config.path().join("usual"), "").unwrap();
        assert_eq!(mode("t.csv"), mode("usual"), "a kept file is as open as any other");
    }
}

#[tokio::test]
async fn failures_are_one_line_with_the_status_that_tells_their_kind() {
    let sandbox = sandbox().await;
    let config = signed_in(&sandbox).await;
    let cases: [(&[&str], i32); 13] = [
        (&["query"], 2),
        (&["query", "--table", "d.t"], 2),
        (&["query", "--table", "d.synthetic.t", "--out", "t.xlsx"], 2),
        (&["query", "--table", "d.synthetic.t", "--out", "missing/t.csv"], 2),
        (&["datasets", "--profile", "nobody"], 2),
        (&["login", "--url", "http://example.com", "--client-id", "a", "--secret-stdin"], 2),
        (&["login", "--url", &sandbox.base, "--client-id", "a"], 2),
        (&["pull", "../etc"], 2),
        (&["pull", "d", "--connections", "0"], 2),
        (&["pull", "d", "--receipts", "kept"], 2),
        (&["query", "--table", "d.synthetic.t", "--files", "--out", "t.parquet"], 2),
        (&["datasets", "unknown"], 1),
        (&["query", "--table", "d.deidentified.t"], 1),
    ];
    for (arguments, code) in cases {
        let output = run(config.path(), arguments).await;
        let shown = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {shown}");
        assert!(shown.starts_with("mudeung-cli: ") && shown.lines().count() == 1, "{arguments:?}: {shown}");
        assert!(!shown.contains("panicked"));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_in_one_line() {
    let config = tempfile::tempdir().unwrap();
    let mut command = command(config.path(), &["datasets"]);
    command.env("MUDEUNG_URL", "http://127.0.0.1:1").env("MUDEUNG_CLIENT_ID", "a").env("MUDEUNG_CLIENT_SECRET", "b");
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stderr);
    assert!(shown.starts_with("mudeung-cli: no answer from the server") && shown.lines().count() == 1, "{shown}");
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_failure() {
    let sandbox = sandbox().await;
    let config = signed_in(&sandbox).await;
    let mut child = command(config.path(), &["datasets"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success());
    assert_eq!(text(&output.stderr), "");
}

/// The vectors that the checkers in all languages are tested with.
fn vectors() -> serde_json::Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../python/tests/proofs.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[tokio::test]
async fn a_kept_receipt_holds_offline() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    let good = cases.iter().find(|case| case["name"] == "an entry in the middle").unwrap();
    let proof = good["proof"].as_str().unwrap().to_owned();
    let sandbox = Sandbox::start(move |seen| match (seen.target.as_str(), seen.header("accept")) {
        ("/v1/receipts/5", "application/vnd.c2sp.tlog-proof") => {
            Reply::new(200, "application/vnd.c2sp.tlog-proof", proof.clone())
        }
        _ => Reply::problem(404, "not_found"),
    })
    .await;
    let config = signed_in(&sandbox).await;
    let output = run(config.path(), &["receipts", "5", "--out", "kept"]).await;
    assert_eq!(text(&output.stdout), "kept/5.tlog-proof\n", "{}", text(&output.stderr));
    drop(sandbox);
    let (log, witness) = (vectors["log"].as_str().unwrap(), vectors["witness"].as_str().unwrap());
    let verify = ["verify", "kept/5.tlog-proof", "--log", log, "--witness", witness, "--threshold", "1"];
    let output = run(config.path(), &verify).await;
    let expected = "kept/5.tlog-proof: holds: entry 5 of 11, data.read_rows, 1 witnesses\n";
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
    let output = run(config.path(), &["verify", "kept/5.tlog-proof", "--log", witness]).await;
    assert_eq!(output.status.code(), Some(2), "a witness is no log");
}

#[tokio::test]
async fn each_vector_holds_or_does_not() {
    let vectors = vectors();
    let folder = tempfile::tempdir().unwrap();
    let (log, witness) = (vectors["log"].as_str().unwrap(), vectors["witness"].as_str().unwrap());
    for case in vectors["cases"].as_array().unwrap() {
        std::fs::write(folder.path().join("proof"), case["proof"].as_str().unwrap()).unwrap();
        let threshold = case["threshold"].to_string();
        let verify = ["--json", "verify", "proof", "--log", log, "--witness", witness, "--threshold", &threshold];
        let output = run(folder.path(), &verify).await;
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer[0]["holds"], case["holds"], "{}", case["name"]);
        assert_eq!(output.status.success(), case["holds"].as_bool().unwrap(), "{}", case["name"]);
    }
}
