"""Who is near a customer."""

from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.db import scoped_sql

NEAREST: Final = 10


class Neighbour(NamedTuple):
    """A customer near another one."""

    account_id: int
    name: str
    segment: str | None
    lon: float
    lat: float
    grade: str
    distance_m: float


def nearest(session: Session, account_id: int, limit: int = NEAREST) -> list[Neighbour]:
    """The nearest customers that the actor sees, by the index of places; none without a point."""
    values = {"id": account_id, "limit": limit, "some": limit * 4}
    return [Neighbour._make(row) for row in scoped_sql(session, _NEAREST, values)]


# The index orders by degrees; on the ground the order differs a little, so more are looked at.
_NEAREST: Final = """
    SELECT n.account_id, a.name, n.segment, ST_X(n.geom) AS lon, ST_Y(n.geom) AS lat, n.grade,
        ST_DistanceSphere(n.geom, me.geom) AS distance_m
    FROM (SELECT o.geom FROM account_scope o WHERE o.account_id = :id AND {scope:o}) me
    CROSS JOIN LATERAL (
        SELECT s.account_id, s.segment, s.geom, s.grade FROM account_scope s
        WHERE s.geom IS NOT NULL AND s.account_id <> :id AND {scope:s}
        ORDER BY s.geom <-> me.geom LIMIT :some) n
    JOIN accounts a ON a.id = n.account_id
    WHERE me.geom IS NOT NULL
    ORDER BY distance_m, n.account_id LIMIT :limit
"""
