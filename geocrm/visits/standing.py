"""When a customer is due for a visit, and whether one is planned: what their page says first."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Session

from geocrm.db import scoped_sql
from geocrm.errors import NotFound
from geocrm.visits.urgency import History, due_on, interval_days, urgency


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a customer stands with visits on a day.

    `due` is None for one who wants none, and the day itself for one never visited. `why` is as in
    `Urgency`. `planned_on` is the next day that a rep has them on a plan, with `planned_by`.
    """

    due: date | None
    every_days: int | None
    lateness: float
    why: dict[str, Any]
    planned_on: date | None = None
    planned_by: str | None = None


def standing(session: Session, account_id: int, today: date) -> Standing:
    """The standing of a visible account: one statement; NotFound else."""
    row = scoped_sql(session, _STANDING, {"id": account_id, "today": today}).one_or_none()
    if row is None:
        raise NotFound(f"No customer {account_id}")
    history = History(
        row.segment, row.visits_per_year, row.last_visit, row.outcome, row.outcome_day,
        row.postponed_to,
    )  # fmt: skip
    found = urgency(history, today)
    every = interval_days(row.segment, row.visits_per_year)
    due = due_on(history)
    if found.why["kind"] == "waiting":
        due = row.postponed_to
    return Standing(
        None if due is None else max(due, date(1970, 1, 1)),
        None if every == float("inf") else round(every),
        found.lateness,
        found.why,
        row.day,
        row.rep,
    )


_STANDING: Final = """
    SELECT s.segment, a.visits_per_year, s.last_visit, o.outcome, o.outcome_day, o.postponed_to,
        n.day, n.rep
    FROM account_scope s JOIN accounts a ON a.id = s.account_id
    LEFT JOIN LATERAL (
        SELECT v.outcome, v.postponed_to,
            CAST(v.outcome_at AT TIME ZONE p.timezone AS date) AS outcome_day
        FROM visit_stops v JOIN visit_plans p ON p.id = v.plan_id
        WHERE v.account_id = s.account_id AND v.outcome IS NOT NULL
        ORDER BY v.outcome_at DESC LIMIT 1) o ON true
    LEFT JOIN LATERAL (
        SELECT p.day, u.name AS rep
        FROM visit_stops v
        JOIN visit_plans p ON p.id = v.plan_id AND p.state = 'live' AND p.day >= :today
        JOIN users u ON u.id = p.user_id
        WHERE v.account_id = s.account_id AND v.outcome IS NULL
        ORDER BY p.day LIMIT 1) n ON true
    WHERE s.account_id = :id AND {scope:s}
"""
