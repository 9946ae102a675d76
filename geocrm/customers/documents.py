"""Documents of customers: who sees the account sees its documents, and nobody else does."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers import queries
from geocrm.customers.record_models import AccountDocument
from geocrm.documents import queries as engine_queries
from geocrm.documents import service as engine
from geocrm.documents.models import Document, DocumentVersion
from geocrm.errors import InvalidInput, NotFound
from geocrm.security import Actor, audit
from geocrm.security.models import User

MAX_DOCUMENTS: Final = 500  # a customer; more belongs into a folder elsewhere


class Listed(NamedTuple):
    """A document in the list: its newest version, and how many there are."""

    id: int
    number: int
    name: str
    media_type: str
    size_bytes: int
    previewable: bool
    uploaded_at: datetime
    by: str | None


class Version(NamedTuple):
    """One version of a document."""

    document_id: int
    number: int
    name: str
    size_bytes: int
    uploaded_at: datetime
    by: str | None


def listed(session: Session, account_id: int, *, deleted: bool = False) -> list[Listed]:
    """The documents of a visible account, newest first; or those deleted and not gone yet."""
    newest = (
        select(DocumentVersion)
        .where(DocumentVersion.document_id == AccountDocument.document_id)
        .order_by(DocumentVersion.number.desc())
        .limit(1)
        .lateral()
    )
    there = Document.deleted_at.is_not(None) if deleted else Document.deleted_at.is_(None)
    rows = session.execute(
        select(
            AccountDocument.document_id,
            newest.c.number,
            newest.c.name,
            newest.c.media_type,
            newest.c.size_bytes,
            newest.c.previewable,
            newest.c.uploaded_at,
            User.name,
        )
        .join(Document, Document.id == AccountDocument.document_id)
        .join(newest, newest.c.document_id == Document.id)
        .outerjoin(User, User.id == newest.c.uploaded_by)
        .where(AccountDocument.account_id == account_id, there)
        .order_by(newest.c.uploaded_at.desc(), Document.id.desc())
    )
    return [Listed._make(row) for row in rows]


def versions(session: Session, account_id: int) -> Sequence[Version]:
    """Every version of the account's documents that are not deleted, newest first."""
    rows = session.execute(
        select(
            DocumentVersion.document_id,
            DocumentVersion.number,
            DocumentVersion.name,
            DocumentVersion.size_bytes,
            DocumentVersion.uploaded_at,
            User.name,
        )
        .join(AccountDocument, AccountDocument.document_id == DocumentVersion.document_id)
        .join(Document, Document.id == DocumentVersion.document_id)
        .outerjoin(User, User.id == DocumentVersion.uploaded_by)
        .where(AccountDocument.account_id == account_id, Document.deleted_at.is_(None))
        .order_by(DocumentVersion.document_id, DocumentVersion.number.desc())
    )
    return [Version._make(row) for row in rows]


def version(
    session: Session, account_id: int, document_id: int, number: int | None = None
) -> DocumentVersion:
    """A version to show or send, the newest when none is named; NotFound when it is not theirs."""
    _document(session, account_id, document_id)
    return engine_queries.version(session, document_id, number)


def add(
    session: Session,
    actor: Actor,
    folder: Path,
    account_id: int,
    content: IO[bytes],
    name: str,
    *,
    document_id: int | None = None,
) -> DocumentVersion:
    """Keep a file that was sent, as a new document or as the next version of one."""
    actor.require("update", "account")
    queries.get(session, account_id)
    document = None if document_id is None else _document(session, account_id, document_id)
    if document is None:
        _require_room(session, account_id)
    kept = engine.add(session, actor, folder, content, name, document)
    if document is None:
        session.add(AccountDocument(document_id=kept.document_id, account_id=account_id))
    session.flush()
    audit.record(
        session, actor, "document.add", f"account:{account_id}",
        document=kept.document_id, version=kept.number, name=kept.name, sha256=kept.sha256,
    )  # fmt: skip
    return kept


def remove(session: Session, actor: Actor, account_id: int, document_id: int) -> None:
    """Delete a document; it can be taken back for a month."""
    actor.require("update", "account")
    engine.remove(session, actor, _document(session, account_id, document_id))
    audit.record(session, actor, "document.remove", f"account:{account_id}", document=document_id)


def take_back(session: Session, actor: Actor, account_id: int, document_id: int) -> None:
    """Undo the deletion of a document."""
    actor.require("update", "account")
    engine.take_back(session, _document(session, account_id, document_id, deleted=True))
    audit.record(
        session, actor, "document.take_back", f"account:{account_id}", document=document_id
    )


def _document(
    session: Session, account_id: int, document_id: int, *, deleted: bool = False
) -> Document:
    found = session.scalar(
        select(Document)
        .join(AccountDocument, AccountDocument.document_id == Document.id)
        .where(AccountDocument.account_id == account_id, Document.id == document_id)
    )
    gone_at = None if found is None else found.deleted_at
    over = clock.now() - timedelta(days=engine.KEPT_DAYS)
    if found is None or (gone_at is not None) is not deleted or (gone_at and gone_at < over):
        raise NotFound(f"No document {document_id} at customer {account_id}")
    return found


def _require_room(session: Session, account_id: int) -> None:
    held = session.scalar(
        select(func.count())
        .select_from(AccountDocument)
        .where(AccountDocument.account_id == account_id)
    )
    if (held or 0) >= MAX_DOCUMENTS:
        raise InvalidInput(f"A customer can have {MAX_DOCUMENTS} documents: delete some first")
