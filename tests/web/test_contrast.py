"""Text can be read: the colours of the design keep WCAG's 4.5 to 1 on whatever they stand on."""

import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "geocrm/web/static/css/tokens.css").read_text()
INKS = ("ink", "ink-2", "ink-3")
GROUNDS = ("bg", "surface", "surface-2", "surface-3")
PAIRS = [
    *((ink, ground) for ink in INKS for ground in (*GROUNDS, "accent-soft")),
    *((word, ground) for word in ("accent", "accent-strong") for ground in GROUNDS),
    *((word, f"{word}-soft") for word in ("good", "warn", "bad", "info", "accent")),
    *((word, "surface") for word in ("good", "warn", "bad", "info")),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-strong"),
    ("rail-ink", "rail-bg"),
    ("rail-ink", "rail-active"),
    ("map-label", "map-land"),
    ("map-label-soft", "map-land"),
    ("map-label-road", "map-road"),
    ("map-label-water", "map-water"),
    ("map-label-green", "map-park"),
]


def colours_of(theme: str) -> dict[str, str]:
    """The colours of a theme by their names."""
    block = TOKENS.split(f'[data-bs-theme="{theme}"] {{\n  color-scheme')[1].split("}")[0]
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """From 1, the same, to 21, black on white."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_stand_out_from_every_ground_they_are_written_on(theme: str) -> None:
    colours = colours_of(theme)
    measured = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in PAIRS}
    assert {pair: round(ratio, 2) for pair, ratio in measured.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_field_can_be_told_from_the_page_by_its_border(theme: str) -> None:
    colours = colours_of(theme)
    assert min(contrast(colours["line-field"], colours[on]) for on in ("surface", "bg")) >= 3
