"""axe-core looks at every page of the portal, in both languages, light and dark: WCAG 2.2 A and AA and good practice.

The pages are found by following links from where a visitor, a developer and an admin begin, one page of each kind; the
route table says which kinds there are, and what cannot be reached by a link is named here with the reason.
"""

import json
import re
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sandbox
from canary import Portal
from chromium import PLAN, assert_nothing_amiss, choose, enter, focused, forget, has, heading, sign_in, text, tick, walk_to, write
from mails import wait_for_link

AXE = "axe-core@4.14.1"
ROUTES = Path(__file__).resolve().parents[2] / "backend/server/src/portal.rs"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Kinds of pages that no link of the demo leads to, or that are files.
UNREACHED = {
    "/": "the same page as the one without the stroke",
    "/activate/{link}": "an activation link is made for one person and shown once; its form is that of /device",
    "/device/{code}": "a device's code is typed, not followed",
    "/apps/{app}/profile.share": "a file",
    "/usage/export": "a file",
    "/receipts/{index}": "a file",
    "/invoices/{organization}/{month}": "a file",
    "/requests/{request}/minutes": "the walk looks at one request, which is not a decided one; test_paper.py reads the minutes of one that is",
    "/requests/{request}/attachments/{attachment}": "a file",
    "/requests/{request}/minutes.pdf": "a file, which test_paper.py looks at",
    "/grants/{grant}/certificate.pdf": "a file, which test_paper.py looks at",
    "/sign-in/sso": "no page: it leads to the identity provider, which the demo has not (test_sso.py looks at what is shown)",
    "/security/passkeys/new": "passkeys need a server with a name, which the demo has not (test_passkeys.py looks at it)",
    "/results/{export}": "the demo's grants let rows leave by themselves; test_journeys.py looks at one where they do not",
    "/results/{export}/content": "a file",
    "/unsent": "shown once a form came too late after a proof; tests/it/portal/kept.rs looks at it",
    "/reviews/{review}": "the demo's admin begins no review: that is the auditor's",
}
# The API reference is a component that others make; these rules it breaks itself, and no style of ours reaches into it.
OF_THE_REFERENCE = ("color-contrast", "heading-order", "nested-interactive", "select-name", "target-size")


@pytest.fixture(scope="module")
def axe():
    """axe-core from npm, as the script that is run in a page."""
    folder = Path(sandbox.FOLDER).resolve() / "axe"
    script = folder / "node_modules/axe-core/axe.min.js"
    stamp = folder / "installed-for"
    if not (stamp.exists() and stamp.read_text() == AXE):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps({"private": True}))
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", AXE], cwd=folder, check=True)
        stamp.write_text(AXE)
    return script.read_text()


def kinds():
    """The kinds of pages that there are, without the language, longest first so that fixed names win."""
    table = ROUTES.read_text().split("pages {", 2)[2]
    return re.findall(r'^\s*get "([^"]*)"', table, re.MULTILINE)


def kind_of(path, known):
    for kind in sorted(known, key=lambda kind: kind.count("{")):
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(kind))
        if re.fullmatch(pattern, path):
            return kind
    return None


def walk(browser, base, language, look, mailed=()):
    """Follows links from where everybody begins, and looks at one page of each kind. Says which kinds were seen."""
    prefix, known = f"{base}/{language}", kinds()
    # Two are typed or come of a refusal.
    waiting = [prefix, f"{prefix}/home", f"{prefix}/device", f"{prefix}/step-up"]
    waiting += [base + re.sub(r"^/\w\w/", f"/{language}/", link) for link in mailed]
    seen = set()
    while waiting:
        url = waiting.pop(0)
        kind = kind_of(urlsplit(url).path.removeprefix(f"/{language}"), known)
        if kind is None or kind in seen or kind in UNREACHED:
            continue
        browser.goto(url)
        seen.add(kind)
        look(kind)
        links = browser.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.href.split('#')[0])")
        waiting += [link for link in links if link.startswith(prefix)]
    return seen


def violations(browser, axe, passed_over=()):
    # As the debugger does it: the pages' own policy, which allows no foreign script, stays as it is.
    browser.evaluate(axe + "; undefined")
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    result = browser.evaluate("options => axe.run(document, options)", options)
    assert result["passes"], "nothing was looked at"
    return [
        f"{each['id']} ({each['impact']}): {each['help']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for each in result["violations"]
        if each["id"] not in passed_over
        for node in each["nodes"]
    ]


