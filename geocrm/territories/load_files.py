"""Numbers for units out of a file: potential, shops, whatever a plan shall share out."""

from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from geocrm.errors import InvalidInput
from geocrm.places import queries as places
from geocrm.territories.balance import Numbers, require_name
from geocrm.territories.plan_files import finder
from geocrm.territories.text_tables import Table, plain, read_table, shown

_UNIT: Final = ("unit", "code", "id", "geoid", "kode", "kode wilayah")
_NUMBER: Final = ("number", "value", "load", "weight", "nilai", "jumlah")


def read(session: Session, level: str, path: Path, name: str | None = None) -> Numbers:
    """The numbers of the file by unit, under `name`, else under that of their column.

    Raises InvalidInput, naming row and remedy, for a unit that the level does not have or that
    stands there twice, and for a cell that holds no number from 0 up. Whether a unit of the chosen
    area is missing is seen when it is designed.
    """
    table = read_table(path)
    of_unit, of_number = _columns(table, name)
    called = require_name(name or table.columns[of_number])
    values = table.values(of_number, called, least=0.0)
    find = finder([unit.code for unit in places.units(session, level)])
    found: dict[str, float] = {}
    rows: dict[str, int] = {}
    for row in range(len(table)):
        text = table.text(row, of_unit)
        code = find(text)
        if code is None:
            raise InvalidInput(
                "{place}: {unit} is no unit of {level}: correct its code, or delete the row",
                place=table.at(row, of_unit),
                unit=shown(text),
                level=level,
            )
        if code in found:
            raise InvalidInput(
                "{place}: {unit} stands in {row} too: keep one of the two",
                place=table.at(row, of_unit),
                unit=shown(text),
                row=table.row(rows[code]),
            )
        found[code], rows[code] = float(values[row]), row
    return {called: found}


def _columns(table: Table, name: str | None) -> tuple[int, int]:
    of_unit = table.column(*_UNIT)
    of_unit = 0 if of_unit is None else of_unit
    of_number = table.column(name) if name and plain(name) else None
    if of_number is None:
        of_number = table.column(*_NUMBER)
    others = [at for at in range(len(table.columns)) if at != of_unit]
    if of_number is None and len(others) == 1:
        of_number = others[0]
    if of_number is None or of_number == of_unit:
        raise InvalidInput(
            "{file} needs two columns, unit and number; it has {columns}: name the one with the"
            " numbers (--load-as)",
            file=table.called,
            columns=", ".join(table.columns),
        )
    return of_unit, of_number
