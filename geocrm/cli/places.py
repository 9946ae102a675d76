"""`geocrm places`: region packs, each one OpenStreetMap extract."""

from pathlib import Path

import click

from geocrm.cli.context import emit, json_option, open_session, say, settings
from geocrm.places.packs import queries, service
from geocrm.security import audit

# What is made from an extract beside the rows in the database.
BY_PRODUCTS: service.ByProducts = {}
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
        added = service.add(session, file.absolute(), _folder(), BY_PRODUCTS, name)
        if added.changed:
            audit.record(session, actor, "add", f"region_pack:{added.name}", **added.counts)
    _report(added, as_json)


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
        click.echo(f"{pack.name}  {pack.counts}")


@places.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take the pack NAME out."""
    with open_session() as (session, actor):
        actor.require("update", "setting")
        service.remove(session, _folder(), name)
        audit.record(session, actor, "remove", f"region_pack:{name}")
    say(f"Removed {name}")


def _folder() -> Path:
    return settings().var / "packs"


def _report(added: service.Added, as_json: bool) -> None:
    if as_json:
        emit({"name": added.name, "changed": added.changed, "counts": added.counts})
    else:
        say(f"{added.name}: {added.counts}" if added.changed else f"{added.name} is up to date")
