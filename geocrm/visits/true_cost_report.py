"""What a measurement of the true cost keeps, and what is answered from it. Pure.

Kept are the sums of each sampled week, so that money can be reckoned anew without planning anew.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from geocrm.visits import travel, true_cost_figures, true_cost_sample
from geocrm.visits.true_cost_figures import Rates
from geocrm.visits.true_cost_queries import Side
from geocrm.visits.true_cost_terms import HOME, SERIES, Asked, Ground, Week

# The first hex digits, as many as a commit is called by.
_DIGITS: Final = 12


def kept(side: Side, found: Sequence[Sequence[Week]], asked: Asked) -> dict[str, Any]:
    """One plan as it is kept."""
    return {
        "plan_id": side.plan_id,
        "name": side.name,
        "fingerprint": side.fingerprint,
        "sample": _sample(side, asked),
        "customers": len(side.accounts),
        "territories": [
            _territory(ground, weeks, int((side.accounts.district == row).sum()))
            for row, (ground, weeks) in enumerate(zip(side.territories, found, strict=True))
        ],
    }


def document(
    sides: Sequence[Mapping[str, Any]], asked: Asked, elapsed_s: float, measured_at: str
) -> dict[str, Any]:
    """A whole measurement as it is kept."""
    return {
        "measured_at": measured_at,
        "elapsed_s": round(elapsed_s, 1),
        "asked": asked.record(),
        "weeks": [week + 1 for week in true_cost_sample.weeks(asked.weeks, asked.seed)],
        "travel_times": travel.ESTIMATE,
        "detour": travel.DETOUR_FACTOR,
        "speed_kmh": travel.SPEED_KMH,
        "sides": list(sides),
    }


def answer(found: Mapping[str, Any], plan_ids: Sequence[int], rates: Rates) -> dict[str, Any]:
    """Figures of these plans in this order; of two also what the second has more than the first."""
    of_plan = {side["plan_id"]: side for side in found["sides"]}
    sides = [of_plan[plan_id] for plan_id in plan_ids]
    totals = [_total(side, found["asked"], rates) for side in sides]
    told = {name: value for name, value in found.items() if name != "sides"}
    return told | {
        "plans": [
            _plan(side, found["asked"], rates) | {"figures": true_cost_figures.shown(total)}
            for side, total in zip(sides, totals, strict=True)
        ],
        "same_visits": len({side["sample"] for side in sides}) == 1,
        "difference": true_cost_figures.difference(*totals) if len(totals) == 2 else None,
    }


def _total(side: Mapping[str, Any], asked: Mapping[str, Any], rates: Rates) -> Any:
    weeks, days = true_cost_figures.added_up(side["territories"])
    return true_cost_figures.figures(weeks, asked, days, rates)


def _plan(side: Mapping[str, Any], asked: Mapping[str, Any], rates: Rates) -> dict[str, Any]:
    territories = side["territories"]
    return {
        "plan_id": side["plan_id"],
        "name": side["name"],
        "customers": side["customers"],
        # Reps in full weeks: somebody in several territories counts once.
        "working": round(
            sum(base["days"] for each in territories for base in each["bases"] if base["rep"])
            / asked["days"],
            1,
        ),
        "from_home": sum(_starts(each) == HOME for each in territories),
        "unstaffed": sum(not each["staffed"] for each in territories),
        "territories": [
            {name: each[name] for name in ("number", "name", "colour", "customers", "staffed")}
            | {"reps": [base["rep"] for base in each["bases"] if base["rep"]]}
            | {"start": _starts(each)}
            | {
                "figures": true_cost_figures.shown(
                    true_cost_figures.figures(each["weeks"], asked, each["days"], rates)
                )
            }
            for each in territories
        ],
    }


def _starts(territory: Mapping[str, Any]) -> str | None:
    """Where days start: "home" when all of them do, else "centre"; None where there is no place."""
    kinds = {base["kind"] for base in territory["bases"]}
    return None if not kinds else HOME if kinds == {HOME} else min(kinds)


def _territory(ground: Ground, weeks: Sequence[Week], customers: int) -> dict[str, Any]:
    return {
        "number": ground.number,
        "name": ground.name,
        "colour": ground.colour,
        "staffed": ground.staffed,
        "customers": customers,
        "days": sum(base.days for base in ground.bases),
        "bases": [
            {"lon": base.place[0], "lat": base.place[1], "kind": base.kind, "days": base.days,
             "rep": base.rep}
            for base in ground.bases
        ],
        "weeks": {name: [round(getattr(week, name), 1) for week in weeks] for name in SERIES},
    }  # fmt: skip


def _sample(side: Side, asked: Asked) -> str:
    """A checksum of who is due when and where: equal for plans measured on the same visits."""
    accounts = side.accounts
    text = hashlib.sha256()
    for week in true_cost_sample.weeks(asked.weeks, asked.seed):
        times = true_cost_sample.due(accounts.account_id, accounts.visits_a_year, week, asked.seed)
        due = times > 0
        columns = (accounts.account_id[due], times[due], accounts.lon[due], accounts.lat[due])
        for column in columns:
            text.update(np.ascontiguousarray(column).tobytes())
    return text.hexdigest()[:_DIGITS]
