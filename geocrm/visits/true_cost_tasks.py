"""Measuring the true cost of plans: at once, or in the background with progress.

The result is that of the job and belongs to whoever asked: it counts the customers they see.
Nothing is written before the end, so a measurement that is cancelled or killed leaves nothing.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.jobs import Cancelled, JobRun, Work
from geocrm.jobs import service as jobs
from geocrm.security import Actor
from geocrm.visits import true_cost, true_cost_queries, true_cost_report
from geocrm.visits.true_cost_queries import KIND as KIND
from geocrm.visits.true_cost_queries import Side
from geocrm.visits.true_cost_terms import Asked

_REPORT_EVERY_S: Final = 0.5


def start(
    session: Session, actor: Actor, plan_id: int, against: int | None, asked: Asked
) -> JobRun:
    """Queue the measuring; refuses at once what cannot be measured."""
    true_cost_queries.refuse(session, actor, plan_id, against)
    params = {"plan_id": plan_id, "against": against, "asked": asked.record()}
    return jobs.start(session, actor, KIND, params)


def read(
    session: Session, actor: Actor, plan_id: int, against: int | None, asked: Asked
) -> list[Side]:
    """The plans to be measured, one or two."""
    true_cost_queries.refuse(session, actor, plan_id, against)
    return [
        true_cost_queries.side(session, actor, one, asked)
        for one in (plan_id, against)
        if one is not None
    ]


def measure(
    sides: Sequence[Side],
    asked: Asked,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] = lambda _: None,
) -> dict[str, Any] | None:
    """The document of the measurement; None when it was stopped."""
    began, found = time.monotonic(), []
    for at, side in enumerate(sides):

        def note(share: float, before: int = at) -> None:
            progress((before + share) / len(sides))

        weeks = true_cost.measure(
            side.territories, side.accounts, asked, side.ferries,
            should_stop=should_stop, progress=note,
        )  # fmt: skip
        if should_stop():
            return None
        found.append(true_cost_report.kept(side, weeks, asked))
    elapsed_s = time.monotonic() - began
    measured_at = clock.now().isoformat(timespec="seconds")
    return true_cost_report.document(found, asked, elapsed_s, measured_at)


def run(work: Work) -> dict[str, Any]:
    """Measure in the background."""
    asked = Asked(**work.params["asked"])
    work.report(0, 100)
    with work.unit_of_work() as session:
        sides = read(
            session, work.actor, int(work.params["plan_id"]), work.params["against"], asked
        )
    pace = _Pace(work)
    found = measure(sides, asked, should_stop=pace.stop, progress=pace.note)
    if found is None:
        raise Cancelled
    return found


class _Pace:
    """Passes progress on, twice a second, and learns whether the job was cancelled."""

    def __init__(self, work: Work) -> None:
        self._cancelled = False
        self._work, self._next, self._share = work, 0.0, 0.0

    def note(self, share: float) -> None:
        """Remember how far it is."""
        self._share = share

    def stop(self) -> bool:
        """Whether to stop; asked before every day that is planned."""
        now = time.monotonic()
        if not self._cancelled and now >= self._next:
            self._next = now + _REPORT_EVERY_S
            try:
                self._work.report(round(self._share * 100), 100)
            except Cancelled:
                self._cancelled = True
        return self._cancelled
