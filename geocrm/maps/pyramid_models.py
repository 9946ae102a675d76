"""Tables of customers counted beforehand (0015, 0023); read by SQL in `geocrm.maps.pyramid`.

They are mapped so that they are known as somebody's records: nobody reads them without a scope.
"""

from datetime import date

from sqlalchemy import or_
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base, RowCriterion, scoped


def _counted_cells(owner_ids: list[int], territory_ids: list[int]) -> RowCriterion:
    return lambda cls: or_(cls.owner_id.in_(owner_ids), cls.territory_id.in_(territory_ids))


def _counted_changes(owner_ids: list[int], territory_ids: list[int]) -> RowCriterion:
    return lambda cls: or_(cls.owner_id.in_(owner_ids), cls.territory_id.in_(territory_ids))


def _facet_cells(owner_ids: list[int], territory_ids: list[int]) -> RowCriterion:
    return lambda cls: or_(cls.owner_id.in_(owner_ids), cls.territory_id.in_(territory_ids))


def _facet_changes(owner_ids: list[int], territory_ids: list[int]) -> RowCriterion:
    return lambda cls: or_(cls.owner_id.in_(owner_ids), cls.territory_id.in_(territory_ids))


@scoped(_counted_cells)
class MapCell(Base):
    """How many customers of a kind a cell holds, with sums."""

    __tablename__ = "map_cells"

    level: Mapped[int] = mapped_column(primary_key=True)
    cell: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(primary_key=True)
    territory_id: Mapped[int | None] = mapped_column(primary_key=True)
    segment: Mapped[str | None] = mapped_column(primary_key=True)
    last_order: Mapped[date | None] = mapped_column(primary_key=True)
    n: Mapped[int]


@scoped(_counted_changes)
class MapDelta(Base):
    """What a change adds to the cells, or takes from them."""

    __tablename__ = "map_deltas"

    cell: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(primary_key=True)
    territory_id: Mapped[int | None] = mapped_column(primary_key=True)
    segment: Mapped[str | None] = mapped_column(primary_key=True)
    last_order: Mapped[date | None] = mapped_column(primary_key=True)
    n: Mapped[int]


@scoped(_facet_cells)
class FacetCell(Base):
    """The same by one facet: the week of the last order, that of the last visit, or the grade."""

    __tablename__ = "facet_cells"

    level: Mapped[int] = mapped_column(primary_key=True)
    facet: Mapped[str] = mapped_column(primary_key=True)
    cell: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(primary_key=True)
    territory_id: Mapped[int | None] = mapped_column(primary_key=True)
    segment: Mapped[str | None] = mapped_column(primary_key=True)
    week: Mapped[date | None] = mapped_column(primary_key=True)
    grade: Mapped[str | None] = mapped_column(primary_key=True)
    n: Mapped[int]


@scoped(_facet_changes)
class FacetDelta(Base):
    """What a change adds to these, or takes from them."""

    __tablename__ = "facet_deltas"

    facet: Mapped[str] = mapped_column(primary_key=True)
    cell: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(primary_key=True)
    territory_id: Mapped[int | None] = mapped_column(primary_key=True)
    segment: Mapped[str | None] = mapped_column(primary_key=True)
    week: Mapped[date | None] = mapped_column(primary_key=True)
    grade: Mapped[str | None] = mapped_column(primary_key=True)
    n: Mapped[int]
