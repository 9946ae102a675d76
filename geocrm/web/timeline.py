"""The timeline of a customer: what each room gives of it, merged by time."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.customers import queries
from geocrm.customers import timeline as customers
from geocrm.customers.timeline import Event, Part
from geocrm.errors import InvalidInput
from geocrm.maps.bulk import history as bulk
from geocrm.sales import timeline as sales
from geocrm.security import Actor

PARTS: Final[tuple[Part, ...]] = (customers.part, sales.part, bulk.part)
KINDS: Final = (*customers.KINDS, sales.KIND)


class Page(NamedTuple):
    """Some entries, newest first, and the cursor of the page after them."""

    events: list[Event]
    next: str | None


def page(
    session: Session,
    actor: Actor,
    account_id: int,
    kinds: Sequence[str] = (),
    cursor: str | None = None,
    limit: int = customers.PAGE,
) -> Page:
    """A page of the timeline of a visible account: one statement a room."""
    wrong = [kind for kind in kinds if kind not in KINDS]
    if wrong:
        raise InvalidInput(
            "There is no kind “{name}”; kinds are {choices}",
            name=wrong[0][:60],
            choices=", ".join(KINDS),
        )
    queries.get(session, account_id)
    before = customers.read_cursor(cursor)
    wanted = [kind for kind in kinds or KINDS if _may(actor, kind)]
    found = [part(session, account_id, wanted, before, limit + 1) for part in PARTS]
    events = customers.merged(found, limit + 1)
    more = len(events) > limit
    return Page(events[:limit], customers.cursor_of(events[limit - 1]) if more else None)


def counts(session: Session, actor: Actor, account_id: int) -> Mapping[str, int]:
    """How many entries there are of each kind that the actor may see."""
    found = customers.counts(session, account_id)
    found[bulk.KIND] = found.get(bulk.KIND, 0) + bulk.count(session, account_id)
    if _may(actor, sales.KIND):
        found[sales.KIND] = sales.count(session, account_id)
    return {kind: found[kind] for kind in KINDS if found.get(kind)}


def _may(actor: Actor, kind: str) -> bool:
    return kind != sales.KIND or actor.may("read", "order")
