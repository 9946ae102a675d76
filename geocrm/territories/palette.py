"""Colours of territories: those of the pages (static/js/lib/palette.js), and who gets which."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

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


def colours_apart(num_areas: int, beside: NDArray[np.intp]) -> list[int]:
    """A colour number for each area, none of which looks like that of an area beside it.

    `beside` has shape (m, 2), pairs of areas in [0, num_areas). One after the other gets, of the
    colours used least so far, the one farthest from its neighbours'.
    """
    neighbours: list[set[int]] = [set() for _ in range(num_areas)]
    for a, b in beside.tolist():
        neighbours[a].add(b)
        neighbours[b].add(a)
    chosen: list[int] = []
    for area in range(num_areas):
        around = [chosen[other] for other in neighbours[area] if other < area]
        uses = np.bincount(chosen, minlength=len(COLOURS))
        score = np.where(uses == uses.min(), 0.0, -1e3)
        # Beyond a quarter more distance tells nobody more, and the first colours are the clearest.
        apart = _DISTANCE[:, around].min(axis=1) if around else np.full(len(COLOURS), 1.0)
        chosen.append(int(np.argmax(score + np.minimum(apart, _CLEAR))))
    return chosen


def _oklab() -> NDArray[np.float64]:
    """The colours in OKLab, where distances are those people see (B. Ottosson 2020)."""
    values = np.array([[int(c[at : at + 2], 16) for at in (1, 3, 5)] for c in COLOURS]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    cone = np.cbrt(
        linear
        @ np.array(
            [
                [0.4122214708, 0.2119034982, 0.0883024619],
                [0.5363325363, 0.6806995451, 0.2817188376],
                [0.0514459929, 0.1073969566, 0.6299787005],
            ]
        )
    )
    lab: NDArray[np.float64] = cone @ np.array(
        [
            [0.2104542553, 1.9779984951, 0.0259040371],
            [0.793617785, -2.428592205, 0.7827717662],
            [-0.0040720468, 0.4505937099, -0.808675766],
        ]
    )
    return lab


_CLEAR: Final = 0.25
_LAB: Final = _oklab()
_DISTANCE: Final = np.linalg.norm(_LAB[:, None] - _LAB[None, :], axis=2)
