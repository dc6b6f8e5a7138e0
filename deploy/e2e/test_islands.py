"""What scripts add to the portal, in Chromium: and that every page is whole without them.

The first load of each page, with its scripts, stays small; parts that change are announced and keep the focus in reach;
nothing is asked for while a Korean letter is being composed.
"""

import base64
import hashlib
import shutil
import time

import httpx
import pytest
from canary import Portal
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait
from test_accessibility import axe, make_content, violations  # noqa: F401: the fixture is used by its name
from test_portal import FLAGS, assert_nothing_amiss, browser, choose_plan, click, picture, sign_in  # noqa: F401

THEMES = ("light", "dark")


def until(browser, condition, seconds=15):  # noqa: F811
    return WebDriverWait(browser, seconds, ignored_exceptions=[WebDriverException]).until(lambda _: condition())


def find(browser, selector):  # noqa: F811
    return browser.find_element(By.CSS_SELECTOR, selector)


def texts(browser, selector):  # noqa: F811
    """At one moment: what is asked for one by one may be swapped meanwhile."""
    script = "return [...document.querySelectorAll(arguments[0])].map(it => it.innerText.trim())"
    return browser.execute_script(script, selector)


def assert_accessible(browser, axe):  # noqa: F811
    for theme in THEMES:
        media = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        found = violations(browser, axe)
        assert not found, f"{browser.current_url} {theme}: " + "\n".join(found)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def requests_of(browser):  # noqa: F811
    """How often the page asked the server for something after it was loaded."""
    asked = "it => it.initiatorType === 'xmlhttprequest'"
    return browser.execute_script(f"return performance.getEntriesByType('resource').filter({asked}).length")


@pytest.fixture
def plain(tmp_path):
    """A browser without scripts."""
    options = webdriver.ChromeOptions()
    for flag in [*FLAGS, f"--user-data-dir={tmp_path / 'plain'}"]:
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_catalogue_is_searched_as_one_types_and_keeps_the_field(browser, axe, demo, language):  # noqa: F811
    browser.get(f"{demo.url}/{language}/catalogue")
    everything = len(texts(browser, "#results article"))
    assert everything > 1
    find(browser, "#q").send_keys("support2")
    until(browser, lambda: len(texts(browser, "#results article")) == 1)
    assert texts(browser, "#results article p.mono") == ["support2"]
    until(browser, lambda: find(browser, "#said").text.endswith(": 1"))
    assert browser.switch_to.active_element.get_attribute("id") == "q", "who types stays in the field"
    assert "q=support2" in browser.current_url, "what is shown has an address"
    assert_accessible(browser, axe)
    find(browser, "#q").send_keys(Keys.CONTROL, "a")
    find(browser, "#q").send_keys("없는데이터")
    until(browser, lambda: not texts(browser, "#results article"))
    assert texts(browser, "#results .empty")
    picture(browser, f"islands-catalogue-{language}")
    browser.refresh()
    assert texts(browser, "#results .empty"), "the same address gives the same without a script's help"
    Select(find(browser, "#tier")).select_by_value("deidentified")
    find(browser, "#q").clear()
    find(browser, "#q").send_keys(Keys.BACKSPACE)
    until(browser, lambda: texts(browser, "#results article"))
    assert len(texts(browser, "#results article .tag.grant")) >= len(texts(browser, "#results article"))
    assert_nothing_amiss(browser)


