"""Colours of territories for documents; those of the pages (static/js/lib/palette.js)."""

from typing import Final

COLOURS: Final = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#882048", "#b0c8a8",
    "#503898", "#806070", "#9878e8", "#b03828", "#00d8e0", "#88b078", "#c8a0b0", "#704070",
    "#e0c068", "#506840", "#a04898", "#788840", "#4050b8", "#a89848", "#987098", "#7898d0",
    "#6880c0", "#006810", "#8068d0", "#c87060", "#a8b858", "#88c0f8", "#b088f8", "#a84858",
    "#884880", "#e08018", "#684898", "#a06860", "#90d888", "#782078", "#f8a0c8", "#884058",
    "#588078", "#98c088", "#c0c830", "#506898", "#a02800", "#c09090", "#707840", "#b08088",
)  # fmt: skip


def colour_at(index: int) -> str:
    """Colour number `index`; beyond the last one they begin again."""
    return COLOURS[index % len(COLOURS)]
