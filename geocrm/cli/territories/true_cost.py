"""What serving a plan really takes: sampled weeks of visits, planned day by day."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from geocrm.cli import context
from geocrm.cli.context import acting_email, emit, find_actor, json_option
from geocrm.cli.territories.group import territories
from geocrm.db import unit_of_work
from geocrm.territories import queries
from geocrm.visits import true_cost_report, true_cost_tasks, wishes
from geocrm.visits.crossings import BOARDING_MIN, FERRY_KMH
from geocrm.visits.true_cost_figures import Rates
from geocrm.visits.true_cost_terms import (
    DEFAULT_DAYS,
    DEFAULT_WEEKS,
    HOME,
    STARTS,
    Asked,
    visit_seconds,
)

# Figure, words, digits, factor.
_ROWS: Final = (
    ("due", "visits due a week", 1, 1),
    ("planned", "  made in the week", 1, 1),
    ("left", "  left over", 1, 1),
    ("far", "  beyond a day's reach", 1, 1),
    ("no_place", "due, without a place", 1, 1),
    ("drive_h", "week as staffed: driving, h", 1, 1),
    ("km", "week as staffed: km", 0, 1),
    ("visit_h", "week as staffed: visiting, h", 1, 1),
    ("utilisation", "week as staffed: used, %", 0, 100),
    ("drive_min", "week as staffed: min driving/visit", 1, 1),
    ("all_drive_h", "all visits: driving, h", 1, 1),
    ("all_km", "all visits: km", 0, 1),
    ("all_hours", "all visits: hours of work", 1, 1),
    ("all_drive_min", "all visits: min driving/visit", 1, 1),
    ("nights", "all visits: nights away", 1, 1),
    ("crossings", "all visits: ferries taken", 1, 1),
    ("reps", "all visits: reps needed", 2, 1),
    ("reckoned", "all visits: reckoned, not planned", 1, 1),
    ("cost", "all visits: cost", 0, 1),
)  # fmt: skip


@territories.command("true-cost")
@click.argument("plan")
@click.option("--against", metavar="PLAN", help="A second plan, measured on the same visits.")
@click.option("--weeks", type=int, default=DEFAULT_WEEKS, help="Weeks of a year to plan.")
@click.option("--seed", type=int, default=1, help="Decides weeks and who is due in them.")
@click.option("--start", type=click.Choice(STARTS), default=HOME,
              help="Where days start: at homes where known, or in the middle.")  # fmt: skip
@click.option("--days", type=int, default=DEFAULT_DAYS, help="Working days of a week.")
@click.option("--hours", default=wishes.DEFAULT_HOURS, metavar="HH:MM-HH:MM")
@click.option("--visit-min", type=float, default=wishes.DEFAULT_VISIT_MIN, help="Minutes a visit.")
@click.option("--ferry-kmh", type=float, default=FERRY_KMH, help="Speed of a ferry under way.")
@click.option("--boarding-min", type=float, default=BOARDING_MIN,
              help="Minutes of waiting and boarding at each ferry.")  # fmt: skip
@click.option("--cost-per-km", type=float, help="Money a kilometre.")
@click.option("--cost-per-hour", type=float, help="Money an hour of work.")
@click.option("--cost-per-night", type=float, help="Money a night away.")
@json_option
def true_cost_command(
    plan: str,
    against: str | None,
    weeks: int,
    seed: int,
    start: str,
    days: int,
    hours: str,
    visit_min: float,
    ferry_kmh: float,
    boarding_min: float,
    cost_per_km: float | None,
    cost_per_hour: float | None,
    cost_per_night: float | None,
    as_json: bool,
) -> None:
    """Plan sampled weeks of visits in PLAN (number or name), and say what they take.

    Travel is estimated from the straight line, by ferry between land masses. Nothing is kept.
    """
    begin_s, end_s = wishes.hours(hours)
    asked = Asked(
        weeks, seed, days, begin_s, end_s, visit_seconds(visit_min), start,
        ferry_kmh=ferry_kmh, boarding_min=boarding_min,
    )  # fmt: skip
    rates = Rates(cost_per_km, cost_per_hour, cost_per_night)
    with context.open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        with unit_of_work(sessions, actor) as session:
            names = [plan] if against is None else [plan, against]
            ids = [queries.plan_named(session, actor, name).id for name in names]
            sides = true_cost_tasks.read(session, actor, ids[0], (*ids[1:], None)[0], asked)
    found = true_cost_tasks.measure(sides, asked, progress=_progress)
    assert found is not None
    answer = true_cost_report.answer(found, ids, rates)
    if as_json:
        emit(answer)
    else:
        _print(answer)


def _progress(share: float) -> None:
    """One line that counts up, for whoever watches; nothing in files and pipes."""
    if sys.stderr.isatty():
        click.echo(f"\rPlanning ... {share:.0%}", err=True, nl=share >= 1)


def _print(answer: Mapping[str, Any]) -> None:
    plans, weeks = answer["plans"], ", ".join(map(str, answer["weeks"]))
    click.echo(
        f"Estimated travel: straight line x {answer['detour']:g} at {answer['speed_kmh']:g} km/h;"
        f" ferries {answer['asked']['ferry_kmh']:g} km/h after"
        f" {answer['asked']['boarding_min']:g} min."
        f" Means of the weeks {weeks} of a year (seed {answer['asked']['seed']}) +- standard error."
    )
    names = "".join(f"{each['name'][:22]:>24}" for each in plans)
    click.echo(f"{'':<36}{names}{_gap_head(plans)}")
    for name, words, digits, factor in _ROWS:
        cells = [_cell(each["figures"][name], digits, factor) for each in plans]
        if answer["difference"]:
            gap = answer["difference"][name]
            cells.append(_cell(gap, digits, factor, "+") + _mark(gap))
        click.echo(f"{words:<36}" + "".join(f"{cell:>24}" for cell in cells).rstrip())
    if not answer["same_visits"]:
        click.echo("The plans do not hold the same customers: the difference counts that, too.")
    for each in plans:
        _print_territories(each)


def _gap_head(plans: Sequence[Any]) -> str:
    return f"{'difference (* clear)':>24}" if len(plans) == 2 else ""


def _mark(gap: Mapping[str, Any] | None) -> str:
    return " *" if gap and gap["clear"] else "  "


def _cell(one: Mapping[str, Any] | None, digits: int, factor: int, sign: str = "") -> str:
    if one is None:
        return "-"
    error = "" if one["se"] is None else f" +-{one['se'] * factor:,.{digits}f}"
    return f"{one['value'] * factor:{sign},.{digits}f}{error}"


def _print_territories(plan: Mapping[str, Any]) -> None:
    click.echo(f"\n{plan['name']}: {plan['from_home']} of {len(plan['territories'])} from home")
    head = ("due", "made", "left", "far", "used", "min/visit", "reps", "nights")
    click.echo(f"{'':>4} {'':<28}" + "".join(f"{each:>10}" for each in head) + "  start")
    for each in plan["territories"]:
        figures = each["figures"]
        names = ("due", "planned", "left", "far", "utilisation", "all_drive_min", "reps", "nights")
        cells = (
            f"{figures[name]['value']:>10.{2 if name in ('utilisation', 'reps') else 1}f}"
            if figures[name]
            else f"{'-':>10}"
            for name in names
        )
        start = each["start"] or "no place"
        click.echo(
            f"{each['number']:>4} {each['name'][:28]:<28}" + "".join(cells) + f"  {start}"
            + ("" if each["staffed"] else ", nobody works here")
        )  # fmt: skip
