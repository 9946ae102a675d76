"""Read plans of others: judge them, set them against each other, make drafts of them."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from geocrm.cli import context
from geocrm.cli.context import (
    acting_email,
    emit,
    find_actor,
    json_option,
    open_session,
    say,
)
from geocrm.cli.territories.group import territories
from geocrm.db import unit_of_work
from geocrm.errors import InvalidInput
from geocrm.maps.areas import service as areas
from geocrm.places import queries as places
from geocrm.security import Actor
from geocrm.territories import (
    designing,
    importing,
    kept_times,
    load_files,
    outlines,
    plan_diff,
    plan_figures,
    plan_files,
    plan_sides,
    queries,
    scenarios,
    unit_files,
    unit_layers,
)
from geocrm.territories.balance import Balance, Numbers, asked
from geocrm.territories.models import Measure
from geocrm.territories.plan_diff import Division, PlanDiff
from geocrm.territories.plan_figures import PlanFigures
from geocrm.territories.plan_files import PlanFile
from geocrm.territories.sources import cadence_today
from geocrm.territories.travel_times import speed_of
from geocrm.territories.unit_files import UnitFile
from geocrm.territories.wishes import Wishes

FILE = click.Path(path_type=Path, dir_okay=False)
units_option = click.option(
    "--units", type=FILE, help="Units: CSV id,weight[,lon,lat][,more], or GeoJSON."
)
edges_option = click.option(
    "--edges", type=FILE, help="Neighbours of these units: CSV a,b[,length]."
)
level_option = click.option("--level", help="Boundary level of the units, such as idn-adm2.")
balance_option = click.option(
    "--balance",
    metavar="MEASURE",
    help="accounts, orders, revenue, population or workload; or a column of --units or --load.",
)
weights_option = click.option(
    "--weights", metavar="a=70,b=30", help="Balance a mixture of measures."
)
load_option = click.option("--load", type=FILE, help="A measure of your own: CSV unit,number.")
load_as_option = click.option("--load-as", metavar="NAME", help="What it is called.")
times_option = click.option(
    "--times", type=FILE, help="Travel times between units: CSV from,to,minutes."
)
within_option = click.option("--within", metavar="UNIT", help="Only the units in this one.")


@territories.command()
@click.argument("plan")
@units_option
@edges_option
@level_option
@within_option
@balance_option
@weights_option
@load_option
@load_as_option
@click.option("--keep", metavar="PLAN", help="The plan it replaces: says what moves.")
@json_option
def evaluate(
    plan: str,
    units: Path | None,
    edges: Path | None,
    level: str | None,
    within: str | None,
    keep: str | None,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Say how good PLAN is: a file unit,territory, or the number or name of a plan.

    By what the plan balances, unless --balance or --weights say otherwise. With --units no database
    is needed.
    """
    if units is not None:
        if any(wanted.values()):
            raise InvalidInput(
                "--balance, --weights and --load are for boundaries: with --units all measures of"
                " the file are judged"
            )
        ground = unit_files.read(units, edges)
        found = _judged(ground, _file(plan), None if keep is None else _file(keep))
        notes = ground.notes
    else:
        with open_session() as (session, actor):
            found = _evaluated(session, actor, plan, keep, level, within, wanted)
        notes = ()
    for note in notes:
        say(note)
    if as_json:
        emit({"plan": plan} | found.document())
    else:
        _print_figures(found)


@territories.command()
@click.argument("before")
@click.argument("after")
@units_option
@level_option
@json_option
def diff(before: str, after: str, units: Path | None, level: str | None, as_json: bool) -> None:
    """Say what moves from plan BEFORE to plan AFTER (numbers, names, or files).

    Territories are matched by what they share, so other numbers or names are no change. Two files
    are compared without a database; with --units also by what lies in the units.
    """
    if units is not None or (level is None and _is_file(before) and _is_file(after)):
        found = _diff_of_files(_file(before), _file(after), units)
    else:
        with open_session() as (session, actor):
            sides = [_side(session, actor, text, level) for text in (before, after)]
            found = plan_sides.diff(session, actor, *sides)
    if as_json:
        emit(found.document())
    else:
        _print_diff(found)


