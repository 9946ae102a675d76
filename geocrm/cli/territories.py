"""`geocrm territories`: design balanced territories, make a plan live, take it back, export it."""

from pathlib import Path

import click

import geocrm
from geocrm.cli.context import (
    acting_email,
    emit,
    find_actor,
    json_option,
    open_session,
    open_sessions,
    say,
)
from geocrm.cli.territory_life import COMMANDS
from geocrm.db import unit_of_work
from geocrm.errors import Infeasible, InvalidInput
from geocrm.territories import activation, designing, exporting, queries, service
from geocrm.territories.designing import Design, Request
from geocrm.territories.exporting import Style
from geocrm.territories.models import Measure

# Where set-up puts the browser assets that a report carries with it.
VENDOR = Path(geocrm.__file__).parent / "web" / "static" / "vendor"
_FORMATS = {".geojson": "geojson", ".json": "geojson", ".csv": "csv", ".html": "html"}


@click.group()
def territories() -> None:
    """Divide the ground evenly, and say who is responsible for which part."""


@territories.command()
@click.option("--level", required=True, help="Boundary level of the units, such as idn-adm2.")
@click.option("--within", metavar="UNIT", help="Only the units in this one, such as idn-adm1:32.")
@click.option("--count", type=int, required=True, help="How many territories.")
@click.option("--balance", type=click.Choice([measure.value for measure in Measure]), required=True)
@click.option("--tolerance", type=float, default=designing.DEFAULT_TOLERANCE)
@click.option("--seed", type=int, default=1)
@click.option("--time", "time_s", type=float, default=designing.DEFAULT_TIME_S, metavar="SECONDS")
@click.option("--save", "name", metavar="NAME", help="Keep the result as a draft.")
@json_option
def design(
    level: str,
    within: str | None,
    count: int,
    balance: str,
    tolerance: float,
    seed: int,
    time_s: float,
    name: str | None,
    as_json: bool,
) -> None:
    """Design contiguous territories of nearly equal load.

    When the tolerance cannot be met, the best plan found is printed, nothing is saved, and the exit
    status is 2.
    """
    request = Request(level, count, Measure(balance), within, tolerance, seed, time_s)
    with open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        with unit_of_work(sessions, actor) as session:
            ground, unplaced = designing.survey(session, actor, request)
        found = designing.solve(ground, unplaced, request)
        document = found.document()
        if name is not None and found.tolerance_met:
            with unit_of_work(sessions, actor) as session:
                document["plan_id"] = service.save(session, actor, name, found).id
    if as_json:
        emit(document)
    else:
        _print(found)
    _remark(found)
    if not found.tolerance_met:
        raise Infeasible(_missed(found, name))


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
        click.echo(
            f"{plan.id:>4}  {plan.state:<9}  {plan.name}  ({plan.territories} territories of"
            f" {plan.within or plan.level} by {plan.measure}{off})"
        )


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


@territories.command()
@click.argument("plan")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(plan: str, file: Path) -> None:
    """Write PLAN to FILE.geojson, FILE.csv or FILE.html (a map that opens without network)."""
    kind = _FORMATS.get(file.suffix.lower())
    if kind is None:
        raise InvalidInput(f"{file.name} ends in none of {', '.join(_FORMATS)}")
    with open_session() as (session, actor):
        chosen = queries.plan_named(session, actor, plan)
        content = exporting.render(session, actor, chosen.id, kind, Style(VENDOR))
    file.write_bytes(content)
    say(f"{chosen.name!r} is in {file}")


def _print(found: Design) -> None:
    for at, name in enumerate(found.names):
        load, off = found.evaluation.load[at], found.evaluation.deviation[at]
        click.echo(f"{at + 1:>4}  {load:>16,.0f}  {off:>+7.1%}  {name}")
    result = found.evaluation
    click.echo(
        f"At most {result.max_deviation:.2%} off the mean;"
        f" {'contiguous' if result.contiguous else 'NOT contiguous'};"
        f" compactness {result.compactness:.2f}; {found.elapsed_s:.1f} s"
    )


def _remark(found: Design) -> None:
    for link in found.ground.links:
        say(
            f"The area is in pieces; {link.a} and {link.b}, {link.length_m / 1000:.0f} km apart,"
            " count as neighbours"
        )
    if found.unplaced.accounts and found.request.measure is not Measure.POPULATION:
        say(f"{found.unplaced.accounts} accounts without a trustworthy point are not counted")


def _missed(found: Design, name: str | None) -> str:
    kept = " Nothing was saved." if name is not None else ""
    return (
        f"A tolerance of {found.request.tolerance:.1%} was not met: the best reached in"
        f" {found.elapsed_s:.1f} s is {found.evaluation.max_deviation:.2%}.{kept} Allow that"
        " (--tolerance), more --time, or fewer territories"
    )


for _command in COMMANDS:
    territories.add_command(_command)
