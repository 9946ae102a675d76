"""Colours of territories."""

import re
from pathlib import Path

import numpy as np

from geocrm.territories.palette import COLOURS, colours_apart

PALETTE_JS = Path(__file__).parents[2] / "geocrm/web/static/js/lib/palette.js"


def test_documents_and_pages_have_the_same_colours():
    listed = PALETTE_JS.read_text().split("CATEGORY_COLOURS = Object.freeze([")[1].split("]")[0]
    assert tuple(re.findall(r"#[0-9a-f]{6}", listed)) == COLOURS


def test_areas_beside_each_other_differ_and_all_colours_are_used_before_one_comes_again():
    ring = np.array([(at, (at + 1) % 60) for at in range(60)])
    colours = colours_apart(60, ring)
    assert all(colours[a] != colours[b] for a, b in ring[:-1])
    assert len(set(colours)) == len(COLOURS)
    assert colours_apart(60, ring) == colours
