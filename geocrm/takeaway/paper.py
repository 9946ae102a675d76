"""A4 paper to write, draw and rule on, in millimetres from the upper left corner.

Outlines stay lines, text stays text.
"""

import io
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from textwrap import wrap
from typing import Final

import numpy as np
from numpy.typing import NDArray
from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from geocrm.takeaway.content import Heading

WIDTH: Final = 210.0
HEIGHT: Final = 297.0
LEFT: Final = 16.0
RIGHT: Final = 194.0
TOP: Final = 18.0
BOTTOM: Final = 279.0

INK: Final = "#1c2b2a"
QUIET: Final = "#5d6b69"
LINE: Final = "#d5dcda"
_PLAIN: Final = "DejaVuSans"
_BOLD: Final = "DejaVuSans-Bold"

Floats = NDArray[np.float64]


class Paper:
    """Pages, one after the other, with the same foot."""

    def __init__(self, out: io.BytesIO, heading: Heading) -> None:
        _load_fonts()
        # Invariant: no dates, so that the same plan gives the same document.
        self.canvas = Canvas(out, pagesize=(WIDTH * mm, HEIGHT * mm), invariant=1)
        self.canvas.setTitle(heading.title)
        self.canvas.setCreator("GeoCRM")
        self.heading = heading
        self.number = 1

    def end_page(self) -> None:
        """The foot of the page, and a new one."""
        self.line(LEFT, RIGHT, BOTTOM + 5)
        source = wrap("  ·  ".join(self.heading.attribution), 125)
        for at, words in enumerate(source[:3]):
            self.text(LEFT, BOTTOM + 8.4 + at * 2.8, words, size=6, colour=QUIET)
        self.text(RIGHT, BOTTOM + 9, str(self.number), size=8, colour=QUIET, align="right")
        self.canvas.showPage()
        self.number += 1

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        bold: bool = False,
        colour: str = INK,
        align: str = "left",
        wide: float = RIGHT - LEFT,
    ) -> None:
        """One line of text on this baseline, cut to the width."""
        font = _BOLD if bold else _PLAIN
        self.canvas.setFont(font, size)
        self.canvas.setFillColor(HexColor(colour))
        draw = self.canvas.drawRightString if align == "right" else self.canvas.drawString
        draw(x * mm, (HEIGHT - y) * mm, _fitting(text, font, size, wide * mm))

    def box(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        """A filled rectangle."""
        if right > left:
            self.canvas.setFillColor(HexColor(colour))
            size = ((right - left) * mm, (bottom - top) * mm)
            self.canvas.rect(left * mm, (HEIGHT - bottom) * mm, *size, stroke=0, fill=1)

    def line(self, left: float, right: float, y: float, colour: str = LINE) -> None:
        """A thin horizontal line."""
        self.box(left, y, right, y + 0.15, colour)

    def shape(
        self, rings: Sequence[Floats], *, fill: str, line: str, width: float, opacity: float = 1.0
    ) -> None:
        """Closed rings, shape (n, 2), millimetres; inner ones are holes."""
        path = self.canvas.beginPath()
        for ring in rings:
            places = (np.column_stack([ring[:, 0], HEIGHT - ring[:, 1]]) * mm).round(2).tolist()
            path.moveTo(*places[0])
            for place in places[1:-1]:
                path.lineTo(*place)
            path.close()
        self.canvas.saveState()
        self.canvas.setLineWidth(width)
        self.canvas.setLineJoin(1)
        self.canvas.setStrokeColor(HexColor(line))
        if fill:
            self.canvas.setFillColor(HexColor(fill))
            self.canvas.setFillAlpha(opacity)
        self.canvas.drawPath(path, stroke=1, fill=1 if fill else 0, fillMode=0)
        self.canvas.restoreState()

    def mark(self, x: float, y: float, text: str) -> None:
        """A number with a pale edge, to be read on any colour."""
        self.canvas.setFont(_BOLD, 7)
        self.canvas.setStrokeColor(HexColor("#ffffff"))
        self.canvas.setFillColor(HexColor(INK))
        self.canvas.setLineWidth(1.6)
        left = x * mm - pdfmetrics.stringWidth(text, _BOLD, 7) / 2
        for mode in (1, 0):
            self.canvas.drawString(left, (HEIGHT - y) * mm - 2.5, text, mode=mode)


@cache
def _load_fonts() -> None:
    """DejaVu, which has the letters of Europe and Vietnam, and comes with matplotlib."""
    found = find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    for name in (_PLAIN, _BOLD):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))


def _fitting(text: str, font: str, size: float, room: float) -> str:
    """The text on one line, cut to the room in points."""
    clean = " ".join(text.split())
    if pdfmetrics.stringWidth(clean, font, size) <= room:
        return clean
    while clean and pdfmetrics.stringWidth(f"{clean}…", font, size) > room:
        clean = clean[:-1].rstrip()
    return f"{clean}…"
