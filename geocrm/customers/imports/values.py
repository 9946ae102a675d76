"""Reading values as people type them: numbers, positions, dates, yes and no."""

import enum
import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta

from geocrm.customers.imports.source import Cell, text_of

MAX_TEXT = 300
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_CURRENCY = re.compile(r"^(?:rp|idr|usd|us\$|eur|[$€£¥])\.?\s*|\s*(?:idr|usd|eur|,-|,--)$", re.I)
_NUMBER = re.compile(r"[+-]?\d[\d.,' \u00a0\u202f]*(?:e[+-]?\d+)?", re.I)
_DMS = re.compile(
    r"""([NSEWUTB]|LU|LS|BT|BB)?\s*(\d{1,3})\s*[°d:]\s*(\d{1,2})\s*['′:]\s*(\d{1,2}(?:[.,]\d+)?)?\s*["″]?
    \s*(N|S|E|W|LU|LS|BT|BB|U|T|B)?""",
    re.VERBOSE | re.IGNORECASE,
)
_SOUTH_WEST = {"S", "W", "LS", "BB"}
_PAIR = re.compile(
    r"\s*([+-]?\d{1,3}(?:[.,]\d+)?)\s*(?:[,;/]\s+|[;/]|\s+|,(?=[^,]*$))\s*([+-]?\d{1,3}(?:[.,]\d+)?)\s*"
)
YES = frozenset({"yes", "y", "ya", "true", "1", "granted", "setuju", "ok", "opt in", "iya"})
NO = frozenset(
    {"no", "n", "tidak", "false", "0", "withdrawn", "refused", "tidak setuju", "opt out"}
)
_EXCEL_DAY_0 = date(1899, 12, 30)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januari", "feb february februari peb pebruari", "mar march maret",
            "apr april", "may mei", "jun june juni", "jul july juli", "aug august agu agustus ags",
            "sep sept september", "oct october okt oktober", "nov november nop nopember",
            "dec december des desember",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip


class Decimal(enum.StrEnum):
    """Which character separates the decimals of a column."""

    POINT = "point"
    COMMA = "comma"


class DayOrder(enum.StrEnum):
    """Whether the day or the month comes first in a column of dates."""

    DAY = "day"
    MONTH = "month"


def clean(cell: Cell) -> str:
    """The cell's text without control and zero-width characters and doubled spaces."""
    words = text_of(cell)
    if words.isascii() and words.isprintable() and "  " not in words:
        return words
    bare = _INVISIBLE.sub("", unicodedata.normalize("NFC", words))
    return " ".join(bare.split())


# ----------------------------------------------------------------------------- numbers


def decimal_of(value: str) -> Decimal | None:
    """Which decimal character a number shows beyond doubt; None when it could be either."""
    digits = _bare_number(value)
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return Decimal.COMMA if digits.rfind(",") > digits.rfind(".") else Decimal.POINT
    if points > 1:
        return Decimal.COMMA
    if commas > 1:
        return Decimal.POINT
    if not points and not commas:
        return None
    mark = "." if points else ","
    before, after = digits.split(mark)
    grouped = len(after) == 3 and 1 <= len(before) <= 3 and before != "0"
    if grouped:
        return None
    return Decimal.POINT if mark == "." else Decimal.COMMA


def number(cell: Cell, decimal: Decimal | None) -> float | None:
    """The number in a cell, None when it is empty; ValueError says why it is none.

    `decimal` is the column's decimal character, None when the column does not show it.
    """
    if cell is None or isinstance(cell, int | float):
        return _finite(cell)
    words = clean(cell)
    if not words:
        return None
    digits = _bare_number(words)
    if not _NUMBER.fullmatch(digits):
        raise ValueError(f"{words[:40]!r} is not a number")
    own = decimal_of(digits)
    if own and decimal and own is not decimal:
        raise ValueError(
            f"{words[:40]!r} has its decimals behind a {own}, the rest of the column behind a"
            f" {decimal}: write all of them alike"
        )
    style = own or decimal
    if style is None and ("." in digits or "," in digits):
        either, other = _as(digits, Decimal.POINT), _as(digits, Decimal.COMMA)
        raise ValueError(
            f"{words[:40]!r} may be {either:.10g} or {other:.10g}: say which with --decimal point"
            " or comma"
        )
    return _finite(_as(digits, style or Decimal.POINT))


def _bare_number(words: str) -> str:
    return re.sub(r"[' \u00a0\u202f]", "", _CURRENCY.sub("", words.strip()))


def _as(digits: str, style: Decimal) -> float:
    if style is Decimal.COMMA:
        return float(digits.replace(".", "").replace(",", "."))
    return float(digits.replace(",", ""))


def _finite(value: float | None) -> float | None:
    if value is None:
        return None
    if not math.isfinite(value) or abs(value) >= 1e15:
        raise ValueError(f"{value} is out of range")
    return float(value)


