"""The journeys from their beginning to their end: people at the portal in a browser, their programs at the interface."""

import sqlite3
import subprocess
import threading
import time

import bigtable
import httpx
import mudeung
import past
import pytest
import releases
import sandbox
from chromium import assert_nothing_amiss, choose_plan, click, has, heading, picture, sign_in, text, until, window
from mails import wait_for_link
from test_accessibility import axe, violations  # noqa: F401  (a fixture)

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
DAY_S = 86_400
DATASET = "lymph_node"


class Hospital:
    """A sandbox with a board of two, one of them from outside; everybody has a window of their own."""

    def __init__(self, folder, chromium):
        self.chromium, self.windows, self.refused = chromium, {}, ()
        board = {"members_min": 2, "external_min": 1, "present_percent": 0}
        self.server = sandbox.Server(folder, review=board)
        self.url, self.json = self.server.url, dict(self.server.credentials)

    def add(self, who, roles):
        command = [sandbox.BINARY, "user", "create", "--config", self.server.config, "--email", f"{who}@hospital.example"]
        made = subprocess.run([*command, "--name", who, "--roles", roles], capture_output=True, text=True, check=True)
        self.json[who] = {"email": f"{who}@hospital.example", "password": made.stdout.strip().rsplit(" ", 1)[1]}

    def window_of(self, who, path=None):
        """The window of somebody who has signed in, at a page."""
        if who not in self.windows:
            self.windows[who] = window(self.chromium)
            sign_in(self.windows[who], self, "en", who)
        if path is not None:
            self.windows[who].goto(path if path.startswith("http") else f"{self.url}/en/{path}")
        return self.windows[who]

    def close(self):
        for page in self.windows.values():
            assert_nothing_amiss(page, self.refused)
            page.context.close()


@pytest.fixture
def hospital(tmp_path, chromium):
    hospital = Hospital(tmp_path / "server", chromium)
    hospital.add("reviewer", "reviewer")
    hospital.add("outsider", "external")
    hospital.add("watcher", "auditor")
    hospital.add("deputy", "admin")
    with hospital.server:
        yield hospital
        hospital.close()


def date(days):
    """A day, so many days from now, in Korea."""
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + days * DAY_S + 9 * 3_600))


def press(browser, address):
    click(browser, f"form[action$='{address}'] button:not([formaction])")


def make_app(browser, url, name):
    """An app with a credential: its client_id and secret."""
    browser.goto(f"{url}/en/apps")
    browser.fill("main [name=name]", name)
    click(browser, "main form button.main")
    return make_credential(browser, "first")


def make_credential(browser, label):
    """One more credential of the app whose page is open."""
    browser.fill("form[action$='/credentials'] [name=label]", label)
    press(browser, "/credentials")
    return browser.locator("dl.pairs code").first.inner_text(), browser.locator("code.secret").inner_text()


def read(url, credential, table, rows=5):
    """Rows, as a company's own program reads them."""
    app, secret = credential
    return mudeung.Sandbox(url, client_id=app, client_secret=secret).table(table).to_pandas(limit=rows)


def test_from_the_sign_up_to_the_first_synthetic_rows(browser, demo):
    address, password = "first-rows@sprout.example", "a password that nobody guesses"
    browser.goto(f"{demo.url}/en/sign-up")
    for name, written in (("company", "First rows"), ("number", "104-81-00015"), ("email", address)):
        browser.fill(f"[name={name}]", written)
    browser.check("[name=accept]")
    click(browser, "main form button.main")
    browser.goto(demo.url + wait_for_link(address, "invitations"))
    browser.fill("[name=name]", "A founder")
    browser.fill("[name=password]", password)
    click(browser, "main form button.main")
    browser.fill("[name=email]", address)
    browser.fill("[name=password]", password)
    click(browser, "main form button.main")
    credential = make_app(browser, demo.url, "First app")
    until(lambda: is_let_in(demo.url, credential))
    frame = read(demo.url, credential, f"{DATASET}.synthetic.patient")
    assert len(frame) == 5 and len(frame.columns) > 3
    with pytest.raises(mudeung.NotFound):
        read(demo.url, credential, f"{DATASET}.deidentified.patient")
    assert_nothing_amiss(browser)


def is_let_in(url, credential):
    form = {"grant_type": "client_credentials", "scope": "catalog.read"}
    return httpx.post(url + "/oauth2/token", data=form, auth=credential).status_code == 200


