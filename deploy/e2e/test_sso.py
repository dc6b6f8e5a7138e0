"""Single sign-on at a real OpenID provider (npm oidc-provider, certified by the OpenID Foundation), by a browser."""

import subprocess
import time

import pytest
import sandbox
from chromium import click, forget, has, picture, sign_in, text
from test_accessibility import axe, violations  # noqa: F401  (a fixture)
from test_matrix import npm  # noqa: F401  (a fixture)

CLIENT = ("mudeung", "a secret that the provider and the sandbox share")


class Hospital:
    """The hospital's identity provider."""

    def __init__(self, npm, redirect):
        self.npm, self.redirect = npm, redirect
        self.port = sandbox.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        log = self.npm.folder / "sso.log"
        command = ["node", "sso.mjs", str(self.port), *CLIENT, self.redirect]
        with open(log, "w") as stderr:
            self.process = subprocess.Popen(command, cwd=self.npm.folder, stdout=subprocess.PIPE, stderr=stderr, text=True)
        while "listening" not in (line := self.process.stdout.readline()):
            assert line, log.read_text()[-2000:]

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def hospital(tmp_path, npm):
    """A sandbox whose hospital has single sign-on, and the provider."""
    secret = tmp_path / "sso.secret"
    secret.touch(0o600)
    secret.write_text(CLIENT[1] + "\n")
    server = sandbox.Server(tmp_path / "server")
    provider = Hospital(npm, f"{server.url}/sso/return")
    provider.start()
    server.sections["sso"] = {
        "issuer": provider.url,
        "client_id": CLIENT[0],
        "client_secret_file": str(secret),
        "name": "무등대학교병원 통합 계정",
        "passwords": False,
    }
    server.write_config()
    with server:
        server.json = server.credentials
        yield server, provider
    provider.stop()


def answer_provider(browser, email):
    """What somebody does at the provider: signs in, and agrees to its telling us the address."""
    browser.fill("[name=login]", email)
    browser.fill("[name=password]", "whatever it is")
    click(browser, "form button[type=submit]")
    if "interaction" in browser.url:
        click(browser, "form button[type=submit]")


def come_in(browser, server, email, language="ko"):
    browser.goto(f"{server.url}/{language}/sign-in")
    picture(browser, f"sso-sign-in-{language}")
    click(browser, "main section a.button")
    answer_provider(browser, email)


def test_the_hospitals_people_sign_in_and_prove_themselves_at_their_provider(browser, axe, hospital):
    server, provider = hospital
    browser.goto(f"{server.url}/ko/sign-in")
    assert not violations(browser, axe)
    admin = server.credentials["admin"]
    sign_in(browser, server, "ko", "admin")
    assert "/sign-in" in browser.url, "a password is not enough here"
    come_in(browser, server, admin["email"])
    assert browser.url == f"{server.url}/ko/home"
    browser.goto(f"{server.url}/ko/system")
    assert provider.url in text(browser)
    browser.goto(f"{server.url}/ko/security")
    picture(browser, "sso-security-ko")
    assert not violations(browser, axe)
    assert provider.url in text(browser)
    # A proof that it is them: the provider asks again, though it knows them.
    browser.goto(f"{server.url}/ko/step-up?next=/ko/kill-switches")
    picture(browser, "sso-step-up-ko")
    assert not violations(browser, axe)
    assert not has(browser, "main form [name=password]")
    click(browser, "main a.button.main")
    answer_provider(browser, admin["email"])
    assert browser.url == f"{server.url}/ko/kill-switches?done=stepped-up"
    entries = server.entries().values()
    assert any(entry["operation"] == "identity.link" for entry in entries)
    assert any(entry["operation"] == "portal.sign_in" and entry.get("detail") == "sso" for entry in entries)
    assert any(entry["operation"] == "portal.step_up" for entry in entries)


def test_somebody_the_sandbox_does_not_know_is_told_so_and_a_new_key_of_the_provider_is_found(browser, hospital):
    server, provider = hospital
    come_in(browser, server, "nobody@hospital.example", "en")
    assert browser.url.startswith(f"{server.url}/sso/return")
    picture(browser, "sso-unknown-en")
    assert "Ask the operator to register you" in text(browser)
    # A company's developer has no business here, whatever the provider says of the address.
    forget(browser)
    provider.stop()
    provider.start()
    time.sleep(11)  # Keys that are not known are looked for every ten seconds.
    come_in(browser, server, server.credentials["developer"]["email"], "en")
    assert "Ask the operator to register you" in text(browser)
    come_in_again = server.credentials["admin"]["email"]
    provider.stop()
    provider.start()
    time.sleep(11)
    come_in(browser, server, come_in_again, "en")
    assert browser.url == f"{server.url}/en/home"


def test_a_provider_that_is_away_is_said_to_be_and_the_companies_come_in_as_ever(browser, hospital):
    server, provider = hospital
    provider.stop()
    browser.goto(f"{server.url}/ko/sign-in")
    click(browser, "main section a.button")
    assert "응답하지 않습니다" in text(browser)
    sign_in(browser, server, "ko", "developer")
    assert browser.url == f"{server.url}/ko/home"
    provider.start()
