"""Tables of audiences."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.customers.models import of_visible_account
from geocrm.db import Base, scoped


class Audience(Base):
    """The reachable customers of a selection, as they were when it was saved."""

    __tablename__ = "audiences"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    channel: Mapped[str]
    # The filter tree (`geocrm.maps.filters`) it was made with.
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    matched: Mapped[int]
    excluded: Mapped[dict[str, int]] = mapped_column(JSONB)
    reachable: Mapped[int]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


@scoped(of_visible_account)
class AudienceMember(Base):
    """A customer of an audience."""

    __tablename__ = "audience_members"

    audience_id: Mapped[int] = mapped_column(
        ForeignKey("audiences.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
