"""Reading the rows of an account file: cells in, values out, with what is wrong beside each."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from geocrm.customers import reaching
from geocrm.customers.imports import values
from geocrm.customers.imports.kind import Context, Staged
from geocrm.customers.imports.source import MAX_CELL, Cell, Row, text_of
from geocrm.customers.models import Channel
from geocrm.geocoding import AddressQuery, countries

ADDRESS_PARTS: Final = (
    "street", "house_number", "village", "district", "city", "region", "postcode",
)  # fmt: skip
_TEXT_LIMITS: Final = {
    "external_id": 100, "name": 200, "segment": 60, "website": 300, "contact_name": 200,
    "contact_title": 100, "owner": 254, "postcode": 20, "house_number": 40,
}  # fmt: skip
MAX_ADDRESS = 500
# Half a unit in the last decimal of a degree is so many metres across, for 0, 1, 2 ... decimals.
# What the file gives to four decimals or more is taken for a position measured at the door.
_BY_DECIMALS: Final = (
    ("region", 80_000.0), ("regency", 8_000.0), ("village", 800.0), ("street", 100.0),
)  # fmt: skip
_AT_THE_DOOR: Final = ("rooftop", 50.0)
_SWAPPED = "latitude and longitude were swapped; read as {lat:g}, {lon:g}"


class RowReader:
    """Reads rows by a plan; keeps nothing from one to the next."""

    def __init__(self, context: Context) -> None:
        self._plan = context.plan
        self._mapped = context.plan.mapped
        self._country = context.plan.options.country
        self._consents = [c for c in Channel if f"consent_{c}" in self._mapped]

    def read(self, row: Row) -> Staged:
        """The row's values; never fails, because what is wrong is said beside it."""
        staged = Staged(row, {}, [row.broken] if row.broken else [], [row.note] if row.note else [])
        if row.broken:
            return staged
        for step in (self._texts, self._address, self._position, self._reach, self._facts):
            step(staged)
        return staged

    def _cells(self, staged: Staged, key: str) -> Sequence[Cell]:
        indexes = self._mapped.get(key)
        if indexes is None:
            return ()
        cells = staged.row.cells
        return [cells[index] if index < len(cells) else None for index in indexes]

    def _text(self, staged: Staged, key: str, limit: int = values.MAX_TEXT) -> str:
        """The field's text; one that is too long is a problem."""
        for cell in self._cells(staged, key):
            if isinstance(cell, str) and len(cell) > MAX_CELL:
                self._complain(staged, key, f"holds {len(cell):,} characters, at most {limit}")
                return ""
            words = values.clean(cell)
            if len(words) > limit:
                self._complain(staged, key, f"holds {len(words):,} characters, at most {limit}")
                return ""
            return words
        return ""

    def _complain(self, staged: Staged, key: str, what: str) -> None:
        staged.problems.append(f"column {self._plan.column_names(key)!r}: {what}")

    def _warn(self, staged: Staged, key: str, what: str) -> None:
        staged.notes.append(f"column {self._plan.column_names(key)!r}: {what}")

    # ---------------------------------------------------------------------- the steps

    def _texts(self, staged: Staged) -> None:
        keys = ("external_id", "name", "segment", "website", "contact_name", "contact_title")
        for key in keys:
            staged.values[key] = self._text(staged, key, _TEXT_LIMITS[key]) or None
        staged.values["owner_email"] = self._text(staged, "owner", _TEXT_LIMITS["owner"]) or None
        if not staged.values["name"] and not staged.problems:
            self._complain(staged, "name", "is empty: a customer needs a name")

    def _address(self, staged: Staged) -> None:
        for key in ADDRESS_PARTS:
            limit = _TEXT_LIMITS.get(key, values.MAX_TEXT)
            staged.values[key] = self._text(staged, key, limit) or None
        typed = ", ".join(filter(None, (values.clean(c) for c in self._cells(staged, "address"))))
        if len(typed) > MAX_ADDRESS:
            self._complain(
                staged, "address", f"holds {len(typed):,} characters, at most {MAX_ADDRESS}"
            )
            typed = ""
        staged.values["typed"] = typed or None
        stated = self._text(staged, "country")
        code = countries.code_of(stated) if stated else None
        if stated and code is None:
            self._complain(staged, "country", f"{stated!r} is not a country; write ID or Indonesia")
        staged.values["stated_country"] = code

    def _position(self, staged: Staged) -> None:
        try:
            found = self._degrees(staged)
        except ValueError as error:
            key = "position" if "position" in self._mapped else "lat / lon"
            names = self._plan.column_names("position") or (
                f"{self._plan.column_names('lat')} / {self._plan.column_names('lon')}"
            )
            staged.problems.append(f"column {names or key!r}: {error}")
            return
        if found is None:
            return
        (lat, lat_decimals), (lon, lon_decimals) = found
        if abs(lat) > 90 >= abs(lon) and abs(lat) <= 180:
            lat, lon = lon, lat
            staged.notes.append(_SWAPPED.format(lat=lat, lon=lon))
        problem = self._impossible(lat, lon)
        if problem:
            staged.problems.append(problem)
            return
        decimals = max(lat_decimals, lon_decimals)
        grade, radius_m = _BY_DECIMALS[decimals] if decimals < len(_BY_DECIMALS) else _AT_THE_DOOR
        staged.values |= {
            "lon": lon, "lat": lat, "grade": grade, "radius_m": radius_m, "provider": "file",
        }  # fmt: skip

    def _degrees(self, staged: Staged) -> tuple[tuple[float, int], tuple[float, int]] | None:
        for cell in self._cells(staged, "position"):
            found = values.pair(cell)
            if found is not None:
                return found
        lat, lon = ([values.degrees(c) for c in self._cells(staged, key)] for key in ("lat", "lon"))
        first, second = lat[0] if lat else None, lon[0] if lon else None
        if first is None and second is None:
            return None
        if first is None or second is None:
            raise ValueError("only one of latitude and longitude is filled: fill both or neither")
        return first, second

    def _impossible(self, lat: float, lon: float) -> str:
        names = self._plan.column_names("position") or (
            f"{self._plan.column_names('lat')} / {self._plan.column_names('lon')}"
        )
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            return (
                f"column {names!r}: {lat:g}, {lon:g} is no position in degrees: check that"
                f" the decimal"
                " mark was not lost"
            )
        if abs(lat) < 1e-6 and abs(lon) < 1e-6:
            return (
                f"column {names!r}: the position is 0, 0, which stands for none: leave both cells"
                " empty and the address is looked up"
            )
        return ""

    def _reach(self, staged: Staged) -> None:
        numbers: dict[str, str] = {}
        for cell in self._cells(staged, "phone"):
            for typed in reaching.split_numbers(text_of(cell)[:300]):
                number = reaching.e164(typed, staged.values["stated_country"] or self._country)
                if number is None:
                    self._warn(staged, "phone", f"{typed[:40]!r} is no telephone number; left out")
                else:
                    numbers.setdefault(number, typed[:60])
        staged.values["numbers"] = _listed([[n, t] for n, t in numbers.items()])
        mails: dict[str, None] = {}
        for cell in self._cells(staged, "email"):
            for typed in text_of(cell)[:1_000].replace(";", ",").split(","):
                address = reaching.email_address(typed) if typed.strip() else ""
                if address is None:
                    self._warn(
                        staged, "email", f"{typed.strip()[:60]!r} is no e-mail address; left out"
                    )
                elif address:
                    mails.setdefault(address)
        staged.values["mails"] = _listed(list(mails))
        self._consent(staged)

    def _consent(self, staged: Staged) -> None:
        bits = {True: 0, False: 0}
        for channel in self._consents:
            for cell in self._cells(staged, f"consent_{channel}"):
                try:
                    said = values.yes_or_no(cell)
                except ValueError as error:
                    self._warn(staged, f"consent_{channel}", f"{error}; no consent was recorded")
                    continue
                if said is not None:
                    bits[said] |= channel.bit
        staged.values |= {"granted": bits[True], "refused": bits[False]}

    def _facts(self, staged: Staged) -> None:
        segment = staged.values["segment"]
        if segment and len(segment) == 1:
            staged.values["segment"] = segment.upper()
        for key, convert in (("annual_revenue", _amount), ("visits_per_year", _visits)):
            for cell in self._cells(staged, key):
                self._number(staged, key, cell, convert)
        words = [values.clean(c) for c in self._cells(staged, "tags")]
        parts = [part.strip()[:60] for word in words for part in word.replace(";", ",").split(",")]
        staged.values["tag_list"] = _listed(list(dict.fromkeys(filter(None, parts)))[:50])
        currency = self._text(staged, "currency").upper()
        if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
            self._complain(staged, "currency", f"{currency!r} is no currency code such as IDR")
        staged.values["currency"] = currency or None

    def _number(
        self, staged: Staged, key: str, cell: Cell, convert: Callable[[float], float]
    ) -> None:
        try:
            value = values.number(cell, self._plan.decimals.get(key))
            if value is not None:
                staged.values[key] = convert(value)
        except ValueError as error:
            self._complain(staged, key, str(error))


def _amount(value: float) -> float:
    if value < 0:
        raise ValueError(f"{value:g} is negative")
    return round(value, 2)


def _visits(value: float) -> int:
    if not (0 <= value <= 366 and value == int(value)):
        raise ValueError(f"{value:g} is no number of visits a year (0 to 366)")
    return int(value)


def _listed(items: Sequence[Any]) -> str | None:
    return json.dumps(items, ensure_ascii=False) if items else None


def address_query(parts: Any, country: str) -> AddressQuery | None:
    """What the geocoder is asked for a row or an address; None when nothing is given."""
    given = {key: parts.get(key) or "" for key in ADDRESS_PARTS}
    text = parts.get("typed") or ""
    if not text and not any(given.values()):
        return None
    return AddressQuery(text=text, country=country, **given)
