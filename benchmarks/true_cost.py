"""What measuring the true cost of a plan takes, and how far its figures can be relied on.

Of the live plan in the settings' database, over everything in it: CPU a territory and week; how the
standard error shrinks with the weeks; how far the quick planning lies from the planner's own effort
on the same visits; and planned driving beside what a formula says of such visits at the least.

    python -m benchmarks.true_cost --weeks 2,4,8 --territories 6
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.cli.context import open_sessions
from geocrm.errors import InvalidInput
from geocrm.security import OPERATOR
from geocrm.territories import queries
from geocrm.territories.workload import TOUR_CONSTANT
from geocrm.visits import planning, shortlist, travel, true_cost, true_cost_figures
from geocrm.visits import true_cost_report as report
from geocrm.visits import true_cost_tasks as tasks
from geocrm.visits.true_cost_figures import Estimate, Rates
from geocrm.visits.true_cost_queries import Side
from geocrm.visits.true_cost_terms import Asked, Week

SHOWN = ("due", "planned", "drive_h", "reps", "all_drive_h", "all_drive_min", "nights")


def main() -> None:
    """Measure and print one JSON document."""
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--weeks", default="2,4,8", help="Numbers of weeks, commas between.")
    wanted.add_argument("--territories", type=int, default=6, help="For comparing the effort.")
    wanted.add_argument("--seed", type=int, default=1)
    asked = wanted.parse_args()
    with open_sessions() as sessions, sessions() as session:
        session.info["scope"] = OPERATOR
        live = queries.live_plan(session)
        if live is None:
            raise InvalidInput("No territory plan is live: load the demo, or make one live")
        began = time.process_time()
        (side,) = tasks.read(session, OPERATOR, live.id, None, Asked(seed=asked.seed))
        read_cpu_s = time.process_time() - began
        areas = _areas_km2(session, live.id)
    counts = [int(each) for each in asked.weeks.split(",")]
    print(
        json.dumps(
            {
                "customers": len(side.accounts),
                "territories": len(side.territories),
                "read_cpu_s": round(read_cpu_s, 2),
                "by_weeks": [_by_weeks(side, Asked(weeks=n, seed=asked.seed)) for n in counts],
                "effort": _effort(side, asked.territories, Asked(weeks=1, seed=asked.seed)),
                "bound": _bound(side, areas, Asked(weeks=1, seed=asked.seed)),
            },
            indent=2,
        )
    )


def _measured(side: Side, asked: Asked) -> tuple[list[list[Week]], float]:
    began = time.process_time()
    found = true_cost.measure(side.territories, side.accounts, asked, side.ferries)
    return found, time.process_time() - began


def _figures(side: Side, found: list[list[Week]], asked: Asked) -> dict[str, Estimate | None]:
    territories = report.kept(side, found, asked)["territories"]
    weeks, days = true_cost_figures.added_up(territories)
    return true_cost_figures.figures(weeks, asked.record(), days, Rates())


def _by_weeks(side: Side, asked: Asked) -> dict[str, Any]:
    """Figures of the whole plan with their standard errors, and what they took."""
    found, cpu_s = _measured(side, asked)
    figures = _figures(side, found, asked)
    return {
        "weeks": asked.weeks,
        "cpu_s": round(cpu_s, 1),
        "cpu_s_per_territory_week": round(cpu_s / asked.weeks / len(side.territories), 3),
        "figures": {name: one.document() for name in SHOWN if (one := figures[name])},
        "relative_error": {
            name: round(one.error / one.value, 4)
            for name in SHOWN
            if (one := figures[name]) and one.error is not None and one.value
        },
    }


def _effort(side: Side, count: int, asked: Asked) -> dict[str, Any]:
    """The quick planning beside the planner's own shortlist and steps, on the same visits."""
    rows = np.linspace(0, len(side.territories) - 1, count).astype(int).tolist()
    some = _some(side, rows)
    found = {}
    for name, effort in (
        ("quick", asked),
        ("full", replace(asked, shortlist=shortlist.SIZE, effort=planning.EFFORT)),
    ):
        weeks, cpu_s = _measured(some, effort)
        figures = _figures(some, weeks, effort)
        values = {each: round(one.value, 1) for each in SHOWN if (one := figures[each])}
        found[name] = {"cpu_s": round(cpu_s, 1), **values}
    return {"territories": len(rows), "weeks": asked.weeks, **found}


def _some(side: Side, rows: Sequence[int]) -> Side:
    inside = np.isin(side.accounts.district, rows)
    accounts = side.accounts.subset(inside)
    return replace(
        side,
        territories=tuple(side.territories[row] for row in rows),
        accounts=replace(accounts, district=np.searchsorted(rows, accounts.district)),
    )


def _bound(side: Side, areas_km2: dict[int, float], asked: Asked) -> list[dict[str, Any]]:
    """Kilometres planned for all visits, beside one round through as many at random places.

    0.7124 sqrt(visits x area) times the detour (`workload.py` says whose formula that is). Planned
    days add the ways from home and back, customers in towns lie closer than at random: in a
    territory of one density the ratio should be above 1, and it should nowhere be far below.
    """
    found, _ = _measured(side, asked)
    rows = []
    for ground, (week,) in zip(side.territories, found, strict=True):
        area = areas_km2[ground.number]
        at_least = TOUR_CONSTANT * np.sqrt(week.due * area) * travel.DETOUR_FACTOR
        planned = week.all_distance_m / 1_000
        rows.append(
            {
                "territory": ground.name,
                "due": week.due,
                "area_km2": round(area),
                "planned_km": round(planned),
                "round_km": round(float(at_least)),
                "ratio": round(planned / float(at_least), 2),
            }
        )
    return rows


def _areas_km2(session: Session, plan_id: int) -> dict[int, float]:
    rows = session.execute(
        text(
            "SELECT t.number, sum(b.area_km2) FROM territories t"
            " JOIN territory_units u ON u.territory_id = t.id JOIN boundaries b ON b.code = u.unit"
            " WHERE t.plan_id = :plan GROUP BY t.number"
        ),
        {"plan": plan_id},
    )
    return {number: float(area) for number, area in rows}


if __name__ == "__main__":
    main()
