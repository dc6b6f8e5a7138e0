"""Measures the server against public peers on one machine. Run it with `cargo xtask bench`; README.md says how."""

import argparse
import base64
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "e2e"))

import httpx  # noqa: E402
import bigtable  # noqa: E402
import pages  # noqa: E402
import postgres  # noqa: E402
import reads  # noqa: E402
import sandbox  # noqa: E402

FOLDER = sandbox.FOLDER
CACHE = Path(os.environ.get("MUDEUNG_CACHE", FOLDER))
CONNECTIONS = (1, 8, 64)
RANGE_BYTES = 64 * 1024


def wrk(url, connections, seconds, **request):
    """One measurement; fails when an answer was not what was asked for."""
    base, path = url.split("/", 3)[:3], "/" + url.split("/", 3)[3]
    environment = {**os.environ, "BENCH_PATH": path}
    headers = request.pop("headers", {})
    environment["BENCH_HEADERS"] = "\n".join(f"{name}: {value}" for name, value in headers.items())
    environment.update({f"BENCH_{name.upper()}": str(value) for name, value in request.items()})
    command = ["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", f"{seconds}s"]
    command += ["--timeout", "60s", "--latency", "-s", str(HERE / "load.lua"), "/".join(base)]
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    result = json.loads(output.strip().splitlines()[-1])
    if result["refused"] or result["broken"] or not (result["requests"] or result["bytes"]):
        raise SystemExit(f"{url}: answers that do not count: {result}")
    return result


def gigabytes_per_second(result):
    return result["bytes"] / result["duration_us"] / 1e3


def per_second(result):
    return result["requests"] / result["duration_us"] * 1e6


def alternate(contenders, repetitions):
    """Runs all contenders in turn, again and again, so that a slow minute of the machine meets all; medians."""
    figures = {name: [] for name in contenders}
    for _ in range(repetitions):
        for name, measure in contenders.items():
            figures[name].append(measure())
    return {name: statistics.median(values) for name, values in figures.items()}


