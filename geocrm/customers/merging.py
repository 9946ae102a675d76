"""Making one account of two that are the same customer; `merging_undo` takes that back.

Every field is chosen from one of the two; what hangs on the one that goes moves to the one that
stays. It is deleted with images kept of each row, so that undoing restores both as they were,
except what somebody changed since, which is told.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm.customers import (
    decisions,
    history,
    merging_contacts,
    merging_rows,
    placing,
    queries,
    scope,
)
from geocrm.customers.decision_sql import RESTORED as POINT
from geocrm.customers.merging_rows import SINGLE
from geocrm.customers.models import Account, AccountScope
from geocrm.customers.record_models import AccountMerge, AccountMergeRow
from geocrm.db import elevated, scoped_sql
from geocrm.errors import Conflict, InvalidInput, NotFound
from geocrm.security import Actor, audit

# What is chosen from one of the two; tags are those of both.
FIELDS: Final = (
    "name", "external_id", "segment", "annual_revenue", "website", "visits_per_year", "owner",
    "address",
)  # fmt: skip
_ACCOUNT: Final = FIELDS[:6]
_WRITTEN: Final = (
    "typed", "street", "house_number", "postcode", "village", "district", "city", "region",
    "country",
)  # fmt: skip
KEY: Final = {"accounts": "id", "account_scope": "account_id", "addresses": "account_id"}


def merged_into(session: Session, account_id: int) -> int | None:
    """The visible account that this one was merged into, or None."""
    return session.scalar(
        select(AccountMerge.account_id)
        .where(AccountMerge.loser_id == account_id, AccountMerge.undone_at.is_(None))
        .order_by(AccountMerge.id.desc())
        .limit(1)
    )


def require_of(session: Session, account_id: int, merge_id: int) -> AccountMerge:
    """The merge into a visible account, or NotFound."""
    found = session.scalar(
        select(AccountMerge).where(
            AccountMerge.id == merge_id, AccountMerge.account_id == account_id
        )
    )
    if found is None:
        raise NotFound(f"No merge {merge_id} at customer {account_id}")
    return found


def held(session: Session, account_id: int) -> dict[str, int]:
    """How many rows of each table hang on a visible account, for those that have some."""
    queries.get(session, account_id)
    with elevated(session):
        return {
            reference.table: count
            for reference, count in merging_rows.held(session, account_id)
            if reference.table not in SINGLE
        }


def shared_contacts(session: Session, account_id: int, other_id: int) -> list[str]:
    """The names of contacts that two visible accounts have both: a merge makes one of each."""
    for each in (account_id, other_id):
        queries.get(session, each)
    with elevated(session):
        pairs = merging_contacts.alike(session, account_id, other_id)
    return list(dict.fromkeys(pair.name for pair in pairs))


def stayed(session: Session, account_ids: Iterable[int]) -> dict[int, int]:
    """For each of the accounts that was merged away: the visible one that it is part of now."""
    leads: dict[int, int] = {}
    asked = set(account_ids)
    while asked:
        found = session.execute(
            select(AccountMerge.loser_id, AccountMerge.account_id)
            .where(AccountMerge.loser_id.in_(asked), AccountMerge.undone_at.is_(None))
            .order_by(AccountMerge.id)
        )
        step = {row.loser_id: row.account_id for row in found}
        asked = set(step.values()) - set(leads)
        leads |= step
    return {loser: _end(leads, loser) for loser in leads}


def _end(leads: Mapping[int, int], account_id: int) -> int:
    while account_id in leads:
        account_id = leads[account_id]
    return account_id


def merge(
    session: Session,
    actor: Actor,
    winner_id: int,
    loser_id: int,
    choices: Mapping[str, int] | None = None,
    versions: Mapping[int, int] | None = None,
) -> AccountMerge:
    """Make one account of two; `choices` names by field whose value stays, the winner's else.

    Conflict when one of them is not of the version in `versions` any more.
    """
    actor.require("update", "account")
    chosen = _chosen(winner_id, loser_id, choices or {})
    accounts = _both(session, winner_id, loser_id, versions or {})
    _require_owner(session, actor, loser_id, winner_id if chosen["owner"] == loser_id else None)
    merge = AccountMerge(
        account_id=winner_id,
        loser_id=loser_id,
        loser_name=accounts[loser_id].name,
        winner_name=accounts[winner_id].name,
        user_id=actor.user_id,
    )
    session.add(merge)
    session.flush()
    with elevated(session):
        _merge(session, actor, merge, chosen)
    audit.record(
        session, actor, "merge", f"account:{winner_id}", merge=merge.id, loser=loser_id,
        name=merge.loser_name,
    )  # fmt: skip
    session.expire_all()
    return merge


# ------------------------------------------------------------------------------- before it


def _chosen(winner_id: int, loser_id: int, choices: Mapping[str, int]) -> dict[str, int]:
    if winner_id == loser_id:
        raise InvalidInput("A customer cannot be merged with itself: choose another one")
    for field, account_id in choices.items():
        if field not in FIELDS:
            raise InvalidInput(f"{field[:60]!r} cannot be chosen; fields are {', '.join(FIELDS)}")
        if account_id not in (winner_id, loser_id):
            raise InvalidInput(f"The {field} is to come from one of the two, not {account_id}")
    return {field: choices.get(field, winner_id) for field in FIELDS}


def _both(
    session: Session, winner_id: int, loser_id: int, versions: Mapping[int, int]
) -> dict[int, Account]:
    """Both accounts, held until the transaction ends; always in one order, so no two wait."""
    found = session.scalars(
        select(Account)
        .where(Account.id.in_((winner_id, loser_id)))
        .order_by(Account.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    accounts = {account.id: account for account in found}
    for account_id in (winner_id, loser_id):
        if account_id not in accounts:
            raise NotFound(f"No customer {account_id}")
    for account_id, version in versions.items():
        account = accounts.get(account_id)
        if account is not None and account.version != version:
            raise Conflict(f"{account.name} was changed since you looked: look at both again")
    return accounts


def _require_owner(session: Session, actor: Actor, *accounts: int | None) -> None:
    """Merging takes a customer from its owner: who may hand it over may do that too."""
    if actor.sees_all:
        return
    owners = session.scalars(
        select(AccountScope.owner_id).where(
            AccountScope.account_id.in_([each for each in accounts if each is not None])
        )
    ).all()
    if not set(owners) <= actor.owner_ids:
        raise InvalidInput("Only its owner, or who they report to, may merge a customer away")


# ------------------------------------------------------------------------------- merging


def _merge(session: Session, actor: Actor, merge: AccountMerge, chosen: Mapping[str, int]) -> None:
    winner, loser = merge.account_id, merge.loser_id
    changed = [_noted(session, merge.id, table, winner, "changed") for table in SINGLE]
    gone = {table: image_of(session, table, loser) for table in SINGLE}
    points = merging_rows.point_ids(session, winner) | merging_rows.point_ids(session, loser)
    merging_rows.note(session, merge.id, "accounts", "deleted", {"id": loser}, gone["accounts"])
    merging_contacts.join(session, merge.id, winner, loser)
    for reference, _count in merging_rows.held(session, loser):
        merging_rows.move(session, merge.id, reference, loser, winner)
    scoped_sql(session, _FREE_ID, {"loser": loser})
    history.begin(session, actor, "merge")
    _settle_account(session, actor, winner, gone, chosen)
    scoped_sql(session, _KEEP_IDS, {"merge": merge.id})
    _settle_address(session, winner, loser, gone["addresses"], chosen["address"])
    scoped_sql(session, _SETTLE_SCOPE, {"winner": winner, "loser": loser} | {
        "owner": gone["account_scope"]["owner_id"] if chosen["owner"] == loser else None
    })  # fmt: skip
    history.end(session)
    for made in merging_rows.point_ids(session, winner) - points:
        merging_rows.note(session, merge.id, "address_points", "made", {"id": made}, None)
    merging_rows.delete_account(session, loser)
    refresh(session, winner)
    session.expire_all()
    for row in changed:
        row.after = image_of(session, row.table_name, winner)
    session.flush()


def _settle_account(
    session: Session,
    actor: Actor,
    winner: int,
    gone: Mapping[str, dict[str, Any]],
    chosen: Mapping[str, int],
) -> None:
    image = gone["accounts"]
    taken = [field for field in _ACCOUNT if chosen[field] == image["id"]]
    if "annual_revenue" in taken:
        taken.append("currency")
    merging_rows.apply(session, "accounts", "id", winner, image, taken)
    scoped_sql(
        session, SETTLE_ACCOUNT, {"id": winner, "tags": image["tags"], "user": actor.user_id}
    )


def _settle_address(
    session: Session, winner: int, loser: int, image: dict[str, Any], text_of: int
) -> None:
    """Take the address from the one that was chosen; a point that a person placed stays always.

    Where only one of them was placed by hand, that is the point, whichever address was chosen;
    the point that is not taken stays as an earlier one.
    """
    kept = image_of(session, "addresses", winner)
    pinned = [account for account, address in ((winner, kept), (loser, image))
              if address["provider"] == placing.PIN]  # fmt: skip
    point_of = pinned[0] if len(pinned) == 1 else text_of
    if point_of == winner:
        merging_rows.keep_point(session, loser, winner)
    columns = [*(_WRITTEN if text_of == loser else ()), *(POINT if point_of == loser else ())]
    if text_of == point_of == loser:
        columns += ["answered", "answered_address"]
    with placing.letting_go_of_pins(session):
        merging_rows.apply(session, "addresses", "account_id", winner, image, columns)
        if text_of == point_of:
            # The trigger asks again what a person has answered; the image knows.
            merging_rows.apply(session, "addresses", "account_id", winner, image, columns)
    decisions.place_in_scope(session, [winner])


# ------------------------------------------------------------------------------- both ways


def _noted(
    session: Session, merge_id: int, table: str, account_id: int, kind: str
) -> AccountMergeRow:
    key = {KEY[table]: account_id}
    before = image_of(session, table, account_id)
    return merging_rows.note(session, merge_id, table, kind, key, before)


def image_of(session: Session, table: str, account_id: int) -> dict[str, Any]:
    """The row of an account in a table with one row an account, or NotFound."""
    found = merging_rows.image(session, table, KEY[table], account_id)
    if found is None:
        raise NotFound(f"No customer {account_id}")
    return found


def refresh(session: Session, account_id: int) -> None:
    """Bring reach and consent of an account in line with what hangs on it."""
    scope.refresh_reach(session, scope.ONE, {"account_id": account_id})
    scope.refresh_consent(session, scope.ONE, {"account_id": account_id})


# The IDs of both, but for the one that stays theirs.
_KEEP_IDS: Final = """
    INSERT INTO account_former_ids (external_id, account_id, merge_id)
    SELECT r.before ->> 'external_id', a.id, m.id
    FROM account_merge_rows r JOIN account_merges m ON m.id = r.merge_id
    JOIN accounts a ON a.id = m.account_id JOIN account_scope s ON s.account_id = a.id
    WHERE m.id = :merge AND r.table_name = 'accounts' AND {scope:s}
      AND r.before ->> 'external_id' <> coalesce(a.external_id, '')
    ON CONFLICT (external_id) DO UPDATE
        SET account_id = excluded.account_id, merge_id = excluded.merge_id
