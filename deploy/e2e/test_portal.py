"""A browser walks the portal in both languages; a picture of each page is kept."""

import shutil
import time

import httpx
import pytest
import sandbox
from mails import wait_for_link
from selenium import webdriver
from selenium.common.exceptions import JavascriptException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

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
ADMIN_PAGES = ["", "home", "catalogue", "apps", "requests", "grants", "usage", "releases", "ledger", "organizations"]
ADMIN_PAGES += ["members", "system", "break-glass", "notifications", "security", "agreements"]
ADMIN_PAGES += ["incidents", "budgets", "plans", "invoices", "ledger/personal", "ledger/export", "kill-switches"]
DEVELOPER_PAGES = ["home", "incidents", "catalogue", "apps", "requests", "requests/new", "grants", "usage", "invoices"]


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


def sign_in(browser, demo, language, who, password=None):
    browser.get(f"{demo.url}/{language}/sign-in")
    person = demo.json[who]
    browser.find_element(By.NAME, "email").send_keys(person["email"])
    browser.find_element(By.NAME, "password").send_keys(password or person["password"])
    click(browser, "main form button.main")


def click(browser, selector):
    """Presses a button and waits for the page that comes of it.

    The old page is known by a mark that its window carries: to ask after one of its nodes while it goes away is an
    error of the driver's own ("Node with given id does not belong to the document") as often as an answer.
    """
    browser.execute_script("window.leaving = true")
    browser.find_element(By.CSS_SELECTOR, selector).click()
    WebDriverWait(browser, 15, ignored_exceptions=[JavascriptException]).until(
        lambda it: it.execute_script("return !window.leaving && document.readyState === 'complete'")
    )


def choose_plan(browser):
    """What a company answers about how it will use the data."""
    plan = {"study": "methods", "legal": "research", "place": "korea", "for_profit": "yes", "commercial": "no"}
    plan |= dict.fromkeys(("publishes", "collaborates", "returns", "genetic"), "no")
    for name, value in plan.items():
        browser.find_element(By.CSS_SELECTOR, f"#{name} option[value={value}]").click()


def is_asked_to_sign_in(browser):
    return bool(browser.find_elements(By.CSS_SELECTOR, "form[action$='/sign-in'] [name=password]"))


def picture(browser, name):
    PICTURES.mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(str(PICTURES / f"{name}.png"))


def assert_page(browser, url, language):
    browser.get(url)
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == language
    assert browser.find_element(By.TAG_NAME, "h1").text
    assert not is_asked_to_sign_in(browser), url
    width = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], f"{url} is wider than the window"


def assert_nothing_amiss(browser):
    mistakes = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    assert not mistakes, mistakes


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
    browser.get(f"{demo.url}/{language}/catalogue")
    prefix = f"{demo.url}/{language}/catalogue/"

    def links():
        found = (link.get_attribute("href") for link in browser.find_elements(By.CSS_SELECTOR, "main a"))
        return sorted({link for link in found if link and link.startswith(prefix)})

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
    browser.get(f"{demo.url}/ko/sign-up")
    for name, text in (("company", "새싹"), ("number", "220-81-62517"), ("email", address)):
        browser.find_element(By.NAME, name).send_keys(text)
    browser.find_element(By.NAME, "accept").click()
    picture(browser, "sign-up")
    click(browser, "main form button.main")
    assert "메일을 보냈습니다" in browser.find_element(By.TAG_NAME, "main").text
    browser.get(demo.url + wait_for_link(address, "invitations"))
    browser.find_element(By.NAME, "name").send_keys("창업자")
    browser.find_element(By.NAME, "password").send_keys(password)
    picture(browser, "join")
    click(browser, "main form button.main")
    assert "sign-in" in browser.current_url and "가입했습니다" in browser.find_element(By.TAG_NAME, "main").text
    browser.get(f"{demo.url}/en/password/forgot")
    browser.find_element(By.NAME, "email").send_keys(address)
    click(browser, "main form button.main")
    browser.get(demo.url + wait_for_link(address, "password/reset"))
    browser.find_element(By.NAME, "password").send_keys(password + " any more")
    click(browser, "main form button.main")
    browser.find_element(By.NAME, "email").send_keys(address)
    browser.find_element(By.NAME, "password").send_keys(password + " any more")
    click(browser, "main form button.main")
    assert browser.current_url.endswith("/home")
    for page in ("members", "webhooks", "notifications", "security", "agreements"):
        assert_page(browser, f"{demo.url}/ko/{page}", "ko")
        picture(browser, f"founder-{page}")
    assert_nothing_amiss(browser)


