"""Travel times that were given and never used go once a day."""

from typing import Any, Final

from geocrm.jobs import Work
from geocrm.territories import kept_times

FORGET: Final = "territories.times.forget"


def forget(work: Work) -> dict[str, Any]:
    """Delete them."""
    with work.unit_of_work() as session:
        return {"forgotten": kept_times.forget_unused(session)}
