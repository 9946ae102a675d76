"""Tables of people, sign-in and the audit trail."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text, func
from sqlalchemy.dialects.postgresql import BYTEA, CITEXT, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.db import Base
from geocrm.security.permissions import Role


class User(Base):
    """Somebody who signs in."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(CITEXT)
    name: Mapped[str]
    role: Mapped[str]
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    # Part of every session; a new value ends them all.
    fs_uniquifier: Mapped[str]
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    locale: Mapped[str] = mapped_column(default="en")
    timezone: Mapped[str] = mapped_column(default="Asia/Jakarta")
    # Where the working day starts and ends.
    home_lon: Mapped[float | None]
    home_lat: Mapped[float | None]
    demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    @property
    def role_kind(self) -> Role:
        """The role as the enumeration."""
        return Role(self.role)


class WebSession(Base):
    """A browser that is signed in; the cookie holds only a random key, the table its hash."""

    __tablename__ = "web_sessions"

    key_hash: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class LoginAttempt(Base):
    """One failed sign-in, kept as long as it counts for throttling."""

    __tablename__ = "login_attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(CITEXT)
    address: Mapped[str]
    at: Mapped[datetime]


class ApiToken(Base):
    """A key for programs; only its hash is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(BYTEA)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who did what, when. Written once, never changed."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str]
    target: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
