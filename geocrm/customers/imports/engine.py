"""Running an import block by block: stage, settle, write, move the cursor, all in one transaction.

Killed at any point it goes on behind the last committed block, because the cursor
(`imports.done`) moves with the rows. Two runs of one import cannot overlap: each block locks the
import's row and finds the cursor where it left it, or stops.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers.imports.kind import COMMON_COLUMNS, COMMON_DDL, Context, Kind, Staged
from geocrm.customers.imports.models import Import
from geocrm.customers.imports.source import Row, text_of
from geocrm.db import copy_rows, persistently
from geocrm.errors import Conflict

BLOCK_ROWS: Final = 5_000
# Cells of a block; a file of two thousand columns is cut into smaller blocks.
BLOCK_CELLS: Final = 400_000
UNDO_BLOCK: Final = 5_000

OpenBatch = Callable[[], AbstractContextManager[Session]]
Report = Callable[[int, int | None], None]


def blocks(rows: Iterator[Row], num_columns: int, skip: int = 0) -> Iterator[list[Row]]:
    """The rows in blocks of bounded size, without the first `skip`."""
    size = max(50, min(BLOCK_ROWS, BLOCK_CELLS // max(num_columns, 1)))
    rest = islice(rows, skip, None)
    while block := list(islice(rest, size)):
        yield block


def run(open_batch: OpenBatch, kind: Kind, context: Context, report: Report) -> None:
    """Bring in what is not in yet. Each block is one batch; `report` gets rows done and in all."""
    with open_batch() as session:
        found = session.get_one(Import, context.import_id)
        done, total = found.done, context.plan.total
        found.total = total
    report(done, total)
    source = context.plan.source
    for block in blocks(source.open_rows(), len(source.columns), done):
        _persistently(open_batch, kind, context, block, done)
        done += len(block)
        report(done, total)
    with open_batch() as session:
        found = _locked(session, context.import_id, done)
        kind.finish(session, context)
        found.state, found.finished_at = "done", clock.now()


def _persistently(
    open_batch: OpenBatch, kind: Kind, context: Context, block: Sequence[Row], done: int
) -> None:
    """Write a block; again when somebody else's work at the same moment got in its way."""

    def work() -> None:
        with open_batch() as session:
            _write(session, kind, context, block, done)

    persistently(work, f"Import {context.import_id}")


def _write(session: Session, kind: Kind, context: Context, block: Sequence[Row], done: int) -> None:
    found = _locked(session, context.import_id, done)
    stage(session, kind, context, block)
    kind.settle(session, context)
    kind.apply(session, context)
    session.execute(text(_KEEP_ROWS), {"import_id": context.import_id})
    for outcome, count in counts(session).items():
        setattr(found, outcome, getattr(found, outcome) + count)
    found.done = done + len(block)


