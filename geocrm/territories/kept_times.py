"""Travel times that somebody gave, kept for the plans designed with them.

An upload is its owner's alone until a plan is designed with it; from then on it comes with the plan
to whoever may design and sees that.
"""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.errors import InvalidInput, NotFound
from geocrm.jobs import JobRun
from geocrm.places import queries as places
from geocrm.security import Actor
from geocrm.territories import designing, travel_files
from geocrm.territories.designing import Design, Survey
from geocrm.territories.ground import Ground
from geocrm.territories.models import Plan
from geocrm.territories.requests import Request
from geocrm.territories.travel_models import TravelTimes
from geocrm.territories.travel_times import Net, Travel, Ways, speed_of

# Larger files take longer to read than a page may wait, and neighbours are enough.
MAX_BYTES: Final = 20 * 2**20
# Uploads of one person that no plan was designed with; the oldest make room.
MOST_UNUSED: Final = 10
UNUSED_DAYS: Final = 1
# The minutes that were asked for last: of 3,000 units they take a second, and 72 MB.
_last: dict[tuple[str, tuple[str, ...], float], Travel] = {}


class GivenTimes(NamedTuple):
    """Travel times that are kept, and the speed where no way leads over them."""

    id: int
    speed_kmh: float


def read(session: Session, level: str, path: Path) -> Ways:
    """The times of a file between units of a level, all of it checked."""
    return travel_files.read_ways(path, _codes(session, level, None))


def put(
    session: Session, actor: Actor, level: str, within: str | None, path: Path
) -> tuple[TravelTimes, Net]:
    """Keep the times of a file; InvalidInput for one that the area cannot be designed with."""
    actor.require("design", "territory")
    if path.stat().st_size > MAX_BYTES:
        raise InvalidInput(
            "{file} has more than {most} MB: leave out pairs that lie far apart, which take the"
            " shortest way over the others",
            file=path.name,
            most=MAX_BYTES // 2**20,
        )
    ways = read(session, level, path)
    net = ways.within(_codes(session, level, within))
    return keep(session, actor, level, ways), net


def keep(session: Session, actor: Actor, level: str, ways: Ways) -> TravelTimes:
    """Keep times that were read; those the actor has given before are the same."""
    actor.require("design", "territory")
    again = {"name": ways.called, "used_at": clock.now()}
    given = {
        "level": level,
        "digest": ways.digest,
        "content": _packed(ways),
        "created_by": actor.user_id,
    }
    # A page that is impatient sends the same file twice at once.
    kept = session.scalars(
        insert(TravelTimes)
        .values(given | again)
        .on_conflict_do_update(index_elements=["digest", "level", "created_by"], set_=again)
        .returning(TravelTimes),
        execution_options={"populate_existing": True},
    ).one()
    _make_room(session, actor)
    return kept


def kept_with(session: Session, actor: Actor, design: Design, ways: Ways) -> Design:
    """The design, its times kept and named."""
    kept = keep(session, actor, design.request.level, ways)
    times = {**design.request.wishes.times, "kept": kept.digest}
    wishes = replace(design.request.wishes, times=times)
    return replace(design, request=replace(design.request, wishes=wishes))


def get(session: Session, actor: Actor, times_id: int) -> TravelTimes:
    """The times, or NotFound, also when somebody else gave them and no plan goes by them."""
    actor.require("design", "territory")
    found = session.scalar(
        select(TravelTimes).where(
            TravelTimes.id == times_id,
            or_(TravelTimes.created_by == actor.user_id, _in_a_plan()),
        )
    )
    if found is None:
        raise NotFound("No travel times {id}: give the file again", id=str(times_id))
    return found


def of_like(session: Session, plan: Plan) -> TravelTimes | None:
    """The times that a plan was designed with; None where it had none, or they are not kept."""
    times = _wished(plan)
    return None if times is None else _of_digest(session, plan.level, times)


def told(
    session: Session, actor: Actor, times_id: int, level: str, within: str | None
) -> tuple[TravelTimes, Net]:
    """The times, and what they tell of the units of an area."""
    times = get(session, actor, times_id)
    return times, _between(times, level, _codes(session, level, within))


