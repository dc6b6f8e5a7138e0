"""What scripts add to the portal, in Chromium: and that every page is whole without them.

The first load of each page, with its scripts, stays small; parts that change are announced and keep the focus in reach;
nothing is asked for while a Korean letter is being composed.
"""

import shutil
import time

import httpx
import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait
from test_accessibility import axe, violations, walk  # noqa: F401: the fixture is used by its name
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


def fill(browser, name, value):  # noqa: F811
    field = find(browser, f"[data-name='{name}']")
    field.clear()
    field.send_keys(value)


def answered(browser):  # noqa: F811
    until(browser, lambda: find(browser, "[data-answer]").is_displayed() and find(browser, "[data-status]").text)
    return find(browser, "[data-status]").text, find(browser, "[data-body]").get_attribute("textContent")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_interface_is_tried_out_and_the_answer_has_its_receipt(browser, axe, demo, language):  # noqa: F811
    browser.get(f"{demo.url}/{language}/catalogue/lymph_node/synthetic/patient")
    click(browser, "main a[href*='/playground/read_rows']")
    assert find(browser, "[data-name=dataset]").get_attribute("value") == "lymph_node"
    assert_accessible(browser, axe)
    fill(browser, "limit", "2")
    fill(browser, "filter", "age >= '0'")
    command = find(browser, "[data-command]").text
    assert "limit=2" in command and "$TOKEN" in command
    find(browser, "fieldset summary").send_keys(Keys.ENTER)
    find(browser, "[data-get]").send_keys(Keys.ENTER)
    until(browser, lambda: "synthetic.read" in find(browser, "[data-got-it]").text)
    token = find(browser, "#token").get_attribute("value")
    assert token.count(".") == 2 and token not in browser.page_source
    assert token not in find(browser, "[data-command]").text
    find(browser, "button[type=submit]").send_keys(Keys.ENTER)
    status, body = answered(browser)
    assert status.startswith("200 "), (status, body)
    assert browser.switch_to.active_element.get_attribute("id") == "answer"
    receipt = find(browser, "[data-receipt-line] a")
    assert receipt.text.isdigit()
    assert receipt.get_attribute("href").endswith(f"/{language}/receipts?index={receipt.text}")
    assert "mudeung-receipt" in find(browser, "[data-headers]").get_attribute("textContent")
    assert_accessible(browser, axe)
    picture(browser, f"islands-playground-{language}")
    # What is no text is told by its size, and a refusal is shown as it came.
    fill(browser, "format", "parquet")
    find(browser, "button[type=submit]").click()
    until(browser, lambda: "parquet" in find(browser, "[data-body]").get_attribute("textContent"))
    assert "PAR1" not in find(browser, "[data-body]").get_attribute("textContent")
    fill(browser, "format", "nothing")
    find(browser, "button[type=submit]").click()
    until(browser, lambda: find(browser, "[data-status]").get_attribute("textContent").startswith("400 "))
    assert "invalid_parameter" in find(browser, "[data-body]").get_attribute("textContent")
    kept = browser.execute_script("return JSON.stringify([localStorage, sessionStorage, document.cookie])")
    secret = find(browser, "#secret").get_attribute("value")
    assert token not in kept and secret and secret not in kept, "token and secret are kept nowhere"
    browser.refresh()
    assert find(browser, "#token").get_attribute("value") == ""
    mistakes = [it["message"] for it in browser.get_log("browser") if it["level"] == "SEVERE"]
    assert all("400" in it for it in mistakes), mistakes