def test_a_request_goes_from_the_draft_over_the_board_to_rows(hospital):
    """Returned, handed in again, voted on, approved with a condition, the ethics approval handed in, opened, and read."""
    # Two decisions are tried before the votes are there.
    hospital.refused = (422,)
    developer = hospital.window_of("developer")
    credential = make_app(developer, hospital.url, "Survival")
    hospital.window_of("developer", "requests/new")
    developer.select_option("#dataset", DATASET)
    developer.select_option("#app", label="Survival")
    developer.fill("[name=purpose]", "Validate a model of survival on the cohort of the hospital.")
    choose_plan(developer)
    developer.select_option("#ethics", "follows")
    developer.fill("#ethics_by", date(30))
    developer.check("[name=accept]")
    click(developer, "main form button.main")
    request = developer.url.split("?")[0]
    with pytest.raises(mudeung.NotFound):
        read(hospital.url, credential, f"{DATASET}.deidentified.patient")

    reviewer = hospital.window_of("reviewer", "home")
    assert request.rsplit("/", 1)[1] in reviewer.content(), "it waits on the reviewer"
    reviewer.goto(request)
    reviewer.fill("#return-reason", "Survival until when?")
    press(reviewer, "/return")
    developer.goto(request)
    assert "Survival until when?" in text(developer)
    developer.goto(request + "/edit")
    developer.fill("[name=purpose]", "Validate a model of survival at five years on the cohort of the hospital.")
    developer.check("[name=accept]")
    click(developer, "main form button.main")

    reviewer.goto(request)
    assert "five years" in text(reviewer)
    press(reviewer, "/accept")
    press(reviewer, "/approve")
    assert "Approved" not in heading(reviewer) and has(reviewer, ".notice.bad"), "nobody decides before the board has voted"
    vote(hospital.window_of("outsider", request), "conditional", "Once the ethics approval is here.")
    reviewer.goto(request)
    press(reviewer, "/approve")
    assert "Approved" not in heading(reviewer) and has(reviewer, ".notice.bad"), "one vote is no quorum"
    reviewer.goto(request)
    vote(reviewer, "for", "The columns are those that the purpose needs.")
    picture(reviewer, "journey-votes")
    reviewer.goto(request)
    reviewer.locator("details:has(#condition-0) summary").click()
    reviewer.fill("#condition-0", "Report the results to the hospital before they are published.")
    reviewer.fill("#due-0", date(60))
    press(reviewer, "/approve")
    assert "Approved with conditions" in heading(reviewer)
    with pytest.raises(mudeung.NotFound):
        read(hospital.url, credential, f"{DATASET}.deidentified.patient")

    meet_conditions(hospital, developer, reviewer, request)
    developer.goto(request)
    click(developer, "main a.button[href*='/grants/grt_']")
    picture(developer, "journey-grant")
    frame = read(hospital.url, credential, f"{DATASET}.deidentified.patient")
    assert len(frame) == 5 and len(frame.columns) > 3
    operations = [entry["operation"] for entry in hospital.server.entries().values() if entry["kind"] == "outcome"]
    steps = ["request.submit", "request.return", "request.accept", "request.vote", "request.decide", "request.attach"]
    steps += ["request.answer", "request.confirm", "data.read_rows"]
    assert not [step for step in steps if step not in operations], sorted(set(operations))


def vote(browser, ballot, reason):
    browser.select_option("#ballot", ballot)
    browser.fill("#vote-reason", reason)
    press(browser, "/vote")


def meet_conditions(hospital, developer, reviewer, request):
    """The approval of the ethics committee is uploaded, and each condition answered and confirmed."""
    developer.goto(request)
    approval = {"name": "irb-2026-17.pdf", "mimeType": "application/pdf", "buffer": PDF}
    developer.set_input_files("#file", approval)
    click(developer, "form[enctype] button")
    assert "irb-2026-17.pdf" in text(developer)
    for condition in (0, 1):
        developer.fill(f"form[action$='/conditions/{condition}/answer'] textarea", "IRB 2026-17, enclosed.")
        press(developer, f"/conditions/{condition}/answer")
    reviewer.goto(request)
    with reviewer.expect_download() as saved:
        reviewer.click("a[href*='/attachments/']")
    assert saved.value.path().read_bytes() == PDF and saved.value.suggested_filename == "irb-2026-17.pdf"
    for condition in (0, 1):
        press(reviewer, f"/conditions/{condition}/confirm")
    assert "conditions" not in heading(reviewer), "the ethics approval that follows, and what the board asks for, are met"