def make_content(demo):
    """An app with a credential, a draft, a webhook, and two links that come by mail: so that pages have something to show."""
    portal = Portal(demo.url)
    assert portal.sign_in(demo.json["developer"]).status_code == 303
    answer = portal.submit("/en/apps", "/en/apps", {"name": "Seen by axe", "method": "client_secret"})
    page = answer.headers["location"].split("?")[0]
    portal.shown_once(page, f"{page}/credentials", {"label": "axe", "days": "30"})
    form = portal.page("/en/requests/new")
    fields = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form))
    dataset = re.search(r'value="([a-z0-9_]+)"', form.split('name="dataset"')[1]).group(1)
    written = {"purpose": "To see whether everybody can read the page", "ethics": "exempt", "ethics_reason": "No one"}
    draft = {**fields, **written, "app": page.rsplit("/", 1)[1], "dataset": dataset}
    answer = portal.http.post("/en/requests/drafts", data=draft)
    assert answer.status_code == 303, re.findall(r'role="alert"[^<]*<?[^<]*', answer.text)
    shown = portal.submit("/en/webhooks", "/en/webhooks", {"url": "http://127.0.0.1:9/hook"})
    assert shown.status_code == 200, shown.text
    page = re.search(r"/webhooks/whk_[0-9a-z]+", shown.text)[0]
    assert portal.submit(f"/en{page}", f"/en{page}/test", {}).status_code == 303
    stranger, who = Portal(demo.url), demo.json["developer"]["email"]
    asked = {"company": "Seen by axe", "number": "124-81-00998", "email": "axe@sprout.example", "accept": "yes"}
    assert stranger.submit("/en/sign-up", "/en/sign-up", asked).status_code == 200
    assert stranger.submit("/en/password/forgot", "/en/password/forgot", {"email": who}).status_code == 200
    close_a_grant(demo, portal, draft)
    return wait_for_link("axe@sprout.example", "invitations"), wait_for_link(who, "password/reset")


def close_a_grant(demo, portal, draft):
    """A grant that was given, reported on, ended by its company and closed by the hospital: there is a certificate of it."""
    admin = Portal(demo.url)
    assert admin.sign_in(demo.json["admin"]).status_code == 303
    form = portal.page("/en/requests/new")
    fields = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form))
    plan = {"study": "methods", "legal": "research", "place": "korea", "for_profit": "yes", "commercial": "no"}
    plan |= dict.fromkeys(("publishes", "collaborates", "returns", "genetic"), "no")
    answer = portal.http.post("/en/requests", data={**draft, **fields, **plan, "accept": "yes"})
    assert answer.status_code == 303, re.findall(r'role="alert"[^<]*<?[^<]*', answer.text)
    request = answer.headers["location"].split("?")[0]
    column = re.search(r'name="column" value="([^"]+)"', admin.page(request))[1]
    terms = {"column": column, "gib": "1", "rows": "1000", "days": "30"}
    assert admin.submit(request, f"{request}/approve", terms).status_code == 303
    grant = "/en" + re.search(r"/grants/grt_[0-9a-z]+", portal.page(request))[0]
    report = {"report": "Everybody can read this page, whatever they read it with."}
    assert portal.submit(grant, f"{grant}/reports", report).status_code == 303
    declared = {"until": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 9 * 3_600)), "method": "erased"}
    declared |= {"copies": "Nothing was downloaded.", "witness": "axe", "promise": "yes"}
    assert portal.submit(grant, f"{grant}/destruction", declared).status_code == 303
    assert admin.submit(grant, f"{grant}/close", {}).status_code == 303
    return request, grant


@pytest.mark.parametrize("language", ["ko", "en"])
def test_no_page_breaks_a_rule_of_accessibility(browser, demo, axe, language):
    mailed = make_content(demo)
    problems, looked = [], 0

    def look(kind, passed_over=()):
        nonlocal looked
        for theme in ("light", "dark"):
            browser.emulate_media(color_scheme=theme)
            problems.extend(f"{kind} {theme}: {each}" for each in violations(browser, axe, passed_over))
            looked += 1

    seen = walk(browser, demo.url, language, look, mailed)
    for address, passed_over in (("/docs", OF_THE_REFERENCE), ("/docs/problems/quota_exhausted", ())):
        browser.goto(demo.url + address)
        # The reference is drawn by its own script, after the page is loaded.
        browser.wait_for_selector("h1")
        look(address, passed_over)
    browser.goto(f"{demo.url}/guide/{language}")
    for chapter in browser.locator("nav.contents a").evaluate_all("links => links.map(link => link.href)"):
        browser.goto(chapter)
        look(urlsplit(chapter).path)
    for who in ("developer", "admin"):
        forget(browser)
        sign_in(browser, demo, language, who)
        seen |= walk(browser, demo.url, language, look)
    missed = set(kinds()) - seen - set(UNREACHED)
    assert not missed, f"no link leads to {sorted(missed)}"
    assert not problems, f"{len(problems)} on {looked} pages:\n" + "\n".join(sorted(set(problems)))
    print(f"{looked} pages")


