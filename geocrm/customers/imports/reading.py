"""Open a file of rows, whatever it is called: its first bytes say what it is."""

from collections.abc import Callable
from pathlib import Path

from geocrm.customers.imports.source import Source, require_readable
from geocrm.customers.imports.source_csv import open_csv
from geocrm.customers.imports.source_geojson import looks_like_geojson, open_geojson
from geocrm.customers.imports.source_xlsx import open_xlsx
from geocrm.errors import InvalidInput

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_FOREIGN = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "a gzip archive: unpack it first",
    b"PK\x05\x06": "an empty ZIP archive",
}


def open_source(
    path: Path,
    known: Callable[[str], bool] = lambda _: False,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Source:
    """The file as rows; InvalidInput says what is wrong with it and what to do.

    `known` says whether a word is a column name we recognise, so that title lines are passed over.
    """
    require_readable(path)
    with path.open("rb") as handle:
        head = handle.read(4096)
    for mark, what in _FOREIGN.items():
        if head.startswith(mark):
            raise InvalidInput(f"{path.name!r} is {what}. Bring CSV, XLSX or GeoJSON")
    if head.startswith((_ZIP, _OLE)):
        return open_xlsx(path, known, sheet)
    if looks_like_geojson(head) or (path.suffix.lower() in (".json", ".geojson")):
        return open_geojson(path)
    if head.lstrip().lower().startswith((b"<?xml", b"<!doctype", b"<html", b"<kml")):
        raise InvalidInput(
            f"{path.name!r} is XML or HTML, not a table: save it as CSV, XLSX or GeoJSON"
        )
    return open_csv(path, known, encoding)
