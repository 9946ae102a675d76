"""What is asked of a day: the hours, where it starts and ends, and customers that were ticked."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from geocrm.errors import InvalidInput

DAY_S: Final = 86_400
DEFAULT_HOURS: Final = "08:00-17:00"
DEFAULT_VISIT_MIN: Final = 30
DEFAULT_TIME_S: Final = 5.0
MAX_FILE_BYTES: Final = 5 * 2**20
MAX_WISHES: Final = 500
_CLOCK: Final = re.compile(r"([01]?\d|2[0-4])[:.]([0-5]\d)")
_NAMES: Final = {
    "account": "key", "account_id": "id", "id": "id", "external_id": "external_id",
    "open": "open", "opens": "open", "close": "close", "closes": "close",
    "visit_min": "visit_min", "required": "required",
}  # fmt: skip
_KEYS: Final = ("key", "id", "external_id")
_YES: Final = frozenset({"1", "yes", "y", "true", "ya", "x"})
_NO: Final = frozenset({"0", "no", "n", "false", "tidak"})


@dataclass(frozen=True, slots=True)
class Wish:
    """A customer to be visited on the day; None leaves window and length to the day's own."""

    account_id: int
    open_s: int | None = None
    close_s: int | None = None
    visit_s: int | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class WishRow:
    """A line of a list, before it is known which account it names. `kind`: key, id, external_id."""

    row: int
    key: str
    kind: str
    open_s: int | None
    close_s: int | None
    visit_s: int | None
    required: bool

    def of(self, account_id: int) -> Wish:
        """The wish, now that the account is known."""
        return Wish(account_id, self.open_s, self.close_s, self.visit_s, self.required)


@dataclass(frozen=True, slots=True)
class DayRequest:
    """A day to be planned. Places are (lon, lat); None takes the rep's home, else the centre.

    `wishes` None plans those who are due longest; `fill` adds them to the ticked ones. `version`
    is that of the plan the asker saw, where it must not have changed meanwhile.
    """

    day: date
    shift_start_s: int
    shift_end_s: int
    visit_s: int = DEFAULT_VISIT_MIN * 60
    start: tuple[float, float] | None = None
    end: tuple[float, float] | None = None
    wishes: tuple[Wish, ...] | None = None
    fill: bool = False
    seed: int = 1
    time_s: float = DEFAULT_TIME_S
    version: int | None = None

    def __post_init__(self) -> None:
        """Refuse a day with no time in it."""
        if not 0 <= self.shift_start_s < self.shift_end_s <= DAY_S:
            raise InvalidInput(
                f"A day from {clock_text(self.shift_start_s)} to {clock_text(self.shift_end_s)} has"
                " no time: give working hours such as 08:00-17:00"
            )
        if not 60 <= self.visit_s <= DAY_S:
            raise InvalidInput(f"A visit cannot last {self.visit_s / 60:g} minutes: give 1 to 1440")
        if not 0 < self.time_s <= 60:
            raise InvalidInput(f"{self.time_s:g} s cannot be kept: plan in up to 60 seconds")
        for place in (self.start, self.end):
            if place is not None:
                check_place(*place)


def hours(text: str) -> tuple[int, int]:
    """Working hours "08:00-17:00" in seconds since midnight."""
    begin, dash, end = text.strip().replace("–", "-").partition("-")
    if not dash:
        raise InvalidInput(f"{text!r} are no working hours: write them as 08:00-17:00")
    return clock_s(begin, text), clock_s(end, text)


def clock_s(text: str, whole: str | None = None) -> int:
    """A time of day such as 8:30 or 24:00 in seconds since midnight."""
    found = _CLOCK.fullmatch(text.strip())
    seconds = int(found[1]) * 3600 + int(found[2]) * 60 if found else DAY_S + 1
    if seconds > DAY_S:
        raise InvalidInput(f"{whole or text!r} is no time of day: write it as 08:00")
    return seconds


