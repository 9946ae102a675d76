"""Areas out of files: what is kept, what is put right and said, and what hostile files get."""

import io
import json
import math
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from geocrm.errors import InvalidInput
from geocrm.maps.areas import service
from geocrm.maps.areas.models import Area

SQUARE = [[[106, -6], [107, -6], [107, -7], [106, -7], [106, -6]]]
KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>"""
PLACEMARK = """<Placemark><name>Pusat</name><Polygon><outerBoundaryIs><LinearRing><coordinates>
106,-6 107,-6 107,-7 106,-7 106,-6</coordinates></LinearRing></outerBoundaryIs></Polygon>
</Placemark>"""


def collection(*geometries, **named):
    features = [
        {"type": "Feature", "properties": {"name": f"Area {i}"}, "geometry": geometry}
        for i, geometry in enumerate(geometries, 1)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **named}).encode()


def polygon(ring):
    return {"type": "Polygon", "coordinates": [ring]}


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def written(tmp_path: Path, shapes, driver, ending, crs="EPSG:4326", names=None):
    """The file that GDAL writes for the shapes; a shapefile comes zipped."""
    folder = tmp_path / "made"
    folder.mkdir()
    path = folder / f"areas.{ending}"
    pyogrio.raw.write(
        path,
        geometry=np.array(shapely.to_wkb(shapes), dtype=object),
        field_data=[np.array(names or [f"Zone {i}" for i in range(len(shapes))], dtype=object)],
        fields=["NAME"],
        crs=crs or "EPSG:4326",
        geometry_type="Polygon",
        driver=driver,
    )
    if ending != "shp":
        return path.read_bytes()
    kept = [each for each in folder.iterdir() if crs or each.suffix != ".prj"]
    return zipped(**{each.name: each.read_bytes() for each in kept})


@pytest.fixture
def read(tmp_path):
    """What the reading process finds in a file."""

    def read(content: bytes, name: str):
        path = tmp_path / "upload"
        path.write_bytes(content)
        found = service.read_apart(path, name)
        found["shapes"] = [shapely.from_wkb(wkb) for _name, wkb in found["areas"]]
        found["names"] = [called for called, _wkb in found["areas"]]
        return found

    return read


# ------------------------------------------------------------------------------ what is kept


def test_each_polygon_of_geojson_becomes_an_area_and_the_rest_is_listed(read):
    point = {"type": "Point", "coordinates": [106, -6]}
    found = read(collection(polygon(SQUARE[0]), point), "areas.geojson")
    assert found["names"] == ["Area 1"]
    assert found["shapes"][0].equals(box(106, -7, 107, -6))
    assert found["left_out"] == [
        "areas.geojson, feature 2 (Area 2): a Point is no area; only polygons are kept"
    ]


@pytest.mark.parametrize("name", ["areas.kml", "areas.kmz"])
def test_kml_and_kmz_are_read(read, name):
    text = KML.format(PLACEMARK).encode()
    found = read(zipped(**{"doc.kml": text}) if name.endswith("z") else text, name)
    assert found["names"] == ["Pusat"]
    assert found["shapes"][0].equals(box(106, -7, 107, -6))


@pytest.mark.parametrize(("driver", "ending"), [("GPKG", "gpkg"), ("ESRI Shapefile", "shp")])
def test_geopackage_and_zipped_shapefile_come_in_from_their_own_system(
    read, tmp_path, driver, ending
):
    metres = [Polygon([(700_000, 9_300_000), (710_000, 9_300_000), (710_000, 9_310_000)])]
    content = written(tmp_path, metres, driver, ending, crs="EPSG:32748", names=["Bekasi"])
    found = read(content, "areas.gpkg" if ending == "gpkg" else "areas.zip")
    assert found["names"] == ["Bekasi"]
    west, south, east, north = found["shapes"][0].bounds
    assert 106.8 < west < east < 107.0
    assert -6.4 < south < north < -6.2


def test_a_shapefile_without_its_system_is_read_as_degrees_when_they_fit(read, tmp_path):
    content = written(tmp_path, [box(106, -7, 107, -6)], "ESRI Shapefile", "shp", crs=None)
    found = read(content, "zones.zip")
    assert found["shapes"][0].equals(box(106, -7, 107, -6))
    assert "was read as WGS84" in found["notes"][0]


def test_a_shapefile_without_its_system_in_metres_says_what_is_missing(read, tmp_path):
    content = written(tmp_path, [box(7e5, 9e6, 8e5, 9.1e6)], "ESRI Shapefile", "shp", crs=None)
    with pytest.raises(InvalidInput, match=r"add the \.prj file"):
        read(content, "zones.zip")


def test_swapped_axes_are_put_right_and_said(read):
    swapped = [[y, x] for x, y in SQUARE[0]]
    found = read(collection(polygon(swapped)), "areas.geojson")
    assert found["shapes"][0].equals(box(106, -7, 107, -6))
    assert "swapped" in found["notes"][0]


def test_an_outline_that_crosses_itself_is_repaired_and_said(read):
    bow = [[106, -6], [107, -7], [107, -6], [106, -7], [106, -6]]
    found = read(collection(polygon(bow)), "areas.geojson")
    assert found["shapes"][0].is_valid
    assert found["shapes"][0].area == pytest.approx(0.5)
    assert "repaired" in found["notes"][0]


@pytest.mark.parametrize("east", [-179, 181])
def test_an_area_across_the_180th_meridian_is_split_there(read, east):
    ring = [[179, -17], [east, -17], [east, -18], [179, -18], [179, -17]]
    found = read(collection(polygon(ring)), "fiji.geojson")
    expected = MultiPolygon([box(179, -18, 180, -17), box(-180, -18, -179, -17)])
    assert found["shapes"][0].equals(expected)
    assert "180th meridian" in found["notes"][0]


def test_too_many_corners_are_simplified_and_said(read):
    circle = shapely.Point(107, -6).buffer(0.5, quad_segs=8_000)
    found = read(collection(json.loads(shapely.to_geojson(circle))), "round.geojson")
    assert shapely.get_num_coordinates(found["shapes"][0]) <= 10_000
    assert found["shapes"][0].area == pytest.approx(circle.area, rel=1e-3)
    assert "simplified" in found["notes"][0]


# ------------------------------------------------------------------------------ hostile files


def bomb():
    return zipped(**{"areas.kml": b" " * 200 * 2**20})


def nested():
    return zipped(**{"inner.zip": zipped(**{"areas.kml": KML.format(PLACEMARK)})})


def traversal():
    return zipped(**{"../../areas.kml": KML.format(PLACEMARK)})


def laughs():
    lines = ['<!ENTITY a0 "ha">']
    lines += [f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10)]
    return f"<!DOCTYPE kml [{''.join(lines)}]><kml><name>&a9;</name></kml>".encode()


def external():
    return b'<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml><name>&x;</name></kml>'


def five_million():
    return b'{"type":"Polygon","coordinates":[[' + b"[1,1]," * 5_000_000 + b"[1,1]]]}"


def many_in_little():
    return b'{"type":"Polygon","coordinates":[[' + b"[1,1]," * 3_000_000 + b"[1,1]]]}"


def deep_json():
    return b'{"type":"Polygon","coordinates":' + b"[" * 10_000 + b"]" * 10_000 + b"}"


def deep_kml():
    return KML.format("<Folder>" * 10_000 + "</Folder>" * 10_000).encode()


def endless_view():
    """A GeoPackage whose one layer computes rows for ever."""
    file = sqlite3.connect(":memory:")
    file.executescript("""
        CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT, identifier TEXT);
        INSERT INTO gpkg_contents VALUES ('areas', 'features', 'areas');
        CREATE VIEW areas AS WITH RECURSIVE row(fid) AS (
            SELECT 1 UNION ALL SELECT fid + 1 FROM row) SELECT fid, NULL AS geom FROM row;
    """)
    return file.serialize()


def elsewhere():
    return KML.format(
        "<NetworkLink><Link><href>http://example.test/a.kml</href></Link></NetworkLink>"
    )


def star():
    turns = [i * 2.8 for i in range(3_000)]
    ring = [[106 + math.cos(turn), -6 + math.sin(turn)] for turn in turns]
    return collection(polygon([*ring, ring[0]]))


def with_number(number):
    return collection(polygon(SQUARE[0])).replace(b"107", number.encode())


HOSTILE = {
    "bomb.zip": (bomb, "ZIP bomb"),
    "nested.zip": (nested, "packed once more"),
    "traversal.kmz": (traversal, "outside of the container"),
    "laughs.kml": (laughs, "declares entities"),
    "external.kml": (external, "declares entities"),
    "five-million.geojson": (five_million, "at most 20 MB"),
    "three-million.geojson": (many_in_little, "corners"),
    "deep.geojson": (deep_json, "nested deeper"),
    "deep.kml": (deep_kml, "nested deeper"),
    "nan.geojson": (lambda: with_number("NaN"), "NaN is not a number"),
    "inf.geojson": (lambda: with_number("1e999"), "infinite"),
    "recipe.vrt": (lambda: b"<OGRVRTDataSource><x/></OGRVRTDataSource>", "no KML"),
    "recipe.kml": (lambda: b"<OGRVRTDataSource><x/></OGRVRTDataSource>", "no KML"),
    "not.gpkg": (lambda: b"SQLite format 3\x00" + b"\x00" * 5000, "not.gpkg"),
    "cut.zip": (lambda: nested()[:60], "damaged"),
    "noise.bin": (lambda: bytes(range(256)) * 40, "no areas that can be read"),
    "empty.kml": (lambda: b"", "is empty"),
    "endless.gpkg": (endless_view, "computed and not stored"),
    "elsewhere.kml": (lambda: elsewhere().encode(), "holds no area"),
    "star.geojson": (star, "crosses itself"),
    "word.json": (lambda: b'{"type": "Teapot"}', "no GeoJSON"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_a_reason(read, name):
    make, reason = HOSTILE[name]
    with pytest.raises(InvalidInput, match=reason) as refusal:
        read(make(), name)
    assert name in str(refusal.value)


SPENT = """
import resource
memory = open("/proc/self/status").read().split("VmHWM:")[1].split()[0]
sys.stderr.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_utime} {memory}")
"""


@pytest.mark.parametrize(
    "name",
    [
        "bomb.zip",
        "laughs.kml",
        "three-million.geojson",
        "deep.kml",
        "endless.gpkg",
        "star.geojson",
    ],
)
def test_a_hostile_file_costs_little_time_and_memory(tmp_path, name):
    path = tmp_path / "upload"
    path.write_bytes(HOSTILE[name][0]())
    program = service.PROGRAM + "\n" + SPENT
    command = [sys.executable, "-c", program, str(path), name, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=service.ENVIRONMENT)
    seconds, kilobytes = map(float, done.stderr.split()[-2:])
    assert "refused" in done.stdout
    assert seconds < 5
    assert kilobytes < 256 * 1024


def test_a_link_in_a_container_is_not_followed(read):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("areas.kml")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InvalidInput, match="is a link"):
        read(out.getvalue(), "link.zip")


def test_sizes_that_lie_in_the_list_of_members_do_not_help(read):
    content = bytearray(zipped(**{"areas.kml": b" " * 60 * 2**20}))
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    with pytest.raises(InvalidInput):
        read(bytes(content), "lies.zip")


# ------------------------------------------------------------------------------ whose they are


def put(client, content, name="areas.geojson"):
    data = {"file": (io.BytesIO(content), name)}
    return client.post("/api/v1/areas/files", data=data, content_type="multipart/form-data")


def test_a_file_that_was_brought_is_listed_renamed_shared_and_deleted(client_of, rep, add_user):
    mine, other = client_of(rep), client_of(add_user())
    answer = put(mine, collection(polygon(SQUARE[0])), "zones.geojson")
    assert answer.status_code == 201
    (area,) = answer.json["items"]
    address = f"/api/v1/areas/{area['id']}"
    (listed,) = mine.get("/api/v1/areas").json["items"]
    assert (listed["mine"], listed["source"], listed["box"]) == (
        True, "zones.geojson", [106, -7, 107, -6],
    )  # fmt: skip
    assert listed["km2"] == pytest.approx(12_230, rel=0.01)
    assert other.get("/api/v1/areas").json["items"] == []
    for method in (other.get, other.delete):
        assert method(address).status_code == 404
    assert other.patch(address, json={"name": "Mine now"}).status_code == 404
    assert mine.patch(address, json={"name": "Pusat", "shared": True}).json["name"] == "Pusat"
    assert other.get(address).json["geometry"]["type"] == "MultiPolygon"
    assert other.patch(address, json={"name": "Mine now"}).status_code == 403
    assert other.delete(address).status_code == 403
    assert mine.delete(address).status_code == 204
    assert other.get(address).status_code == 404


def test_a_drawn_area_is_kept_and_a_bad_one_is_refused(client_of, rep):
    client = client_of(rep)
    drawn = {"name": "Around the port", "geometry": {"type": "Polygon", "coordinates": SQUARE}}
    assert client.post("/api/v1/areas", json=drawn).status_code == 201
    for bad in ({"type": "Point", "coordinates": [1, 2]}, {"type": "Polygon", "coordinates": []}):
        answer = client.post("/api/v1/areas", json={"name": "Bad", "geometry": bad})
        assert answer.status_code == 422
    assert client.post("/api/v1/areas", json=drawn | {"name": " "}).status_code == 422


def test_a_refused_file_leaves_nothing(client_of, rep, session):
    answer = put(client_of(rep), laughs(), "laughs.kml")
    assert answer.status_code == 422
    assert "laughs.kml" in answer.json["detail"]
    assert session.query(Area).count() == 0
    assert client_of(rep).post("/api/v1/areas/files").status_code == 422
