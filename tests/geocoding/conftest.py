"""A database of its own with a slice of the gazetteer: two provinces and large cities."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from geocrm.db import make_engine, make_sessions
from geocrm.geocoding import AddressQuery, Answer, service
from geocrm.places.gazetteer_loading import load_gazetteer
from geocrm.places.gazetteer_sources import Extent
from geocrm.places.packs import service as packs
from geocrm.security import OPERATOR
from tests.database import fresh_database, migrated_template
from tests.geocoding.town import draw

DATA_DIR = Path(__file__).parents[2] / "data" / "gazetteer"
SLICE = Extent(provinces=frozenset({"32", "34"}), world_min_population=100_000)


# The country that the drawn villages lie in.
COUNTRY = """
    INSERT INTO boundary_layers (code, name, level, source, vintage, licence, attribution)
    VALUES ('wld-adm0', 'Countries', 0, 'drawn', '2026', 'none', 'Drawn by us');
    INSERT INTO boundaries (code, layer, name, country, area_km2, geom, outline, centre)
    SELECT 'wld-adm0:LIE', 'wld-adm0', 'Liechtenstein', 'LI', 400, ST_Multi(box),
        ST_Transform(ST_Multi(box), 3857), ST_Centroid(box)
    FROM ST_MakeEnvelope(9.4, 47.0, 9.7, 47.2, 4326) AS box;
"""


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine on a database that holds the slice and a drawn region pack, loaded once."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"geocrm_test_places_{os.getpid()}_{worker}"
    with fresh_database(name, template=migrated_template()) as url:
        engine = make_engine(url)
        with make_sessions(engine)() as session, session.begin():
            session.info["scope"] = OPERATOR
            load_gazetteer(session, DATA_DIR, SLICE)
            session.execute(text(COUNTRY))
            folder = tmp_path_factory.mktemp("packs")
            packs.add(session, draw(folder / "town.osm.pbf"), folder / "var", {})
        yield engine
        engine.dispose()


@pytest.fixture
def find(session: Session) -> Callable[..., Answer]:
    """Geocode a text, or the parts of an address."""

    def find(text: str = "", country: str = "ID", **parts: str) -> Answer:
        in_parts = {name.removesuffix("_"): value for name, value in parts.items()}
        return service.geocode(session, AddressQuery(text=text, **in_parts), country)

    return find
