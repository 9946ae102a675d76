"""What pages are made of keeps the strict content-security policy and exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WEB = ROOT / "geocrm" / "web"
STATIC = WEB / "static"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
MODULES = sorted((STATIC / "js").rglob("*.js"))

INLINE = re.compile(r"\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<style\b|hx-on|javascript:", re.IGNORECASE)
INLINE_SCRIPT = re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*application/json)", re.IGNORECASE)
MACRO_ICON = re.compile(r"""\b(?:ui\.)?icon\(\s*["']([a-z0-9-]+)["']""")
IMPORT = re.compile(r"""(?:\bfrom|^import)\s+["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)
STATIC_FILE = re.compile(r"""(?:url_for\('static',\s*filename=|ui\.module\()'([^'~]+)'\)""")


def name_of(path: Path) -> str:
    """The path as shown in the list of tests."""
    return str(path.relative_to(WEB))


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_has_nothing_inline_that_the_policy_would_stop(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert INLINE.findall(text) == []
    assert INLINE_SCRIPT.findall(text) == []


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    sprite = (STATIC / "vendor" / "icons.svg").read_text(encoding="utf-8")
    used = {
        name
        for path in [*TEMPLATES, *MODULES]
        for name in MACRO_ICON.findall(path.read_text(encoding="utf-8"))
    }
    assert sorted(name for name in used if f'id="{name}"' not in sprite) == []
    assert "search" in used


def test_every_module_and_file_that_is_named_exists() -> None:
    missing = [
        f"{path.name}: {target}"
        for path in MODULES
        for target in IMPORT.findall(path.read_text(encoding="utf-8"))
        if not (path.parent / target).resolve().is_file()
    ]
    missing += [
        f"{path.name}: {target}"
        for path in TEMPLATES
        for target in STATIC_FILE.findall(path.read_text(encoding="utf-8"))
        if not (STATIC / target).is_file()
    ]
    assert missing == []


def test_no_style_or_module_names_another_host() -> None:
    loads = re.compile(r"""(?:@import|url\(|\bfrom|\bfetch\()\s*["'(]*\s*(?:https?:)?//""")
    ours = [*MODULES, *sorted((STATIC / "css").glob("*.css"))]
    assert [path.name for path in ours if loads.search(path.read_text(encoding="utf-8"))] == []
