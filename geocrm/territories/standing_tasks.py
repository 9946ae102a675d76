"""Measuring in the background where a plan stands."""

import time
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput
from geocrm.jobs import Cancelled, JobRun, Work
from geocrm.jobs import service as jobs
from geocrm.security import Actor
from geocrm.territories import standing

KIND: Final = "territories.standing"
_REPORT_EVERY_S = 0.5


def start(session: Session, actor: Actor, plan_id: int, num_plans: int, seed: int) -> JobRun:
    """Queue the measuring of a plan; refuses at once what cannot be measured."""
    asked = standing.read(session, actor, plan_id)
    if asked.count < 2:
        raise InvalidInput(
            "One territory can be drawn in one way only: there is nothing to compare"
        )
    if not 1 <= num_plans <= standing.MAX_PLANS:
        raise InvalidInput(
            "Ask for 1 to {most} plans, not {asked}",
            most=standing.MAX_PLANS,
            asked=num_plans,
        )
    params = {"plan_id": plan_id, "num_plans": num_plans, "seed": seed}
    return jobs.start(session, actor, KIND, params)


def run(work: Work) -> dict[str, Any]:
    """Measure, and keep what comes out with the plan; a cancelled one keeps nothing."""
    plan_id = int(work.params["plan_id"])
    work.report(0, 100)
    with work.unit_of_work() as session:
        asked = standing.read(session, work.actor, plan_id)
        asked = standing.by_travel(session, work.actor, asked)
    pace = _Pace(work)
    found = standing.measure(
        asked,
        num_plans=int(work.params["num_plans"]),
        seed=int(work.params["seed"]),
        should_stop=pace.stop,
        progress=pace.note,
    )
    if pace.cancelled:
        raise Cancelled
    with work.unit_of_work() as session:
        standing.keep(session, work.actor, plan_id, found)
    return {"plan_id": plan_id, "plans": found["plans"]}


class _Pace:
    """Passes progress on, twice a second, and learns whether the job was cancelled."""

    def __init__(self, work: Work) -> None:
        self.cancelled = False
        self._work, self._next, self._share = work, 0.0, 0.0

    def note(self, share: float) -> None:
        """Remember how far it is."""
        self._share = share

    def stop(self) -> bool:
        """Whether to stop; asked often, also while nothing advances."""
        now = time.monotonic()
        if not self.cancelled and now >= self._next:
            self._next = now + _REPORT_EVERY_S
            try:
                self._work.report(round(self._share * 100), 100)
            except Cancelled:
                self.cancelled = True
        return self.cancelled
