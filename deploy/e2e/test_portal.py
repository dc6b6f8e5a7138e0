"""A browser walks the portal in both languages; a picture of each page is kept."""

import json
import sqlite3
import time

import httpx
import past
import pytest
import sandbox
from chromium import (
    assert_nothing_amiss,
    assert_page,
    choose_plan,
    click,
    forget,
    has,
    heading,
    is_asked_to_sign_in,
    picture,
    sign_in,
    text,
    until,
    window,
)
from mails import wait_for_link

ADMIN_PAGES = ["", "home", "catalogue", "apps", "requests", "grants", "usage", "releases", "ledger", "organizations"]
ADMIN_PAGES += ["members", "system", "break-glass", "notifications", "security", "agreements"]
ADMIN_PAGES += ["incidents", "results", "budgets", "plans", "invoices", "ledger/personal", "ledger/export", "kill-switches"]
DEVELOPER_PAGES = ["home", "incidents", "results", "catalogue", "apps", "requests", "requests/new", "grants", "usage", "invoices"]


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("who, pages", [("admin", ADMIN_PAGES), ("developer", DEVELOPER_PAGES)])
def test_a_member_sees_every_page(browser, demo, language, who, pages):
    sign_in(browser, demo, language, who)
    assert not is_asked_to_sign_in(browser)
    for page in pages:
        assert_page(browser, f"{demo.url}/{language}/{page}".rstrip("/"), language)
        picture(browser, f"{who}-{page.replace('/', '-') or 'front'}-{language}")
    assert_nothing_amiss(browser)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_catalogue_leads_to_every_table(browser, demo, language):
    browser.goto(f"{demo.url}/{language}/catalogue")
    prefix = f"{demo.url}/{language}/catalogue/"

    def links():
        found = browser.locator("main a").evaluate_all("links => links.map(link => link.href)")
        return sorted({link for link in found if link.startswith(prefix)})

    datasets = links()
    assert datasets
    for dataset in datasets:
        assert_page(browser, dataset, language)
        for table in [link for link in links() if link.startswith(dataset + "/")]:
            assert_page(browser, table, language)
    picture(browser, f"table-{language}")
    assert_nothing_amiss(browser)


def test_a_company_signs_itself_up_and_a_member_gets_in_again(browser, demo):
    """In a browser, which says from where a form comes: a link that is followed must lead to a form that is taken."""
    address, password = "browser@sprout.example", "a password that nobody guesses"
    browser.goto(f"{demo.url}/ko/sign-up")
    for name, written in (("company", "새싹"), ("number", "220-81-62517"), ("email", address)):
        browser.fill(f"[name={name}]", written)
    browser.check("[name=accept]")
    picture(browser, "sign-up")
    click(browser, "main form button.main")
    assert "메일을 보냈습니다" in text(browser)
    browser.goto(demo.url + wait_for_link(address, "invitations"))
    browser.fill("[name=name]", "창업자")
    browser.fill("[name=password]", password)
    picture(browser, "join")
    click(browser, "main form button.main")
    assert "sign-in" in browser.url and "가입했습니다" in text(browser)
    browser.goto(f"{demo.url}/en/password/forgot")
    browser.fill("[name=email]", address)
    click(browser, "main form button.main")
    browser.goto(demo.url + wait_for_link(address, "password/reset"))
    browser.fill("[name=password]", password + " any more")
    click(browser, "main form button.main")
    browser.fill("[name=email]", address)
    browser.fill("[name=password]", password + " any more")
    click(browser, "main form button.main")
    assert browser.url.endswith("/home")
    for page in ("members", "webhooks", "notifications", "security", "agreements"):
        assert_page(browser, f"{demo.url}/ko/{page}", "ko")
        picture(browser, f"founder-{page}")
    assert_nothing_amiss(browser)


def test_a_link_to_a_profile_is_opened_in_a_browser(browser, demo):
    sign_in(browser, demo, "en", "developer")
    browser.goto(f"{demo.url}/en/apps")
    click(browser, "main a:has-text('Demo app')")
    form = "main form[action$='/activation-links']"
    browser.fill(f"{form} [name=label]", "notebook")
    click(browser, f"{form} button")
    link = browser.locator("code.secret").first.inner_text()
    forget(browser)
    browser.goto(link)
    with browser.expect_download() as saved:
        browser.click("main form button.main")
    # The profile is saved as a file and the page stays: a form that is refused would show another.
    profile = json.loads(saved.value.path().read_text())
    assert saved.value.suggested_filename.endswith(".share") and profile["tokenEndpoint"].startswith(demo.url), profile
    assert not has(browser, ".notice.bad"), text(browser)
    browser.goto(link)
    assert not has(browser, "main form"), "the link is used up"


def test_a_wrong_password_is_told_and_opens_nothing(browser, demo):
    sign_in(browser, demo, "en", "admin", password="wrong")
    assert is_asked_to_sign_in(browser)
    for page in ("home", "ledger", "apps"):
        browser.goto(f"{demo.url}/en/{page}")
        assert is_asked_to_sign_in(browser), f"{page} is for members"


