"""Tables of customers counted beforehand for the layers (migration 0020); read by `layer_totals`.

They are mapped so that they are known as somebody's records: nobody reads them without a scope.
"""

from datetime import date

from sqlalchemy import or_
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base, RowCriterion, scoped


def _squares(owner_ids: list[int], territory_ids: list[int]) -> RowCriterion:
    return lambda cls: or_(cls.owner_id.in_(owner_ids), cls.territory_id.in_(territory_ids))


def _regions(owner_ids: list[int], territory_ids: list[int]) -> RowCriterion:
    return lambda cls: or_(cls.owner_id.in_(owner_ids), cls.territory_id.in_(territory_ids))


def _changes(owner_ids: list[int], territory_ids: list[int]) -> RowCriterion:
    return lambda cls: or_(cls.owner_id.in_(owner_ids), cls.territory_id.in_(territory_ids))


@scoped(_squares)
class SquareTotal(Base):
    """How many customers of a kind a square of the zoom `level` holds, and their revenue."""

    __tablename__ = "square_totals"

    level: Mapped[int] = mapped_column(primary_key=True)
    cell: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(primary_key=True)
    territory_id: Mapped[int | None] = mapped_column(primary_key=True)
    segment: Mapped[str | None] = mapped_column(primary_key=True)
    n: Mapped[int]


@scoped(_regions)
class RegionTotal(Base):
    """How many customers of a kind know a boundary unit, and their revenue."""

    __tablename__ = "region_totals"

    unit: Mapped[str | None] = mapped_column(primary_key=True)
    placed: Mapped[bool] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(primary_key=True)
    territory_id: Mapped[int | None] = mapped_column(primary_key=True)
    segment: Mapped[str | None] = mapped_column(primary_key=True)
    last_order: Mapped[date | None] = mapped_column(primary_key=True)
    n: Mapped[int]


@scoped(_changes)
class LayerDelta(Base):
    """What a change adds to both, or takes from them."""

    __tablename__ = "layer_deltas"

    cell: Mapped[int] = mapped_column(primary_key=True)
    unit: Mapped[str | None] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(primary_key=True)
    territory_id: Mapped[int | None] = mapped_column(primary_key=True)
    segment: Mapped[str | None] = mapped_column(primary_key=True)
    last_order: Mapped[date | None] = mapped_column(primary_key=True)
    n: Mapped[int]
