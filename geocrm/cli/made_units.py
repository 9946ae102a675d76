"""`geocrm boundaries make`, `made`, `delete`: units of one's own making, to build plans of."""

import time
from typing import Any

import click

from geocrm.cli.boundaries import boundaries
from geocrm.cli.context import emit, json_option, open_session, say
from geocrm.errors import InvalidInput
from geocrm.territories import figures, made_levels, making
from geocrm.territories.making import Cutting, Wish


@boundaries.command()
@click.argument("name")
@click.option("--within", metavar="CODE", help="The area, such as idn-adm1:32.")
@click.option("--level", help="Of which units the ground is; the finest there is.")
@click.option("--hexagons", type=float, metavar="KM", help="Hexagons so wide from side to side.")
@click.option("--customers", type=int, metavar="N", help="Cells of at most N customers.")
@click.option("--cells", type=int, metavar="N", help="N cells of about as many customers each.")
@click.option(
    "--split",
    "splits",
    multiple=True,
    metavar="CODE:N|CODE:KMkm",
    help="Split a unit of --level into cells of N customers, or hexagons; may be repeated.",
)
@json_option
def make(name: str, splits: tuple[str, ...], as_json: bool, **asked: Any) -> None:
    """Make units called NAME, a level of their own that plans can be built of.

    Cells are drawn around the customers you see. Population goes by area within the units of the
    ground.
    """
    wish = _wish(name, splits, **asked)
    started = time.monotonic()
    with open_session() as (session, actor):
        made_levels.require_free(session, actor, name)
        ground = making.read(session, actor, wish)
        without_place = figures.unplaced(session).accounts
    made = making.make(wish, ground)
    with open_session() as (session, actor):
        level = made_levels.put(session, actor, made)
        made_levels.keep(session, actor, level.code)
        document = {"level": level.code, **made_levels.summary(made)}
    document |= {
        "customers_without_place": without_place,
        "seconds": round(time.monotonic() - started, 1),
    }
    if as_json:
        emit(document)
        return
    say(
        f"Made {document['units']:,} units with {document['customers']:,} customers:"
        f" geocrm territories design --level {document['level']}"
    )
    if without_place:
        say(f"{without_place:,} customers have no trustworthy place and lie in none")


@boundaries.command()
@json_option
def made(as_json: bool) -> None:
    """List the levels that were made, with the plans built of each."""
    with open_session() as (session, actor):
        actor.require("design", "territory")
        found = made_levels.levels(session, actor)
    if as_json:
        emit([level._asdict() | {"created_at": level.created_at.isoformat()} for level in found])
        return
    for level in found:
        plans = f"  in {', '.join(level.plans)}" if level.plans else ""
        click.echo(f"{level.code:24} {level.units:6}  {level.name}{plans}")
    if not found:
        say("No units were made: geocrm boundaries make NAME --hexagons 5 --within CODE")


@boundaries.command()
@click.argument("level")
def delete(level: str) -> None:
    """Delete units that were made; not while a plan is built of them."""
    with open_session() as (session, actor):
        made_levels.discard(session, actor, level)
    say(f"Deleted {level}")


def _wish(
    name: str,
    splits: tuple[str, ...],
    *,
    within: str | None,
    level: str | None,
    hexagons: float | None,
    customers: int | None,
    cells: int | None,
) -> Wish:
    given = {"hexagons": hexagons, "customers": customers, "cells": cells}
    ways = [Cutting(kind, amount) for kind, amount in given.items() if amount is not None]
    if len(ways) + bool(splits) != 1:
        raise InvalidInput(
            "Say one way to cut: --hexagons KM, --customers N or --cells N of an area, or --split"
            " for some units of a --level"
        )
    return Wish(name, level, within, ways[0] if ways else None, dict(map(_split, splits)))


def _split(words: str) -> tuple[str, Cutting]:
    code, _, amount = words.rpartition(":")
    kind = "hexagons" if amount.endswith("km") else "customers"
    try:
        number = float(amount.removesuffix("km"))
    except ValueError:
        number = 0.0
    if not code or number <= 0:
        raise InvalidInput(
            f"--split {words!r} is not CODE:N, such as idn-adm2:32.73:200 for cells of 200"
            " customers, or CODE:KMkm, such as idn-adm2:32.73:5km for hexagons"
        )
    return code, Cutting(kind, number)
