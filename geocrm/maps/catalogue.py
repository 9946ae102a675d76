"""What one may filter by: every field with its kind, its operations and what each asks for.

Pages build their forms from it. Words are the web's business; `geocrm.maps.filter_fields` decides
what the operations mean, and this table names exactly those (a test compares them).
"""

from dataclasses import dataclass
from typing import Final, Literal

from geocrm.customers.models import SEGMENTS, Channel
from geocrm.geocoding.address import Grade
from geocrm.maps.filter_fields import FIELDS, REVIEWS
from geocrm.maps.service import PERSONAL_FIELDS, sees_individuals
from geocrm.security import Actor

Kind = Literal["text", "choice", "id", "number", "money", "date", "place", "yes_no"]
# What an operation asks for.
Value = Literal[
    "text", "list", "one", "number", "range", "date", "date_range", "days", "yes_no", "shape",
    "circle", "areas",
]  # fmt: skip

_ONE: Final = frozenset({"eq", "ne", "lt", "lte", "gt", "gte", "at_least"})


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field one may filter by.

    `choices` are all its values where they are few and fixed; `asks` says that they are found by
    `geocrm.maps.choices`.
    """

    name: str
    kind: Kind
    group: str
    choices: tuple[str, ...] = ()
    asks: bool = False

    @property
    def operations(self) -> tuple[str, ...]:
        """Its operations, as the language has them."""
        return tuple(FIELDS[self.name])

    def value_of(self, op: str) -> Value:
        """What the operation asks for."""
        if op == "empty":
            return "yes_no"
        if op.endswith("within_days"):
            return "days"
        if self.kind == "place":
            places: dict[str, Value] = {"within": "shape", "near": "circle", "in_area": "areas"}
            return places[op.removeprefix("not_")]
        if op == "between":
            return "date_range" if self.kind == "date" else "range"
        return self._of_kind(op)

    def _of_kind(self, op: str) -> Value:
        if self.kind in ("choice", "id"):
            return "one" if op in _ONE else "text" if op == "starts" else "list"
        if self.kind == "text":
            return "list" if op in ("in", "not_in", "all") else "text"
        kinds: dict[str, Value] = {"money": "number", "date": "date", "yes_no": "yes_no"}
        return kinds.get(self.kind, "number")


def _address(name: str) -> FieldInfo:
    return FieldInfo(name, "choice", "address", asks=True)


_CHANNELS: Final = tuple(channel.value for channel in Channel)
CATALOGUE: Final[tuple[FieldInfo, ...]] = (
    FieldInfo("name", "text", "customer"),
    FieldInfo("segment", "choice", "customer", choices=SEGMENTS, asks=True),
    FieldInfo("tag", "choice", "customer", asks=True),
    FieldInfo("owner", "choice", "customer", asks=True),
    FieldInfo("territory", "choice", "customer", asks=True),
    FieldInfo("external_id", "text", "customer"),
    FieldInfo("has_contact", "yes_no", "customer"),
    FieldInfo("has_website", "yes_no", "customer"),
    FieldInfo("id", "id", "customer"),
    FieldInfo("revenue", "money", "business"),
    FieldInfo("annual_revenue", "money", "business"),
    FieldInfo("last_order", "date", "business"),
    FieldInfo("last_visit", "date", "business"),
    FieldInfo("visits_per_year", "number", "business"),
    FieldInfo("location", "place", "place"),
    FieldInfo("unit", "choice", "place", asks=True),
    FieldInfo("has_point", "yes_no", "place"),
    FieldInfo("trustworthy", "yes_no", "place"),
    FieldInfo("grade", "choice", "place", choices=tuple(grade.value for grade in Grade)),
    FieldInfo("ambiguous", "yes_no", "place"),
    FieldInfo("review", "choice", "place", choices=REVIEWS),
    FieldInfo("provider", "choice", "place", asks=True),
    _address("region"),
    _address("city"),
    _address("district"),
    _address("village"),
    _address("postcode"),
    _address("country"),
    FieldInfo("reachable", "choice", "contact", choices=_CHANNELS),
    FieldInfo("consent", "choice", "contact", choices=_CHANNELS),
    FieldInfo("reach", "choice", "contact", choices=_CHANNELS),
    FieldInfo("created", "date", "record"),
    FieldInfo("updated", "date", "record"),
    FieldInfo("import", "choice", "record", asks=True),
)


def fields_for(actor: Actor) -> list[FieldInfo]:
    """The fields the actor may use. Owners are offered by name, so only where names are seen."""
    if sees_individuals(actor):
        return list(CATALOGUE)
    return [field for field in CATALOGUE if field.name not in PERSONAL_FIELDS | {"owner"}]
