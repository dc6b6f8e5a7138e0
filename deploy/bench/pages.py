"""Time to the first byte of every page of the portal, on a sandbox that has grown, beside the same one before it grew."""

import gzip
import re
import sqlite3
import statistics
import time

import httpx
import sandbox

ADMIN = ["", "home", "catalogue", "catalogue/lymph_node", "apps", "requests", "grants", "usage", "releases", "ledger"]
ADMIN += ["organizations", "members", "system", "break-glass", "notifications", "security", "agreements", "budgets"]
ADMIN += ["incidents", "plans", "invoices", "ledger/personal", "ledger/export", "kill-switches", "reviews"]
DEVELOPER = ["home", "incidents", "catalogue", "apps", "requests", "requests/new", "grants", "usage", "webhooks", "notifications"]
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def identifier(mark, number):
    """An identifier of the form that the sandbox makes, after all of its own."""
    text = ""
    for _ in range(26):
        number, digit = divmod(number, 32)
        text = LETTERS[digit] + text
    return f"{mark}_{'7' + text[1:]}"


def copies(database, table, where, change, count):
    """Puts `count` copies of a row into its table, each changed by a function of its number."""
    names = [row[1] for row in database.execute(f"pragma table_info({table})")]
    row = dict(zip(names, database.execute(f"select * from {table} where {where}").fetchone(), strict=True))
    rows = ([{**row, **change(number)}[name] for name in names] for number in range(count))
    database.executemany(f"insert into {table} values ({', '.join('?' * len(names))})", rows)


def grow(control, organizations, requests, open_requests):
    """Companies with a developer and an app each, and access requests: most with a grant, some that wait for the check."""
    database = sqlite3.connect(control)
    database.execute("pragma foreign_keys = off")
    company = lambda number: number % organizations  # noqa: E731
    copies(
        database,
        "organizations",
        "kind = 'company'",
        lambda n: {"id": identifier("org", n), "name": f"Company {n:05}"},
        organizations,
    )
    copies(
        database,
        "members",
        "roles like '%developer%'",
        lambda n: {
            "id": identifier("mem", n),
            "organization": identifier("org", n),
            "email": f"developer{n}@company.example",
        },
        organizations,
    )
    copies(
        database,
        "apps",
        "name = 'Demo app'",
        lambda n: {"id": identifier("app", n), "organization": identifier("org", n), "name": f"App {n:05}"},
        organizations,
    )

    def request(n):
        owner = company(n)
        changed = {
            "id": identifier("req", n),
            "organization": identifier("org", owner),
            "app": identifier("app", owner),
            "author": identifier("mem", owner),
            "grant_id": identifier("grt", n),
        }
        if n < open_requests:
            changed |= {"state": "submitted", "decided_by": None, "grant_id": None}
        return changed

    copies(database, "requests", "state = 'approved'", request, requests)
    copies(
        database,
        "grants",
        "tier = 'deidentified'",
        lambda n: {
            "id": identifier("grt", n + open_requests),
            "app": identifier("app", company(n + open_requests)),
            "organization": identifier("org", company(n + open_requests)),
            "request": identifier("req", n + open_requests),
        },
        requests - open_requests,
    )
    approved, grant = database.execute("select id, grant_id from requests where id not like 'req_7%' limit 1").fetchone()
    history = database.execute("select * from request_events where request = ? order by number", [approved]).fetchall()
    events = (
        [
            identifier("req", n),
            number,
            at,
            identifier("mem", company(n)) if number == 1 else member,
            kind,
            detail.replace(grant, identifier("grt", n)),
        ]
        for n in range(requests)
        for _, number, at, member, kind, detail in history[: 1 if n < open_requests else None]
    )
    database.executemany("insert into request_events values (?, ?, ?, ?, ?, ?)", list(events))
    # Every other grant is reported on twice, and what came second was not read yet.
    text = '{"text":"The model was validated on two thirds of the rows; a paper follows."}'
    reported = [n for n in range(open_requests, requests) if n % 2 == 0]
    steps = [(1, "reported"), (2, "noted"), (3, "reported")]
    events = [
        [identifier("grt", n), number, number, identifier("mem", company(n)), kind, text]
        for n in reported
        for number, kind in steps
    ]
    database.executemany("insert into grant_events values (?, ?, ?, ?, ?, ?)", events)
    standing = [[identifier("grt", n), "open", 1] for n in reported]
    database.executemany("insert into grant_courses values (?, ?, ?)", standing)
    database.execute("update generation set value = value + 1")
    database.commit()
    database.close()


class Reader:
    """A member at the portal, without a browser."""

    def __init__(self, server, who):
        self.http = httpx.Client(base_url=server.url, timeout=60)
        form = self.http.get("/en/sign-in").text
        token = form.split('name="form_token" value="')[1].split('"')[0]
        person = server.credentials[who]
        fields = {"form_token": token, "email": person["email"], "password": person["password"], "next": ""}
        assert self.http.post("/en/sign-in", data=fields).status_code == 303

    def first_byte(self, path):
        """Milliseconds until the first byte, and the page."""
        began = time.perf_counter()
        with self.http.stream("GET", path) as answer:
            chunks = answer.iter_raw()
            first = next(chunks)
            took = (time.perf_counter() - began) * 1e3
            body = first + b"".join(chunks)
        assert answer.status_code == 200, (path, answer.status_code)
        return took, body


def measure(server, repetitions):
    """The median of each page, with its bytes and those of it when it is compressed."""
    figures = {}
    for who, pages in (("admin", ADMIN), ("developer", DEVELOPER)):
        reader = Reader(server, who)
        grant = re.search(r"/en/grants/grt_[0-9a-z]+", reader.http.get("/en/grants").text)
        for path in [f"/en/{page}".rstrip("/") for page in pages] + [grant[0]]:
            seen = [reader.first_byte(path) for _ in range(repetitions + 1)][1:]
            body = seen[-1][1]
            path = re.sub(r"grt_\w+", "{grant}", path)
            figures[who, path] = (statistics.median(took for took, _ in seen), len(body), len(gzip.compress(body)))
    return figures


def run(folder, repetitions=5, organizations=1_000, requests=10_000, open_requests=500):
    """Figures of a sandbox as the demo leaves it, and of the same one when it has grown."""
    with sandbox.Server(folder) as server:
        small = measure(server, repetitions)
        server.stop()
        grow(server.control, organizations, requests, open_requests)
        server.start(ready_seconds=120)
        return small, measure(server, repetitions)


def pages(options):
    """Every page for the hospital's administrator and for a developer, slowest first."""
    before, after = run(sandbox.FOLDER / "pages", options.repetitions)
    slowest = sorted(after, key=lambda key: -after[key][0])
    name = " ".join
    rows = {
        "ms, as the demo leaves it": {name(key): before[key][0] for key in slowest},
        "ms, grown": {name(key): after[key][0] for key in slowest},
        "KB": {name(key): after[key][1] / 1e3 for key in slowest},
        "KB compressed": {name(key): after[key][2] / 1e3 for key in slowest},
    }
    title = "Time to first byte of a page: 1,000 companies, 10,000 access requests, 500 of them open"
    return {"title": title, "unit": "milliseconds and kilobytes", "rows": rows, "against": None}
