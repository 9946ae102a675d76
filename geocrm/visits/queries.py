"""Reads of visit plans and of the customers they are made of. Each is one round trip."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from geocrm.customers.queries import UNTRUSTWORTHY, primary_contact_sql
from geocrm.customers.scope import FINEST
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput, NotFound
from geocrm.security import Actor, Role
from geocrm.security import queries as people
from geocrm.security.models import User
from geocrm.territories import queries as territories
from geocrm.visits.models import PlanState, VisitPlan, VisitStop, VisitUnplanned
from geocrm.visits.urgency import History

# The middle of a regency is no place to drive to either.
NOT_VISITABLE = frozenset({*UNTRUSTWORTHY, "regency"})


class Customer(NamedTuple):
    """An account of a rep, with what its urgency follows from; no place when none is trusted."""

    account_id: int
    name: str
    external_id: str | None
    place: tuple[float, float] | None
    history: History


class Card(NamedTuple):
    """What a rep needs to know of a customer at the door."""

    account_id: int
    name: str
    external_id: str | None
    segment: str | None
    address: str
    contact: str | None
    phone: str | None
    last_visit: date | None
    last_order: date | None
    last_note: str | None
    lon: float | None
    lat: float | None


# ------------------------------------------------------------------------------ people


def visible_reps(session: Session, actor: Actor) -> Sequence[User]:
    """The active field reps this actor may plan for, by name."""
    return session.scalars(_reps(actor).order_by(User.name, User.id)).all()


def rep(session: Session, actor: Actor, user_id: int) -> User:
    """The field rep, or NotFound, also when they are somebody else's."""
    return _rep(session.scalar(_people(actor).where(User.id == user_id)), str(user_id))


def rep_by_email(session: Session, actor: Actor, email: str) -> User:
    """The field rep with this address in any case, or NotFound."""
    return _rep(session.scalar(_people(actor).where(User.email == email.strip())), repr(email))


def _people(actor: Actor) -> Select[User]:
    asked = select(User).where(User.active)
    return asked if actor.sees_all else asked.where(User.id.in_(sorted(actor.owner_ids)))


def _reps(actor: Actor) -> Select[User]:
    return _people(actor).where(User.role == Role.FIELD_REP.value)


def _rep(found: User | None, asked: str) -> User:
    if found is None:
        raise NotFound(f"There is no field rep {asked} for you to plan; see: geocrm user list")
    if found.role_kind is not Role.FIELD_REP:
        role = found.role.replace("_", " ")
        raise InvalidInput(f"{found.email} is a {role}; days are planned for field reps")
    return found


# ------------------------------------------------------------------------------ customers


def customers(session: Session, rep_id: int, only: Collection[int] | None = None) -> list[Customer]:
    """The accounts a rep owns or that lie in their live territories, by id."""
    return _customers(session, rep_id, "s.account_id = ANY(:only)" if only is not None else "TRUE",
                      {"only": list(only or ())})  # fmt: skip


def customers_named(
    session: Session, rep_id: int, ids: Collection[int], external_ids: Collection[str]
) -> list[Customer]:
    """Those of the rep's accounts that have one of these ids or external ids."""
    return _customers(
        session,
        rep_id,
        "(s.account_id = ANY(:ids) OR a.external_id = ANY(:external_ids))",
        {"ids": list(ids), "external_ids": list(external_ids)},
    )


def customers_like(session: Session, rep_id: int, words: str) -> list[Customer]:
    """Those of the rep's accounts whose name or external id contains the text."""
    like = "%" + words.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    return _customers(
        session, rep_id, "(a.name ILIKE :like OR a.external_id ILIKE :like)", {"like": like}
    )


def _customers(
    session: Session, rep_id: int, condition: str, params: dict[str, Any]
) -> list[Customer]:
    owned = territories.live_territory_ids(session, people.reports(session, rep_id))
    rows = scoped_sql(
        session,
        _CUSTOMERS.format(condition=condition, scope="{scope:s}"),
        {"rep": rep_id, "territories": sorted(owned), **params},
    )
    return [_customer(row) for row in rows]


def _customer(row: Any) -> Customer:
    visitable = row.lon is not None and row.grade not in NOT_VISITABLE
    history = History(
        row.segment, row.visits_per_year, row.last_visit, row.outcome, row.outcome_day,
        row.postponed_to,
    )  # fmt: skip
    place = (float(row.lon), float(row.lat)) if visitable else None
    return Customer(row.account_id, row.name, row.external_id, place, history)


def cards(session: Session, account_ids: Collection[int]) -> dict[int, Card]:
    """What to know of these customers, as far as they are visible."""
    rows = scoped_sql(session, _CARDS, {"ids": list(account_ids)})
    return {row.account_id: Card._make(row) for row in rows}


# ------------------------------------------------------------------------------ plans


def live_plan(session: Session, rep_id: int, day: date) -> VisitPlan | None:
    """The plan that holds for a visible rep's day."""
    return session.scalar(_live(rep_id, day))


def live_plan_held(session: Session, rep_id: int, day: date) -> VisitPlan | None:
    """The same, held until the transaction ends."""
    return session.scalar(_live(rep_id, day).with_for_update())


class NextVisit(NamedTuple):
    """When a customer is visited next, and by whom."""

    day: date
    arrive_s: float
    rep_id: int
    rep: str


