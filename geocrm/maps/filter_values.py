"""The values of a filter: read as sent, checked, and bound under names that its SQL uses."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from geocrm.errors import InvalidInput

MAX_VALUES: Final = 1_000
MAX_TEXT: Final = 200
MAX_AMOUNT: Final = 1e15
MAX_DAYS: Final = 36_500
_MAX_ID: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: whose areas are meant besides shared ones, and where a day begins and ends."""

    user_id: int | None = None
    timezone: str = "UTC"


NOBODY: Final = Asker()


class Binder:
    """Collects the values of a filter under names that its SQL uses."""

    def __init__(self, today: date, asker: Asker = NOBODY) -> None:
        self.today = today
        self.asker = asker
        self.params: dict[str, Any] = {}
        self.corners = 0
        # What was read otherwise than it was written, in sentences.
        self.notes: list[str] = []

    def bind(self, value: Any) -> str:
        """The placeholder that stands for the value."""
        name = f"f{len(self.params)}"
        self.params[name] = value
        return f":{name}"


Operation = Callable[[Binder, Any], str]


def shown(value: Any) -> str:
    """The value as a message repeats it."""
    words = repr(value)
    return words if len(words) <= 60 else f"{words[:57]}..."


def text(value: Any) -> str:
    """A text that a name may hold."""
    if not isinstance(value, str) or not value:
        raise InvalidInput("{value} is not a text", value=shown(value))
    if len(value) > MAX_TEXT:
        raise InvalidInput(
            "{value} is longer than {most} characters", value=shown(value), most=MAX_TEXT
        )
    if "\x00" in value or (not value.isascii() and any(0xD800 <= ord(c) <= 0xDFFF for c in value)):
        raise InvalidInput("{value} holds a character that no name has", value=shown(value))
    return value


def listed(value: Any) -> list[Any]:
    """A list of at least one value."""
    if not isinstance(value, list | tuple) or not value:
        raise InvalidInput("a list of values is needed, not {value}", value=shown(value))
    if len(value) > MAX_VALUES:
        raise InvalidInput(
            "{count} values are too many; at most {most}", count=len(value), most=MAX_VALUES
        )
    return list(value)


def texts(value: Any) -> list[str]:
    """A list of texts, each once."""
    return sorted({text(each) for each in listed(value)})


def ids(values: list[Any]) -> list[int]:
    """Ids, each once."""
    for each in values:
        if isinstance(each, bool) or not isinstance(each, int) or not 0 < each <= _MAX_ID:
            raise InvalidInput("{value} is not an id", value=shown(each))
    return sorted(set(values))


def number(value: Any) -> float:
    """A finite number."""
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    # NaN is within no bounds; a number of 400 digits fits no float, so it is compared as it is.
    if wrong or not -MAX_AMOUNT <= value <= MAX_AMOUNT:
        raise InvalidInput("{value} is not a number between -1e15 and 1e15", value=shown(value))
    return float(value)


def days(value: Any) -> int:
    """A number of days back."""
    count = number(value)
    if count != int(count) or not 0 <= count <= MAX_DAYS:
        raise InvalidInput(
            "{value} is not a number of days from 0 to {most}", value=shown(value), most=MAX_DAYS
        )
    return int(count)


def day(value: Any) -> date:
    """A day of the calendar."""
    try:
        return date.fromisoformat(text(value))
    except ValueError as error:
        raise InvalidInput("{value} is not a date; write 2026-01-31", value=shown(value)) from error


def yes(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise InvalidInput("{value} is neither true nor false", value=shown(value))
    return value


def choices(known: tuple[str, ...], value: Any) -> list[str]:
    """Some of the values there are."""
    found = texts(value)
    unknown = [each for each in found if each not in known]
    if unknown:
        raise InvalidInput(
            "there is no {value}; there are {choices}",
            value=shown(unknown[0]),
            choices=", ".join(known),
        )
    return found


def pair(value: Any) -> tuple[Any, Any]:
    """The lower and the upper end of a range."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InvalidInput("between takes two values, not {value}", value=shown(value))
    return value[0], value[1]
