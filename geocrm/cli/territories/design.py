"""Design territories of nearly equal load."""

import click

from geocrm.cli.context import acting_email, emit, find_actor, json_option, open_sessions, say
from geocrm.cli.territories.group import territories
from geocrm.db import unit_of_work
from geocrm.errors import Infeasible
from geocrm.territories import designing, service
from geocrm.territories.designing import Design, Request
from geocrm.territories.models import Measure


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
