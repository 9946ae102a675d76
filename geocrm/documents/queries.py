"""Reads of documents by id. The caller has found them visible."""

from collections.abc import Collection, Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geocrm.documents.models import DocumentVersion
from geocrm.errors import NotFound


def version(session: Session, document_id: int, number: int | None = None) -> DocumentVersion:
    """The version of this number, the newest when none is named; or NotFound."""
    asked = select(DocumentVersion).where(DocumentVersion.document_id == document_id)
    if number is not None:
        asked = asked.where(DocumentVersion.number == number)
    found = session.scalar(asked.order_by(DocumentVersion.number.desc()).limit(1))
    if found is None:
        raise NotFound(f"No version {number or ''} of document {document_id}")
    return found


def known(session: Session, checksums: Collection[str]) -> set[str]:
    """Those of the checksums that a version names."""
    asked = select(DocumentVersion.sha256).where(DocumentVersion.sha256.in_(checksums))
    return set(session.scalars(asked))


def contents(session: Session) -> Iterator[tuple[str, str]]:
    """The checksum of every content that a version names, with one of its names."""
    asked = select(DocumentVersion.sha256, func.min(DocumentVersion.name))
    rows = session.execute(
        asked.group_by(DocumentVersion.sha256).order_by(DocumentVersion.sha256),
        execution_options={"yield_per": 1_000},
    )
    return ((sha256, name) for sha256, name in rows)
