"""Plans as files: written for others to read, read from others."""

from pathlib import Path

import click

import geocrm
from geocrm.cli.context import open_session, say
from geocrm.cli.territories.group import territories
from geocrm.errors import InvalidInput
from geocrm.territories import exporting, queries
from geocrm.territories.exporting import Style

# Where set-up puts the browser assets that a report carries with it.
VENDOR = Path(geocrm.__file__).parent / "web" / "static" / "vendor"
_FORMATS = {".geojson": "geojson", ".json": "geojson", ".csv": "csv", ".html": "html"}


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