def clock_text(seconds: float) -> str:
    """Seconds since midnight as 08:00."""
    minutes = round(seconds / 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def place(text: str) -> tuple[float, float]:
    """A place "106.8,-6.2", longitude first."""
    parts = text.split(",")
    try:
        lon, lat = (float(part) for part in parts)
    except ValueError as error:
        raise InvalidInput(
            f"{text!r} is no place: write longitude, comma, latitude, such as 106.8,-6.2"
        ) from error
    return check_place(lon, lat)


def check_place(lon: float, lat: float) -> tuple[float, float]:
    """The place, or InvalidInput when it is not on the globe."""
    if -180 <= lon <= 180 and -90 <= lat <= 90:
        return lon, lat
    hint = "; longitude comes first" if -180 <= lat <= 180 and -90 <= lon <= 90 else ""
    raise InvalidInput(f"({lon:g}, {lat:g}) is not a place on the globe{hint}")


def read_list(path: Path) -> list[WishRow]:
    """The accounts of a file: ids or external ids, one a line, or CSV with a header.

    Columns are account, id or external_id, and where wanted open, close (08:00), visit_min and
    required (yes or no). InvalidInput names row, column and remedy.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InvalidInput(f"{path.name} is too large for the visits of one day")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path.name} is not UTF-8: save it as CSV UTF-8") from error
    if "\x00" in text:
        raise InvalidInput(f"{path.name} is no text file: save it as CSV UTF-8")
    try:
        rows = list(_rows(text))
    except csv.Error as error:
        raise InvalidInput(f"{path.name} is not CSV: {error}") from error
    if not rows:
        raise InvalidInput(f"{path.name} names no account: write one id a line")
    if len(rows) > MAX_WISHES:
        raise InvalidInput(f"{len(rows):,} accounts are too many for one day: at most {MAX_WISHES}")
    return rows


def _rows(text: str) -> Iterator[WishRow]:
    head = text.lstrip().splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=head.count)
    columns: list[str] | None = None
    for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), start=1):
        values = [cell.strip() for cell in cells]
        if not any(values) or values[0].startswith("#"):
            continue
        if columns is None:
            columns = _header(values)
            if columns:
                continue
            columns = ["key", "open", "close", "visit_min", "required"]
        yield _row(number, dict(zip(columns, values, strict=False)))


def _header(values: Sequence[str]) -> list[str] | None:
    """The meaning of each column when the first line is a header; unknown columns are left out."""
    names = [_NAMES.get(value.lower().replace(" ", "_"), "") for value in values]
    return names if any(name in _KEYS for name in names) else None


def _row(number: int, cells: dict[str, str]) -> WishRow:
    kind = next((kind for kind in _KEYS if cells.get(kind)), None)
    if kind is None:
        raise InvalidInput(f"Row {number} names no account: fill in its id or external_id")
    try:
        opens = clock_s(cells["open"]) if cells.get("open") else None
        closes = clock_s(cells["close"]) if cells.get("close") else None
        minutes = float(cells["visit_min"]) if cells.get("visit_min") else None
    except (InvalidInput, ValueError) as error:
        raise InvalidInput(f"Row {number}: {error}") from error
    if minutes is not None and not 1 <= minutes <= 1440:
        raise InvalidInput(f"Row {number}, column visit_min: {minutes:g} is not 1 to 1440 minutes")
    if opens is not None and closes is not None and opens >= closes:
        raise InvalidInput(f"Row {number}: the window closes before it opens; swap open and close")
    visit_s = round(minutes * 60) if minutes is not None else None
    required = _flag(number, cells.get("required", ""))
    return WishRow(number, cells[kind], kind, opens, closes, visit_s, required)


def _flag(number: int, text: str) -> bool:
    if text.lower() in _YES or not text:
        return True
    if text.lower() in _NO:
        return False
    raise InvalidInput(f"Row {number}, column required: {text!r} is neither yes nor no")
