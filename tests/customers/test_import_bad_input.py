"""Files as people really send them: what each gets is a sentence with row, column and remedy."""

import io
import json
import struct
import zipfile

import openpyxl
import pytest
from sqlalchemy import select

from geocrm.customers.imports.reading import open_source
from geocrm.customers.models import Account, AccountScope, Phone
from geocrm.errors import InvalidInput


def workbook(*rows, sheet="Data") -> bytes:
    """An XLSX file with these rows."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def packed(**members: bytes) -> bytes:
    """A ZIP file with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return buffer.getvalue()


ROW_PROBLEMS = [
    ("lat,lon", "0,0", "the position is 0, 0, which stands for none"),
    ("lat,lon", "-6.2,", "only one of latitude and longitude is filled"),
    ("lat,lon", "-6208800,106.8", "is no position in degrees: check that the decimal mark"),
    ("lat,lon", "abc,106.8", "'abc' is no position in degrees"),
    ("lat,lon", "nan,106.8", "'nan' is no position in degrees"),
    ("lat,lon", "-6.208.800,106.8", "more than one decimal mark"),
    ("koordinat,x2", "somewhere,", "'somewhere' is no pair such as"),
    ("omzet,x2", "lots,", "column 'omzet': 'lots' is not a number"),
    ("omzet,x2", "-5,", "column 'omzet': -5 is negative"),
    ("omzet,x2", "1.250,", "may be 1.25 or 1250: say which"),
    ("negara,x2", "Atlantis,", "'Atlantis' is not a country"),
    ("alamat,x2", "x" * 600 + ",", "holds 600 characters, at most 500"),
    ("mata uang,x2", "Rupiah,", "is no currency code such as IDR"),
]


@pytest.mark.parametrize(("columns", "cells", "said"), ROW_PROBLEMS)
def test_a_bad_cell_fails_its_row_with_a_reason_and_the_others_go_in(
    bring_in, columns, cells, said
):
    done = bring_in(f"id,name,{columns}\nA,Good,,\nB,Bad,{cells}\n")
    assert (done.created, done.failed) == (1, 1)
    assert said in done.messages[3]


def test_swapped_coordinates_are_read_the_right_way_round_and_said(session, bring_in):
    done = bring_in("id,name,lat,lon\nA,Toko,106.8456,-6.2088\n")
    assert done.created == 1
    assert "latitude and longitude were swapped" in done.messages[2]
    assert session.scalars(select(AccountScope.geom.ST_Y())).one() == -6.2088


@pytest.mark.parametrize(
    ("lat", "lon"),
    [("-6,2088", "106,8456"), ("6.2088 S", "106.8456 E"), ("6°12'31.68\"S", "106°50'44.16\"E")],
)
def test_positions_are_read_as_people_write_them(session, bring_in, lat, lon):
    bring_in(f"name;lat;lon\nToko;{lat};{lon}\n")
    x, y = session.execute(select(AccountScope.geom.ST_X(), AccountScope.geom.ST_Y())).one()
    assert (round(x, 4), round(y, 4)) == (106.8456, -6.2088)


def test_an_emoji_beside_a_number_does_not_hurt_it_and_one_inside_leaves_it_out(session, bring_in):
    done = bring_in("id,name,phone\nA,Toko,0812-3456-7890 📱\nB,Kios,08💩\n")
    assert (done.created, done.failed) == (2, 0)
    assert session.scalars(select(Phone.e164)).all() == ["+6281234567890"]
    assert "column 'phone': '08💩' is no telephone number; left out" in done.messages[3]


@pytest.mark.parametrize("style", ["1.234.567,50", "1,234,567.50"])
def test_the_decimals_of_a_column_are_read_alike(session, bring_in, style):
    bring_in(f"id;name;omzet\nA;Toko;{style}\nB;Kios;{'2.000' if ',50' in style else '2,000'}\n")
    amounts = session.scalars(select(Account.annual_revenue).order_by(Account.external_id)).all()
    assert amounts == [1234567.5, 2000.0]


