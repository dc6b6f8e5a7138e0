"""What the end-to-end tests share. Run them with `cargo xtask test --only STAGE`."""

import shutil

import chromium as browsers
import pytest
import sandbox
from playwright.sync_api import sync_playwright


class Demo:
    """A running `mudeung demo` with what it wrote about itself."""

    def __init__(self, process, written, written_to):
        self.process = process
        self.url = process.url
        self.json = written
        self.json_file = written_to

    def company(self, who="client"):
        return sandbox.Company(self.url, self.json[who])


@pytest.fixture(scope="session")
def demo():
    """The demo, started for the second time on its data folder."""
    folder = sandbox.FOLDER / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(sandbox.template(), folder)
    process, written = sandbox.start_demo(folder)
    yield Demo(process, written, f"{folder}.json")
    process.stop()


@pytest.fixture
def server(tmp_path):
    """`mudeung serve` on a folder of its own."""
    with sandbox.Server(tmp_path / "server") as running:
        yield running


@pytest.fixture(scope="module")
def chromium():
    """The browser, started once for a file."""
    with sync_playwright() as playwright:
        started = browsers.launch(playwright)
        yield started
        started.close()


@pytest.fixture
def browser(chromium):
    """A window that has nothing from any test before it."""
    page = browsers.window(chromium)
    yield page
    page.context.close()
