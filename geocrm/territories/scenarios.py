"""A plan as sorted text that anybody can keep, compare line by line, and design again.

Comment lines say how the plan was asked for and what it was made on; below them stands
`unit,territory`, sorted. The same plan gives the same bytes. People are not in it.
"""

import csv
import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput
from geocrm.places import queries as places
from geocrm.security import Actor
from geocrm.spatial.districting import DEFAULT_EFFORT, SOLVER_VERSION
from geocrm.territories import designing, queries
from geocrm.territories.balance import Balance, asked, require_name
from geocrm.territories.designing import Design
from geocrm.territories.ground import FINGERPRINT_DIGITS
from geocrm.territories.matching import twins
from geocrm.territories.models import Measure, Plan
from geocrm.territories.plan_files import PlanFile, matched
from geocrm.territories.requests import DEFAULT_TIME_S, Request
from geocrm.territories.sources import cadence_today
from geocrm.territories.travel_times import Travel
from geocrm.territories.wishes import Wishes

FORMAT: Final = "1"
_FIGURES: Final = ("max_deviation", "contiguous", "compactness", "tolerance_met")


@dataclass(frozen=True, slots=True)
class Replay:
    """What designing anew gave, and why it is another plan where it is."""

    same: bool
    moved: tuple[str, ...]
    reasons: tuple[str, ...]


def write(session: Session, actor: Actor, plan_id: int) -> bytes:
    """The plan as text."""
    actor.require("export", "territory")
    plan = queries.plan(session, actor, plan_id)
    territories = queries.territories(session, plan.id)
    units = queries.placed_units(session, plan.id)
    ground, _ = designing.of_plan(session, plan, territories)
    number = {territory.id: territory.number for territory in territories}
    head = {
        "name": plan.name,
        "level": plan.level,
        "within": plan.within,
        **boundaries(session, plan.level),
        "balance": plan.measure,
        **({"balanced": kept} if (kept := plan.params.get("balance")) else {}),
        "count": len(territories),
        "tolerance": plan.tolerance,
        "seed": plan.seed,
        "time_s": plan.params.get("time_s", DEFAULT_TIME_S),
        "effort": plan.params.get("effort", DEFAULT_EFFORT),
        "proven": plan.params.get("proven", True),
        "request": plan.params.get("request", {}),
        "solver": plan.params.get("solver"),
        "stopped_early": _stopped_early(plan),
        "loads": plan.params.get("loads") or ground.fingerprint(Balance.of_plan(plan)),
        "links": plan.params.get("links", []),
        "unassigned": _unassigned(session, plan, {unit.code for unit in units}),
        "figures": {name: _rounded(plan.params[name]) for name in _FIGURES if name in plan.params},
    } | {
        f"territory {territory.number}": {
            "name": territory.name,
            "colour": territory.colour,
            "parent": number.get(territory.parent_id) if territory.parent_id else None,
        }
        for territory in territories
    }
    return text_of(head, [(unit.code, str(unit.territory)) for unit in units])


def text_of(head: Mapping[str, Any], rows: Sequence[tuple[str, str]]) -> bytes:
    """A scenario file: comment lines, a header, sorted rows."""
    out = io.StringIO()
    out.write(f"# geocrm scenario {FORMAT}\n")
    for name, value in head.items():
        out.write(f"# {name}: {json.dumps(value, ensure_ascii=False, sort_keys=True)}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("unit", "territory"))
    writer.writerows(sorted(rows))
    return out.getvalue().encode()


def boundaries(session: Session, level: str) -> dict[str, Any]:
    """The vintage of a boundary level, and checksums of its units and of its neighbour graph."""
    layer = places.layer(session, level)
    return {
        "vintage": layer.vintage,
        "units": (layer.units_sha256 or "")[:FINGERPRINT_DIGITS],
        "edges": (layer.edges_sha256 or "")[:FINGERPRINT_DIGITS],
    }


def require_scenario(file: PlanFile) -> None:
    """Refuse a file that does not say how its plan was made."""
    if file.head.get("format") != FORMAT:
        made = file.head.get("format")
        if not made:
            raise InvalidInput(
                "{file} is no scenario: write one with geocrm territories export PLAN --format"
                " scenario",
                file=file.called,
            )
        raise InvalidInput(
            "{file} is a scenario of format {made}, which this version does not know: use the"
            " version that wrote it",
            file=file.called,
            made=str(made),
        )


def request_of(file: PlanFile, time_s: float | None = None) -> Request:
    """What the scenario's plan was asked to be; InvalidInput names a line that is missing."""
    require_scenario(file)
    head = file.head
    try:
        count, balance = int(head["count"]), balance_of(file)
        # Before mixtures a plan was designed by its first measure, whatever the weights.
        weights = head.get("request", {}).get("weights", {}) if balance.mixed else {}
        wishes = Wishes.of_record(head.get("request", {}) | {"weights": weights})
        return Request(
            level=str(head["level"]),
            # A focus is a question about its own territories.
            count=len(set(wishes.focus)) or count,
            measure=balance.measure,
            within=None if head["within"] is None else str(head["within"]),
            tolerance=float(head["tolerance"]),
            seed=int(head["seed"]),
            time_s=float(head["time_s"] if time_s is None else time_s),
            effort=int(head.get("effort", DEFAULT_EFFORT)),
            wishes=wishes,
            proven=bool(head.get("proven", True)),
            numbers=balance.numbers,
            cadence=balance.cadence,
        )
    except KeyError as error:
        raise InvalidInput(
            "{file} lacks the line # {line}: add it",
            file=file.called,
            line=str(error.args[0]),
        ) from error
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            "{file} cannot be designed anew: {why}", file=file.called, why=error
        ) from error


