"""Lists, counts and summaries of customers. Each function is one statement.

They read what the session may see. Who counts everybody calls the counting ones inside
`geocrm.db.elevated` and shows the figures through `geocrm.security.disclosure`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.customers.queries import UNTRUSTWORTHY, primary_contact_sql
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.maps import lasso, pyramid
from geocrm.maps.cursors import Cursor
from geocrm.maps.filters import Filter
from geocrm.spatial.morton import ZOOM

COUNT_CAP: Final = 1_000
MAX_PAGE: Final = 200
_FACET_VALUES: Final = 100


@dataclass(frozen=True, slots=True)
class Box:
    """A view of the map, degrees; west > east when it crosses the 180th meridian."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        """Refuse what is no box on the globe, NaN included."""
        lons_good = -180 <= self.west <= 180 and -180 <= self.east <= 180
        if not (lons_good and -90 <= self.south <= self.north <= 90):
            raise InvalidInput(
                "({box}) is not a box: write west,south,east,north in degrees, south not above"
                " north",
                box=f"{self.west}, {self.south}, {self.east}, {self.north}",
            )

    @property
    def sql(self) -> str:
        """The condition that an account lies in it; bound by `params`."""
        if self.west <= self.east:
            return "s.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)"
        return (
            "(s.geom && ST_MakeEnvelope(:west, :south, 180, :north, 4326)"
            " OR s.geom && ST_MakeEnvelope(-180, :south, :east, :north, 4326))"
        )

    @property
    def params(self) -> Mapping[str, float]:
        """Its values."""
        return {name: getattr(self, name) for name in ("west", "south", "east", "north")}


class Row(NamedTuple):
    """A customer in a list."""

    id: int
    name: str
    segment: str | None
    owner_id: int
    owner: str
    territory_id: int | None
    territory: str | None
    revenue: float
    last_order: date | None
    last_visit: date | None
    grade: str
    radius_m: float | None
    lon: float | None
    lat: float | None
    updated: datetime
    external_id: str | None
    tags: list[str]
    visits_per_year: int | None
    city: str | None
    # Any one of its numbers and addresses, the oldest first.
    phone: str | None
    email: str | None
    # Its primary contact, and how to reach them.
    contact: str | None
    contact_phone: str | None
    contact_email: str | None
    created: datetime
    version: int
    sort_value: Any


class Page(NamedTuple):
    """Rows, and where the next page begins; None when this is the last."""

    rows: list[Row]
    next: Cursor | None


class Count(NamedTuple):
    """How many; `complete` is False when counting stopped at `COUNT_CAP`."""

    customers: int
    without_point: int
    complete: bool


class Facet(NamedTuple):
    """How many customers share a value."""

    value: Any
    label: str | None
    customers: int


class Summary(NamedTuple):
    """What a filter chooses, in figures."""

    customers: int
    revenue: float
    # Customers without a trustworthy point, and those that have none at all.
    without_point: int
    unplaced: int
    segments: list[Facet]
    territories: list[Facet]
    owners: list[Facet]


@dataclass(frozen=True, slots=True)
class _Sort:
    """What a list may be sorted by: the value, the key that settles ties, and the type.

    Value and key stand together in one index. `check` raises ValueError for what is no such value.
    """

    by: str
    key: str
    cast: str
    check: Callable[[str], Any]


def _check_day(text: str) -> None:
    if text != "-infinity":
        date.fromisoformat(text)


# Unknown dates count as older than every other.
_SORTS: Final[Mapping[str, _Sort]] = {
    "name": _Sort("lower(a.name)", "a.id", "text", str),
    "revenue": _Sort("s.revenue", "s.account_id", "double precision", float),
    "last_order": _Sort(
        "coalesce(s.last_order, '-infinity'::date)", "s.account_id", "date", _check_day
    ),
    "last_visit": _Sort(
        "coalesce(s.last_visit, '-infinity'::date)", "s.account_id", "date", _check_day
    ),
    "updated": _Sort("a.updated_at", "a.id", "timestamptz", datetime.fromisoformat),
}
SORTS: Final = tuple(_SORTS)


def accounts(
    session: Session,
    chosen: Filter,
    *,
    box: Box | None = None,
    sort: str = "name",
    descending: bool = False,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page:
    """A page of the customers, sorted, beginning after the cursor."""
    order = _SORTS.get(sort)
    if order is None:
        raise InvalidInput(
            "The list cannot be sorted by “{name}”; choose {choices}",
            name=sort[:60],
            choices=", ".join(SORTS),
        )
    conditions, values = _conditions(chosen, box)
    if after is not None:
        after.require(sort, descending, order.check)
        sign = "<" if descending else ">"
        conditions += (
            f" AND ({order.by}, {order.key}) {sign} (CAST(:after_value AS {order.cast}), :after_id)"
        )
        values |= {"after_value": after.value, "after_id": after.id}
    direction = "DESC" if descending else "ASC"
    result = scoped_sql(
        session,
        f"{ROWS.format(by=order.by)} WHERE {conditions}"
        f" ORDER BY {order.by} {direction}, {order.key} {direction} LIMIT :limit",
        values | {"limit": limit + 1},
    )
    rows = [Row._make(row) for row in result]
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], Cursor(sort, descending, last.sort_value, last.id))


def in_stack(
    session: Session, chosen: Filter, key: int, *, after: Cursor | None = None, limit: int = 50
) -> Page:
    """A page of the customers on one point, by name; the key comes from a tile's stack."""
    if not 0 <= key < 4**ZOOM:
        raise InvalidInput("{key} is not the key of a stack", key=str(key))
    there = Filter(f"{chosen.sql} AND s.qk = :stack", {**chosen.params, "stack": key}, chosen.key)
    return accounts(session, there, after=after, limit=limit)


