"""`geocrm reverse`: what lies at a point."""

import click

from geocrm.cli.context import emit, json_option, open_session
from geocrm.db.postgis import LonLat
from geocrm.errors import InvalidInput
from geocrm.geocoding.reverse import Found, reverse

NOTHING_FOUND = 1


# A negative longitude is no option.
@click.command("reverse", context_settings={"ignore_unknown_options": True})
@click.argument("point", metavar="LON,LAT")
@json_option
def reverse_command(point: str, as_json: bool) -> int:
    """Say which boundaries contain LON,LAT and which address is nearest, with its distance.

    Exit status 1 when nothing is known there.
    """
    at = point_of(point)
    with open_session() as (session, actor):
        actor.require("read", "geocode")
        found = reverse(session, at)
    if as_json:
        emit(document(found))
    else:
        _print(found)
    return 0 if found.units or found.label else NOTHING_FOUND


def point_of(text: str) -> LonLat:
    """The place of an argument such as 106.8272,-6.1754."""
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidInput(
            f"{text!r} is not LON,LAT: two numbers with a comma, such as 106.8272,-6.1754"
        ) from error
    return LonLat(lon, lat)


def document(found: Found) -> dict[str, object]:
    """The finding as JSON gives it."""
    return {
        "label": found.label,
        "grade": found.grade.value,
        "lon": found.lon,
        "lat": found.lat,
        "distance_m": None if found.distance_m is None else round(found.distance_m, 1),
        "provider": found.provider,
        "parts": found.parts,
        "boundaries": [
            {"code": unit.code, "layer": unit.layer, "name": unit.name} for unit in found.units
        ],
    }


def _print(found: Found) -> None:
    if found.label and found.distance_m is not None:
        click.echo(f"{found.label} ({found.grade}, {found.distance_m:,.0f} m away)")
    for unit in found.units:
        click.echo(f"in {unit.name} ({unit.code})")
    if not found.units and not found.label:
        click.echo("Nothing is known there")