def decide_decimal(shown: Iterable[Decimal]) -> Decimal | None:
    """The decimal character of a column from what its numbers show; None when they disagree."""
    kinds = set(shown)
    return kinds.pop() if len(kinds) == 1 else None


# --------------------------------------------------------------------------- positions


def degrees(cell: Cell) -> tuple[float, int] | None:
    """Degrees and how many decimals they were given with; None when the cell is empty."""
    if cell is None or isinstance(cell, int | float):
        return None if cell is None else (_degrees_of(cell), _decimals(repr(float(cell))))
    words = clean(cell).strip("°º ")
    if not words:
        return None
    sexagesimal = _DMS.fullmatch(words)
    if sexagesimal:
        return _from_dms(sexagesimal), 5 if sexagesimal[4] else 2
    bare = re.sub(r"\s*°?\s*(N|S|E|W|LU|LS|BT|BB)$", "", words, flags=re.I)
    sign = -1.0 if words[len(bare) :].strip("° ").upper() in _SOUTH_WEST else 1.0
    plain = bare.replace(",", ".").replace(" ", "").replace("−", "-")
    if plain.count(".") > 1:
        raise ValueError(
            f"{words[:40]!r} has more than one decimal mark: the spreadsheet took it for thousands;"
            " format the column as text and enter it anew"
        )
    try:
        return sign * _degrees_of(float(plain)), _decimals(plain)
    except ValueError as error:
        raise ValueError(f"{words[:40]!r} is no position in degrees, such as -6.2088") from error


def pair(cell: Cell) -> tuple[tuple[float, int], tuple[float, int]] | None:
    """Latitude and longitude out of one cell, as `degrees` gives them."""
    words = clean(cell).strip("()[] ")
    if not words:
        return None
    found = _PAIR.fullmatch(words)
    if not found:
        raise ValueError(f"{words[:40]!r} is no pair such as -6.2088, 106.8456")
    lat, lon = degrees(found[1]), degrees(found[2])
    assert lat is not None
    assert lon is not None
    return lat, lon


def _degrees_of(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value} is no position")
    return float(value)


def _decimals(plain: str) -> int:
    return len(plain.partition(".")[2].rstrip("0")) if "e" not in plain.lower() else 0


def _from_dms(found: re.Match[str]) -> float:
    seconds = float((found[4] or "0").replace(",", "."))
    value = int(found[2]) + int(found[3]) / 60 + seconds / 3600
    side = (found[1] or found[5] or "").upper()
    return -value if side in _SOUTH_WEST else value


# ------------------------------------------------------------------------------- dates


def day_order_of(value: str) -> DayOrder | None:
    """Whether a date shows beyond doubt what comes first."""
    found = re.fullmatch(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{2}|\d{4})(?:[ T].*)?", value)
    if not found:
        return None
    first, second = int(found[1]), int(found[2])
    if first > 12 >= second:
        return DayOrder.DAY
    return DayOrder.MONTH if second > 12 >= first else None


def day(cell: Cell, order: DayOrder | None) -> date | None:
    """The calendar day in a cell, None when it is empty; ValueError says why it is none."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _from_serial(float(cell))
    words = clean(cell)
    if not words:
        return None
    iso = re.match(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:$|[ T])", words)
    if iso:
        return _date(words, int(iso[1]), int(iso[2]), int(iso[3]))
    named = re.fullmatch(
        r"(\d{1,2})[\s\-./]+([A-Za-z]{3,})\.?[\s\-./,]+(\d{2}|\d{4})(?: .*)?", words
    )
    if named and named[2].lower() in _MONTHS:
        return _date(words, _year(named[3]), _MONTHS[named[2].lower()], int(named[1]))
    short = re.match(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})(?:$|[ T])", words)
    if not short:
        raise ValueError(f"{words[:40]!r} is not a date such as 2026-05-31")
    first, second, year = int(short[1]), int(short[2]), _year(short[3])
    which = day_order_of(words) or order
    if which is None and first != second:
        raise ValueError(f"{words[:40]!r} may be day/month or month/day: write dates as 2026-05-31")
    if which is DayOrder.MONTH:
        first, second = second, first
    return _date(words, year, second, first)


def _date(words: str, year: int, month: int, day_of_month: int) -> date:
    try:
        return date(year, month, day_of_month)
    except ValueError as error:
        raise ValueError(f"{words[:40]!r} is no day of the calendar") from error


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _from_serial(value: float) -> date:
    """The day a spreadsheet program means by a number."""
    if not 20_000 <= value <= 80_000:
        raise ValueError(f"{value:g} is not a date such as 2026-05-31")
    return _EXCEL_DAY_0 + timedelta(days=int(value))


def yes_or_no(cell: Cell) -> bool | None:
    """True, False, or None when the cell is empty; ValueError for anything else."""
    words = clean(cell).casefold()
    if not words:
        return None
    if words in YES:
        return True
    if words in NO:
        return False
    raise ValueError(f"{words[:40]!r} is neither yes nor no")