def test_mixed_decimals_fail_only_where_they_are_ambiguous(bring_in):
    done = bring_in("id;name;omzet\nA;Toko;1.234,50\nB;Kios;1,234.50\nC;Depot;1.234\n")
    assert (done.created, done.failed) == (2, 1)
    assert "say which" in done.messages[4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_any_usual_encoding_is_recognised(session, bring_in, encoding):
    bring_in("id;name;city\n1;Café Müller;Zürich\n2;Señor;Ñuñoa\n".encode(encoding))
    assert session.scalars(select(Account.name).order_by(Account.id)).all() == [
        "Café Müller",
        "Señor",
    ]


def test_one_broken_line_in_a_utf8_file_fails_alone(bring_in):
    good = "".join(f"{i},Café {i}\n" for i in range(20)).encode()
    done = bring_in(b"id,name\n" + good + b"99,Caf\xe9\n")
    assert (done.created, done.failed) == (20, 1)
    assert "column 'name'" in done.messages[22]
    assert "save the file as UTF-8" in done.messages[22]


def test_line_breaks_in_quotes_and_formulas_stay_text(session, bring_in):
    bring_in('id,name,alamat\n1,"=HYPERLINK(""x"")","Jl. A\nNo. 5"\n2,@SUM(A1),\n')
    names = session.scalars(select(Account.name).order_by(Account.id)).all()
    assert names == ['=HYPERLINK("x")', "@SUM(A1)"]


def test_two_thousand_columns_are_no_hindrance(session, bring_in):
    header = ",".join(["id", "name", *(f"extra {i}" for i in range(1998))])
    done = bring_in(
        f"{header}\n" + "".join(f"{i},Toko {i}," + ",".join("x" * 1998) + "\n" for i in range(3))
    )
    assert (done.created, done.failed) == (3, 0)


def test_title_lines_above_the_header_are_passed_over(session, bring_in):
    bring_in("Daftar Pelanggan 2026,,\n,,\nKode,Nama Toko,Kota\nK1,Toko Maju,Bandung\n")
    assert session.scalars(select(Account.external_id)).all() == ["K1"]


def test_an_unclosed_quote_or_an_extra_cell_fails_its_row(bring_in):
    done = bring_in("id,name\nA,Toko\nB,Kios,extra\nC,Depot\n")
    assert (done.created, done.failed) == (2, 1)
    assert "the row has 3 cells but there are 2 columns" in done.messages[3]


def test_nothing_behind_an_unclosed_quotation_mark_is_swallowed(session, bring_in):
    done = bring_in('id,name\nA,Toko\nB,"Kios\nC,Depot\nD,Warung\n')
    assert session.scalars(select(Account.external_id).order_by(Account.id)).all() == [
        "A", "C", "D",
    ]  # fmt: skip
    assert "a quotation mark is opened and never closed" in done.messages[3]


REFUSED = [
    ("empty.csv", b"", "is empty"),
    ("header.csv", b"id,name\n", "no rows below"),
    ("blank.csv", b"\n\n \n", "no rows"),
    ("data.csv", b"Toko Maju,-6.2,106.8\nToko B,-6.3,106.9\n", "The header is missing: row 1"),
    ("binary.csv", bytes(range(256)) * 40, "is no text file"),
    ("long.csv", b"id,name\n" + b"x" * 1_200_000, "more than 1,000,000 characters"),
    ("broken.xlsx", b"PK\x03\x04" + b"junk" * 100, "is damaged"),
    ("cut.xlsx", workbook(["id", "name"], ["1", "x"])[:900], "is damaged"),
    ("other.xlsx", packed(readme_xml=b"hi"), "is a ZIP file but no XLSX workbook"),
    ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old Excel file"),
    (
        "locked.xlsx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
        "is protected with a password",
    ),
    (
        "bomb.xlsx",
        packed(xl__workbook_xml=b"<a/>", xl__worksheets__s_xml=b"0" * 60_000_000),
        "ZIP bomb",
    ),
    (
        "far.xlsx",
        packed(
            xl__workbook_xml=b"<a/>",
            xl__worksheets__sheet1_xml=b'<row r="1"><c r="A1"/></row>'
            b'<row r="1048576"><c r="XFD1048576"/></row>',
        ),
        "spans 1,048,576 rows and 16,384 columns",
    ),
    ("doc.pdf", b"%PDF-1.7 ...", "a PDF document"),
    ("place.kml", b"<?xml version='1.0'?><kml/>", "is XML or HTML"),
    (
        "cut.geojson",
        b'{"type":"FeatureCollection","features":[{"type":"Feature"',
        "feature 1 cannot be read",
    ),
    ("none.geojson", b'{"type":"Topology"}', "holds no features"),
    (
        "deep.geojson",
        b'{"type":"FeatureCollection","features":[' + b"[" * 100_000,
        "nested too deeply",
    ),
]


@pytest.mark.parametrize(("name", "content", "said"), REFUSED, ids=[r[0] for r in REFUSED])
def test_a_file_that_cannot_be_read_is_refused_with_a_remedy(bring_in, name, content, said):
    with pytest.raises(InvalidInput, match=said.replace("(", r"\(")):
        bring_in(content, name=name)


def test_a_zip_bomb_whose_directory_lies_is_found_by_unpacking(write_file):
    content = bytearray(packed(xl__workbook_xml=b"<a/>", xl__worksheets__s_xml=b"0" * 60_000_000))
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)  # the size it claims to unpack to
    with pytest.raises(InvalidInput, match="ZIP bomb"):
        open_source(write_file(bytes(content), "liar.xlsx"))


def test_a_workbook_goes_in_with_its_numbers_and_dates(session, bring_in):
    content = workbook(
        ["Kode", "Nama", "Kode Pos", "HP", "Omzet", "Lat", "Lon"],
        [1001, "Toko", 40111, 81234567890, 1234.5, -6.2088, 106.8456],
        [1002, "=1+1", None, None, None, None, None],
    )
    done = bring_in(content, name="customers.xlsx")
    assert (done.created, done.failed) == (1, 1)  # a formula nobody calculated has no value
    account = session.scalars(select(Account)).one()
    assert (account.external_id, account.annual_revenue) == ("1001", 1234.5)
    assert session.scalars(select(Phone.e164)).all() == ["+6281234567890"]


def test_geojson_features_become_customers(session, bring_in):
    square = [[[106, -7], [107, -7], [107, -6], [106, -6], [106, -7]]]
    features = [
        {
            "type": "Feature",
            "properties": {"id": "A", "name": "Toko"},
            "geometry": {"type": "Point", "coordinates": [106.8456, -6.2088]},
        },
        {
            "type": "Feature",
            "properties": {"id": "B", "name": "Estate"},
            "geometry": {"type": "Polygon", "coordinates": square},
        },
        {"type": "Feature", "properties": {"id": "C", "name": "Nowhere"}, "geometry": None},
        {
            "type": "Feature",
            "properties": {"id": "D", "name": "Broken"},
            "geometry": {"type": "Point", "coordinates": ["x"]},
        },
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features})
    done = bring_in(content, name="customers.geojson")
    assert (done.created, done.failed) == (3, 1)
    assert "a point inside it was taken" in done.messages[2]


def test_geojson_in_another_coordinate_system_is_refused(bring_in):
    crs = '"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::3857"}}'
    content = f'{{"type":"FeatureCollection",{crs},"features":[]}}'
    with pytest.raises(InvalidInput, match="save it in WGS84"):
        bring_in(content, name="x.geojson")
