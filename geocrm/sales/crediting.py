"""Past revenue, credited to the territory and the owner of the day of each order.

An order counts for whoever had its account at the end of that day, by the organisation's clock. It
is what the asker sees now; an account that was deleted since is gone with its orders.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.territories import history

YEAR: Final = timedelta(days=365)


class Credit(NamedTuple):
    """Orders of a territory (None is no territory) and an owner."""

    territory_id: int | None
    owner_id: int
    owner: str
    orders: int
    revenue: float


@dataclass(slots=True)
class Share:
    """What a territory, or an owner, had on a day: accounts, and revenue of the year before."""

    name: str
    people: tuple[str, ...] = ()
    accounts: int = 0
    orders: int = 0
    revenue: float = 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stood on a day; no plan when none was live."""

    day: date
    plan: str | None
    territories: tuple[Share, ...]
    owners: tuple[Share, ...]


def credited(session: Session, first: date, last: date) -> list[Credit]:
    """Revenue of the days from first to last, by territory and owner. One statement."""
    if first > last:
        raise InvalidInput(f"The first day {first} lies after the last, {last}")
    history.asked(last)
    rows = scoped_sql(
        session,
        _CREDIT,
        {
            "first": first,
            "last": last,
            "moment": clock.end_of(first),
            "zone": clock.zone_name(),
        },
    )
    return [Credit._make(row) for row in rows]


def standing(session: Session, day: date) -> Standing:
    """Accounts by territory and owner on a day, and the revenue of the 365 days until then.

    The revenue follows the accounts of that day, whoever had them when they ordered.
    """
    plan = history.plan_on(session, day)
    grounds = history.grounds_on(session, day)
    rows = scoped_sql(
        session,
        f"{history.PAST} {_STANDING}",
        {"moment": clock.end_of(day), "first": day - YEAR, "last": day},
    ).all()
    by_ground = {key: Share(ground.name, ground.people) for key, ground in grounds.items()}
    by_owner: dict[int, Share] = {}
    for row in rows:
        ground = history.unknown(row.territory_id)
        there = by_ground.setdefault(row.territory_id, Share(ground.name))
        for share in (there, by_owner.setdefault(row.owner_id, Share(row.owner))):
            share.accounts += row.accounts
            share.orders += row.orders
            share.revenue += row.revenue
    return Standing(
        day, plan.name if plan else None, _sorted(by_ground.values()), _sorted(by_owner.values())
    )


def _sorted(shares: Iterable[Share]) -> tuple[Share, ...]:
    return tuple(sorted(shares, key=lambda one: (-one.revenue, -one.accounts, one.name)))


# Of an account that never changed after the first day, what holds now held all the time.
_CREDIT: Final = f"""
    WITH spans AS MATERIALIZED (
        SELECT c.account_id, c.territory_before AS territory_id, c.owner_before AS owner_id,
               lag(c.changed_at, 1, '-infinity') OVER w AS since, c.changed_at AS until
        FROM {history.CHANGES} c WHERE c.changed_at >= :moment
        WINDOW w AS (PARTITION BY c.account_id ORDER BY c.changed_at, c.id)
    ), sold AS (
        SELECT o.account_id, o.ordered_on, count(*) AS orders, sum(o.amount) AS revenue,
               CAST(o.ordered_on + 1 AS timestamp) AT TIME ZONE :zone AS day_end
        FROM orders o WHERE o.ordered_on BETWEEN :first AND :last GROUP BY 1, 2
    )
    SELECT CASE WHEN p.account_id IS NULL THEN s.territory_id ELSE p.territory_id END,
           coalesce(p.owner_id, s.owner_id), u.name,
           CAST(sum(sold.orders) AS bigint), CAST(sum(sold.revenue) AS double precision)
    FROM sold JOIN account_scope s ON s.account_id = sold.account_id
    LEFT JOIN spans p ON p.account_id = sold.account_id
        AND sold.day_end > p.since AND sold.day_end <= p.until
    JOIN users u ON u.id = coalesce(p.owner_id, s.owner_id)
    WHERE {{scope:s}} GROUP BY 1, 2, 3 ORDER BY 1, 3, 2
"""
_STANDING: Final = f"""
    , sold AS (
        SELECT o.account_id, count(*) AS orders, sum(o.amount) AS revenue
        FROM orders o WHERE o.ordered_on > :first AND o.ordered_on <= :last GROUP BY 1
    ), had AS ({history.THEN})
    SELECT had.territory_id, had.owner_id, u.name AS owner, count(*) AS accounts,
           CAST(coalesce(sum(sold.orders), 0) AS bigint) AS orders,
           CAST(coalesce(sum(sold.revenue), 0) AS double precision) AS revenue
    FROM had JOIN users u ON u.id = had.owner_id
    LEFT JOIN sold ON sold.account_id = had.account_id
    GROUP BY 1, 2, 3
"""
