"""Plans out of files: a new draft from a scenario, a block-equivalency file, or any table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geocrm.db import copy_rows
from geocrm.errors import InvalidInput, Phrase
from geocrm.places import queries as places
from geocrm.security import Actor, audit
from geocrm.territories import designing, scenarios
from geocrm.territories import ground as grounds
from geocrm.territories.balance import Balance, asked
from geocrm.territories.evaluation import evaluate
from geocrm.territories.ground import Ground
from geocrm.territories.models import Measure, Plan, Territory
from geocrm.territories.palette import colours_apart
from geocrm.territories.plan_files import Matched, PlanFile, matched
from geocrm.territories.requests import DEFAULT_TOLERANCE, MAX_SEED
from geocrm.territories.service import MAX_NAME
from geocrm.territories.sources import cadence_today

MAX_TERRITORIES: Final = 3_000
# What a scenario says about how its plan was made, which goes with the plan.
_KEPT: Final = (
    *("time_s", "effort", "proven", "request", "solver", "stopped_early", "loads"),
    "tolerance_met",
)


@dataclass(frozen=True, slots=True)
class Imported:
    """The draft that a file became, and what the person should know."""

    plan: Plan
    units: int
    territories: int
    notes: tuple[str, ...]


def create(
    session: Session,
    actor: Actor,
    name: str,
    file: PlanFile,
    *,
    level: str | None = None,
    within: str | None = None,
    measure: Measure | None = None,
) -> Imported:
    """A new draft with the division of the file; a scenario brings level, area and measure along.

    Raises InvalidInput naming units of the file that are unknown and units it leaves out.
    """
    actor.require("design", "territory")
    level = level or _text(file, "level")
    if level is None:
        raise InvalidInput(
            "{file} does not say what its units are: choose a boundary level (--level)",
            file=file.called,
        )
    within = within or _text(file, "within")
    layer = places.layer(session, level)
    left_out = _left_out(file)
    known = None if measure else scenarios.balance_said(file)
    ground = grounds.survey(session, level, within, known or measure or Measure.ACCOUNTS)
    ground = ground.without(left_out)
    plan_units = matched(
        file,
        [unit.code for unit in ground.units],
        vintage=layer.vintage,
        among=_units_of(len(ground), level, within),
    )
    if len(plan_units.labels) > MAX_TERRITORIES:
        raise InvalidInput(
            "{file} has {count} territories; {most} are the most: check which column is the"
            " territory",
            file=file.called,
            count=len(plan_units.labels),
            most=MAX_TERRITORIES,
        )
    chosen = known or asked(measure or _usual(ground), {}, {}, cadence_today())
    plan = _plan(actor, name, file, level, within, chosen.measure)
    plan.params = _params(file, ground, plan_units, chosen)
    session.add(plan)
    session.flush()  # the territories name its id
    _fill(session, plan, file, ground, plan_units)
    audit.record(session, actor, "import", f"territory_plan:{plan.id}", name=plan.name)
    return Imported(plan, len(ground), len(plan_units.labels), plan_units.notes)


def _units_of(count: int, level: str, within: str | None) -> Phrase:
    if within:
        return Phrase(
            "the {count} units of {level} in {area}", count=count, level=level, area=within
        )
    return Phrase("the {count} units of {level}", count=count, level=level)


def _plan(
    actor: Actor, name: str, file: PlanFile, level: str, within: str | None, measure: str
) -> Plan:
    words = " ".join(name.replace("\x00", "").split())
    if not words or len(words) > MAX_NAME:
        raise InvalidInput("A plan needs a name of 1 to {most} characters", most=MAX_NAME)
    tolerance = file.head.get("tolerance", DEFAULT_TOLERANCE)
    seed = file.head.get("seed", 1)
    if not isinstance(tolerance, int | float) or not 0 < tolerance <= 1:
        raise InvalidInput(
            "{file}: the tolerance {tolerance} is no share above 0 to 1",
            file=file.called,
            tolerance=repr(tolerance),
        )
    if not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise InvalidInput(
            "{file}: the seed {seed} is no whole number from 0",
            file=file.called,
            seed=repr(seed),
        )
    return Plan(
        name=words,
        level=level,
        within=within,
        measure=measure,
        tolerance=float(tolerance),
        seed=seed,
        created_by=actor.user_id,
    )


def _params(file: PlanFile, ground: Ground, plan: Matched, balance: Balance) -> dict[str, Any]:
    found = evaluate(ground, balance, plan.district, len(plan.labels))
    kept = {name: file.head[name] for name in _KEPT if name in file.head}
    kept |= {
        name: value for name, value in _mapping(file.head.get("figures")).items() if name in _KEPT
    }
    return (
        {
            "imported_from": file.called,
            "links": [list(edge) for edge in ground.links],
            "balance": balance.record(),
        }
        | kept
        | designing.scores(found)
    )


def _fill(session: Session, plan: Plan, file: PlanFile, ground: Ground, units: Matched) -> None:
    """The territories with their numbers, names, colours and places in the tree; and the units."""
    numbers = _numbers(units.labels)
    known = _mapping(file.head.get("territories"))
    beside = units.district[ground.pairs()]
    colours = colours_apart(len(numbers), beside[beside[:, 0] != beside[:, 1]])
    names = _names(units, known, ground)
    territories = [
        Territory(plan_id=plan.id, number=number, name=name, colour=_colour(known, label, colour))
        for number, name, label, colour in zip(numbers, names, units.labels, colours, strict=True)
    ]
    session.add_all(territories)
    session.flush()  # the units name their ids
    by_number = {territory.number: territory for territory in territories}
    for territory, label in zip(territories, units.labels, strict=True):
        above = by_number.get(_mapping(known.get(label)).get("parent") or 0)
        territory.parent_id = above.id if above is not None and above is not territory else None
    copy_rows(
        session,
        "territory_units",
        ("plan_id", "unit", "territory_id"),
        [
            (plan.id, unit.code, territories[at].id)
            for unit, at in zip(ground.units, units.district.tolist(), strict=True)
        ],
    )


def _numbers(labels: Sequence[str]) -> list[int]:
    """The labels where they are small numbers, each once; else 1, 2, ..."""
    numbers = [int(label) if label.isdecimal() and len(label) < 9 else 0 for label in labels]
    usable = len(set(numbers)) == len(numbers) and min(numbers) > 0
    return numbers if usable else list(range(1, len(labels) + 1))


def _names(units: Matched, known: Mapping[str, Any], ground: Ground) -> list[str]:
    """Names that the file has; where its labels are numbers, that of the most peopled unit."""
    names = []
    for at, label in enumerate(units.labels):
        given = _mapping(known.get(label)).get("name")
        if isinstance(given, str) and given.strip():
            names.append(given.strip()[:MAX_NAME])
        elif label.isdecimal():
            names.append(f"{label} {_largest(ground, np.flatnonzero(units.district == at))}")
        else:
            names.append(label[:MAX_NAME])
    return names


def _largest(ground: Ground, held: NDArray[np.intp]) -> str:
    units = [ground.units[at] for at in held.tolist()]
    return str(max(units, key=lambda unit: unit.population or 0).name)


def _colour(known: Mapping[str, Any], label: str, otherwise: int) -> int:
    given = _mapping(known.get(label)).get("colour")
    return given if isinstance(given, int) and 0 <= given < 1000 else otherwise


def _usual(ground: Ground) -> Measure:
    """Population where it is known, else customers."""
    peopled = all(unit.population is not None for unit in ground.units)
    return Measure.POPULATION if peopled else Measure.ACCOUNTS


def _left_out(file: PlanFile) -> frozenset[str]:
    """Units that a scenario says are in no territory."""
    found = file.head.get("unassigned")
    return frozenset(map(str, found)) if isinstance(found, list) else frozenset()


def _text(file: PlanFile, name: str) -> str | None:
    found = file.head.get(name)
    return found if isinstance(found, str) and found else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
