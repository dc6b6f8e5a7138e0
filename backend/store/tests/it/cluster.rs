//! A private PostgreSQL cluster for this test binary: made on first use, gone when the process is, however it ends.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where Debian puts the server's programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The shell that the server runs under. It reads its standard input, which is a pipe that the test process holds: when
/// that process ends, the pipe closes, and the shell stops the server and removes its files.
///
/// `fsync` is off because these tests end processes, not machines: what a commit wrote is safe in the kernel from all
/// that they do, and the tests are several times faster. Commits are durable by the store's own session settings, which
/// a test reads back.
const SCRIPT: &str = r#"
set -eu
bin=$1
directory=$(mktemp -d "${TMPDIR:-/tmp}/mudeung-store-XXXXXX")
trap 'rm -rf "$directory"' EXIT
"$bin/initdb" --pgdata="$directory/data" --username=tester --auth=trust --no-sync --no-locale --encoding=UTF8 \
    >"$directory/log" 2>&1 || { cat "$directory/log" >&2; exit 1; }
"$bin/postgres" -D "$directory/data" -k "$directory" -c listen_addresses= -c fsync=off -c max_connections=200 \
    >>"$directory/log" 2>&1 &
server=$!
trap 'kill -QUIT $server 2>/dev/null || :; wait $server 2>/dev/null || :; rm -rf "$directory"' EXIT
tries=0
until "$bin/pg_isready" --quiet --host="$directory"; do
    tries=$((tries + 1))
    if [ $tries -gt 300 ] || ! kill -0 $server 2>/dev/null; then cat "$directory/log" >&2; exit 1; fi
    sleep 0.1
done
echo "$directory"
cat >/dev/null
"#;

struct Cluster {
    /// Its standard input is what keeps the server alive.
    _shell: Child,
    socket: String,
}

/// A fresh database of the cluster, as a URL.
pub(crate) fn create_database() -> (String, String) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("d{}", COUNT.fetch_add(1, Ordering::SeqCst));
    crate::place::execute(&url("postgres"), &format!("CREATE DATABASE {name}"));
    (url(&name), name)
}

/// Removes a database and whoever is connected to it.
pub(crate) fn drop_database(name: &str) {
    crate::place::execute(&url("postgres"), &format!("DROP DATABASE {name} WITH (FORCE)"));
}

/// The URL of a database of the cluster.
pub(crate) fn url(database: &str) -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(start);
    format!("postgres:///{database}?host={}&user=tester", cluster.socket)
}

fn start() -> Cluster {
    let mut command = unprivileged();
    command.args(["sh", "-c", SCRIPT, "sh", &programs()]);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut shell = spawned.expect("cannot start the PostgreSQL server");
    let mut socket = String::new();
    BufReader::new(shell.stdout.take().unwrap()).read_line(&mut socket).unwrap();
    assert!(!socket.trim().is_empty(), "the PostgreSQL server did not start; its log is above");
    Cluster { _shell: shell, socket: socket.trim().to_owned() }
}

/// The folder of the server's programs, of the newest version there is.
fn programs() -> String {
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let folders = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists());
    let newest = folders.max_by_key(|bin| {
        bin.parent().and_then(Path::file_name).and_then(|v| v.to_str()?.parse::<u32>().ok()).unwrap_or(0)
    });
    let newest = newest.expect("PostgreSQL's server programs are missing: apt-get install postgresql");
    newest.to_str().unwrap().to_owned()
}

/// The server refuses to run as root, so root becomes another user first, in a session of its own so that a Ctrl-C for
/// the tests reaches it through its standard input only.
fn unprivileged() -> Command {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().expect("cannot run `id`");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let mut command = Command::new("setsid");
    command.arg("--wait");
    if id(&["-u"]) == "0" {
        let user = if id(&["-u", "postgres"]).is_empty() { "nobody" } else { "postgres" };
        let (uid, gid) = (id(&["-u", user]), id(&["-g", user]));
        command.args(["setpriv", "--reuid", &uid, "--regid", &gid, "--clear-groups"]);
        command.current_dir("/");
    }
    command
}
