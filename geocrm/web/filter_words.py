"""The words of the filter language in the page's language: fields, operations and values."""

from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as later

from geocrm.web.words import CHANNELS, SOURCES

FIELDS: Final[dict[str, LazyString]] = {
    "ambiguous": later("Ambiguous address"),
    "annual_revenue": later("Revenue as entered"),
    "city": later("City or regency"),
    "consent": later("Consent"),
    "country": later("Country"),
    "created": later("Created"),
    "district": later("District"),
    "external_id": later("Number in your system"),
    "grade": later("How exact the place is"),
    "has_contact": later("Has a contact"),
    "has_point": later("On the map"),
    "has_website": later("Has a website"),
    "id": later("Customer number"),
    "import": later("Import"),
    "last_order": later("Last order"),
    "last_visit": later("Last visit"),
    "location": later("Location"),
    "name": later("Name"),
    "owner": later("Owner"),
    "postcode": later("Postcode"),
    "provider": later("Who found the place"),
    "reach": later("There is an address for"),
    "reachable": later("May be reached by"),
    "region": later("Province or state"),
    "revenue": later("Revenue a year"),
    "review": later("Address review"),
    "segment": later("Segment"),
    "tag": later("Tag"),
    "territory": later("Territory"),
    "trustworthy": later("Trustworthy place"),
    "unit": later("Boundary"),
    "updated": later("Changed"),
    "village": later("Village"),
    "visits_per_year": later("Visits a year"),
}
GROUPS: Final[dict[str, LazyString]] = {
    "customer": later("Customer"),
    "business": later("Business"),
    "place": later("Place"),
    "address": later("Address"),
    "contact": later("Contact"),
    "record": later("Record"),
}
OPERATIONS: Final[dict[str, LazyString]] = {
    "all": later("is all of"),
    "at_least": later("is at least"),
    "between": later("is between"),
    "contains": later("contains"),
    "empty": later("is empty"),
    "eq": later("is"),
    "gt": later("is over"),
    "gte": later("is from"),
    "in": later("is one of"),
    "in_area": later("in a saved area"),
    "lt": later("is under"),
    "lte": later("is up to"),
    "ne": later("is not"),
    "near": later("near a place"),
    "not_contains": later("does not contain"),
    "not_in": later("is none of"),
    "not_in_area": later("outside a saved area"),
    "not_near": later("not near a place"),
    "not_within": later("outside a drawn area"),
    "not_within_days": later("not in the last … days"),
    "starts": later("starts with"),
    "within": later("in a drawn area"),
    "within_days": later("in the last … days"),
}
_DATE_OPERATIONS: Final[dict[str, LazyString]] = {
    "empty": later("never, or ever"),
    "eq": later("is on"),
    "gt": later("is after"),
    "lt": later("is before"),
}
_VALUES: Final[dict[str, dict[str, LazyString]]] = {
    "grade": {
        "rooftop": later("Building"),
        "interpolated": later("House number"),
        "street": later("Street"),
        "postcode": later("Postcode"),
        "village": later("Village"),
        "district": later("District"),
        "regency": later("Regency"),
        "region": later("Province"),
        "country": later("Country"),
        "none": later("No point"),
    },
    "review": {
        "open": later("waits for a person"),
        "settled": later("found right"),
        "nowhere": later("no such place"),
    },
    "provider": {"pin": later("pin set by hand"), "file": later("file"), **SOURCES},
}


def field_label(name: str) -> str:
    """The name of a field."""
    return str(FIELDS.get(name, name))


def group_label(name: str) -> str:
    """The name of a group of fields."""
    return str(GROUPS.get(name, name))


def operation_label(op: str, kind: str) -> str:
    """The words of an operation on a field of the kind."""
    words = {**OPERATIONS, **_DATE_OPERATIONS} if kind == "date" else OPERATIONS
    return str(words.get(op, op))


def value_label(field: str, value: str | int) -> str:
    """The name of a value."""
    if field in ("consent", "reach", "reachable"):
        return str(CHANNELS.get(str(value), value))
    return str(_VALUES.get(field, {}).get(str(value), value))
