"""Some territories of a plan that alone may change: cut out, searched, put back.

Only their units are searched, towards the ideal load of the whole plan. Every other territory keeps
its units, and none of them come in.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geocrm.errors import Infeasible, InvalidInput, Phrase
from geocrm.spatial.districting import NOWHERE, Terms, Units
from geocrm.spatial.districting.graph import components
from geocrm.territories import queries
from geocrm.territories.ground import Ground
from geocrm.territories.keeping import held, sharing
from geocrm.territories.models import Plan
from geocrm.territories.plan_files import Matched
from geocrm.territories.text_tables import listed
from geocrm.territories.wishes import Wishes, terms_of

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


class Cut(NamedTuple):
    """A focus as a question of its own."""

    units: Units
    terms: Terms


@dataclass(frozen=True, slots=True)
class Focus:
    """Territories of a plan on its ground.

    Attributes
    ----------
    plan_id, numbers, names
        The plan, and its territories that share the load.
    district
        Shape (n,), the row among those of the territory of each unit today, NOWHERE for none.
    chosen
        Shape (f,), rows of the territories in focus.
    inside
        Units that are searched: theirs, and those that are given out.
    searched
        Their names.
    """

    plan_id: int
    numbers: tuple[int, ...]
    names: tuple[str, ...]
    district: Indices
    chosen: Indices
    inside: Indices
    searched: tuple[str, ...]

    @property
    def numbers_chosen(self) -> tuple[int, ...]:
        """The numbers of the territories in focus."""
        return tuple(self.numbers[row] for row in self.chosen)

    def cut(
        self,
        units: Units,
        ids: Sequence[str],
        wishes: Wishes,
        tolerance: float,
        from_centres: Floats | None = None,
    ) -> Cut:
        """The focus out of all units; their weights say what the ideal load of the plan is.

        `from_centres` (n, c) are the ways of all units from the centres that are wished.
        Raises InvalidInput for a wish that what stays outside rules out.
        """
        weights = units.weights[self.inside]
        part = weights.sum(axis=0)
        if (part <= 0).any():
            raise InvalidInput(
                "The territories in focus hold nothing of what is shared out: choose others, or"
                " another measure"
            )
        codes = [ids[at] for at in self.inside]
        labels = tuple(str(number) for number in self.numbers_chosen)
        terms = terms_of(
            self._wishes(wishes, ids, set(codes)),
            codes,
            len(self.chosen),
            tolerance,
            Matched(
                self._row_inside()[self.district[self.inside]],
                labels,
                names=tuple(self.names[row] for row in self.chosen),
            ),
            beside=units.measures[1:],
            centre_minutes=None if from_centres is None else from_centres[self.inside],
        )
        ideal = units.weights.sum(axis=0) * (len(self.chosen) / len(self.numbers))
        return Cut(
            replace(
                units,
                weights=weights,
                place=None if units.place is None else units.place[self.inside],
                edges=_inside_edges(units.edges, self.inside, len(units)),
                minutes=None
                if units.minutes is None
                else units.minutes[np.ix_(self.inside, self.inside)],
                names=self.searched,
            ),
            replace(terms, ideal_total=tuple((ideal / part).tolist())),
        )

    def put_back(self, district: Indices) -> Indices:
        """The whole plan, shape (n,), with the territories of `district` (inside,) in focus."""
        whole = self.district.copy()
        whole[self.inside] = self.chosen[district]
        return whole

    def _row_inside(self) -> Indices:
        """The row in focus of each territory; the last entry is that of units in none."""
        row = np.full(len(self.numbers) + 1, NOWHERE, dtype=np.intp)
        row[self.chosen] = np.arange(len(self.chosen))
        return row

    def _wishes(self, wishes: Wishes, ids: Sequence[str], inside: Collection[str]) -> Wishes:
        """Those about units in focus; what is asked of others holds already, or is refused."""
        at = {one: row for row, one in enumerate(ids)}
        labels = {str(number) for number in self.numbers_chosen}
        return replace(
            wishes,
            lock=tuple(one for one in wishes.lock if self._locks_inside(one, at, inside, labels)),
            together=tuple(
                group for group in wishes.together if self._joins_inside(group, at, inside)
            ),
            apart=tuple(pair for pair in wishes.apart if self._parts_inside(pair, at, inside)),
        )

    def _locks_inside(
        self, text: str, at: dict[str, int], inside: Collection[str], labels: Collection[str]
    ) -> bool:
        unit, number = (text, "") if text in at else text.rpartition("=")[::2]
        unit = unit or text
        if unit in inside:
            if number and number not in labels:
                raise InvalidInput(
                    "{unit} is in focus and locked to {territory}, which is not: lift the lock, or"
                    " take that territory into focus",
                    unit=unit,
                    territory=self._called(number),
                )
            return True
        self._require_known((unit,), at)
        row = int(self.district[at[unit]])
        if number and (row == NOWHERE or str(self.numbers[row]) != number):
            raise InvalidInput(
                "{unit} is locked to {territory}, but only units in focus can move: take its"
                " territory into focus, or lift the lock",
                unit=unit,
                territory=self._called(number),
            )
        return False

    def _called(self, number: str) -> str:
        for known, name in zip(self.numbers, self.names, strict=True):
            if str(known) == number:
                return name
        return Phrase("territory {number}", number=number)

    def _joins_inside(
        self, group: Sequence[str], at: dict[str, int], inside: Collection[str]
    ) -> bool:
        self._require_known(group, at)
        outside = [unit for unit in group if unit not in inside]
        if not outside:
            return True
        rows = {int(self.district[at[unit]]) for unit in outside}
        if len(outside) < len(group) or len(rows) > 1:
            raise InvalidInput(
                "{units} cannot be put together: {outside} is not in focus and stays where it is."
                " Take its territory into focus, or lift the wish",
                units=listed(list(group)),
                outside=outside[0],
            )
        return False

    def _parts_inside(
        self, pair: tuple[str, str], at: dict[str, int], inside: Collection[str]
    ) -> bool:
        self._require_known(pair, at)
        if all(unit in inside for unit in pair):
            return True
        one, other = (int(self.district[at[unit]]) for unit in pair)
        if one == other != NOWHERE:
            raise InvalidInput(
                "{units} cannot be put apart: their territory is not in focus. Take it into focus,"
                " or lift the wish",
                units=listed(list(pair)),
            )
        return False

    @staticmethod
    def _require_known(group: Sequence[str], at: dict[str, int]) -> None:
        unknown = [unit for unit in group if unit not in at]
        if unknown:
            raise InvalidInput(
                "{units} is no unit of this plan's ground: check the code", units=listed(unknown)
            )


def read(session: Session, plan: Plan, wishes: Wishes, ground: Ground) -> Focus:
    """The territories in focus, on the ground of their plan.

    Raises InvalidInput for territories there are not, or with which nothing can change; Infeasible
    where they do not hang together.
    """
    every = queries.territories(session, plan.id)
    shared, district = sharing(every, held(session, plan, every, ground))
    row = {territory.number: at for at, territory in enumerate(shared)}
    _require_there(plan, wishes.focus, {t.number: t.name for t in every}, row)
    chosen = np.array(sorted(row[number] for number in set(wishes.focus)), dtype=np.intp)
    mine = np.isin(district, chosen)
    edges = ground.pairs()
    inside = np.flatnonzero(_with_unassigned(mine, district, edges) if wishes.give else mine)
    names = tuple(territory.name for territory in shared)
    if len(chosen) == 1 and len(inside) == mine.sum():
        raise InvalidInput(
            "With {territory!r} alone in focus nothing can change: add a territory beside it",
            territory=names[chosen[0]],
        )
    _require_connected(_inside_edges(edges, inside, len(district)), district[inside], names)
    numbers = tuple(territory.number for territory in shared)
    searched = tuple(ground.units[at].name for at in inside.tolist())
    return Focus(plan.id, numbers, names, district, chosen, inside, searched)


def _require_there(
    plan: Plan, focus: Sequence[int], names: dict[int, str], row: dict[int, int]
) -> None:
    for number in focus:
        if number not in names:
            raise InvalidInput(
                "{plan!r} has no territory {number}", plan=plan.name, number=str(number)
            )
        if number not in row:
            raise InvalidInput(
                "{territory!r} has no unit of its own and only gathers others: take those below it"
                " into focus",
                territory=names[number],
            )


def _with_unassigned(
    mine: NDArray[np.bool_], district: Indices, edges: Indices
) -> NDArray[np.bool_]:
    """Units in focus and those in no territory that hang together with them."""
    free = mine | (district == NOWHERE)
    part = components(len(district), edges[free[edges].all(axis=1)])
    found: NDArray[np.bool_] = free & np.isin(part, part[mine])
    return found


def _inside_edges(edges: Indices, inside: Indices, n: int) -> Indices:
    """The edges among some of n units, by their rows among these."""
    row = np.full(n, NOWHERE, dtype=np.intp)
    row[inside] = np.arange(len(inside))
    ends: Indices = row[edges]
    inner: Indices = ends[(ends != NOWHERE).all(axis=1)]
    return inner


def _require_connected(edges: Indices, district: Indices, names: Sequence[str]) -> None:
    part = components(len(district), edges)
    groups = [np.unique(district[part == one]) for one in np.unique(part)]
    groups = [group[group != NOWHERE] for group in groups]
    if len(groups) < 2:
        return
    rows, often = np.unique(np.concatenate(groups), return_counts=True)
    if often.max() > 1:
        raise Infeasible(
            "{territory!r} is in pieces that hang together only through territories outside the"
            " focus: take those beside it into focus, too",
            territory=names[rows[np.argmax(often)]],
        )
    raise Infeasible(
        "The territories in focus are {count} groups that do not touch ({groups}): take what lies"
        " between into focus, or redesign each group by itself",
        count=len(groups),
        groups=tuple(listed([names[row] for row in group], 2) for group in groups[:4]),
    )
