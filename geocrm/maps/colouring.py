"""What points are coloured by, besides their segment: a tile tells it of every customer.

A cluster tells the value most of its customers have and, where there are few values, how many have
each. Who may only count gets none of these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from geocrm.errors import InvalidInput
from geocrm.geocoding.address import Grade
from geocrm.maps.recency import SPANS, span_sql


@dataclass(frozen=True, slots=True)
class Colouring:
    """One such value, as a property of the tile's features.

    `value` is SQL over `account_scope s`, `values` all that it can be when those are few. `facet`
    is the column that sums must know besides owner, territory and segment; `dated` says that it
    changes with the day.
    """

    property: str
    value: str
    values: tuple[str, ...] = ()
    facet: str | None = None
    dated: bool = False

    def mix(self) -> dict[str, str]:
        """The properties that tell how many of a cluster have a value, by that value."""
        return {value: f"{self.property}_{value}" for value in self.values}


TERRITORY: Final = Colouring("territory", "s.territory_id")
# A tile tells the mix of segments in any case, and the territory beside it.
_COLOURINGS: Final[Mapping[str, Colouring]] = {
    "segment": TERRITORY,
    "territory": TERRITORY,
    "owner": Colouring("owner", "s.owner_id"),
    "recency": Colouring("recency", span_sql("s.last_order"), SPANS, "last_order", dated=True),
    "visited": Colouring("visited", span_sql("s.last_visit"), SPANS, "last_visit", dated=True),
    # Under `grade` the nearest tiles tell how exact each single point is.
    "grade": Colouring("exactness", "s.grade", tuple(grade.value for grade in Grade), "grade"),
}
NAMES: Final = tuple(_COLOURINGS)


def colouring(name: str | None) -> Colouring:
    """The colouring of this name; the territory where none is named."""
    if name is None:
        return TERRITORY
    if name not in _COLOURINGS:
        raise InvalidInput(
            "Points cannot be coloured by “{name}”; choose {choices}",
            name=name[:60],
            choices=", ".join(NAMES),
        )
    return _COLOURINGS[name]
