"""A running GeoCRM with a small demo, and a Chromium whose console must stay clean."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy.orm import Session, sessionmaker

from geocrm.db import make_engine, make_sessions
from geocrm.demo import people
from tests.database import demo_template, fresh_database

_REMEMBERED = "local_storage,session_storage,indexeddb"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser, and gets a second try.

    A browser on a machine that others use at the same time stalls now and then; what is broken
    fails twice.
    """
    for item in items:
        if "tests/browser" in item.nodeid:
            item.add_marker("browser")
            item.add_marker(pytest.mark.flaky(reruns=1))


@dataclass(frozen=True)
class Site:
    """The running application: where it is, and its database."""

    url: str
    sessions: sessionmaker[Session]


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """GeoCRM on a port of its own, with its worker and 3,000 demo customers of West Java.

    It runs as its users run it, in processes of its own: threads of it in the tests' process would
    go on during other tests, and what they leave unclosed would fail one of those.
    """
    name = f"geocrm_browser_{os.getpid()}"
    port = _free_port()
    with fresh_database(name, template=demo_template()) as url:
        engine = make_engine(url)
        served = subprocess.Popen(
            [sys.executable, "-m", "geocrm", "serve", "--with-worker"],
            env=os.environ | {"GEOCRM_DATABASE_URL": url, "GEOCRM_PORT": str(port)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(served, port)
            yield Site(f"http://127.0.0.1:{port}", make_sessions(engine))
        finally:
            served.terminate()
            served.wait(timeout=30)
            engine.dispose()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_for(served: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(600):
        assert served.poll() is None, f"geocrm serve ended with {served.returncode}"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("geocrm serve did not open its port within a minute")


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
        # A quarter of the pixels to draw, on a page of the same layout.
        "device_scale_factor": 0.5,
    }


@pytest.fixture(scope="session")
def visited(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[BrowserContext]:
    """A browser that was here before: it need not fetch and compile every script for each test."""
    context = browser.new_context(**browser_context_args)
    yield context
    context.close()


@pytest.fixture
def context(
    request: pytest.FixtureRequest, new_context: Callable[[], BrowserContext]
) -> Iterator[BrowserContext]:
    """That browser without a trace of the test before; one of its own for other arguments."""
    if request.node.get_closest_marker("browser_context_args"):
        yield new_context()
        return
    shared: BrowserContext = request.getfixturevalue("visited")
    yield shared
    for page in shared.pages:
        shared.new_cdp_session(page).send(
            "Storage.clearDataForOrigin",
            {"origin": request.getfixturevalue("site").url, "storageTypes": _REMEMBERED},
        )
        page.close()
    shared.clear_cookies()
    shared.clear_permissions()


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
