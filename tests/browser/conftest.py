"""A running GeoCRM with a small demo, and a Chromium whose console must stay clean."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server

from geocrm.config import Settings
from geocrm.db import make_engine, make_sessions
from geocrm.demo import people
from geocrm.web.app import create_app
from tests.database import demo_template, fresh_database

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser, and gets a second try.

    A browser on a machine that others use at the same time stalls now and then; what is broken
    fails twice.
    """
    # A page that is left in the middle of loading leaves the server with a file half sent.
    half_sent = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    for item in items:
        if "tests/browser" in item.nodeid:
            item.add_marker("browser")
            item.add_marker(half_sent)
            item.add_marker(pytest.mark.flaky(reruns=1))


@dataclass(frozen=True)
class Site:
    """The running application: where it is, and its database."""

    url: str
    sessions: sessionmaker[Session]


@pytest.fixture(scope="session")
def site(settings: Settings) -> Iterator[Site]:
    """GeoCRM on a port of its own, with its worker and 3,000 demo customers of West Java."""
    name = f"geocrm_browser_{os.getpid()}"
    with fresh_database(name, template=demo_template()) as url:
        engine = make_engine(url)
        sessions = make_sessions(engine)
        server = make_server("127.0.0.1", 0, create_app(settings, sessions), threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        worker = subprocess.Popen(
            [sys.executable, "-m", "geocrm", "worker"],
            env=os.environ | {"GEOCRM_DATABASE_URL": url},
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Site(f"http://127.0.0.1:{server.port}", sessions)
        finally:
            worker.terminate()
            worker.wait(timeout=20)
            server.shutdown()
            engine.dispose()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium, drawing maps without a graphics card."""
    assert CHROMIUM, "Chromium is missing; run: make test (it installs it)"
    return {"executable_path": CHROMIUM, "args": ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(site: Site) -> dict[str, Any]:
    """A desk-sized window in English."""
    return {
        "base_url": site.url,
        "viewport": {"width": 1440, "height": 900},
        "locale": "en-GB",
        "timezone_id": "Asia/Jakarta",
        # Flights of the map are drawn frame by frame without a graphics card, and test nothing.
        "reduced_motion": "reduce",
    }


@pytest.fixture(autouse=True)
def clean_console(page: Page, site: Site) -> Iterator[None]:
    """Fail when a page logs an error, breaks the content-security policy or leaves this host."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"uncaught: {error}"))
    page.on("console", lambda note: wrong.append(f"console: {note.text}") if _bad(note) else None)
    page.on(
        "request",
        lambda request: None if _local(request.url, site.url) else wrong.append(request.url),
    )
    yield
    assert wrong == []


def _bad(note: Any) -> bool:
    # Chromium on a machine without a graphics card remarks on its own slowness; MapLibre says a
    # bare "Error" when leaving a page cuts off a request for a tile; and that somebody else was
    # quicker (409) is an answer the page asked for.
    harmless = "GPU stall" in note.text or "status of 409" in note.text or note.text == "Error"
    return note.type == "error" and not harmless


def _local(url: str, site: str) -> bool:
    return urlsplit(url).scheme in ("data", "blob") or url.startswith(site)


@pytest.fixture
def sign_in(page: Page) -> Callable[[str], Page]:
    """Sign in as one of the demo's people, by the part before the @; no page is opened yet.

    Most begin at the map: drawing it once more for each test would double the time of them all.
    """

    def enter(login: str) -> Page:
        form = page.request.get("/login").text()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        assert token is not None
        answer = page.request.post(
            "/login",
            form={
                "email": f"{login}@{people.DOMAIN}",
                "password": people.PASSWORD,
                "csrf_token": token[1],
            },
            max_redirects=0,
        )
        assert answer.status == 302
        return page

    return enter