def _locked(session: Session, import_id: int, done: int) -> Import:
    """The import, held until the batch ends; Conflict when it is not where this run left it."""
    found = session.scalars(
        select(Import).where(Import.id == import_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).one()
    if found.done != done:
        raise Conflict("This import is already running somewhere else; it goes on there")
    if found.state != "running":
        raise Conflict(f"This import was stopped ({found.state})")
    return found


def stage(session: Session, kind: Kind, context: Context, block: Sequence[Row]) -> None:
    """Put the block into the temporary table `import_stage`."""
    own = {**kind.columns, **kind.worked_out}
    columns = ", ".join([COMMON_DDL, *(f"{name} {type_}" for name, type_ in own.items())])
    session.execute(text("DROP TABLE IF EXISTS import_stage"))
    session.execute(text(f"CREATE TEMP TABLE import_stage ({columns}) ON COMMIT DROP"))
    # Before the rows are changed: PostgreSQL does not use an index in the transaction that made it
    # when rows had been updated before.
    for index in kind.indexes:
        session.execute(text(f"CREATE INDEX ON import_stage {index}"))
    staged = kind.read(session, context, block)
    names = list(kind.columns)
    copy_rows(
        session, "import_stage", [*COMMON_COLUMNS, *names], (_line(one, names) for one in staged)
    )


def _line(staged: Staged, names: Sequence[str]) -> list[Any]:
    cells = json.dumps([text_of(cell) for cell in staged.row.cells], ensure_ascii=False)
    common = [
        staged.row.number, "; ".join(staged.problems)[:1_000], "; ".join(staged.notes)[:1_000],
        cells.replace("\\u0000", ""),
    ]  # fmt: skip
    return [*common, *(staged.values.get(name) for name in names)]


def counts(session: Session) -> dict[str, int]:
    """How many rows of the block had each outcome, and how many have a note."""
    found = session.execute(text(_COUNT)).mappings().one()
    return {key: int(value) for key, value in found.items()}


def dry_run(
    session: Session, kind: Kind, context: Context, report: Report, limit: int | None = None
) -> dict[str, int]:
    """What an import would do, changing nothing but temporary tables. One transaction."""
    source = context.plan.source
    totals = dict.fromkeys(("created", "updated", "skipped", "failed", "warned"), 0)
    done = 0
    rows = source.open_rows() if limit is None else islice(source.open_rows(), limit)
    for block in blocks(rows, len(source.columns)):
        stage(session, kind, context, block)
        kind.settle(session, context)
        kind.remember(session, context)
        for outcome, count in counts(session).items():
            totals[outcome] += count
        done += len(block)
        report(done, context.plan.total)
    return {"read": done, **totals}


def preview(session: Session, kind: Kind, context: Context, limit: int) -> list[Mapping[str, Any]]:
    """The first rows with what will happen to each; changes nothing but temporary tables."""
    rows = list(islice(context.plan.source.open_rows(), limit))
    stage(session, kind, context, rows)
    kind.settle(session, context)
    return _staged_outcomes(session, limit)


def _staged_outcomes(session: Session, limit: int) -> list[Mapping[str, Any]]:
    """The first rows of the block at hand with what will happen to them."""
    rows = session.execute(
        text(
            "SELECT row_no, outcome, concat_ws('; ', nullif(problem, ''), nullif(note, ''))"
            " AS message,"
            " cells::json AS cells FROM import_stage ORDER BY row_no LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [dict(row) for row in rows.mappings()]


def undo(open_batch: OpenBatch, kind: Kind, import_id: int, report: Report) -> None:
    """Take the import back block by block; killed, it goes on where it was."""
    with open_batch() as session:
        total = int(session.execute(text(_LEFT), {"import_id": import_id}).scalar_one())
    done = 0
    report(0, total)
    while True:
        with open_batch() as session:
            found = session.scalars(
                select(Import).where(Import.id == import_id).with_for_update()
            ).one()
            targets = session.scalars(
                text(_TARGETS), {"import_id": import_id, "limit": UNDO_BLOCK}
            ).all()
            if not targets:
                found.state, found.finished_at = "undone", clock.now()
                return
            gone, spared = kind.undo(session, import_id, targets)
            found.undone += gone
            found.spared += spared
        done += len(targets)
        report(done, total)


_KEEP_ROWS = """
    INSERT INTO import_rows (import_id, row_no, outcome, target_id, version, message, cells, before)
    SELECT :import_id, row_no, outcome, CASE WHEN outcome <> 'skipped' THEN target_id END, version,
        concat_ws('; ', nullif(problem, ''), nullif(note, '')),
        CASE WHEN outcome = 'failed' THEN cells::jsonb END, before
    FROM import_stage
"""
_COUNT = """
    SELECT count(*) FILTER (WHERE outcome = 'created') AS created,
        count(*) FILTER (WHERE outcome = 'updated') AS updated,
        count(*) FILTER (WHERE outcome = 'skipped') AS skipped,
        count(*) FILTER (WHERE outcome = 'failed') AS failed,
        count(*) FILTER (WHERE outcome <> 'failed' AND note <> '') AS warned
    FROM import_stage
"""
_LEFT = """
    SELECT count(DISTINCT target_id) FROM import_rows
    WHERE import_id = :import_id AND outcome IN ('created', 'updated') AND target_id IS NOT NULL
"""
# Latest first, so that what was made last goes first.
_TARGETS = """
    SELECT DISTINCT target_id FROM import_rows
    WHERE import_id = :import_id AND outcome IN ('created', 'updated') AND target_id IS NOT NULL
    ORDER BY target_id DESC LIMIT :limit
"""
