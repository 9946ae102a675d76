"""Estimating, beginning, pausing, resuming and cancelling address batches."""

from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers.address_batches import engine, queries
from geocrm.customers.address_batches.models import AddressBatch
from geocrm.customers.address_batches.online import Estimate, Online
from geocrm.errors import Conflict, InvalidInput
from geocrm.geocoding import countries
from geocrm.jobs import service as jobs
from geocrm.security import Actor, audit

# Look-ups a second on two cores, from benchmarks/address_batch.py, with a margin for busier ones.
LOCAL_PER_S: Final = 1_500


class Forecast(NamedTuple):
    """What a batch would take, told before it begins."""

    addresses: int
    lookups: int
    local_s: float
    # Services that may be asked, how many addresses they probably would be, and what that takes.
    services: int
    online_lookups: int
    online: Estimate


def as_json(forecast: Forecast) -> dict[str, Any]:
    """A forecast as the API and the command line print it."""
    need = forecast.online
    return forecast._asdict() | {
        "online": {
            "num_requests": need.num_requests,
            "costs": dict(need.costs),
            "seconds": need.seconds,
        }
    }


def require_right(actor: Actor) -> None:
    """Raise Forbidden unless the actor's role may look addresses up for its customers."""
    actor.require("update", "account")


def estimate(session: Session, actor: Actor, choice: str, online: Online) -> Forecast:
    """What a batch of this choice would take, with the services and without."""
    require_right(actor)
    extent = queries.extent(session, _known(choice))
    asked = extent.coarse + round(extent.unknown * extent.coarse_share)
    return Forecast(
        addresses=extent.addresses,
        lookups=extent.lookups,
        local_s=extent.lookups / LOCAL_PER_S,
        services=len(online.enabled(session)),
        online_lookups=asked,
        online=online.estimate(session, asked),
    )


def begin(
    session: Session, actor: Actor, choice: str, *, online: bool, country: str
) -> AddressBatch:
    """A batch of this choice; Conflict while an earlier one of the same person is not through."""
    require_right(actor)
    earlier = queries.unfinished(session, actor)
    if earlier is not None:
        raise Conflict(
            f"Your address batch {earlier.id} is not through yet ({earlier.state}): resume it or"
            " cancel it first"
        )
    found = AddressBatch(
        user_id=actor.user_id,
        choice=_known(choice),
        online=online,
        country=countries.require_code(country),
    )
    session.add(found)
    session.flush()  # its job names the id
    audit.record(
        session, actor, "geocode", f"address_batch:{found.id}", choice=choice, online=online
    )
    return found


def pause(session: Session, actor: Actor, batch_id: int) -> AddressBatch:
    """Let a batch rest after the chunk at hand; nothing is lost."""
    found = _held(session, actor, batch_id)
    if found.state != "running":
        raise Conflict(f"Address batch {batch_id} does not run ({found.state})")
    found.state, found.resume_at = "paused", None
    if found.job_id is not None and not jobs.has_ended(session, actor, found.job_id):
        jobs.pause(session, actor, found.job_id)
    return found


def resume(session: Session, actor: Actor, batch_id: int) -> AddressBatch:
    """Let a batch that rests, failed or was cut short go on from where it is."""
    found = _held(session, actor, batch_id)
    if found.finished or is_under_way(session, actor, found):
        raise Conflict(f"Address batch {batch_id} does not wait to be resumed ({found.state})")
    found.state, found.message = "running", ""
    return found


def is_under_way(session: Session, actor: Actor, found: AddressBatch) -> bool:
    """Whether a worker is at the batch, or will be; a command that runs one cannot be seen."""
    if found.state != "running" or found.job_id is None:
        return False
    return not jobs.has_ended(session, actor, found.job_id)


def cancel(session: Session, actor: Actor, batch_id: int) -> AddressBatch:
    """Stop a batch after the chunk at hand; what is written stays."""
    found = _held(session, actor, batch_id)
    if not found.finished:
        found.state, found.resume_at, found.finished_at = "cancelled", None, clock.now()
        engine.forget_items(session, batch_id)
        if found.job_id is not None:
            jobs.cancel(session, actor, found.job_id)
    return found


def fail(session: Session, batch_id: int, message: str) -> None:
    """Note that a batch cannot go on, and why."""
    found = queries.get_locked(session, batch_id)
    if found.state == "running":
        found.state, found.message = "failed", message


def _held(session: Session, actor: Actor, batch_id: int) -> AddressBatch:
    require_right(actor)
    queries.get(session, actor, batch_id)
    return queries.get_locked(session, batch_id)


def _known(choice: str) -> str:
    if choice not in queries.CHOICES:
        raise InvalidInput(
            f"There is no choice {choice!r}; choices are {', '.join(queries.CHOICES)}"
        )
    return choice