def test_bodies_are_sent_and_what_is_missing_is_said(browser, demo):  # noqa: F811
    browser.get(f"{demo.url}/en/playground/run_query")
    find(browser, "#token").send_keys(demo.company().new_token())
    find(browser, "#body").clear()
    find(browser, "#body").send_keys('{"sql": "select count(*) as n from lymph_node.synthetic.patient"}')
    assert "--data-binary '{" in find(browser, "[data-command]").text
    find(browser, "button[type=submit]").click()
    status, body = answered(browser)
    assert status.startswith("200 ") and '"n"' in body, (status, body)
    browser.get(f"{demo.url}/en/playground/describe_dataset")
    find(browser, "button[type=submit]").click()
    until(browser, lambda: find(browser, "[data-state]").text.endswith("dataset"))
    assert browser.switch_to.active_element.get_attribute("data-name") == "dataset"
    fill(browser, "dataset", "../../oauth2/token")
    assert "%2F" in find(browser, "[data-command]").text, "a value stays within its part of the path"
    browser.get(f"{demo.url}/en/playground/issue_token")
    secret = "a-secret-that-is-not-shown"
    fill(browser, "grant_type", "client_credentials")
    fill(browser, "client_id", "app_x")
    fill(browser, "client_secret", secret)
    assert secret not in find(browser, "[data-command]").text
    find(browser, "button[type=submit]").click()
    status, body = answered(browser)
    assert status.startswith("401 ") and "invalid_client" in body


def test_every_command_of_the_playground_is_that_of_the_document(plain, demo):
    """Without scripts it is documentation: each operation has a page with its command and all that it takes."""
    document = httpx.get(f"{demo.url}/openapi.json").json()
    ways = [(method, path, it) for path, ways in document["paths"].items() for method, it in ways.items()]
    operations = {it["operationId"]: (method, path, it) for method, path, it in ways}
    plain.get(f"{demo.url}/ko/playground")
    links = [it.get_attribute("href") for it in plain.find_elements(By.CSS_SELECTOR, "ul.operations a")]
    assert {link.rsplit("/", 1)[1] for link in links} == set(operations)
    for name in ("read_rows", "run_query", "issue_token", "describe_file", "delete_query_job"):
        method, path, it = operations[name]
        plain.get(f"{demo.url}/ko/playground/{name}")
        command = find(plain, "[data-command]").text
        assert demo.url + path in command and (method in ("get", "head") or f"-X {method.upper()}" in command), command
        named = {field.get_attribute("data-name") for field in plain.find_elements(By.CSS_SELECTOR, "[data-name]")}
        assert {parameter["name"] for parameter in it.get("parameters", [])} <= named
        assert not find(plain, "button[type=submit][hidden]").is_displayed()


def loaded(browser):  # noqa: F811
    """Bytes that the first load of this page took, with all that it brought along, as they came over the wire.

    The API reference is not among the pages: Swagger UI is a component of others, and weighs some ten times as much.
    """
    script = """return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .reduce((sum, it) => sum + it.transferSize, 0)"""
    return browser.execute_script(script)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_no_page_is_more_than_150_kb_at_its_first_load(browser, demo, language):  # noqa: F811
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
    heaviest = {}

    def look(kind):
        until(browser, lambda: browser.execute_script("return document.readyState") == "complete")
        heaviest[kind] = loaded(browser)

    walk(browser, demo.url, language, look)
    for who in ("developer", "admin"):
        browser.delete_all_cookies()
        sign_in(browser, demo, language, who)
        walk(browser, demo.url, language, look)
    browser.get(f"{demo.url}/guide/{language}")
    chapters = browser.execute_script("return [...document.querySelectorAll('nav.contents a')].map(it => it.href)")
    for chapter in chapters:
        browser.get(chapter)
        look(chapter.removeprefix(demo.url))
    print(sorted(heaviest.items(), key=lambda it: -it[1])[:5])
    assert all(heaviest.values()), "what was not loaded was not weighed"
    too_heavy = {kind: size for kind, size in heaviest.items() if size > 150_000}
    assert not too_heavy
    assert {"/usage", "/catalogue", "/playground/{operation}", "/receipts", "/ledger"} <= set(heaviest)


