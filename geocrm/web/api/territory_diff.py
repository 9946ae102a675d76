"""API of territory plans against each other, and out of files."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from apiflask import APIBlueprint
from flask import g, request
from flask_babel import gettext as _
from pydantic import BaseModel, Field
from werkzeug.utils import secure_filename

from geocrm.errors import InvalidInput
from geocrm.maps.areas import service as areas
from geocrm.territories import importing, outlines, plan_files, plan_sides, queries
from geocrm.territories.balance import ALWAYS
from geocrm.territories.models import Measure
from geocrm.territories.plan_diff import PlanDiff
from geocrm.territories.plan_files import PlanFile
from geocrm.territories.text_tables import MAX_BYTES
from geocrm.web.access import permit
from geocrm.web.words import figure

bp = APIBlueprint(
    "api_territory_diff", __name__, url_prefix="/api/v1/territories", tag="Territories"
)


class TwoPlans(BaseModel):
    """Two plans by their numbers: what is, and what shall be."""

    a: int = Field(ge=1, lt=2**31)
    b: int = Field(ge=1, lt=2**31)


class Amount(BaseModel):
    """How much lies in some units, counted over the accounts the asker sees."""

    units: int
    accounts: float
    revenue: float
    population: float
    # What else one of the plans shares out, by measure.
    further: dict[str, float]


class Moved(Amount):
    """What changes territory, and how many people do."""

    reps: int


class Pair(BaseModel):
    """A territory and the one it continues; null where it is new."""

    before: str | None
    after: str


class FlowOut(Amount):
    """What goes from one territory to another; null is no territory."""

    source: str | None = Field(serialization_alias="from")
    to: str | None
    codes: list[str]


class BalanceOut(BaseModel):
    """What a territory gains and loses."""

    territory: str
    units_gained: int
    units_lost: int
    accounts_gained: float
    accounts_lost: float
    revenue_gained: float
    revenue_lost: float
    population_gained: float
    population_lost: float


class RepOut(BaseModel):
    """Somebody whose territories change."""

    name: str
    before: list[str]
    after: list[str]


class Difference(BaseModel):
    """What moves from one plan to the other."""

    before: str
    after: str
    same: bool
    moved: Moved
    totals: Amount
    matched: list[Pair]
    matrix: list[FlowOut]
    balances: list[BalanceOut]
    reps: list[RepOut]


class BroughtIn(BaseModel):
    """The draft that a file became, and what its sender should know."""

    plan_id: int
    units: int
    territories: int
    notes: list[str]


@bp.get("/diff")
@bp.input(TwoPlans, location="query", arg_name="plans")
@bp.output(Difference)
@bp.doc(
    summary="What moves from plan a to plan b",
    description="Territories are matched by what they share: other numbers or names move nothing.",
    security="token",
)
@permit("design", "territory")
def diff(plans: TwoPlans) -> Difference:
    """Units, customers, revenue, population and reps that change territory."""
    return shown_diff(found_diff(plans.a, plans.b))


@bp.post("/plans/import")
@bp.output(BroughtIn, status_code=201)
@bp.doc(
    summary="Make a draft of a plan file",
    description="multipart/form-data with `file` (a scenario, a block-equivalency file, a table of"
    " unit and territory), `name`, and unless the file is a scenario `level`; also `within`,"
    " `balance`",
    security="token",
)
@permit("design", "territory")
def bring() -> BroughtIn:
    """A new draft with the division of the file."""
    given = request.files.get("file")
    if given is None or not given.filename:
        raise InvalidInput(_("Choose a file with two columns: unit and territory"))
    balance = request.form.get("balance") or None
    if balance is not None and balance not in set(Measure):
        raise InvalidInput(
            "A plan balances one of {measures}, not {given!r}",
            measures=", ".join(Measure),
            given=balance[:40],
        )
    level, within = request.form.get("level") or None, request.form.get("within") or None
    with TemporaryDirectory(prefix="geocrm-upload-") as folder:
        path = Path(folder) / (secure_filename(given.filename)[-100:] or "plan.csv")
        # One byte over the limit is enough to know that it is too large.
        path.write_bytes(given.stream.read(MAX_BYTES + 1))
        file, notes = _read(path, level, within)
    done = importing.create(
        *(g.session, g.actor, request.form.get("name") or path.stem, file),
        level=level,
        within=within,
        measure=Measure(balance) if balance else None,
    )
    return BroughtIn(
        plan_id=done.plan.id,
        units=done.units,
        territories=done.territories,
        notes=[*notes, *(figure(note) for note in done.notes)],
    )


def _read(path: Path, level: str | None, within: str | None) -> tuple[PlanFile, list[str]]:
    """The plan of a file, also of one with outlines, and what was put right in it."""
    if not outlines.is_map(path):
        return plan_files.read_plan(path), []
    said = areas.read_apart(path, path.name)
    file, more = outlines.plan_of(g.session, path.name, said["areas"], level, within)
    return file, [*said["notes"], *said["left_out"], *map(figure, more)]


def found_diff(a: int, b: int) -> PlanDiff:
    """The difference of two plans the asker may see."""
    sides = [plan_sides.of_plan(g.session, queries.plan(g.session, g.actor, p)) for p in (a, b)]
    return plan_sides.diff(g.session, g.actor, *sides)


def shown_diff(found: PlanDiff) -> Difference:
    """The difference as the API and the page give it."""
    document = found.document()
    names = [name for name in found.measures if name not in ALWAYS]

    def amount(row: dict[str, Any]) -> dict[str, Any]:
        return row | {"further": {name: row[name] for name in names}}

    return Difference.model_validate(
        document
        | {"moved": amount(document["moved"]), "totals": amount(document["totals"])}
        | {"matrix": [amount(flow | {"source": flow["from"]}) for flow in document["matrix"]]}
    )
