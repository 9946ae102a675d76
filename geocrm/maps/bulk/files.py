"""Writers of the files an export makes: rows go in a chunk at a time, memory stays small."""

import csv
import json
import re
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol
from xml.sax.saxutils import escape

import numpy as np
import shapely

from geocrm.maps.bulk.columns import Column
from geocrm.takeaway.csv_safe import BOM, neutral

MAX_SHEET_ROWS: Final = 1_048_575  # a sheet has 1,048,576, and the header is one
LAYER: Final = "customers"
_DECIMALS: Final = 7  # a centimetre


class Writer(Protocol):
    """Takes rows: longitude and latitude (None without a point), then a value a column."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows."""

    def close(self) -> None:
        """End the file."""

    def abandon(self) -> None:
        """Let go of what is open, whatever became of the file."""


class CsvWriter:
    """CSV in UTF-8 that a spreadsheet opens as text."""

    def __init__(self, path: Path, columns: Sequence[Column], *, bom: bool = True) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        if bom:
            self._file.write(BOM)
        self._writer = csv.writer(self._file)
        self._writer.writerow([column.name for column in columns])

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        self._writer.writerows([neutral(cell) for cell in row[2:]] for row in rows)

    def close(self) -> None:
        self._file.close()

    def abandon(self) -> None:
        with suppress(OSError):
            self._file.close()


class XlsxWriter:
    """A workbook with one sheet.

    Written by hand, as text in cells and nothing else: openpyxl takes six times as long.
    """

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        for name, part in _WORKBOOK.items():
            self._zip.writestr(name, f"{_XML}{part}")
        self._sheet = self._zip.open("xl/worksheets/sheet1.xml", "w", force_zip64=True)
        self._sheet.write(f"{_XML}{_SHEET_BEGINS}".encode())
        self._put([[column.name for column in columns]])

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        self._put([row[2:] for row in rows])

    def close(self) -> None:
        self._sheet.write(_SHEET_ENDS.encode())
        self._sheet.close()
        self._zip.close()

    def abandon(self) -> None:
        for part in (self._sheet, self._zip):
            with suppress(OSError, ValueError):
                part.close()

    def _put(self, rows: Sequence[Sequence[Any]]) -> None:
        lines = (f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
        self._sheet.write("".join(lines).encode("utf-8", "replace"))


def _cell(value: Any) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        words = escape(_NOT_IN_XML.sub("", neutral(value))[:_MAX_CELL])
        return f'<c t="inlineStr"><is><t xml:space="preserve">{words}</t></is></c>'
    return f"<c><v>{value!r}</v></c>"


_MAX_CELL: Final = 32_767  # characters, says Excel
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_WORKBOOK: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1"'
    f' Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    f'<sheet name="{LAYER}" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    "</Relationships>",
}
_SHEET_BEGINS: Final = (
    f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView></sheetViews><sheetData>'
)
_SHEET_ENDS: Final = "</sheetData></worksheet>"


class GeoJsonWriter:
    """GeoJSON after RFC 7946; a customer without a point has the geometry null."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._names = [column.name for column in columns]
        self._file.write('{"type": "FeatureCollection", "features": [')
        self._between = "\n"

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        for lon, lat, *values in rows:
            feature = {
                "type": "Feature",
                "geometry": None if lon is None else {
                    "type": "Point", "coordinates": [round(lon, _DECIMALS), round(lat, _DECIMALS)]
                },
                "properties": dict(zip(self._names, values, strict=True)),
            }  # fmt: skip
            self._file.write(self._between + json.dumps(feature, ensure_ascii=False))
            self._between = ",\n"

    def close(self) -> None:
        self._file.write("\n]}\n")
        self._file.close()

    def abandon(self) -> None:
        with suppress(OSError):
            self._file.close()


class GeoPackageWriter:
    """A GeoPackage with one layer of points."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._path = path
        self._columns = columns
        self._begun = False
        self.write([])

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        if self._begun and not rows:
            return
        lons, lats = ([row[at] for row in rows] for at in (0, 1))
        points = np.array(
            [None if lon is None else shapely.Point(lon, lat)
             for lon, lat in zip(lons, lats, strict=True)], dtype=object,
        )  # fmt: skip
        data, masks = [], []
        for at, column in enumerate(self._columns, start=2):
            values = [row[at] for row in rows]
            empty = np.array([value is None for value in values], dtype=bool)
            data.append(_array(column, values))
            masks.append(empty if column.kind != "text" else None)
        # Only here: it brings geopandas and pandas along, a second of every start.
        from pyogrio import errors, raw  # noqa: PLC0415

        try:
            raw.write(
                str(self._path), shapely.to_wkb(points), data, [one.name for one in self._columns],
                field_mask=masks, layer=LAYER, driver="GPKG", geometry_type="Point",
                crs="EPSG:4326", append=self._begun,
            )  # fmt: skip
        except (errors.DataSourceError, errors.DataLayerError) as error:
            raise OSError(str(error)) from error
        self._begun = True

    def close(self) -> None:
        """Each chunk is in the file already."""

    def abandon(self) -> None:
        """Nothing is open between chunks."""


def _array(column: Column, values: Sequence[Any]) -> np.ndarray[Any, Any]:
    if column.kind == "text":
        return np.array(values, dtype=object)
    kind = np.int64 if column.kind == "integer" else np.float64
    return np.array([0 if value is None else value for value in values], dtype=kind)


FORMATS: Final[dict[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
}


def open_writer(kind: str, path: Path, columns: Sequence[Column], *, bom: bool) -> Writer:
    """A new file of one of `FORMATS`."""
    if kind == "csv":
        return CsvWriter(path, columns, bom=bom)
    if kind == "xlsx":
        return XlsxWriter(path, columns)
    return GeoJsonWriter(path, columns) if kind == "geojson" else GeoPackageWriter(path, columns)