def ticked(browser):  # noqa: F811
    boxes = "[...document.querySelectorAll('[data-columns] input:checked')]"
    return browser.execute_script(f"return {boxes}.map(it => it.value)")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_columns_are_sought_ticked_and_counted(browser, axe, demo, language):  # noqa: F811
    sign_in(browser, demo, language, "developer")
    browser.get(f"{demo.url}/{language}/requests/new?dataset=lymph_node")
    everything = ticked(browser)
    quasi = browser.execute_script("return [...document.querySelectorAll('[data-quasi]')].map(it => it.value)")
    assert quasi and set(quasi) < set(everything), "some are taken to be known, not all"
    count = find(browser, "[data-columns] [data-count]")
    assert count.text.endswith(f"{len(everything)} / {len(everything)}")
    find(browser, "[data-pick=plain]").send_keys(Keys.ENTER)
    assert set(ticked(browser)) == set(everything) - set(quasi)
    assert find(browser, "#scope").get_attribute("value") == "chosen", "who ticks columns means those"
    find(browser, "#pick").send_keys("tumor")
    until(browser, lambda: ": " in count.text and "·" in count.text)
    shown = [it for it in browser.find_elements(By.CSS_SELECTOR, "[data-columns] li") if it.is_displayed()]
    assert 0 < len(shown) < len(everything) and all("tumor" in it.text.lower() for it in shown)
    assert_accessible(browser, axe)
    picture(browser, f"islands-columns-{language}")
    find(browser, "[data-pick=none]").click()
    assert not [it for it in ticked(browser) if "tumor" in it], "what is shown was taken away"
    assert ticked(browser), "and nothing else"
    find(browser, "#pick").send_keys(Keys.ENTER)
    assert "/requests/new" in browser.current_url, "seeking files nothing"
    find(browser, "#pick").clear()
    find(browser, "#pick").send_keys(" ", Keys.BACKSPACE)
    find(browser, "[data-pick=none]").click()
    assert ticked(browser) == [] and "0 / " in count.text
    # Another dataset brings its own columns, and they are a list like this.
    other = [it for it in texts(browser, "#dataset option") if it]
    if len(other) > 1:
        chosen = Select(find(browser, "#dataset"))
        now = chosen.first_selected_option.get_attribute("value")
        another = next(it for it in chosen.options if it.get_attribute("value") != now).get_attribute("value")
        chosen.select_by_value(another)
        until(browser, lambda: find(browser, "[name=columns_of]").get_attribute("value") == another)
        until(browser, lambda: find(browser, "[data-columns] [data-tools]").is_displayed())
        assert ticked(browser)
    assert_nothing_amiss(browser)


def test_the_code_of_a_table_follows_the_columns(browser, axe, plain, demo):  # noqa: F811
    address = f"{demo.url}/en/catalogue/lymph_node/deidentified/patient"
    browser.get(address)
    find(browser, "form[data-columns] summary").click()
    find(browser, "[data-pick=none]").click()
    browser.find_elements(By.CSS_SELECTOR, "form[data-columns] li input")[4].click()
    until(browser, lambda: "to_pandas(columns=" in find(browser, "#example").text)
    named = find(browser, "#example").text.split("columns=[")[1].split("]")[0]
    assert named.split('"')[1::2] == ticked(browser)
    assert_accessible(browser, axe)
    assert_nothing_amiss(browser)
    plain.get(address)
    find(plain, "form[data-columns] summary").click()
    assert not find(plain, "form[data-columns] [data-tools]").is_displayed()
    boxes = plain.find_elements(By.CSS_SELECTOR, "form[data-columns] li input")
    for box in boxes[1:]:
        box.click()
    find(plain, "form[data-columns] button[type=submit]").click()
    WebDriverWait(plain, 15).until(lambda it: "column=" in it.current_url)
    assert f'"{boxes_value(plain)}"' in find(plain, "#example").text


def boxes_value(driver):
    return find(driver, "form[data-columns] li input:checked").get_attribute("value")
