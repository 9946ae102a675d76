"""What the API of territory plans takes and gives: the plans, and what they consist of."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from geocrm.spatial.districting import DEFAULT_EFFORT, Objective
from geocrm.territories import service, sheets
from geocrm.territories.models import MemberRole
from geocrm.territories.queries import Member
from geocrm.territories.requests import DEFAULT_TOLERANCE

# A page is waiting: shorter than the command line's, and the job can be cancelled.
WEB_TIME_S = 15.0
# A fast train's; beyond it somebody has mistaken the unit.
MAX_SPEED_KMH = 300


class DesignRequest(BaseModel):
    """What a plan is asked to be."""

    level: str = Field(max_length=80)
    within: str | None = Field(default=None, max_length=80)
    count: int
    # A measure: accounts, orders, revenue, population, workload, or one of `numbers`. Of a mixture
    # the one in whose scale loads are shown; without it that of the largest share.
    balance: str | None = Field(default=None, max_length=80)
    # Shares of the measures that are mixed; they need not add up to 1 or 100.
    weights: dict[str, float] = Field(default_factory=dict, max_length=20)
    # Further measures: for each, a number from 0 up for each unit.
    numbers: dict[str, dict[str, float]] = Field(default_factory=dict, max_length=5)
    # A number is of what is balanced; {"accounts": 0.05, "revenue": 0.2} is by measure, where a
    # mixture as a whole is called "mixture".
    tolerance: float | dict[str, float] = DEFAULT_TOLERANCE
    seed: int = 1
    time: float = WEB_TIME_S
    effort: int = DEFAULT_EFFORT
    objective: Objective = Objective.INERTIA
    # Hard limits of a territory's load, or of measures by name, each in its own scale.
    minimum: float | dict[str, float] | None = None
    maximum: float | dict[str, float] | None = None
    # The plan to keep to, the share of it that may move, and the weight of keeping.
    keep: int | None = None
    disruption: float | None = None
    stability: float = 0.0
    # Units that stay where that plan has them.
    lock: list[str] = Field(default_factory=list, max_length=20_000)
    # Numbers of the territories of that plan that alone may change (`count` is how many they are,
    # `disruption` is of what they hold), and whether units in no territory are given to them.
    focus: list[int] = Field(default_factory=list, max_length=3_000)
    give: bool = False
    # Longitude and latitude each territory is served from; groups in one, pairs in different ones.
    centres: list[tuple[float, float]] = Field(default_factory=list, max_length=3_000)
    together: list[list[str]] = Field(default_factory=list, max_length=1_000)
    apart: list[tuple[str, str]] = Field(default_factory=list, max_length=1_000)
    # With the objective travel: travel times that were given (POST .../designs/times), and the
    # speed in km/h where no way over these leads. Without, distances are straight lines.
    times: int | None = Field(default=None, ge=1, lt=2**31)
    speed: float | None = Field(default=None, gt=0, le=MAX_SPEED_KMH)
    name: str = Field(min_length=1, max_length=service.MAX_NAME)


class Started(BaseModel):
    """A job that designs; its result names the draft: GET /api/v1/jobs/{job_id}."""

    job_id: int


class Copied(BaseModel):
    """The draft that a copy made."""

    plan_id: int


class PlanSummary(BaseModel):
    """A plan in a list."""

    id: int
    name: str
    type: str
    state: str
    effective_on: date | None
    version: int
    level: str
    within: str | None
    balance: str
    # Shares of a mixture; empty where `balance` is all that is shared out.
    weights: dict[str, float]
    tolerance: float
    max_deviation: float | None
    territories: int
    author: str | None
    updated_at: datetime
    live_from: datetime | None


class Person(BaseModel):
    """Somebody who works in a territory, from a day to a day; null is as long as the plan lives."""

    user_id: int
    name: str
    role: MemberRole
    from_day: date | None
    to_day: date | None


class Territory(BaseModel):
    """A territory; figures are null where the asker may not see them."""

    id: int
    number: int
    name: str
    colour: int
    parent: int | None
    people: list[Person]
    units: int
    contiguous: bool
    mine: bool
    load: float | None
    deviation: float | None
    accounts: int | None
    revenue: float | None
    population: int | None
    # What else the plan balances, by measure.
    further: dict[str, float | None]


class Unit(BaseModel):
    """A boundary unit and the number of its territory."""

    code: str
    name: str
    territory: int
    load: float | None
    accounts: int | None
    revenue: float | None
    population: int | None
    further: dict[str, float | None]
    lon: float
    lat: float


class PlanSheet(BaseModel):
    """A plan with everything the asker may see of it."""

    id: int
    name: str
    type: str
    state: str
    effective_on: date | None
    version: int
    level: str
    within: str | None
    area: str
    balance: str
    # Shares of a mixture; its load is in the scale of `balance`.
    weights: dict[str, float]
    tolerance: float
    seed: int
    ideal: float | None
    max_deviation: float | None
    contiguous: bool
    compactness: float
    accounts_without_place: int | None
    territories: list[Territory]
    units: list[Unit]
    edges: list[tuple[str, str]]


class PlanList(BaseModel):
    """Plans, the live one first."""

    items: list[PlanSummary]


class Versioned(BaseModel):
    """The version of the plan that a change was made on."""

    version: int | None = None


class PlanChange(Versioned):
    """Another name for a plan."""

    name: str = Field(max_length=1000)


class MemberChange(BaseModel):
    """Somebody to work in a territory; `to_day` is the last day, itself included."""

    user_id: int
    role: MemberRole = MemberRole.REP
    from_day: date | None = None
    to_day: date | None = None


class TerritoryChange(Versioned):
    """What to change of a territory; what is left out stays."""

    name: str | None = Field(default=None, max_length=1000)
    colour: int | None = None
    # 0 puts it on top.
    parent: int | None = None
    people: list[MemberChange] | None = Field(default=None, max_length=100)


class UnitMove(BaseModel):
    """A unit and the number of the territory it goes to."""

    unit: str
    territory: int


class Moves(Versioned):
    """Units that change territory, all or none."""

    moves: list[UnitMove] = Field(min_length=1, max_length=5000)
    splits_allowed: bool = False


class Score(BaseModel):
    """How good the plan is now."""

    version: int
    max_deviation: float
    contiguous: bool
    compactness: float


class Revision(BaseModel):
    """The version of the plan after a change."""

    version: int


class Suggestions(BaseModel):
    """A rep for each territory without one, by number."""

    reps: dict[str, int]


def shown_sheet(sheet: sheets.Sheet) -> PlanSheet:
    """The sheet as the API and the page give it."""
    plan = sheet.plan
    return PlanSheet(
        id=plan.id,
        name=plan.name,
        type=plan.type,
        state=plan.state,
        effective_on=plan.effective_on,
        version=plan.version,
        level=plan.level,
        within=plan.within,
        area=sheet.area,
        balance=plan.measure,
        weights=dict(sheet.balance.shares),
        tolerance=plan.tolerance,
        seed=plan.seed,
        ideal=sheet.ideal,
        max_deviation=sheet.max_deviation,
        contiguous=sheet.contiguous,
        compactness=sheet.compactness,
        accounts_without_place=sheet.unplaced.accounts if sheet.unplaced else None,
        territories=[_territory(row) for row in sheet.territories],
        units=[Unit.model_validate(row, from_attributes=True) for row in sheet.units],
        edges=[(edge.a, edge.b) for edge in sheet.edges],
    )


def _territory(row: sheets.TerritoryRow) -> Territory:
    fields = {name: getattr(row, name) for name in Territory.model_fields if name != "people"}
    return Territory(people=[_person(member) for member in row.people], **fields)


def _person(member: Member) -> Person:
    return Person(
        user_id=member.user_id,
        name=member.name,
        role=MemberRole(member.role),
        from_day=member.from_day,
        to_day=member.to_day,
    )
