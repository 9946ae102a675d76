"""The map for an actor: customers for those who see them, guarded figures for those who count.

Every page, tile and API call asks here, so both ways are decided once.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import elevated
from geocrm.errors import Forbidden
from geocrm.maps import queries
from geocrm.maps.anonymous_tiles import anonymous_tile
from geocrm.maps.coarse import coarsened
from geocrm.maps.colouring import TERRITORY, Colouring
from geocrm.maps.filter_values import Asker
from geocrm.maps.filters import Filter, compile_filter, read_tree
from geocrm.maps.queries import Box, Facet
from geocrm.maps.tiles import Tile, account_tile
from geocrm.maps.version import map_version
from geocrm.security import Actor
from geocrm.security.disclosure import shown_amount, shown_count

_SHORT: Final = 2_000  # characters of a filter that is kept compiled
# What tells individuals apart is no question for somebody who may not see them: names and numbers
# of one customer, a postcode that a single house may have, and the moment somebody was written to.
PERSONAL_FIELDS: Final = frozenset({"id", "external_id", "name", "postcode", "updated", "import"})


@dataclass(frozen=True, slots=True)
class ShownCount:
    """A count as the actor may know it: None stands for fewer than ten."""

    customers: int | None
    without_point: int | None
    complete: bool
    # Whether figures are whole tens, because the actor may not see individuals.
    rounded: bool


@dataclass(frozen=True, slots=True)
class ShownSummary:
    """Figures as the actor may know them: None stands for too few people."""

    customers: int | None
    revenue: float | None
    without_point: int | None
    unplaced: int | None
    rounded: bool
    segments: list[tuple[Facet, int | None]]
    territories: list[tuple[Facet, int | None]]
    owners: list[tuple[Facet, int | None]]


def sees_individuals(actor: Actor) -> bool:
    """Whether the actor may meet customers one by one."""
    return actor.may("read", "account")


def filter_for(actor: Actor, source: Any) -> Filter:
    """The filter the actor asks for; "today" is the day where they are."""
    asker = Asker(actor.user_id, actor.timezone)
    today = clock.today(actor.timezone)
    if isinstance(source, str) and len(source) < _SHORT and sees_individuals(actor):
        return _compiled(source, today, asker)
    tree = read_tree(source) if isinstance(source, str) else source
    if not sees_individuals(actor):
        tree = coarsened(tree)
    chosen = compile_filter(tree, today=today, asker=asker)
    personal = chosen.fields & PERSONAL_FIELDS
    if personal and not sees_individuals(actor):
        raise Forbidden(
            f"The role {actor.role.value} may not filter by {', '.join(sorted(personal))}"
        )
    return chosen


@lru_cache(maxsize=500)
def _compiled(source: str, today: date, asker: Asker) -> Filter:
    """The filter of a JSON text; the tiles of a map ask for the same one all at once."""
    return compile_filter(source, today=today, asker=asker)


def tile_version(session: Session, actor: Actor, chosen: Filter, by: Colouring = TERRITORY) -> str:
    """What a tile's bytes depend on besides its address: data, filter and who asks. A statement."""
    return _version(map_version(session), actor, chosen, by)


def tile(
    session: Session, actor: Actor, wanted: Tile, chosen: Filter, by: Colouring = TERRITORY
) -> tuple[bytes, str]:
    """The tile as Mapbox vector tile, empty bytes where nothing is, and its `tile_version`."""
    if sees_individuals(actor):
        shown = account_tile(session, wanted, chosen, by, today=clock.today(actor.timezone))
        return shown.body, _version(shown.version, actor, chosen, by)
    version = tile_version(session, actor, chosen, by)
    return anonymous_tile(session, wanted, chosen), version


def _version(data: int, actor: Actor, chosen: Filter, by: Colouring) -> str:
    day = clock.today(actor.timezone) if by.dated else None
    scope = [
        sees_individuals(actor),
        actor.sees_all,
        sorted(actor.owner_ids),
        sorted(actor.territory_ids),
    ]
    parts = repr([data, chosen.key, scope, by.property, day])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def count(
    session: Session, actor: Actor, chosen: Filter, *, box: Box | None = None, exact: bool = False
) -> ShownCount:
    """How many customers the filter chooses; see `queries.count`."""
    if sees_individuals(actor):
        found = queries.count(session, chosen, box=box, exact=exact)
        return ShownCount(found.customers, found.without_point, found.complete, rounded=False)
    with elevated(session):
        found = queries.count(session, chosen, box=box, exact=exact)
    return ShownCount(
        shown_count(found.customers),
        shown_count(found.without_point),
        found.complete,
        rounded=True,
    )


def summary(
    session: Session, actor: Actor, chosen: Filter, *, box: Box | None = None
) -> ShownSummary:
    """Figures of what the filter chooses; see `queries.summary`."""
    if sees_individuals(actor):
        found = queries.summary(session, chosen, box=box)
        lists = (_plain(facets) for facets in (found.segments, found.territories, found.owners))
        figures = (found.customers, found.revenue, found.without_point, found.unplaced)
        return ShownSummary(*figures, False, *lists)
    with elevated(session):
        found = queries.summary(session, chosen, box=box)
    return ShownSummary(
        customers=shown_count(found.customers),
        revenue=shown_amount(found.revenue, found.customers),
        without_point=shown_count(found.without_point),
        unplaced=shown_count(found.unplaced),
        rounded=True,
        segments=_guarded(found.segments),
        territories=_guarded(found.territories),
        owners=[],
    )


def _plain(facets: list[Facet]) -> list[tuple[Facet, int | None]]:
    return [(facet, facet.customers) for facet in facets]


def _guarded(facets: list[Facet]) -> list[tuple[Facet, int | None]]:
    """Whole tens; values that too few people share are left out, as they would tell of them."""
    shown = ((facet, shown_count(facet.customers)) for facet in facets)
    return [(facet, number) for facet, number in shown if number is not None]
