"""Passkeys in a real browser: Chromium with a device that it simulates (WebAuthn's virtual authenticator)."""

import base64
import re
import shutil
import subprocess

import pytest
import sandbox
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.common.virtual_authenticator import Credential, VirtualAuthenticatorOptions
from selenium.webdriver.support.ui import WebDriverWait
from test_accessibility import axe, violations  # noqa: F401  (a fixture)
from test_portal import FLAGS, assert_nothing_amiss, assert_page, browser, click, picture, sign_in  # noqa: F401

BUTTON = "form[data-passkey] button"
WORDS = {
    "ko": {"made": "패스키를 추가했습니다", "unused": "아직 쓰지 않음", "refused": "들어올 수 없습니다", "needs": "자바스크립트를 켜야"},
    "en": {"made": "The passkey is added", "unused": "Not used yet", "refused": "opens nothing here", "needs": "need JavaScript"},
}


@pytest.fixture
def server(tmp_path):
    """A sandbox that browsers reach by a name: to a number alone no passkey can be bound."""
    server = sandbox.Server(tmp_path / "server")
    server.url = f"http://localhost:{server.port}"
    server.sections["http"] = {"listen": f"127.0.0.1:{server.port}", "public_url": server.url}
    server.write_config()
    with server:
        server.json = server.credentials
        yield server


@pytest.fixture
def device(browser):  # noqa: F811
    """The laptop itself: it keeps passkeys and verifies its user."""
    options = VirtualAuthenticatorOptions()
    options.protocol = VirtualAuthenticatorOptions.Protocol.CTAP2
    options.transport = VirtualAuthenticatorOptions.Transport.INTERNAL
    options.has_resident_key = options.has_user_verification = options.is_user_verified = True
    browser.add_virtual_authenticator(options)
    return browser


def text(browser):  # noqa: F811
    return browser.find_element(By.TAG_NAME, "main").text


def word(browser):  # noqa: F811
    """What the form says of itself."""
    return browser.find_element(By.CSS_SELECTOR, "form[data-passkey] [role=status]").text


def make(browser, server, language, name="work laptop"):  # noqa: F811
    browser.get(f"{server.url}/{language}/security/passkeys/new")
    browser.find_element(By.NAME, "name").send_keys(name)
    click(browser, BUTTON)
    assert browser.current_url.endswith("/security?done=passkey-added"), text(browser)


def leave(browser):  # noqa: F811
    """The session is left as it is; the browser knows nothing of it any more."""
    browser.delete_all_cookies()


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_passkey_is_made_signs_in_alone_and_proves_who_it_is(browser, device, axe, server, language):  # noqa: F811
    words = WORDS[language]
    sign_in(browser, server, language, "admin")
    assert_page(browser, f"{server.url}/{language}/security", language)
    assert not violations(browser, axe)
    click(browser, "main a[href$='/security/passkeys/new']")
    assert not violations(browser, axe)
    picture(browser, f"passkey-new-{language}")
    assert word(browser) == ""
    # By the keyboard alone, from the field to the button.
    browser.find_element(By.NAME, "name").send_keys("업무용 노트북", Keys.TAB)
    assert browser.switch_to.active_element.tag_name == "button"
    browser.execute_script("window.leaving = true")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    WebDriverWait(browser, 15).until(lambda it: "done=passkey-added" in it.current_url)
    assert words["made"] in text(browser) and "업무용 노트북" in text(browser) and words["unused"] in text(browser)
    assert not violations(browser, axe)
    assert_page(browser, f"{server.url}/{language}/security", language)
    picture(browser, f"passkey-security-{language}")
    browser.set_window_size(420, 900)
    assert_page(browser, f"{server.url}/{language}/security", language)
    picture(browser, f"passkey-security-small-{language}")
    browser.set_window_size(1280, 1600)
    [credential] = browser.get_credentials()
    assert credential.is_resident_credential and credential.rp_id == "localhost"
    assert len(decoded(credential.user_handle)) == 32

    leave(browser)
    browser.get(f"{server.url}/{language}/sign-in?next=/{language}/kill-switches")
    assert not violations(browser, axe)
    picture(browser, f"passkey-sign-in-{language}")
    click(browser, BUTTON)
    assert browser.current_url == f"{server.url}/{language}/kill-switches", text(browser)
    browser.get(f"{server.url}/{language}/step-up?next=/{language}/kill-switches")
    assert not violations(browser, axe)
    picture(browser, f"passkey-step-up-{language}")
    assert not browser.find_elements(By.CSS_SELECTOR, "main [name=password]"), "the password is no proof any more"
    click(browser, BUTTON)
    assert browser.current_url == f"{server.url}/{language}/kill-switches?done=stepped-up", text(browser)
    browser.get(f"{server.url}/{language}/security")
    assert words["unused"] not in text(browser)
    assert_nothing_amiss(browser)
    entries = list(server.entries().values())
    assert any(it["operation"] == "passkey.add" and it.get("detail", "").startswith("psk_") for it in entries)
    assert any(it["operation"] == "portal.sign_in" and it.get("detail") == "passkey" for it in entries)
    assert sum(it["operation"] == "portal.step_up" and it["kind"] == "outcome" for it in entries) == 2

    # Removed here, it opens nothing, though the device still has it.
    click(browser, "main form[action$='/remove'] button")
    assert browser.current_url.endswith("done=passkey-removed")
    leave(browser)
    browser.get(f"{server.url}/{language}/sign-in")
    click(browser, BUTTON)
    assert words["refused"] in text(browser)
    picture(browser, f"passkey-refused-{language}")
    assert not violations(browser, axe)
    server.verify_ledger()


