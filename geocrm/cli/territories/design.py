"""Design territories of nearly equal load, on boundaries or on units out of files."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import click

from geocrm.cli import context, ending
from geocrm.cli.context import acting_email, emit, find_actor, json_option, open_session, say
from geocrm.cli.territories.group import territories
from geocrm.cli.territories.reading import (
    balance_option,
    edges_option,
    load_as_option,
    load_option,
    times_option,
    units_option,
    weights_in,
    weights_option,
)
from geocrm.db import unit_of_work
from geocrm.errors import InvalidInput
from geocrm.spatial.districting import DEFAULT_EFFORT, Objective
from geocrm.territories import (
    designing,
    file_designs,
    kept_times,
    load_files,
    open_counts,
    plan_files,
    relaxing,
    service,
    solving,
    text_tables,
    travel_files,
    unit_files,
)
from geocrm.territories.balance import Numbers
from geocrm.territories.designing import Design, Survey
from geocrm.territories.file_designs import FileDesign
from geocrm.territories.limits import Limits, limits_in, wished
from geocrm.territories.requests import DEFAULT_TIME_S, DEFAULT_TOLERANCE, Request
from geocrm.territories.travel_times import DEFAULT_SPEED_KMH
from geocrm.territories.wishes import Wishes

FILE = click.Path(path_type=Path, dir_okay=False)


class Times(NamedTuple):
    """A file of travel times, and the speed for what is not in it."""

    path: Path
    speed_kmh: float


@territories.command()
@click.option("--level", help="Boundary level of the units, such as idn-adm2.")
@click.option("--within", metavar="UNIT", help="Only the units in this one, such as idn-adm1:32.")
@units_option
@edges_option
@click.option("--count", type=int, help="How many territories.")
@balance_option
@weights_option
@load_option
@load_as_option
@click.option(
    "--tolerance",
    metavar="0.05 | a=0.05,b=0.20",
    help="How far a territory may be off the mean, in what is balanced, or by measure.",
)
@click.option("--min", "minimum", metavar="N | a=N,b=N", help="Least load of a territory.")
@click.option("--max", "maximum", metavar="N | a=N,b=N", help="Most load of a territory.")
@click.option(
    "--objective",
    type=click.Choice([each.value for each in Objective]),
    default=Objective.INERTIA.value,
    help="What is made small within the limits.",
)
@times_option
@click.option(
    "--speed",
    type=float,
    metavar="KMH",
    help=f"On straight lines where no time is known; {DEFAULT_SPEED_KMH:g}.",
)
@click.option("--keep", metavar="PLAN", help="The plan to keep to: a file, or a saved one.")
@click.option("--disruption", type=float, help="The most that may move, as a share: 0.10.")
@click.option("--focus", metavar="NUMBERS", help="Only these territories of PLAN may change: 3,7.")
@click.option("--give", is_flag=True, help="With --focus: also give out units in no territory.")
@click.option("--stability", type=float, default=0.0, help="Weight of keeping, 0 or more.")
@click.option("--lock", metavar="CODES", help="Units that stay: A,B or A=3 for territory 3.")
@click.option("--centers", type=FILE, help="CSV lon,lat: from where each territory is served.")
@click.option("--together", multiple=True, metavar="A,B,C", help="Units of one territory.")
@click.option("--apart", multiple=True, metavar="A,B", help="Two units of different territories.")
@click.option("--seed", type=int, default=1)
@click.option("--effort", type=int, default=DEFAULT_EFFORT, help="Starts of the search.")
@click.option("--time", "time_s", type=float, default=DEFAULT_TIME_S, metavar="SECONDS")
@click.option("--save", "name", metavar="NAME", help="Keep the result as a draft.")
@json_option
def design(
    level: str | None,
    within: str | None,
    units: Path | None,
    edges: Path | None,
    name: str | None,
    as_json: bool,
    keep: str | None,
    load: Path | None,
    load_as: str | None,
    times: Path | None,
    speed: float | None,
    **asked: Any,
) -> None:
    """Design contiguous territories of nearly equal load.

    With --units no database is needed. A number given for --tolerance, --min or --max is of what
    is balanced; with measure=number a measure is held by itself. With --objective travel, --times
    gives the minutes between units. When the tolerance cannot be met, the best plan found is
    printed, nothing is saved, and the exit status is 2. Ctrl-C ends the search early and keeps the
    best plan so far.
    """
    wishes = _wishes(keep, times, asked)
    limits = _limits(asked)
    if speed is not None and times is None:
        raise InvalidInput("--speed is for what a file of travel times leaves out: add --times")
    ways = None if times is None else Times(times, DEFAULT_SPEED_KMH if speed is None else speed)
    if units is not None:
        if level or within or name or load or wishes.focus:
            raise InvalidInput(
                "--level, --within, --load, --focus and --save are for boundaries: leave out"
                " --units"
            )
        found = _on_file(units, edges, keep, wishes, limits, ways, asked)
        _show(found.document(), found.solved, as_json)
        if not found.solved.plan.within_limits:
            raise relaxing.missed(found.solved, found.ground.ids)
        return
    request = _request(level, within, wishes, limits, asked, _numbers(level, load, load_as))
    made, document = _on_boundaries(request, name, ways, asked["count"])
    _show(document, made.solved, as_json)
    _remark(made)
    if not made.tolerance_met:
        raise relaxing.missed(made.solved, made.searched)


def _on_file(
    units: Path,
    edges: Path | None,
    keep: str | None,
    wishes: Wishes,
    limits: Limits,
    ways: Times | None,
    asked: dict[str, Any],
) -> FileDesign:
    balance = asked["balance"] or ("" if wishes.weights else limits.first)
    ground = unit_files.read(units, edges, tuple(wishes.weights))
    balance = ground.measure(balance) if balance else ground.measures[0]
    limits = limits.renamed(ground.measure)
    wishes, tolerance = wished(wishes, balance, limits, DEFAULT_TOLERANCE)
    unit_files.require_connected(ground)
    for note in ground.notes:
        say(note)
    travel = None
    if ways is not None:
        travel = travel_files.read(ways.path, ground.ids, ground.lonlat(), speed_kmh=ways.speed_kmh)
        say(travel.words())
    today = None
    if keep is not None:
        today = plan_files.matched(
            plan_files.read_plan(Path(keep)), ground.ids, among=f"the units of {ground.called}"
        )
    with ending.on_interrupt() as cancelled:
        return file_designs.design(
            ground,
            asked["count"],
            wishes,
            balance=balance,
            tolerance=tolerance,
            seed=asked["seed"],
            time_s=asked["time_s"],
            effort=asked["effort"],
            keep=today,
            travel=travel,
            cancelled=cancelled,
        )


def _numbers(level: str | None, load: Path | None, load_as: str | None) -> Numbers:
    """The measures that a file brings along."""
    if load is None or level is None:
        return {}
    with open_session() as (session, _):
        return load_files.read(session, level, load, load_as)


def _request(
    level: str | None,
    within: str | None,
    wishes: Wishes,
    limits: Limits,
    asked: dict[str, Any],
    numbers: Numbers,
) -> Request:
    if level is None:
        raise InvalidInput("Name a boundary level (--level idn-adm2), or a file of units (--units)")
    count = asked["count"]
    if count is None:
        count = len(set(wishes.focus)) or len(wishes.centres)
    if not count and asked["count"] is None and limits.minimum is None and limits.maximum is None:
        raise InvalidInput("Say how many territories (--count), or give --min, --max or --centers")
    named = limits.first or next(iter(numbers), "")
    measure = asked["balance"] or next(iter(wishes.weights), named)
    wishes, tolerance = wished(wishes, measure, limits, DEFAULT_TOLERANCE)
    if not count and asked["count"] is None:
        if wishes.minimum is None and wishes.maximum is None:
            raise InvalidInput(
                "Say how many territories (--count): no limit is of what is balanced"
            )
        # How many the limits leave is known on the ground.
        count = 1
    return Request(
        level,
        count,
        measure,
        within,
        tolerance,
        asked["seed"],
        asked["time_s"],
        asked["effort"],
        wishes,
        numbers=numbers,
    )


def _on_boundaries(
    request: Request, name: str | None, ways: Times | None, count: int | None
) -> tuple[Design, dict[str, Any]]:
    keep = request.wishes.keep
    of_file = keep is not None and Path(keep).is_file()
    if of_file and request.wishes.focus:
        raise InvalidInput("--focus needs a saved plan: bring the file in first, then --keep it")
    with context.open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        # A file is matched to the units here; a saved plan where the ground is read.
        wishes = replace(request.wishes, keep=None, disruption=None) if of_file else request.wishes
        with unit_of_work(sessions, actor) as session:
            surveyed = designing.survey(session, actor, replace(request, wishes=wishes))
            read = None if ways is None else kept_times.read(session, request.level, ways.path)
            if ways is not None and read is not None:
                surveyed = designing.timed(surveyed, read, ways.speed_kmh)
        if keep is not None and of_file:
            ids = [unit.code for unit in surveyed.ground.units]
            file = plan_files.read_plan(Path(keep))
            surveyed = replace(surveyed, keep=plan_files.matched(file, ids))
        if surveyed.travel is not None:
            say(surveyed.travel.words())
            wishes = replace(request.wishes, times=surveyed.travel.record())
            request = replace(request, wishes=wishes)
        with ending.on_interrupt() as cancelled:
            found = _solved(surveyed, request, count, cancelled)
        document = found.document()
        if name is not None and found.tolerance_met:
            with unit_of_work(sessions, actor) as session:
                if read is not None:
                    found = kept_times.kept_with(session, actor, found, read)
                document["plan_id"] = service.save(session, actor, name, found).id
    return found, document


def _solved(
    surveyed: Survey, request: Request, count: int | None, cancelled: Callable[[], bool]
) -> Design:
    """The design in the number asked for, or in one that the limits leave."""
    wishes = request.wishes
    if count is not None or wishes.focus or wishes.centres:
        return designing.solve(surveyed, request, cancelled=cancelled)
    ground, made = surveyed.ground, dict[int, Design]()

    def solved_in(number: int, left_s: float) -> solving.Solved:
        # No time at all is refused, and the last of it may be over before it was asked for.
        each = replace(request, count=number, time_s=max(left_s, 0.01))
        made[number] = designing.solve(surveyed, each, cancelled=cancelled)
        return made[number].solved

    numbers = open_counts.within_limits(
        ground.load(ground.rated(request.balance)),
        wishes.minimum,
        wishes.maximum,
        [unit.name for unit in ground.units],
        None if surveyed.keep is None else len(surveyed.keep.labels),
    )
    best = open_counts.first_within(numbers, request.time_s, solved_in, cancelled)
    return made[best.terms.num_districts]


# ------------------------------------------------------------------------------ what is asked


def _limits(asked: dict[str, Any]) -> Limits:
    return Limits(
        limits_in(asked["tolerance"], "--tolerance"),
        limits_in(asked["minimum"], "--min"),
        limits_in(asked["maximum"], "--max"),
    )


def _wishes(keep: str | None, times: Path | None, asked: dict[str, Any]) -> Wishes:
    return Wishes(
        times={} if times is None else {"file": times.name},
        weights=weights_in(asked["weights"]),
        objective=Objective(asked["objective"]),
        keep=keep,
        disruption=asked["disruption"],
        stability=asked["stability"],
        lock=_codes(asked["lock"], "--lock"),
        centres=_centres(asked["centers"]),
        focus=_numbers_of(asked["focus"]),
        give=asked["give"],
        together=tuple(_codes(group, "--together") for group in asked["together"]),
        apart=tuple(_pair(text) for text in asked["apart"]),
    )


def _codes(text: str | None, option: str) -> tuple[str, ...]:
    # As a row of CSV: a code that holds a comma stands in quotes.
    row = next(csv.reader([text or ""], skipinitialspace=True), [])
    found = tuple(one.strip() for one in row if one.strip())
    if text is not None and not found:
        raise InvalidInput(f"{option} names no unit: write A,B, or leave it out")
    return found


def _numbers_of(text: str | None) -> tuple[int, ...]:
    codes = _codes(text, "--focus")
    wrong = [one for one in codes if not one.isdecimal()]
    if wrong:
        raise InvalidInput(f"--focus takes numbers of territories, such as 3,7; not {wrong[0]!r}")
    return tuple(int(one) for one in codes)


def _pair(text: str) -> tuple[str, str]:
    codes = _codes(text, "--apart")
    if len(codes) != 2:
        raise InvalidInput(f"--apart takes two units, such as A,B; {text!r} names {len(codes)}")
    return codes[0], codes[1]


def _centres(path: Path | None) -> tuple[tuple[float, float], ...]:
    """Longitudes and latitudes of a CSV file whose header names them."""
    if path is None:
        return ()
    table = text_tables.read_table(path)
    at = [table.column(*names) for names in _COORDINATES]
    if None in at:
        raise InvalidInput(
            f"{path.name} needs a header with lon and lat; it has {', '.join(table.columns)}"
        )
    lon, lat = (table.values(one, "the place") for one in at if one is not None)
    return tuple(zip(lon.tolist(), lat.tolist(), strict=True))


_COORDINATES = (("lon", "lng", "long", "longitude"), ("lat", "latitude"))


# ------------------------------------------------------------------------------ what is said


def _show(document: dict[str, Any], solved: solving.Solved, as_json: bool) -> None:
    if as_json:
        emit(document)
        return
    for each in document["territories"]:
        click.echo(
            f"{each['id']:>4}  {each['load']:>16,}  {each['deviation']:>+7.1%}  {each['name']}"
        )
    whole = "contiguous" if document["contiguous"] else "NOT contiguous"
    click.echo(
        f"At most {document['max_deviation']:.2%} off the mean; {whole}; {document['elapsed_s']} s"
    )
    if focus := document.get("focus"):
        click.echo(
            f"Only territories {', '.join(map(str, focus['territories']))} were designed"
            f" ({focus['units']:,} units); what follows is of these, the others are as they were"
        )
    objective, unit = solved.plan.objective.value, solved.objective_unit
    click.echo(f"{objective} {solved.plan.value:,.6g} ({unit}). {solved.words()}")
    for measure, held in solved.held().items():
        click.echo(
            f"{measure}: {held['least']:,.6g} to {held['most']:,.6g} each, at most"
            f" {held['max_deviation']:.2%} off the mean"
        )
    if solved.plan.binding:
        click.echo(f"Held back by {solved.binding_words()}")
    if solved.plan.moved is not None:
        click.echo(f"{solved.plan.moved:.1%} moved, in {solved.plan.moved_units:,} units")
    if document["stopped"] != "finished" and not solved.proof.optimal:
        say("The search ended early: with more --time the plan may be better")


def _remark(found: Design) -> None:
    balance = found.balance
    if balance.mixed:
        say(f"Loads are {balance.words()}, in the scale of {balance.measure}")
    for link in found.ground.links:
        say(
            f"The area is in pieces; {link.a} and {link.b}, {link.length_m / 1000:.0f} km apart,"
            " count as neighbours"
        )
    if found.unplaced.accounts and found.balance.of_accounts:
        say(f"{found.unplaced.accounts} accounts without a trustworthy point are not counted")
