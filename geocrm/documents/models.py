"""Tables of documents and their versions; the content is a file named by its checksum."""

from datetime import datetime

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base


class Document(Base):
    """A document with all its versions; deleted ones can be taken back for a while."""

    __tablename__ = "documents"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    # Since when nothing is known to have it: what had it was deleted, and may come back.
    orphaned_at: Mapped[datetime | None]


class DocumentVersion(Base):
    """One content of a document under the name it came with."""

    __tablename__ = "document_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    number: Mapped[int]
    name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    # Whether it is a picture or PDF that can be drawn.
    previewable: Mapped[bool]
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    uploaded_at: Mapped[datetime] = mapped_column(server_default=func.now())
