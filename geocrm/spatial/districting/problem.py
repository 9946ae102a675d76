"""The question: units with weights, places and neighbours, and what is asked of a plan."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from geocrm.errors import InvalidInput, Phrase
from geocrm.spatial.geodesy import EARTH_RADIUS_M, unit_vectors

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

NOWHERE = -1


class Objective(enum.StrEnum):
    """What a plan within its limits makes as small as possible.

    INERTIA: weight x squared straight-line distance in km to the district's centre unit.
    TRAVEL: weight x minutes (or km, where no minutes are given) to the centre unit.
    CUT_EDGES: neighbouring units in different districts.
    A district's centre unit is the one of its units that makes this least, or its given centre.
    """

    INERTIA = "inertia"
    TRAVEL = "travel"
    CUT_EDGES = "cut-edges"


@dataclass(frozen=True)
class Units:
    """What is parted into districts.

    Parameters
    ----------
    weights
        Shape (n, m), m measures to be balanced, >= 0, any unit. A measure that is zero everywhere
        is replaced by the number of units.
    place
        Shape (n, 3), a point in each unit, km in a space where straight lines measure distance
        (`on_earth`, `on_plane`); None when only the graph is known.
    edges
        Shape (e, 2), neighbouring units as indices; they must connect all units.
    minutes
        Shape (n, n), travel from unit to unit; None for straight lines.
    measures
        What the measures are called.

    Raises
    ------
    InvalidInput
        A weight is negative or not a number, or a unit has no place.
    ValueError
        The shapes differ or an edge names a unit that is not there.
    """

    weights: Floats
    place: Floats | None
    edges: Indices
    minutes: Floats | None = None
    measures: tuple[str, ...] = ("weight",)
    names: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or self.weights.shape[1] != len(self.measures):
            raise ValueError(f"weights {self.weights.shape} are not {len(self.measures)} measures")
        n = len(self.weights)
        if self.place is not None and self.place.shape != (n, 3):
            raise ValueError(f"place must have shape ({n}, 3), not {self.place.shape}")
        if self.minutes is not None and self.minutes.shape != (n, n):
            raise ValueError(f"minutes must have shape ({n}, {n}), not {self.minutes.shape}")
        if self.edges.ndim != 2 or self.edges.shape[1] != 2:
            raise ValueError(f"edges must have shape (e, 2), not {self.edges.shape}")
        if len(self.edges) and not (self.edges.min() >= 0 and self.edges.max() < n):
            raise ValueError(f"An edge names a unit outside 0..{n - 1}")
        wrong = np.argwhere(~(np.isfinite(self.weights) & (self.weights >= 0)))
        if len(wrong):
            unit, measure = wrong[0]
            raise InvalidInput(
                "Unit {unit} has the {measure} {weight}; weights must be 0 or more",
                unit=self.name(unit),
                measure=self.measures[measure],
                weight=str(self.weights[unit, measure]),
            )
        if self.place is not None and not np.isfinite(self.place).all():
            unit = int(np.flatnonzero(~np.isfinite(self.place).all(axis=1))[0])
            raise InvalidInput(
                "Unit {unit} has no place; every unit needs one", unit=self.name(unit)
            )

    def __len__(self) -> int:
        return len(self.weights)

    def name(self, unit: int) -> str:
        """What a sentence calls a unit."""
        return str(unit) if self.names is None else str(self.names[unit])

    def balanced(self) -> tuple[Floats, tuple[str, ...]]:
        """Weights (n, m) with the number of units in place of empty measures, and their names."""
        empty = self.weights.sum(axis=0) <= 0
        names = tuple("count" if e else m for e, m in zip(empty, self.measures, strict=True))
        return np.where(empty, 1.0, self.weights), names


def on_earth(lon: Floats, lat: Floats) -> Floats:
    """Places (n, 3) of points in degrees WGS84, in km; a distance is the chord's.

    Up to 1,000 km the chord is within 0.1 % of the great circle.
    """
    # Rounded to a centimetre, because the last bit of a cosine differs between machines.
    return np.round(unit_vectors(lon, lat) * (EARTH_RADIUS_M / 1000.0), 5)


def on_plane(x: Floats, y: Floats) -> Floats:
    """Places (n, 3) of points on a plane, in whatever unit of length x and y have."""
    return np.column_stack([x, y, np.zeros(len(x))])


@dataclass(frozen=True)
class Terms:
    """What is asked of a plan.

    Attributes
    ----------
    num_districts
        k, in [1, n].
    tolerance
        Largest acceptable |load / ideal - 1|, >= 0: one number, or one for each measure; infinite
        for a measure, but the first, that only `minimum` and `maximum` hold.
    shares
        Shape (k,), ideal loads as parts of the whole, > 0 (somebody works half-time); equal
        without.
    minimum, maximum
        Hard limits of a district's load: one number for the first measure, or one for each
        measure, None where there is none.
    objective
        What is made least once the loads are within the tolerance.
    centres
        Shape (k, 3), places of given centres (rep homes), as `Units.place`; district d is served
        from centre d.
    centre_minutes
        Shape (n, k), travel from each given centre; straight lines without.
    locked
        Shape (n,), the district a unit must be in, or NOWHERE for free ones.
    names
        Shape (k,), what messages call the districts; their numbers without.
    together, apart
        Groups of units that must share a district; pairs (p, 2) that must not.
    current, price, budget
        Today's plan, shape (n,), NOWHERE for units without; what moving a unit costs, shape (n,),
        >= 0 (customers, revenue); the most that may be moved, as a share of the total price.
    stability
        Weight of moving beside balance and the objective, >= 0; 1 trades moving everything for
        as much as the whole objective.
    ideal_total
        What the ideal loads add up to, as a part of all weight, > 0: one number, or one for each
        measure. Other than 1 where the units are cut out of a larger plan and keep its ideal.
    """

    num_districts: int
    tolerance: float | tuple[float, ...] = 0.05
    shares: Floats | None = None
    minimum: float | tuple[float | None, ...] | None = None
    maximum: float | tuple[float | None, ...] | None = None
    objective: Objective = Objective.INERTIA
    centres: Floats | None = None
    centre_minutes: Floats | None = None
    locked: Indices | None = None
    names: tuple[str, ...] | None = None
    together: tuple[Indices, ...] = ()
    apart: Indices = field(default_factory=lambda: np.zeros((0, 2), dtype=np.intp))
    current: Indices | None = None
    price: Floats | None = None
    budget: float | None = None
    stability: float = 0.0
    ideal_total: float | tuple[float, ...] = 1.0

    def name(self, district: int) -> str:
        """What messages call a district."""
        if self.names is None:
            return Phrase("territory {number}", number=str(district + 1))
        return self.names[district]

    def tolerances(self, num_measures: int) -> Floats:
        """Shape (m,)."""
        given = self.tolerance if isinstance(self.tolerance, tuple) else (self.tolerance,)
        return np.array(given * num_measures if len(given) == 1 else given, dtype=np.float64)

    def limits(self, num_measures: int) -> tuple[Floats, Floats]:
        """Least and most loads, shape (m,) each; -inf and inf where there is none."""
        return (
            _each(self.minimum, num_measures, -np.inf),
            _each(self.maximum, num_measures, np.inf),
        )

    def ideal_shares(self) -> Floats:
        """Shape (k,), adding up to `ideal_total` of the first measure."""
        return self.ideal_parts(1)[:, 0]

    def ideal_parts(self, num_measures: int) -> Floats:
        """Ideal loads (k, m) as parts of all weight of each measure."""
        shares = np.ones(self.num_districts) if self.shares is None else self.shares
        parts = (shares / shares.sum())[:, None] * self.ideal_totals(num_measures)
        return np.asarray(parts, dtype=np.float64)

    def ideal_totals(self, num_measures: int) -> Floats:
        """Shape (m,)."""
        given = self.ideal_total if isinstance(self.ideal_total, tuple) else (self.ideal_total,)
        full = given * num_measures if len(given) == 1 else given
        return np.array(full[:num_measures], dtype=np.float64)

    def mean_deviations(self, num_measures: int) -> Floats:
        """How far mean loads are from mean ideals, shape (m,): no plan is nearer to balance."""
        return np.asarray(np.abs(1.0 / self.ideal_totals(num_measures) - 1.0), dtype=np.float64)

    @property
    def keeps_labels(self) -> bool:
        """Whether district d means something: a home, a locked unit, today's territory d."""
        return any(
            each is not None for each in (self.shares, self.centres, self.locked, self.current)
        )


def _each(
    given: float | tuple[float | None, ...] | None, num_measures: int, nothing: float
) -> Floats:
    """A limit for each measure; a single one is of the first."""
    few = given if isinstance(given, tuple) else (given,)
    every = (*few, *[None] * (num_measures - len(few)))
    return np.array([nothing if one is None else one for one in every], dtype=np.float64)