def test_a_credential_is_made_with_the_keyboard_alone(browser, demo):
    browser.goto(f"{demo.url}/en/sign-in")
    browser.keyboard.press("Tab")
    assert focused(browser, "className") == "skip", "the first stop leads past the navigation"
    browser.keyboard.press("Enter")
    person = demo.json["developer"]
    walk_to(browser, "email")
    browser.keyboard.type(person["email"])
    browser.keyboard.press("Tab")
    browser.keyboard.type(person["password"])
    enter(browser)
    assert "/home" in browser.url
    walk_to(browser, "Apps")
    enter(browser)
    assert browser.url.endswith("/apps")
    walk_to(browser, "name")
    browser.keyboard.type("By keyboard")
    enter(browser)
    assert "/apps/" in browser.url
    walk_to(browser, "label")
    browser.keyboard.type("keys")
    enter(browser)
    assert browser.locator("code.secret").count() == 1
    walk_to(browser, "Back to the app")
    outline = browser.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "what has the focus shows it"
    assert_nothing_amiss(browser)


def sign_in_by_keyboard(browser, demo, who):
    browser.goto(f"{demo.url}/en/sign-in")
    write(browser, "email", demo.json[who]["email"])
    write(browser, "password", demo.json[who]["password"])
    enter(browser)
    assert "/home" in browser.url


def test_a_company_signs_up_and_joins_with_the_keyboard_alone(browser, demo):
    address = "keys@sprout.example"
    browser.goto(f"{demo.url}/en/sign-up")
    write(browser, "company", "Keys only")
    write(browser, "number", "120-81-47521")
    write(browser, "email", address)
    tick(browser, "accept")
    browser.keyboard.press("Tab")
    enter(browser)
    assert "mail" in text(browser)
    browser.goto(demo.url + wait_for_link(address, "invitations"))
    write(browser, "name", "A founder")
    write(browser, "password", "a password that nobody guesses")
    enter(browser)
    assert "sign-in" in browser.url
    assert_nothing_amiss(browser)


def test_a_request_is_filed_and_decided_with_the_keyboard_alone(browser, demo):
    sign_in_by_keyboard(browser, demo, "developer")
    walk_to(browser, "Access requests")
    enter(browser)
    walk_to(browser, "New access request")
    enter(browser)
    write(browser, "purpose", "Validate a model of survival on the public cohort, by keyboard.")
    for name in browser.locator("fieldset select").evaluate_all("all => all.map(it => it.name)"):
        if name in PLAN:
            choose(browser, name, PLAN[name])
    choose(browser, "ethics", "exempt")
    write(browser, "ethics_reason", "Nobody can be known again.")
    tick(browser, "accept")
    browser.keyboard.press("Tab")
    enter(browser)
    assert "/requests/req_" in browser.url, text(browser)
    request = browser.url.split("?")[0].rsplit("/", 1)[1]
    forget(browser)
    sign_in_by_keyboard(browser, demo, "admin")
    for _ in range(80):
        browser.keyboard.press("Tab")
        if request in (browser.evaluate("document.activeElement.href || ''")):
            break
    enter(browser)
    assert request in browser.url, "the inbox leads to it"
    write(browser, "days", "30")
    walk_to(browser, "Approve")
    enter(browser)
    assert "Approved" in heading(browser), text(browser)
    assert has(browser, "a[href*='/grants/grt_']")
    assert_nothing_amiss(browser)


def test_the_ledger_is_searched_and_exported_with_the_keyboard_alone(browser, demo):
    sign_in_by_keyboard(browser, demo, "admin")
    walk_to(browser, "Ledger")
    enter(browser)
    write(browser, "operation", "portal.sign_in")
    # The first one closes the list of what can be searched for.
    browser.keyboard.press("Escape")
    choose(browser, "status", "completed")
    walk_to(browser, "Apply")
    enter(browser)
    rows = browser.locator("main tbody tr").all_inner_texts()
    assert rows and all("portal.sign_in" in row for row in rows)
    index = browser.locator("main tbody tr a").first.inner_text()
    walk_to(browser, index)
    enter(browser)
    assert browser.url.endswith(f"/ledger/{index}")
    walk_to(browser, "Ledger")
    enter(browser)
    walk_to(browser, "Export")
    enter(browser)
    for name in ("from", "until"):
        walk_to(browser, name)
        # As the browser writes dates in the language that it has here.
        browser.keyboard.type(time.strftime("%m%d%Y", time.gmtime(time.time() + 9 * 3_600)))
    write(browser, "reason", "The yearly audit asks for it.")
    browser.keyboard.press("Tab")
    with browser.expect_download() as saved:
        browser.keyboard.press("Enter")
    assert saved.value.path().stat().st_size > 0
    assert_nothing_amiss(browser)
