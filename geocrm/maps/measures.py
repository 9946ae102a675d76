"""What hexagons and regions are coloured by, and into which classes their values fall."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from geocrm.customers.models import SEGMENTS
from geocrm.errors import InvalidInput
from geocrm.spatial.classes import METHODS, class_of

NAMES: Final = ("count", "revenue", "average", "share")
NUM_CLASSES: Final = 6


class Figures(Protocol):
    """The customers of a piece of ground, summed up."""

    @property
    def count(self) -> int:
        """How many."""

    @property
    def revenue(self) -> float:
        """Of all together."""

    @property
    def segments(self) -> Mapping[str, int]:
        """How many are of each segment."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number to colour by: how many, their revenue, its average, or a segment's share of them."""

    name: str = "count"
    segment: str = SEGMENTS[0]

    def __post_init__(self) -> None:
        """Refuse what cannot be measured."""
        if self.name not in NAMES:
            raise InvalidInput(
                "There is no measure “{name}”: choose {choices}",
                name=self.name[:40],
                choices=", ".join(NAMES),
            )
        if self.name == "share" and self.segment not in SEGMENTS:
            raise InvalidInput(
                "There is no segment “{name}” to show the share of: choose {choices}",
                name=self.segment[:40],
                choices=", ".join(SEGMENTS),
            )

    def of(self, found: Figures) -> float:
        """The measure of some customers; a share is from 0 to 1."""
        if self.name == "count":
            return float(found.count)
        if self.name == "revenue":
            return found.revenue
        part = found.revenue if self.name == "average" else found.segments.get(self.segment, 0)
        return float(part) / found.count


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes of values: class i holds breaks[i - 1] <= value < breaks[i]."""

    breaks: list[float]
    sizes: list[int]  # how many values each class holds
    least: float | None
    largest: float | None


def classify(values: Iterable[float], method: str) -> Classes:
    """At most `NUM_CLASSES` classes of the values; the methods are those of `spatial.classes`."""
    if method not in METHODS:
        raise InvalidInput(
            "There are no classes “{name}”: choose {choices}",
            name=method[:40],
            choices=", ".join(METHODS),
        )
    numbers = list(values)
    breaks = METHODS[method](numbers, NUM_CLASSES).tolist()
    of = class_of(numbers, breaks).tolist()
    sizes = [of.count(each) for each in range(len(breaks) + 1)] if numbers else []
    return Classes(breaks, sizes, min(numbers, default=None), max(numbers, default=None))
