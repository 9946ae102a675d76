"""Counting who lies in a drawn area, most of them without looking at their points.

The area is cut into cells of the Morton lattice. Customers in cells that lie wholly inside are
counted from the index alone; only those in cells that its line crosses are asked for one by one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geocrm.maps import shapes
from geocrm.maps.filters import Filter, compile_filter
from geocrm.spatial.morton import ZOOM, interleave

# More cells read fewer customers one by one and cost more probes; flat between 500 and 4,000.
MAX_EDGE_CELLS: Final = 1_500
_FINEST_ZOOM: Final = 18
# A point this near the line of two cells may be in either: shapes and keys round differently.
_ROUNDING_DEG: Final = 1e-9
# What the index on keys holds.
_INDEXED: Final = frozenset({"segment", "owner", "territory", "revenue", "last_order", "has_point"})
Ranges = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Counting:
    """SQL that gives `n` and `weak`, run with `params` and the untrustworthy grades as `coarse`."""

    sql: str
    params: dict[str, Any]


def within(chosen: Filter) -> Counting | None:
    """How to count a filter for one area and things that the index holds; None for any other."""
    parts = _parts(chosen.tree)
    areas = [part for part in parts if (part.get("field"), part.get("op")) == _WITHIN]
    if len(areas) != 1 or chosen.today is None:
        return None
    others = [part for part in parts if part is not areas[0]]
    rest = compile_filter({"and": others}, today=chosen.today)
    if not rest.fields <= _INDEXED:
        return None
    inside, edge = cover(shapes.area(areas[0]["value"]))
    # Both conditions number their values from nought.
    renamed = {f"rest_{name}": value for name, value in rest.params.items()}
    sql = _COUNT.replace("{filter}", chosen.sql)
    sql = sql.replace("{rest}", re.sub(r":(f\d+)", r":rest_\1", rest.sql))
    bounds = {"inside_low": inside[0], "inside_high": inside[1], "edge_low": edge[0]}
    lists = {name: ends.tolist() for name, ends in (bounds | {"edge_high": edge[1]}).items()}
    return Counting(sql, {**chosen.params, **renamed, **lists})


_WITHIN = ("location", "within")


def _parts(tree: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The parts that must all hold."""
    if tree is None:
        return []
    if "and" in tree:
        return [found for part in tree["and"] for found in _parts(part)]
    return [tree]


def cover(area: BaseGeometry) -> tuple[Ranges, Ranges]:
    """Ranges of Morton keys, each of shape (2, n), lower ends and upper ends that are excluded.

    All of the first lie inside the area; the second hold the rest of it and some of what is around.
    """
    shapely.prepare(area)
    x: NDArray[Any] = np.zeros(1, dtype=np.int64)
    y: NDArray[Any] = x
    whole: list[tuple[int, NDArray[np.int64], NDArray[np.int64]]] = []
    for z in range(_FINEST_ZOOM + 1):
        boxes = _boxes(z, x, y)
        touched = shapely.intersects(area, boxes)
        inside = touched & shapely.contains_properly(area, boxes)
        whole.append((z, x[inside], y[inside]))
        x, y = x[touched & ~inside], y[touched & ~inside]
        if z == _FINEST_ZOOM or 2 * len(x) > MAX_EDGE_CELLS:
            break
        x = (2 * x[:, None] + [0, 1, 0, 1]).ravel()
        y = (2 * y[:, None] + [0, 0, 1, 1]).ravel()
    return _ranges(whole), _ranges([(z, x, y)])


def _boxes(z: int, x: NDArray[np.int64], y: NDArray[np.int64]) -> Any:
    size = float(1 << z)
    north, south = _latitude(y / size), _latitude((y + 1) / size)
    return shapely.box(
        x / size * 360 - 180 - _ROUNDING_DEG,
        south - _ROUNDING_DEG,
        (x + 1) / size * 360 - 180 + _ROUNDING_DEG,
        north + _ROUNDING_DEG,
    )


def _latitude(down: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * down))))
    # Beyond the web-mercator square everything falls into its outermost cells.
    beyond: NDArray[np.float64] = np.where(down <= 0, 91.0, np.where(down >= 1, -91.0, found))
    return beyond


def _ranges(cells: list[tuple[int, NDArray[np.int64], NDArray[np.int64]]]) -> Ranges:
    """The keys of the cells, neighbours put together."""
    low = np.concatenate([interleave(x, y) << 2 * (ZOOM - z) for z, x, y in cells])
    size = np.concatenate([np.full(len(x), 1 << 2 * (ZOOM - z)) for z, x, y in cells])
    order = np.argsort(low)
    low, high = low[order], (low + size)[order]
    starts = np.flatnonzero(np.concatenate([[True], low[1:] != high[:-1]])[: len(low)])
    ends = np.append(starts[1:], len(low)) - 1 if len(starts) else starts
    return np.array([low[starts], high[ends]], dtype=np.int64)


# OFFSET 0 keeps the condition outside: put into the scan it brings the index on points with it,
# which is read whole for each range.
_OF_RANGES: Final = """
    SELECT count(*) AS n
    FROM unnest(CAST(:{name}_low AS bigint[]), CAST(:{name}_high AS bigint[])) AS r(low, high)
    CROSS JOIN LATERAL (
        SELECT {columns} FROM account_scope s
        WHERE s.qk >= r.low AND s.qk < r.high AND {{scope:s}} AND {within} OFFSET 0) s
    WHERE {outside}
"""
_INSIDE = _OF_RANGES.format(name="inside", columns="", within="{rest}", outside="TRUE")
_EDGE = _OF_RANGES.format(name="edge", columns="*", within="TRUE", outside="{filter}")
_COUNT: Final = f"""
    SELECT CAST(sum(n) AS bigint) AS n,
           (SELECT count(*) FROM (
                SELECT * FROM account_scope s
                WHERE s.grade = ANY(CAST(:coarse AS text[])) AND s.qk IS NOT NULL
                  AND {{scope:s}} OFFSET 0) s
            WHERE {{filter}}) AS weak
    FROM ({_INSIDE} UNION ALL {_EDGE}) counted
"""
