"""What somebody may wish of a plan beside its number and tolerance, and how the solver takes it.

Wishes name units and territories as people do; `terms_of` turns them into rows and numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geocrm.errors import InvalidInput, Phrase
from geocrm.spatial.districting import NOWHERE, Objective, Terms, on_earth
from geocrm.territories.plan_files import Matched
from geocrm.territories.text_tables import listed

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wishes:
    """All of it may be left out.

    Attributes
    ----------
    weights
        Share of each measure in what is balanced; they need not add up to 1.
    minimum, maximum
        Hard limits of a territory's load, in the scale of what is balanced.
    tolerances, minimums, maximums
        Of further measures by name, each in its own scale: the largest distance from the mean as a
        share of it, hard limits.
    times
        Which file of travel times is used, as its `record` says; empty for straight lines.
    keep
        The plan whose territories are to be kept as far as possible: its number or name.
    disruption
        The most that may move away from `keep`, as a share of what is balanced there; with a focus,
        of what the territories in focus hold.
    stability
        Weight of keeping beside the objective, >= 0.
    lock
        Units that stay where `keep` has them, or "unit=3" for the third territory.
    centres
        Longitude and latitude from which each territory is served, one for each territory.
    together, apart
        Groups of units in one territory; pairs of units in different ones.
    focus
        Numbers of the territories of `keep` that alone may change; all without.
    give
        Whether units in no territory that lie beside those in focus are given to them.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    objective: Objective = Objective.INERTIA
    keep: str | None = None
    disruption: float | None = None
    stability: float = 0.0
    lock: tuple[str, ...] = ()
    centres: tuple[tuple[float, float], ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    apart: tuple[tuple[str, str], ...] = ()
    focus: tuple[int, ...] = ()
    give: bool = False
    tolerances: Mapping[str, float] = field(default_factory=dict)
    minimums: Mapping[str, float] = field(default_factory=dict)
    maximums: Mapping[str, float] = field(default_factory=dict)
    times: Mapping[str, Any] = field(default_factory=dict)

    @property
    def beside(self) -> tuple[str, ...]:
        """The measures with limits of their own."""
        return tuple(dict.fromkeys((*self.tolerances, *self.minimums, *self.maximums)))

    def __post_init__(self) -> None:
        """Refuse what no solver needs to be asked."""
        wrong = {name: share for name, share in self.weights.items() if not 0 <= share < np.inf}
        if wrong or (self.weights and not sum(self.weights.values()) > 0):
            raise InvalidInput(
                "The weights {weights} must be 0 or more, and not all 0",
                weights=", ".join(f"{name}={share:g}" for name, share in self.weights.items()),
            )
        if not 0 <= self.stability < np.inf:
            raise InvalidInput(
                "The stability must be 0 or more, not {stability}", stability=self.stability
            )
        for name, tolerance in self.tolerances.items():
            if not 0 < tolerance <= 1:
                raise InvalidInput(
                    "A tolerance of {tolerance} for {measure} is not possible: give a share above"
                    " 0 and up to 1, such as 0.05 for 5 %",
                    tolerance=tolerance,
                    measure=name,
                )
        for name, limit in (*self.minimums.items(), *self.maximums.items()):
            if not 0 <= limit < np.inf:
                raise InvalidInput(
                    "A limit of {limit} for {measure} is not possible: give a number from 0 up",
                    limit=limit,
                    measure=name,
                )
        if self.times and self.objective is not Objective.TRAVEL:
            raise InvalidInput(
                "Travel times are what the objective travel makes small: add --objective travel,"
                " or leave out --times"
            )
        if self.disruption is not None and self.keep is None:
            raise InvalidInput(
                "A limit of disruption needs the plan it is measured against: --keep"
            )
        if self.focus and self.keep is None:
            raise InvalidInput("Territories in focus need the plan they are of: --keep")
        if self.give and not self.focus:
            raise InvalidInput(
                "Only a focus leaves units in no territory: a whole design gives them out anyway"
            )
        for lon, lat in self.centres:
            if not (-180 <= lon <= 180 and -90 <= lat <= 90):
                raise _off_the_globe(lon, lat)

    def record(self) -> dict[str, Any]:
        """What was wished, for a file or a database; what was not is left out."""
        return {name: value for name, value in asdict(self).items() if value} | {
            "objective": self.objective.value
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Wishes":
        """The wishes of a `record`."""
        given = dict(record)
        for name in ("lock", "centres", "together", "apart", "focus"):
            if name in given:
                given[name] = tuple(
                    tuple(each) if isinstance(each, list) else each for each in given[name]
                )
        return cls(**given | {"objective": Objective(given.get("objective", "inertia"))})


def terms_of(
    wishes: Wishes,
    ids: Sequence[str],
    count: int,
    tolerance: float,
    today: Matched | None = None,
    price: Floats | None = None,
    beside: Sequence[str] = (),
    centre_minutes: Floats | None = None,
) -> Terms:
    """The wishes for these units as the solver wants them.

    `today` is the plan to keep on these units, `price` (n,) what moving each costs, `beside` the
    measures after the first, `centre_minutes` the ways of each unit from given centres. Raises
    InvalidInput for a unit that is not among `ids`.
    """
    at = {one: row for row, one in enumerate(ids)}
    return Terms(
        num_districts=count,
        tolerance=(tolerance, *(wishes.tolerances.get(name, np.inf) for name in beside))
        if beside
        else tolerance,
        minimum=_by_measure(wishes.minimum, wishes.minimums, beside),
        maximum=_by_measure(wishes.maximum, wishes.maximums, beside),
        objective=wishes.objective,
        centres=_centres(wishes),
        centre_minutes=centre_minutes,
        locked=_locks(wishes, at, count, today),
        together=tuple(_rows(group, at, Phrase("kept together")) for group in wishes.together),
        apart=np.array(
            [_rows(pair, at, Phrase("kept apart")) for pair in wishes.apart], dtype=np.intp
        ).reshape(-1, 2),
        names=None if today is None or len(today.names) != count else today.names,
        current=None if today is None else today.district,
        price=price,
        budget=wishes.disruption,
        stability=wishes.stability,
    )


def _by_measure(
    first: float | None, others: Mapping[str, float], beside: Sequence[str]
) -> float | tuple[float | None, ...] | None:
    return (first, *(others.get(name) for name in beside)) if others else first


def blended(
    weights: Floats, measures: Sequence[str], shares: Mapping[str, float]
) -> tuple[Floats, str]:
    """One measure (n,) out of several, each first made a share of its sum, and what it is called.

    It adds up to the sum of the first of them. Raises InvalidInput for a measure there is not, or
    that is empty.
    """
    unknown = [name for name in shares if name not in measures]
    if unknown:
        raise InvalidInput(
            "There is no measure {unknown}; there are {known}",
            unknown=listed(unknown),
            known=listed(list(measures), 12),
        )
    columns = [measures.index(name) for name in shares]
    total = weights[:, columns].sum(axis=0)
    for name, whole in zip(shares, total, strict=True):
        if whole <= 0:
            raise InvalidInput(
                "The measure {name!r} is 0 everywhere: leave it out of the weights", name=name
            )
    part = np.array(list(shares.values())) / sum(shares.values())
    mixed: Floats = (weights[:, columns] / total * part).sum(axis=1) * total[0]
    return mixed, " + ".join(
        f"{share:.0%} {name}" for share, name in zip(part, shares, strict=True)
    )


def _off_the_globe(lon: float, lat: float) -> InvalidInput:
    at = f"{lon:g}, {lat:g}"
    if abs(lat) <= 180 and abs(lon) <= 90:
        return InvalidInput(
            "The centre {place} is not longitude, latitude in degrees; are they swapped?", place=at
        )
    return InvalidInput("The centre {place} is not longitude, latitude in degrees", place=at)


def _centres(wishes: Wishes) -> Floats | None:
    if not wishes.centres:
        return None
    lonlat = np.array(wishes.centres, dtype=np.float64)
    return on_earth(lonlat[:, 0], lonlat[:, 1])


def _rows(names: Sequence[str], at: Mapping[str, int], how: Phrase) -> NDArray[np.intp]:
    unknown = [name for name in names if name not in at]
    if unknown:
        raise InvalidInput(
            "{units} shall be {how}, but is no unit here", units=listed(unknown), how=how
        )
    return np.array([at[name] for name in names], dtype=np.intp)


def _locks(
    wishes: Wishes, at: Mapping[str, int], count: int, today: Matched | None
) -> NDArray[np.intp] | None:
    if not wishes.lock:
        return None
    locked = np.full(len(at), NOWHERE, dtype=np.intp)
    for text in wishes.lock:
        # A code may hold an equals sign of its own.
        unit, number = (text, "") if text in at else text.rpartition("=")[::2]
        row = int(_rows([unit or text], at, Phrase("locked"))[0])
        before = int(locked[row])
        if number:
            locked[row] = _territory(number, text, count, today)
        elif today is None:
            raise InvalidInput(
                "Say which territory {unit} is locked to ({unit}=3), or which plan's (--keep)",
                unit=unit,
            )
        else:
            locked[row] = today.district[row]
        if before not in (NOWHERE, int(locked[row])):
            raise InvalidInput(
                "The unit {unit} is locked to two territories: leave out one of these locks",
                unit=unit or text,
            )
    return locked


def _territory(number: str, text: str, count: int, today: Matched | None) -> int:
    if today is not None and number in today.labels:
        return today.labels.index(number)
    if number.isdecimal() and 1 <= int(number) <= count:
        return int(number) - 1
    raise InvalidInput(
        "The lock {lock!r} names no territory between 1 and {count}", lock=text, count=count
    )