"""
_FREE_ID: Final = (
    "UPDATE accounts a SET external_id = NULL FROM account_scope s"
    " WHERE a.id = :loser AND s.account_id = a.id AND {scope:s}"
)
SETTLE_ACCOUNT: Final = """
    UPDATE accounts a SET version = a.version + 1, updated_at = now(), updated_by = :user,
        tags = a.tags || ARRAY(SELECT t FROM unnest(CAST(:tags AS text[])) t
                               WHERE t <> ALL (a.tags))
    FROM account_scope s WHERE a.id = :id AND s.account_id = a.id AND {scope:s}
"""
# Orders have moved, so the revenue of the last year is that of both where both have orders in it.
_SETTLE_SCOPE: Final = """
    UPDATE account_scope s SET
        owner_id = coalesce(:owner, s.owner_id), segment = a.segment,
        last_order = greatest(s.last_order, l.last_order),
        last_visit = greatest(s.last_visit, l.last_visit),
        revenue = CASE
            WHEN s.last_order >= current_date - 365 AND l.last_order >= current_date - 365
                THEN s.revenue + l.revenue
            WHEN s.last_order >= current_date - 365 THEN s.revenue
            WHEN l.last_order >= current_date - 365 THEN l.revenue
            ELSE coalesce(a.annual_revenue, 0) END
    FROM accounts a, account_scope l
    WHERE s.account_id = :winner AND a.id = :winner AND l.account_id = :loser AND {scope:s}
"""
