"""How long a phone waits for the first row of customers, and how many requests that takes.

    python benchmarks/page_load.py http://127.0.0.1:8000 manager@demo.example geocrm-demo

Chromium behaves as if each request took 100 ms to answer and the line carried 10 Mbit/s. The first
view is one with an empty cache, the second a later visit with the same browser.
"""

import shutil
import sys
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, sync_playwright

LATENCY_MS = 100
BYTES_PER_S = 10_000_000 / 8
ROUNDS = 3
FIRST_ROW = {"/map?mode=split": "#table .tabulator-row", "/accounts": "#table .tabulator-row"}


def main(site: str, email: str, password: str) -> None:
    """Sign in and print the figures of each page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"),
            args=["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader",
                  "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
        )  # fmt: skip
        for path, row in FIRST_ROW.items():
            views: list[list[dict[str, float]]] = [[], []]
            for _ in range(ROUNDS):
                context = browser.new_context(viewport={"width": 1280, "height": 800})
                _sign_in(context, site, email, password)
                for kind in views:
                    kind.append(_view(context, site, path, row))
                context.close()
            for name, kind in zip(("first view", "second view"), views, strict=True):
                print(
                    path, name, {key: round(median(one[key] for one in kind), 2) for key in kind[0]}
                )
        browser.close()


def _sign_in(context: BrowserContext, site: str, email: str, password: str) -> None:
    # Not by the page itself: its files would be in the cache.
    form = context.request.get(f"{site}/login").text()
    token = form.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    context.request.post(
        f"{site}/login",
        form={"email": email, "password": password, "csrf_token": token},
        max_redirects=0,
    )


def _view(context: BrowserContext, site: str, path: str, row: str) -> dict[str, float]:
    """One visit in a new tab."""
    page = context.new_page()
    sent: list[dict[str, Any]] = []
    _slow(page, sent)
    began = perf_counter()
    page.goto(f"{site}{path}", wait_until="commit")
    page.wait_for_selector(row, timeout=120_000)
    seconds = perf_counter() - began
    page.wait_for_timeout(1_000)
    page.close()
    static = [one for one in sent if urlsplit(one["url"]).path.startswith("/static/")]
    return {
        "first_row_s": seconds,
        "requests": len(sent),
        "static_requests": len(static),
        "static_kB": sum(one["bytes"] for one in static) / 1000,
    }


def _slow(page: Page, sent: list[dict[str, Any]]) -> None:
    """Slow the line of this tab, and note what goes over it (not what the cache answers)."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": BYTES_PER_S,
            "uploadThroughput": BYTES_PER_S,
        },
    )
    asked: dict[str, str] = {}
    cached: set[str] = set()
    session.on("Network.requestServedFromCache", lambda event: cached.add(event["requestId"]))

    def answered(event: dict[str, Any]) -> None:
        if not event["response"].get("fromDiskCache") and event["requestId"] not in cached:
            asked[event["requestId"]] = event["response"]["url"]

    def finished(event: dict[str, Any]) -> None:
        if url := asked.pop(event["requestId"], None):
            sent.append({"url": url, "bytes": event["encodedDataLength"]})

    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", finished)


if __name__ == "__main__":
    main(*sys.argv[1:])
