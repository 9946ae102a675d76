"""Where a plan stands among others, and why a unit lies where it does."""

from dataclasses import asdict
from typing import Any

import click

from geocrm.cli.context import (
    acting_email,
    emit,
    find_actor,
    json_option,
    open_session,
    open_sessions,
)
from geocrm.cli.territories.group import territories
from geocrm.db import unit_of_work
from geocrm.territories import explaining, queries
from geocrm.territories import standing as standings

_WORDS = {
    "balance": ("largest deviation", "{:.2%}"),
    "travel": ("distance from the middle, km", "{:.1f}"),
    "disruption": ("moved", "{:.1%}"),
    "cut_edges": ("borders between units", "{:.0f}"),
}


@territories.command()
@click.argument("plan")
@click.option("--plans", "num_plans", type=int, default=standings.DEFAULT_PLANS, metavar="N")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1)
@click.option("--tolerance", type=float, help="What the other plans keep to; else as PLAN asks.")
@json_option
def standing(plan: str, num_plans: int, seed: int, tolerance: float | None, as_json: bool) -> None:
    """Say where PLAN (its number or name) stands among N plans that nobody chose.

    Also draws the curve of what moving customers buys in balance. The result is kept with the plan.
    """
    with open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        with unit_of_work(sessions, actor) as session:
            plan_id = queries.plan_named(session, actor, plan).id
            asked = standings.read(session, actor, plan_id, tolerance)
            asked = standings.by_travel(session, actor, asked)
        found = standings.measure(asked, num_plans=num_plans, seed=seed)
        with unit_of_work(sessions, actor) as session:
            standings.keep(session, actor, plan_id, found)
    if as_json:
        emit({"plan_id": plan_id} | found)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    click.echo(
        f"Among {found['plans']:,} contiguous plans within {found['tolerance']:.1%} (random"
        f" recombination, seed {found['seed']}):"
    )
    for axis, one in found["axes"].items():
        if one is not None:
            words, form = _WORDS[axis]
            click.echo(
                f"  {words:<30} {form.format(one['value']):>8}  better than {one['beats']:.0%}"
                f"  (half of them: {form.format(one['median'])} or less)"
            )
    from_what = "the live plan" if found["against"] == "live" else "this plan"
    click.echo(f"What moving from {from_what} buys:")
    for point in found["tradeoff"]["points"]:
        click.echo(f"  at most {point['budget']:>4.0%} moved: {point['deviation']:>7.2%} off")


_REASONS = {
    "only": "it touches no other territory",
    "whole": "without it the territory would fall apart or be empty",
    "near": "in any other territory the plan would be less compact",
    "balance": "elsewhere the plan would be more compact, but less balanced",
    "other": "neither compactness nor balance speaks for it: it may well move",
}
# Of a plan that was designed by travel times.
_IN_MINUTES = _REASONS | {
    "near": "in any other territory the ways to the centres would be longer",
    "balance": "elsewhere the ways to the centres would be shorter, but the plan less balanced",
    "other": "neither travel time nor balance speaks for it: it may well move",
}


@territories.command()
@click.argument("plan")
@click.argument("unit")
@json_option
def explain(plan: str, unit: str, as_json: bool) -> None:
    """Say why UNIT lies where it does in PLAN, and what moving it would change."""
    with open_session() as (session, actor):
        plan_id = queries.plan_named(session, actor, plan).id
        asked, found = explaining.of_plan(session, actor, plan_id, unit)
        called = {t.number: t.name for t in queries.territories(session, plan_id)}
        names = [f"{number} {called[number]}" for number in asked.numbers]
    if as_json:
        emit({"plan_id": plan_id, "unit": unit, "territories": names} | asdict(found))
        return
    reasons = _IN_MINUTES if found.in_minutes else _REASONS
    value = "load x minutes" if found.in_minutes else "moment of inertia"
    click.echo(f"{unit} is in {names[found.row]}: {reasons[found.reason]}.")
    click.echo(f"Now: load {found.load:,.0f}, the plan at most {found.deviation:.2%} off.")
    for one in found.alternatives:
        broken = "; would leave a territory in pieces" if one.torn else ""
        broken = "; would leave a territory empty" if one.empties else broken
        click.echo(
            f"  in {names[one.row]}: loads {one.load:,.0f} and {one.load_left:,.0f}, the plan at"
            f" most {one.deviation:.2%} off, {value} {one.value_change:+.1%},"
            f" {one.moved:.1%} moved{broken}"
        )