def test_a_secret_is_rotated_while_the_program_that_uses_it_reads_on(browser, demo):
    sign_in(browser, demo, "en", "developer")
    first = make_app(browser, demo.url, "Rotation")
    app = browser.url.split("/credentials")[0]
    until(lambda: is_let_in(demo.url, first))
    used, reads, failures, stop = [first], [], [], threading.Event()

    def work():
        while not stop.is_set():
            try:
                # A program that starts anew each time: it signs in with what is configured now.
                read(demo.url, used[-1], f"{DATASET}.synthetic.patient", rows=1)
                reads.append(used[-1])
            except mudeung.MudeungError as error:
                failures.append(f"{used[-1][1][:8]}: {error}")

    program = threading.Thread(target=work)
    program.start()
    try:
        until(lambda: len(reads) > 3)
        browser.goto(app)
        second = make_credential(browser, "second")
        assert second[0] == first[0], "the client stays the same"
        until(lambda: is_let_in(demo.url, second))
        used.append(second)
        until(lambda: reads[-1] == second)
        browser.goto(app)
        picture(browser, "journey-rotation")
        click(browser, "tr:has-text('first') form[action$='/revoke'] button")
        until(lambda: not is_let_in(demo.url, first), seconds=3)
        read_before = len(reads)
        until(lambda: len(reads) > read_before + 3)
    finally:
        stop.set()
        program.join()
    assert not failures, failures
    assert first in reads and second in reads
    assert_nothing_amiss(browser)


def test_a_download_under_way_ends_when_its_app_is_stopped(hospital):
    server = hospital.server
    releases.publish(server, bigtable.write(server.store, size_bytes=200_000_000))
    company = server.company("client")
    [file] = company.files("bulk", "synthetic", "measurement")
    taken, ended = [0], []

    def download():
        try:
            with httpx.stream("GET", file["url"], timeout=30) as answer:
                for chunk in answer.iter_raw(65_536):
                    taken[0] += len(chunk)
                    time.sleep(0.005)
        except httpx.HTTPError as error:
            ended.append((time.monotonic(), type(error).__name__))

    client = threading.Thread(target=download)
    client.start()
    admin = hospital.window_of("admin", "kill-switches")
    form = "form[action$='/kill-switches/app/stop']"
    admin.fill(f"{form} [name=target]", server.credentials["client"]["client_id"])
    with admin.expect_navigation():
        admin.click(f"{form} button[formaction]")
    picture(admin, "journey-stop-preview")
    admin.fill("main [name=reason]", "The laptop was stolen.")
    admin.check("main [name=confirm]")
    until(lambda: taken[0] > 0)
    press(admin, "/app/stop")
    stopped = time.monotonic()
    client.join(30)
    assert ended and ended[0][0] - stopped < 2, f"{ended} after {taken[0]} bytes"
    assert 0 < taken[0] < file["size_bytes"]
    assert company.get("/v1/datasets").status_code == 401
    assert httpx.get(file["url"]).status_code == 403
    admin.goto(f"{hospital.url}/en/kill-switches")
    assert "The laptop was stolen." in text(admin) and not has(admin, "form[action$='/app/resume']"), "another opens it again"
    press(hospital.window_of("deputy", "kill-switches"), "/app/resume")
    until(lambda: is_let_in(hospital.url, company.auth), seconds=3)
    entries = server.entries()
    [intent] = [index for index, entry in entries.items() if entry.get("file") == file["id"] and entry["kind"] == "intent"]
    [outcome] = [entry for entry in entries.values() if entry.get("intent") == intent]
    assert outcome["status"] == "aborted" and outcome["bytes"] >= taken[0], outcome


def test_a_month_is_reviewed_signed_and_countersigned(tmp_path, chromium):
    hospital = Hospital(tmp_path / "server", chromium)
    hospital.add("watcher", "auditor")
    past.give(hospital.server, 4_000, past.readers(hospital.server.control), days=70)
    with hospital.server:
        watcher = hospital.window_of("watcher", "reviews")
        click(watcher, "form[action$='/reviews'] button")
        review = watcher.url.split("?")[0]
        picture(watcher, "journey-review")
        entries = [name.split(".")[1] for name in watcher.locator("[name^='verdict.']").evaluate_all("all => all.map(it => it.name)")]
        assert len(entries) > 10, "a sample was drawn"
        verdict = watcher.locator("[name^='verdict.'] option").nth(1).get_attribute("value")
        for entry in entries:
            watcher.select_option(f"[name='verdict.{entry}']", verdict)
            watcher.fill(f"[name='finding.{entry}']", "Within the purpose of its grant.")
        watcher.fill("[name=conclusion]", "Nothing out of the ordinary.")
        watcher.fill("[name=name]", "watcher")
        press(watcher, "/sign")
        assert "Nothing out of the ordinary." in text(watcher) and not has(watcher, "form[action$='/countersign']")
        admin = hospital.window_of("admin", review)
        admin.fill("[name=name]", admin.locator(".person strong").inner_text())
        press(admin, "/countersign")
        assert not has(admin, "form[action$='/countersign']")
        picture(admin, "journey-review-signed")
        # What was signed is in the ledger by its hash.
        sha256 = admin.locator("dt:has-text('SHA-256') + dd code").inner_text()
        recorded = [entry for entry in hospital.server.entries().values() if entry["operation"] == "review.sign"]
        assert any(sha256 in entry.get("detail", "") for entry in recorded), recorded
        hospital.server.verify_ledger()
        hospital.close()


