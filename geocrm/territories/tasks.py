"""Designing in the background: with progress, cancellable, the result a new draft."""

import time
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.jobs import Cancelled, JobRun, Work
from geocrm.jobs import service as jobs
from geocrm.security import Actor
from geocrm.territories import designing, service
from geocrm.territories.designing import Request
from geocrm.territories.models import Measure

KIND: Final = "territories.design"
_REPORT_EVERY_S = 0.5


def start(session: Session, actor: Actor, request: Request, name: str) -> JobRun:
    """Queue a design; refuses at once what cannot be designed."""
    designing.survey(session, actor, request)
    params = asdict(request) | {"measure": request.measure.value, "name": name}
    return jobs.start(session, actor, KIND, params)


def run(work: Work) -> dict[str, Any]:
    """Design, and save what comes out as a draft; a cancelled one saves nothing."""
    params = dict(work.params)
    name = str(params.pop("name"))
    request = Request(**(params | {"measure": Measure(params["measure"])}))
    work.report(0, 100)
    with work.unit_of_work() as session:
        ground, unplaced = designing.survey(session, work.actor, request)
    progress = _Progress(work)
    found = designing.solve(
        ground, unplaced, request, cancelled=lambda: progress.cancelled, progress=progress.note
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


class _Progress:
    """Passes the solver's progress on, twice a second, and learns whether it was cancelled."""

    def __init__(self, work: Work) -> None:
        self.cancelled = False
        self._work = work
        self._next = 0.0

    def note(self, share: float) -> None:
        """Called between the solver's rounds, some milliseconds apart."""
        now = time.monotonic()
        if now < self._next or self.cancelled:
            return
        self._next = now + _REPORT_EVERY_S
        try:
            self._work.report(round(share * 100), 100)
        except Cancelled:
            # Raised from inside the solver it would lose nothing, but it may stop in its own way.
            self.cancelled = True
