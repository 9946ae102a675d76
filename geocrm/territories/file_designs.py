"""Designing on units out of files: the same solver, no database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geocrm.errors import InvalidInput
from geocrm.spatial.districting import DEFAULT_EFFORT, Units, on_earth, on_plane
from geocrm.territories import solving
from geocrm.territories.open_counts import first_within, within_limits
from geocrm.territories.plan_files import Matched
from geocrm.territories.solving import Solved
from geocrm.territories.text_tables import figure, listed
from geocrm.territories.travel_times import Travel, travel_of
from geocrm.territories.unit_files import UnitFile
from geocrm.territories.wishes import Wishes, blended, terms_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FileDesign:
    """A division of the units of a file."""

    ground: UnitFile
    balance: str
    tolerance: float
    solved: Solved
    labels: tuple[str, ...]
    travel: Travel | None = None

    def document(self) -> dict[str, Any]:
        """The same JSON as of a design on boundaries; further measures stand beside the first."""
        plan = self.solved.plan
        held: list[list[str]] = [[] for _ in self.labels]
        for one, district in zip(self.ground.ids, plan.district.tolist(), strict=True):
            held[district].append(one)
        return {
            "units": self.ground.called,
            "balance": self.balance,
            "tolerance": self.tolerance,
            **({} if self.travel is None else {"times": self.travel.record()}),
            "territories": [
                {
                    "id": at + 1,
                    "name": label,
                    "units": held[at],
                    "load": figure(float(plan.load[at, 0])),
                    "deviation": round(float(plan.deviation[at, 0]), 6),
                    "loads": self._loads(at),
                }
                for at, label in enumerate(self.labels)
            ],
            "max_deviation": round(float(plan.max_deviation[0]), 6),
            "tolerance_met": plan.within_limits,
            "contiguous": plan.contiguous,
            "compactness": None if plan.compactness is None else round(plan.compactness, 4),
            "elapsed_s": round(self.solved.elapsed_s, 2),
        } | self.solved.document()

    def _loads(self, district: int) -> dict[str, float]:
        inside = self.solved.plan.district == district
        total = self.ground.weights[inside].sum(axis=0).tolist()
        return {name: figure(load) for name, load in zip(self.ground.measures, total, strict=True)}


def design(
    ground: UnitFile,
    count: int | None,
    wishes: Wishes,
    *,
    balance: str | None = None,
    tolerance: float = 0.05,
    seed: int = 1,
    time_s: float = 20.0,
    effort: int = DEFAULT_EFFORT,
    keep: Matched | None = None,
    travel: Travel | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> FileDesign:
    """Divide the units of a file; `keep` is the plan that `wishes.keep` names, on these units.

    `travel` are the ways between them where they are known; the best plan so far comes when
    `cancelled` says so. Raises InvalidInput or Infeasible with
    what to do.
    """
    if wishes.centres and ground.lon is None:
        raise InvalidInput(
            "Centres are in degrees, but the units of {file} have no lon and lat: add them",
            file=ground.called,
        )
    load, called = _load(ground, balance, wishes.weights)
    travel = travel_of(wishes, travel)
    units = _units(ground, load, called, wishes, travel)

    def solved_in(number: int, left_s: float) -> Solved:
        terms = terms_of(
            wishes,
            ground.ids,
            number,
            tolerance,
            keep,
            beside=units.measures[1:],
            centre_minutes=None if travel is None else travel.from_centres(wishes.centres),
        )
        return solving.solve(
            units, terms, seed=seed, time_s=left_s, effort=effort, cancelled=cancelled
        )

    open_to = counts_of(count, load, wishes, keep, ground.ids)
    solved = first_within(open_to, time_s, solved_in, cancelled)
    number = solved.terms.num_districts
    kept = () if keep is None else keep.labels[:number]
    labels = (*kept, *(str(at + 1) for at in range(len(kept), number)))
    return FileDesign(ground, called, tolerance, solved, labels, travel)


def counts_of(
    count: int | None, load: Floats, wishes: Wishes, keep: Matched | None, ids: Sequence[str]
) -> tuple[int, ...]:
    """The number of territories asked for, or those that centres, limits or the old plan leave."""
    if count is not None:
        return (count,)
    if wishes.centres:
        return (len(wishes.centres),)
    today = None if keep is None else len(keep.labels)
    if wishes.maximum is not None or wishes.minimum is not None:
        return within_limits(load, wishes.minimum, wishes.maximum, ids, today)
    if today is not None:
        return (today,)
    raise InvalidInput("Say how many territories (--count), or give --min, --max or --centers")


def _load(
    ground: UnitFile, balance: str | None, weights: Mapping[str, float]
) -> tuple[Floats, str]:
    if weights and balance is not None and balance not in weights:
        raise InvalidInput(
            "{balance!r} is none of the measures that are mixed: choose among {names}, or leave it"
            " out",
            balance=balance,
            names=listed(list(weights)),
        )
    if weights:
        # In the scale of what is balanced, as on boundaries.
        first = balance or next(iter(weights))
        return blended(ground.weights, ground.measures, {first: weights[first], **weights})
    return ground.weight(balance), balance or ground.measures[0]


def _units(
    ground: UnitFile, load: Floats, called: str, wishes: Wishes, travel: Travel | None
) -> Units:
    place = None
    if ground.lon is not None and ground.lat is not None:
        place = on_earth(ground.lon, ground.lat)
    elif ground.x is not None and ground.y is not None:
        place = on_plane(ground.x, ground.y)
    return Units(
        np.column_stack([load, *(ground.weight(name) for name in wishes.beside)]),
        place,
        ground.edges,
        minutes=None if travel is None else travel.minutes,
        measures=(called, *wishes.beside),
        names=ground.ids,
    )
