"""Tables of a customer's page: changes, documents, followers, what is next, merges."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geocrm.customers.models import of_visible_account
from geocrm.db import Base, scoped


@scoped(of_visible_account)
class AccountChange(Base):
    """One field that somebody changed; written by triggers (`history.begin` switches them on)."""

    __tablename__ = "account_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    # One moment for all that changed in a transaction.
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    source: Mapped[str]
    field: Mapped[str]
    old: Mapped[str | None]
    new: Mapped[str | None]


@scoped(of_visible_account)
class NextAction(Base):
    """What somebody wrote is to be done next with an account."""

    __tablename__ = "next_actions"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    text: Mapped[str]
    due: Mapped[date | None]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


@scoped(of_visible_account)
class Follower(Base):
    """Somebody who wants to see what happens with an account."""

    __tablename__ = "account_followers"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    since: Mapped[datetime] = mapped_column(server_default=func.now())


@scoped(of_visible_account)
class AccountDocument(Base):
    """A document of an account: who sees the account sees the document."""

    __tablename__ = "account_documents"

    document_id: Mapped[int] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))


@scoped(of_visible_account)
class AccountMerge(Base):
    """Two accounts that became one: `account_id` stayed, `loser_id` went."""

    __tablename__ = "account_merges"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    loser_id: Mapped[int]
    loser_name: Mapped[str]
    winner_name: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    # Its images are deleted: there is no undo any more.
    forgotten: Mapped[bool] = mapped_column(default=False)


class AccountMergeRow(Base):
    """What a merge did to one row, with its image from before."""

    __tablename__ = "account_merge_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    merge_id: Mapped[int] = mapped_column(ForeignKey("account_merges.id", ondelete="CASCADE"))
    table_name: Mapped[str]
    kind: Mapped[str]
    key: Mapped[dict[str, Any]] = mapped_column(JSONB)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


@scoped(of_visible_account)
class FormerId(Base):
    """An ID that a merge took away, and the account it leads to."""

    __tablename__ = "account_former_ids"

    external_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    merge_id: Mapped[int] = mapped_column(ForeignKey("account_merges.id", ondelete="CASCADE"))