def test_a_developer_makes_a_credential_that_works_until_it_is_revoked(browser, demo):
    sign_in(browser, demo, "en", "developer")
    browser.goto(f"{demo.url}/en/apps")
    browser.fill("[name=name]", "Browser test")
    click(browser, "main form button.main")
    if not has(browser, "[name=label]"):
        click(browser, "main a:has-text('Browser test')")
    app = browser.url.split("?")[0]
    browser.fill("[name=label]", "laptop")
    click(browser, "main form.card button.main")
    secret = browser.locator("code.secret").first.inner_text()
    client_id = browser.locator("dl.pairs code").first.inner_text()
    picture(browser, "secret")

    def ask_token():
        form = {"grant_type": "client_credentials", "scope": "catalog.read"}
        return httpx.post(demo.url + "/oauth2/token", data=form, auth=(client_id, secret))

    # A change of the control database is seen by every node within one second.
    until(lambda: ask_token().status_code == 200, seconds=3)
    token = {"authorization": f"Bearer {ask_token().json()['access_token']}"}
    assert httpx.get(demo.url + "/v1/datasets", headers=token).status_code == 200
    browser.goto(app)
    assert secret not in browser.content(), "a secret is shown once"
    click(browser, "main table button.danger")
    until(lambda: ask_token().status_code == 401, seconds=3)
    assert httpx.get(demo.url + "/v1/datasets", headers=token).status_code == 401, "its tokens end with it"
    assert_nothing_amiss(browser)


def test_a_request_is_sent_back_filed_again_and_opens_when_its_condition_is_met(browser, demo):
    """The way of a request with a mouse and no script: return, resubmission, conditional approval, held grant, opening."""

    def open_as(who, page):
        forget(browser)
        sign_in(browser, demo, "en", who)
        browser.goto(page)

    def write(name, written):
        browser.fill(f"[name={name}]", written)

    def press(address):
        click(browser, f"form[action$='{address}'] button")

    sign_in(browser, demo, "en", "developer")
    browser.goto(f"{demo.url}/en/requests/new")
    write("purpose", "Validate a model of survival on the public cohort.")
    choose_plan(browser)
    browser.select_option("#ethics", "follows")
    click(browser, "button[formaction$='/requests/check']")
    assert "DUO:0000042" in browser.content() and "A person must decide" in browser.content()
    assert "Validate a model of survival" in browser.content(), "what was written is kept"
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86_400))
    browser.fill("#ethics_by", day)
    browser.check("[name=accept]")
    picture(browser, "request-new")
    click(browser, "main form button.main")
    page = browser.url.split("?")[0]
    open_as("admin", f"{demo.url}/en/home")
    assert page.rsplit("/", 1)[1] in browser.content(), "it waits on the administrator"
    picture(browser, "inbox")
    browser.goto(page)
    browser.fill("#return-reason", "Which outcome?")
    press("/return")
    open_as("developer", page)
    assert "Which outcome?" in browser.content()
    browser.goto(page + "/edit")
    write("purpose", "Validate a model of survival at five years on the public cohort.")
    browser.check("[name=accept]")
    click(browser, "main form button.main")
    open_as("admin", page)
    picture(browser, "request-board")
    press("/approve")
    assert "Approved with conditions" in heading(browser)
    open_as("developer", page)
    write("answer", "IRB 2026-17")
    press("/conditions/0/answer")
    open_as("admin", page)
    picture(browser, "request-condition")
    press("/conditions/0/confirm")
    assert "Approved" in heading(browser) and "conditions" not in heading(browser)
    browser.goto(page + "/minutes")
    picture(browser, "minutes")
    open_as("developer", page)
    assert "IRB 2026-17" in browser.content()
    browser.goto(f"{demo.url}/ko/requests/{page.rsplit('/', 1)[1]}")
    picture(browser, "request-ko")
    browser.goto(page)
    click(browser, "main a.button[href*='/grants/grt_']")
    grant = browser.url
    write("report", "The model was validated on two thirds of the rows; a paper follows.")
    press("/reports")
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 9 * 3_600))
    browser.fill("#until", today)
    browser.select_option("select:has(option[value=erased])", "erased")
    write("copies", "Two Parquet files on the analysis server, and its nightly backup.")
    write("witness", "A developer")
    browser.check("[name=promise]")
    picture(browser, "grant")
    press("/destruction")
    assert "waits for the hospital" in browser.content()
    open_as("admin", f"{demo.url}/en/home")
    assert "Reports to read and declarations" in browser.content()
    browser.goto(grant)
    write("answer", "Thank you.")
    press("/reports/answer")
    press("/close")
    click(browser, "a[href$='/certificate']")
    assert "nightly backup" in browser.content()
    picture(browser, "certificate")
    browser.goto(browser.url.replace("/en/", "/ko/"))
    assert "파기확인서" in heading(browser)
    picture(browser, "certificate-ko")
    assert_nothing_amiss(browser)


def test_the_api_reference_is_served_by_ourselves(browser, demo):
    browser.goto(f"{demo.url}/docs")
    origins = browser.evaluate("performance.getEntriesByType('resource').map(e => new URL(e.name).origin)")
    assert origins and set(origins) <= {demo.url}
    picture(browser, "docs")


def test_usage_is_counted_whole_however_many_read(tmp_path, chromium):
    """More sums than fit one page: they count nevertheless, and the newest are those that are shown."""
    server = sandbox.Server(tmp_path / "server")
    [own, *_] = past.readers(server.control)
    readers = [(own[0], own[1], f"grt_{number:026}", *own[3:]) for number in range(12_000)]
    past.give(server, 100_000, readers, days=1)
    with sqlite3.connect(server.ledger) as ledger:
        rows, requests, newest = ledger.execute("select count(*), sum(requests), max(period_start) from usage_hour").fetchone()
    ledger.close()
    assert rows > 10_000
    with server:
        server.json = server.credentials
        page = window(chromium)
        sign_in(page, server, "en", "admin")
        page.goto(f"{server.url}/en/usage?by=hour&group=grant&group=operation")
        assert f"{requests:,}" in page.locator("tfoot").inner_text()
        first = page.locator("table:has(tfoot) tbody tr").first.inner_text()
        assert time.strftime("%Y-%m-%d %H", time.gmtime(newest / 1e6)) in first, first
        picture(page, "usage-of-many")
        assert_nothing_amiss(page)
        page.context.close()