def test_a_link_to_a_profile_is_opened_in_a_browser(browser, demo):
    sign_in(browser, demo, "en", "developer")
    browser.get(f"{demo.url}/en/apps")
    browser.find_element(By.PARTIAL_LINK_TEXT, "Demo app").click()
    form = "main form[action$='/activation-links']"
    browser.find_element(By.CSS_SELECTOR, f"{form} [name=label]").send_keys("notebook")
    click(browser, f"{form} button")
    link = browser.find_element(By.CSS_SELECTOR, "code.secret").text
    browser.delete_all_cookies()
    browser.get(link)
    browser.find_element(By.CSS_SELECTOR, "main form button.main").click()
    time.sleep(2)
    # The profile is saved as a file and the page stays: a form that is refused would show another.
    assert not browser.find_elements(By.CSS_SELECTOR, ".notice.bad"), browser.find_element(By.TAG_NAME, "main").text
    browser.get(link)
    assert not browser.find_elements(By.CSS_SELECTOR, "main form"), "the link is used up"


def test_a_wrong_password_is_told_and_opens_nothing(browser, demo):
    sign_in(browser, demo, "en", "admin", password="wrong")
    assert is_asked_to_sign_in(browser)
    for page in ("home", "ledger", "apps"):
        browser.get(f"{demo.url}/en/{page}")
        assert is_asked_to_sign_in(browser), f"{page} is for members"


def test_a_developer_makes_a_credential_that_works_until_it_is_revoked(browser, demo):
    sign_in(browser, demo, "en", "developer")
    browser.get(f"{demo.url}/en/apps")
    browser.find_element(By.NAME, "name").send_keys("Browser test")
    click(browser, "main form button.main")
    if not browser.find_elements(By.NAME, "label"):
        browser.find_element(By.PARTIAL_LINK_TEXT, "Browser test").click()
    app = browser.current_url.split("?")[0]
    browser.find_element(By.NAME, "label").send_keys("laptop")
    click(browser, "main form.card button.main")
    secret = browser.find_element(By.CSS_SELECTOR, "code.secret").text
    client_id = browser.find_element(By.CSS_SELECTOR, "dl.pairs code").text
    picture(browser, "secret")

    def ask_token():
        form = {"grant_type": "client_credentials", "scope": "catalog.read"}
        return httpx.post(demo.url + "/oauth2/token", data=form, auth=(client_id, secret))

    def until(status):
        # A change of the control database is seen by every node within one second.
        WebDriverWait(browser, 3, poll_frequency=0.1).until(lambda _: ask_token().status_code == status)

    until(200)
    token = {"authorization": f"Bearer {ask_token().json()['access_token']}"}
    assert httpx.get(demo.url + "/v1/datasets", headers=token).status_code == 200
    browser.get(app)
    assert secret not in browser.page_source, "a secret is shown once"
    click(browser, "main table button.danger")
    until(401)
    assert httpx.get(demo.url + "/v1/datasets", headers=token).status_code == 401, "its tokens end with it"
    assert_nothing_amiss(browser)