@territories.command("import")
@click.argument("name")
@click.argument("file", type=FILE)
@level_option
@within_option
@click.option("--balance", type=click.Choice([measure.value for measure in Measure]))
@json_option
def import_plan(
    name: str,
    file: Path,
    level: str | None,
    within: str | None,
    balance: str | None,
    as_json: bool,
) -> None:
    """Make a new draft NAME of FILE: a scenario, a block-equivalency file, a table, or a map.

    A map (GeoJSON, KML, GeoPackage, ZIP with a shapefile) holds the outlines of territories: each
    unit of --level goes to the one that its inner point lies in.
    """
    of_map = outlines.is_map(file)
    said = areas.read_apart(file.resolve(), file.name) if of_map else {}
    plan_file = None if of_map else plan_files.read_plan(file)
    notes = (*said.get("notes", ()), *(f"left out: {each}" for each in said.get("left_out", ())))
    with open_session() as (session, actor):
        actor.require("design", "territory")
        if plan_file is None:
            plan_file, more = outlines.plan_of(session, file.name, said["areas"], level, within)
            notes += more
        done = importing.create(
            *(session, actor, name, plan_file),
            level=level,
            within=within,
            measure=Measure(balance) if balance else None,
        )
        document = {
            "plan_id": done.plan.id,
            "units": done.units,
            "territories": done.territories,
            "notes": [*notes, *done.notes],
        }
    for note in (*notes, *done.notes):
        say(note)
    if as_json:
        emit(document)
    else:
        say(
            f"{name!r} is plan {document['plan_id']}, a draft: {done.units:,} units in"
            f" {done.territories:,} territories"
        )


@territories.command()
@click.argument("file", type=FILE)
@click.option("--time", "time_s", type=float, metavar="SECONDS", help="Instead of the scenario's.")
@times_option
@json_option
def replay(file: Path, time_s: float | None, times: Path | None, as_json: bool) -> int:
    """Design the plan of the scenario FILE anew, and say whether the same plan came out.

    The exit status is 1 when another plan came out; the reasons are given.
    """
    plan_file = plan_files.read_plan(file)
    request = scenarios.request_of(plan_file, time_s)
    with context.open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        with unit_of_work(sessions, actor) as session:
            surveyed = designing.survey(session, actor, request)
            if times is None:
                surveyed = kept_times.timed(session, surveyed, request)
            else:
                ways = kept_times.read(session, request.level, times)
                surveyed = designing.timed(surveyed, ways, speed_of(request.wishes.times))
            here = scenarios.boundaries(session, request.level)
    found = designing.solve(surveyed, request)
    done = scenarios.replayed(plan_file, found, here, travel=surveyed.travel)
    if as_json:
        emit({"same": done.same, "moved": list(done.moved), "reasons": list(done.reasons)})
    elif done.same:
        say("The same plan came out")
    else:
        say(f"Another plan came out: {len(done.moved):,} units lie elsewhere")
        for reason in done.reasons:
            say(f"- {reason}")
    return 0 if done.same else 1


# ------------------------------------------------------------------------------ either kind of plan


def _is_file(text: str) -> bool:
    return Path(text).is_file()


def _file(text: str) -> PlanFile:
    return plan_files.read_plan(Path(text))


def _side(session: Session, actor: Actor, text: str, level: str | None) -> Division:
    if not _is_file(text):
        return plan_sides.of_plan(session, queries.plan_named(session, actor, text))
    file = _file(text)
    chosen = level or file.head.get("level")
    known = [unit.code for unit in places.units(session, chosen)] if chosen else None
    return plan_sides.of_file(file, known)


def _evaluated(
    session: Session,
    actor: Actor,
    plan: str,
    keep: str | None,
    level: str | None,
    within: str | None,
    wanted: dict[str, Any],
) -> PlanFigures:
    actor.require("design", "territory")
    file = _given(session, actor, plan)
    level, within = level or file.head.get("level"), within or file.head.get("within")
    if level is None:
        raise InvalidInput(
            f"{plan} does not say what its units are: name their boundary level (--level), or a"
            " file with them (--units)"
        )
    balance = _wanted(session, level, wanted) or scenarios.balance_said(file)
    ground = unit_layers.read_level(session, level, within, balance=balance, with_shapes=True)
    vintage = places.layer(session, level).vintage
    return _judged(ground, file, _given(session, actor, keep) if keep else None, vintage)


def _wanted(session: Session, level: str, wanted: dict[str, Any]) -> Balance | None:
    """What the plan shall be judged by instead of what it balances."""
    numbers: Numbers = {}
    if wanted["load"] is not None:
        numbers = load_files.read(session, level, wanted["load"], wanted["load_as"])
    weights = Wishes(weights=weights_in(wanted["weights"])).weights
    measure = wanted["balance"] or next(iter(weights), next(iter(numbers), ""))
    return asked(measure, weights, numbers, cadence_today()) if measure else None


