"""What points are coloured by, besides their segment: a tile tells it of every customer.

A cluster tells the value most of its customers have. Who may only count gets none of these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from geocrm.errors import InvalidInput
from geocrm.maps.recency import span_sql


@dataclass(frozen=True, slots=True)
class Colouring:
    """One such value, as a property of the tile's features.

    `value` is SQL over `account_scope s`; `counted` says that `map_cells` know it too, `dated` that
    it changes with the day.
    """

    property: str
    value: str
    counted: bool = False
    dated: bool = False


TERRITORY: Final = Colouring("territory", "s.territory_id", counted=True)
# A tile tells the mix of segments in any case, and the territory beside it.
_COLOURINGS: Final[Mapping[str, Colouring]] = {
    "segment": TERRITORY,
    "territory": TERRITORY,
    "owner": Colouring("owner", "s.owner_id", counted=True),
    "recency": Colouring("recency", span_sql("s.last_order"), dated=True),
    "visited": Colouring("visited", span_sql("s.last_visit"), dated=True),
    # Under `grade` the nearest tiles tell how exact each single point is.
    "grade": Colouring("exactness", "s.grade"),
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
