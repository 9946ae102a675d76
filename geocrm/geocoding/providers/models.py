"""Tables of providers, their keys, what they were asked, and the answers that may be kept."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base


class Provider(Base):
    """A service that is asked for addresses: what was set, and how things stand."""

    __tablename__ = "geocoding_providers"

    id: Mapped[int] = mapped_column(primary_key=True)
    # Also what answers of it are marked with.
    name: Mapped[str]
    kind: Mapped[str]
    position: Mapped[int]
    enabled: Mapped[bool] = mapped_column(default=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    allow_private: Mapped[bool] = mapped_column(default=False)
    rate_per_s: Mapped[float]
    cost_per_request: Mapped[Decimal] = mapped_column(default=Decimal(0))
    currency: Mapped[str]
    monthly_cap: Mapped[int | None]
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())

    # Written by `pace` alone, in statements of its own.
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    month: Mapped[date | None]
    month_requests: Mapped[int] = mapped_column(default=0)
    limited: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    openings: Mapped[int] = mapped_column(default=0)
    open_until: Mapped[datetime | None]
    stopped: Mapped[str | None]
    trouble: Mapped[str | None]
    trouble_at: Mapped[datetime | None]


class ProviderKey(Base):
    """The key of a provider: written, sent to it, and shown to nobody."""

    __tablename__ = "geocoding_keys"

    provider_id: Mapped[int] = mapped_column(
        ForeignKey("geocoding_providers.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str]


class Usage(Base):
    """What a provider was asked in a month."""

    __tablename__ = "geocoding_usage"

    provider_id: Mapped[int] = mapped_column(
        ForeignKey("geocoding_providers.id", ondelete="CASCADE"), primary_key=True
    )
    month: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(default=0)
    answers: Mapped[int] = mapped_column(default=0)
    cost: Mapped[Decimal] = mapped_column(default=Decimal(0))
