"""Time to the first byte of every page of the portal, on a sandbox that has grown, beside the same one before it grew."""

import gzip
import re
import sqlite3
import statistics
import time

import httpx
import past
import sandbox

ADMIN = ["", "home", "catalogue", "catalogue/lymph_node", "apps", "requests", "grants", "usage", "releases", "ledger"]
ADMIN += ["organizations", "members", "system", "break-glass", "notifications", "security", "agreements", "budgets"]
ADMIN += ["incidents", "results", "plans", "invoices", "ledger/personal", "ledger/export", "kill-switches", "reviews"]
ADMIN += ["ledger/checkpoint", "ledger/7", "usage?by=hour", "usage/export?format=csv", "{review}"]
# The ledger as it is searched: what is frequent, what is seldom and what is nowhere, alone and together.
SEARCHES = [
    "operation=data.read_rows",
    "operation=portal.sign_in",
    "operation=app.revoke",
    "status=denied",
    "status=unknown",
    "dataset=lymph_node",
    "dataset=lymph_node&status=denied",
    "app={app}",
    "grant={own_grant}",
    "organization={organization}",
    "organization={organization}&operation=query.run",
    "app={app}&status=unknown",
    "operation=query.run&status=unknown",
    "organization={other}&operation=app.revoke",
    "token=nowhere",
    "from={day}&until={day}",
    "from={day}&until={day}&operation=query.run&dataset=support2",
    "member=nobody",
    "before=40",
]
ADMIN += [f"ledger?{search}" for search in SEARCHES]
DEVELOPER = ["home", "incidents", "results", "catalogue", "apps", "requests", "requests/new", "grants", "usage", "webhooks", "notifications"]
DEVELOPER += ["invoices", "usage?by=hour", "usage/export?format=csv"]
GOAL_MS = 20
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
    # The month that was reviewed of the short ledger is reviewed again of the long one.
    database.execute("delete from review_items")
    database.execute("delete from reviews")
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


def places(server):
    """What stands in braces in the list of pages."""
    month = time.gmtime(time.time() - 40 * 86_400)
    found = {"day": time.strftime("%Y-%m-%d", month), "other": identifier("org", 7)}
    reader = Reader(server, "admin")
    found["grant"] = re.search(r"grants/(grt_[0-9a-z]+)", reader.http.get("/en/grants").text)[1]
    database = sqlite3.connect(server.control)
    own = "select app, organization, id from grants where id not like 'grt_7%' limit 1"
    found["app"], found["organization"], found["own_grant"] = database.execute(own).fetchone()
    database.close()
    began = time.perf_counter()
    form = reader.http.get("/en/reviews").text
    token = form.split('name="form_token" value="')[1].split('"')[0]
    fields = {"form_token": token, "month": time.strftime("%Y-%m", month)}
    begun = reader.http.post("/en/reviews", data=fields)
    assert begun.status_code == 303, begun.text
    print(f"a monthly review is counted and drawn in {time.perf_counter() - began:.2f} s", flush=True)
    found["review"] = begun.headers["location"].split("?")[0].removeprefix("/en/")
    return found


def measure(server, repetitions):
    """The median of each page, with its bytes and those of it when it is compressed."""
    figures, found = {}, places(server)
    for who, pages in (("admin", ADMIN), ("developer", DEVELOPER)):
        reader = Reader(server, who)
        own = re.search(r"grants/(grt_[0-9a-z]+)", reader.http.get("/en/grants").text)[1]
        for page in [*pages, "grants/{grant}"]:
            path = f"/en/{page.format(**{**found, 'grant': own})}".rstrip("/")
            seen = [reader.first_byte(path) for _ in range(repetitions + 1)][1:]
            body = seen[-1][1]
            figures[who, f"/en/{page}".rstrip("/")] = (statistics.median(took for took, _ in seen), len(body), len(gzip.compress(body)))
    return figures


def first_load(server):
    """Bytes of what a visitor's first page brings when it is compressed: the page, style sheets, scripts and images."""
    with httpx.Client(base_url=server.url, headers={"accept-encoding": "gzip"}) as http:
        page = http.get("/en").text
        parts = sorted(set(re.findall(r'(?:src|href)="(/[^"]+\.(?:css|js|svg|png|webp|ico|woff2))"', page)))
        sizes = {"the page": len(gzip.compress(page.encode()))}
        for part in parts:
            with http.stream("GET", part) as answer:
                assert answer.status_code == 200, part
                body = b"".join(answer.iter_raw())
            packed = "content-encoding" in answer.headers or part.endswith((".png", ".webp", ".woff2"))
            sizes[part] = len(body if packed else gzip.compress(body))
    return sizes


def run(folder, repetitions=5, organizations=1_000, requests=10_000, open_requests=500, entries=5_000_000):
    """Figures of a sandbox as the demo leaves it, and of the same one when it has grown."""
    with sandbox.Server(folder) as server:
        sizes = first_load(server)
        print(f"first load: {sum(sizes.values())} bytes compressed: {sizes}", flush=True)
        small = measure(server, repetitions)
        server.stop()
        grow(server.control, organizations, requests, open_requests)
        past.give(server, entries, past.readers(server.control))
        server.start(ready_seconds=120)
        print(f"the server is ready after {server.process.ready_after:.1f} s", flush=True)
        grown = measure(server, repetitions)
        server.stop()
        return small, grown


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
    title = "Time to first byte of a page: 1,000 companies, 10,000 access requests, 500 of them open, 5 million entries"
    return {"title": title, "unit": "milliseconds and kilobytes", "rows": rows, "against": None}