def test_a_request_is_sent_back_filed_again_and_opens_when_its_condition_is_met(browser, demo):
    """The way of a request with a mouse and no script: return, resubmission, conditional approval, held grant, opening."""

    def open_as(who, page):
        browser.delete_all_cookies()
        sign_in(browser, demo, "en", who)
        browser.get(page)

    def write(name, text):
        field = browser.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)

    def press(address):
        click(browser, f"form[action$='{address}'] button")

    sign_in(browser, demo, "en", "developer")
    browser.get(f"{demo.url}/en/requests/new")
    write("purpose", "Validate a model of survival on the public cohort.")
    choose_plan(browser)
    browser.find_element(By.CSS_SELECTOR, "option[value=follows]").click()
    click(browser, "button[formaction$='/requests/check']")
    assert "DUO:0000042" in browser.page_source and "A person must decide" in browser.page_source
    assert "Validate a model of survival" in browser.page_source, "what was written is kept"
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86_400))
    browser.execute_script(f"document.getElementById('ethics_by').value = '{day}'")
    browser.find_element(By.NAME, "accept").click()
    picture(browser, "request-new")
    click(browser, "main form button.main")
    page = browser.current_url.split("?")[0]
    open_as("admin", f"{demo.url}/en/home")
    assert page.rsplit("/", 1)[1] in browser.page_source, "it waits on the administrator"
    picture(browser, "inbox")
    browser.get(page)
    browser.find_element(By.ID, "return-reason").send_keys("Which outcome?")
    press("/return")
    open_as("developer", page)
    assert "Which outcome?" in browser.page_source
    browser.get(page + "/edit")
    write("purpose", "Validate a model of survival at five years on the public cohort.")
    browser.find_element(By.NAME, "accept").click()
    click(browser, "main form button.main")
    open_as("admin", page)
    picture(browser, "request-board")
    press("/approve")
    assert "Approved with conditions" in browser.find_element(By.TAG_NAME, "h1").text
    open_as("developer", page)
    write("answer", "IRB 2026-17")
    press("/conditions/0/answer")
    open_as("admin", page)
    picture(browser, "request-condition")
    press("/conditions/0/confirm")
    heading = browser.find_element(By.TAG_NAME, "h1").text
    assert "Approved" in heading and "conditions" not in heading
    browser.get(page + "/minutes")
    picture(browser, "minutes")
    open_as("developer", page)
    assert "IRB 2026-17" in browser.page_source
    browser.get(f"{demo.url}/ko/requests/{page.rsplit('/', 1)[1]}")
    picture(browser, "request-ko")
    browser.get(page)
    browser.find_element(By.CSS_SELECTOR, "main a.button[href*='/grants/grt_']").click()
    grant = browser.current_url
    write("report", "The model was validated on two thirds of the rows; a paper follows.")
    press("/reports")
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 9 * 3_600))
    browser.execute_script(f"document.getElementById('until').value = '{today}'")
    browser.find_element(By.CSS_SELECTOR, "option[value=erased]").click()
    write("copies", "Two Parquet files on the analysis server, and its nightly backup.")
    write("witness", "A developer")
    browser.find_element(By.NAME, "promise").click()
    picture(browser, "grant")
    press("/destruction")
    assert "waits for the hospital" in browser.page_source
    open_as("admin", f"{demo.url}/en/home")
    assert "Reports to read and declarations" in browser.page_source
    browser.get(grant)
    write("answer", "Thank you.")
    press("/reports/answer")
    press("/close")
    browser.find_element(By.CSS_SELECTOR, "a[href$='/certificate']").click()
    assert "nightly backup" in browser.page_source
    picture(browser, "certificate")
    browser.get(browser.current_url.replace("/en/", "/ko/"))
    assert "파기확인서" in browser.find_element(By.TAG_NAME, "h1").text
    picture(browser, "certificate-ko")
    assert_nothing_amiss(browser)


def test_the_api_reference_is_served_by_ourselves(browser, demo):
    browser.get(f"{demo.url}/docs")
    script = "return performance.getEntriesByType('resource').map(e => new URL(e.name).origin)"
    assert set(browser.execute_script(script)) <= {demo.url}
    picture(browser, "docs")
