"""Jobs of providers."""

from typing import Any

from geocrm.geocoding.providers import cache
from geocrm.jobs import Work

PURGE = "geocoding_purge"
_BATCH = 10_000


def purge(work: Work) -> dict[str, Any]:
    """Delete kept answers whose time is over, as the providers' terms ask."""
    gone = 0
    while True:
        with work.unit_of_work() as session:
            batch = cache.purge(session, _BATCH)
        gone += batch
        if batch < _BATCH:
            return {"deleted": gone}
        work.report(gone)
