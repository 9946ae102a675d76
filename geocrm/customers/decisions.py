"""Writing what a person decided about addresses, so that it can be taken back as it was.

Whoever decides goes through here: each address keeps an image of itself from before, and undoing
restores the images of those nobody changed since. The points that are replaced go to the history
of the address as well (a trigger sees to that).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers import decision_sql as sql
from geocrm.customers.decision_models import AddressDecision
from geocrm.customers.placements import Placement
from geocrm.customers.queries import UNTRUSTWORTHY
from geocrm.db import elevated, scoped_sql
from geocrm.errors import Conflict, NotFound
from geocrm.security import Actor, audit

KEPT_DAYS: Final = 30  # how long a decision can be taken back


class Undone(NamedTuple):
    """What came of undoing: addresses as they were before, and how many changed meanwhile."""

    account_ids: list[int]
    spared: int
    complete: bool


def begin(session: Session, actor: Actor, action: str, **details: Any) -> AddressDecision:
    """A decision that addresses are then written under; audited."""
    decision = AddressDecision(user_id=actor.user_id, action=action, details=details)
    session.add(decision)
    session.flush()  # its rows name the id
    audit.record(session, actor, f"address.{action}", f"address_decision:{decision.id}", **details)
    return decision


def place(
    session: Session, actor: Actor, decision: AddressDecision, placements: Iterable[Placement]
) -> list[int]:
    """Put addresses where a person says they are, also those that somebody pinned before."""
    rows = json.dumps([asdict(each) for each in placements], default=datetime.isoformat)
    return _write(session, actor, decision, sql.PLACE, rows)


def keep(
    session: Session, actor: Actor, decision: AddressDecision, seen: Mapping[int, str | None]
) -> list[int]:
    """Say that points are right as they are; by account the digest that was seen, None for any."""
    rows = json.dumps([{"account_id": each, "seen": digest} for each, digest in seen.items()])
    return _write(session, actor, decision, sql.KEEP, rows)


def own(session: Session, actor: Actor, decision_id: int) -> AddressDecision:
    """The decision, locked, when it is the actor's and stands; NotFound or Conflict else."""
    actor.require("update", "account")
    found = session.scalar(
        select(AddressDecision)
        .where(AddressDecision.id == decision_id, AddressDecision.user_id == actor.user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(f"No decision {decision_id} of yours")
    if found.undone_at is not None:
        raise Conflict("This decision was taken back already")
    return found


def undo(session: Session, actor: Actor, decision_id: int, limit: int = 1_000) -> Undone:
    """Take back up to `limit` addresses of the actor's own decision; call again until complete.

    Addresses that changed since are left as they are. Those that the actor sees no longer, because
    the decision moved them into another's territory, are taken back like the others.
    """
    decision = own(session, actor, decision_id)
    with elevated(session):
        handled = scoped_sql(session, sql.SOME, {"id": decision_id, "limit": limit}).scalars().all()
        restored = _restore(session, actor, decision_id, handled)
    decision.restored += len(restored)
    decision.spared += len(handled) - len(restored)
    complete = len(handled) < limit
    if complete:
        decision.undone_at = clock.now()
        figures = {"restored": decision.restored, "spared": decision.spared}
        audit.record(session, actor, "address.undo", f"address_decision:{decision_id}", **figures)
    session.flush()
    # The address that was decided about comes before those like it.
    restored.sort(key=lambda account_id: account_id != decision.details.get("account"))
    session.expire_all()
    return Undone(restored, len(handled) - len(restored), complete)


def latest(session: Session, actor: Actor, limit: int = 1) -> Sequence[AddressDecision]:
    """The actor's newest decisions that can be taken back."""
    return session.scalars(
        select(AddressDecision)
        .where(
            AddressDecision.user_id == actor.user_id,
            AddressDecision.undone_at.is_(None),
            AddressDecision.changed > 0,
            AddressDecision.at > clock.now() - timedelta(days=KEPT_DAYS),
        )
        .order_by(AddressDecision.id.desc())
        .limit(limit)
    ).all()


def forget(session: Session) -> int:
    """Delete images that may be kept no longer: old ones, and those a provider's terms end."""
    session.execute(
        delete(AddressDecision).where(AddressDecision.at < clock.now() - timedelta(days=KEPT_DAYS)),
        execution_options={"synchronize_session": False},
    )
    with elevated(session):
        return scoped_sql(session, sql.FORGET).rowcount


# ------------------------------------------------------------------------------- inner parts


def _write(
    session: Session, actor: Actor, decision: AddressDecision, change: str, rows: str
) -> list[int]:
    session.flush()
    _let_pins_move(session, True)
    values = {"rows": rows, "decision": decision.id, "user": actor.user_id}
    changed = list(scoped_sql(session, change, values).scalars())
    _let_pins_move(session, False)
    _count_up(session, actor, changed)
    place_in_scope(session, changed)
    decision.changed += len(changed)
    session.flush()
    session.expire_all()
    return changed


def _let_pins_move(session: Session, may: bool) -> None:
    # Only for the statement at hand: whatever follows in the transaction keeps off pins again.
    session.execute(
        text("SELECT set_config('geocrm.unpin', :may, true)"), {"may": "on" if may else ""}
    )


def _count_up(session: Session, actor: Actor, account_ids: Sequence[int]) -> None:
    values = {"ids": list(account_ids), "user": actor.user_id}
    scoped_sql(session, sql.COUNT_UP, values)


def place_in_scope(session: Session, account_ids: Sequence[int]) -> None:
    """Bring point, unit and territory of these accounts in line with their addresses."""
    values = {"ids": list(account_ids), "coarse": list(UNTRUSTWORTHY)}
    scoped_sql(session, sql.PLACE_IN_SCOPE, values)


def _restore(
    session: Session, actor: Actor, decision_id: int, account_ids: Sequence[int]
) -> list[int]:
    values = {"id": decision_id, "ids": list(account_ids)}
    _let_pins_move(session, True)
    restored = list(scoped_sql(session, sql.RESTORE, values).scalars())
    # The trigger says that a new point answers the address as it is; the image knows better.
    scoped_sql(session, sql.RESTORE_ANSWERED, {"id": decision_id, "ids": restored})
    _let_pins_move(session, False)
    scoped_sql(session, sql.DROP_IMAGES, values)
    _count_up(session, actor, restored)
    place_in_scope(session, restored)
    return restored
