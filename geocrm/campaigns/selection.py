"""Where and who: the choice a campaign starts from, as one filter tree."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from geocrm.customers.models import Channel
from geocrm.errors import InvalidInput
from geocrm.maps.coarse import coarsened
from geocrm.maps.filter_values import Asker
from geocrm.maps.filters import Filter, compile_filter
from geocrm.security import Actor

Tree = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Where:
    """Ground: boundary units, a drawn area, territories. Together they are the union of all."""

    units: tuple[str, ...] = ()
    area: Mapping[str, Any] | None = None
    territories: tuple[int, ...] = ()

    def tree(self) -> Tree | None:
        """The ground as a filter tree, or None for everywhere."""
        parts: list[Tree] = []
        if self.units:
            parts.append({"field": "unit", "op": "in", "value": list(self.units)})
        if self.area is not None:
            parts.append({"field": "location", "op": "within", "value": self.area})
        if self.territories:
            parts.append({"field": "territory", "op": "in", "value": list(self.territories)})
        if not parts:
            return None
        return {"or": parts}


def everybody_of(where: Where, *conditions: Tree) -> Tree:
    """Who is meant: on this ground, and meeting every condition."""
    ground = where.tree()
    return {"and": ([ground] if ground else []) + list(conditions)}


def conditions(
    *,
    segments: Sequence[str] = (),
    min_revenue: float | None = None,
    ordered_within: int | None = None,
    not_ordered_within: int | None = None,
) -> list[Tree]:
    """Who, as filter trees: segments, revenue of the last year, and how long since the last order.

    The two spans are in days; somebody who never ordered has not ordered within any span.
    """
    trees: list[Tree] = []
    if segments:
        trees.append({"field": "segment", "op": "in", "value": list(segments)})
    if min_revenue is not None:
        trees.append({"field": "revenue", "op": "gte", "value": min_revenue})
    recent = {"field": "last_order", "op": "within_days"}
    if ordered_within is not None:
        trees.append(recent | {"value": ordered_within})
    if not_ordered_within is not None:
        trees.append({"not": recent | {"value": not_ordered_within}})
    return trees


def area_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The ground of a GeoJSON document: a polygon, a feature, or all features of a collection."""
    polygons = list(_polygons(document))
    if not polygons:
        raise InvalidInput("The GeoJSON holds no Polygon or MultiPolygon")
    return {"type": "MultiPolygon", "coordinates": polygons}


def _polygons(document: Any) -> Iterator[Any]:
    kind = document.get("type") if isinstance(document, Mapping) else None
    if kind == "FeatureCollection":
        for feature in document.get("features") or ():
            yield from _polygons(feature)
    elif kind == "Feature":
        yield from _polygons(document.get("geometry"))
    elif kind == "Polygon":
        yield document.get("coordinates")
    elif kind == "MultiPolygon":
        yield from document.get("coordinates") or ()
    else:
        raise InvalidInput(f"An area is a Polygon or MultiPolygon in GeoJSON, not {kind!r}")


def channel_named(name: str) -> Channel:
    """The channel, or InvalidInput naming those there are."""
    try:
        return Channel(name)
    except ValueError as error:
        raise InvalidInput(
            f"There is no channel {name!r}; channels are {', '.join(Channel)}"
        ) from error


def compiled(actor: Actor, tree: Tree, today: date) -> Filter:
    """The selection as SQL; blunt where the actor counts people they may not see."""
    if not actor.may("read", "account"):
        tree = coarsened(tree)
    return compile_filter(tree, today=today, asker=Asker(actor.user_id, actor.timezone))
