"""`geocrm places`: region packs, each one OpenStreetMap extract."""

from pathlib import Path

import click
from sqlalchemy.orm import Session, sessionmaker

from geocrm.cli.context import (
    acting_email,
    emit,
    find_actor,
    json_option,
    open_session,
    open_sessions,
    say,
    settings,
)
from geocrm.db import unit_of_work
from geocrm.places.packs import queries, service
from geocrm.places.packs.by_products import BY_PRODUCTS
from geocrm.security import Actor, audit

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def places() -> None:
    """Streets, addresses and places of OpenStreetMap extracts."""


@places.command()
@click.argument("file", type=_FILE)
@click.option("--name", help="Call the pack so; otherwise its file gives the name.")
@json_option
def add(file: Path, name: str | None, as_json: bool) -> None:
    """Load the OpenStreetMap extract FILE (.osm.pbf) as a region pack."""
    with open_session() as (session, actor):
        actor.require("update", "setting")
        done = service.add(session, file.absolute(), _folder(), BY_PRODUCTS, name)
        if done.changed:
            audit.record(session, actor, "add", f"region_pack:{done.name}", **done.counts)
    _report(done, as_json)


@places.command()
@click.argument("name")
@click.argument("file", type=_FILE)
@json_option
def update(name: str, file: Path, as_json: bool) -> None:
    """Replace what the pack NAME holds by the extract FILE."""
    with open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        with unit_of_work(sessions, actor) as session:
            actor.require("update", "setting")
            done = service.update(session, name, file.absolute(), _folder(), BY_PRODUCTS)
            if done.changed:
                audit.record(session, actor, "update", f"region_pack:{name}", **done.counts)
        _clear(sessions, actor)
    _report(done, as_json)


@places.command()
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Take the pack NAME out, with its folder."""
    with open_sessions() as sessions:
        actor = find_actor(sessions, acting_email())
        with unit_of_work(sessions, actor) as session:
            actor.require("update", "setting")
            service.remove(session, _folder(), name)
            audit.record(session, actor, "remove", f"region_pack:{name}")
        _clear(sessions, actor)
    if as_json:
        emit({"removed": name})
    else:
        say(f"Removed {name}")


@places.command("list")
@json_option
def list_packs(as_json: bool) -> None:
    """List the packs with size, date, counts, licence and attribution."""
    with open_session() as (session, actor):
        actor.require("read", "setting")
        found = queries.packs(session)
    if as_json:
        emit([pack._asdict() for pack in found])
        return
    for pack in found:
        click.echo(_line(pack))
    if not found:
        say("No region pack is loaded: run geocrm places add FILE.osm.pbf")


def _folder() -> Path:
    return settings().var / "packs"


def _clear(sessions: sessionmaker[Session], actor: Actor) -> None:
    """A folder goes only when the database has certainly let go of it."""
    with unit_of_work(sessions, actor) as session:
        service.clear(session, _folder())


def _line(pack: queries.Pack) -> str:
    date = f"of {pack.data_date:%Y-%m-%d}" if pack.data_date else "undated"
    size = f"{pack.file_bytes / 1e6:,.1f} MB, {date}"
    return f"{pack.name:20} {_contents(pack.counts)} ({size}, {pack.attribution}, {pack.licence})"


def _contents(counts: dict[str, int]) -> str:
    addresses = counts["addresses"] + counts["interpolated"]
    return (
        f"{addresses:,} addresses, {counts['streets']:,} streets, {counts['places']:,} new places,"
        f" {counts['pois']:,} points of interest"
    )


def _report(done: service.Outcome, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "name": done.name,
                "changed": done.changed,
                "counts": done.counts,
                "overlaps": done.overlaps,
            }
        )
        return
    if not done.changed:
        say(f"{done.name} is up to date")
        return
    say(f"{done.name}: {_contents(done.counts)}")
    if not done.counts["addresses"]:
        say("It has no addresses: they will be placed on their street, not at their number")
    if done.counts["boundaries_cut"]:
        say(f"{done.counts['boundaries_cut']} boundaries reach beyond the extract: left out")
    if done.overlaps:
        say(f"It shares ground with {', '.join(done.overlaps)}: what both hold answers once")