def named(
    session: Session, actor: Actor, survey: Survey, request: Request, given: GivenTimes
) -> Request:
    """The request with these travel times, as its plan will name them."""
    times = get(session, actor, given.id)
    codes = [unit.code for unit in survey.ground.units]
    between = _between(times, request.level, codes)
    record = between.record(given.speed_kmh) | {"kept": times.digest}
    times.used_at = clock.now()
    return replace(request, wishes=replace(request.wishes, times=record))


def timed(session: Session, survey: Survey, request: Request) -> Survey:
    """The survey with the travel times that are wished, where they are kept."""
    found = _of_digest(session, request.level, request.wishes.times)
    if found is None:
        return survey
    return designing.timed(survey, unpacked(found), speed_of(request.wishes.times))


def of_plan(session: Session, plan: Plan, ground: Ground) -> Travel | None:
    """The travel times that a saved plan was designed with; None where there are none here."""
    times, kept = _wished(plan), of_like(session, plan)
    if times is None or kept is None:
        return None
    codes, speed = tuple(unit.code for unit in ground.units), speed_of(times)
    key = (kept.digest, codes, speed)
    # Whoever asks why one unit lies where it does asks about the next one too.
    found = _last.get(key)
    if found is None:
        found = unpacked(kept).within(codes).travel(ground.lonlat(), speed)
        _last.clear()
        _last[key] = found
    return found


def forget_unused(session: Session) -> int:
    """Delete what nobody used for a day and no plan or waiting job names; how many went."""
    before = clock.now() - timedelta(days=UNUSED_DAYS)
    gone = delete(TravelTimes).where(TravelTimes.used_at < before, *_unused())
    return len(session.scalars(gone.returning(TravelTimes.id)).all())


# ------------------------------------------------------------------------------ what is kept


def _codes(session: Session, level: str, within: str | None) -> list[str]:
    return [unit.code for unit in places.units(session, level, within)]


def _between(times: TravelTimes, level: str, codes: list[str]) -> Net:
    if times.level != level:
        raise InvalidInput(
            "{file} is of units of {level}: give a file for those that are divided",
            file=times.name,
            level=times.level,
        )
    return unpacked(times).within(codes)


def _wished(plan: Plan) -> dict[str, Any] | None:
    return plan.params.get("request", {}).get("times") or None


def _of_digest(session: Session, level: str, times: Any) -> TravelTimes | None:
    """Whoever has a digest has it from a plan or a job they may see."""
    return session.scalar(
        select(TravelTimes)
        .where(TravelTimes.digest == times.get("kept"), TravelTimes.level == level)
        .order_by(TravelTimes.id)
        .limit(1)
    )


def _in_a_plan() -> ColumnElement[bool]:
    kept = Plan.params["request"]["times"]["kept"].astext
    return exists().where(kept == TravelTimes.digest)


def _in_a_job() -> ColumnElement[bool]:
    kept = JobRun.params["wishes"]["times"]["kept"].astext
    return exists().where(JobRun.finished_at.is_(None), kept == TravelTimes.digest)


def _unused() -> tuple[ColumnElement[bool], ...]:
    return ~_in_a_plan(), ~_in_a_job()


def _make_room(session: Session, actor: Actor) -> None:
    own = (
        select(TravelTimes.id)
        .where(TravelTimes.created_by == actor.user_id, *_unused())
        .order_by(TravelTimes.used_at.desc())
        .offset(MOST_UNUSED)
    )
    session.execute(delete(TravelTimes).where(TravelTimes.id.in_(own)))


def _packed(ways: Ways) -> bytes:
    """Only units that are named: a file of one province is not to carry all of a country."""
    used, ends = np.unique(np.stack([ways.start, ways.end]), return_inverse=True)
    start, end = ends.reshape(2, -1).astype(np.int32)
    out = io.BytesIO()
    text = "\n".join(ways.ids[row] for row in used.tolist()).encode()
    np.savez_compressed(
        out, ids=np.frombuffer(text, np.uint8), start=start, end=end, minutes=ways.minutes
    )
    return out.getvalue()


def unpacked(times: TravelTimes) -> Ways:
    """The times as they were given."""
    with np.load(io.BytesIO(times.content)) as held:
        ids = held["ids"].tobytes().decode().split("\n")
        return Ways(times.name, tuple(ids), held["start"], held["end"], held["minutes"])
