"""Streets over HTTP: which packs there are, and their tiles by byte range, and nothing else."""

from dataclasses import replace

import pytest
from sqlalchemy import text


@pytest.fixture
def settings(settings, tmp_path):
    """With a folder of files of the test's own."""
    return replace(settings, var=tmp_path)


@pytest.fixture
def add_pack(session, tmp_path):
    """Add a pack with the files of its street map, or without."""

    def add(folder: str, box: tuple[float, ...], tiles: bytes | None = b"0123456789") -> None:
        session.execute(
            text(
                "INSERT INTO region_packs (name, file_name, file_sha256, file_bytes, data_date,"
                " box, licence, attribution, folder) VALUES (:name, 'x.osm.pbf', '', 1,"
                " '2024-05-06', ST_MakeEnvelope(:w, :s, :e, :n, 4326), 'ODbL 1.0',"
                " '© OpenStreetMap contributors', :folder)"
            ),
            dict(zip("wsen", box, strict=True)) | {"name": folder.lower(), "folder": folder},
        )
        session.commit()
        if tiles is not None:
            (tmp_path / "packs" / folder).mkdir(parents=True)
            (tmp_path / "packs" / folder / "streets.pmtiles").write_bytes(tiles)

    return add


def test_packs_with_tiles_are_listed_the_largest_first(signed_in_as, rep, add_pack):
    add_pack("town", (24.9, 60.1, 25.0, 60.2))
    add_pack("country", (20, 59, 31, 70))
    add_pack("loading", (0, 0, 1, 1), tiles=None)
    answer = signed_in_as(rep).get("/basemap/packs.json")
    assert [pack["folder"] for pack in answer.json] == ["country", "town"]
    town = answer.json[1]
    assert town["box"] == [24.9, 60.1, 25.0, 60.2]
    assert town["attribution"] == "© OpenStreetMap contributors"
    assert town["data_date"] == "2024-05-06"
    again = signed_in_as(rep).get(
        "/basemap/packs.json", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


def test_tiles_come_by_byte_range_and_their_address_changes_with_them(
    signed_in_as, rep, add_pack, tmp_path
):
    add_pack("town", (24.9, 60.1, 25.0, 60.2))
    client = signed_in_as(rep)
    url = client.get("/basemap/packs.json").json[0]["url"]
    part = client.get(url, headers={"Range": "bytes=2-4"}, buffered=True)
    assert (part.status_code, part.data) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    unchanged = client.get(url, headers={"If-None-Match": part.headers["ETag"]}, buffered=True)
    assert unchanged.status_code == 304
    (tmp_path / "packs" / "town" / "streets.pmtiles").write_bytes(b"newer tiles")
    assert client.get("/basemap/packs.json").json[0]["url"] != url


@pytest.mark.parametrize(
    "folder", ["none", "..", "../basemap/world", "%2e%2e%2fsecret", "town%2fstreets", ".hidden", ""]
)
def test_no_other_file_can_be_reached(signed_in_as, rep, add_pack, tmp_path, folder):
    add_pack("town", (24.9, 60.1, 25.0, 60.2))
    (tmp_path / "streets.pmtiles").write_bytes(b"not for you")
    (tmp_path / "packs" / ".hidden").mkdir()
    (tmp_path / "packs" / ".hidden" / "streets.pmtiles").write_bytes(b"not for you")
    answer = signed_in_as(rep).get(f"/basemap/packs/{folder}.pmtiles")
    assert answer.status_code == 404


def test_a_stranger_gets_no_streets(client_of, add_pack):
    add_pack("town", (24.9, 60.1, 25.0, 60.2))
    for path in ("/basemap/packs.json", "/basemap/packs/town.pmtiles"):
        assert client_of(None).get(path).status_code in (302, 401)


def test_without_packs_the_list_is_empty(signed_in_as, rep):
    assert signed_in_as(rep).get("/basemap/packs.json").json == []
