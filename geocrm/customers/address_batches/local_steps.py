"""The local steps of a batch: chunk by chunk, looked up in one place and written in another."""

from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice
from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from geocrm.customers.address_batches import queries
from geocrm.customers.address_batches.lookups import Lookups, Row, open_lookups
from geocrm.customers.address_batches.models import AddressBatch
from geocrm.customers.address_batches.progress import (
    OpenBatch,
    Overtaken,
    Report,
    count,
    count_grades,
    running,
)
from geocrm.customers.answers import COLUMNS
from geocrm.customers.placing_many import place
from geocrm.db import persistently, scoped_sql

CHUNK: Final = 2_000
_GRADE: Final = list(COLUMNS).index("grade")


def look_up_all(
    open_batch: OpenBatch, sessions: sessionmaker[Session], batch_id: int, report: Report
) -> None:
    """Look up and write what is left of the batch's list."""
    while True:
        with open_batch() as session:
            found = running(session, batch_id)
            reached, left = found.local_done, found.lookups - found.local_done
            country = found.country
        try:
            with open_lookups(sessions, left) as lookups:
                for chunk, rows in _answered(open_batch, batch_id, lookups, reached, country):
                    report(*_write(open_batch, batch_id, chunk, rows))
            return
        except Overtaken:
            continue


def _answered(
    open_batch: OpenBatch, batch_id: int, lookups: Lookups, after: int, country: str
) -> Iterator[tuple[queries.Chunk, list[Row]]]:
    """Chunks with their answers, in order; the next ones are looked up while one is written."""
    chunks = _chunks(open_batch, batch_id, after)
    under_way: deque[queries.Chunk] = deque()
    for chunk in islice(chunks, lookups.width):
        lookups.send(chunk.asked, country)
        under_way.append(chunk)
    ahead = next(chunks, None)
    while under_way:
        chunk, rows = under_way.popleft(), lookups.receive()
        if ahead is not None:
            lookups.send(ahead.asked, country)
            under_way.append(ahead)
        yield chunk, rows
        ahead = next(chunks, None) if ahead is not None else None


def _chunks(open_batch: OpenBatch, batch_id: int, after: int) -> Iterator[queries.Chunk]:
    while True:
        with open_batch() as session:
            chunk = queries.chunk(session, batch_id, after, CHUNK)
        if chunk is None:
            return
        yield chunk
        after = chunk.last


def _write(
    open_batch: OpenBatch, batch_id: int, chunk: queries.Chunk, rows: list[Row]
) -> tuple[int, int]:
    """Write a chunk and move the cursor; the look-ups done and in all."""

    def work() -> tuple[int, int]:
        with open_batch() as session:
            found = running(session, batch_id)
            if found.local_done != chunk.first - 1:
                raise Overtaken
            _place(session, found, chunk, rows)
            found.local_done = chunk.last
            return found.done, found.total

    return persistently(work, f"Address batch {batch_id}")


def _place(session: Session, found: AddressBatch, chunk: queries.Chunk, rows: list[Row]) -> None:
    span = {"batch_id": found.id, "first": chunk.first, "last": chunk.last}
    answers = zip(chunk.asked_items, rows, strict=True)
    placed = place(session, ((*item, row) for item, row in answers), _ADDRESSEES, span)
    count(found, placed, chunk.num_accounts)
    count_grades(found, Counter(row[_GRADE] for row in rows))
    if found.online:
        marked = scoped_sql(session, _FOR_ONLINE, span)
        found.online_total += marked.rowcount


_ADDRESSEES = """
    SELECT i.item AS no, a.account_id
    FROM address_batch_items i CROSS JOIN unnest(i.account_ids) a(account_id)
    WHERE i.batch_id = :batch_id AND i.item BETWEEN :first AND :last
"""
# Where an address that got the answer, or kept what it had, lies coarser than on its street.
_FOR_ONLINE = f"""
    UPDATE address_batch_items i SET state = 'online', grade = p.grade,
        moved = (SELECT count(*) FROM new_places w WHERE w.no = i.item AND w.moves),
        reviews = (SELECT count(*) FROM new_places w
                   WHERE w.no = i.item AND w.moves AND p.review = 'open')
    FROM new_points p
    WHERE i.batch_id = :batch_id AND i.item BETWEEN :first AND :last AND p.no = i.item
      AND EXISTS (SELECT FROM new_places w
                  JOIN addresses d ON d.account_id = w.account_id
                  JOIN account_scope s ON s.account_id = w.account_id
                  WHERE w.no = i.item AND d.grade NOT IN {queries.STREET_LEVEL} AND {{scope:s}})
"""
