"""A CSV file of addresses, and the command that geocodes it."""

import csv
import json

import pytest

from geocrm import cli
from geocrm.errors import InvalidInput
from geocrm.geocoding import service
from geocrm.geocoding.table import geocode_table


@pytest.fixture
def run(session, tmp_path):
    """Geocode a file of these bytes; gives the rows written, as dictionaries."""

    def run(content: bytes) -> list[dict[str, str]]:
        source, target = tmp_path / "in.csv", tmp_path / "out.csv"
        source.write_bytes(content)
        geocode_table(
            source, target, lambda q: service.geocode_many(session, q), lambda _done: None
        )
        with target.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return run


def test_columns_are_kept_in_order_and_answers_added(run):
    rows = run(b'id,address,note\n1,"Braga, Sumur Bandung, Kota Bandung",=1+1\n2,nowhere,\n')

    assert list(rows[0]) == [
        "id", "address", "note", "lon", "lat", "grade", "radius_m", "p50", "p200", "p1000",
        "provider", "label", "ambiguous",
    ]  # fmt: skip
    assert (rows[0]["id"], rows[0]["note"], rows[0]["grade"]) == ("1", "=1+1", "village")
    assert float(rows[0]["lon"]) == pytest.approx(107.6085, abs=0.001)
    shares = [float(rows[0][name]) for name in ("p50", "p200", "p1000")]
    assert shares == sorted(shares)
    assert rows[0]["ambiguous"] == "no"
    assert (rows[1]["grade"], rows[1]["lon"], rows[1]["lat"]) == ("none", "", "")


@pytest.mark.parametrize(
    "encoded",
    [
        "Nama;Kelurahan;Kecamatan;Kota\r\nCafé;Braga;Sumur Bandung;Kota Bandung\r\n".encode(
            "cp1252"
        ),
        "\ufeffNama,Kelurahan,Kecamatan,Kota\nCafé,Braga,Sumur Bandung,Kota Bandung\n".encode(),
        "Nama\tKelurahan\tKecamatan\tKota\nCafé\tBraga\tSumur Bandung\tKota Bandung\n".encode(
            "utf-16"
        ),
        "Nama|Kelurahan|Kecamatan|Kota\n\nCafé|Braga|Sumur Bandung|Kota Bandung".encode(),
    ],
)
def test_any_encoding_and_delimiter_is_read(run, encoded):
    (row,) = run(encoded)

    assert (row["Nama"], row["grade"]) == ("Café", "village")


def test_an_added_column_does_not_overwrite_one_of_the_file(run):
    (row,) = run(b"lon,city\nmine,Kota Bandung\n")

    assert row["lon"] == "mine"
    assert float(row["geocrm_lon"]) == pytest.approx(107.6, abs=0.1)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"name,phone\nx,1\n", "no column with an address .found: name, phone"),
        (b"street,house_number\nJl. Mawar,1\n", "no column with an address"),
        (b"city,note\nDepok,a\nBandung,b,c\n", "line 3: 3 cells, but the header has 2"),
        (b"PK\x03\x04rest", "save it as CSV"),
        (b"city\n" + b"x" * 200_000 + b"\n", "line 2: field larger"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_leaves_nothing_behind(
    run, tmp_path, content, says
):
    with pytest.raises(InvalidInput, match=says):
        run(content)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_short_rows_nul_bytes_and_blank_lines_stop_nothing(run):
    rows = run(b"city,note\nKota\x00 Bandung\n\n,,\nDepok,x\n")

    assert [row["grade"] for row in rows] == ["regency", "regency"]


@pytest.fixture
def command(engine, monkeypatch):
    """Run `geocrm geocode` on the slice; gives the exit status."""
    monkeypatch.setenv("GEOCRM_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    return lambda *arguments: cli.run(["geocode", *arguments])


def test_the_command_prints_one_json_document(command, capsys):
    assert command("Springfield, Illinois", "--country", "US", "--json") == 0

    found = json.loads(capsys.readouterr().out)
    assert (found["grade"], found["provider"]) == ("regency", "gazetteer")
    assert found["lon"] == pytest.approx(-89.64, abs=0.01)
    assert found["alternatives"] == []


def test_the_command_ends_with_1_when_nothing_is_found_and_2_when_asked_wrongly(command, capsys):
    assert command("hello world", "--json") == 1
    assert json.loads(capsys.readouterr().out) == {"grade": "none"}
    assert command("Bandung", "--country", "Narnia") == 2
    assert command() == 2
    assert command("--csv", "missing.csv", "--out", "out.csv") == 2
    errors = capsys.readouterr().err
    assert "Narnia" in errors
    assert "There is no file missing.csv" in errors


def test_the_command_geocodes_a_file(command, tmp_path, capsys):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("city\nKota Bandung\nKota Depok\n?\n")

    assert command("--csv", str(source), "--out", str(target), "--json") == 0

    assert json.loads(capsys.readouterr().out) == {
        "read": 3,
        "grades": {"regency": 2, "none": 1},
    }
    assert target.stat().st_mode & 0o044
