"""`geocrm boundaries`: layers of administrative units, neighbours, loading, who lies in which."""

import csv
import sys
import time

import click

from geocrm.cli.context import emit, json_option, open_session, say
from geocrm.customers import reassigning
from geocrm.places import loading, queries
from geocrm.security import audit


@click.group()
def boundaries() -> None:
    """Administrative boundaries and which units lie beside each other."""


@boundaries.command("list")
@json_option
def list_layers(as_json: bool) -> None:
    """List the boundary levels with the number of their units and their sources."""
    with open_session() as (session, actor):
        actor.require("read", "boundary")
        found = queries.layers(session)
    if as_json:
        emit([layer._asdict() for layer in found])
        return
    for layer in found:
        click.echo(f"{layer.code:10} {layer.units:6}  {layer.name} ({layer.vintage})")
    if not found:
        say("No boundaries are loaded: run geocrm boundaries load")


@boundaries.command()
@click.argument("level")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header line.")
@json_option
def neighbours(level: str, as_csv: bool, as_json: bool) -> None:
    """Print which units of LEVEL lie beside each other, by land or by ferry.

    The length is that of the shared border, or of the crossing.
    """
    with open_session() as (session, actor):
        actor.require("read", "boundary")
        edges = queries.edges(session, level)
    if as_json:
        emit([edge._asdict() for edge in edges])
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(queries.Edge._fields)
        writer.writerows((*edge[:3], round(edge.length_m)) for edge in edges)
    else:
        for edge in edges:
            click.echo(f"{edge.a} {edge.b} {edge.kind} {edge.length_m / 1000:.1f} km")


@boundaries.command()
@json_option
def load(as_json: bool) -> None:
    """Load the files of data/boundaries that changed since the last load."""
    with open_session() as (session, actor):
        actor.require("update", "setting")
        loaded = loading.load_boundaries(session)
        if loaded:
            audit.record(session, actor, "load", "boundaries", files=loaded)
    if as_json:
        emit({"loaded": loaded})
    else:
        say(f"Loaded {', '.join(loaded)}" if loaded else "The boundaries are up to date")


@boundaries.command()
@json_option
def assign(as_json: bool) -> None:
    """Give every customer the finest unit it lies in anew, as after new boundaries.

    Whose unit changes goes to the live territory of the new one. All in one transaction.
    """
    with open_session() as (session, actor):
        actor.require("update", "setting")
        say("Looking for the unit of every customer; a million take about half a minute")
        started = time.monotonic()
        found = reassigning.assign_units(session)
        audit.record(session, actor, "assign", "boundaries", **found._asdict())
    took_s = round(time.monotonic() - started, 1)
    if as_json:
        emit(found._asdict() | {"seconds": took_s})
    else:
        say(
            f"{found.changed:,} of {found.customers:,} customers changed their unit,"
            f" {found.outside:,} lie in none; {took_s} s"
        )
