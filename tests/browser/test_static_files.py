"""What a browser asks the server for: all modules at once, and no file a second time."""

from urllib.parse import urlsplit

from playwright.sync_api import Page

# Bytes that came over the line, of each file; none when it was in the browser's cache.
LOADED = """() => performance.getEntriesByType("resource")
  .filter((one) => new URL(one.name).pathname.startsWith("/static/"))
  .map((one) => [one.name, one.transferSize])"""
PRELOADED = """() => [...document.querySelectorAll("link[rel=modulepreload], script[type=module]")]
  .map((one) => one.href || one.src)"""


def test_the_maps_modules_are_all_named_by_the_page_and_none_is_named_in_vain(sign_in):
    page = _open(sign_in("manager"))

    modules = {url for url, _ in page.evaluate(LOADED) if urlsplit(url).path.endswith("js")}
    named = set(page.evaluate(PRELOADED))

    # htmx is no module, the theme is set before modules run, and MapLibre starts its own worker.
    others = ("htmx.min.js", "theme_boot.js", "maplibre-gl-worker.mjs")
    assert {url for url in modules if not url.endswith(others)} == named


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