def test_nothing_is_asked_for_while_a_korean_letter_is_being_composed(browser, demo):  # noqa: F811
    browser.get(f"{demo.url}/ko/catalogue")
    find(browser, "#q").click()
    before = requests_of(browser)
    for strokes in ("ㅇ", "아", "암"):
        composed = {"text": strokes, "selectionStart": len(strokes), "selectionEnd": len(strokes)}
        browser.execute_cdp_cmd("Input.imeSetComposition", composed)
        time.sleep(0.5)
    assert find(browser, "#q").get_attribute("value") == "암"
    assert requests_of(browser) == before, "a letter is not done yet"
    browser.execute_cdp_cmd("Input.insertText", {"text": "암"})
    until(browser, lambda: "q=%EC%95%94" in browser.current_url)
    assert requests_of(browser) == before + 1
    assert_nothing_amiss(browser)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_ledger_is_filtered_and_paged_in_its_place(browser, axe, demo, language):  # noqa: F811
    company = demo.company()
    for _ in range(60):
        company.ask("/v1/datasets")
    sign_in(browser, demo, language, "admin")
    browser.get(f"{demo.url}/{language}/ledger")
    field = find(browser, "#operation")
    field.send_keys("catalog.list_datasets")
    before = requests_of(browser)
    time.sleep(0.6)
    assert requests_of(browser) == before, "a look at the ledger is an entry: strokes are none"
    field.send_keys(Keys.TAB)
    until(browser, lambda: "operation=catalog.list_datasets" in browser.current_url)
    assert set(texts(browser, "#results tbody td:nth-child(4)")) == {"catalog.list_datasets"}
    assert browser.switch_to.active_element.get_attribute("id") == "organization"
    first = texts(browser, "#results tbody th")
    browser.execute_script("window.same = true")
    link = find(browser, "#results a.button")
    link.send_keys(Keys.ENTER)
    until(browser, lambda: texts(browser, "#results tbody th") not in ([], first))
    second = texts(browser, "#results tbody th")
    assert int(second[0]) < int(first[-1]) and browser.execute_script("return window.same"), "the list alone changed"
    assert browser.switch_to.active_element.get_attribute("id") == "results", "one goes on reading where it changed"
    assert "before=" in browser.current_url
    assert_accessible(browser, axe)
    browser.back()
    until(browser, lambda: texts(browser, "#results tbody th") == first)
    kept = browser.execute_script("return [Object.keys(localStorage), Object.keys(sessionStorage)]")
    assert kept == [[], ["htmx-current-path-for-history"]], "nothing of a page is kept but its address"
    assert_nothing_amiss(browser)


def test_who_was_signed_out_meanwhile_is_led_to_sign_in(browser, demo):  # noqa: F811
    sign_in(browser, demo, "en", "admin")
    browser.get(f"{demo.url}/en/ledger")
    browser.delete_all_cookies()
    find(browser, "#app").send_keys("app_x", Keys.TAB)
    until(browser, lambda: "/en/sign-in" in browser.current_url)
    assert find(browser, "main [name=password]")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_draft_keeps_itself_and_says_at_once_how_it_matches(browser, axe, server, language):  # noqa: F811
    server.json = server.credentials
    words = {"ko": ("저장했습니다", "아직 저장할 수 없는"), "en": ("Saved at", "cannot be saved yet")}[language]
    sign_in(browser, server, language, "developer")
    browser.get(f"{server.url}/{language}/requests/new")
    assert not browser.find_elements(By.CSS_SELECTOR, "#match-part section")
    choose_plan(browser)
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#match-part section"))
    until(browser, lambda: find(browser, "p#said").text)
    assert_accessible(browser, axe)
    picture(browser, f"islands-match-{language}")
    find(browser, "#purpose").send_keys("a draft")
    Select(find(browser, "#ethics")).select_by_value("exempt")
    click(browser, "button[formaction$='/drafts']")
    draft = browser.current_url.split("?")[0]
    browser.get(draft + "/edit")
    line = find(browser, "[data-promise]")
    assert line.text == line.get_attribute("data-promise") != ""
    find(browser, "#purpose").send_keys(" that is written on and on")
    until(browser, lambda: words[0] in line.text)
    picture(browser, f"islands-autosave-{language}")
    assert_accessible(browser, axe)
    # What cannot be kept is said, and what was kept before stays.
    Select(find(browser, "#ethics")).select_by_value("approved")
    until(browser, lambda: words[1] in line.text)
    browser.get(draft + "/edit")
    assert find(browser, "#purpose").get_attribute("value") == "a draft that is written on and on"
    # The refusal is an answer that the browser's console shows as an error; there is no other one.
    mistakes = [it["message"] for it in browser.get_log("browser") if it["level"] == "SEVERE"]
    assert all("422" in it for it in mistakes), mistakes


