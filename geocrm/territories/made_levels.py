"""Levels of units that people made for their plans: trying, keeping, listing, deleting."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import shapely
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geocrm.customers import assigning
from geocrm.db import driver_connection, elevated, scoped_sql
from geocrm.errors import Conflict, InvalidInput, NotFound
from geocrm.places import loading
from geocrm.places import queries as places
from geocrm.places.files import EdgeRow, LayerRow, UnitRow
from geocrm.places.models import BoundaryLayer
from geocrm.places.queries import Layer
from geocrm.security import Actor, audit
from geocrm.security.models import User
from geocrm.territories import making
from geocrm.territories.made_models import MadeLevel
from geocrm.territories.making import Made
from geocrm.territories.models import Plan, PlanState
from geocrm.territories.text_tables import listed

# Made units stand below all administrative ones, whatever these are called.
LEVEL = 9


class LevelSummary(NamedTuple):
    """A level that somebody made and kept; `plans` are those built of it.

    `customers` its maker saw on this ground; None for those who may see fewer.
    """

    code: str
    name: str
    units: int
    population: int | None
    customers: int | None
    author: str | None
    created_at: datetime
    plans: list[str]
    own: bool


def levels(session: Session, actor: Actor) -> list[LevelSummary]:
    """The kept levels, the newest first; none for those who do not design. Three statements."""
    if not actor.may("design", "territory"):
        return []
    rows = session.execute(
        select(MadeLevel, User.name)
        .outerjoin(User, User.id == MadeLevel.created_by)
        .where(MadeLevel.kept)
        .order_by(MadeLevel.created_at.desc(), MadeLevel.code)
    ).all()
    layers = {layer.code: layer for layer in places.made_layers(session, [r[0].code for r in rows])}
    built: dict[str, list[str]] = {}
    for level, name in session.execute(
        select(Plan.level, Plan.name).where(Plan.level.in_(list(layers))).order_by(Plan.name)
    ):
        built.setdefault(level, []).append(name)
    return [
        LevelSummary(
            code=made.code,
            name=layers[made.code].name,
            units=layers[made.code].units,
            population=layers[made.code].population,
            customers=made.customers if _may_delete(actor, made) else None,
            author=author,
            created_at=made.created_at,
            plans=built.get(made.code, []),
            own=_may_delete(actor, made),
        )
        for made, author in rows
    ]


def layers(session: Session, actor: Actor) -> list[Layer]:
    """The kept levels as boundary layers, for lists of what a plan can be built of."""
    return places.made_layers(session, [level.code for level in levels(session, actor)])


def visible(session: Session, actor: Actor, code: str) -> bool:
    """Whether the actor may see the outlines of a layer.

    Cells of customers tell where customers are, so those of a made one see who designs plans, and,
    while a plan on it is live, who may read customers.
    """
    if actor.may("design", "territory") or not places.layer(session, code).made:
        return True
    live = select(Plan.id).where(Plan.level == code, Plan.state == PlanState.LIVE)
    return actor.may("read", "account") and session.scalar(live.limit(1)) is not None


def require_free(session: Session, actor: Actor, name: str) -> str:
    """The code for a new level of this name; InvalidInput when another level has it."""
    code = making.code_of(name)
    kept = session.get(MadeLevel, code)
    if kept is not None and not kept.kept and kept.created_by == actor.user_id:
        return code
    taken = select(func.count()).where(
        (BoundaryLayer.code == code) | (func.lower(BoundaryLayer.name) == name.strip().lower())
    )
    if session.scalar(taken):
        raise InvalidInput(
            "There is a level {name!r} already: choose another name", name=name.strip()
        )
    return code


def put(session: Session, actor: Actor, made: Made) -> MadeLevel:
    """Add the units as a level that is not kept yet; an earlier one on trial goes."""
    actor.require("design", "territory")
    for trial in _trials(session, actor):
        _remove(session, trial)
    code = require_free(session, actor, made.wish.name)
    codes = [f"{code}:{number:05d}" for number in range(1, len(made.cells) + 1)]
    loading.put_made_layer(session, _layer(session, code, made), _units(made, codes),
                           _edges(made, codes))  # fmt: skip
    level = MadeLevel(
        code=code,
        wish=made.wish.record(),
        customers=int(made.customers.sum()),
        ground=made.ground.codes,
        created_by=actor.user_id,
    )
    session.add(level)
    session.flush()
    return level


def keep(session: Session, actor: Actor, code: str) -> MadeLevel:
    """Keep a level on trial, and find who lies in its units; NotFound when there is none."""
    actor.require("design", "territory")
    level = session.get(MadeLevel, code, with_for_update=True)
    if level is None or (not level.kept and level.created_by != actor.user_id):
        raise NotFound("You have no units {code!r} to keep: make them first", code=code)
    if level.kept:
        return level
    # Who is written meanwhile is found by the trigger after that, so nobody falls between.
    assigning.hold_assignments(session)
    level.kept = True
    session.flush()
    values = {"level": code, "ground": level.ground}
    with elevated(session):
        scoped_sql(session, _COVERED, values)
        scoped_sql(session, _OFF_COAST, values)
    with driver_connection(session).cursor() as cursor:
        cursor.execute("ANALYZE unit_accounts")
    audit.record(session, actor, "create", f"boundary_level:{code}", **level.wish)
    return level


def discard(session: Session, actor: Actor, code: str) -> None:
    """Delete a level; Conflict while a plan is built of it, NotFound when it is another's."""
    actor.require("design", "territory")
    level = session.get(MadeLevel, code, with_for_update=True)
    if level is None or not _may_delete(actor, level):
        raise NotFound("You made no units {code!r}", code=code)
    plans = session.scalars(select(Plan.name).where(Plan.level == code).order_by(Plan.name)).all()
    if plans:
        raise Conflict(
            "{plans} is built of these units: delete the plan first",
            plans=listed([repr(name) for name in plans], 1),
        )
    _remove(session, level)
    if level.kept:
        audit.record(session, actor, "delete", f"boundary_level:{code}")


