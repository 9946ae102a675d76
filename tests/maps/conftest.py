"""Customers all over a small country, for maps, filters and lists."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm.customers.models import Account, AccountScope
from geocrm.security.models import User

TODAY = date(2026, 6, 15)
GRADES = ("rooftop", "village", "regency", "region")


@pytest.fixture
def scatter(session: Session) -> Callable[..., list[AccountScope]]:
    """Add `count` customers on Java, a fifth of them on three shared points, some on none."""

    def add(count: int, owners: Sequence[User], seed: int = 7, **fields: Any) -> list[AccountScope]:
        rng = np.random.default_rng(seed)
        shared = rng.uniform((106, -7), (108, -6), (3, 2))
        accounts = [
            Account(
                name=f"{rng.choice(['Toko', 'Warung', 'PT'])} {number}",
                tags=[str(t) for t in rng.choice(["vip", "new", "cold"], rng.integers(0, 3))],
            )
            for number in range(count)
        ]
        session.add_all(accounts)
        session.flush()
        for number, account in enumerate(accounts):
            lon, lat = rng.uniform((106, -7), (108, -6))
            if number % 5 == 0:
                lon, lat = shared[number % 3]
            placed = number % 11 != 3
            values = {
                "owner_id": int(owners[rng.integers(len(owners))].id),
                "territory_id": [None, 1, 2, 3][rng.integers(4)],
                "unit": None,
                "geom": f"SRID=4326;POINT({lon} {lat})" if placed else None,
                "grade": str(rng.choice(GRADES)) if placed else "none",
                "segment": [None, "A", "B", "C", "D", "X"][rng.integers(6)],
                "revenue": float(rng.integers(0, 1000)),
                "last_order": _day(rng),
                "last_visit": _day(rng),
                "consent": int(rng.integers(0, 32)),
                "reach": int(rng.integers(0, 32)),
            } | fields
            session.add(AccountScope(account_id=account.id, **values))
        session.commit()
        mine = [account.id for account in accounts]
        # With the keys that the database gave.
        wanted = select(AccountScope).where(AccountScope.account_id.in_(mine))
        return list(session.scalars(wanted.execution_options(populate_existing=True)))

    return add


def _day(rng: np.random.Generator) -> date | None:
    return None if rng.random() < 0.3 else TODAY - timedelta(days=int(rng.integers(0, 400)))


def decoded(tile: bytes) -> list[dict[str, Any]]:
    """The properties of the features of a tile."""
    layers = mapbox_vector_tile.decode(tile) if tile else {}
    assert set(layers) <= {"accounts"}
    features = layers.get("accounts", {}).get("features", [])
    return [{**f["properties"], "at": f["geometry"]["coordinates"]} for f in features]


def customers_in(features: list[dict[str, Any]]) -> int:
    """How many customers the features stand for."""
    return sum(f.get("point_count", 1) for f in features)
