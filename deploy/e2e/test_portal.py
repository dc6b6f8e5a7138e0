"""A browser walks the portal in both languages; a picture of each page is kept."""

import shutil

import pytest
import sandbox
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

PICTURES = sandbox.FOLDER / "portal"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1600",
]
PAGES = ["", "catalogue", "apps", "grants", "usage", "ledger"]


@pytest.fixture
def browser(tmp_path):
    options = webdriver.ChromeOptions()
    for flag in [*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


def sign_in(browser, demo, who="admin"):
    browser.get(f"{demo.url}/login")
    person = demo.json[who]
    browser.find_element(By.NAME, "email").send_keys(person["email"])
    field = browser.find_element(By.NAME, "password")
    field.send_keys(person["password"])
    field.submit()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_an_administrator_sees_every_page(browser, demo, language):
    PICTURES.mkdir(parents=True, exist_ok=True)
    sign_in(browser, demo)
    assert "/login" not in browser.current_url
    for page in PAGES:
        browser.get(f"{demo.url}/{page}?lang={language}")
        assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == language
        assert browser.find_element(By.TAG_NAME, "h1").text
        browser.save_screenshot(str(PICTURES / f"{page or 'home'}-{language}.png"))
    mistakes = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    assert not mistakes, mistakes


def test_a_wrong_password_is_told_and_opens_nothing(browser, demo):
    browser.get(f"{demo.url}/login")
    browser.find_element(By.NAME, "email").send_keys(demo.json["admin"]["email"])
    field = browser.find_element(By.NAME, "password")
    field.send_keys("wrong")
    field.submit()
    assert browser.find_element(By.NAME, "password")
    browser.get(f"{demo.url}/ledger")
    assert browser.find_element(By.NAME, "password"), "a page for members asks to sign in"


def test_the_api_reference_is_served_by_ourselves(browser, demo):
    browser.get(f"{demo.url}/docs/")
    origins = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => new URL(e.name).origin)"
    )
    assert set(origins) <= {demo.url}
    browser.save_screenshot(str(PICTURES / "docs.png")) if PICTURES.exists() else None