def next_visit(session: Session, account_id: int, today: date) -> NextVisit | None:
    """The first visit of a live plan, from today on, of which nothing was told yet."""
    row = session.execute(
        select(VisitPlan.day, VisitStop.arrive_s, VisitPlan.user_id, User.name)
        .join(VisitPlan, VisitPlan.id == VisitStop.plan_id)
        .join(User, User.id == VisitPlan.user_id)
        .where(
            VisitStop.account_id == account_id,
            VisitStop.outcome.is_(None),
            VisitPlan.state == PlanState.LIVE,
            VisitPlan.day >= today,
        )
        .order_by(VisitPlan.day, VisitStop.arrive_s)
        .limit(1)
    ).one_or_none()
    return None if row is None else NextVisit._make(row)


def hold_day(session: Session, rep_id: int, day: date) -> None:
    """Let nobody else change this rep's day until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(rep_id, day.toordinal())))


def _live(rep_id: int, day: date) -> Select[VisitPlan]:
    return select(VisitPlan).where(
        VisitPlan.user_id == rep_id, VisitPlan.day == day, VisitPlan.state == PlanState.LIVE
    )


def plan(session: Session, plan_id: int) -> VisitPlan:
    """The plan, or NotFound, also when it is another rep's."""
    found = session.scalar(select(VisitPlan).where(VisitPlan.id == plan_id))
    if found is None:
        raise NotFound(f"There is no visit plan {plan_id}")
    return found


def stops(session: Session, plan_id: int) -> Sequence[VisitStop]:
    """The stops of a plan in their order."""
    return session.scalars(
        select(VisitStop).where(VisitStop.plan_id == plan_id).order_by(VisitStop.position)
    ).all()


def unplanned(session: Session, plan_id: int) -> Sequence[VisitUnplanned]:
    """Who was left out of a plan, in order."""
    return session.scalars(
        select(VisitUnplanned)
        .where(VisitUnplanned.plan_id == plan_id)
        .order_by(VisitUnplanned.position)
    ).all()


def ground(session: Session, places: Sequence[tuple[float, float]]) -> dict[str, Any] | None:
    """The land around these places, unit by unit, as a GeoJSON geometry; None at sea."""
    lons, lats = zip(*places, strict=True)
    span = max(max(lons) - min(lons), max(lats) - min(lats), 0.02)
    found = session.execute(
        text(_GROUND.format(finest=FINEST)),
        {
            "west": max(min(lons) - 1.5 * span, -180),
            "south": max(min(lats) - span, -90),
            "east": min(max(lons) + 1.5 * span, 180),
            "north": min(max(lats) + span, 90),
            # A thousandth of the picture: nobody sees less on paper.
            "tolerance": span / 1000,
        },
    ).scalar_one()
    land: dict[str, Any] | None = found
    return land


# "Mine or my territories" as a union: each half has its own index.
_CUSTOMERS = """
    WITH mine AS (
        SELECT o.account_id FROM account_scope o WHERE o.owner_id = :rep
        UNION
        SELECT t.account_id FROM account_scope t
        WHERE t.territory_id = ANY(CAST(:territories AS int[])))
    SELECT s.account_id, a.name, a.external_id, ST_X(s.geom) AS lon, ST_Y(s.geom) AS lat, s.grade,
        s.segment, a.visits_per_year, s.last_visit, o.outcome, o.outcome_day, o.postponed_to
    FROM mine JOIN account_scope s ON s.account_id = mine.account_id
    JOIN accounts a ON a.id = s.account_id
    LEFT JOIN LATERAL (
        SELECT v.outcome, v.postponed_to,
            CAST(v.outcome_at AT TIME ZONE p.timezone AS date) AS outcome_day
        FROM visit_stops v JOIN visit_plans p ON p.id = v.plan_id
        WHERE v.account_id = s.account_id AND v.outcome IS NOT NULL
        ORDER BY v.outcome_at DESC LIMIT 1) o ON true
    WHERE {scope} AND {condition}
    ORDER BY s.account_id
"""
_CARDS = f"""
    SELECT s.account_id, a.name, a.external_id, s.segment,
        coalesce(nullif(d.typed, ''), concat_ws(', ',
            nullif(concat_ws(' ', d.street, d.house_number), ''), d.village, d.district, d.city,
            nullif(concat_ws(' ', d.region, d.postcode), '')), '') AS address,
        (SELECT c.name FROM ({primary_contact_sql("s.account_id")}) c) AS contact,
        (SELECT p.e164 FROM phones p WHERE p.account_id = s.account_id ORDER BY p.id LIMIT 1)
            AS phone,
        s.last_visit, s.last_order,
        (SELECT n.text FROM activities n WHERE n.account_id = s.account_id AND n.text <> ''
         ORDER BY n.at DESC, n.id DESC LIMIT 1) AS last_note,
        ST_X(s.geom) AS lon, ST_Y(s.geom) AS lat
    FROM account_scope s JOIN accounts a ON a.id = s.account_id
    LEFT JOIN addresses d ON d.account_id = s.account_id
    WHERE s.account_id = ANY(CAST(:ids AS bigint[])) AND {{scope:s}}
"""
_GROUND = """
    SELECT ST_AsGeoJSON(ST_Multi(ST_Collect(part.geom)), 4)::json
    FROM (
        SELECT (ST_Dump(ST_Intersection(
            ST_MakeValid(ST_SimplifyPreserveTopology(b.geom, :tolerance)), box.geom))).geom
        FROM (SELECT ST_MakeEnvelope(:west, :south, :east, :north, 4326) AS geom) box
        JOIN boundaries b ON b.geom && box.geom AND {finest}
    ) part
    WHERE ST_GeometryType(part.geom) = 'ST_Polygon'
"""
