"""One plan or two on five axes, with the figures behind them."""

from collections.abc import Callable, Mapping

import click

from geocrm.cli.context import emit, json_option, open_session
from geocrm.cli.territories.group import territories
from geocrm.territories import queries, rating_plans
from geocrm.territories.models import Measure
from geocrm.territories.rating_plans import RatedPlan
from geocrm.territories.ratings import Axis, Rating


@territories.command()
@click.argument("plan")
@click.argument("other", required=False)
@click.option("--by", type=click.Choice(list(Measure)), help="Else what the last PLAN balances.")
@json_option
def rate(plan: str, other: str | None, by: str | None, as_json: bool) -> None:
    """Rate PLAN (its number or name), or PLAN and OTHER, from 0 to 100 on five axes.

    Balance, compactness, travel, stability (against the live plan, else against PLAN), coverage;
    and how evenly work, revenue and the way to customers are shared out. Counted over what you see.
    """
    with open_session() as (session, actor):
        ids = [queries.plan_named(session, actor, name).id for name in (plan, other) if name]
        balance, rated = rating_plans.rate_plans(
            session, actor, ids, None if by is None else Measure(by)
        )
        documents = [one.document() for one in rated]
        if as_json:
            emit({"by": balance.words(), "plans": documents})
            return
        for one in rated:
            _print(one, balance.words())


def _print(one: RatedPlan, by: str) -> None:
    click.echo(f"{one.plan.name} ({one.territories} territories, by {by}):")
    for rating in one.ratings:
        score = "-" if rating.score is None else f"{rating.score:.0f}"
        click.echo(f"  {rating.axis.value:<12} {score:>4}  {_words(rating, one)}")
    for name, found in one.fairness.items():
        if found is not None:
            ratio = "-" if found.ratio is None else f"{found.ratio:.2f}"
            click.echo(f"  {name:<12}       Gini {found.gini:.3f}, largest over smallest {ratio}")


def _words(rating: Rating, one: RatedPlan) -> str:
    if rating.score is None:
        return "cannot be said" if rating.axis is not Axis.STABILITY else "no plan to count from"
    return _FIGURES[rating.axis](rating.figures) + (
        f" ({one.against.name})" if rating.axis is Axis.STABILITY and one.against else ""
    )


def _travel(figures: Mapping[str, float]) -> str:
    return (
        f"{figures['km']:.1f} km from the middle, {figures['circles_km']:.1f} in"
        f" {figures['circles']:.0f} circles"
    )


_FIGURES: dict[Axis, Callable[[Mapping[str, float]], str]] = {
    Axis.BALANCE: lambda f: f"largest deviation {f['deviation']:.2%}",
    Axis.COMPACTNESS: lambda f: f"{f['share']:.0%} of a circle's compactness",
    Axis.TRAVEL: _travel,
    Axis.STABILITY: lambda f: f"{f['moved']:.1%} of customers move",
    Axis.COVERAGE: lambda f: (
        f"{f['share']:.1%} of customers, {f['unstaffed']:.0f} territories without people"
    ),
}
