"""How the documents of a plan speak: words, numbers and measures, in the reader's language."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from geocrm.territories.balance import Balance
from geocrm.territories.models import Measure


@dataclass(frozen=True, slots=True)
class Style:
    """The words and the number format of a report, and where the browser assets are."""

    vendor: Path
    language: str = "en"
    number: Callable[[float], str] = "{:,.0f}".format
    share: Callable[[float], str] = "{:+.1%}".format
    territory: str = "Territory"
    responsible: str = "Responsible"
    units: str = "Units"
    code: str = "Code"
    load: str = "Load"
    deviation: str = "Off the mean"
    accounts: str = "Customers"
    revenue: str = "Revenue"
    population: str = "Population"
    orders: str = "Orders in a year"
    workload: str = "Hours a year"
    shared: str = "Shared out evenly"
    # A mixture's load is shown in the scale of one of its measures.
    in_scale: str = "{mixture}, in the scale of {measure}"
    largest_deviation: str = "Largest deviation"
    tolerance: str = "Tolerance"
    not_counted: str = "Customers without a trustworthy point, not counted"

    def measure(self, name: str) -> str:
        """What a measure is called; numbers out of a file by the name they were given."""
        return str(getattr(self, name)) if name in set(Measure) else name

    def balanced(self, balance: Balance) -> str:
        """What a plan shares out, in words."""
        words = balance.words(self.measure, lambda part: self.share(part).lstrip("+"))
        if not balance.mixed:
            return words
        return self.in_scale.format(mixture=words, measure=self.measure(balance.measure))
