"""How an answer of the geocoder is kept with an address: one column for each thing it says."""

import json
from collections.abc import Mapping
from typing import Any, Final

from geocrm.customers.review_policy import needs_review
from geocrm.geocoding import AddressQuery, Answer

# The parts of an address as it is written; `typed` is the whole in one line.
PARTS: Final = (
    "typed", "street", "house_number", "postcode", "village", "district", "city", "region",
)  # fmt: skip
# Column of `addresses` -> its type, in the order of `row_of`.
COLUMNS: Final[dict[str, str]] = {
    "lon": "double precision", "lat": "double precision", "grade": "text",
    "radius_m": "double precision", "provider": "text", "label": "text",
    "p50": "real", "p200": "real", "p1000": "real", "p5000": "real",
    "ambiguous": "boolean", "candidates": "jsonb", "notes": "jsonb", "licence": "text",
    "attribution": "text", "retain_until": "timestamptz", "review": "text",
}  # fmt: skip
# Of an address whose point is taken away: it waits to be looked up.
NO_POINT: Final[dict[str, Any]] = dict.fromkeys((*COLUMNS, "geocoded_at", "answered")) | {
    "grade": "none", "ambiguous": False, "candidates": [], "notes": [],
}  # fmt: skip
_JSON: Final = ("candidates", "notes")


def query_of(parts: Mapping[str, Any]) -> AddressQuery:
    """What the geocoder is asked for an address in its parts (`PARTS` and `country`)."""
    given = {part: parts.get(part) or "" for part in (*PARTS, "country")}
    return AddressQuery(text=given.pop("typed"), **given)


def values_of(answer: Answer) -> dict[str, Any]:
    """What an address keeps of the answer, by column of `COLUMNS`."""
    chances = answer.chances
    return {
        "lon": answer.lon,
        "lat": answer.lat,
        "grade": answer.grade.value,
        "radius_m": answer.radius_m,
        "provider": answer.provider or None,
        "label": answer.label or None,
        "p50": chances and chances.p50,
        "p200": chances and chances.p200,
        "p1000": chances and chances.p1000,
        "p5000": chances and chances.p5000,
        "ambiguous": answer.ambiguous,
        "candidates": [
            {
                "label": one.label,
                "grade": one.grade.value,
                "lon": one.lon,
                "lat": one.lat,
                "radius_m": one.radius_m,
            }
            for one in answer.alternatives
        ],
        "notes": [{"code": note.code, "given": note.given} for note in answer.notes],
        "licence": answer.licence or None,
        "attribution": answer.attribution or None,
        "retain_until": answer.retain_until,
        "review": "open" if needs_review(answer) else None,
    }


def row_of(answer: Answer) -> list[Any]:
    """The values in the order of `COLUMNS`, as COPY and JSON take them."""
    values = values_of(answer)
    for name in _JSON:
        values[name] = json.dumps(values[name], ensure_ascii=False) if values[name] else "[]"
    if answer.retain_until is not None:
        values["retain_until"] = answer.retain_until.isoformat()
    return list(values.values())
