"""A person with a browser in front of the running stack. No page may need a network; a failure leaves a screenshot."""

import re
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from stack.assembly import Stack
from tests.client import Merchant, Referee, merchant_of, referee_of
from tests.e2e.chromium import FLAGS, INSTALL_TIMEOUT_SECONDS, find_chromium, require_chromium
from tests.e2e.storefront import open_storefront

PATIENCE_MILLISECONDS = 30_000
LOOPBACK = re.compile(r"^(https?://127\.0\.0\.1[:/]|data:|blob:|about:)")

_failed = pytest.StashKey[bool]()


@pytest.fixture(scope="module")
def browser(stack: Stack) -> Iterator[Browser]:
    """One Chromium per file. It comes after the stack and goes with the file: while it lives, this thread has a running
    event loop, in which neither the stack nor an asynchronous test could begin one."""
    program = require_chromium()
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=FLAGS, headless=True, chromium_sandbox=False, timeout=60_000
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh page without cookies. Afterwards: nothing was asked of the outside world, no script threw."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    asked, thrown = [], []
    context.on("request", lambda asking: asked.append(asking.url))
    context.on("weberror", lambda error: thrown.append(str(error.error)))
    yield context.new_page()
    if request.node.stash.get(_failed, False):
        _keep_screenshots(context, request.node.name)
    context.close()
    assert [url for url in asked if not LOOPBACK.match(url)] == []
    assert thrown == []


@pytest.fixture
def merchant(stack: Stack) -> Iterator[Merchant]:
    with merchant_of(stack) as merchant:
        yield merchant


@pytest.fixture
def referee(stack: Stack) -> Iterator[Referee]:
    with referee_of(stack) as referee:
        yield referee


@pytest.fixture
def storefront() -> Iterator[str]:
    """The address of a shop with the pages /basket, /thanks and /back."""
    with open_storefront() as address:
        yield address


def _keep_screenshots(context: BrowserContext, test_name: str) -> None:
    folder = Path(tempfile.mkdtemp(prefix="payonce-screenshots-"))
    for number, page in enumerate(context.pages, 1):
        file = folder / f"{re.sub(r'[^a-z0-9_]+', '-', test_name.lower())}-{number}.png"
        page.screenshot(path=file, full_page=True)
        print(f"screenshot of {page.url}: {file}")  # noqa: T201 - pytest shows it with the failure


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Let the page's fixture know that the test failed."""
    report = yield
    if report.when == "call":
        item.stash[_failed] = report.failed
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first browser test of a machine may have to install the browser."""
    if find_chromium() is not None:
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(2 * INSTALL_TIMEOUT_SECONDS))
