"""The Chromium of the tests: one for all, drawing maps without a graphics card."""

import shutil
from typing import Any, Final

# The shell draws no window around the page, which would take a third of the time.
_NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser")
ARGUMENTS: Final = [
    "--no-sandbox",
    # Only maps are drawn as by a graphics card, the page around them is not.
    "--disable-gpu-compositing",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def launch_arguments() -> dict[str, Any]:
    """Arguments for Playwright: Debian's Chromium, or else its own."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return {"args": ARGUMENTS} | ({"executable_path": found} if found else {})
