"""Passkeys in a real browser: Chromium with a device that it simulates (WebAuthn's virtual authenticator)."""

import base64
import re
import subprocess

import pytest
import sandbox
from chromium import SCREEN, assert_nothing_amiss, assert_page, click, enter, focused, forget, has, picture, sign_in, text, window
from playwright.sync_api import expect
from test_accessibility import axe, violations  # noqa: F401  (a fixture)

BUTTON = "form[data-passkey] button"
WORD = "form[data-passkey] [role=status]"
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


class Device:
    """The laptop itself, as the browser simulates it: it keeps passkeys and verifies its user."""

    def __init__(self, browser):
        self.session = browser.context.new_cdp_session(browser)
        self.session.send("WebAuthn.enable")
        flags = dict.fromkeys(("hasResidentKey", "hasUserVerification", "isUserVerified"), True)
        options = {"protocol": "ctap2", "transport": "internal", **flags}
        self.id = self.ask("addVirtualAuthenticator", options=options)["authenticatorId"]

    def ask(self, command, **parameters):
        return self.session.send(f"WebAuthn.{command}", parameters)

    def credentials(self):
        return self.ask("getCredentials", authenticatorId=self.id)["credentials"]

    def verifies(self, does):
        self.ask("setUserVerified", authenticatorId=self.id, isUserVerified=does)

    def replace(self, credential):
        self.ask("removeCredential", authenticatorId=self.id, credentialId=credential["credentialId"])
        self.ask("addCredential", authenticatorId=self.id, credential=credential)


@pytest.fixture
def device(browser):
    return Device(browser)


def make(browser, server, language, name="work laptop"):
    browser.goto(f"{server.url}/{language}/security/passkeys/new")
    browser.fill("[name=name]", name)
    click(browser, BUTTON)
    assert browser.url.endswith("/security?done=passkey-added"), text(browser)


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_passkey_is_made_signs_in_alone_and_proves_who_it_is(browser, device, axe, server, language):
    words = WORDS[language]
    sign_in(browser, server, language, "admin")
    assert_page(browser, f"{server.url}/{language}/security", language)
    assert not violations(browser, axe)
    click(browser, "main a[href$='/security/passkeys/new']")
    assert not violations(browser, axe)
    picture(browser, f"passkey-new-{language}")
    assert browser.locator(WORD).inner_text() == ""
    # By the keyboard alone, from the field to the button.
    browser.fill("[name=name]", "업무용 노트북")
    browser.keyboard.press("Tab")
    assert focused(browser, "localName") == "button"
    enter(browser)
    assert "done=passkey-added" in browser.url
    assert words["made"] in text(browser) and "업무용 노트북" in text(browser) and words["unused"] in text(browser)
    assert not violations(browser, axe)
    assert_page(browser, f"{server.url}/{language}/security", language)
    picture(browser, f"passkey-security-{language}")
    browser.set_viewport_size({"width": 420, "height": 900})
    assert_page(browser, f"{server.url}/{language}/security", language)
    picture(browser, f"passkey-security-small-{language}")
    browser.set_viewport_size(SCREEN)
    [credential] = device.credentials()
    assert credential["isResidentCredential"] and credential["rpId"] == "localhost"
    assert len(decoded(credential["userHandle"])) == 32

    forget(browser)
    browser.goto(f"{server.url}/{language}/sign-in?next=/{language}/kill-switches")
    assert not violations(browser, axe)
    picture(browser, f"passkey-sign-in-{language}")
    click(browser, BUTTON)
    assert browser.url == f"{server.url}/{language}/kill-switches", text(browser)
    browser.goto(f"{server.url}/{language}/step-up?next=/{language}/kill-switches")
    assert not violations(browser, axe)
    picture(browser, f"passkey-step-up-{language}")
    assert not has(browser, "main [name=password]"), "the password is no proof any more"
    click(browser, BUTTON)
    assert browser.url == f"{server.url}/{language}/kill-switches?done=stepped-up", text(browser)
    browser.goto(f"{server.url}/{language}/security")
    assert words["unused"] not in text(browser)
    assert_nothing_amiss(browser)
    entries = list(server.entries().values())
    assert any(it["operation"] == "passkey.add" and it.get("detail", "").startswith("psk_") for it in entries)
    assert any(it["operation"] == "portal.sign_in" and it.get("detail") == "passkey" for it in entries)
    assert sum(it["operation"] == "portal.step_up" and it["kind"] == "outcome" for it in entries) == 2

    # Removed here, it opens nothing, though the device still has it.
    click(browser, "main form[action$='/remove'] button")
    assert browser.url.endswith("done=passkey-removed")
    forget(browser)
    browser.goto(f"{server.url}/{language}/sign-in")
    click(browser, BUTTON)
    assert words["refused"] in text(browser)
    picture(browser, f"passkey-refused-{language}")
    assert not violations(browser, axe)
    server.verify_ledger()


