"""The units of a boundary level as those of a file, with what the actor sees in each."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from geocrm.errors import Phrase
from geocrm.places import queries as places
from geocrm.places.models import Boundary
from geocrm.territories import figures, text_tables
from geocrm.territories.figures import UnitFigures
from geocrm.territories.models import Measure
from geocrm.territories.unit_files import UnitFile

_NOTHING = UnitFigures()


def read_level(
    session: Session, level: str, within: str | None = None, *, with_shapes: bool = False
) -> UnitFile:
    """Units with accounts, revenue and, where it is known of all, population.

    Raises InvalidInput for a level or an area that does not exist.
    """
    units = places.units(session, level, within)
    codes = [unit.code for unit in units]
    seen = figures.by_unit(session, codes)
    loads = {
        Measure.ACCOUNTS.value: [seen.get(code, _NOTHING).accounts for code in codes],
        Measure.REVENUE.value: [seen.get(code, _NOTHING).revenue for code in codes],
    }
    unknown = [unit.name for unit in units if unit.population is None]
    if not unknown:
        loads[Measure.POPULATION.value] = [unit.population or 0 for unit in units]
    at = text_tables.positions(codes)
    edges = places.edges(session, level, among=codes)
    return UnitFile(
        called=within or level,
        ids=tuple(codes),
        measures=tuple(loads),
        weights=np.column_stack([np.array(load, dtype=np.float64) for load in loads.values()]),
        edges=np.array([(at[e.a], at[e.b]) for e in edges], dtype=np.intp).reshape(-1, 2),
        edge_length=np.array([edge.length_m for edge in edges], dtype=np.float64),
        lon=np.array([unit.lon for unit in units]),
        lat=np.array([unit.lat for unit in units]),
        area_km2=np.array([unit.area_km2 for unit in units]),
        shapes=read_shapes(session, codes) if with_shapes else None,
        unusable=(
            (
                Measure.POPULATION.value,
                Phrase(
                    "The population of {area} is not known for every unit ({units}): use accounts"
                    " or revenue",
                    area=within or level,
                    units=text_tables.listed(unknown),
                ),
            ),
        )
        if unknown
        else (),
    )


def read_shapes(session: Session, codes: Sequence[str]) -> NDArray[np.object_]:
    """The outlines of these units in degrees, shape (n,). One statement."""
    rows = session.execute(select(Boundary.code, Boundary.geom).where(Boundary.code.in_(codes)))
    shape = {code: shapely.from_wkb(bytes(geom.data)) for code, geom in rows.all()}
    return np.array([shape[code] for code in codes], dtype=object)
