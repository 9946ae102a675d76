"""Hours a year that the customers of each unit ask for: visits, and the travel between them.

Visits a year are what the account says, else those of its segment. They and the minutes of a visit
come in as `Cadence`, because the room that knows them, visits, lies above this one. Travel is an
estimate from the density of the customers in the unit; no roads are asked.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput

# Length of the shortest tour through n places spread at random over an area: k sqrt(n * area), so
# k sqrt(area / n) for each. The form: J. Beardwood, J. H. Halton, J. M. Hammersley (1959), The
# shortest path through many points, doi:10.1017/S0305004100034095. The constant: D. S. Johnson,
# L. A. McGeoch, E. E. Rothberg (1996), Asymptotic experimental analysis for the Held-Karp
# traveling salesman bound, SODA '96.
TOUR_CONSTANT: Final = 0.7124
METRES_PER_KM: Final = 1_000.0
SECONDS_PER_HOUR: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often and how long customers are visited, and how fast somebody gets from one to next.

    `visits_by_segment` are visits a year; `detour` is the way over the straight line.
    """

    visits_by_segment: Mapping[str, float] = field(default_factory=dict)
    visits_otherwise: float = 4.0
    visit_s: float = 1_800.0
    speed_m_s: float = 35.0 / 3.6
    detour: float = 1.35

    def __post_init__(self) -> None:
        visits = (*self.visits_by_segment.values(), self.visits_otherwise)
        if not all(np.isfinite(each) and each >= 0 for each in visits):
            raise InvalidInput("Visits a year must be numbers from 0 up")
        if not (0 < self.visit_s <= 86_400):
            raise InvalidInput(
                "A visit cannot last {time} s: give more than 0, a day at most", time=self.visit_s
            )
        if not (np.isfinite(self.speed_m_s) and self.speed_m_s > 0):
            raise InvalidInput("{speed} m/s is not a speed to travel at", speed=self.speed_m_s)
        if not (np.isfinite(self.detour) and self.detour >= 1):
            raise InvalidInput(
                "A way cannot be {detour} times the straight line: from 1 up", detour=self.detour
            )


def hours(
    customers: NDArray[np.float64],
    visits: NDArray[np.float64],
    area_km2: NDArray[np.float64],
    cadence: Cadence,
) -> NDArray[np.float64]:
    """Hours a year for each unit: visits x (minutes of a visit + way from the one before).

    Parameters: customers, shape (n,), those who are visited at all, >= 0; visits, shape (n,), a
    year, >= 0; area_km2, shape (n,), > 0 where there are customers.
    Raises ValueError when the shapes differ or a number is negative or not finite.

    The way of a visit is that of one round through all customers of the unit, shared by them. Real
    days visit some of them only and begin at home, so it is a lower estimate, comparable between
    units rather than exact.
    """
    if not (customers.shape == visits.shape == area_km2.shape):
        raise ValueError(f"Shapes differ: {customers.shape}, {visits.shape}, {area_km2.shape}")
    if not all(
        np.isfinite(each).all() and (each >= 0).all() for each in (customers, visits, area_km2)
    ):
        raise ValueError("Customers, visits and areas must be finite and not negative")
    spread_km2 = np.divide(area_km2, customers, out=np.zeros_like(area_km2), where=customers > 0)
    way_m = TOUR_CONSTANT * np.sqrt(spread_km2) * METRES_PER_KM * cadence.detour
    each_s = cadence.visit_s + way_m / cadence.speed_m_s
    total: NDArray[np.float64] = visits * each_s / SECONDS_PER_HOUR
    return total


def workload_by_unit(
    session: Session, units: Collection[str], cadence: Cadence
) -> dict[str, float]:
    """Hours a year of the visible accounts in these units and in what lies below them.

    Travel is estimated in the finest unit that an account knows, where density says most, and then
    added up. Units without visits are left out. Two statements, however many units and accounts.
    """
    values: dict[str, Any] = {
        "units": list(units),
        "segments": list(cadence.visits_by_segment),
        "visits": [float(each) for each in cadence.visits_by_segment.values()],
        "otherwise": float(cadence.visits_otherwise),
    }
    found = {row.unit: row for row in scoped_sql(session, _VISITS, values)}
    rows = session.execute(text(_BELOW), {"units": list(units), "held": list(found)}).all()
    if not rows:
        return {}
    held = [found[row.code] for row in rows]
    loads = hours(
        np.array([each.customers for each in held], dtype=np.float64),
        np.array([each.visits for each in held], dtype=np.float64),
        np.array([row.area_km2 for row in rows], dtype=np.float64),
        cadence,
    )
    sums: dict[str, float] = {}
    for row, load in zip(rows, loads, strict=True):
        sums[row.unit] = sums.get(row.unit, 0.0) + float(load)
    return sums


# Few accounts say themselves how often they are visited, so the wide table is read for them only.
_VISITS: Final = """
    WITH own AS MATERIALIZED (
        SELECT a.id, a.visits_per_year AS visits FROM accounts a
        WHERE a.visits_per_year IS NOT NULL
    ), found AS (
        SELECT h.unit, h.segment, own.visits, count(*) AS customers
        FROM (
            SELECT s.account_id, s.unit, s.segment FROM account_scope s
            WHERE s.unit IS NOT NULL AND {scope:s}
            UNION ALL
            SELECT s.account_id, m.unit, s.segment
            FROM unit_accounts m JOIN account_scope s ON s.account_id = m.account_id
            WHERE m.unit = ANY(:units) AND {scope:s}
        ) h LEFT JOIN own ON own.id = h.account_id GROUP BY 1, 2, 3
    )
    SELECT f.unit, CAST(sum(f.customers) FILTER (WHERE v.visits > 0) AS float8) AS customers,
           sum(f.customers * v.visits) AS visits
    FROM found f
    LEFT JOIN unnest(CAST(:segments AS text[]), CAST(:visits AS float8[])) k(segment, visits)
        ON k.segment = f.segment
    CROSS JOIN LATERAL (
        SELECT CAST(coalesce(f.visits, k.visits, :otherwise) AS float8) AS visits) v
    GROUP BY f.unit HAVING sum(f.customers * v.visits) > 0
"""
_BELOW: Final = """
    WITH RECURSIVE below(unit, code) AS (
        SELECT code, code FROM boundaries WHERE code = ANY(:units)
        UNION ALL
        SELECT below.unit, b.code FROM below JOIN boundaries b ON b.parent = below.code
    )
    SELECT below.unit, below.code, b.area_km2
    FROM below JOIN boundaries b ON b.code = below.code
    WHERE below.code = ANY(:held) ORDER BY below.unit, below.code
"""
