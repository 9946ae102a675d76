"""What a plan shares out evenly: one measure, numbers out of a file, or a mixture of several.

A mixture is shown in the scale of its first measure. What an hour counts for in customers, say, is
fixed on the day of the design, so that the loads of units can be added up whoever looks at however
many of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from geocrm.errors import InvalidInput
from geocrm.territories.models import Measure, Plan
from geocrm.territories.text_tables import listed
from geocrm.territories.workload import Cadence

# What the balanced load is called beside the measures it is made of.
MIXTURE: Final = "mixture"
MAX_NAME: Final = 60
# Counted for every plan; the others only for those that need them.
ALWAYS: Final = (Measure.ACCOUNTS, Measure.REVENUE, Measure.POPULATION)

Numbers = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Balance:
    """What is shared out.

    Attributes
    ----------
    measure
        The only one, or of a mixture the one in whose scale it is shown.
    shares
        Of a mixture the part of each measure; they add up to 1. Empty without a mixture.
    rates
        How much one of each measure counts for in the scale of `measure`; known once it is `rated`.
    cadence
        How often customers are visited, where workload is a part of it.
    numbers
        The measures that come out of files: for each a number for each unit.
    beside
        Measures that are no load, but have a tolerance or limits of their own.
    """

    measure: str
    shares: Mapping[str, float] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    cadence: Cadence | None = None
    numbers: Numbers = field(default_factory=dict)
    beside: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The measures it is made of, the one of the scale first."""
        others = sorted(self.shares, key=lambda name: (-self.shares[name], name))
        return (self.measure, *(name for name in others if name != self.measure))

    @property
    def counted(self) -> tuple[str, ...]:
        """All that must be known of a unit: what it is made of, and what is held beside it."""
        return tuple(dict.fromkeys((*self.names, *self.beside)))

    @property
    def further(self) -> tuple[str, ...]:
        """Those that are not counted anyway."""
        return tuple(name for name in self.counted if name not in ALWAYS)

    @property
    def mixed(self) -> bool:
        """Whether it is made of several."""
        return bool(self.shares)

    @property
    def public(self) -> bool:
        """Whether anybody may see it: people live where they live."""
        return self.names == (Measure.POPULATION,)

    @property
    def of_accounts(self) -> bool:
        """Whether accounts without a place are missing in it."""
        return any(name in set(Measure) - {Measure.POPULATION} for name in self.counted)

    @property
    def key(self) -> str:
        """What its load is called among figures."""
        return MIXTURE if self.mixed else self.measure

    def words(
        self,
        called: Callable[[str], str] = str,
        percent: Callable[[float], str] = "{:.0%}".format,
    ) -> str:
        """What is shared out, as people say it: 70% accounts + 30% workload."""
        if not self.mixed:
            return called(self.measure)
        return " + ".join(f"{percent(self.shares[name])} {called(name)}" for name in self.names)

    def rated(self, totals: Mapping[str, float]) -> "Balance":
        """With rates that give each measure its share of the whole; `totals` are of all units."""
        if not self.mixed:
            return replace(self, rates={self.measure: 1.0})
        for name in self.names:
            if totals[name] <= 0:
                raise InvalidInput("{name} is 0 everywhere: leave it out of the mixture", name=name)
        whole = totals[self.measure]
        rates = {name: self.shares[name] * whole / totals[name] for name in self.names}
        return replace(self, rates=rates)

    def rate(self, name: str) -> float:
        """What one of a measure counts for."""
        return self.rates.get(name, 1.0 if name == self.measure else 0.0)

    def record(self) -> dict[str, Any]:
        """What is kept with a plan beside the measure; empty where that says everything."""
        found = {
            "shares": dict(self.shares),
            "rates": dict(self.rates) if self.mixed else {},
            "cadence": None if self.cadence is None else _plain(self.cadence),
            "numbers": {name: dict(held) for name, held in self.numbers.items()},
            "beside": list(self.beside),
        }
        return {name: value for name, value in found.items() if value}

    @classmethod
    def of_record(cls, measure: str, record: Mapping[str, Any]) -> "Balance":
        """What a `record` says."""
        cadence = record.get("cadence")
        return cls(
            measure,
            shares=record.get("shares", {}),
            rates=record.get("rates", {}),
            cadence=None if cadence is None else Cadence(**cadence),
            numbers=record.get("numbers", {}),
            beside=tuple(record.get("beside", ())),
        )

    @classmethod
    def of_plan(cls, plan: Plan) -> "Balance":
        """What a saved plan shares out."""
        return cls.of_record(plan.measure, plan.params.get("balance", {}))

    @classmethod
    def of(cls, what: "Balance | str") -> "Balance":
        """A balance; a measure as one of nothing else."""
        return cls(what) if isinstance(what, str) else what


def asked(
    measure: str,
    weights: Mapping[str, float],
    numbers: Numbers,
    cadence: Cadence,
    beside: Sequence[str] = (),
) -> Balance:
    """What somebody wants shared out; weights need not add up to 1.

    `beside` are the measures with limits of their own. With an empty measure, or where that has no
    share, a mixture is shown in the scale of its largest part. Raises InvalidInput for a measure
    there is not.
    """
    known = [*Measure, *numbers]
    named = [*weights, *([measure] if measure else []), *beside]
    unknown = sorted({name for name in named if name not in known})
    if unknown:
        raise InvalidInput(
            "There is no measure {unknown}; there are {known}",
            unknown=listed(unknown),
            known=listed(known, 12),
        )
    if not (measure or weights):
        raise InvalidInput(
            "Say what is to be shared out evenly: one of {known}", known=listed(known, 12)
        )
    # In one order, so that the same weights give the same sum to the last digit.
    parts = {str(name): share for name, share in sorted(weights.items()) if share > 0}
    if not measure or (parts and measure not in parts):
        measure = max(parts, key=lambda name: parts[name])
    whole = sum(parts.values())
    shares = {name: share / whole for name, share in parts.items()} if len(parts) > 1 else {}
    others = tuple(str(name) for name in beside if shares or name != measure)
    found = Balance(str(measure), shares, beside=others)
    return replace(
        found,
        cadence=cadence if Measure.WORKLOAD in found.counted else None,
        numbers={name: numbers[name] for name in found.counted if name in numbers},
    )


def require_name(name: str) -> str:
    """The name of numbers out of a file; InvalidInput says why one cannot be."""
    words = " ".join(name.split())
    if not words or len(words) > MAX_NAME or not words.isprintable():
        raise InvalidInput(
            "Numbers out of a file need a name of 1 to {most} characters", most=MAX_NAME
        )
    if words in (*Measure, MIXTURE) or "=" in words or "," in words:
        raise InvalidInput(
            "Numbers out of a file cannot be called {name!r}: choose a name without = and comma"
            " that is none of {measures}",
            name=words,
            measures=", ".join(Measure),
        )
    return words


def _plain(cadence: Cadence) -> dict[str, Any]:
    return asdict(cadence) | {"visits_by_segment": dict(cadence.visits_by_segment)}
