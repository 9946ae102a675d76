"""Owner, tags and segment of very many accounts at once, and how each is taken back.

An edit is SQL on `account_scope s` and `accounts a`: what stands against it, where it is so
already, what was there before. One text says it for the preview, the change and the undo, so that
they cannot disagree. An undo gives back only what still is as the edit left it: what somebody
changed since stays theirs.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.customers import bulk_stage, service
from geocrm.db import scoped_sql
from geocrm.errors import InvalidInput
from geocrm.security import Actor

MAX_TAGS: Final = 50
MAX_TAG: Final = 60
MAX_SEGMENT: Final = 60


@dataclass(frozen=True, slots=True)
class Edit:
    """A change to one thing of many accounts."""

    # SQL of a code that says why it may not be done to an account, or NULL.
    against: str
    # SQL: whether the account is so already.
    same: str
    # SQL of the image: a jsonb object.
    before: str
    # What is set in `accounts` beside its version, and in `account_scope`, where anything is.
    account: str
    scope: str
    # For the undo, with `g.before`: whether it still is as the edit left it, and what is set then.
    ours: str
    account_back: str
    scope_back: str
    params: Mapping[str, Any] = field(default_factory=dict)


def give(session: Session, actor: Actor, owner_id: int) -> Edit:
    """Hand accounts to an owner the actor may give them to, else InvalidInput."""
    return given(actor, service.assignable(session, actor, owner_id).id)


def given(actor: Actor, owner_id: int) -> Edit:
    """The same for accounts that were given already, whoever the owner is by now."""
    return Edit(
        against="CASE WHEN NOT (:assigns_all OR s.owner_id = ANY(CAST(:giver_ids AS int[])))"
        " THEN 'not_yours_to_give' END",
        same="s.owner_id = :new_owner_id",
        before="jsonb_build_object('owner_id', s.owner_id)",
        account="",
        scope="owner_id = :new_owner_id",
        ours="s.owner_id = :new_owner_id",
        account_back="",
        scope_back="owner_id = CAST(g.before ->> 'owner_id' AS int)",
        params={
            "new_owner_id": owner_id,
            "assigns_all": actor.sees_all,
            "giver_ids": sorted(actor.owner_ids),
        },
    )


def retag(add: Sequence[str], remove: Sequence[str]) -> Edit:
    """Add tags and take others away."""
    return Edit(
        against=f"CASE WHEN cardinality({_TAGS}) > {MAX_TAGS} THEN 'too_many_tags' END",
        same="NOT a.tags && CAST(:remove AS text[]) AND a.tags @> CAST(:add AS text[])",
        before="jsonb_build_object('tags', a.tags)",
        account=f"tags = {_TAGS}",
        scope="",
        ours=f"{_TAGS_BACK} IS DISTINCT FROM a.tags",
        account_back=f"tags = {_TAGS_BACK}",
        scope_back="",
        params={"add": tags(add), "remove": tags(remove)},
    )


def classify(segment: str | None) -> Edit:
    """Put accounts into a segment, or into none."""
    name = (segment or "").replace("\x00", "").strip() or None
    if name is not None and len(name) > MAX_SEGMENT:
        raise InvalidInput(
            "The segment is {length} characters long, at most {most}",
            length=len(name),
            most=MAX_SEGMENT,
        )
    return Edit(
        against="NULL",
        same="a.segment IS NOT DISTINCT FROM CAST(:new_segment AS text)",
        before="jsonb_build_object('segment', a.segment)",
        account="segment = CAST(:new_segment AS text)",
        scope="segment = CAST(:new_segment AS text)",
        ours="a.segment IS NOT DISTINCT FROM CAST(:new_segment AS text)",
        account_back="segment = g.before ->> 'segment'",
        scope_back="segment = g.before ->> 'segment'",
        params={"new_segment": name},
    )


def tags(given: Sequence[str]) -> list[str]:
    """Tags as they are kept: trimmed, each once."""
    words = [str(word).replace("\x00", "").strip() for word in given]
    for word in words:
        if len(word) > MAX_TAG:
            raise InvalidInput(
                "The tag “{tag}…” is longer than {most} characters", tag=word[:30], most=MAX_TAG
            )
    return list(dict.fromkeys(word for word in words if word))


def forecast(
    session: Session, edit: Edit, condition: str, params: Mapping[str, Any]
) -> tuple[Counter[str], Counter[str]]:
    """What the edit would come to for the accounts of a condition on `account_scope s`.

    Counts by outcome, and of the refused by reason.
    """
    rows = scoped_sql(
        session,
        f"""
        SELECT CASE WHEN reason IS NOT NULL THEN 'refused' WHEN same THEN 'unchanged'
                    ELSE 'changed' END AS outcome, reason, count(*) AS accounts
        FROM (SELECT CASE WHEN NOT ({edit.same}) THEN {edit.against} END AS reason,
                  {edit.same} AS same
              FROM account_scope s JOIN accounts a ON a.id = s.account_id
              WHERE {{scope:s}} AND {condition}) judged
        GROUP BY 1, 2
        """,
        {**params, **edit.params},
    ).all()
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for row in rows:
        outcomes[row.outcome] += row.accounts
        if row.reason:
            reasons[row.reason] += row.accounts
    return outcomes, reasons


def apply(session: Session, actor: Actor, edit: Edit) -> None:
    """Change the accounts of `bulk_stage`."""
    params = {**edit.params, "user_id": actor.user_id}
    bulk_stage.begin_writing(session)
    scoped_sql(session, _JUDGE.format(edit=edit), params)
    _write(session, "changed", edit.account, edit.scope, params)


def take_back(session: Session, actor: Actor, edit: Edit) -> None:
    """Give the accounts of `bulk_stage` back what their image says, where it is still ours."""
    params = {**edit.params, "user_id": actor.user_id}
    bulk_stage.begin_writing(session)
    scoped_sql(session, _JUDGE_BACK.format(edit=edit), params)
    _write(session, "undone", edit.account_back, edit.scope_back, params)


def _write(
    session: Session,
    outcome: str,
    account: str,
    scope: str,
    params: Mapping[str, Any],
) -> None:
    bound = {**params, "outcome": outcome}
    scoped_sql(session, _SET_ACCOUNT.format(values=f"{account}, " if account else ""), bound)
    if scope:
        scoped_sql(session, _SET_SCOPE.format(values=scope), bound)


_TAGS: Final = """(
    ARRAY(SELECT t FROM unnest(a.tags) WITH ORDINALITY u(t, n)
          WHERE t <> ALL(CAST(:remove AS text[])) ORDER BY n)
    || ARRAY(SELECT t FROM unnest(CAST(:add AS text[])) WITH ORDINALITY u(t, n)
             WHERE t <> ALL(a.tags) ORDER BY n))"""
# What was there before, as a list of text; a tag that was there already is not taken away.
_HAD: Final = "ARRAY(SELECT jsonb_array_elements_text(g.before -> 'tags'))"
_TAGS_BACK: Final = f"""(
    ARRAY(SELECT t FROM unnest(a.tags) WITH ORDINALITY u(t, n)
          WHERE NOT (t = ANY(CAST(:add AS text[])) AND t <> ALL({_HAD})) ORDER BY n)
    || ARRAY(SELECT t FROM unnest({_HAD}) WITH ORDINALITY u(t, n)
             WHERE t = ANY(CAST(:remove AS text[])) AND t <> ALL(a.tags) ORDER BY n))"""
# Judged as they stand once they are held. Always held in one order, so that two who change the same
# accounts wait for each other and neither for ever.
_JUDGE: Final = """
    WITH held AS MATERIALIZED (
        SELECT s.account_id, {edit.before} AS before, {edit.same} AS same,
            CASE WHEN NOT ({edit.same}) THEN {edit.against} END AS reason
        FROM account_scope s JOIN accounts a ON a.id = s.account_id
        WHERE {{scope:s}} AND s.account_id IN (SELECT account_id FROM bulk_stage)
        ORDER BY s.account_id FOR NO KEY UPDATE OF a, s)
    UPDATE bulk_stage g SET before = j.before, reason = j.reason,
        outcome = CASE WHEN j.same THEN 'unchanged' WHEN j.reason IS NOT NULL THEN 'refused'
                       ELSE 'changed' END
    FROM held j WHERE j.account_id = g.account_id
"""
_JUDGE_BACK: Final = """
    WITH held AS MATERIALIZED (
        SELECT s.account_id, CASE WHEN {edit.ours} THEN 'undone' ELSE 'spared' END AS outcome
        FROM bulk_stage g JOIN account_scope s ON s.account_id = g.account_id
        JOIN accounts a ON a.id = s.account_id
        WHERE {{scope:s}}
        ORDER BY s.account_id FOR NO KEY UPDATE OF a, s)
    UPDATE bulk_stage g SET outcome = j.outcome,
        reason = CASE j.outcome WHEN 'spared' THEN 'changed_since' END
    FROM held j WHERE j.account_id = g.account_id
"""
_SET_ACCOUNT: Final = """
    UPDATE accounts a SET {values}version = a.version + 1, updated_at = now(),
        updated_by = :user_id
    FROM bulk_stage g JOIN account_scope s ON s.account_id = g.account_id
    WHERE a.id = g.account_id AND g.outcome = :outcome AND {{scope:s}}
"""
_SET_SCOPE: Final = """
    UPDATE account_scope s SET {values}
    FROM bulk_stage g WHERE s.account_id = g.account_id AND g.outcome = :outcome AND {{scope:s}}
"""
