"""Debian's Chromium, driven by Playwright; tests that need it are skipped where either is missing.

apt-get install -y --no-install-recommends chromium
pip install playwright
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser. While it is open its event loop runs in this thread, so that no other can."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium here; apt-get install -y --no-install-recommends chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


class Tab:
    """A page of an audit, opened from its folder, and what it complained of."""

    def __init__(self, browser: Any, root: Path, **options: Any) -> None:
        self._root = root
        self._context = browser.new_context(**options)
        self.page = self._context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.set_default_timeout(15_000)

    def open(self, view: str = "overview") -> Any:
        """The page at a view; returns Playwright's page."""
        self.page.goto(f"{(self._root / 'audit' / 'index.html').as_uri()}#{view}")
        return self.page

    def close(self) -> None:
        """Close it."""
        self._context.close()


@pytest.fixture
def tab(chromium: Any) -> Iterator[Any]:
    """`tab(root)` opens the audit of a run; nothing of it may ask the network for anything."""
    tabs: list[Tab] = []

    def make(root: Path, **options: Any) -> Tab:
        tabs.append(Tab(chromium, root, **options))
        return tabs[-1]

    yield make
    for each in tabs:
        each.close()
        assert all(url.startswith("file://") for url in each.requests), each.requests
