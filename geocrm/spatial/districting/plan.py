"""A plan and how good it is, also one that was made by hand."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial.districting.compiling import price_of
from geocrm.spatial.districting.floor import Floor, floor_of
from geocrm.spatial.districting.graph import components
from geocrm.spatial.districting.problem import Floats, Indices, Objective, Terms, Units

# Loads nearer to a limit than this share of the ideal count as held back by it.
_AT_LIMIT = 0.005
# Rows of a distance matrix that are in memory at once.
_ROWS = 512


@dataclass(frozen=True)
class Plan:
    """Districts, and how good they are.

    Attributes
    ----------
    district
        Shape (n,), in [0, k).
    load, deviation
        Shape (k, m): sums of weights, and load / ideal load - 1.
    measures
        Names of the m measures; "count" where a measure was empty and units are counted.
    max_deviation
        Shape (m,), largest absolute deviation; 0.0 is perfect balance.
    within_limits
        Whether tolerances, minimum and maximum are met.
    floor
        No plan can have a smaller deviation in the first measure, because of the largest unit, or
        of units that can only be together.
    broken
        Districts that are empty or in several pieces.
    objective, value
        What was made small, and how small it is (see `Objective`).
    centre
        Shape (k,), the centre unit of each district; None for CUT_EDGES, and with given centres.
    inertia
        Moment of inertia about the districts' centroids, first measure x km2.
    compactness
        In [0, 1]: the share of the units' spread about their common centre that lies between
        districts, not within.
    rms_km
        Root mean square distance of the weight from its district's centroid, km.
    cut_edges
        Neighbouring units in different districts.
    moved, moved_units
        Share of the price that is not where it is today, and how many units; None without a
        present plan.
    binding
        Which wishes held the plan back: "tolerance", "minimum", "maximum", "disruption", "unit",
        "mean" (the ideal is that of a larger plan, see `Terms.ideal_total`); of a measure but the
        first with its name, as in "tolerance:revenue".
    stopped
        "finished", or "stopped" when the search was ended early.
    """

    district: Indices
    load: Floats
    deviation: Floats
    measures: tuple[str, ...]
    max_deviation: Floats
    within_limits: bool
    floor: Floor
    broken: tuple[int, ...]
    objective: Objective
    value: float
    centre: Indices | None
    inertia: float | None
    compactness: float | None
    rms_km: float | None
    cut_edges: int
    moved: float | None
    moved_units: int | None
    binding: tuple[str, ...]
    stopped: str

    @property
    def contiguous(self) -> bool:
        """Whether every district is one piece; always true for a plan of `design`."""
        return not self.broken


def evaluate(
    units: Units, terms: Terms, district: NDArray[np.integer], stopped: str = "finished"
) -> Plan:
    """The figures of any assignment.

    Raises
    ------
    ValueError
        `district` has another shape than the units or names a district that is not there.
    """
    k = terms.num_districts
    home = np.array(district, dtype=np.intp)
    if home.shape != (len(units),) or home.min() < 0 or home.max() >= k:
        raise ValueError(f"district must hold {len(units)} numbers in 0..{k - 1}")
    weights, names = units.balanced()
    load = np.zeros((k, weights.shape[1]))
    np.add.at(load, home, weights)
    ideal = terms.ideal_parts(weights.shape[1]) * weights.sum(axis=0)
    deviation = load / ideal - 1.0
    within, overall = _inertia(units, weights[:, 0], home, k)
    centre, value = valued(units, terms, home)
    floor = floor_of(weights[:, 0], units.edges, float(ideal[:, 0].min()), float(ideal[:, 0].max()))
    moved, moved_units = _moved(units, terms, home)
    total = float(weights[:, 0].sum())
    return Plan(
        district=home,
        load=load,
        deviation=deviation,
        measures=names,
        max_deviation=np.abs(deviation).max(axis=0),
        within_limits=_within(terms, load, deviation),
        floor=floor,
        broken=broken(units.edges, home, k),
        objective=terms.objective,
        value=value,
        centre=centre,
        inertia=within,
        compactness=None
        if within is None or overall is None
        else (1.0 - within / overall if overall > 0 else 1.0),
        rms_km=None if within is None else float(np.sqrt(max(within, 0.0) / total)),
        cut_edges=int((home[units.edges[:, 0]] != home[units.edges[:, 1]]).sum()),
        moved=moved,
        moved_units=moved_units,
        binding=_binding(terms, names, load, deviation, moved, floor.deviation),
        stopped=stopped,
    )


def broken(edges: Indices, district: Indices, num_districts: int) -> tuple[int, ...]:
    """Districts that are empty or in several pieces."""
    inside = edges[district[edges[:, 0]] == district[edges[:, 1]]]
    part = components(len(district), inside)
    _, first = np.unique(part, return_index=True)
    pieces = np.bincount(district[first], minlength=num_districts)
    return tuple(np.flatnonzero(pieces != 1).tolist())


def valued(units: Units, terms: Terms, district: Indices) -> tuple[Indices | None, float]:
    """The centre units (None where there are none) and the value of the objective."""
    if terms.objective is Objective.CUT_EDGES:
        ends = district[units.edges]
        return None, float((ends[:, 0] != ends[:, 1]).sum())
    weight = units.balanced()[0][:, 0]
    if terms.centres is not None:
        way = to_centres(units, terms)
        return None, float((weight * way[np.arange(len(units)), district]).sum())
    centre = np.zeros(terms.num_districts, dtype=np.intp)
    total = 0.0
    for d in range(terms.num_districts):
        members = np.flatnonzero(district == d)
        if len(members):
            best, value = _best_centre(units, terms.objective, weight, members)
            centre[d] = best
            total += value
    return centre, total


def _best_centre(
    units: Units, objective: Objective, weight: Floats, members: Indices
) -> tuple[int, float]:
    """The member from which all are served at least cost; in equal cases the first."""
    best, least = int(members[0]), np.inf
    for begin in range(0, len(members), _ROWS):
        some = members[begin : begin + _ROWS]
        costs = (ways(units, objective, members, some) * weight[members, None]).sum(axis=0)
        at = int(np.argmin(costs))
        if costs[at] < least:
            best, least = int(some[at]), float(costs[at])
    return best, least


def ways(units: Units, objective: Objective, members: Indices, centre: Indices) -> Floats:
    """What a weight of 1 in each member costs from each centre unit, shape (members, centres)."""
    if objective is Objective.TRAVEL and units.minutes is not None:
        return np.asarray(units.minutes[np.ix_(members, centre)])
    if units.place is None:
        raise ValueError("The units have no places")
    return _cost_of(objective, _squares(units.place[members], units.place[centre]))


def to_centres(units: Units, terms: Terms) -> Floats:
    """What a weight of 1 in each unit costs from each given centre, shape (n, k)."""
    if terms.objective is Objective.TRAVEL and terms.centre_minutes is not None:
        return terms.centre_minutes
    if units.place is None or terms.centres is None:
        raise ValueError("There are no centres or no places")
    return _cost_of(terms.objective, _squares(units.place, terms.centres))


def _cost_of(objective: Objective, square: Floats) -> Floats:
    return square if objective is Objective.INERTIA else np.sqrt(square)


def _squares(place: Floats, other: Floats) -> Floats:
    """Squared distances, shape (n, k), without a matrix product: its digits differ by machine."""
    square = np.zeros((len(place), len(other)))
    for axis in range(3):
        square += (place[:, None, axis] - other[None, :, axis]) ** 2
    return square


def _inertia(
    units: Units, weight: Floats, district: Indices, k: int
) -> tuple[float | None, float | None]:
    """Within districts, and of all units about their common centre."""
    if units.place is None:
        return None, None
    place = units.place - np.average(units.place, axis=0, weights=weight)
    mass = np.bincount(district, weights=weight, minlength=k)
    moment = np.zeros((k, 3))
    np.add.at(moment, district, weight[:, None] * place)
    middle = np.divide(moment, mass[:, None], out=np.zeros_like(moment), where=mass[:, None] > 0)
    within = (weight * ((place - middle[district]) ** 2).sum(axis=1)).sum()
    return float(within), float((weight * (place**2).sum(axis=1)).sum())


def _moved(units: Units, terms: Terms, district: Indices) -> tuple[float | None, int | None]:
    if terms.current is None:
        return None, None
    known = terms.current >= 0
    price = price_of(units, terms)
    gone = known & (terms.current != district)
    total = float(price[known].sum())
    return (float(price[gone].sum()) / total if total > 0 else 0.0), int(gone.sum())


def _within(terms: Terms, load: Floats, deviation: Floats) -> bool:
    # A rounding error of the sums is no breach.
    fits = bool((np.abs(deviation) <= terms.tolerances(load.shape[1]) + 1e-9).all())
    least, most = terms.limits(load.shape[1])
    return fits and bool(((load >= least * (1 - 1e-12)) & (load <= most * (1 + 1e-12))).all())


def _binding(
    terms: Terms, names: tuple[str, ...], load: Floats, deviation: Floats, moved: float | None,
    floor: float,
) -> tuple[str, ...]:  # fmt: skip
    tolerance = terms.tolerances(load.shape[1])
    least, most = terms.limits(load.shape[1])
    found = []
    for limit, held in (
        ("tolerance", np.abs(deviation) > tolerance - _AT_LIMIT),
        ("minimum", load < least * (1 + _AT_LIMIT)),
        ("maximum", load > most * (1 - _AT_LIMIT)),
    ):
        at = np.flatnonzero(held.any(axis=0)).tolist()
        found += [limit if not measure else f"{limit}:{names[measure]}" for measure in at]
    if terms.budget is not None and moved is not None and moved > terms.budget * 0.9:
        found.append("disruption")
    if floor > tolerance[0]:
        found.append("unit")
    off = terms.mean_deviations(len(tolerance)) > tolerance + 1e-9
    for measure in np.flatnonzero(off).tolist():
        found.append("mean" if not measure else f"mean:{names[measure]}")
    return tuple(found)