def balance_said(file: PlanFile) -> Balance | None:
    """What the file says its plan shares out; None where it says nothing we know."""
    said = file.head.get("balance")
    return balance_of(file) if said in set(Measure) or file.head.get("balanced") else None


def balance_of(file: PlanFile) -> Balance:
    """What the scenario's plan shares out; InvalidInput for what none can."""
    measure, record = str(file.head["balance"]), file.head.get("balanced", {})
    try:
        found = Balance.of_record(measure, record)
        for name in found.numbers:
            require_name(name)
        cadence = found.cadence or cadence_today()
        again = asked(measure, found.shares, found.numbers, cadence, found.beside)
        rates = {name: float(rate) for name, rate in found.rates.items()}
        if found.mixed and not (set(again.names) == set(rates) and min(rates.values()) >= 0):
            raise ValueError("the rates do not fit the shares")
    except (AttributeError, TypeError, ValueError) as error:
        raise InvalidInput(
            "{file}: the line # balanced cannot be understood ({why}): export the scenario anew",
            file=file.called,
            why=str(error),
        ) from error
    return replace(again, shares=found.shares, rates=rates)


def replayed(
    file: PlanFile,
    found: Design,
    here: Mapping[str, Any],
    vintage: str | None = None,
    travel: Travel | None = None,
) -> Replay:
    """Whether the design is the scenario's plan; `here` is what `boundaries` says today.

    `travel` are the ways it was designed with, where these were given.
    """
    ids = [unit.code for unit in found.ground.units]
    if file.head.get("unassigned"):
        raise InvalidInput(
            "{file} leaves units in no territory, which no design does: assign them first",
            file=file.called,
        )
    plan = matched(file, ids, vintage=vintage or here.get("vintage"))
    moved = _moved(plan.district, found.district)
    codes = tuple(ids[at] for at in np.flatnonzero(moved).tolist())
    reasons = (*_travel_differs(found, travel), *_reasons(file, found, here)) if codes else ()
    return Replay(not codes, codes, reasons)


def _travel_differs(found: Design, travel: Travel | None) -> list[str]:
    made, now = found.request.wishes.times.get("checksum"), travel and travel.checksum
    if made == now:
        return []
    return [f"the travel times differ (fingerprint {made}, now {now})"]


def _moved(before: NDArray[np.intp], after: NDArray[np.intp]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = twins(before, after, np.ones(len(before)))[after] != before
    return found


def _reasons(file: PlanFile, found: Design, here: Mapping[str, Any]) -> list[str]:
    """Why the same question may have another answer."""
    head = file.head
    reasons = []
    loads = found.ground.fingerprint(found.balance)
    if head.get("loads") != loads:
        reasons.append(
            f"what lies in the units differs (fingerprint {head.get('loads')}, now {loads}): other"
            " customers or figures, or you see others than whoever made the plan"
        )
    for name, what in (("vintage", "boundary vintage"), ("units", "units"),
                       ("edges", "neighbour graph")):  # fmt: skip
        if head.get(name) != here.get(name):
            reasons.append(f"the {what} differs ({head.get(name)}, now {here.get(name)})")
    if head.get("solver") != SOLVER_VERSION:
        made = head.get("solver") or "not known"
        reasons.append(f"the solver differs ({made}, now {SOLVER_VERSION})")
    if head.get("stopped_early"):
        reasons.append("the time ran out when the plan was made, so where it stopped is chance")
    if found.solved.stopped_early or found.elapsed_s >= found.request.time_s:
        reasons.append("the time ran out now: give it more with --time")
    return reasons or ["units were moved by hand after the plan was designed"]


def _unassigned(session: Session, plan: Plan, placed: Collection[str]) -> list[str]:
    """Units of the plan's ground that are in no territory."""
    every = places.units(session, plan.level, plan.within)
    return [unit.code for unit in every if unit.code not in placed]


def _stopped_early(plan: Plan) -> bool:
    spent, given = plan.params.get("elapsed_s"), plan.params.get("time_s")
    known = plan.params.get("stopped_early")
    return bool(known) if known is not None else bool(spent and given and spent >= given)


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value
