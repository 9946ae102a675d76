"""Documents opened the way a person opens them: from a file, in Chromium, without a network."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page

VENDOR = Path(__file__).parents[2] / "geocrm" / "web" / "static" / "vendor"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that open a document need a browser."""
    for item in items:
        if "open_document" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture
def vendor() -> Path:
    """The browser assets, copied at set-up."""
    return VENDOR


@pytest.fixture
def open_document(browser: Browser, tmp_path: Path) -> Callable[[str], tuple[Page, list[str]]]:
    """Open the document; gives the page and a list of what went wrong or left the machine."""

    def show(html: str) -> tuple[Page, list[str]]:
        path = tmp_path / "document.html"
        path.write_text(html, encoding="utf-8")
        page = browser.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(f"uncaught: {error}"))
        page.on("console", lambda note: wrong.append(note.text) if note.type == "error" else None)
        page.on("dialog", lambda dialog: _refuse(dialog, wrong))
        page.on("request", lambda request: _note(request.url, path, wrong))
        page.goto(path.as_uri())
        page.wait_for_selector(".leaflet-pane svg", state="attached")
        return page, wrong

    return show


def _refuse(dialog: Dialog, wrong: list[str]) -> None:
    wrong.append(f"a dialog opened: {dialog.message}")
    dialog.dismiss()


def _note(url: str, path: Path, wrong: list[str]) -> None:
    if url != path.as_uri() and not url.startswith("data:"):
        wrong.append(f"asked for {url}")
