"""`geocrm map`: upkeep of what the map counts beforehand."""

import time

import click

from geocrm.cli.context import emit, json_option, open_session, say
from geocrm.maps import pyramid_upkeep
from geocrm.security import audit


@click.group("map")
def map_group() -> None:
    """What the map counts beforehand."""


@map_group.command()
@json_option
def rebuild(as_json: bool) -> None:
    """Count the cells of the widest tiles anew from all customers.

    Tiles stay right meanwhile. `geocrm check` says whether it is needed.
    """
    with open_session() as (session, actor):
        actor.require("update", "setting")
        say("Counting all customers anew; a million take a few minutes")
        started = time.monotonic()
        cells = pyramid_upkeep.rebuild(session)
        found = pyramid_upkeep.compare(session)
        audit.record(session, actor, "rebuild", "map", customers=found.customers, cells=cells)
    took_s = round(time.monotonic() - started, 1)
    if as_json:
        emit({"customers": found.customers, "cells": cells, "seconds": took_s})
    else:
        say(f"Counted {found.customers:,} customers into {cells:,} rows in {took_s} s")
