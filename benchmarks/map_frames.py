"""Main-thread time of our scripts per frame while the map is panned, from Chromium's profiler.

    python benchmarks/map_frames.py http://127.0.0.1:8000 manager@demo.example geocrm-demo

Without a graphics card Chromium draws in software: that is no work of ours and not counted.
Counted is what runs in `js/pages` and `js/lib` with all that it calls, and for comparison what
MapLibre does by itself.
"""

import json
import shutil
import sys
from collections import defaultdict
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
]
SETTLE_MS = 8_000
STEPS = 120


def main(site: str, email: str, password: str) -> None:
    """Sign in, pan, and print the figures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"),
            args=ARGUMENTS,
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{site}/login")
        page.fill("input[name=email]", email)
        page.fill("input[name=password]", password)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        page.goto(f"{site}/map?at=8/-6.9/107.6")
        page.wait_for_selector("#new-customer:not([disabled])", timeout=120_000)
        page.wait_for_timeout(SETTLE_MS)
        session = page.context.new_cdp_session(page)
        session.send("Profiler.enable")
        session.send("Profiler.setSamplingInterval", {"interval": 200})
        frames = _pan(page, session)
        profile = session.send("Profiler.stop")["profile"]
        browser.close()
    _report(profile, frames)


def _pan(page: Page, session: CDPSession) -> int:
    """Drag the map to and fro under the profiler; how many frames that were."""
    page.evaluate(
        "() => { window.frames_seen = 0; const one = () => { window.frames_seen += 1;"
        " requestAnimationFrame(one); }; requestAnimationFrame(one); }"
    )
    box = page.locator("#map").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session.send("Profiler.start")
    before = page.evaluate("() => window.frames_seen")
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(STEPS):
        page.mouse.move(x + 160 * (1 if step // 30 % 2 else -1) * (step % 30) / 30, y + step % 30)
    page.mouse.up()
    for step in range(STEPS):
        page.mouse.move(x - 200 + 3 * step, y - 60 + step)
    return int(page.evaluate("() => window.frames_seen")) - before


def _report(profile: dict[str, Any], frames: int) -> None:
    nodes = {node["id"]: node for node in profile["nodes"]}
    parents = {child: node["id"] for node in profile["nodes"] for child in node.get("children", [])}
    spent_us: dict[str, float] = defaultdict(float)
    for sample, delta in zip(profile["samples"], profile["timeDeltas"], strict=True):
        spent_us[_whose(sample, nodes, parents)] += delta
    per_frame = {who: round(us / 1_000 / max(1, frames), 2) for who, us in spent_us.items()}
    print(json.dumps({"frames": frames, "ms_per_frame": per_frame}, indent=1))


def _whose(sample: int, nodes: dict[int, Any], parents: dict[int, int]) -> str:
    """Whose work it is: ours, also when we called somebody; else MapLibre's or the browser's."""
    at: int | None = sample
    found = "browser"
    while at is not None:
        url = nodes[at]["callFrame"]["url"]
        if "/js/pages/" in url or "/js/lib/" in url:
            return "ours"
        if "maplibre" in url and found == "browser":
            found = "maplibre"
        at = parents.get(at)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:4])
