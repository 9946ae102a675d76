"""The table of region packs; what they hold is read and written as sets, in plain SQL."""

from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base


class RegionPack(Base):
    """One OpenStreetMap extract that was loaded."""

    __tablename__ = "region_packs"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    file_bytes: Mapped[int]
    # Of the newest thing in it; None when the extract does not say.
    data_date: Mapped[datetime | None]
    loaded_at: Mapped[datetime]
    # Where most of it lies.
    country: Mapped[str | None]
    box: Mapped[WKBElement] = mapped_column(Geometry("POLYGON", 4326, spatial_index=False))
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    licence: Mapped[str]
    attribution: Mapped[str]
    # Below var/packs.
    folder: Mapped[str]
