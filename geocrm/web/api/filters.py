"""API of the filter language: which fields there are, what they may be asked, and their values."""

from typing import Any, Final

from apiflask import APIBlueprint
from flask import g
from pydantic import BaseModel, Field

from geocrm.maps import catalogue, choices
from geocrm.maps.catalogue import FieldInfo
from geocrm.web import filter_words as words
from geocrm.web.access import permit

bp = APIBlueprint("api_filters", __name__, url_prefix="/api/v1/filters", tag="Filters")


class FilterOperation(BaseModel):
    """An operation, and what its value is."""

    op: str
    label: str
    value: catalogue.Value


class FilterChoice(BaseModel):
    """A value one may choose; the count is null where it is not said."""

    value: str | int
    label: str
    count: int | None = None


class FilterField(BaseModel):
    """A field one may filter by; where `asks` is true, its values are at `.../choices`."""

    name: str
    label: str
    group: str
    kind: catalogue.Kind
    operations: list[FilterOperation]
    choices: list[FilterChoice]
    asks: bool


class FilterFields(BaseModel):
    """All fields the asker may use."""

    items: list[FilterField]


class ChoicesQuery(BaseModel):
    """Which values: those with a text in them, or some named ones."""

    q: str = Field("", max_length=100)
    values: str = Field("", max_length=4_000, description="Values, joined by commas")


class FilterChoices(BaseModel):
    """Values that customers have, the commonest first."""

    items: list[FilterChoice]


@bp.get("/fields")
@bp.output(FilterFields)
@bp.doc(summary="Fields one may filter by", security="token")
@permit("count", "account")
def fields() -> FilterFields:
    """Every field the asker may use, with its operations."""
    return FilterFields(items=[_field(each) for each in catalogue.fields_for(g.actor)])


@bp.get("/fields/<name>/choices")
@bp.input(ChoicesQuery, location="query", arg_name="asked")
@bp.output(FilterChoices)
@bp.doc(summary="Values of a field", security="token")
@permit("count", "account")
def field_choices(name: str, asked: ChoicesQuery) -> FilterChoices:
    """Values of a field that customers have, with how many have each."""
    named = [each for each in asked.values.split(",") if each]
    found = choices.choices(g.session, g.actor, name, q=asked.q.strip(), values=named)
    return FilterChoices(
        items=[
            FilterChoice(
                value=each.value,
                label=words.value_label(name, each.value)
                if each.label in (None, each.value)
                else str(each.label),
                count=each.customers,
            )
            for each in found
        ]
    )


def _field(info: FieldInfo) -> FilterField:
    return FilterField(
        name=info.name,
        label=words.field_label(info.name),
        group=words.group_label(info.group),
        kind=info.kind,
        operations=[
            FilterOperation(
                op=op, label=words.operation_label(op, info.kind), value=info.value_of(op)
            )
            for op in info.operations
        ],
        choices=[
            FilterChoice(value=each, label=words.value_label(info.name, each))
            for each in info.choices
        ],
        asks=info.asks,
    )


def _leaf(info: FieldInfo) -> dict[str, Any]:
    return {
        "type": "object",
        "title": info.name,
        "properties": {
            "field": {"const": info.name},
            "op": {"enum": list(info.operations)},
            "value": {"description": "By the operation: see /api/v1/filters/fields"},
        },
        "required": ["field", "op", "value"],
        "additionalProperties": False,
    }


def _group(word: str, part: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {word: part},
        "required": [word],
        "additionalProperties": False,
    }


_SELF: Final = {"$ref": "#/components/schemas/Filter"}
SCHEMA: Final[dict[str, Any]] = {
    "description": "Which customers are meant. `and` and `or` take lists, `not` one part; a"
    " comparison with an unknown value is false, and its `not` is true. In an address line it is"
    " written as JSON; longer ones are posted. See docs/filters-and-views.md.",
    "examples": [
        {
            "and": [
                {"field": "segment", "op": "in", "value": ["A", "B"]},
                {"not": {"field": "last_order", "op": "within_days", "value": 90}},
                {
                    "field": "location",
                    "op": "near",
                    "value": {"lon": 106.8, "lat": -6.2, "radius_m": 5000},
                },
            ]
        }
    ],
    "oneOf": [
        _group("and", {"type": "array", "items": _SELF}),
        _group("or", {"type": "array", "items": _SELF}),
        _group("not", _SELF),
        *(_leaf(info) for info in catalogue.CATALOGUE),
    ],
}


def described(spec: Any) -> Any:
    """The OpenAPI document with the filter language in it, and where it is posted."""
    schemas = spec.setdefault("components", {}).setdefault("schemas", {})
    for each in schemas.values():
        posted = each.get("properties", {}).get("filter", {})
        if any(part.get("type") == "object" for part in posted.get("anyOf", ())):
            each["properties"]["filter"] = {"anyOf": [_SELF, {"type": "null"}], "default": None}
    schemas["Filter"] = SCHEMA
    return spec
