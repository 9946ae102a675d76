"""What a browser asks the server for: no file a second time."""

import pytest
from playwright.sync_api import Page

# Bytes that came over the line, of each file; none when it was in the browser's cache.
LOADED = """() => performance.getEntriesByType("resource")
  .filter((one) => new URL(one.name).pathname.startsWith("/static/"))
  .map((one) => [one.name, one.transferSize])"""


@pytest.mark.browser_context_args  # one that was never here
def test_a_second_visit_asks_for_no_static_file(sign_in):
    page = _open(sign_in("manager"))
    assert sum(size for _, size in page.evaluate(LOADED)) > 100_000

    again = _open(page)

    assert len(again.evaluate(LOADED)) > 50
    assert [url for url, size in again.evaluate(LOADED) if size] == []


def _open(page: Page) -> Page:
    page.goto("/map?mode=split")
    page.locator("#table .tabulator-row").first.wait_for()
    page.wait_for_load_state("networkidle")
    return page
