"""What scripts add to the portal, in Chromium: and that every page is whole without them.

The first load of each page, with its scripts, stays small; parts that change are announced and keep the focus in reach;
nothing is asked for while a Korean letter is being composed.
"""

import shutil
import time

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
    script = "return performance.getEntriesByType('resource').filter(it => it.initiatorType === 'xmlhttprequest').length"
    return browser.execute_script(script)


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
