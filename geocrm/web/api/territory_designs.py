"""API around a design: what there is to share out, the designs that run, ending one early."""

from typing import Any

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.jobs import JobRun
from geocrm.territories import preparing, tasks
from geocrm.territories.preparing import Found
from geocrm.web.access import permit

bp = APIBlueprint(
    "api_territory_designs", __name__, url_prefix="/api/v1/territories/designs", tag="Territories"
)


class Place(BaseModel):
    """A level, and the area of it that is divided; the whole level without."""

    level: str = Field(max_length=80)
    within: str | None = Field(default=None, max_length=80)


class Typed(Place):
    """The beginning of a name."""

    q: str = Field(min_length=1, max_length=80)


class Whose(Place):
    """A customer."""

    account: int


class Total(BaseModel):
    """All of a measure, and the unit that holds most of it."""

    whole: float
    largest: str
    load: float


class Rep(BaseModel):
    """Somebody who can be given a territory, and where they live."""

    id: int
    name: str
    lon: float | None
    lat: float | None


class Prepared(BaseModel):
    """What there is to share out; measures that are not known here are left out."""

    units: int
    box: tuple[float, float, float, float]
    totals: dict[str, Total]
    reps: list[Rep]


class Unit(BaseModel):
    """A unit and what it lies in."""

    code: str
    name: str
    parent: str | None


class Units(BaseModel):
    """Units by name."""

    items: list[Unit]


class Design(BaseModel):
    """A design that goes on: GET /api/v1/jobs/{id} tells how far it is."""

    id: int
    state: str
    name: str
    count: int
    time: float
    keep: int | None
    # Numbers of the territories of that plan that alone may change.
    focus: list[int]


class Designs(BaseModel):
    """The asker's own, the newest first."""

    items: list[Design]


@bp.get("")
@bp.output(Designs)
@bp.doc(summary="Designs that go on", security="token")
@permit("design", "territory")
def running() -> Designs:
    """Those the asker started and that have not ended."""
    return Designs(items=[_shown(job) for job in tasks.running(g.session, g.actor)])


@bp.post("/<int:job_id>/stop")
@bp.output(Design)
@bp.doc(summary="End a design now and keep the best plan so far", security="token")
@permit("design", "territory")
def stop(job_id: int) -> Design:
    """Unlike cancelling, which keeps nothing."""
    return _shown(tasks.stop(g.session, g.actor, job_id))


@bp.get("/ground")
@bp.input(Place, location="query", arg_name="place")
@bp.output(Prepared)
@bp.doc(summary="What a design would share out, and the reps there are", security="token")
@permit("design", "territory")
def ground(place: Place) -> dict[str, Any]:
    """Sums of each measure, its heaviest unit, and reps with their homes."""
    found = preparing.prepare(g.session, g.actor, place.level, place.within or None)
    return {
        "units": found.units,
        "box": found.box,
        "totals": {measure.value: total._asdict() for measure, total in found.totals.items()},
        "reps": [rep._asdict() for rep in found.reps],
    }


@bp.get("/units")
@bp.input(Typed, location="query", arg_name="asked")
@bp.output(Units)
@bp.doc(summary="Units of a level by name", security="token")
@permit("design", "territory")
def units(asked: Typed) -> Units:
    """A few, those whose name begins so first."""
    within = asked.within or None
    found = preparing.units_named(g.session, g.actor, asked.level, within, asked.q)
    return Units(items=[_unit(one) for one in found])


@bp.get("/unit")
@bp.input(Whose, location="query", arg_name="asked")
@bp.output(Unit)
@bp.doc(summary="The unit of a level that a customer lies in", security="token")
@permit("design", "territory")
def unit(asked: Whose) -> Unit:
    """So that a named customer can be kept where it is."""
    return _unit(preparing.unit_of_account(g.session, g.actor, asked.level, asked.account))


def _unit(found: Found) -> Unit:
    return Unit(code=found.code, name=found.name, parent=found.parent)


def _shown(job: JobRun) -> Design:
    keep = job.params["wishes"].get("keep")
    return Design(
        id=job.id,
        state=job.state,
        name=str(job.params["name"]),
        count=int(job.params["count"]),
        time=float(job.params["time_s"]),
        keep=int(keep) if keep and keep.isdecimal() else None,
        focus=list(job.params["wishes"].get("focus", ())),
    )
