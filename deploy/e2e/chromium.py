"""Debian's Chromium, driven by Playwright: a window of its own for each test, and what people do in it.

A test takes the fixture `browser`, which is a page of Playwright's with nothing from any test before it.
"""

import shutil
import time

import sandbox
from playwright.sync_api import Page

PICTURES = sandbox.FOLDER / "portal"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREEN = {"width": 1280, "height": 1600}
WAIT_MS = 15_000
# What a company answers about how it will use the data.
PLAN = {"study": "methods", "legal": "research", "place": "korea", "for_profit": "yes", "commercial": "no"}
PLAN |= dict.fromkeys(("publishes", "collaborates", "returns", "genetic"), "no")


def launch(playwright):
    """The browser that is on the machine: none is downloaded."""
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)


def window(chromium, **options):
    """A page in a context of its own: no cookie, no cache and no permission of another's."""
    context = chromium.new_context(**{"viewport": SCREEN, **options})
    context.set_default_timeout(WAIT_MS)
    context.set_default_navigation_timeout(2 * WAIT_MS)
    return context.new_page()


def click(browser: Page, selector):
    """Presses a button and waits for the page that comes of it."""
    with browser.expect_navigation():
        browser.locator(selector).first.click()


def sign_in(browser: Page, demo, language, who, password=None):
    browser.goto(f"{demo.url}/{language}/sign-in")
    person = demo.json[who]
    browser.fill("[name=email]", person["email"])
    browser.fill("[name=password]", password or person["password"])
    click(browser, "main form button.main")


def forget(browser: Page):
    """The session is left as it is; the browser knows nothing of it any more."""
    browser.context.clear_cookies()


def choose_plan(browser: Page):
    """What a company answers about how it will use the data."""
    for name, value in PLAN.items():
        browser.select_option(f"#{name}", value)


def has(browser: Page, selector):
    return browser.locator(selector).count() > 0


def text(browser: Page):
    return browser.locator("main").inner_text()


def heading(browser: Page):
    return browser.locator("h1").first.inner_text()


def is_asked_to_sign_in(browser: Page):
    return has(browser, "form[action$='/sign-in'] [name=password]")


def picture(browser: Page, name):
    """The whole page, kept to be looked at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    browser.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def until(holds, seconds=15):
    """Waits for what comes about beside the page."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def is_in(browser: Page, language):
    assert browser.locator("html").get_attribute("lang") == language, browser.url


def assert_fits(browser: Page):
    # Beside the width that was asked for: a window of a telephone grows with a page that is too wide.
    wide = browser.evaluate("document.documentElement.scrollWidth")
    assert wide <= browser.viewport_size["width"], f"{browser.url} is wider than the window"


def assert_page(browser: Page, url, language):
    browser.goto(url)
    is_in(browser, language)
    assert heading(browser)
    assert not is_asked_to_sign_in(browser), url
    assert_fits(browser)


def mistakes(browser: Page, refused=()):
    """What went wrong on any page since the window was opened, but for answers of the statuses that were meant to come."""
    meant = tuple(f"Failed to load resource: the server responded with a status of {status} " for status in refused)
    told = [message for message in browser.console_messages(filter="all") if message.type == "error"]
    said = [f"{message.text} {message.location}" for message in told if not message.text.startswith(meant or ("\0",))]
    return said + [str(error) for error in browser.page_errors(filter="all")]


def assert_nothing_amiss(browser: Page, refused=()):
    """No script failed on any page, and nothing that one asked for was refused but with the statuses that were meant."""
    assert not mistakes(browser, refused)


def focused(browser: Page, what):
    """A property of what has the focus."""
    return browser.evaluate(f"document.activeElement.{what}")


def walk_to(browser: Page, name, at_most=80):
    """Presses the tab key until the field of that name, or what says so, has the focus."""
    for _ in range(at_most):
        browser.keyboard.press("Tab")
        if name in browser.evaluate("[document.activeElement.name, document.activeElement.innerText.trim()]"):
            return
    raise AssertionError(f"{name} is not reached with the tab key")


def enter(browser: Page):
    """Presses what has the focus, and waits for the page that comes of it."""
    with browser.expect_navigation():
        browser.keyboard.press("Enter")


def write(browser: Page, name, written):
    """Walks to a field and types into it, in place of what was there."""
    walk_to(browser, name)
    browser.keyboard.press("Control+a")
    browser.keyboard.type(written)


def choose(browser: Page, name, value, at_most=40):
    """Walks to a list and goes down until it is at a value."""
    walk_to(browser, name)
    for _ in range(at_most):
        if focused(browser, "value") == value:
            return
        browser.keyboard.press("ArrowDown")
    raise AssertionError(f"{name} has no {value}")


def tick(browser: Page, name):
    """Walks to a box and ticks it."""
    walk_to(browser, name)
    browser.keyboard.press("Space")
    assert focused(browser, "checked"), name
