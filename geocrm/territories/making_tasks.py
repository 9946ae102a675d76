"""Making units in the background; what comes out is on trial until its maker keeps it."""

from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.jobs import JobRun, Work
from geocrm.jobs import service as jobs
from geocrm.security import Actor
from geocrm.territories import made_levels, making
from geocrm.territories.making import Wish

KIND: Final = "territories.units"


def start(session: Session, actor: Actor, wish: Wish) -> JobRun:
    """Queue the making of units; refuses at once what cannot be made."""
    made_levels.require_free(session, actor, wish.name)
    making.read(session, actor, wish)
    return jobs.start(session, actor, KIND, wish.record())


def run(work: Work) -> dict[str, Any]:
    """Cut the ground and put the units on trial; a cancelled one leaves nothing."""
    wish = Wish.of_record(work.params)
    work.report(0, 100)
    with work.unit_of_work() as session:
        ground = making.read(session, work.actor, wish)
    work.report(10, 100)
    made = making.make(wish, ground)
    work.report(80, 100)
    with work.unit_of_work() as session:
        level = made_levels.put(session, work.actor, made)
        return {"level": level.code, **made_levels.summary(made)}
