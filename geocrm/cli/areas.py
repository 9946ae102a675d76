"""`geocrm areas`: areas to filter by, out of files."""

from pathlib import Path

import click

from geocrm.cli.context import emit, json_option, open_session, say
from geocrm.maps.areas import queries, service


@click.group()
def areas() -> None:
    """Areas that people keep to filter by."""


@areas.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def add(file: Path, as_json: bool) -> None:
    """Keep each polygon of FILE as an area of the user given with --as.

    FILE is GeoJSON, KML, KMZ, GeoPackage, or a ZIP with a shapefile.
    """
    with open_session() as (session, actor):
        added = service.add_file(session, actor, file, file.name)
    if as_json:
        items = [{"id": area.id, "name": area.name} for area in added.areas]
        emit({"items": items, "notes": added.notes, "left_out": added.left_out})
        return
    for area in added.areas:
        click.echo(f"{area.id:>8}  {area.name}")
    for sentence in (*added.notes, *(f"left out: {reason}" for reason in added.left_out)):
        say(sentence)


@areas.command("list")
@json_option
def list_areas(as_json: bool) -> None:
    """List the areas one may use."""
    with open_session() as (session, actor):
        found = queries.listed(session, actor)
    if as_json:
        emit([{**area._asdict(), "created_at": area.created_at.isoformat()} for area in found])
        return
    for area in found:
        whose = f"{area.owner}, shared" if area.shared else area.owner
        click.echo(f"{area.id:>8}  {area.name}  {area.km2:,.1f} km²  ({whose})")


@areas.command("remove")
@click.argument("area_id", type=int)
def remove(area_id: int) -> None:
    """Delete an area."""
    with open_session() as (session, actor):
        service.remove(session, actor, area_id)
    say(f"Deleted area {area_id}")
