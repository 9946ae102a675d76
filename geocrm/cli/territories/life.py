"""What becomes of a plan: the list of plans, going live, taking it back."""

import click

from geocrm.cli.context import emit, json_option, open_session, say
from geocrm.cli.territories.group import territories
from geocrm.errors import InvalidInput
from geocrm.territories import activation, queries
from geocrm.territories.balance import Balance


@territories.command("list")
@json_option
def list_plans(as_json: bool) -> None:
    """List the plans: the live one first, then the newest."""
    with open_session() as (session, actor):
        found = queries.plans(session, actor)
    if as_json:
        emit([plan._asdict() for plan in found])
        return
    for plan in found:
        off = "" if plan.max_deviation is None else f", at most {plan.max_deviation:.1%} off"
        parts = "1 territory" if plan.territories == 1 else f"{plan.territories} territories"
        click.echo(
            f"{plan.id:>4}  {plan.state:<9}  {plan.name}  ({parts} of"
            f" {plan.within or plan.level} by {_balanced(plan)}{off})"
        )


def _balanced(plan: queries.PlanSummary) -> str:
    return Balance(plan.measure, plan.shares or {}).words()


@territories.command()
@click.argument("plan")
@json_option
def activate(plan: str, as_json: bool) -> None:
    """Make PLAN (its number or name) live: it assigns all accounts from now on."""
    with open_session() as (session, actor):
        chosen = queries.plan_named(session, actor, plan)
        done = activation.activate(session, actor, chosen.id)
        document = {
            "plan_id": chosen.id,
            "accounts": done.accounts,
            "instead_of": done.previous_plan_id,
        }
    if as_json:
        emit(document)
    else:
        say(f"{chosen.name!r} is live; {document['accounts']} accounts changed territory")


@territories.command()
@click.argument("plan", required=False)
@json_option
def undo(plan: str | None, as_json: bool) -> None:
    """Take back the go-live of the live plan (of PLAN, when given)."""
    with open_session() as (session, actor):
        live = queries.plan_named(session, actor, plan) if plan else queries.live_plan(session)
        if live is None:
            raise InvalidInput("No territory plan is live, so there is nothing to undo")
        undone = activation.undo(session, actor, live.id)
        document = {"plan_id": live.id, "back_to": undone.previous_plan_id}
    if as_json:
        emit(document)
    else:
        say(f"{live.name!r} is in planning again; every account has the territory it had before")
