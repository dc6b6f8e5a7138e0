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
from selenium.webdriver.common.by import By
from test_portal import assert_nothing_amiss, browser, choose_plan, click, sign_in  # noqa: F401: the fixture is used by its name

LANGUAGES = ("ko", "en")
KEPT = Path(__file__).resolve().parents[2] / "docs/images/guide"
MADE = sandbox.FOLDER / "guide"
WIDTH = 1000
BYTES_MAX = 60_000
PURPOSE = "5년 생존 예측 모형의 검증 / Validation of a model of survival at five years"
NAMES = ["front", "table", "request-new", "request", "inbox", "board", "grants", "kill-switches", "releases", "ledger"]


class Camera:
    """Shows a page in both languages and keeps a picture of each."""

    def __init__(self, browser, url):  # noqa: F811
        self.browser, self.url = browser, url
        screen = {"width": WIDTH, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)

    def take(self, name, page, height=700, of=None, prepare=None):
        """The first `height` pixels of a page, or of what a selector finds in it."""
        for language in LANGUAGES:
            self.browser.get(f"{self.url}/{language}/{page}".rstrip("/"))
            assert self.browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == language
            if prepare is not None:
                prepare()
            clip = {"x": 0, "y": 0, "width": WIDTH, "height": self.height(height), "scale": 1}
            if of is not None:
                clip |= self.place(of, height)
            options = {"format": "webp", "quality": 70, "clip": clip, "captureBeyondViewport": True}
            picture = self.browser.execute_cdp_cmd("Page.captureScreenshot", options)
            path = MADE / language / f"{name}.webp"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base64.b64decode(picture["data"]))

    def height(self, most):
        return min(most, self.browser.execute_script("return document.documentElement.scrollHeight"))

    def place(self, selector, most):
        script = "const box = arguments[0].getBoundingClientRect(); return [box.top + window.scrollY, box.height]"
        top, height = self.browser.execute_script(script, self.browser.find_element(By.CSS_SELECTOR, selector))
        return {"y": max(0, top - 12), "height": min(height + 24, most)}


def file_request(browser):  # noqa: F811
    """What a developer writes; the form is left open."""
    field = browser.find_element(By.NAME, "purpose")
    field.clear()
    field.send_keys(PURPOSE)
    choose_plan(browser)
    browser.find_element(By.CSS_SELECTOR, "#ethics option[value=follows]").click()
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86_400))
    browser.execute_script(f"document.getElementById('ethics_by').value = '{day}'")


def test_the_pictures_of_the_guide_are_made_by_walking_its_journeys(browser, demo):  # noqa: F811
    shutil.rmtree(MADE, ignore_errors=True)
    camera = Camera(browser, demo.url)

    def be(who):
        browser.delete_all_cookies()
        sign_in(browser, demo, "en", who)

    camera.take("front", "", height=820)
    camera.take("table", "catalogue/lymph_node/deidentified/patient")
    be("developer")
    camera.take("request-new", "requests/new", height=1000, prepare=lambda: file_request(browser))
    browser.find_element(By.NAME, "accept").click()
    click(browser, "main form button.main")
    request = "requests/" + browser.current_url.split("?")[0].rsplit("/", 1)[1]
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
def test_every_chapter_is_read_with_its_pictures_on_wide_and_narrow_screens(browser, demo, language, width):  # noqa: F811
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get(f"{demo.url}/guide/{language}")
    chapters = [link.get_attribute("href") for link in browser.find_elements(By.CSS_SELECTOR, "nav.contents a")]
    assert len(chapters) > 10
    pictures = 0
    for chapter in chapters:
        browser.get(chapter)
        assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == language
        assert browser.find_element(By.CSS_SELECTOR, "nav.contents a[aria-current]").get_attribute("href") == chapter
        wide = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert wide[0] <= wide[1], f"{chapter} is wider than the window"
        shown = browser.execute_script("return [...document.images].map(image => [image.src, image.naturalWidth, image.alt])")
        for source, natural, alternative in shown:
            assert natural > 0, f"{source} of {chapter} is not there"
            if "/images/" in source:
                assert alternative, f"{source} of {chapter} says nothing to those who do not see it"
                pictures += 1
    assert pictures >= len(NAMES)
    assert_nothing_amiss(browser)
