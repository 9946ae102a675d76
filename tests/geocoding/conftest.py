"""A database of its own with a slice of the gazetteer: two provinces and large cities."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from geocrm.db import make_engine, make_sessions
from geocrm.geocoding import AddressQuery, Answer, service
from geocrm.places.gazetteer_loading import load_gazetteer
from geocrm.places.gazetteer_sources import Extent
from tests.database import fresh_database, migrated_template

DATA_DIR = Path(__file__).parents[2] / "data" / "gazetteer"
SLICE = Extent(provinces=frozenset({"32", "34"}), world_min_population=100_000)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """An engine on a database that holds the slice, loaded once."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"geocrm_test_places_{os.getpid()}_{worker}"
    with fresh_database(name, template=migrated_template()) as url:
        engine = make_engine(url)
        with make_sessions(engine)() as session, session.begin():
            load_gazetteer(session, DATA_DIR, SLICE)
        yield engine
        engine.dispose()


@pytest.fixture
def find(session: Session) -> Callable[..., Answer]:
    """Geocode a text, or the parts of an address."""

    def find(text: str = "", country: str = "ID", **parts: str) -> Answer:
        in_parts = {name.removesuffix("_"): value for name, value in parts.items()}
        return service.geocode(session, AddressQuery(text=text, **in_parts), country)

    return find
