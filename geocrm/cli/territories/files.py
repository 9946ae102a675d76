"""Plans as files: written for others to read, read from others."""

from pathlib import Path

import click

import geocrm
from geocrm.cli.context import open_session, say
from geocrm.cli.territories.group import territories
from geocrm.errors import InvalidInput
from geocrm.territories import exporting, queries
from geocrm.territories.report_style import Style

# Where set-up puts the browser assets that a report carries with it.
VENDOR = Path(geocrm.__file__).parent / "web" / "static" / "vendor"
# What the ending of a file says when no format is named.
_BY_ENDING = {
    ".geojson": "geojson", ".json": "geojson", ".kml": "kml", ".gpkg": "gpkg", ".zip": "shp",
    ".shp": "shp", ".csv": "csv", ".bef": "bef", ".txt": "scenario", ".scenario": "scenario",
    ".pdf": "pdf", ".html": "html",
}  # fmt: skip


@territories.command()
@click.argument("plan")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--format", "kind", type=click.Choice(list(exporting.MEDIA_TYPES)))
@click.option("--territory", type=int, metavar="N", help="Only the territory of this number.")
def export(plan: str, file: Path | None, kind: str | None, territory: int | None) -> None:
    """Write PLAN to FILE, in the format its ending says, or in --format.

    Without FILE it goes to standard output. A shapefile comes as a zip; an HTML report opens
    without network.
    """
    chosen = kind or _kind_of(file)
    with open_session() as (session, actor):
        found = queries.plan_named(session, actor, plan)
        content = exporting.render(session, actor, found.id, chosen, Style(VENDOR), territory)
    if file is None:
        click.echo(content, nl=False)
    else:
        file.write_bytes(content)
        say(f"{found.name!r} is in {file}")


def _kind_of(file: Path | None) -> str:
    if file is None:
        raise InvalidInput("Name a FILE to write to, or a --format for standard output")
    kind = _BY_ENDING.get(file.suffix.lower())
    if kind is None:
        raise InvalidInput(
            f"{file.name} ends in none of {', '.join(_BY_ENDING)}: name the --format"
        )
    return kind
