"""A Nominatim that `scripts/nominatim.sh` serves, and the addresses it was made from."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import osmium
import pytest
from sqlalchemy.orm import Session, sessionmaker

from geocrm.geocoding.providers import administration
from geocrm.geocoding.providers.administration import Setup
from geocrm.security import OPERATOR

URL = os.environ.get("NOMINATIM_URL", "")
EXTRACT = os.environ.get("NOMINATIM_EXTRACT", "")
# Without a server there is nothing to try: `make test` passes these by.
collect_ignore_glob = [] if URL and EXTRACT else ["test_*.py"]
SAMPLE = 60


class Known(NamedTuple):
    """An address of the extract."""

    street: str
    number: str
    city: str
    lon: float
    lat: float


@pytest.fixture(scope="session")
def addresses() -> list[Known]:
    """Some addresses of the extract, each of which it holds once."""
    found: dict[tuple[str, str], list[Known]] = {}
    for known in _read(Path(EXTRACT)):
        found.setdefault((known.street, known.number), []).append(known)
    single = [each[0] for each in found.values() if len(each) == 1]
    return random.Random(7).sample(single, min(SAMPLE, len(single)))


def _read(extract: Path) -> Iterator[Known]:
    for node in osmium.FileProcessor(str(extract), osmium.osm.NODE):
        tags = node.tags
        if "addr:street" in tags and "addr:housenumber" in tags and "addr:city" in tags:
            yield Known(
                tags["addr:street"], tags["addr:housenumber"], tags["addr:city"],
                node.location.lon, node.location.lat,
            )  # fmt: skip


@pytest.fixture
def provider(session: Session, sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    """Sessions in which the server is the only provider."""
    parts = urlsplit(URL)
    setup = Setup(
        "home",
        "nominatim",
        domain=parts.netloc,
        scheme=parts.scheme,
        allow_private=True,
        timeout_s=30.0,
        rate_per_s=500.0,
    )
    administration.add(session, OPERATOR, setup)
    session.commit()
    return sessions
