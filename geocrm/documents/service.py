"""Adding documents and versions, deleting them with a way back, and tidying up behind them."""

from datetime import timedelta
from pathlib import Path
from typing import IO, Final, NamedTuple

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.documents import kinds, names, queries, store
from geocrm.documents.models import Document, DocumentVersion
from geocrm.errors import InvalidInput
from geocrm.security import Actor

KEPT_DAYS: Final = 30  # how long a deleted document can be taken back
MAX_VERSIONS: Final = 100
_LOCK: Final = 0x0D0C


def add(
    session: Session,
    actor: Actor,
    folder: Path,
    content: IO[bytes],
    name: str,
    document: Document | None = None,
) -> DocumentVersion:
    """A new document, or the next version of one, from a file that somebody sent.

    InvalidInput when it is empty, too large, or of a type that is not taken; nothing stays then.
    The content is put in its place last, so that a refused or interrupted upload leaves no file.
    """
    with store.received(folder, content, name) as draft:
        kind, previewable = kinds.kind_of(draft.path, name)
        document = document or _new(session)
        version = DocumentVersion(
            document_id=document.id,
            number=_next_number(session, document),
            name=names.clean(name, kind),
            media_type=kind.media_type,
            size_bytes=draft.size_bytes,
            sha256=draft.sha256,
            previewable=previewable,
            uploaded_by=actor.user_id,
        )
        session.add(version)
        # Whoever tidies up waits until this row is there.
        session.execute(select(func.pg_advisory_xact_lock_shared(_LOCK)))
        session.flush()
        store.keep(folder, draft)
    return version


def _new(session: Session) -> Document:
    document = Document()
    session.add(document)
    session.flush()
    return document


def _next_number(session: Session, document: Document) -> int:
    # Two who send a version at once get two numbers.
    session.execute(select(Document.id).where(Document.id == document.id).with_for_update())
    latest = session.scalar(
        select(func.max(DocumentVersion.number)).where(DocumentVersion.document_id == document.id)
    )
    if (latest or 0) >= MAX_VERSIONS:
        raise InvalidInput(f"The document has {MAX_VERSIONS} versions: add it as a new document")
    return (latest or 0) + 1


def remove(session: Session, actor: Actor, document: Document) -> None:
    """Delete a document; it can be taken back for `KEPT_DAYS`."""
    document.deleted_at, document.deleted_by = clock.now(), actor.user_id
    session.flush()


def take_back(session: Session, document: Document) -> None:
    """Undo its deletion."""
    document.deleted_at = document.deleted_by = None
    session.flush()


def purge(session: Session, folder: Path, is_orphan: str) -> tuple[int, int]:
    """Delete for good what was deleted, or belongs to nothing, since long ago.

    `is_orphan` is SQL of the rooms above on `documents.id`: that no record of theirs has it. Such a
    record may be taken back, so its documents wait as long. Returns documents and files gone.
    """
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    before = clock.now() - timedelta(days=KEPT_DAYS)
    session.execute(
        update(Document)
        .where(text(f"(documents.orphaned_at IS NULL) = ({is_orphan})"))
        .values(orphaned_at=text(f"CASE WHEN {is_orphan} THEN now() END"))
        .execution_options(synchronize_session=False)
    )
    gone = session.scalars(
        delete(Document)
        .where(or_(Document.deleted_at < before, Document.orphaned_at < before))
        .returning(Document.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(gone), store.remove_strays(folder, lambda sums: queries.known(session, sums))


class Compared(NamedTuple):
    """Contents that versions name, the names of those whose file is missing, and files of none."""

    contents: int
    missing: list[str]
    unnamed: int


def compare(session: Session, folder: Path) -> Compared:
    """Whether every content has its file and every file a document; the session reads all."""
    named = list(queries.contents(session))
    missing = [name for sha256, name in named if not store.path_of(folder, sha256).is_file()]
    unnamed = store.unnamed(folder, lambda sums: queries.known(session, sums))
    return Compared(len(named), missing, unnamed)