def weights_in(text: str | None) -> dict[str, float]:
    """Shares by measure out of a=70,b=30."""
    shares: dict[str, float] = {}
    for part in (each.strip() for each in (text or "").split(",") if each.strip()):
        name, _, share = part.rpartition("=")
        if name.strip() in shares:
            raise InvalidInput(f"--weights names {name.strip()} twice: leave out one of them")
        try:
            shares[name.strip()] = float(share)
        except ValueError as error:
            raise InvalidInput(f"--weights takes a=0.7,b=0.3; {part!r} is no such part") from error
    return shares


def _given(session: Session, actor: Actor, text: str) -> PlanFile:
    """A plan file; a saved plan as if it were one."""
    if _is_file(text):
        return _file(text)
    plan = queries.plan_named(session, actor, text)
    side = plan_sides.of_plan(session, plan)
    return PlanFile(
        called=plan.name,
        units=side.ids,
        labels=tuple(side.labels[at] for at in side.district.tolist()),
        rows=tuple(range(1, len(side.ids) + 1)),
        head={
            "level": plan.level,
            "within": plan.within,
            "balance": plan.measure,
            "balanced": plan.params.get("balance", {}),
        },
    )


def _judged(
    ground: UnitFile, plan: PlanFile, keep: PlanFile | None, vintage: str | None = None
) -> PlanFigures:
    among = f"the {len(ground):,} units of {ground.called}"
    matched = [
        None if each is None else plan_files.matched(each, ground.ids, vintage=vintage, among=among)
        for each in (plan, keep)
    ]
    assert matched[0] is not None
    for note in (*matched[0].notes, *(matched[1].notes if matched[1] else ())):
        say(note)
    return plan_figures.judge(ground, matched[0], matched[1])


def _diff_of_files(before: PlanFile, after: PlanFile, units: Path | None) -> PlanDiff:
    ground = None if units is None else unit_files.read_units(units)
    known = None if ground is None else ground.ids
    loads: dict[str, Any] = {}
    if ground is not None:
        loads = {
            name: dict(zip(ground.ids, ground.weights[:, at].tolist(), strict=True))
            for at, name in enumerate(ground.measures)
        }
    return plan_diff.compare(
        plan_sides.of_file(before, known), plan_sides.of_file(after, known), loads
    )


# ------------------------------------------------------------------------------ printed


def _print_figures(found: PlanFigures) -> None:
    for row, label in enumerate(found.labels):
        loads = "  ".join(f"{load:>14,.0f} {off:>+7.1%}" for load, off in zip(
            found.load[row], found.deviation[row], strict=True))  # fmt: skip
        shape = "" if found.polsby_popper is None else f"  {found.polsby_popper[row]:.2f}"
        click.echo(f"{label:>8}  {found.units[row]:>6,}  {loads}{shape}")
    for at, name in enumerate(found.measures):
        click.echo(f"{name}: at most {found.max_deviation[at]:.2%} off the mean")
    if found.pieces is not None:
        whole = "Every territory is one piece"
        click.echo(f"In pieces: {', '.join(found.in_pieces)}" if found.in_pieces else whole)
    if found.polsby_popper is not None and found.reock is not None:
        popper, reock = found.polsby_popper.mean(), found.reock.mean()
        click.echo(f"Polsby-Popper {popper:.3f}, Reock {reock:.3f} (means)")
    click.echo(f"{found.cut_edges:,} cut edges")
    if found.moved is not None:
        shares = ", ".join(
            f"{share:.1%} of {name}"
            for share, name in zip(found.moved.share, found.measures, strict=True)
        )
        click.echo(f"{found.moved.units:,} units moved ({shares})")


def _print_diff(found: PlanDiff) -> None:
    if not found.flows and not found.reps:
        click.echo("The same plan: nothing moves")
        return
    for row in found.matrix():
        loads = "".join(f"  {row[name]:>14,.0f} {name}" for name in found.measures)
        click.echo(
            f"{row['from'] or 'none'} -> {row['to'] or 'none'}: {row['units']:,} units{loads}"
        )
    total = ", ".join(
        f"{moved:,.0f} {name} ({moved / whole:.1%})" if whole else f"0 {name}"
        for name, moved, whole in zip(found.measures, found.moved, found.totals, strict=True)
    )
    click.echo(f"{found.units:,} units move{': ' if total else ''}{total}")
    for rep in found.reps:
        before, after = (", ".join(side) or "nothing" for side in (rep.before, rep.after))
        click.echo(f"{rep.name}: from {before} to {after}")