class Nginx:
    """nginx on loopback over the same files."""

    def __init__(self, root, audit_port=1):
        self.folder = FOLDER / "nginx"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.port, auth_port = sandbox.free_port(), sandbox.free_port()
        names = {
            "USER": subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip(),
            "WORKERS": os.cpu_count(),
            "FOLDER": self.folder.resolve(),
            "ROOT": Path(root).resolve(),
            "PORT": self.port,
            "AUTH_PORT": auth_port,
            "AUDIT_PORT": audit_port,
        }
        text = (HERE / "nginx.conf").read_text()
        for name, value in names.items():
            text = text.replace(f"@{name}@", str(value))
        config = self.folder / "nginx.conf"
        config.write_text(text)
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        log = self.folder / "error.log"
        self.process = subprocess.Popen([program, "-e", str(log), "-c", str(config.resolve())])
        self.url = f"http://127.0.0.1:{self.port}"
        wait_for(self.url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Authorizer:
    """Behind nginx's `auth_request`: a small service that writes a durable row into PostgreSQL for each request."""

    def __init__(self):
        self.cluster = postgres.Cluster(is_durable=True)
        self.cluster.create("audit")
        folder = node_program("authorizer")
        self.port = sandbox.free_port()
        command = ["node", "server.js", str(self.port), str(self.cluster.folder), "audit"]
        self.process = subprocess.Popen(command, cwd=folder)
        wait_for(f"http://127.0.0.1:{self.port}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        rows = int(self.cluster.psql("audit", "SELECT count(*) FROM audit")[0])
        self.cluster.stop()
        if not rows:
            raise SystemExit("the authorizer wrote no row")


def node_program(name):
    """A program of this folder with its packages, installed once."""
    folder = CACHE / name
    shutil.copytree(HERE / name, folder, dirs_exist_ok=True)
    if not (folder / "node_modules").exists():
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
    return folder


def wait_for(url, seconds=60):
    end = time.monotonic() + seconds
    while True:
        try:
            return httpx.get(url)
        except httpx.HTTPError:
            if time.monotonic() > end:
                raise SystemExit(f"{url} does not answer")
            time.sleep(0.05)


class Bulk:
    """A server with one 200 MB file in service, and the ways to ask for it."""

    def __init__(self, name, **sections):
        folder = FOLDER / name
        shutil.rmtree(folder, ignore_errors=True)
        self.server = sandbox.Server(folder, **sections)
        manifest = bigtable.write(self.server.store, size_bytes=200_000_000)
        publish = [sandbox.BINARY, "curate", "publish", str(manifest), "--config", str(self.server.config)]
        subprocess.run(publish, check=True, capture_output=True)
        self.server.start()
        self.company = self.server.company("sandbox")
        self.file = self.company.files("bulk", "synthetic", "measurement")[0]
        self.bearer = {"Authorization": self.company.http.headers["authorization"]}
        self.url = f"{self.server.url}/v1/files/{self.file['id']}"
        self.folder = manifest.parent / "measurement"

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.server.__exit__(*details)


def download(options):
    """Whole files: authorised, metered and in the ledger, against nginx's sendfile without any check."""
    with Bulk("download") as ours, Nginx(ours.folder) as nginx:
        plain = f"{nginx.url}/plain/part-00000.parquet"
        rows = {}
        for connections in CONNECTIONS:
            contenders = {
                "nginx sendfile, no checks": lambda: gigabytes_per_second(wrk(plain, connections, options.seconds)),
                "mudeung, token + ledger + metering": lambda: gigabytes_per_second(
                    wrk(ours.url, connections, options.seconds, headers=ours.bearer)
                ),
            }
            rows[connections] = alternate(contenders, options.repetitions)
        return table("Whole-file download, 200 MB", "GB/s", rows, "nginx sendfile, no checks")


def ranges(options):
    """Small ranges of one file, where a check of each request costs most."""
    with Bulk("ranges") as ours, Bulk("ranges-strict", ledger={"lease_seconds": 0}) as strict:
        with Authorizer() as authorizer, Nginx(ours.folder, authorizer.port) as nginx:
            size = ours.file["size_bytes"]
            request = {"range_bytes": RANGE_BYTES, "file_bytes": size}

            def measure(url, connections, headers):
                return lambda: gigabytes_per_second(
                    wrk(url, connections, options.seconds, headers=dict(headers), **request)
                )

            rows = {}
            for connections in CONNECTIONS:
                name = "part-00000.parquet"
                contenders = {
                    "nginx, no checks": measure(f"{nginx.url}/plain/{name}", connections, {}),
                    "nginx + auth_request": measure(f"{nginx.url}/checked/{name}", connections, ours.bearer),
                    "nginx + auth_request + audit insert": measure(
                        f"{nginx.url}/audited/{name}", connections, ours.bearer
                    ),
                    "mudeung, read lease": measure(ours.url, connections, ours.bearer),
                    "mudeung, one durable entry for each range": measure(strict.url, connections, strict.bearer),
                }
                rows[connections] = alternate(contenders, options.repetitions)
            return table("64 KiB ranges of a 200 MB file", "GB/s", rows, "nginx, no checks")


def tokens(options):
    """client_credentials by Basic, answered with an ES256 JWT."""
    folder = node_program("oidc-provider")
    port = sandbox.free_port()
    peer = subprocess.Popen(["node", "server.js", str(port)], cwd=folder, stdout=subprocess.DEVNULL)
    server_folder = FOLDER / "tokens"
    shutil.rmtree(server_folder, ignore_errors=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/.well-known/openid-configuration")
        with sandbox.Server(server_folder) as ours:
            credential = ours.credentials["client"]
            own = basic(credential["client_id"], credential["client_secret"])
            other = basic("bench", "a-secret-of-the-benchmark-0123456789")

            def measure(url, headers, scope, connections):
                body = f"grant_type=client_credentials&scope={scope}"
                request = {"method": "POST", "body": body, "headers": headers}
                return lambda: per_second(wrk(url, connections, options.seconds, **request))

            rows = {}
            for connections in CONNECTIONS:
                contenders = {
                    "npm oidc-provider, in memory": measure(
                        f"http://127.0.0.1:{port}/token", other, "read", connections
                    ),
                    "mudeung, each in the ledger": measure(
                        ours.url + "/oauth2/token", own, "catalog.read", connections
                    ),
                }
                rows[connections] = alternate(contenders, options.repetitions)
            return table("Access tokens (client_credentials, ES256)", "tokens/s", rows, "npm oidc-provider, in memory")
    finally:
        peer.terminate()
        peer.wait()


def basic(name, secret):
    encoded = base64.b64encode(f"{name}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {encoded}", "Content-Type": "application/x-www-form-urlencoded"}


def small(options):
    """Small requests with a token, each with its durable entry before the answer, against an actix-web that says hello."""
    port = sandbox.free_port()
    peer = subprocess.Popen([os.environ["MUDEUNG_HELLO"], str(port)])
    folder = FOLDER / "small"
    shutil.rmtree(folder, ignore_errors=True)
    hello, governed = "actix-web, hello", "mudeung, token + durable entry"
    waits = {hello: {}, governed: {}}
    try:
        wait_for(f"http://127.0.0.1:{port}/")
        with sandbox.Server(folder) as ours:
            company = ours.company("sandbox")
            bearer = {"Authorization": company.http.headers["authorization"]}

            def measure(name, url, connections, headers):
                def run():
                    result = wrk(url, connections, options.seconds, headers=dict(headers))
                    waits[name].setdefault(connections, []).append((result["p50_us"], result["p99_us"]))
                    return per_second(result)

                return run

            rows = {}
            for connections in CONNECTIONS:
                contenders = {
                    hello: measure(hello, f"http://127.0.0.1:{port}/", connections, {}),
                    governed: measure(governed, ours.url + "/v1/datasets?limit=1", connections, bearer),
                }
                rows[connections] = alternate(contenders, options.repetitions)
        show_waits("Small requests, time to answer", waits)
        return table("Small governed requests", "requests/s", rows, hello)
    finally:
        peer.terminate()
        peer.wait()


def show_waits(title, waits):
    """Medians of p50 and p99 in milliseconds."""
    print(f"\n**{title}** (ms, p50 / p99)\n\n| | " + " | ".join(map(str, CONNECTIONS)) + " |")
    print("|---" * (len(CONNECTIONS) + 1) + "|")
    for name, measured in waits.items():
        medians = [[statistics.median(each) / 1e3 for each in zip(*measured[count])] for count in CONNECTIONS]
        print(f"| {name} | " + " | ".join(f"{p50:.2f} / {p99:.2f}" for p50, p99 in medians) + " |", flush=True)


def appends(options):
    """Durable appends of full entries, against the same bytes appended to a bare file with group commit."""
    program = os.environ["MUDEUNG_APPEND_BENCH"]
    cluster = postgres.Cluster(is_durable=True)
    names = {
        "file": "bare file, group commit",
        "ledger": "mudeung ledger on SQLite: entry, tree, usage",
        "postgres": "mudeung ledger on PostgreSQL",
    }
    waits = {name: {} for name in names.values()}
    made = iter(range(1_000_000))

    def measure(kind, connections):
        def run():
            folder = FOLDER / "appends"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            place = cluster.create(f"appends{next(made)}") if kind == "postgres" else str(folder)
            command = [program, "file" if kind == "file" else "ledger", place, str(connections), str(options.seconds)]
            output = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            waits[names[kind]].setdefault(connections, []).append((output["p50_us"], output["p99_us"]))
            return output["appends_per_second"]

        return run

    try:
        rows = {}
        for connections in CONNECTIONS:
            contenders = {name: measure(kind, connections) for kind, name in names.items()}
            rows[connections] = alternate(contenders, options.repetitions)
    finally:
        cluster.stop()
    show_waits("Durable appends, time until durable: what the ledger adds to a request", waits)
    return table("Durable appends", "appends/s", rows, names["file"])


def cold_run(_):
    """A newcomer's first command: a fresh clone and nothing built, until the portal answers."""
    folder = FOLDER / "cold-run"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder / "clone")], check=True)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(folder / "target")}
    port = sandbox.free_port()
    arguments = ["cargo", "run", "--quiet", "--release", "--", "demo", "--port", str(port)]
    arguments += ["--data-dir", str(folder / "data"), "--json", str(folder / "demo.json")]
    start = time.monotonic()
    process = subprocess.Popen(arguments, cwd=folder / "clone", env=environment, stdout=subprocess.DEVNULL)
    wait_for(f"http://127.0.0.1:{port}/readyz", 7200)
    took = time.monotonic() - start
    # cargo has become the server by now: one process to end.
    process.terminate()
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)
    rows = {os.cpu_count(): {"cold first run, crates already downloaded": took / 60}}
    return table("Cold first run, clone to portal (columns: cores)", "minutes", rows, None)


