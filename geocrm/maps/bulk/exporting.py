"""The action export: a file that appears whole or not at all."""

import logging
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput, ServiceUnavailable
from geocrm.jobs import Cancelled, Paused
from geocrm.maps.bulk import columns, meant, queries
from geocrm.maps.bulk.action import Forecast, Running, only, words
from geocrm.maps.bulk.files import FORMATS, MAX_SHEET_ROWS, Writer, open_writer
from geocrm.maps.bulk.models import BulkRun
from geocrm.security import Actor

CHUNK: Final = 2_000
log = logging.getLogger(__name__)


class Export:
    """Write accounts to a file."""

    name = "export"
    right = ("export", "account")
    images = False
    most: int | None = None

    def read(self, session: Session, actor: Actor, params: Mapping[str, Any]) -> dict[str, Any]:
        only(params, "format", "columns", "bom")
        kind, bom = params.get("format", "csv"), params.get("bom", True)
        if kind not in FORMATS:
            raise InvalidInput(f"There is no format {kind!r}; formats are {', '.join(FORMATS)}")
        if not isinstance(bom, bool):
            raise InvalidInput("bom is true or false")
        names = [column.name for column in columns.chosen(words(params, "columns"))]
        return {"format": kind, "columns": names, "bom": bom}

    def forecast(
        self, session: Session, actor: Actor, params: Mapping[str, Any], meant_: meant.Meant
    ) -> Forecast:
        total = meant.members(session, meant_).total
        too_long = params["format"] == "xlsx" and total > MAX_SHEET_ROWS
        return Forecast(
            total,
            stops=InvalidInput(
                "A sheet has {most} rows and {total} are meant: export CSV, or choose fewer",
                most=MAX_SHEET_ROWS,
                total=total,
            ) if too_long else None,
        )  # fmt: skip


def write(running: Running) -> None:
    """Write the file; killed, the next try begins it anew, as half a file is of no use."""
    with running.open_batch() as session:
        params = dict(_still_running(session, running.run_id).params)
    kind = params["format"]
    name = f"{running.run_id}-{secrets.token_hex(8)}"
    draft = running.folder / f"{name}.part.{kind}"
    try:
        running.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in running.folder.glob(f"{running.run_id}-*.part.*"):
            left.unlink(missing_ok=True)
        rows = _fill(running, draft, params)
        path = running.folder / f"{name}.{kind}"
        draft.replace(path)
    except OSError as error:
        log.exception("Export %s", running.run_id)
        raise ServiceUnavailable(
            "The file could not be written ({why}): make room on the disk, then export anew",
            why=_why(error),
        ) from error
    finally:
        # GeoPackages have companions while they are written.
        for left in running.folder.glob(f"{name}.part.*"):
            with suppress(OSError):
                left.unlink()
    _finish(running, path, rows, f"customers-{clock.now():%Y-%m-%d}-{running.run_id}.{kind}")


def _fill(running: Running, draft: Path, params: Mapping[str, Any]) -> int:
    chosen = columns.chosen(params["columns"])
    os.close(os.open(draft, os.O_CREAT | os.O_WRONLY, 0o600))
    if params["format"] == "gpkg":
        draft.unlink()  # GDAL wants to make it itself
    writer = open_writer(params["format"], draft, chosen, bom=params["bom"])
    try:
        rows = _write_rows(running, writer, chosen)
        writer.close()
    except BaseException:  # a worker that is stopped leaves no half file either
        writer.abandon()
        raise
    draft.chmod(0o600)
    return rows


def _write_rows(running: Running, writer: Writer, chosen: list[columns.Column]) -> int:
    rows, done = 0, 0
    while True:
        with running.open_batch() as session:
            found = _still_running(session, running.run_id)
            if done >= found.total:
                return rows
            span = {"run_id": found.id, "after": done, "last": done + CHUNK}
            chunk = scoped_sql(session, _rows_sql(chosen), span).all()
            found.done = done = min(done + CHUNK, found.total)
            total = found.total
        writer.write(chunk)
        rows += len(chunk)
        running.report(done, total)


def _rows_sql(chosen: list[columns.Column]) -> str:
    values = ", ".join(column.sql for column in chosen)
    return f"""
        SELECT ST_X(s.geom), ST_Y(s.geom), {values} FROM {columns.SOURCE}
        WHERE m.run_id = :run_id AND m.ord > :after AND m.ord <= :last AND {{scope:s}}
        ORDER BY m.ord
    """


def _still_running(session: Session, run_id: int) -> BulkRun:
    found = queries.get_locked(session, run_id)
    if found.state == "paused":
        raise Paused
    if found.state != "running":
        raise Cancelled
    return found


def _finish(running: Running, path: Path, rows: int, name: str) -> None:
    try:
        with running.open_batch() as session:
            found = _still_running(session, running.run_id)
            # Who was given away or deleted meanwhile is not in the file, and is listed.
            scoped_sql(session, _NOT_IN_FILE, {"run_id": found.id})
            session.execute(text(_LEAVE_OUT), {"run_id": found.id})
            found.changed, found.failed = rows, found.total - rows
            found.result = {"path": str(path), "name": name, "bytes": path.stat().st_size}
            found.state, found.finished_at = "done", clock.now()
    except BaseException:  # no file without the run that offers it, whatever stopped us
        path.unlink(missing_ok=True)
        raise


def _why(error: OSError) -> str:
    return error.strerror or str(error)[:200] or "disk"


_NOT_IN_FILE: Final = """
    INSERT INTO bulk_errors (run_id, account_id, undo, reason)
    SELECT m.run_id, m.account_id, false, 'gone' FROM bulk_members m
    WHERE m.run_id = :run_id AND NOT EXISTS
        (SELECT FROM account_scope s WHERE s.account_id = m.account_id AND {scope:s})
    ON CONFLICT DO NOTHING
"""
_LEAVE_OUT: Final = """
    DELETE FROM bulk_members m USING bulk_errors e
    WHERE m.run_id = :run_id AND e.run_id = m.run_id AND e.account_id = m.account_id
"""
