"""Designing in the background: with progress, cancellable, the result a new draft."""

import json
import time
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.jobs import Cancelled, JobRun, Work
from geocrm.jobs import service as jobs
from geocrm.security import Actor
from geocrm.territories import designing, service
from geocrm.territories.designing import Request
from geocrm.territories.solving import Moment

KIND: Final = "territories.design"
_REPORT_EVERY_S = 0.5


def start(session: Session, actor: Actor, request: Request, name: str) -> JobRun:
    """Queue a design; refuses at once what cannot be designed."""
    designing.survey(session, actor, request)
    return jobs.start(session, actor, KIND, request.record() | {"name": name})


def run(work: Work) -> dict[str, Any]:
    """Design, and save what comes out as a draft; a cancelled one saves nothing."""
    params = dict(work.params)
    name = str(params.pop("name"))
    request = Request.of_record(params)
    work.report(0, 100)
    with work.unit_of_work() as session:
        surveyed = designing.survey(session, work.actor, request)
    progress = _Progress(work)
    found = designing.solve(
        surveyed, request, cancelled=lambda: progress.cancelled, progress=progress.note
    )
    if progress.cancelled:
        raise Cancelled
    with work.unit_of_work() as session:
        plan = service.save(session, work.actor, name, found)
        return {
            "plan_id": plan.id,
            "tolerance_met": found.tolerance_met,
            "max_deviation": found.evaluation.max_deviation,
        }


def _curve_point(moment: Moment) -> str:
    """Best value and bound for whoever watches; empty while nothing is known."""
    known = {"best": moment.best, "bound": moment.bound}
    return "" if moment.best is None else json.dumps(known)


class _Progress:
    """Passes the solver's progress on, twice a second, and learns whether it was cancelled."""

    def __init__(self, work: Work) -> None:
        self.cancelled = False
        self._work = work
        self._next = 0.0

    def note(self, moment: Moment) -> None:
        """Called between the solver's rounds, some milliseconds apart."""
        now = time.monotonic()
        if now < self._next or self.cancelled:
            return
        self._next = now + _REPORT_EVERY_S
        try:
            self._work.report(round(moment.share * 100), 100, _curve_point(moment))
        except Cancelled:
            # Raised from inside the solver it would lose nothing, but it may stop in its own way.
            self.cancelled = True
