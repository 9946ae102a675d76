"""What is wrong with parameters and fields of the API, in the reader's language.

A schema says what kind of mistake it is and which limits hold; each kind has its sentence here. One
that has none is told in the schema's own English words.
"""

import re
from typing import Any, Final

from apiflask import HTTPError
from flask_babel import LazyString
from flask_babel import lazy_gettext as later
from pydantic import ValidationError

from geocrm.web.words import figure

_WHOLE: Final = later("{field} must be a whole number")
_NUMBER: Final = later("{field} must be a number")
_SWITCH: Final = later("{field} must be true or false")
_TEXT: Final = later("{field} must be a text")
_LIST: Final = later("{field} must be a list")
_OBJECT: Final = later("{field} must be an object")
_DATE: Final = later("{field} must be a date such as 2026-01-31")
_MOMENT: Final = later("{field} must be a moment such as 2026-01-31T09:00:00+07:00")
_CHOICE: Final = later("{field} must be one of {choices}")
_SENTENCES: Final[dict[str, LazyString]] = {
    "missing": later("{field} is missing"),
    "extra_forbidden": later("{field} is not known here"),
    "greater_than_equal": later("{field} must be at least {ge}"),
    "greater_than": later("{field} must be more than {gt}"),
    "less_than_equal": later("{field} must be at most {le}"),
    "less_than": later("{field} must be less than {lt}"),
    "string_too_long": later("{field} may have at most {max_length} characters"),
    "string_too_short": later("{field} must have at least {min_length} characters"),
    "too_long": later("{field} may hold at most {max_length}"),
    "too_short": later("{field} must hold at least {min_length}"),
    "literal_error": _CHOICE,
    "enum": _CHOICE,
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _SWITCH),
    "string_type": _TEXT,
    "list_type": _LIST,
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), _OBJECT),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), _DATE),
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "timezone_aware"),
        _MOMENT,
    ),
}
_QUOTED: Final = re.compile(r"'([^']*)'")


def told(error: HTTPError) -> str:
    """All that is wrong, a sentence each; empty when the error does not say."""
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        return ". ".join(map(_sentence, cause.errors(include_url=False, include_input=False)))
    return ". ".join(
        f"{name}: {'; '.join(texts)}"
        for fields in error.detail.values()
        for name, texts in fields.items()
    )


def _sentence(mistake: Any) -> str:
    field = ".".join(map(str, mistake["loc"]))
    sentence = _SENTENCES.get(mistake["type"])
    if sentence is None:
        return f"{field}: {mistake['msg']}"
    limits = {name: figure(value) for name, value in mistake.get("ctx", {}).items()}
    choices = ", ".join(_QUOTED.findall(limits.get("expected", "")))
    return str(sentence).format(field=field, choices=choices, **limits)