def assert_accessible(browser, axe):  # noqa: F811
    for theme in ("light", "dark"):
        browser.emulate_media(color_scheme=theme)
        assert not violations(browser, axe)
    browser.emulate_media(color_scheme="light")


def refusal(call, *parts, **named):
    """The code with which the server refuses a call, or nothing."""
    try:
        call(*parts, **named)
    except mudeung.Problem as problem:
        return problem.code
    return None


def test_a_result_leaves_after_the_hospital_looked_at_it(hospital, axe):  # noqa: F811
    """The same company under provision alone: its rows stay, a count of them leaves once somebody consented."""
    with sqlite3.connect(hospital.server.control) as database:
        database.execute("update grants set reach = 'inside'")
        database.execute("update generation set value = value + 1")
    database.close()
    client = hospital.json["client"]
    company = mudeung.Sandbox(hospital.url, client_id=client["client_id"], client_secret=client["client_secret"])
    table = f"{DATASET}.deidentified.patient"
    until(lambda: refusal(company.table(table).to_pandas, limit=1) == "export_not_granted")
    assert refusal(company.query, f"SELECT count(*) AS n FROM {table}") == "export_not_granted"
    job = company.submit(f"SELECT count(*) AS n FROM {table}", export=True).wait()
    assert job.export == "held" and job.rows is None and job.size_bytes is None
    assert refusal(job.result) == "export_not_granted"
    assert job.request_export("One count over all patients; nobody can be found in it.").export == "waiting"

    reviewer = hospital.window_of("reviewer", "home")
    click(reviewer, "main a[href$='/results']")
    assert_accessible(reviewer, axe)
    click(reviewer, "main th a")
    assert "nobody can be found in it" in text(reviewer)
    assert_accessible(reviewer, axe)
    picture(reviewer, "journey-export")
    page = reviewer.url
    looked = reviewer.request.get(page + "/content")
    assert looked.ok and looked.text().startswith("n\n"), "the very bytes"
    for check in ("cells", "rows", "used"):
        reviewer.check(f"[name={check}]")
    reviewer.fill("[name=text]", "One cell of all patients.")
    press(reviewer, "/consent")
    assert "Released" in heading(reviewer)
    assert job.refresh().export == "released"
    [count] = job.result().to_pandas()["n"]
    assert looked.text() == f"n\n{count}\n"
    entries = hospital.server.entries().values()
    recorded = {entry["operation"]: entry["detail"] for entry in entries if entry["kind"] == "intent" and "detail" in entry}
    assert job.refresh()._item["export"]["commitment"] in recorded["query.export"]
    assert recorded["export.look"] == recorded["export.release"] == recorded["query.export"]
    hospital.server.verify_ledger()


def test_an_emergency_is_opened_told_and_reviewed_by_another(hospital):
    server = hospital.server
    with sqlite3.connect(server.control) as database:
        database.execute("update grants set valid_until = valid_from + 1")
        database.execute("update generation set value = value + 1")
    database.close()
    client = server.credentials["client"]
    credential = (client["client_id"], client["client_secret"])
    until(lambda: not can_read(hospital.url, credential))
    admin = hospital.window_of("admin", "break-glass")
    admin.select_option("#dataset", DATASET)
    admin.select_option("#app", client["client_id"])
    admin.fill("#reason", "A patient in the emergency room; the model that reads the table is down.")
    admin.check("[name=confirm]")
    picture(admin, "journey-break-glass")
    press(admin, "/break-glass")
    until(lambda: can_read(hospital.url, credential), seconds=3)
    watcher = hospital.window_of("watcher", "home")
    assert has(watcher, "main a[href$='/break-glass']"), "who watches is told"
    hospital.window_of("admin", "break-glass")
    assert not has(admin, "form[action$='/review']"), "nobody reviews what they opened"
    hospital.window_of("watcher", "break-glass")
    watcher.select_option("[name=verdict]", "justified")
    watcher.fill("[name=finding]", "The ward confirms it.")
    press(watcher, "/review")
    assert "The ward confirms it." in text(watcher)
    picture(watcher, "journey-break-glass-reviewed")
    operations = {entry["operation"] for entry in server.entries().values()}
    assert {"break_glass.open", "break_glass.review"} <= operations


def can_read(url, credential):
    try:
        return len(read(url, credential, f"{DATASET}.deidentified.patient", rows=1)) == 1
    except mudeung.NotFound:
        return False