def _may_delete(actor: Actor, level: MadeLevel) -> bool:
    return actor.sees_all or level.created_by == actor.user_id


def _trials(session: Session, actor: Actor) -> Sequence[MadeLevel]:
    mine = (
        MadeLevel.created_by.is_(None)
        if actor.user_id is None
        else MadeLevel.created_by == actor.user_id
    )
    return session.scalars(select(MadeLevel).where(~MadeLevel.kept, mine)).all()


def _remove(session: Session, level: MadeLevel) -> None:
    session.expunge(level)
    loading.remove_made_layer(session, level.code)


def _layer(session: Session, code: str, made: Made) -> LayerRow:
    base = places.layer(session, made.ground.units[0].layer)
    return LayerRow(
        code=code,
        name=made.wish.name.strip(),
        country=None,
        level=LEVEL,
        parent=base.code,
        source=base.source,
        vintage=base.vintage,
        licence=base.licence,
        attribution=base.attribution,
    )


def _units(made: Made, codes: Sequence[str]) -> list[UnitRow]:
    return [
        UnitRow(
            code=codes[row],
            name=name,
            name_id=None,
            parent=made.ground.units[parent].code,
            country=made.ground.units[parent].country,
            population=None if np.isnan(people) else round(people),
            area_km2=round(area, 6),
            shape=made.cells.shapes[row],
        )
        for row, (name, parent, people, area) in enumerate(
            zip(
                made.names(),
                made.cells.parent().tolist(),
                made.population.tolist(),
                made.area_km2.tolist(),
                strict=True,
            )
        )
    ]


def _edges(made: Made, codes: Sequence[str]) -> list[EdgeRow]:
    edges = made.edges
    rows = zip(edges.a.tolist(), edges.b.tolist(), edges.kind, edges.length_m, strict=True)
    return [EdgeRow(codes[a], codes[b], str(kind), round(float(m))) for a, b, kind, m in rows]


def summary(made: Made) -> dict[str, Any]:
    """What came out, in numbers."""
    held, area = made.customers, made.area_km2
    cut = made.cells.part >= 0
    return {
        "units": len(made.cells),
        "cut": int(cut.sum()),
        "customers": int(held.sum()),
        "least_customers": int(held[cut].min()),
        "most_customers": int(held[cut].max()),
        "least_km2": round(float(area[cut].min()), 3),
        "most_km2": round(float(area[cut].max()), 3),
        "box": shapely.total_bounds(made.cells.shapes).round(5).tolist(),
        "population_known": not bool(np.isnan(made.population).any()),
    }


# Polygons outside, as everywhere where many points are looked up; on a border the first code.
_COVERED = """
    INSERT INTO unit_accounts (level, account_id, unit)
    SELECT DISTINCT ON (p.account_id) :level, p.account_id, t.code
    FROM (SELECT b.code, b.geom FROM boundaries b WHERE b.layer = :level) t
    CROSS JOIN LATERAL (
        SELECT x.account_id FROM account_scope x
        WHERE x.geom && t.geom AND ST_Covers(t.geom, x.geom)
          AND x.unit = ANY(CAST(:ground AS text[])) AND {scope:x} OFFSET 0) p
    ORDER BY p.account_id, t.code
"""
_OFF_COAST = """
    INSERT INTO unit_accounts (level, account_id, unit)
    SELECT :level, s.account_id, made_unit(:level, CAST(:ground AS text[]), s.geom, s.unit)
    FROM account_scope s
    WHERE s.unit = ANY(CAST(:ground AS text[])) AND s.geom IS NOT NULL AND {scope:s}
      AND NOT EXISTS (SELECT FROM unit_accounts m
                      WHERE m.level = :level AND m.account_id = s.account_id)
"""
