"""More of `geocrm territories`: the steps of a plan, its type, and what was true in the past."""

from datetime import datetime

import click

from geocrm import clock
from geocrm.cli.context import emit, json_option, open_session, say
from geocrm.sales import crediting
from geocrm.territories import history, life, queries, types

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.argument("plan")
@click.argument("name", type=click.Choice(list(life.STEPS)), metavar="STEP")
@click.option("--comment", default="", help="What to say with it; a step back needs it.")
@click.option("--on", "day", type=DAY, metavar="DAY", help="The day a scheduled plan goes live.")
def step(plan: str, name: str, comment: str, day: datetime | None) -> None:
    """Take PLAN a STEP on: submit, approve, schedule, unschedule, send_back."""
    with open_session() as (session, actor):
        chosen = queries.plan_named(session, actor, plan)
        taken = life.take(
            session, actor, chosen.id, name, comment=comment, day=day.date() if day else None
        )
        when = f" for {taken.effective_on}" if taken.effective_on else ""
        say(f"{taken.name!r} is {taken.state}{when}")


@click.command("types")
@click.option("--add", "code", metavar="CODE", help="Add a type with this code.")
@click.option("--name", default="", help="Its name in English.")
@click.option("--name-id", default="", help="Its name in Indonesian.")
@json_option
def list_types(code: str | None, name: str, name_id: str, as_json: bool) -> None:
    """List the types of plans by priority, or add one."""
    with open_session() as (session, actor):
        if code is not None:
            types.add(session, actor, code, name, name_id)
        found = [
            {"code": k.code, "name_en": k.name_en, "name_id": k.name_id, "priority": k.priority}
            for k in types.all_types(session)
        ]
    if as_json:
        emit(found)
        return
    for kind in found:
        click.echo(f"{kind['priority']:>3}  {kind['code']:<16}  {kind['name_en']}")


@click.command("type")
@click.argument("plan")
@click.argument("code")
def set_type(plan: str, code: str) -> None:
    """Say that PLAN divides the ground for the type CODE."""
    with open_session() as (session, actor):
        chosen = queries.plan_named(session, actor, plan)
        types.set_type(session, actor, chosen.id, None, code)
        say(f"{chosen.name!r} is a plan of the type {code}")


@click.command("as-of")
@click.argument("day", type=DAY)
@click.option("--account", type=int, metavar="ID", help="Only who was responsible for this one.")
@click.option("--unit", help="Only which territory this unit belonged to.")
@json_option
def as_of(day: datetime, account: int | None, unit: str | None, as_json: bool) -> None:
    """Who had which accounts at the end of DAY, with the revenue of the 365 days until then."""
    with open_session() as (session, _actor):
        if account is not None:
            then = history.account_on(session, account, day.date())
            _responsible(then.territory, then.owner, as_json)
        elif unit is not None:
            _responsible(history.unit_on(session, unit, day.date()), None, as_json)
        else:
            _standing(crediting.standing(session, day.date()), as_json)


@click.command()
@click.option("--from", "first", type=DAY, required=True)
@click.option("--to", "last", type=DAY, help="Today, when left out.")
@json_option
def credit(first: datetime, last: datetime | None, as_json: bool) -> None:
    """Revenue by territory and owner of the day of each order."""
    with open_session() as (session, _actor):
        end = last.date() if last else clock.business_day()
        found = crediting.credited(session, first.date(), end)
        names = history.names(session, {one.territory_id for one in found if one.territory_id})
    rows = [
        one._asdict() | {"territory": names.get(one.territory_id or 0, "")}
        for one in sorted(found, key=lambda one: -one.revenue)
    ]
    if as_json:
        emit(rows)
        return
    for row in rows:
        click.echo(
            f"{row['revenue']:>18,.0f}  {row['orders']:>7}  {row['territory'] or '-'}"
            f"  ({row['owner']})"
        )


def _responsible(ground: history.Ground, owner: str | None, as_json: bool) -> None:
    if as_json:
        emit({"territory": ground.name, "people": list(ground.people), "owner": owner})
        return
    people = f" ({', '.join(ground.people)})" if ground.people else ""
    click.echo(f"{ground.name or 'no territory'}{people}" + (f"; owner {owner}" if owner else ""))


def _standing(found: crediting.Standing, as_json: bool) -> None:
    if as_json:
        emit(found)
        return
    click.echo(f"{found.day}: {found.plan or 'no plan was live'}")
    for share in (*found.territories, *found.owners):
        people = f"  ({', '.join(share.people)})" if share.people else ""
        click.echo(f"{share.accounts:>9}  {share.revenue:>18,.0f}  {share.name or '-'}{people}")


COMMANDS = (step, list_types, set_type, as_of, credit)
