"""What rooms above know of units, and territories share out: orders, how often one visits.

They tell it here when they are loaded (`geocrm.wiring`), as tables tell `geocrm.db.scope` whose
rows they hold; nothing here imports them.
"""

from collections.abc import Callable, Collection, Mapping

from sqlalchemy.orm import Session

from geocrm.territories.models import Measure
from geocrm.territories.workload import Cadence

# What lies in units and below them, of the accounts the session may see; empty ones left out.
Counter = Callable[[Session, Collection[str]], Mapping[str, float]]
_COUNTERS: dict[Measure, Counter] = {}
_CADENCES: list[Cadence] = []


def counts(measure: Measure) -> Callable[[Counter], Counter]:
    """Register a function as the one that counts a measure."""

    def register(counter: Counter) -> Counter:
        _COUNTERS[measure] = counter
        return counter

    return register


def counted(session: Session, measure: Measure, units: Collection[str]) -> Mapping[str, float]:
    """What lies in these units, counted by the room that knows it."""
    return _COUNTERS[measure](session, units)


def visits_are(cadence: Cadence) -> Cadence:
    """Say how customers are visited from now on."""
    _CADENCES[:] = [cadence]
    return cadence


def cadence_today() -> Cadence:
    """How customers are visited, as the room of visits says."""
    return _CADENCES[0] if _CADENCES else Cadence()
