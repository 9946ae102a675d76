"""Reading people from a CSV file."""

import csv
from dataclasses import dataclass
from pathlib import Path

from geocrm.errors import InvalidInput
from geocrm.security.permissions import Role

REQUIRED = ("email", "role")
OPTIONAL = ("name", "home_lon", "home_lat", "manager", "territory")


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One row: who, in which role, where their day starts, whom they report to."""

    row: int
    email: str
    role: str
    name: str
    home: tuple[float, float] | None
    manager: str | None
    territory: str | None


def read_people(path: Path) -> list[PersonRow]:
    """The people of the file, or InvalidInput naming row, column and remedy."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            header = [name.strip().lower() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            missing = [name for name in REQUIRED if name not in header]
            if missing:
                raise InvalidInput(
                    f"{path.name} lacks the column {missing[0]!r}; the columns are"
                    f" {', '.join(REQUIRED + OPTIONAL)}"
                )
            return [_person(number, row) for number, row in enumerate(reader, start=2)]
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path.name} is not UTF-8: save it as CSV UTF-8") from error


def _person(number: int, row: dict[str, str | None]) -> PersonRow:
    text = {name: (row.get(name) or "").strip() for name in REQUIRED + OPTIONAL}
    if text["role"] not in list(Role):
        raise InvalidInput(
            f"Row {number}, column role: there is no role {text['role']!r}; roles are"
            f" {', '.join(Role)}"
        )
    return PersonRow(
        row=number,
        email=text["email"],
        role=text["role"],
        name=text["name"],
        home=_home(number, text["home_lon"], text["home_lat"]),
        manager=text["manager"] or None,
        territory=text["territory"] or None,
    )


def _home(number: int, lon: str, lat: str) -> tuple[float, float] | None:
    if not lon and not lat:
        return None
    try:
        home = float(lon), float(lat)
    except ValueError as error:
        raise InvalidInput(
            f"Row {number}, columns home_lon and home_lat: {lon!r}, {lat!r} are not two numbers"
        ) from error
    if not (-180 <= home[0] <= 180 and -90 <= home[1] <= 90):
        raise InvalidInput(
            f"Row {number}, columns home_lon and home_lat: {lon}, {lat} lie outside the globe;"
            " longitude comes first"
        )
    return home
