"""Two plans beside each other: which units, accounts, revenue and people change territory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geocrm.errors import InvalidInput
from geocrm.territories.balance import Balance
from geocrm.territories.matching import NONE, twins
from geocrm.territories.text_tables import figure, positions


@dataclass(frozen=True, slots=True)
class Division:
    """One of the plans: its units, the territory of each from 0, and who works where."""

    called: str
    ids: tuple[str, ...]
    district: NDArray[np.intp]
    labels: tuple[str, ...]
    names: tuple[str, ...]
    people: Mapping[int, tuple[str, ...]]
    # What it shares out; None where it does not say.
    balance: Balance | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """Units that go from one territory to another; None is no territory."""

    before: int | None
    after: int | None
    units: tuple[str, ...]
    loads: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RepMove:
    """Somebody whose territories change."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """What changes from one plan to another.

    `twin` gives for each territory after the one before that it continues, or -1. `loads` of each
    flow are by `measures`; `totals` those of all units.
    """

    before: Division
    after: Division
    measures: tuple[str, ...]
    totals: tuple[float, ...]
    twin: tuple[int, ...]
    flows: tuple[Flow, ...]
    reps: tuple[RepMove, ...]

    @property
    def units(self) -> int:
        """How many units change territory."""
        return sum(len(flow.units) for flow in self.flows)

    @property
    def moved(self) -> tuple[float, ...]:
        """What lies in them, by measure."""
        return tuple(sum(flow.loads[at] for flow in self.flows) for at in range(len(self.measures)))

    def matrix(self) -> list[dict[str, Any]]:
        """From which territory to which, the most units first."""
        return [
            {
                "from": self._name(self.before, flow.before),
                "to": self._name(self.after, flow.after),
                "units": len(flow.units),
                "codes": list(flow.units),
            }
            | {name: figure(load) for name, load in zip(self.measures, flow.loads, strict=True)}
            for flow in self.flows
        ]

    def balances(self) -> list[dict[str, Any]]:
        """What each territory gains and loses, under its name after; the largest change first."""
        found: dict[str, dict[str, Any]] = {}
        for flow in self.flows:
            for name, sign in ((self._continued(flow.before), "lost"),
                               (self._name(self.after, flow.after), "gained")):  # fmt: skip
                if name is None:
                    continue
                row = found.setdefault(name, {"territory": name})
                for what, load in (("units", len(flow.units)),
                                   *zip(self.measures, flow.loads, strict=True)):  # fmt: skip
                    row.setdefault(f"{what}_gained", 0)
                    row.setdefault(f"{what}_lost", 0)
                    row[f"{what}_{sign}"] += figure(load)
        return sorted(
            found.values(), key=lambda r: (-(r["units_gained"] + r["units_lost"]), r["territory"])
        )

    def document(self) -> dict[str, Any]:
        """The difference as JSON."""
        return {
            "before": self.before.called,
            "after": self.after.called,
            "same": not self.flows and not self.reps,
            "moved": {"units": self.units, "reps": len(self.reps)}
            | {name: figure(load) for name, load in zip(self.measures, self.moved, strict=True)},
            "totals": {"units": len(set(self.before.ids) | set(self.after.ids))}
            | {name: figure(load) for name, load in zip(self.measures, self.totals, strict=True)},
            "matched": [
                {
                    "before": None if twin == NONE else self.before.names[twin],
                    "after": self.after.names[at],
                }
                for at, twin in enumerate(self.twin)
            ],
            "matrix": self.matrix(),
            "balances": self.balances(),
            "reps": [
                {"name": rep.name, "before": list(rep.before), "after": list(rep.after)}
                for rep in self.reps
            ],
        }

    def _name(self, side: Division, territory: int | None) -> str | None:
        return None if territory is None else side.names[territory]

    def _continued(self, before: int | None) -> str | None:
        """What a territory before is called after."""
        if before is None:
            return None
        at = self.twin.index(before) if before in self.twin else None
        return self.before.names[before] if at is None else self.after.names[at]


def compare(
    before: Division, after: Division, loads: Mapping[str, Mapping[str, float]]
) -> PlanDiff:
    """The difference; `loads` gives for each measure what lies in each unit.

    Territories are matched by what they share (by the first measure), so other numbers or names
    are no change. Raises InvalidInput when the plans have no unit in common.
    """
    there, here = positions(before.ids), positions(after.ids)
    common = [code for code in before.ids if code in here]
    if not common:
        raise InvalidInput(
            "{before!r} and {after!r} have no unit in common: compare plans of one boundary level"
            " and area",
            before=before.called,
            after=after.called,
        )
    one = before.district[[there[code] for code in common]]
    other = after.district[[here[code] for code in common]]
    first = next(iter(loads.values()), {})
    weight = np.array([first.get(code, 0.0) for code in common])
    twin = np.full(len(after.labels), NONE, dtype=np.intp)
    found = twins(one, other, weight)
    twin[: len(found)] = found
    moves: dict[tuple[int | None, int | None], list[str]] = {}
    for code, was, now in zip(common, one.tolist(), other.tolist(), strict=True):
        if twin[now] != was:
            moves.setdefault((was, now), []).append(code)
    for code in sorted(set(there) - set(here)):
        moves.setdefault((int(before.district[there[code]]), None), []).append(code)
    for code in sorted(set(here) - set(there)):
        moves.setdefault((None, int(after.district[here[code]])), []).append(code)
    every = sorted(set(there) | set(here))
    return PlanDiff(
        before=before,
        after=after,
        measures=tuple(loads),
        totals=tuple(_sum(load, every) for load in loads.values()),
        twin=tuple(twin.tolist()),
        flows=_flows(moves, loads),
        reps=_reps(before, after, twin.tolist()),
    )


def _flows(
    moves: Mapping[tuple[int | None, int | None], Sequence[str]],
    loads: Mapping[str, Mapping[str, float]],
) -> tuple[Flow, ...]:
    flows = [
        Flow(was, now, tuple(sorted(codes)), tuple(_sum(load, codes) for load in loads.values()))
        for (was, now), codes in moves.items()
    ]
    return tuple(sorted(flows, key=lambda flow: (-len(flow.units), flow.units)))


def _reps(before: Division, after: Division, twin: Sequence[int]) -> tuple[RepMove, ...]:
    """People whose territories after are not those that continue theirs before.

    None where a plan names nobody yet: then it does not say who would move.
    """
    if not before.people or not after.people:
        return ()
    was: dict[str, set[int]] = {}
    now: dict[str, set[int]] = {}
    for side, where in ((before, was), (after, now)):
        for territory, names in side.people.items():
            for name in names:
                where.setdefault(name, set()).add(territory)
    found = []
    for name in sorted(set(was) | set(now)):
        continued = {twin[territory] for territory in now.get(name, set())}
        if continued != was.get(name, set()):
            found.append(
                RepMove(
                    name,
                    tuple(before.names[at] for at in sorted(was.get(name, set()))),
                    tuple(after.names[at] for at in sorted(now.get(name, set()))),
                )
            )
    return tuple(found)


def _sum(load: Mapping[str, float], codes: Sequence[str]) -> float:
    return float(sum(load.get(code, 0.0) for code in codes))
