"""Tables of administrative boundaries and of the neighbour graph between their units."""

from datetime import datetime

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, deferred, mapped_column

from geocrm.db import Base


class BoundaryLayer(Base):
    """A division of the world or of a country into units that tile it."""

    __tablename__ = "boundary_layers"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    # ISO alpha-2 code of the one country the layer divides; None for a layer of the world.
    country: Mapped[str | None]
    # 0 countries, 1 provinces or states, 2 regencies or counties.
    level: Mapped[int]
    parent: Mapped[str | None] = mapped_column(ForeignKey("boundary_layers.code"))
    source: Mapped[str]
    vintage: Mapped[str]
    licence: Mapped[str]
    attribution: Mapped[str]
    # Checksums of the files last loaded, so that an unchanged file is not loaded again.
    units_sha256: Mapped[str | None]
    edges_sha256: Mapped[str | None]
    loaded_at: Mapped[datetime | None]
    # By somebody for plans of theirs (`geocrm.territories.made_levels`), not administrative.
    made: Mapped[bool] = mapped_column(default=False)


class Boundary(Base):
    """One unit of a layer: a country, a province, a regency, a county."""

    __tablename__ = "boundaries"

    code: Mapped[str] = mapped_column(primary_key=True)
    layer: Mapped[str] = mapped_column(ForeignKey("boundary_layers.code"))
    name: Mapped[str]
    name_id: Mapped[str | None]
    parent: Mapped[str | None] = mapped_column(ForeignKey("boundaries.code"))
    # ISO alpha-2; None where the ground belongs to no country that has a code.
    country: Mapped[str | None]
    population: Mapped[int | None]
    area_km2: Mapped[float]
    # Shapes are large: they come only when asked for.
    geom: Mapped[WKBElement] = deferred(
        mapped_column(Geometry("MULTIPOLYGON", 4326, spatial_index=False))
    )
    # A coarse copy in web mercator for drawing; never for measuring.
    outline: Mapped[WKBElement] = deferred(
        mapped_column(Geometry("MULTIPOLYGON", 3857, spatial_index=False))
    )
    centre: Mapped[WKBElement] = mapped_column(Geometry("POINT", 4326, spatial_index=False))


class BoundaryEdge(Base):
    """Two units of a layer that lie beside each other, by land, a ferry or a bridge; a < b."""

    __tablename__ = "boundary_edges"

    a: Mapped[str] = mapped_column(ForeignKey("boundaries.code"), primary_key=True)
    b: Mapped[str] = mapped_column(ForeignKey("boundaries.code"), primary_key=True)
    layer: Mapped[str] = mapped_column(ForeignKey("boundary_layers.code"))
    kind: Mapped[str]
    # Of a land edge the shared border, otherwise the crossing.
    length_m: Mapped[float]