def table(title, unit, rows, against):
    return {"title": title, "unit": unit, "rows": rows, "against": against}


def markdown(result):
    """One line for each contender, one column for each number of connections, with ratios to the peer."""
    columns = list(result["rows"])
    lines = [f"**{result['title']}** ({result['unit']})", ""]
    lines.append("| | " + " | ".join(str(column) for column in columns) + " |")
    lines.append("|---" * (len(columns) + 1) + "|")
    for name in result["rows"][columns[0]]:
        cells = []
        for column in columns:
            value = result["rows"][column][name]
            text = f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
            if result["against"] not in (None, name):
                text += f" ({value / result['rows'][column][result['against']]:.2f} ×)"
            cells.append(text)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


BENCHMARKS = {
    "download": download,
    "ranges": ranges,
    "small": small,
    "tokens": tokens,
    "appends": appends,
    "views": reads.views,
    "queries": reads.queries,
    "lookups": reads.lookups,
    "pages": pages.pages,
    "cold-run": cold_run,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=BENCHMARKS)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in options.names:
        result = BENCHMARKS[name](options)
        (FOLDER / f"{name}.json").write_text(json.dumps(result, indent=2))
        for each in result if isinstance(result, list) else [result]:
            print("\n" + markdown(each), flush=True)


if __name__ == "__main__":
    main()
