"""The table of areas. An area belongs to who made it; shared, everybody may use it."""

from datetime import datetime

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base
from geocrm.db.postgis import WGS84


class Area(Base):
    """A named area to filter by."""

    __tablename__ = "areas"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    shared: Mapped[bool] = mapped_column(default=False)
    # The file it came from; None when it was drawn.
    source: Mapped[str | None]
    geom: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=WGS84))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
