"""`geocrm campaigns`: who may be reached in chosen regions."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from geocrm import clock
from geocrm.campaigns import queries, selection, service
from geocrm.campaigns.selection import Tree, Where
from geocrm.cli.context import emit, json_option, open_session, say, settings
from geocrm.customers.models import Channel
from geocrm.errors import InvalidInput
from geocrm.places import queries as places
from geocrm.security import Actor
from geocrm.takeaway.csv_safe import write_csv
from geocrm.territories import queries as territories


@click.group()
def campaigns() -> None:
    """Regional campaigns."""


@campaigns.command("audience")
@click.option("--units", default="", metavar="CODE,CODE", help="Boundary units, parents included.")
@click.option(
    "--area",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A GeoJSON file with a polygon.",
)
@click.option("--territory", "territory_names", multiple=True, help="A territory of the live plan.")
@click.option("--segment", "segments", multiple=True, help="A segment; may be repeated.")
@click.option("--min-revenue", type=float, help="Revenue of the last 365 days, at least.")
@click.option("--ordered-within", type=int, metavar="DAYS", help="Last order within these days.")
@click.option("--not-ordered-within", type=int, metavar="DAYS", help="No order within these days.")
@click.option("--consent", "channel", default="email", help="The channel they are reached by.")
@click.option("--save", "name", help="Keep the audience under this name.")
@click.option(
    "--csv", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the list here."
)
@json_option
def audience(
    units: str,
    area: Path | None,
    territory_names: tuple[str, ...],
    segments: tuple[str, ...],
    min_revenue: float | None,
    ordered_within: int | None,
    not_ordered_within: int | None,
    channel: str,
    name: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Count, and list, the customers of a region who may be reached by a channel."""
    chosen = selection.channel_named(channel)
    today = clock.today(settings().default_timezone)
    with open_session() as (session, actor):
        actor.require("read", "audience")
        where = Where(
            units=_known_units(session, units),
            area=_area(area),
            territories=_territories(session, territory_names),
        )
        conditions = selection.conditions(
            segments=segments,
            min_revenue=min_revenue,
            ordered_within=ordered_within,
            not_ordered_within=not_ordered_within,
        )
        tree = selection.everybody_of(where, *conditions)
        counts = queries.waterfall(session, actor, selection.compiled(actor, tree, today), chosen)
        _keep(session, actor, tree, chosen, name=name, out=out)
    shown = counts.shown_to(actor)
    if as_json:
        emit(shown)
    else:
        _print(shown, chosen)


def _known_units(session: Session, text: str) -> tuple[str, ...]:
    codes = tuple(code.strip() for code in text.split(",") if code.strip())
    known = {unit.code for unit in places.by_codes(session, codes)}
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise InvalidInput(
            f"There is no unit {unknown[0]!r}; codes look like idn-adm2:32.73, and"
            " geocrm boundaries list shows the levels"
        )
    return codes


def _area(path: Path | None) -> Mapping[str, Any] | None:
    if path is None:
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path.name} is not GeoJSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidInput(f"{path.name} is not GeoJSON: it holds no object")
    return selection.area_of(document)


def _territories(session: Session, names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(territories.live_territory_named(session, name).id for name in names)


def _keep(
    session: Session,
    actor: Actor,
    tree: Tree,
    channel: Channel,
    *,
    name: str | None,
    out: Path | None,
) -> None:
    """Save the audience under its name, and write the list to the file."""
    if name is None and out is None:
        return
    today = clock.today(settings().default_timezone)
    label = name or f"Export {today.isoformat()}"
    saved = service.save(session, actor, name=label, tree=tree, channel=channel, today=today)
    if out is not None:
        count = write_csv(out, service.export(session, actor, saved.id))
        say(f"Wrote {count:,} people to {out}")
    if name is None:
        service.remove(session, actor, saved.id)


def _print(shown: queries.Waterfall, channel: Channel) -> None:
    def words(count: int | None) -> str:
        return "fewer than 10" if count is None else f"{count:,}"

    click.echo(f"matched    {words(shown.matched)}")
    for reason, count in shown.excluded.items():
        click.echo(f"- {reason:<9}{words(count)}")
    click.echo(f"reachable  {words(shown.reachable)} by {channel.value}")
    if shown.without_point != 0:
        click.echo(f"({words(shown.without_point)} of them have no trustworthy point)")
