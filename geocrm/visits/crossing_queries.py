"""Reads of land masses: on which a customer's unit or a rep's home lies, and the ferries there are.

Land masses are those of one boundary level, the one that most customers' units are of; a place in
no unit of it is on an unknown one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geocrm.places import queries as places
from geocrm.places.models import Boundary
from geocrm.spatial.districting import components
from geocrm.spatial.neighbours import FERRY
from geocrm.visits.crossings import UNKNOWN, Ferries
from geocrm.visits.planning import Place


@dataclass(frozen=True, slots=True)
class LandMasses:
    """The land mass of each unit of a level, from 0, and the ferries between them."""

    layer: str | None = None
    mass: Mapping[str, int] = field(default_factory=dict)
    ferries: Ferries = field(default_factory=Ferries.none)

    def of(self, unit: str | None) -> int:
        """That of a unit; UNKNOWN for one of another level."""
        return self.mass.get(unit or "", UNKNOWN)


def land_masses(session: Session, units: Sequence[str]) -> LandMasses:
    """Those of the level that most of these units are of."""
    often = Counter(units)
    rows = session.execute(select(Boundary.code, Boundary.layer).where(Boundary.code.in_(often)))
    layers = Counter[str]()
    for code, layer in rows:
        layers[layer] += often[code]
    if not layers:
        return LandMasses()
    layer = layers.most_common(1)[0][0]
    codes = session.scalars(select(Boundary.code).where(Boundary.layer == layer)).all()
    at = {code: row for row, code in enumerate(codes)}
    edges = places.edges(session, layer)
    ends = np.array([(at[edge.a], at[edge.b]) for edge in edges], dtype=np.intp).reshape(-1, 2)
    ferry = np.array([edge.kind == FERRY for edge in edges], dtype=bool)
    length_m = np.array([edge.length_m for edge in edges], dtype=np.float64)
    part = components(len(codes), ends[~ferry])
    apart = ferry & (part[ends[:, 0]] != part[ends[:, 1]])
    return LandMasses(
        layer,
        dict(zip(codes, part.tolist(), strict=True)),
        Ferries(part[ends[apart]], length_m[apart]),
    )


def masses_at(session: Session, land: LandMasses, homes: Sequence[Place]) -> dict[Place, int]:
    """The land mass below each place; those on none are left out."""
    if land.layer is None or not homes:
        return {}
    wanted = sorted(set(homes))
    rows = session.execute(
        text(_UNITS_AT),
        {"layer": land.layer, "lon": [lon for lon, _ in wanted], "lat": [lat for _, lat in wanted]},
    )
    return {wanted[at - 1]: land.of(code) for at, code in rows}


_UNITS_AT = """
    SELECT home.at, found.code
    FROM unnest(CAST(:lon AS float8[]), CAST(:lat AS float8[])) WITH ORDINALITY home(lon, lat, at)
    CROSS JOIN LATERAL (
        SELECT b.code FROM boundaries b
        WHERE b.layer = :layer
          AND ST_Covers(b.geom, ST_SetSRID(ST_MakePoint(home.lon, home.lat), 4326))
        ORDER BY b.code LIMIT 1
    ) found
"""
