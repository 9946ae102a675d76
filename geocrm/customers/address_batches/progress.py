"""What the stages of a run share: the batch held while it is written, and what went into it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from sqlalchemy.orm import Session

from geocrm.customers.address_batches import queries
from geocrm.customers.address_batches.models import AddressBatch
from geocrm.customers.placing_many import Placed
from geocrm.errors import Conflict
from geocrm.jobs import Cancelled, Paused

OpenBatch = Callable[[], AbstractContextManager[Session]]
# Told the look-ups done and in all; it raises when the batch is to stop.
Report = Callable[[int, int], None]


class Overtaken(Exception):
    """Another run of the batch was here first."""


def running(session: Session, batch_id: int) -> AddressBatch:
    """The batch, held until the transaction ends; Paused or Cancelled when it is to stop."""
    found = queries.get_locked(session, batch_id)
    if found.state == "paused":
        raise Paused
    if found.state == "cancelled":
        raise Cancelled
    if found.state == "done":
        raise Conflict(f"Address batch {batch_id} is done already")
    found.state, found.message = "running", ""
    return found


def count(found: AddressBatch, placed: Placed, num_accounts: int) -> None:
    """Add what became of the addresses of some items, of which there are so many."""
    found.moved += placed.moved
    found.reviews += placed.reviews
    found.spared += num_accounts - placed.asked


def count_grades(found: AddressBatch, changes: Mapping[str, int]) -> None:
    """Add look-ups by the grade of their answer."""
    grades = dict(found.grades)
    for grade, number in changes.items():
        grades[grade] = grades.get(grade, 0) + number
    found.grades = {grade: number for grade, number in grades.items() if number}
