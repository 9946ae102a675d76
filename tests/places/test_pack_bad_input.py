"""What is no pack is refused in a sentence and leaves nothing behind."""

import errno
import os
from pathlib import Path

import pytest

from geocrm.errors import Conflict, InvalidInput, NotFound, ServiceUnavailable
from geocrm.places.packs import service
from tests.places.extract import Extract, column, country


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    return tmp_path / "var" / "packs"


@pytest.fixture
def village(tmp_path: Path) -> Path:
    """An extract with one street and two houses."""
    return _village().write(tmp_path / "village.osm.pbf")


def _village() -> Extract:
    town = Extract()
    town.street("Am Bach", (0, 0), (300, 0))
    town.house("Am Bach", "1", (10, 10))
    town.house("Am Bach", "3", (60, 10))
    return town


@pytest.fixture(autouse=True)
def _country(session):
    country(session)


def _nothing_left(session, packs):
    left = column(session, "SELECT name FROM region_packs")
    left += column(session, "SELECT code FROM gazetteer_places WHERE pack_id IS NOT NULL")
    return left == [] and (not packs.exists() or not list(packs.iterdir()))


def _refused(session, file, packs, **given):
    with pytest.raises(InvalidInput) as refusal, session.begin_nested():
        service.add(session, file, packs, {}, **given)
    assert _nothing_left(session, packs)
    return str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"<?xml version='1.0'?><osm/>", b"\0" * 500])
def test_what_is_no_pbf_is_refused(session, tmp_path, packs, content):
    file = tmp_path / "odd.osm.pbf"
    file.write_bytes(content)
    assert "is no OpenStreetMap extract in PBF form" in _refused(session, file, packs)


def test_a_file_that_is_not_there(session, tmp_path, packs):
    assert "There is no file" in _refused(session, tmp_path / "none.osm.pbf", packs)


def test_a_truncated_file_is_refused(session, tmp_path, packs):
    town = _village()
    for i in range(3_000):
        town.house("Am Bach", str(i), (i, 20))
    file = town.write(tmp_path / "cut.osm.pbf")
    file.write_bytes(file.read_bytes()[:-2_000])
    assert "was cut short" in _refused(session, file, packs)


def test_a_history_file_is_refused_by_its_header(session, tmp_path, packs):
    file = _village().write(tmp_path / "h.osm.pbf", form="osh.pbf")
    assert "history file" in _refused(session, file, packs)


def test_a_history_file_is_refused_by_its_name(session, tmp_path, packs):
    file = _village().write(tmp_path / "region.osh.pbf")
    assert "history file" in _refused(session, file, packs)


def test_a_history_file_is_refused_by_its_versions(session, tmp_path, packs):
    town = _village()
    for _ in range(2):
        town.house("Am Bach", "5", (90, 10), osm_id=77)
    file = town.write(tmp_path / "h.osm.pbf")
    assert "history file" in _refused(session, file, packs)


@pytest.mark.parametrize("objects", ["none", "unnamed"])
def test_without_anything_with_a_name_there_is_no_pack(session, tmp_path, packs, objects):
    town = Extract()
    if objects == "unnamed":
        town.way((0, 0), (300, 0), highway="track")
        town.node((0, 0), natural="tree")
    file = town.write(tmp_path / "bare.osm.pbf")
    assert "no street, address or place" in _refused(session, file, packs)


def test_without_addresses_streets_are_loaded(session, tmp_path, packs):
    town = Extract()
    town.street("Am Bach", (0, 0), (300, 0))
    counts = service.add(session, town.write(tmp_path / "s.osm.pbf"), packs, {}).counts
    assert (counts["streets"], counts["addresses"]) == (1, 0)


@pytest.mark.parametrize("name", ["", "Am Bach", "-x", "x" * 61, "a/../b"])
def test_a_name_is_a_word(session, village, packs, name):
    if name:
        assert "is no name for a pack" in _refused(session, village, packs, name=name)
    else:
        assert service.add(session, village, packs, {}, name).name == "village"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("north-holland-latest.osm.pbf", "north-holland"),
        ("Jawa_Barat-240101.osm.pbf", "jawa-barat"),
        ("île.pbf", "le"),
        ("...osm.pbf", "pack"),
    ],
)
def test_a_file_gives_the_pack_its_name(file, name):
    assert service.name_of(Path(file)) == name


