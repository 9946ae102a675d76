"""Collects the words of the pages into the catalogues, for translators.

Run `python scripts/translations.py` after changing words, then fill in what is empty in
`geocrm/web/translations/*/LC_MESSAGES/messages.po`. A test fails while something is missing.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CATALOGUES = ROOT / "geocrm/web/translations"
LOCALES = ("id",)


def extract(template: Path) -> None:
    """Write all words of pages, views and browser modules to a template."""
    _babel(
        "extract", "-F", "babel.cfg", "--no-wrap", "--sort-by-file", "--add-location=file",
        "-o", str(template), ".",
    )  # fmt: skip


def update(template: Path, locale: str) -> None:
    """Bring a catalogue up to the template; what is new stays empty."""
    catalogue = CATALOGUES / locale / "LC_MESSAGES" / "messages.po"
    action = (
        ["update", "--no-fuzzy-matching", "--ignore-obsolete", "--ignore-pot-creation-date"]
        if catalogue.exists()
        else ["init"]
    )
    _babel(
        *action, "-i", str(template), "-d", str(CATALOGUES), "-l", locale, "--no-wrap",
    )  # fmt: skip


def _babel(*arguments: str) -> None:
    program = Path(sys.executable).with_name("pybabel")
    subprocess.run([program, "-q", *arguments], cwd=ROOT, check=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder) / "messages.pot"
        extract(words)
        for each in LOCALES:
            update(words, each)
