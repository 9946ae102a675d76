"""Taking a merge back: both accounts as they were, except what somebody changed since."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.customers import history, merging_contacts, merging_rows, placing, scope
from geocrm.customers.decision_sql import RESTORED as POINT
from geocrm.customers.merging import KEY, SETTLE_ACCOUNT, image_of, refresh
from geocrm.customers.merging_rows import SINGLE
from geocrm.customers.models import Account
from geocrm.customers.record_models import AccountMerge, AccountMergeRow, FormerId
from geocrm.db import elevated, scoped_sql
from geocrm.errors import Conflict, NotFound
from geocrm.security import Actor, audit

KEPT_DAYS: Final = 30  # how long a merge can be taken back
_PLACED: Final = ("geom", "grade", "radius_m", "unit", "territory_id")
# Kept by triggers, or counted up with every change.
_NOT_COMPARED: Final = {"version", "updated_at", "updated_by", "qk", "fingerprint", "account_id"}


class Undone(NamedTuple):
    """What came of undoing a merge: who is there again, and what was changed since and stays."""

    account_id: int
    loser_id: int
    fields: list[str]
    rows: dict[str, int]


def undo(session: Session, actor: Actor, merge_id: int) -> Undone:
    """Take a merge back: both accounts as they were, except what somebody changed since."""
    actor.require("update", "account")
    merge = _undoable(session, merge_id)
    with elevated(session):
        undone = _undo(session, actor, merge)
    merge.undone_at, merge.undone_by = clock.now(), actor.user_id
    audit.record(
        session, actor, "merge.undo", f"account:{merge.account_id}", merge=merge.id,
        loser=merge.loser_id, fields=undone.fields, rows=undone.rows,
    )  # fmt: skip
    session.flush()
    session.expire_all()
    return undone


def forget(session: Session) -> int:
    """Delete images that may be kept no longer: old ones, and those a provider's terms end."""
    before = clock.now() - timedelta(days=KEPT_DAYS)
    ended = (
        select(AccountMergeRow.merge_id)
        .where(
            AccountMergeRow.table_name == "addresses",
            AccountMergeRow.before["retain_until"].astext < clock.now().isoformat(),
        )
        .scalar_subquery()
    )
    with elevated(session):
        gone = session.scalars(
            update(AccountMerge)
            .where(
                AccountMerge.forgotten.is_(False),
                (AccountMerge.at < before) | AccountMerge.id.in_(ended),
            )
            .values(forgotten=True)
            .returning(AccountMerge.id)
            .execution_options(synchronize_session=False)
        ).all()
        session.execute(
            delete(AccountMergeRow)
            .where(AccountMergeRow.merge_id.in_(gone))
            .execution_options(synchronize_session=False)
        )
    return len(gone)


# ------------------------------------------------------------------------------- inner parts


def _undoable(session: Session, merge_id: int) -> AccountMerge:
    merge = session.scalar(
        select(AccountMerge)
        .where(AccountMerge.id == merge_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if merge is None:
        raise NotFound(f"No merge {merge_id}")
    if merge.undone_at is not None:
        raise Conflict("This merge was taken back already")
    if merge.forgotten:
        raise Conflict(f"A merge can be taken back for {KEPT_DAYS} days, and these are over")
    later = session.scalar(
        select(AccountMerge.loser_name)
        .where(
            AccountMerge.account_id == merge.account_id,
            AccountMerge.id > merge.id,
            AccountMerge.undone_at.is_(None),
        )
        .limit(1)
    )
    if later is not None:
        raise Conflict(f"{later} was merged in later: take that back first")
    session.execute(select(Account.id).where(Account.id == merge.account_id).with_for_update())
    return merge


def _undo(session: Session, actor: Actor, merge: AccountMerge) -> Undone:
    winner, loser = merge.account_id, merge.loser_id
    rows = session.scalars(
        select(AccountMergeRow)
        .where(AccountMergeRow.merge_id == merge.id, AccountMergeRow.kind != "moved")
        .order_by(AccountMergeRow.id)
    ).all()
    session.execute(delete(FormerId).where(FormerId.merge_id == merge.id))
    points = merging_rows.point_ids(session, winner)
    made = {
        int(row.key["id"])
        for row in rows
        if row.kind == "made" and row.table_name == "address_points"
    }
    changed = [row for row in rows if row.kind == "changed" and row.table_name in SINGLE]
    fields = _restore_winner(session, actor, winner, changed)
    titles = merging_contacts.part(session, rows)
    deleted = {row.table_name: row for row in rows if row.kind == "deleted"}
    _require_free_id(session, deleted["accounts"].before or {}, winner)
    for table in dict.fromkeys([*SINGLE, *deleted]):
        merging_rows.restore_deleted(session, merge.id, table)
    image = deleted["addresses"].before or {}
    merging_rows.apply(
        session, "addresses", "account_id", loser, image, ["answered", "answered_address"]
    )
    spared = {
        reference.table: stayed
        for reference in merging_rows.moved(session, merge.id)
        if (stayed := merging_rows.move_back(session, merge.id, reference, loser))
    }
    if titles:
        spared["contacts"] = spared.get("contacts", 0) + titles
    new = merging_rows.point_ids(session, winner) - points
    merging_rows.delete_points(session, new | made)
    for account_id in (winner, loser):
        refresh(session, account_id)
    session.flush()
    return Undone(winner, loser, fields, spared)


def _restore_winner(
    session: Session, actor: Actor, winner: int, rows: list[AccountMergeRow]
) -> list[str]:
    """Give the winner its values back where nobody changed them since; the fields that stay."""
    spared: list[str] = []
    history.begin(session, actor, "merge.undo")
    # Addresses first: who placed a point decides where its copy in the scope may go.
    for row in sorted(rows, key=lambda each: each.table_name != "addresses"):
        now, kept = image_of(session, row.table_name, winner), _differing(row)
        changed = {field for field in kept if now.get(field) != (row.after or {}).get(field)}
        group = {"addresses": POINT, "account_scope": _PLACED}.get(row.table_name, ())
        if changed & set(group) or (row.table_name == "account_scope" and "point" in spared):
            changed |= set(group)
            spared.append("point")
        spared += sorted(changed - set(group))
        restored = [field for field in kept if field not in changed]
        with placing.letting_go_of_pins(session):
            for _again in range(2 if row.table_name == "addresses" else 1):
                merging_rows.apply(
                    session,
                    row.table_name,
                    KEY[row.table_name],
                    winner,
                    row.before or {},
                    restored,
                )
    scoped_sql(session, SETTLE_ACCOUNT, {"id": winner, "tags": [], "user": actor.user_id})
    history.end(session)
    return list(dict.fromkeys(spared))


def _differing(row: AccountMergeRow) -> list[str]:
    before, after = row.before or {}, row.after or {}
    return [
        field
        for field, value in before.items()
        if field not in _NOT_COMPARED and value != after.get(field)
    ]


def _require_free_id(session: Session, image: Mapping[str, Any], winner: int) -> None:
    external_id = image.get("external_id")
    if external_id is not None and scope.is_taken(session, external_id, None):
        raise Conflict(
            f"The customer ID {external_id!r} is in use by another customer now: change it there,"
            " then take the merge back"
        )
