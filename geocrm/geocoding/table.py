"""Geocode a CSV file row by row into another: any encoding and delimiter, in bounded memory."""

import codecs
import csv
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TextIO

from geocrm.errors import InvalidInput
from geocrm.geocoding.address import AddressQuery, Answer, Chances

ADDED = (
    "lon", "lat", "grade", "radius_m", "p50", "p200", "p1000", "provider", "label", "ambiguous",
)  # fmt: skip
ROWS_AT_ONCE = 10_000
_BLOCK = 1 << 20
_DELIMITERS = ",;\t|"
# Heading of a column, without case, spaces and underscores -> part of the address.
_COLUMNS = {
    "text": ("address", "alamat", "fulladdress", "alamatlengkap"),
    "street": ("street", "jalan"),
    "house_number": ("housenumber", "nomorrumah", "norumah"),
    "postcode": ("postcode", "postalcode", "zip", "zipcode", "kodepos"),
    "village": ("village", "kelurahan", "desa", "kelurahandesa", "desakelurahan"),
    "district": ("district", "kecamatan"),
    "city": ("city", "regency", "kota", "kabupaten", "kabupatenkota", "kotakabupaten"),
    "region": ("region", "province", "provinsi", "state"),
    "country": ("country", "negara"),
}

Geocode = Callable[[Sequence[AddressQuery]], list[Answer]]
Row = list[str]


def geocode_table(
    source: Path, target: Path, geocode: Geocode, progress: Callable[[int], None]
) -> Counter[str]:
    """Write the rows of `source` to `target` with the added columns; gives the number per grade.

    `target` appears when all is done or not at all; it may be `source` itself. `progress` is told
    the number of rows done. Raises InvalidInput naming the row, or the columns that are missing.
    """
    grades: Counter[str] = Counter()
    with _opened(source) as file:
        rows = _rows(file, source)
        header = next(rows, None)
        if header is None:
            raise InvalidInput(f"{source} is empty: give a CSV file with a header line")
        places = _address_columns(header, source)
        with _written_whole(target) as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow([*header, *_added_names(header)])
            while chunk := list(islice(rows, ROWS_AT_ONCE)):
                answers = geocode([_query(row, places) for row in chunk])
                grades.update(answer.grade.value for answer in answers)
                writer.writerows(
                    [*row, *_cells(answer)] for row, answer in zip(chunk, answers, strict=True)
                )
                progress(grades.total())
    return grades


def _cells(answer: Answer) -> list[str]:
    if answer.lon is None or answer.lat is None:
        return ["", "", answer.grade.value, "", "", "", "", "", "", _yes_no(answer.ambiguous)]
    chances = answer.chances
    return [
        f"{answer.lon:.6f}",
        f"{answer.lat:.6f}",
        answer.grade.value,
        str(answer.radius_m),
        *(("", "", "") if chances is None else (f"{share:.3f}" for share in _chances(chances))),
        answer.provider,
        answer.label,
        _yes_no(answer.ambiguous),
    ]


def _chances(chances: Chances) -> tuple[float, float, float]:
    """Those a table shows: within 50, 200 and 1,000 m."""
    return chances.p50, chances.p200, chances.p1000


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def _query(row: Row, places: dict[str, int]) -> AddressQuery:
    return AddressQuery(**{part: row[column].strip() for part, column in places.items()})


def _address_columns(header: Row, source: Path) -> dict[str, int]:
    """Column of each part of the address; the first of several that mean the same."""
    plain = ["".join(c for c in name.lower() if c.isalnum()) for name in header]
    places = {
        part: min(plain.index(name) for name in names if name in plain)
        for part, names in _COLUMNS.items()
        if any(name in plain for name in names)
    }
    if not places.keys() - {"street", "house_number"}:
        raise InvalidInput(
            f"{source} has no column with an address (found: {', '.join(header)[:200]}): name one"
            " 'address', or some of 'street', 'house_number', 'postcode', 'village', 'district',"
            " 'city', 'region', 'country'"
        )
    return places


def _added_names(header: Row) -> list[str]:
    """Names of the added columns; one that the file has already gets a prefix."""
    taken = {name.strip().lower() for name in header}
    return [f"geocrm_{name}" if name in taken else name for name in ADDED]


@contextmanager
def _opened(source: Path) -> Iterator[TextIO]:
    if not source.is_file():
        raise InvalidInput(f"There is no file {source}")
    # A byte that the encoding lacks becomes a mark in its cell and stops nothing.
    with source.open(encoding=_encoding(source), errors="replace", newline="") as file:
        yield file


def _encoding(source: Path) -> str:
    """UTF-8 or UTF-16 by their marks, UTF-8 when all of the file is, else Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with source.open("rb") as file:
        block = file.read(_BLOCK)
        if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if block.startswith(b"PK\x03\x04"):
            raise InvalidInput(f"{source} is a spreadsheet or an archive: save it as CSV first")
        while block:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return "cp1252"
            block = file.read(_BLOCK)
    return "utf-8-sig"


def _rows(file: TextIO, source: Path) -> Iterator[Row]:
    """Header and rows, all as wide as the header; blank lines left out."""
    start = file.read(_BLOCK)
    delimiter = _delimiter(start)
    file.seek(0)
    lines = (line.replace("\x00", "") for line in file)
    reader = csv.reader(lines, delimiter=delimiter)
    width = 0
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            width = width or len(row)
            if any(cell.strip() for cell in row[width:]):
                raise InvalidInput(
                    f"{source}, line {reader.line_num}: {len(row)} cells, but the header has"
                    f" {width}; a cell that holds {delimiter!r} needs quotes around it"
                )
            yield [*row[:width], *[""] * (width - len(row))]
    except csv.Error as error:
        raise InvalidInput(f"{source}, line {reader.line_num}: {error}") from error
    except UnicodeError as error:
        raise InvalidInput(f"{source} is damaged: {error}; save it again as UTF-8") from error


def _delimiter(text: str) -> str:
    """The delimiter that the first line has most of."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=first.count)


@contextmanager
def _written_whole(target: Path) -> Iterator[TextIO]:
    """A file that takes the target's place when the block ends well, and vanishes otherwise."""
    if not target.parent.is_dir():
        raise InvalidInput(f"There is no folder {target.parent} to write {target.name} into")
    if target.is_dir():
        raise InvalidInput(f"{target} is a folder: name a file")
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    # A temporary file is private; the result is as readable as any new file.
    umask = os.umask(0)
    os.umask(umask)
    os.fchmod(handle, 0o666 & ~umask)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            yield out
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)