def test_a_device_that_does_not_verify_or_has_none_is_told_on_the_page(browser, device, server):
    sign_in(browser, server, "en", "developer")
    make(browser, server, "en")
    # The browser offers no second one on the same device.
    browser.goto(f"{server.url}/en/security/passkeys/new")
    browser.fill("[name=name]", "again")
    browser.click(BUTTON)
    expect(browser.locator(WORD)).to_contain_text("has a passkey for you already")
    forget(browser)
    device.verifies(False)
    browser.goto(f"{server.url}/en/sign-in")
    browser.click(BUTTON)
    expect(browser.locator(WORD)).to_contain_text("cancelled, or took too long")
    assert browser.locator(BUTTON).is_enabled()
    picture(browser, "passkey-cancelled-en")
    # It can be tried again on the same page.
    device.verifies(True)
    click(browser, BUTTON)
    assert browser.url == f"{server.url}/en/home"


def test_a_copy_of_a_passkey_is_refused_with_a_word(browser, device, server):
    sign_in(browser, server, "en", "developer")
    make(browser, server, "en")
    [made] = device.credentials()
    for _ in range(2):
        forget(browser)
        browser.goto(f"{server.url}/en/sign-in")
        click(browser, BUTTON)
        assert browser.url == f"{server.url}/en/home"
    [used] = device.credentials()
    assert used["signCount"] > made["signCount"] > 0, "the simulated device counts"
    device.replace(made)
    forget(browser)
    browser.goto(f"{server.url}/en/sign-in")
    click(browser, BUTTON)
    assert "may have been copied" in text(browser)
    picture(browser, "passkey-copied-en")
    refused = [it for it in server.entries().values() if it["operation"] == "portal.sign_in" and it.get("status") == "denied"]
    assert [it["detail"] for it in refused] == ["passkey: it may be a copy: the counter did not grow"]


def test_an_operator_resets_who_lost_the_only_one(browser, device, server):
    sign_in(browser, server, "en", "developer")
    make(browser, server, "en")
    forget(browser)
    server.stop()
    email = server.json["developer"]["email"]
    command = [sandbox.BINARY, "user", "reset", "--config", str(server.config), "--email", email]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    password = said.strip().rsplit(" ", 1)[1]
    server.start()
    browser.goto(f"{server.url}/en/sign-in")
    click(browser, BUTTON)
    assert WORDS["en"]["refused"] in text(browser), "the passkey went with the password"
    sign_in(browser, server, "en", "developer", password)
    assert browser.url == f"{server.url}/en/home"
    browser.goto(f"{server.url}/en/step-up")
    browser.fill("main [name=password]", password)
    click(browser, "main form button.main")
    assert browser.url == f"{server.url}/en/home?done=stepped-up"
    make(browser, server, "en")


def test_without_javascript_the_page_says_so_and_the_password_is_there(chromium, server):
    page = window(chromium, java_script_enabled=False)
    for language in ["ko", "en"]:
        page.goto(f"{server.url}/{language}/sign-in")
        assert WORDS[language]["needs"] in text(page)
        assert page.locator(BUTTON).count() == 1 and not page.locator(BUTTON).is_visible()
        picture(page, f"passkey-plain-{language}")
    person = server.json["admin"]
    page.fill("[name=email]", person["email"])
    page.fill("[name=password]", person["password"])
    enter(page)
    assert page.url.endswith("/en/home")
    page.context.close()


def test_where_the_server_has_no_name_the_page_says_why(browser, demo):
    sign_in(browser, demo, "en", "admin")
    browser.goto(f"{demo.url}/en/security")
    assert re.search("need a server with a name", text(browser))
    assert not has(browser, "a[href$='/security/passkeys/new']")
