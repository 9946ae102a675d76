"""Asking services in the network about what the local steps left coarse, one after the other.

An item is marked before it is asked about. A batch that was killed while it waited asks about that
very item again, and the services' cache answers when the first answer had come.
"""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from geocrm import clock
from geocrm.customers.address_batches import queries
from geocrm.customers.address_batches.models import AddressBatch, AddressBatchItem
from geocrm.customers.address_batches.online import Asked, Online
from geocrm.customers.address_batches.progress import (
    OpenBatch,
    Report,
    count_grades,
    running,
)
from geocrm.customers.answers import query_of, row_of
from geocrm.customers.placing_many import place
from geocrm.customers.review_policy import NO_PLACE
from geocrm.geocoding import Alternative, Answer, Grade
from geocrm.jobs import Later
from geocrm.spatial.geodesy import great_circle_m

NAP_S: Final = 1.0
# What can be asked again this soon is waited for; else the worker does something else meanwhile.
PATIENCE_S: Final = 20.0
# A point so many of its own radii outside the place that was found here is in doubt.
DOUBT_RADII: Final = 2.0
_RANK: Final = {grade: rank for rank, grade in enumerate(Grade)}


def ask_all(
    open_batch: OpenBatch,
    sessions: sessionmaker[Session],
    batch_id: int,
    online: Online,
    report: Report,
) -> None:
    """Ask about every item that is left; raises Later when nobody can answer for a while."""
    while True:
        with open_batch() as session:
            item = _mark_next(session, running(session, batch_id))
        if item is None:
            return
        if item.question is not None:
            query = query_of(item.question)
            asked = online.ask(sessions, query, query.country)
            if asked.answer is None and asked.retry_in_s is not None:
                _wait(open_batch, batch_id, asked.retry_in_s, report)
                continue
            with open_batch() as session:
                _settle(session, running(session, batch_id), item, asked)
        with open_batch() as session:
            found = session.get_one(AddressBatch, batch_id)
            done, total = found.done, found.total
        report(done, total)


def _mark_next(session: Session, found: AddressBatch) -> queries.OnlineItem | None:
    """The next item, marked as being asked about; done with when its address was rewritten."""
    item = queries.next_online(session, found.id)
    if item is not None and item.question is None:
        _close(session, found, item, None)
    elif item is not None:
        _set_state(session, found.id, item.number, "asking")
    return item


def _settle(session: Session, found: AddressBatch, item: queries.OnlineItem, asked: Asked) -> None:
    """Write an answer that is finer than what was found here, and be done with the item."""
    current = session.get_one(AddressBatchItem, (found.id, item.number), populate_existing=True)
    if current.state != "asking":
        return  # another run of this batch was here first
    answer = asked.answer
    if answer is None or _RANK[answer.grade] >= _RANK[Grade(item.grade)]:
        _close(session, found, item, None)
        return
    assert item.question is not None
    answers = [(item.number, item.fingerprint, row_of(_with_doubt(answer, item.question)))]
    placed = place(session, answers, _ADDRESSEES, {"batch_id": found.id, "item": item.number})
    # Each address counts once, by where it ends up.
    found.moved += max(0, placed.moved - current.moved)
    if placed.moved:
        found.reviews += placed.reviews - current.reviews
    _close(session, found, item, answer.grade)


def _close(
    session: Session, found: AddressBatch, item: queries.OnlineItem, finer: Grade | None
) -> None:
    _set_state(session, found.id, item.number, "done")
    found.online_done += 1
    if finer is not None:
        count_grades(found, {item.grade: -1, finer.value: 1})


def _set_state(session: Session, batch_id: int, number: int, state: str) -> None:
    session.execute(
        update(AddressBatchItem)
        .where(AddressBatchItem.batch_id == batch_id, AddressBatchItem.item == number)
        .values(state=state)
        .execution_options(synchronize_session=False)
    )


def _with_doubt(answer: Answer, local: Any) -> Answer:
    """The answer; ambiguous when it lies well outside the place that was found here."""
    if local["lon"] is None or Grade(local["grade"]) in NO_PLACE:
        return answer
    assert answer.lon is not None
    assert answer.lat is not None
    away_m = great_circle_m(answer.lon, answer.lat, local["lon"], local["lat"])
    radius_m = local["radius_m"] or 0.0
    if away_m <= DOUBT_RADII * radius_m + (answer.radius_m or 0):
        return answer
    here = Alternative(
        local["label"] or "", Grade(local["grade"]), local["lon"], local["lat"], round(radius_m)
    )
    return replace(answer, ambiguous=True, alternatives=(here, *answer.alternatives))


def _wait(open_batch: OpenBatch, batch_id: int, seconds: float, report: Report) -> None:
    """Wait for a short while; for a longer one give the worker back."""
    with open_batch() as session:
        found = running(session, batch_id)
        found.resume_at = clock.now() + timedelta(seconds=seconds)
        done, total = found.done, found.total
    if seconds > PATIENCE_S:
        raise Later(seconds, "The services that could answer are limited or do not answer")
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(NAP_S, left))
        report(done, total)
    with open_batch() as session:
        running(session, batch_id).resume_at = None


_ADDRESSEES = """
    SELECT i.item AS no, a.account_id
    FROM address_batch_items i CROSS JOIN unnest(i.account_ids) a(account_id)
    WHERE i.batch_id = :batch_id AND i.item = :item
"""