def test_without_scripts_the_same_is_done_by_links_and_forms(plain, demo):
    plain.get(f"{demo.url}/ko/catalogue")
    find(plain, "#q").send_keys("support2", Keys.ENTER)
    WebDriverWait(plain, 15).until(lambda it: "q=support2" in it.current_url)
    assert texts(plain, "#results article p.mono") == ["support2"]
    sign_in_plainly(plain, demo, "admin")
    plain.get(f"{demo.url}/en/ledger")
    find(plain, "#results a.button").click()
    WebDriverWait(plain, 15).until(lambda it: "before=" in it.current_url)
    assert texts(plain, "#results tbody th")


def sign_in_plainly(driver, demo, who):
    driver.get(f"{demo.url}/en/sign-in")
    person = demo.json[who]
    find(driver, "[name=email]").send_keys(person["email"])
    find(driver, "[name=password]").send_keys(person["password"], Keys.ENTER)
    WebDriverWait(driver, 15).until(lambda it: it.current_url.endswith("/en/home"))


def proof_of(company, index):
    answer = company.get(f"/v1/receipts/{index}?format=tlog-proof")
    assert answer.status_code == 200, answer.text
    return answer.text


def flipped(encoded):
    """The same length in base64, with one bit that is another."""
    changed = bytearray(base64.b64decode(encoded))
    changed[len(changed) // 2] ^= 1
    return base64.b64encode(changed).decode()


def key_of(name, public):
    """A verifier key as C2SP signed-note writes it."""
    typed = b"\x01" + public
    number = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
    return f"{name}+{number.hex()}+{base64.b64encode(typed).decode()}"


def tampered(proof, key):
    """Receipts and keys that must be refused, each with the steps that find out."""
    head, note = proof.split("\n\n", 1)
    first, extra, index, *path = head.split("\n")
    body, signatures = note.split("\n\n", 1)
    origin, size, root = body.split("\n")
    number = int(index.removeprefix("index "))
    entry = base64.b64decode(extra.removeprefix("extra "))
    other = base64.b64encode(entry.replace(b'"catalog.list_datasets"', b'"catalog.list_dataset5"'))
    assert other != base64.b64encode(entry) and len(path) > 2

    def whole(extra=extra, index=index, path=path, size=size, root=root, signatures=signatures, origin=origin):
        head = "\n".join([first, extra, index, *path])
        return f"{head}\n\n{origin}\n{size}\n{root}\n\n{signatures}"

    assert whole() == proof
    lines = signatures.rstrip("\n").split("\n")
    name, signed = lines[0].removeprefix("\u2014 ").split(" ")
    raw = bytearray(base64.b64decode(signed))
    raw[-1] ^= 1
    bad = f"\u2014 {name} {base64.b64encode(raw).decode()}\n"
    stranger = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")  # RFC 8032, test 1
    wrong_size = str(int(size) + 1)
    yield "another entry", whole(extra=f"extra {other.decode()}"), key, {"path"}
    yield "another hash beside the way", whole(path=[*path[:-1], flipped(path[-1])]), key, {"path"}
    yield "a hash too few", whole(path=path[:-1]), key, {"path"}
    yield "a hash too many", whole(path=[*path, path[-1]]), key, {"path"}
    yield "another place", whole(index=f"index {number ^ 1}"), key, {"path"}
    yield "a place outside", whole(index=f"index {int(size)}"), key, {"path"}
    yield "another root", whole(root=flipped(root)), key, {"path", "signature"}
    yield "another size", whole(size=wrong_size), key, {"signature"}
    yield "another signature", whole(signatures=bad), key, {"signature"}
    yield "another key of that name", proof, key_of(name, stranger), {"signature"}
    yield "a key of another name", proof, key_of("other.example/ledger", stranger), {"origin"}
    yield "a key that is none", proof, key[:-6] + "AAAAA=", {"origin"}
    yield "no entry in it", whole(extra="extra"), key, {"shape"}
    yield "a number with a nought before it", whole(index=f"index 0{number}"), key, {"shape"}
    yield "base64 that is written otherwise", whole(path=[path[0].rstrip("="), *path[1:]]), key, {"shape"}
    yield "no proof", "hello", key, {"shape"}
    yield "nothing", "", key, {"shape"}


def put(browser, selector, text):  # noqa: F811
    script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
    browser.execute_script(script, find(browser, selector), text)


def outcome(browser):  # noqa: F811
    """The class of the verdict, and each step with the class of its badge."""
    until(browser, lambda: find(browser, ".verdict").text and find(browser, ".steps").is_displayed())
    script = """return [document.querySelector('.verdict').className,
        Object.fromEntries([...document.querySelectorAll('[data-step]')].map(
            it => [it.dataset.step, it.querySelector('.badge').classList[1]]))]"""
    return browser.execute_script(script)


def check(browser, proof, key):  # noqa: F811
    put(browser, "#proof", proof)
    put(browser, "#keys", key)
    assert not find(browser, ".verdict").text, "what was said of another receipt is taken back"
    find(browser, "form[data-receipt] button").click()
    return outcome(browser)


ALL_GOOD = dict.fromkeys(("shape", "leaf", "path", "origin", "signature"), "good")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_company_checks_its_receipt_in_its_browser(browser, axe, demo, tmp_path, language):  # noqa: F811
    company = demo.company()
    for _ in range(6):
        index = int(company.get("/v1/datasets").headers["mudeung-receipt"])
    proof = proof_of(company, index)
    sign_in(browser, demo, language, "developer")
    browser.get(f"{demo.url}/{language}/receipts")
    assert_accessible(browser, axe)
    assert str(index) in texts(browser, "main tbody th"), "the latest are there to choose from"
    find(browser, "#index").send_keys(str(index), Keys.ENTER)
    until(browser, lambda: f"index={index}" in browser.current_url)
    shown = find(browser, "#proof").get_attribute("value")
    assert shown.split("\nindex ")[0] == proof.split("\nindex ")[0], "it is the entry that the interface gives"
    find(browser, "form[data-receipt] button").send_keys(Keys.ENTER)
    assert outcome(browser) == ["verdict notice", ALL_GOOD]
    assert '"operation": "catalog.list_datasets"' in find(browser, "form[data-receipt] pre").text
    assert browser.switch_to.active_element.get_attribute("class") == "verdict notice"
    assert_accessible(browser, axe)
    picture(browser, f"islands-receipt-{language}")
    # What the interface gives and what the page gives to keep are files that anybody can put in.
    browser.delete_all_cookies()
    browser.get(f"{demo.url}/{language}/receipts")
    file = tmp_path / f"{index}.tlog-proof"
    file.write_bytes(proof.encode())
    find(browser, "#file").send_keys(str(file))
    assert outcome(browser) == ["verdict notice", ALL_GOOD]
    assert not texts(browser, "main table"), "a stranger sees nobody's receipts"
    assert_nothing_amiss(browser)


def test_every_receipt_that_was_tampered_with_is_refused_with_what_does_not_hold(browser, axe, demo):  # noqa: F811
    company = demo.company()
    for _ in range(6):
        index = int(company.get("/v1/datasets").headers["mudeung-receipt"])
    proof = proof_of(company, index)
    browser.get(f"{demo.url}/en/receipts")
    key = find(browser, "#keys").get_attribute("value").strip()
    assert key == httpx.get(demo.url + "/ledger/verifier").text.strip()
    assert check(browser, proof, key) == ["verdict notice", ALL_GOOD]
    assert check(browser, proof, f"{key_of('other.example/ledger', bytes(32))}\n{key}")[0] == "verdict notice"
    for name, text, keys, broken in tampered(proof, key):
        verdict, steps = check(browser, text, keys)
        assert verdict == "verdict notice bad", name
        found = {step for step, kind in steps.items() if kind == "stop"}
        assert found == broken or (broken == {"signature"} and found == {"path", "signature"}), (name, steps)
        assert "good" not in steps.values() or broken != {"shape"}, name
    picture(browser, "islands-receipt-refused-en")
    assert_accessible(browser, axe)
    assert check(browser, proof, key) == ["verdict notice", ALL_GOOD], "and a good one still holds"


def test_a_browser_without_ed25519_checks_the_hashes_and_says_what_it_did_not(browser, demo):  # noqa: F811
    company = demo.company()
    index = int(company.get("/v1/datasets").headers["mudeung-receipt"])
    proof = proof_of(company, index)
    lacks = """const known = crypto.subtle.importKey.bind(crypto.subtle);
        crypto.subtle.importKey = (format, key, name, ...rest) => name === "Ed25519"
            ? Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"))
            : known(format, key, name, ...rest);"""
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": lacks})
    browser.get(f"{demo.url}/ko/receipts")
    key = find(browser, "#keys").get_attribute("value")
    verdict, steps = check(browser, proof, key)
    assert (verdict, steps) == ("verdict note", {**ALL_GOOD, "signature": "wait"})
    assert "Ed25519가 없습니다" in find(browser, ".verdict").text
    verdict, steps = check(browser, proof.replace("\nindex ", "\nindex 1"), key)
    assert (verdict, steps["path"]) == ("verdict notice bad", "stop"), "hashes are still checked"


def test_the_page_of_receipts_asks_nobody(demo):
    answer = httpx.get(f"{demo.url}/en/receipts")
    assert "connect-src" not in answer.headers["content-security-policy"], "not even this server"


@pytest.mark.parametrize("language", ["ko", "en"])
def test_usage_is_drawn_in_the_colours_of_the_page_and_told_in_a_table(browser, axe, demo, language):  # noqa: F811
    company = demo.company()
    for _ in range(3):
        company.ask("/v1/datasets/lymph_node/synthetic/tables/patient/rows", params={"limit": 400})
    sign_in(browser, demo, language, "developer")
    browser.get(f"{demo.url}/{language}/usage")
    until(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, "figure .uplot canvas")) == 2)
    assert not [it for it in browser.find_elements(By.CSS_SELECTOR, "figure > svg") if it.is_displayed()]
    assert find(browser, "figure .plot").get_attribute("aria-label"), "who cannot see it is told what it is"
    # Drawn: pixels of the chart have the green of the theme.
    for theme, green in (("light", "18,89,77"), ("dark", "127,208,187")):
        media = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        script = """const canvas = document.querySelectorAll('figure canvas')[1];
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            const seen = new Set();
            for (let at = 0; at < data.length; at += 4) {
                if (data[at + 3] === 255) seen.add(data.slice(at, at + 3).join());
            }
            return [...seen]"""
        until(browser, lambda: green in browser.execute_script(script))
        picture(browser, f"islands-usage-{language}-{theme}")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    # By the keyboard: another amount, and the table.
    figure = browser.find_elements(By.CSS_SELECTOR, "figure[data-usage]")[0]
    chosen = figure.find_element(By.TAG_NAME, "select")
    Select(chosen).select_by_value("rows")
    word = chosen.find_element(By.CSS_SELECTOR, "[value=rows]").text
    until(browser, lambda: word in figure.find_element(By.CSS_SELECTOR, ".u-legend").text)
    chosen.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.tag_name == "summary"
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    cells = figure.find_elements(By.CSS_SELECTOR, "details tbody tr:first-child td")
    amounts = [it.text for it in cells]
    assert int(amounts[1].replace(",", "")) >= 1_200, f"the rows that were read today: {amounts}"
    assert_accessible(browser, axe)
    browser.set_window_size(420, 900)
    until(browser, lambda: find(browser, "figure .uplot").size["width"] <= 420)
    width = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1]
    assert_nothing_amiss(browser)


def test_without_scripts_usage_is_a_drawing_and_tables(plain, demo):
    demo.company().ask("/v1/datasets")
    sign_in_plainly(plain, demo, "developer")
    plain.get(f"{demo.url}/ko/usage")
    assert [it.is_displayed() for it in plain.find_elements(By.CSS_SELECTOR, "figure > svg")] == [True, True]
    assert not find(plain, "figure select").is_displayed()
    find(plain, "figure summary").click()
    assert find(plain, "figure details tbody th").is_displayed()
