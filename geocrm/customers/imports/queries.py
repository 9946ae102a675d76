"""Reads of imports. Each function is one round trip; a person sees their own imports."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm.customers.imports.models import Import, ImportRow
from geocrm.errors import NotFound
from geocrm.security import Actor


def get(session: Session, actor: Actor, import_id: int) -> Import:
    """The import, or NotFound, also when somebody else made it."""
    found = session.get(Import, import_id, populate_existing=True)
    if found is None or not (actor.sees_all or found.user_id == actor.user_id):
        raise NotFound(f"No import {import_id}")
    return found


def recent(
    session: Session, actor: Actor, limit: int = 50, before: int | None = None
) -> Sequence[Import]:
    """The imports the actor sees, newest first; with `before` those older than that one."""
    asked = select(Import).order_by(Import.id.desc()).limit(limit)
    if not actor.sees_all:
        asked = asked.where(Import.user_id == actor.user_id)
    if before is not None:
        asked = asked.where(Import.id < before)
    return session.scalars(asked).all()


def unfinished(
    session: Session, actor: Actor, kind: str, sha256: str, digest: str
) -> Import | None:
    """The actor's import of this file, in this way, that was begun and not ended."""
    return session.scalars(
        select(Import)
        .where(
            Import.kind == kind,
            Import.file_sha256 == sha256,
            Import.state == "running",
            Import.user_id.is_(None) if actor.user_id is None else Import.user_id == actor.user_id,
            Import.options["digest"].astext == digest,
        )
        .order_by(Import.id.desc())
        .limit(1)
    ).first()


def told_rows(session: Session, import_id: int, limit: int = 200) -> Sequence[ImportRow]:
    """The first rows with something to tell: why they failed, what was changed about them."""
    return session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == import_id, ImportRow.message != "")
        .order_by(ImportRow.row_no)
        .limit(limit)
    ).all()


def spared_rows(session: Session, import_id: int, limit: int = 200) -> Sequence[int]:
    """Accounts (or orders) an undo left alone."""
    return session.scalars(
        select(ImportRow.target_id)
        .where(ImportRow.import_id == import_id, ImportRow.outcome == "spared")
        .distinct()
        .order_by(ImportRow.target_id)
        .limit(limit)
    ).all()  # type: ignore[return-value]


def failed_rows(session: Session, import_id: int) -> Iterator[Mapping[str, Any]]:
    """All rows that failed, in order: row_no, cells, message."""
    yield from _streamed(session, import_id, " AND outcome = 'failed'")


def all_rows(session: Session, import_id: int) -> Iterator[Mapping[str, Any]]:
    """Every row with what became of it, in order."""
    yield from _streamed(session, import_id, "")


def _streamed(session: Session, import_id: int, narrowing: str) -> Iterator[Mapping[str, Any]]:
    """Rows a thousand at a time, so that any number fits in memory."""
    last = -1
    while True:
        rows = session.execute(
            text(
                "SELECT row_no, outcome, target_id, message, cells FROM import_rows"
                f" WHERE import_id = :import_id AND row_no > :last{narrowing}"
                " ORDER BY row_no LIMIT 1000"
            ),
            {"import_id": import_id, "last": last},
        ).mappings()
        found = rows.all()
        if not found:
            return
        yield from map(dict, found)
        last = found[-1]["row_no"]
