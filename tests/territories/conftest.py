"""A small country to divide: 16 square regencies in two provinces, and an island of two more."""

import numpy as np
import pytest
from sqlalchemy import text

from geocrm import wiring
from geocrm.jobs import service as jobs
from geocrm.jobs.models import JobRun
from geocrm.spatial import districting
from geocrm.territories import activation, designing, made_levels, making, members, service
from geocrm.territories.evaluation import evaluate, units_of
from geocrm.territories.figures import Unplaced
from geocrm.territories.ground import survey
from geocrm.territories.made_models import MadeLevel
from geocrm.territories.making import Cutting, Wish
from geocrm.territories.models import Measure, MemberRole
from geocrm.territories.requests import Request
from geocrm.territories.solving import Solved
from geocrm.wiring.handlers import JOB_HANDLERS

# a1 b1 c1 d1      North is up; a and b are the province west, c and d the province east; i1 and i2
# a2 b2 c2 d2      are an island of the west. The crossing from d4 to i1 belongs to the layer.
# a3 b3 c3 d3
# a4 b4 c4 d4   i1 i2
COLUMNS, ROWS = "abcd", "1234"
WEST = "tst-adm1:w"


def code(name: str) -> str:
    return f"tst-adm2:{name}"


def province(name: str) -> str:
    return "tst-adm1:w" if name[0] in "abi" else "tst-adm1:e"


def neighbours() -> list[tuple[str, str, str]]:
    """Every pair of units that lie beside each other, with the kind."""
    pairs = [("d4", "i1", "ferry"), ("i1", "i2", "land")]
    for x, column in enumerate(COLUMNS):
        for y, row in enumerate(ROWS):
            if x + 1 < len(COLUMNS):
                pairs.append((column + row, COLUMNS[x + 1] + row, "land"))
            if y + 1 < len(ROWS):
                pairs.append((column + row, column + ROWS[y + 1], "land"))
    return pairs


def hexagons(name: str = "Hexagons", km: float = 40.0, within: str = WEST) -> Wish:
    return Wish(name, within=within, whole=Cutting("hexagons", km))


def cells(customers: int, name: str = "Cells", within: str = WEST) -> Wish:
    return Wish(name, within=within, whole=Cutting("customers", customers))


@pytest.fixture
def country(session):
    """The country's boundaries; every regency has 100 people."""
    where = {
        f"{column}{row}": (x, len(ROWS) - 1 - y)
        for x, column in enumerate(COLUMNS)
        for y, row in enumerate(ROWS)
    } | {"i1": (5, -0.5), "i2": (6, -0.5)}
    session.execute(
        text(
            "INSERT INTO boundary_layers (code, name, country, level, parent, source, vintage,"
            " licence, attribution) VALUES ('tst-adm1', 'Provinces', 'TS', 1, NULL, '', '', '',"
            " ''), ('tst-adm2', 'Regencies', 'TS', 2, 'tst-adm1', '', '', '', '')"
        )
    )
    for name, parent, box, people in [
        ("tst-adm1:w", None, (0, 0, 2, 4), 1000),
        ("tst-adm1:e", None, (2, 0, 4, 4), 800),
        *((code(n), province(n), (x, y, x + 1, y + 1), 100) for n, (x, y) in where.items()),
    ]:
        session.execute(
            text(
                "INSERT INTO boundaries (code, layer, name, parent, country, population, area_km2,"
                " geom, outline, centre) SELECT :code, split_part(:code, ':', 1), :name, :parent,"
                " 'TS', :people, 12000, g, ST_Transform(g, 3857), ST_PointOnSurface(g) FROM"
                " (SELECT ST_Multi(ST_MakeEnvelope(:w, :s, :e, :n, 4326)) AS g) shape"
            ),
            {"code": name, "name": f"Unit {name.split(':')[1]}", "parent": parent}
            | dict(zip("wsen", box, strict=True))
            | {"people": people},
        )
    for a, b, kind in neighbours():
        session.execute(
            text(
                "INSERT INTO boundary_edges (a, b, layer, kind, length_m)"
                " VALUES (:a, :b, 'tst-adm2', :kind, 1000)"
            ),
            {"a": code(a), "b": code(b), "kind": kind},
        )
    session.commit()


@pytest.fixture
def design(session, actor, country):
    """Design territories of that country."""

    def run(count: int = 3, measure: Measure = Measure.POPULATION, **more):
        request = Request(
            "tst-adm2",
            count,
            measure,
            **({"tolerance": 0.2, "time_s": 60, "effort": 1, "proven": False} | more),
        )
        return designing.solve(designing.survey(session, actor, request), request)

    return run


def sliced(
    session, actor, count: int, measure: Measure, level: str = "tst-adm2"
) -> designing.Design:
    """The country cut into slices by code (from west to east), without asking the solver."""
    request = Request(level, count, measure, tolerance=0.5)
    ground = survey(session, request.level)
    district = np.arange(len(ground)) * count // len(ground)
    terms = districting.Terms(count, request.tolerance)
    plan = districting.evaluate(units_of(ground, measure), terms, district)
    return designing.Design(
        request=request,
        ground=ground,
        district=district,
        names=tuple(f"Slice {number + 1}" for number in range(count)),
        evaluation=evaluate(ground, measure, district, count),
        unplaced=Unplaced(0, 0.0),
        solved=Solved(districting.Proof(plan, None), terms, seed=1, effort=0, elapsed_s=0.0),
        balance=ground.rated(request.balance),
    )


@pytest.fixture
def add_plan(session, actor, country):
    """Save a draft of slices; `people` gives the users of territories by number."""

    def add(
        name: str = "Plan",
        count: int = 3,
        people=None,
        measure=Measure.POPULATION,
        level: str = "tst-adm2",
    ):
        plan = service.save(session, actor, name, sliced(session, actor, count, measure, level))
        for number, users in (people or {}).items():
            roles = {user.id: MemberRole.REP for user in users}
            members.set_members(session, actor, plan.id, None, number, roles)
        session.commit()
        return plan

    return add


@pytest.fixture
def go_live(session, actor):
    """Make a plan live and commit."""

    def go(plan):
        done = activation.activate(session, actor, plan.id)
        session.commit()
        return done

    return go


@pytest.fixture
def make(session, actor, country):
    """Make units, keep them and commit; gives their level."""

    def run(wish: Wish, by=None) -> MadeLevel:
        by = by or actor
        made = making.make(wish, making.read(session, by, wish))
        level = made_levels.keep(session, by, made_levels.put(session, by, made).code)
        session.commit()
        return level

    return run


@pytest.fixture
def shops(add_account):
    """Thirty shops in two regencies of the west, each at a place of its own."""
    rng = np.random.default_rng(3)
    made = []
    for x, y in rng.uniform(0.05, 0.95, (20, 2)).tolist():
        made.append(add_account(unit=code("a1"), at=(x, 3 + y), revenue=10.0))
    for x, y in rng.uniform(0.05, 0.95, (10, 2)).tolist():
        made.append(add_account(unit=code("b2"), at=(1 + x, 2 + y), revenue=1.0))
    return made


@pytest.fixture
def run_job(session, sessions):
    """Run a job to its end and give it back."""

    def run(job_id: int) -> JobRun:
        jobs.run(sessions, JOB_HANDLERS, wiring.actor_of, job_id)
        session.expire_all()
        return session.get(JobRun, job_id)

    return run
