"""Fixtures and rules that all tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A page is ours alone: no component update, sync or other traffic of the browser's own.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Give a Chromium: the system's if there is one, else Playwright's own."""
    from playwright import sync_api as playwright

    found = next((path for name in SYSTEM_BROWSERS if (path := shutil.which(name))), None)
    with playwright.sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=found, args=CHROMIUM_ARGUMENTS)
        except playwright.Error as error:
            pytest.skip(f"no Chromium starts here: {error}")
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[pytest.TestReport]:
    """Where UNROLLED_REQUIRE_BROWSER is set nothing may be skipped: it would look like a pass."""
    report = yield
    skipped = report.skipped and not hasattr(report, "wasxfail")
    if os.environ.get("UNROLLED_REQUIRE_BROWSER") and skipped and call.excinfo:
        report.outcome = "failed"
        report.longrepr = f"skipped, which UNROLLED_REQUIRE_BROWSER forbids: {call.excinfo.value}"
    return report
