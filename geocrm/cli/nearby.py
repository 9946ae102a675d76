"""`geocrm nearby`: the customers around a point."""

import click

from geocrm import clock
from geocrm.cli.context import emit, json_option, open_session
from geocrm.cli.reverse import point_of
from geocrm.maps.filters import compile_filter
from geocrm.maps.nearby import Near, nearby
from geocrm.maps.queries import MAX_PAGE

NOTHING_FOUND = 1


# A negative longitude is no option.
@click.command("nearby", context_settings={"ignore_unknown_options": True})
@click.argument("point", metavar="LON,LAT")
@click.option("--filter", "tree", metavar="JSON", help="Only customers that pass it.")
@click.option("--limit", default=20, type=click.IntRange(1, MAX_PAGE), help="How many.")
@json_option
def nearby_command(point: str, tree: str | None, limit: int, as_json: bool) -> int:
    """List the customers around LON,LAT, nearest first.

    Exit status 1 when there is none.
    """
    with open_session() as (session, actor):
        actor.require("read", "account")
        chosen = compile_filter(tree, today=clock.today(actor.timezone))
        found = nearby(session, chosen, point_of(point), limit=limit).items
    if as_json:
        emit([_document(near) for near in found])
    else:
        for near in found:
            click.echo(f"{near.distance_m:>12,.0f} m  {near.row.name}  ({near.row.owner})")
    return 0 if found else NOTHING_FOUND


def _document(near: Near) -> dict[str, object]:
    row = near.row
    return {
        "id": row.id,
        "name": row.name,
        "distance_m": round(near.distance_m, 1),
        "segment": row.segment,
        "owner": row.owner,
        "lon": row.lon,
        "lat": row.lat,
    }