def test_the_same_file_again_changes_nothing(session, village, packs):
    first = service.add(session, village, packs, {})
    folder = column(session, "SELECT folder FROM region_packs")
    again = service.add(session, village, packs, {})
    assert (first.changed, again.changed) == (True, False)
    assert again.counts == first.counts
    assert column(session, "SELECT folder FROM region_packs") == folder


def test_another_file_under_the_same_name_needs_update(session, village, tmp_path, packs):
    service.add(session, village, packs, {})
    other = _village()
    other.house("Am Bach", "5", (90, 10))
    file = other.write(tmp_path / "other.osm.pbf")
    with pytest.raises(Conflict, match=r"geocrm places update village .*other\.osm\.pbf"):
        service.add(session, file, packs, {}, "village")
    assert service.update(session, "village", file, packs, {}).counts["addresses"] == 3
    assert column(session, "SELECT count(*) FROM pack_addresses") == [3]


def test_a_failed_update_leaves_the_pack_as_it_was(session, village, tmp_path, packs):
    service.add(session, village, packs, {})
    bad = tmp_path / "bad.osm.pbf"
    bad.write_bytes(b"hello")
    with pytest.raises(InvalidInput), session.begin_nested():
        service.update(session, "village", bad, packs, {})
    assert column(session, "SELECT count(*) FROM pack_addresses") == [2]
    [folder] = column(session, "SELECT folder FROM region_packs")
    assert [path.name for path in packs.iterdir()] == [folder]


def test_only_a_pack_that_is_there_is_updated_or_removed(session, village, packs):
    with pytest.raises(NotFound, match="none is loaded"):
        service.update(session, "village", village, packs, {})
    with pytest.raises(NotFound, match="no region pack 'x'"):
        service.remove(session, packs, "x")


# ---------------------------------------------------------------- the folder


def _write(content: bytes):
    return lambda _source, target: target.write_bytes(content) and None


def test_files_beside_the_rows_lie_in_the_folder_of_the_pack(session, village, packs):
    service.add(session, village, packs, {"roads": _write(b"r"), "tiles": _write(b"t")})
    [folder] = column(session, "SELECT folder FROM region_packs")
    assert sorted(path.name for path in (packs / folder).iterdir()) == ["roads", "tiles"]


def test_a_pack_whose_files_are_lost_is_made_again_from_the_same_file(session, village, packs):
    made = {"roads": _write(b"r")}
    service.add(session, village, packs, made)
    [folder] = column(session, "SELECT folder FROM region_packs")
    (packs / folder / "roads").unlink()
    with pytest.raises(Conflict, match="places update village"):
        service.add(session, village, packs, made)
    assert service.update(session, "village", village, packs, made).changed


def _full(_source: Path, _target: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_said_and_leaves_nothing(session, village, packs):
    with pytest.raises(ServiceUnavailable, match=r"disk .* is full"), session.begin_nested():
        service.add(session, village, packs, {"roads": _full})
    assert _nothing_left(session, packs)


def test_a_disk_too_small_is_refused_before_anything_is_read(session, village, packs, monkeypatch):
    class Usage:
        free = 1_000_000

    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage)
    with pytest.raises(ServiceUnavailable, match="0 MB free"), session.begin_nested():
        service.add(session, village, packs, {})
    assert _nothing_left(session, packs)


def test_a_folder_that_cannot_be_written_is_said(session, village, tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    with pytest.raises(ServiceUnavailable, match="cannot be written"), session.begin_nested():
        service.add(session, village, in_the_way / "packs", {})
    assert column(session, "SELECT name FROM region_packs") == []


def test_orphan_folders_are_swept(session, village, packs):
    (packs / "killed-1234").mkdir(parents=True)
    (packs / "killed-1234" / "roads.osm.pbf").write_bytes(b"half")
    service.add(session, village, packs, {})
    [folder] = column(session, "SELECT folder FROM region_packs")
    assert [path.name for path in packs.iterdir()] == [folder]


def test_a_removed_pack_leaves_no_row_and_no_folder(session, village, packs):
    service.add(session, village, packs, {})
    service.remove(session, packs, "village")
    service.clear(session, packs)
    assert _nothing_left(session, packs)
    for table in ("streets", "street_names", "addresses", "localities", "spellings", "pois"):
        assert column(session, f"SELECT count(*) FROM pack_{table}") == [0]


def test_without_boundaries_no_country_can_be_told(session, village, packs):
    column(session, "DELETE FROM boundaries RETURNING code")
    with pytest.raises(ServiceUnavailable, match="geocrm boundaries load"), session.begin_nested():
        service.add(session, village, packs, {})
    assert _nothing_left(session, packs)
