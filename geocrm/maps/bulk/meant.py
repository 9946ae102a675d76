"""Who is meant: all that a filter takes, or the accounts of a list."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.maps import service as maps
from geocrm.maps.filters import read_tree
from geocrm.security import Actor

MAX_IDS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Meant:
    """A condition on `account_scope s`; `tree` is None when accounts were named one by one."""

    condition: str
    params: Mapping[str, Any]
    tree: Mapping[str, Any] | None
    key: str
    ids: list[int] | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """How many are meant and visible, and a mark that tells one set of them from another."""

    total: int
    mark: str


def read(actor: Actor, *, tree: Any, ids: Sequence[int] | None) -> Meant:
    """The accounts of a filter, or of a list when one is given; a filter of {} means everybody."""
    if (tree is None) == (ids is None):
        raise InvalidInput("Say who is meant: either a filter or a list of ids")
    if ids is not None:
        return _listed(ids)
    tree = read_tree(tree) if isinstance(tree, str) else tree
    chosen = maps.filter_for(actor, tree or None)
    return Meant(chosen.sql, chosen.params, tree or {}, chosen.key)


def _listed(ids: Sequence[int]) -> Meant:
    wanted = sorted(set(ids))
    if not wanted:
        raise InvalidInput("The list of ids is empty: choose customers first")
    if len(wanted) > MAX_IDS:
        raise InvalidInput(
            "{count} customers are too many to name one by one, at most {most}: use a filter",
            count=len(wanted),
            most=MAX_IDS,
        )
    if not all(0 < each < 2**63 for each in wanted):
        raise InvalidInput("An id is a positive whole number")
    key = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:24]
    condition = "s.account_id = ANY(CAST(:meant_ids AS bigint[]))"
    return Meant(condition, {"meant_ids": wanted}, None, key, wanted)


def members(session: Session, meant: Meant) -> Members:
    """Count whom the session's actor may see of those who are meant."""
    row = scoped_sql(
        session, f"SELECT {_MARK} FROM account_scope s WHERE {{scope:s}} AND {meant.condition}",
        meant.params,
    ).one()  # fmt: skip
    return Members(int(row.total), str(row.mark))


def freeze(session: Session, meant: Meant, run_id: int) -> Members:
    """Write down whom the session's actor sees of those who are meant, in the order of ids."""
    row = scoped_sql(
        session,
        f"""
        WITH s AS (
            INSERT INTO bulk_members (run_id, ord, account_id)
            SELECT :run_id, row_number() OVER (ORDER BY s.account_id), s.account_id
            FROM account_scope s WHERE {{scope:s}} AND {meant.condition}
            RETURNING account_id)
        SELECT {_MARK} FROM s
        """,
        {**meant.params, "run_id": run_id},
    ).one()
    return Members(int(row.total), str(row.mark))


# Which accounts they are, whatever their order.
_MARK: Final = """
    count(*) AS total,
    coalesce(to_hex(bit_xor(hashint8extended(s.account_id, 41))), '0') AS mark
"""
