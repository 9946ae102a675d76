"""A rep with a home in Bandung and customers around it."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from geocrm import clock
from geocrm.security import OPERATOR
from geocrm.visits import recording, service
from geocrm.visits.wishes import DayRequest

HOME = (107.60, -6.90)
TOMORROW = clock.today("Asia/Jakarta") + timedelta(days=1)


@pytest.fixture
def bandung(add_user, manager):
    """A rep who lives in Bandung."""
    return add_user(manager_id=manager.id, home=HOME)


@pytest.fixture
def around(add_account, bandung) -> Callable[..., Any]:
    """Add a customer of the rep, so many kilometres east of home."""

    def add(name: str, km: float = 1.0, **fields: Any) -> Any:
        fields = {"owner": bandung, "segment": "B", "at": (HOME[0] + km / 110, HOME[1])} | fields
        return add_account(name, **fields)

    return add


@pytest.fixture
def plan(session, bandung) -> Callable[..., Any]:
    """Plan the rep's day; every field has a default."""

    def make(actor: Any = OPERATOR, **fields: Any) -> Any:
        fields = {"day": TOMORROW, "shift_start_s": 8 * 3600, "shift_end_s": 17 * 3600} | fields
        made = service.plan_day(session, actor, bandung, DayRequest(**fields))
        session.commit()
        return made

    return make


@pytest.fixture
def tell(session) -> Callable[..., Any]:
    """Say what came of a visit."""

    def say(plan: Any, account: Any, outcome: str = "done", actor: Any = OPERATOR, **more: Any):
        more = {"client_id": str(uuid.uuid4())} | more
        stop = recording.record(
            session, actor, plan.id, recording.Report(account.id, outcome, **more)
        )
        session.commit()
        return stop

    return say
