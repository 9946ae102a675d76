"""`geocrm gazetteer`: loading the places that addresses are found on."""

from pathlib import Path

import click

from geocrm.cli.context import emit, json_option, open_session, say
from geocrm.places.gazetteer_loading import load_gazetteer
from geocrm.security import audit

DATA_DIR = Path(__file__).parents[2] / "data" / "gazetteer"


@click.group()
def gazetteer() -> None:
    """Villages, postcodes, cities and countries that addresses are found on."""


@gazetteer.command()
@json_option
def load(as_json: bool) -> None:
    """Load the files of data/gazetteer and GeoNames when they changed since the last load."""
    with open_session() as (session, actor):
        actor.require("update", "setting")
        loaded = load_gazetteer(session, DATA_DIR)
        if loaded.changed:
            audit.record(session, actor, "load", "gazetteer", places=loaded.num_places)
    if as_json:
        emit({"changed": loaded.changed, "places": loaded.num_places})
    elif loaded.changed:
        say(f"Loaded {loaded.num_places:,} places")
    else:
        say("The gazetteer is up to date")
