"""API around a design: what there is to share out, the designs that run, ending one early."""

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from apiflask import APIBlueprint
from flask import g, request
from flask_babel import gettext as _
from pydantic import BaseModel, Field
from werkzeug.utils import secure_filename

from geocrm.errors import InvalidInput
from geocrm.jobs import JobRun
from geocrm.territories import kept_times, preparing, tasks
from geocrm.territories.preparing import Found
from geocrm.territories.travel_models import TravelTimes
from geocrm.territories.travel_times import Net
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


class Pairs(BaseModel):
    """Pairs of units: in the file, by the shortest way over those, by a straight line."""

    known: int
    pieced: int
    straight: int


class Times(BaseModel):
    """Travel times that were given, and what they tell of the units of an area."""

    id: int
    file: str
    level: str
    pairs: Pairs


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


@bp.post("/times")
@bp.output(Times, status_code=201)
@bp.doc(
    summary="Give travel times for a design",
    description="multipart/form-data with `file` (CSV with the columns from, to, minutes; up to"
    f" {kept_times.MAX_BYTES // 2**20} MB), `level` and, for an area of it, `within`. A design"
    " names the `id` as its `times`. What no design used for a day is deleted.",
    security="token",
)
@permit("design", "territory")
def give_times() -> Times:
    """Check the file for this ground, and keep its times."""
    given = request.files.get("file")
    level = request.form.get("level")
    if given is None or not given.filename or not level:
        raise InvalidInput(_("Choose a file with the columns from, to and minutes, and a level"))
    with TemporaryDirectory(prefix="geocrm-upload-") as folder, closing(given):
        path = Path(folder) / (secure_filename(given.filename)[-100:] or "times.csv")
        # One byte over the limit is enough to know that it is too large.
        path.write_bytes(given.stream.read(kept_times.MAX_BYTES + 1))
        within = request.form.get("within") or None
        return _told(*kept_times.put(g.session, g.actor, level, within, path))


@bp.get("/times/<int:times_id>")
@bp.input(Place, location="query", arg_name="place")
@bp.output(Times)
@bp.doc(summary="What given travel times tell of an area", security="token")
@permit("design", "territory")
def told_times(times_id: int, place: Place) -> Times:
    """Those one gave oneself, or that a plan goes by."""
    within = place.within or None
    return _told(*kept_times.told(g.session, g.actor, times_id, place.level, within))


def _told(times: TravelTimes, net: Net) -> Times:
    pairs = Pairs(**net.pairs._asdict())
    return Times(id=times.id, file=times.name, level=times.level, pairs=pairs)


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
