"""The guide in a browser, and its pictures: made anew by walking the journeys that its chapters tell.

With `MUDEUNG_UPDATE_GOLDEN=1` the pictures are kept in docs/images/guide; without, it is shown that they can be made.
"""

import base64
import os
import shutil
import time
from pathlib import Path

import pytest
import sandbox
from chromium import assert_fits, assert_nothing_amiss, choose_plan, click, forget, is_in, sign_in, window

LANGUAGES = ("ko", "en")
KEPT = Path(__file__).resolve().parents[2] / "docs/images/guide"
MADE = sandbox.FOLDER / "guide"
WIDTH = 1000
BYTES_MAX = 60_000
PURPOSE = "5년 생존 예측 모형의 검증 / Validation of a model of survival at five years"
NAMES = ["front", "table", "request-new", "request", "inbox", "board", "grants", "kill-switches", "releases", "ledger"]


class Camera:
    """Shows a page in both languages and keeps a picture of each."""

    def __init__(self, browser, url):
        self.browser, self.url = browser, url
        browser.set_viewport_size({"width": WIDTH, "height": 900})
        # Playwright itself takes pictures as PNG and JPEG.
        self.session = browser.context.new_cdp_session(browser)

    def take(self, name, page, height=700, of=None, prepare=None):
        """The first `height` pixels of a page, or of what a selector finds in it."""
        for language in LANGUAGES:
            self.browser.goto(f"{self.url}/{language}/{page}".rstrip("/"))
            is_in(self.browser, language)
            if prepare is not None:
                prepare()
            clip = {"x": 0, "y": 0, "width": WIDTH, "height": self.height(height), "scale": 1}
            if of is not None:
                clip |= self.place(of, height)
            options = {"format": "webp", "quality": 70, "clip": clip, "captureBeyondViewport": True}
            picture = self.session.send("Page.captureScreenshot", options)
            path = MADE / language / f"{name}.webp"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base64.b64decode(picture["data"]))

    def height(self, most):
        return min(most, self.browser.evaluate("document.documentElement.scrollHeight"))

    def place(self, selector, most):
        script = "of => [of.getBoundingClientRect().top + window.scrollY, of.getBoundingClientRect().height]"
        top, height = self.browser.locator(selector).evaluate(script)
        return {"y": max(0, top - 12), "height": min(height + 24, most)}


def file_request(browser):
    """What a developer writes; the form is left open."""
    browser.fill("[name=purpose]", PURPOSE)
    choose_plan(browser)
    browser.select_option("#ethics", "follows")
    browser.fill("#ethics_by", time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86_400)))


def test_the_pictures_of_the_guide_are_made_by_walking_its_journeys(browser, demo):
    shutil.rmtree(MADE, ignore_errors=True)
    camera = Camera(browser, demo.url)

    def be(who):
        forget(browser)
        sign_in(browser, demo, "en", who)

    camera.take("front", "", height=820)
    camera.take("table", "catalogue/lymph_node/deidentified/patient")
    be("developer")
    camera.take("request-new", "requests/new", height=1000, prepare=lambda: file_request(browser))
    browser.check("[name=accept]")
    click(browser, "main form button.main")
    request = "requests/" + browser.url.split("?")[0].rsplit("/", 1)[1]
    camera.take("request", request)
    be("admin")
    camera.take("inbox", "home")
    camera.take("board", request, height=900, of="section[aria-labelledby=decide]")
    camera.take("kill-switches", "kill-switches", height=800)
    camera.take("releases", "releases", height=800)
    camera.take("ledger", "ledger", height=1150)
    be("developer")
    camera.take("grants", "grants")
    assert_nothing_amiss(browser)

    for language in LANGUAGES:
        made = {path.stem: path for path in (MADE / language).iterdir()}
        assert sorted(made) == sorted(NAMES)
        sizes = {name: path.stat().st_size for name, path in made.items()}
        print(language, sizes)
        assert max(sizes.values()) <= BYTES_MAX, "they are in the repository and in the binary"
        if os.environ.get("MUDEUNG_UPDATE_GOLDEN"):
            shutil.rmtree(KEPT / language, ignore_errors=True)
            shutil.copytree(MADE / language, KEPT / language)
        assert sorted(path.name for path in (KEPT / language).iterdir()) == sorted(f"{name}.webp" for name in NAMES)


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chapter_is_read_with_its_pictures_on_wide_and_narrow_screens(chromium, demo, language, width):
    page = window(chromium, viewport={"width": width, "height": 900}, is_mobile=width < 500)
    page.goto(f"{demo.url}/guide/{language}")
    chapters = page.locator("nav.contents a").evaluate_all("links => links.map(link => link.href)")
    assert len(chapters) > 10
    pictures = 0
    for chapter in chapters:
        page.goto(chapter)
        is_in(page, language)
        assert page.locator("nav.contents a[aria-current]").evaluate("link => link.href") == chapter
        assert_fits(page)
        shown = page.evaluate("[...document.images].map(image => [image.src, image.naturalWidth, image.alt])")
        for source, natural, alternative in shown:
            assert natural > 0, f"{source} of {chapter} is not there"
            if "/images/" in source:
                assert alternative, f"{source} of {chapter} says nothing to those who do not see it"
                pictures += 1
    assert pictures >= len(NAMES)
    assert_nothing_amiss(page)
    page.context.close()