def test_a_device_that_does_not_verify_or_has_none_is_told_on_the_page(browser, device, server):  # noqa: F811
    sign_in(browser, server, "en", "developer")
    make(browser, server, "en")
    # The browser offers no second one on the same device.
    browser.get(f"{server.url}/en/security/passkeys/new")
    browser.find_element(By.NAME, "name").send_keys("again")
    browser.find_element(By.CSS_SELECTOR, BUTTON).click()
    WebDriverWait(browser, 15).until(lambda it: "has a passkey for you already" in word(it))
    leave(browser)
    browser.set_user_verified(False)
    browser.get(f"{server.url}/en/sign-in")
    browser.find_element(By.CSS_SELECTOR, BUTTON).click()
    WebDriverWait(browser, 15).until(lambda it: "cancelled, or took too long" in word(it))
    assert browser.find_element(By.CSS_SELECTOR, BUTTON).is_enabled()
    picture(browser, "passkey-cancelled-en")
    # It can be tried again on the same page.
    browser.set_user_verified(True)
    click(browser, BUTTON)
    assert browser.current_url == f"{server.url}/en/home"


def test_a_copy_of_a_passkey_is_refused_with_a_word(browser, device, server):  # noqa: F811
    sign_in(browser, server, "en", "developer")
    make(browser, server, "en")
    [made] = browser.get_credentials()
    for _ in range(2):
        leave(browser)
        browser.get(f"{server.url}/en/sign-in")
        click(browser, BUTTON)
        assert browser.current_url == f"{server.url}/en/home"
    [used] = browser.get_credentials()
    assert used.sign_count > made.sign_count > 0, "the simulated device counts"
    handle, key = decoded(made.user_handle), decoded(made.private_key)
    browser.remove_credential(made.id)
    copy = Credential.create_resident_credential(decoded(made.id), "localhost", handle, key, made.sign_count)
    browser.add_credential(copy)
    leave(browser)
    browser.get(f"{server.url}/en/sign-in")
    click(browser, BUTTON)
    assert "may have been copied" in text(browser)
    picture(browser, "passkey-copied-en")
    refused = [it for it in server.entries().values() if it["operation"] == "portal.sign_in" and it.get("status") == "denied"]
    assert [it["detail"] for it in refused] == ["passkey: it may be a copy: the counter did not grow"]


def test_an_operator_resets_who_lost_the_only_one(browser, device, server):  # noqa: F811
    sign_in(browser, server, "en", "developer")
    make(browser, server, "en")
    leave(browser)
    server.stop()
    email = server.json["developer"]["email"]
    command = [sandbox.BINARY, "user", "reset", "--config", str(server.config), "--email", email]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    password = said.strip().rsplit(" ", 1)[1]
    server.start()
    browser.get(f"{server.url}/en/sign-in")
    click(browser, BUTTON)
    assert WORDS["en"]["refused"] in text(browser), "the passkey went with the password"
    sign_in(browser, server, "en", "developer", password)
    assert browser.current_url == f"{server.url}/en/home"
    browser.get(f"{server.url}/en/step-up")
    browser.find_element(By.CSS_SELECTOR, "main [name=password]").send_keys(password)
    click(browser, "main form button.main")
    assert browser.current_url == f"{server.url}/en/home?done=stepped-up"
    make(browser, server, "en")


def test_without_javascript_the_page_says_so_and_the_password_is_there(tmp_path, server):
    options = webdriver.ChromeOptions()
    for flag in [*FLAGS, f"--user-data-dir={tmp_path / 'plain'}"]:
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        for language in ["ko", "en"]:
            driver.get(f"{server.url}/{language}/sign-in")
            assert WORDS[language]["needs"] in text(driver)
            assert not driver.find_element(By.CSS_SELECTOR, BUTTON).is_displayed()
            picture(driver, f"passkey-plain-{language}")
        person = server.json["admin"]
        driver.find_element(By.NAME, "email").send_keys(person["email"])
        driver.find_element(By.NAME, "password").send_keys(person["password"], Keys.ENTER)
        WebDriverWait(driver, 15).until(lambda it: it.current_url.endswith("/en/home"))
    finally:
        driver.quit()


def test_where_the_server_has_no_name_the_page_says_why(browser, demo):  # noqa: F811
    sign_in(browser, demo, "en", "admin")
    browser.get(f"{demo.url}/en/security")
    assert re.search("need a server with a name", text(browser))
    assert not browser.find_elements(By.CSS_SELECTOR, "a[href$='/security/passkeys/new']")
