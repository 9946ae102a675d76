"""What a plan is asked to be: where, how many, what is shared out, and within which limits."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from geocrm.errors import InvalidInput
from geocrm.spatial import districting
from geocrm.territories.balance import Balance, Numbers, asked, require_name
from geocrm.territories.sources import cadence_today
from geocrm.territories.wishes import Wishes
from geocrm.territories.workload import Cadence

DEFAULT_TOLERANCE = 0.05
DEFAULT_TIME_S = 20.0
MAX_TIME_S = 600.0
MAX_SEED = 2**31 - 1
MAX_EFFORT = 1_000


@dataclass(frozen=True, slots=True)
class Request:
    """What a plan is asked to be."""

    level: str
    count: int
    # A `Measure` or one of `numbers`; with `wishes.weights` the one in whose scale loads are shown.
    measure: str
    within: str | None = None
    tolerance: float = DEFAULT_TOLERANCE
    seed: int = 1
    time_s: float = DEFAULT_TIME_S
    effort: int = districting.DEFAULT_EFFORT
    wishes: Wishes = field(default_factory=Wishes)
    # Whether what is left of the time goes into a bound of how much better a plan could be.
    proven: bool = True
    # Measures out of files: for each a number for each unit.
    numbers: Numbers = field(default_factory=dict)
    # How customers are visited; None is as the room of visits says today.
    cadence: Cadence | None = None

    @property
    def balance(self) -> Balance:
        """What is shared out; what its parts count for is known on a ground."""
        cadence = self.cadence or cadence_today()
        return asked(self.measure, self.wishes.weights, self.numbers, cadence, self.wishes.beside)

    def record(self) -> dict[str, Any]:
        """The request for a queue of jobs."""
        return asdict(self) | {"measure": str(self.measure), "wishes": self.wishes.record()}

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Request":
        """The request of a `record`."""
        cadence = record.get("cadence")
        known = dict(record) | {
            "wishes": Wishes.of_record(record["wishes"]),
            "cadence": None if cadence is None else Cadence(**cadence),
        }
        return cls(**known)

    def __post_init__(self) -> None:
        """Refuse what can be refused without looking at the ground."""
        if self.count < 1:
            raise InvalidInput(
                "{count} territories cannot be made: ask for 1 or more", count=self.count
            )
        if not 0 < self.tolerance <= 1:
            raise InvalidInput(
                "A tolerance of {tolerance} is not possible: give a share above 0 and up to 1,"
                " such as 0.05 for 5 %",
                tolerance=self.tolerance,
            )
        if not 0 < self.time_s <= MAX_TIME_S:
            raise InvalidInput(
                "{time} s is not a time to design in: give up to {most} seconds",
                time=self.time_s,
                most=MAX_TIME_S,
            )
        if not 0 <= self.seed <= MAX_SEED:
            raise InvalidInput(
                "The seed {seed} is not between 0 and {most}",
                seed=str(self.seed),
                most=str(MAX_SEED),
            )
        if not 0 <= self.effort <= MAX_EFFORT:
            raise InvalidInput(
                "An effort of {effort} starts is not in 0 to {most}",
                effort=self.effort,
                most=MAX_EFFORT,
            )
        if self.wishes.focus and self.count != len(set(self.wishes.focus)):
            raise InvalidInput(
                "{focus} territories are in focus and {count} are asked for: a focus keeps their"
                " number",
                focus=len(set(self.wishes.focus)),
                count=self.count,
            )
        for name in self.numbers:
            require_name(name)
        assert self.balance.names  # refuses measures there are not
