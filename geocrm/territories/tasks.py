"""Designing in the background: with progress, cancellable, the result a new draft."""

import json
import math
import time
from collections.abc import Sequence
from threading import Lock
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.errors import Conflict
from geocrm.jobs import Cancelled, JobRun, Work
from geocrm.jobs import queries as job_queries
from geocrm.jobs import service as jobs
from geocrm.security import Actor
from geocrm.territories import designing, kept_times, service
from geocrm.territories.designing import Design
from geocrm.territories.kept_times import GivenTimes
from geocrm.territories.relaxing import missed_measure
from geocrm.territories.requests import Request
from geocrm.territories.solving import SEARCH_SHARE, Moment

KIND: Final = "territories.design"
_REPORT_EVERY_S = 0.5
# A curve of so many points is as fine as anybody sees; beyond, every other one goes.
_MOST_POINTS = 120


def start(
    session: Session, actor: Actor, request: Request, name: str, times: GivenTimes | None = None
) -> JobRun:
    """Queue a design, by these travel times; refuses at once what cannot be designed."""
    surveyed = designing.survey(session, actor, request)
    if times is not None:
        request = kept_times.named(session, actor, surveyed, request, times)
    return jobs.start(session, actor, KIND, request.record() | {"name": name})


def running(session: Session, actor: Actor) -> Sequence[JobRun]:
    """The actor's designs that go on, the newest first."""
    actor.require("design", "territory")
    return job_queries.unfinished(session, actor, KIND)


def stop(session: Session, actor: Actor, job_id: int) -> JobRun:
    """End a design now; the best plan so far becomes the draft."""
    actor.require("design", "territory")
    job = job_queries.get(session, actor, job_id)
    if job.kind != KIND:
        raise Conflict("Job {number} designs nothing: it can be cancelled", number=str(job_id))
    return jobs.end_early(session, actor, job_id)


def run(work: Work) -> dict[str, Any]:
    """Design, and save what comes out as a draft; a cancelled one saves nothing."""
    params = dict(work.params)
    name = str(params.pop("name"))
    request = Request.of_record(params)
    work.report(0, 100)
    with work.unit_of_work() as session:
        surveyed = designing.survey(session, work.actor, request)
        surveyed = kept_times.timed(session, surveyed, request)
    watch = _Watch(work)
    found = designing.solve(surveyed, request, cancelled=watch.ends, progress=watch.note)
    watch.tell()
    if watch.cancelled:
        raise Cancelled
    with work.unit_of_work() as session:
        plan = service.save(session, work.actor, name, found)
        return _outcome(found, watch.kept) | {"plan_id": plan.id, "name": plan.name}


def _outcome(found: Design, kept: bool) -> dict[str, Any]:
    """What the page says of a design that has ended."""
    proof = found.solved.document()
    by_clock = proof["stopped"] != "finished"
    return {
        "tolerance_met": found.tolerance_met,
        "max_deviation": _off(found),
        # Who ended it: the person who kept what there was, the clock, or nobody.
        "stopped": "person" if kept else "clock" if by_clock else "finished",
        "elapsed_s": round(found.elapsed_s, 1),
        "gap": proof["gap"],
        "bound_kind": proof["bound_kind"],
        "proven_optimal": proof["proven_optimal"],
        "moved": proof["moved"],
        "focus": found.focus_record(),
        "held": proof["held"],
        "missed": None if found.tolerance_met else _missed(found),
    }


def _off(found: Design) -> float:
    """The largest deviation of what was designed."""
    if found.focus is not None:
        return float(found.solved.plan.max_deviation[0])
    return found.evaluation.max_deviation


def _missed(found: Design) -> dict[str, Any]:
    """Which limit was out of reach, and the smallest relaxation that is known to work."""
    plan, at = found.solved.plan, missed_measure(found.solved)
    by_unit = "unit" in plan.binding and not at
    name = plan.measures[at] if at else None
    return {
        # A measure of its own limits; None where it is what is balanced.
        "measure": name,
        "asked": found.request.wishes.tolerances.get(name) if name else found.request.tolerance,
        # Rounded up to what a person would type, so that allowing it is enough.
        "reached": math.ceil(float(plan.max_deviation[at]) * 1000 - 1e-6) / 1000,
        "unit": found.searched[plan.floor.unit] if by_unit else None,
        "floor": plan.floor.deviation if by_unit else None,
        # By how much a focus as a whole is off, when that rules it out.
        "mean": _mean_off(found, at),
        "least": float(plan.load[:, at].min()),
        "most": float(plan.load[:, at].max()),
    }


def _mean_off(found: Design, at: int) -> float | None:
    solved = found.solved
    name = f"mean:{solved.plan.measures[at]}" if at else "mean"
    if name not in solved.plan.binding:
        return None
    return 1 / float(solved.terms.ideal_totals(at + 1)[at]) - 1


class _Watch:
    """Tells the page how the search goes, twice a second, and learns what the person wants.

    The solver asks from several threads; the one that finds another at it goes on.
    """

    def __init__(self, work: Work) -> None:
        self.cancelled = False
        self.kept = False
        self._work = work
        self._began = time.monotonic()
        self._next = 0.0
        self._moment = Moment(0.0, None, None)
        # Seconds since the start, best value, bound: wherever one of the two changed.
        self._curve: list[tuple[float, float | None, float | None]] = []
        self._lock = Lock()

    def note(self, moment: Moment) -> None:
        """Called between the solver's rounds, some milliseconds apart."""
        with self._lock:
            self._moment = moment
            known = (moment.best, moment.bound)
            if moment.best is not None and (not self._curve or self._curve[-1][1:] != known):
                self._curve.append((round(time.monotonic() - self._began, 2), *known))
                # The first and the last stay.
                if len(self._curve) > _MOST_POINTS:
                    self._curve[1:-1:2] = []

    def ends(self) -> bool:
        """Whether the person wants it to end, be it to keep the plan or not."""
        if time.monotonic() >= self._next and self._lock.acquire(blocking=False):
            try:
                self._next = time.monotonic() + _REPORT_EVERY_S
                self._tell()
            finally:
                self._lock.release()
        return self.cancelled or self.kept

    def tell(self) -> None:
        """Report the end of the curve."""
        with self._lock:
            self._tell()

    def _tell(self) -> None:
        share = round(self._moment.share * 100)
        try:
            self._work.report(share, 100, json.dumps(self._shown()))
            self.kept = self._work.ends_early()
        except Cancelled:
            # Raised from inside the solver it would lose nothing, but it may stop in its own way.
            self.cancelled = True

    def _shown(self) -> dict[str, Any]:
        moment = self._moment
        return {
            "best": moment.best,
            "bound": moment.bound,
            "proving": moment.share >= SEARCH_SHARE,
            "elapsed_s": round(time.monotonic() - self._began, 1),
            "curve": self._curve,
        }
