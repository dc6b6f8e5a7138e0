"""Mail through a real SMTP server (aiosmtpd) and webhooks verified by the library of Standard Webhooks: people come in, get
in again and are told, and a company's program can tell who calls it."""

import http.server
import re
import threading
import time
from email import message_from_bytes, policy

import httpx
import pytest
import sandbox
from aiosmtpd.controller import Controller
from standardwebhooks import Webhook, WebhookVerificationError

PASSWORD = "a password that nobody guesses"
NUMBER = "124-81-00998"


class Mailbox:
    """Takes every mail and keeps it."""

    def __init__(self):
        self.mails = []
        self.refuse = None

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 (the name is aiosmtpd's)
        if self.refuse:
            return self.refuse
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.rcpt_tos, message))
        return "250 Taken"

    def wait_for(self, address, count=1, seconds=30):
        """The texts of the first `count` mails to an address."""
        end = time.monotonic() + seconds
        while True:
            found = [message for to, message in list(self.mails) if to == [address]]
            if len(found) >= count:
                return found
            assert time.monotonic() < end, f"{len(found)} mails to {address}: {self.mails}"
            time.sleep(0.05)


class Hooks:
    """A company's program: answers as it is told and keeps what it was sent."""

    def __init__(self):
        self.calls = []
        self.status = 204
        calls, hooks = self.calls, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 (the name is http.server's)
                body = self.rfile.read(int(self.headers["content-length"]))
                calls.append((dict(self.headers.items()), body))
                self.send_response(hooks.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_for(self, count, seconds=30):
        end = time.monotonic() + seconds
        while len(self.calls) < count:
            assert time.monotonic() < end, self.calls
            time.sleep(0.05)
        return self.calls


class Visitor:
    """Somebody at a browser, without the browser."""

    def __init__(self, url):
        self.http = httpx.Client(base_url=url, timeout=30)

    def submit(self, page, action, **fields):
        shown = self.http.get(page)
        token = re.search(r'name="form_token" value="([^"]*)"', shown.text)
        assert token, (page, shown.status_code, shown.text[:500])
        return self.http.post(action, data={"form_token": token[1], **fields})

    def sign_in(self, email, password):
        answer = self.submit("/en/sign-in", "/en/sign-in", email=email, password=password)
        assert answer.status_code == 303, answer.text
        return self

    def follow(self, mail, **fields):
        """Opens the link of a mail and sends its form."""
        text = mail.get_content()
        link = re.search(r"https?://[^/\s]+(/\w\w/(invitations|password/reset)/(\S+))", text)
        assert link, text
        action = "/en/invitations" if link[2] == "invitations" else "/en/password/reset"
        return self.submit(link[1], action, link=link[3], **fields)


@pytest.fixture
def mailbox():
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=sandbox.free_port())
    controller.start()
    box.url = f"smtp+plain://127.0.0.1:{controller.port}"
    yield box
    controller.stop()


@pytest.fixture
def posted(tmp_path, mailbox):
    """A server that sends its mail to the mailbox."""
    sections = {
        "mail": {"server": mailbox.url, "from": "무등 샌드박스 <sandbox@hospital.example>"},
        "portal": {"sign_up": "open"},
        "webhooks": {"private_addresses": True},
        "review": {"members_min": 1, "external_min": 0, "present_percent": 0},
    }
    with sandbox.Server(tmp_path / "server", **sections) as running:
        yield running


def test_a_company_comes_in_by_mail_grows_by_mail_and_gets_in_again_by_mail(posted, mailbox):
    stranger = Visitor(posted.url)
    fields = {"company": "새싹 주식회사", "number": NUMBER, "email": "founder@sprout.example", "accept": "yes"}
    answer = stranger.submit("/ko/sign-up", "/ko/sign-up", **fields)
    assert answer.status_code == 200 and "메일을 보냈습니다" in answer.text
    (mail,) = mailbox.wait_for("founder@sprout.example")
    assert mail["subject"].startswith("[무등]") and mail["auto-submitted"] == "auto-generated"
    assert "sandbox@hospital.example" in mail["from"] and "새싹 주식회사" in mail.get_content()
    assert Visitor(posted.url).follow(mail, name="창업자", password=PASSWORD).status_code == 303
    founder = Visitor(posted.url).sign_in("founder@sprout.example", PASSWORD)
    app = founder.submit("/en/apps", "/en/apps", name="First model").headers["location"].split("?")[0]
    shown = founder.submit(app, app + "/credentials", label="laptop", days="30")
    secret = re.search(r'<code class="secret">(mds_[^<]+)</code>', shown.text)[1]
    company = sandbox.Company(posted.url, {"client_id": app.rsplit("/", 1)[1], "client_secret": secret})
    rows = company.get("/v1/datasets/lymph_node/synthetic/tables/patient/rows?limit=3")
    assert rows.status_code == 200, "the first synthetic rows, with nobody asked"
    closed = company.get("/v1/datasets/lymph_node/deidentified/tables/patient/rows?limit=3")
    assert closed.status_code == 404, "and nothing else"

    page = founder.http.get("/en/members").text
    organization = re.search(r'name="organization" value="(org_[^"]+)"', page)[1]
    fields = {"organization": organization, "email": "second@sprout.example", "role": "developer"}
    assert founder.submit("/en/members", "/en/members/invite", **fields).status_code == 303
    (mail,) = mailbox.wait_for("second@sprout.example")
    assert mail["subject"] == "[Mudeung] You are invited"
    assert Visitor(posted.url).follow(mail, name="Second", password=PASSWORD).status_code == 303
    link = re.search(r"/en/invitations/\S+", mail.get_content())[0]
    assert Visitor(posted.url).http.get(link).status_code == 404, "a link works once"

    stranger.submit("/en/password/forgot", "/en/password/forgot", email="second@sprout.example")
    reset = mailbox.wait_for("second@sprout.example", 2)[1]
    another = PASSWORD + " any more"
    assert Visitor(posted.url).follow(reset, password=another).status_code == 303
    Visitor(posted.url).sign_in("second@sprout.example", another)
    assert mailbox.wait_for("second@sprout.example", 3)[2]["subject"] == "[Mudeung] Your password was changed"
    entries = str(posted.entries())
    assert "member.join" in entries and "sprout.example" not in entries


def test_what_a_mail_server_refuses_is_tried_again_and_shown_to_the_operator(posted, mailbox):
    admin = Visitor(posted.url).sign_in(posted.credentials["admin"]["email"], posted.credentials["admin"]["password"])
    mailbox.refuse = "451 Not now"
    assert admin.submit("/en/system", "/en/system/test-mail").status_code == 303
    deadline = time.monotonic() + 30
    while "451" not in (page := admin.http.get("/en/system").text):
        assert time.monotonic() < deadline, page
        time.sleep(0.2)
    assert "To be sent" in page
    mailbox.refuse = None
    delivery = re.search(r'name="delivery" value="([^"]+)"', page)[1]
    assert admin.submit("/en/system", "/en/system/outbox/replay", delivery=delivery).status_code == 303
    mailbox.wait_for(posted.credentials["admin"]["email"])


def test_a_companys_program_verifies_with_the_library_of_standard_webhooks(posted, mailbox):
    hooks = Hooks()
    who = posted.credentials["developer"]
    developer = Visitor(posted.url).sign_in(who["email"], who["password"])
    answer = developer.submit("/en/webhooks", "/en/webhooks", url=hooks.url)
    assert answer.status_code == 200, answer.text
    secret = re.search(r'<code class="secret">(whsec_[^<]+)</code>', answer.text)[1]
    page = "/en/webhooks/" + re.search(r"/webhooks/(whk_[0-9a-z]+)/", answer.text)[1]

    hooks.status = 503
    developer.submit(page, page + "/test")
    hooks.wait_for(1)
    hooks.status = 204
    calls = hooks.wait_for(2, seconds=60)
    assert calls[0][1] == calls[1][1] and calls[0][0]["webhook-id"] == calls[1][0]["webhook-id"], "the same, again"
    for headers, body in calls:
        said = Webhook(secret).verify(body, headers)
        assert said["type"] == "webhook.test"
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body.replace(b"test", b"best"), headers)

    admin = Visitor(posted.url).sign_in(posted.credentials["admin"]["email"], posted.credentials["admin"]["password"])
    grant = re.search(r'action="(/en/grants/[^"]+/revoke)"', admin.http.get("/en/grants").text)[1]
    assert admin.submit("/en/grants", grant, reason="A drill").status_code == 303
    headers, body = hooks.wait_for(3)[2]
    said = Webhook(secret).verify(body, headers)
    assert said["type"] == "grant.revoked" and said["data"]["subject"] in grant
    text = mailbox.wait_for(who["email"])[-1].get_content()
    assert "/ko/grants" in text


def test_a_killed_server_sends_afterwards_what_it_had_written(posted, mailbox):
    admin = Visitor(posted.url).sign_in(posted.credentials["admin"]["email"], posted.credentials["admin"]["password"])
    assert admin.submit("/en/system", "/en/system/test-mail").status_code == 303
    posted.kill()
    posted.start()
    # At once when it was not taken yet, and after the lease of two minutes when it was; never not at all.
    mailbox.wait_for(posted.credentials["admin"]["email"], seconds=150)
