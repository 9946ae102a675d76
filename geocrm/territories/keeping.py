"""What a saved plan holds, for a design that keeps to it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput, Phrase
from geocrm.places import queries as places
from geocrm.spatial.districting import NOWHERE
from geocrm.territories import queries
from geocrm.territories.ground import Ground
from geocrm.territories.models import Plan, Territory
from geocrm.territories.plan_files import Matched


def sharing(
    territories: Sequence[Territory], district: NDArray[np.intp]
) -> tuple[list[Territory], NDArray[np.intp]]:
    """The territories that share the load, and `district` in their rows; -1 stays -1.

    One without a unit of its own that others lie below only gathers them: it is not empty ground.
    """
    above = {one.parent_id for one in territories}
    held = set(district.tolist())
    shares = [row in held or one.id not in above for row, one in enumerate(territories)]
    row = np.append(np.cumsum(shares, dtype=np.intp) - 1, -1)
    return [one for one, stays in zip(territories, shares, strict=True) if stays], row[district]


def kept(session: Session, plan: Plan, ground: Ground) -> Matched:
    """The plan to keep on this ground; units it does not have are nowhere today."""
    territories = queries.territories(session, plan.id)
    return Matched(
        held(session, plan, territories, ground),
        tuple(str(territory.number) for territory in territories),
        names=tuple(territory.name for territory in territories),
    )


def held(
    session: Session, plan: Plan, territories: Sequence[Territory], ground: Ground
) -> NDArray[np.intp]:
    """The row of the territory of each unit of the ground, shape (n,); NOWHERE for those in none.

    InvalidInput for a plan that has none of the units.
    """
    row = {territory.number: at for at, territory in enumerate(territories)}
    rows = {unit.code: row[unit.territory] for unit in queries.placed_units(session, plan.id)}
    found = np.array([rows.get(unit.code, NOWHERE) for unit in ground.units], dtype=np.intp)
    if (found < 0).all():
        divided = places.layer(session, plan.level).name
        raise InvalidInput(
            "{plan!r} has none of these units: it divides {level}; keep a plan of this level, or"
            " none",
            plan=plan.name,
            level=Phrase(divided),
        )
    return found
