"""The table of travel times that people gave."""

from datetime import datetime

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base


class TravelTimes(Base):
    """Travel times between units of a level, as somebody gave them; no customer is in them."""

    __tablename__ = "travel_times"

    id: Mapped[int] = mapped_column(primary_key=True)
    # What the file was called.
    name: Mapped[str]
    level: Mapped[str]
    # Plans name it by this; see `travel_times.Ways`.
    digest: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())