def count(
    session: Session, chosen: Filter, *, box: Box | None = None, exact: bool = False
) -> Count:
    """How many customers; unless `exact`, counting stops at `COUNT_CAP`."""
    drawn = lasso.within(chosen) if exact and box is None else None
    if drawn is not None:
        source, values = drawn.sql, drawn.params | {"coarse": list(UNTRUSTWORTHY)}
    else:
        source, values = _kinds(chosen, box) if exact else _capped(chosen, box)
    row = tuple(
        scoped_sql(
            session,
            f"SELECT coalesce(sum(n), 0), coalesce(sum(weak), 0) FROM ({source}) counted",
            values,
        ).one()
    )
    found, weak = int(row[0]), int(row[1])
    if not exact and found > COUNT_CAP:
        return Count(COUNT_CAP, min(weak, COUNT_CAP), complete=False)
    return Count(found, weak, complete=True)


def summary(session: Session, chosen: Filter, *, box: Box | None = None) -> Summary:
    """How many, their revenue, and the shares of segments, territories and owners."""
    source, values = _kinds(chosen, box)
    rows = scoped_sql(session, _SUMMARY.replace("{kinds}", source), values).all()
    facets: dict[str, list[Facet]] = {"segment": [], "territory": [], "owner": []}
    total = (0, 0.0, 0, 0)
    for row in rows:
        if row.kind == "all":
            total = (row.n, row.revenue or 0.0, row.weak, row.unplaced)
        else:
            value = row.segment if row.kind == "segment" else row.id
            facets[row.kind].append(Facet(value, row.label, row.n))
    return Summary(*total, facets["segment"], facets["territory"], facets["owner"])


def extent(session: Session) -> Box | None:
    """The box around all customers that have a point; None while there are none."""
    row = scoped_sql(session, _EXTENT).one_or_none()
    return None if row is None else Box(row[0], row[1], row[2], row[3])


def _kinds(chosen: Filter, box: Box | None) -> tuple[str, dict[str, Any]]:
    """SQL of figures by segment, territory, owner: counted beforehand where that is exact."""
    split = pyramid.split_months(chosen) if box is None else None
    if split is not None:
        source, values = pyramid.kinds(chosen, split)
    else:
        conditions, values = _conditions(chosen, box)
        source = pyramid.KINDS_OF_CUSTOMERS.replace("{conditions}", conditions)
    return source, values | {"coarse": list(UNTRUSTWORTHY)}


def _capped(chosen: Filter, box: Box | None) -> tuple[str, dict[str, Any]]:
    conditions, values = _conditions(chosen, box)
    source = (
        "SELECT 1 AS n, CAST(s.grade = ANY(CAST(:coarse AS text[])) AS int) AS weak"
        f" FROM account_scope s WHERE {conditions} LIMIT {COUNT_CAP + 1}"
    )
    return source, values | {"coarse": list(UNTRUSTWORTHY)}


def _conditions(chosen: Filter, box: Box | None) -> tuple[str, dict[str, Any]]:
    parts = ["{scope:s}", chosen.sql] + ([box.sql] if box else [])
    return " AND ".join(parts), {**chosen.params, **(box.params if box else {})}


ROWS: Final = f"""
    SELECT s.account_id, a.name, s.segment, s.owner_id, u.name, s.territory_id, t.name, s.revenue,
           s.last_order, s.last_visit, s.grade, s.radius_m, ST_X(s.geom), ST_Y(s.geom),
           a.updated_at, a.external_id, a.tags, a.visits_per_year, d.city,
           (SELECT p.e164 FROM phones p WHERE p.account_id = a.id ORDER BY p.id LIMIT 1),
           (SELECT e.address FROM emails e WHERE e.account_id = a.id ORDER BY e.id LIMIT 1),
           c.name,
           (SELECT p.e164 FROM phones p WHERE p.contact_id = c.id ORDER BY p.id LIMIT 1),
           (SELECT e.address FROM emails e WHERE e.contact_id = c.id ORDER BY e.id LIMIT 1),
           a.created_at, a.version, CAST({{by}} AS text)
    FROM account_scope s
    JOIN accounts a ON a.id = s.account_id
    JOIN users u ON u.id = s.owner_id
    LEFT JOIN territories t ON t.id = s.territory_id
    LEFT JOIN addresses d ON d.account_id = s.account_id
    LEFT JOIN LATERAL ({primary_contact_sql("s.account_id")}) c ON true
"""
_SUMMARY: Final = f"""
    WITH kinds AS MATERIALIZED ({{kinds}}), figures AS (
        SELECT CASE WHEN grouping(segment) = 0 THEN 'segment'
                    WHEN grouping(territory_id) = 0 THEN 'territory'
                    WHEN grouping(owner_id) = 0 THEN 'owner' ELSE 'all' END AS kind,
               segment, coalesce(territory_id, owner_id) AS id,
               coalesce(sum(n), 0)::bigint AS n, sum(revenue) AS revenue,
               coalesce(sum(weak), 0)::bigint AS weak,
               coalesce(sum(unplaced), 0)::bigint AS unplaced
        FROM kinds
        GROUP BY GROUPING SETS ((), (segment), (territory_id), (owner_id))
    ), ranked AS (
        SELECT *, row_number() OVER (PARTITION BY kind ORDER BY n DESC, id, segment) AS place
        FROM figures
    )
    SELECT kind, segment, ranked.id, n, revenue, weak, unplaced,
           CASE kind WHEN 'territory' THEN t.name WHEN 'owner' THEN u.name END AS label
    FROM ranked
    LEFT JOIN territories t ON kind = 'territory' AND t.id = ranked.id
    LEFT JOIN users u ON kind = 'owner' AND u.id = ranked.id
    WHERE place <= {_FACET_VALUES}
    ORDER BY kind, n DESC, ranked.id, segment
"""
# Only customers of the outermost cells can be on the edge.
_EXTENT: Final = f"""
    WITH occupied AS MATERIALIZED ({pyramid.OCCUPIED}), ends AS (
        SELECT min(x) AS west, max(x) AS east, min(y) AS north, max(y) AS south FROM occupied)
    SELECT min(ST_XMin(box)), min(ST_YMin(box)), max(ST_XMax(box)), max(ST_YMax(box))
    FROM occupied JOIN ends ON x IN (west, east) OR y IN (north, south)
    CROSS JOIN LATERAL (
        SELECT ST_Extent(s.geom) AS box FROM account_scope s
        WHERE s.qk >= CAST(cell AS bigint) << {pyramid.CELL_SHIFT}
          AND s.qk < CAST(cell + 1 AS bigint) << {pyramid.CELL_SHIFT} AND {{scope:s}}) held
    HAVING count(box) > 0
"""
