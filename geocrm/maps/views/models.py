"""The table of saved views."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base


class View(Base):
    """A question with the way its answer is shown.

    It holds no customers, so it shows to whoever opens it what they may see.
    """

    __tablename__ = "views"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(default="accounts")
    shared: Mapped[bool] = mapped_column(default=False)
    # The role whose people begin with this view.
    default_for_role: Mapped[str | None]
    # See `geocrm.maps.views.state`.
    state: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # Counts up with every change; tells who saved first.
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol
