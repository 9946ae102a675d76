"""Units, edges and plans out of files: what is read, and the sentence for every mistake."""

import json

import numpy as np
import pytest

from geocrm.errors import InvalidInput
from geocrm.territories import plan_files, unit_files

GRID = "id,weight,lon,lat\n" + "".join(
    f"u{at},{at + 1},{at % 3},{at // 3}\n" for at in range(9)
)  # fmt: skip
EDGES = "".join(f"u{at},u{at + 1},2\n" for at in range(9) if at % 3 < 2) + "".join(
    f"u{at},u{at + 3},1\n" for at in range(6)
)


@pytest.fixture
def file(tmp_path):
    """Write a file and give its path."""

    def write(content: str | bytes, name: str = "units.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def square(x: float, y: float, size: float = 1.0) -> dict:
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


def collection(*units: tuple, **more) -> str:
    features = [
        {"type": "Feature", "properties": properties, "geometry": geometry}
        for properties, geometry in units
    ]
    return json.dumps({"type": "FeatureCollection", "features": features} | more)


def test_units_and_edges_of_a_grid_are_read(file):
    found = unit_files.read(file(GRID), file(EDGES, "edges.csv"))
    unit_files.require_connected(found)
    assert found.ids == tuple(f"u{at}" for at in range(9))
    assert found.weight().tolist() == list(range(1, 10))
    assert found.edges.shape == (12, 2)
    assert found.edge_length.sum() == 6 * 2 + 6 * 1
    assert (found.lon[5], found.lat[5]) == (2, 1)


@pytest.mark.parametrize(
    ("content", "first"),
    [
        ("ID;Weight;Jobs\n01;1,5;7\n02;2;8\n".encode("utf-8-sig"), "01"),
        ("Id\tWEIGHT\tjobs\n01\t1.5\t7\n02\t2\t8\n".encode("utf-16"), "01"),
        (
            "GEOID|weight|jobs\nQuébec-Montréal, près du château|1.5|7\n02|2|8\n".encode("cp1252"),
            "Québec-Montréal, près du château",
        ),
    ],
)
def test_any_delimiter_and_encoding_is_read_and_codes_keep_their_zeros(file, content, first):
    found = unit_files.read_units(file(content))
    assert found.ids == (first, "02")
    assert found.weight().tolist() == [1.5, 2]
    assert found.weight("jobs").tolist() == [7, 8]


def test_a_column_that_is_no_load_is_refused_only_when_it_is_asked_for(file):
    path = file("id,weight,change\na,1,-3\nb,2,4\n")
    found = unit_files.read_units(path)
    assert found.measures == ("weight",)
    with pytest.raises(InvalidInput, match=r"row 2, column 'change': the value is '-3'"):
        found.weight("change")
    with pytest.raises(InvalidInput, match="no column 'jobs'"):
        unit_files.read_units(path, ["jobs"])


@pytest.mark.parametrize(
    ("units", "says"),
    [
        ("", "is empty"),
        ("\n\n", "no rows"),
        ("id,weight\n", "no rows"),
        ("id,weight\na,\n", r"units.csv, row 2, column 'weight': the weight is missing"),
        ("id,weight\na,1\nb,-3\n", r"row 3, column 'weight'.*'-3'.*below 0"),
        ("id,weight\na,nan\n", "'nan'.*no number"),
        ("id,weight\na,inf\n", "'inf'.*no number"),
        ("id,weight\na,1e999\n", "too large"),
        ("id,weight\na,many\n", "'many'.*no number"),
        ('id,weight\na,"1,234"\n', "'1,234'.*point for decimals"),
        ("id,weight\na,1\na,2\n", r"row 3.*'a' is there already, in row 2"),
        ("id,weight\n,1\n", "has no id"),
        ("id,name\na,b\n", "no column 'weight'"),
        ("weight,height\n1,1\n", "no column 'id'"),
        ("id,weight,lon\na,1,5\n", "'lon' but no 'lat'"),
        ("id,weight,lon,lat\na,1,5,95\nb,1,6,100\n", "lon 5, lat 95.*look swapped"),
        ("id,weight,lon,lat\na,1,500000,4000000\n", "call planar columns x and y"),
        ("id,weight\na,1,2,3\n", "4 cells, but there are 2 columns"),
        ("id,weight,Weight\na,1,2\n", "two columns called 'Weight'"),
        ('id,weight\n"a,1\n', "quotation mark"),
        (b"id,weight\na\x00,1\n", "no text file|NUL"),
        (b"id,weight\n" + b"long name,1\n" * 6000 + b"a\x00,1\n", "there already|NUL"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "no text file"),
    ],
)
def test_a_mistake_among_the_units_is_named_with_its_place_and_remedy(file, units, says):
    with pytest.raises(InvalidInput, match=says):
        unit_files.read_units(file(units))


def test_a_file_that_is_not_there_and_one_that_is_too_large_are_refused(
    file, tmp_path, monkeypatch
):
    with pytest.raises(InvalidInput, match="There is no file"):
        unit_files.read_units(tmp_path / "none.csv")
    monkeypatch.setattr(unit_files.text_tables, "MAX_BYTES", 20)
    with pytest.raises(InvalidInput, match="MB, more than"):
        unit_files.read_units(file(GRID))


@pytest.mark.parametrize(
    ("units", "edges"), [("utf-8", "cp1252"), ("cp1252", "utf-8"), ("cp1252", "cp1252")]
)
def test_edges_name_their_units_in_whatever_encoding_the_two_files_are(file, units, edges):
    ids = ["Lüneburg", "Göttingen", "Gießen", "Zürich", "Bern"]
    rows = "id,weight\n" + "".join(f"{name},1\n" for name in ids)
    found = unit_files.read(
        file(rows.encode(units)),
        file("a,b\nZürich,Bern\n".encode(edges), "edges.csv"),
    )
    assert found.edges.tolist() == [[3, 4]]


def test_edges_whose_units_were_misread_say_that_the_encodings_differ(file):
    # What a file in cp1252 gives when it is read as Cyrillic.
    misread = "Malmö".encode("cp1252").decode("cp1251")
    units = file(f"id,weight\n{misread},1\nLund,1\n")
    with pytest.raises(InvalidInput, match=r"row 1, column 'a'.*different encodings.*UTF-8"):
        unit_files.read(units, file("Malmö,Lund\n", "edges.csv"))


@pytest.mark.parametrize(
    ("edges", "says"),
    [
        ("u0,zz\n", r"edges.csv, row 1, column 'b': there is no unit 'zz' in units.csv"),
        ("a,b\nu0,u1\nu2,u2\n", "row 3: 'u2' is named as its own neighbour"),
        ("a,b,length\nu0,u1,5\nu1,u0,6\n", "row 3: the edge u0,u1 is listed twice with different"),
        ("a,b,length\nu0,u1,-5\n", "below 0"),
        ("a,b,length\nu0,u1,long\n", "'long'.*no number"),
        ("u0\nu1\n", "names one unit, not two"),
    ],
)
def test_a_mistake_among_the_edges_is_named(file, edges, says):
    with pytest.raises(InvalidInput, match=says):
        unit_files.read(file(GRID), file(edges, "edges.csv"))


def test_an_edge_listed_both_ways_counts_once_and_that_is_said(file):
    found = unit_files.read(file(GRID), file("from,to\nu0,u1\nu1,u0\n", "edges.csv"))
    assert found.edges.tolist() == [[0, 1]]
    assert found.edge_length is None
    assert found.notes == ("edges.csv lists 1 edges twice; they count once",)


def test_our_own_neighbour_files_are_understood(file):
    found = unit_files.read(file(GRID), file("a,b,kind,length_m\nu0,u1,land,7\n", "edges.csv"))
    assert found.edge_length.tolist() == [7]


def test_pieces_of_a_disconnected_graph_are_named_with_the_edge_that_would_help(file):
    lacking = "\n".join(line for line in EDGES.splitlines() if "u8" not in line)
    found = unit_files.read(file(GRID), file(lacking, "edges.csv"))
    with pytest.raises(InvalidInput, match=r"2 pieces.*8 \(u0, u1, u2.*1 \(u8\).*u5,u8|u7,u8"):
        unit_files.require_connected(found)
    with pytest.raises(InvalidInput, match="--edges"):
        unit_files.require_connected(unit_files.read_units(file(GRID)))


def test_outlines_give_places_areas_and_neighbours_by_shared_borders(file):
    path = file(
        collection(*[({"GEOID": f"0{at}", "weight": 1}, square(at, 0)) for at in range(3)]),
        "units.geojson",
    )
    found = unit_files.read(path)
    assert found.ids == ("00", "01", "02")
    assert found.edges.tolist() == [[0, 1], [1, 2]]
    assert found.edge_length == pytest.approx([111_195, 111_195], rel=1e-3)
    assert found.area_km2 == pytest.approx([12_364] * 3, rel=1e-3)
    assert np.allclose(found.lon, [0.5, 1.5, 2.5])


def test_an_outline_that_crosses_itself_is_repaired_and_named(file):
    bow = {"type": "Polygon", "coordinates": [[[1, 0], [2, 1], [2, 0], [1, 1], [1, 0]]]}
    path = file(
        collection(({"id": "a", "weight": 1}, square(0, 0)), ({"id": "b", "weight": 1}, bow)),
        "units.geojson",
    )
    assert "repaired (1): b" in unit_files.read(path).notes[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            collection(
                ({"id": "a", "weight": 1}, square(0, 0)),
                ({"id": "b", "weight": 1}, square(0.5, 0)),
            ),
            r"'a' and 'b' \(50% of the smaller\)",
        ),
        (collection(({"id": "a", "weight": 1}, None)), "feature 1 has no geometry"),
        (collection(({"id": "a"}, square(0, 0))), "no column 'weight'"),
        (collection(({"id": "a", "weight": None}, square(0, 0))), "feature 1.*weight is missing"),
        (collection(({"id": "a", "weight": 1}, square(120, 95))), "no place in degrees"),
        (collection(({"id": "a", "weight": 1}, square(180, 5))), r"\(181, 6\).*no place"),
        (collection(({"id": "a"}, square(0, 0)), crs={"type": "name", "properties": None}),
         "no column 'weight'"),
        (collection(({"id": "a", "weight": 1}, square(-6, 106))), "look swapped"),
        (
            collection(({"id": "a", "weight": 1}, {"type": "LineString", "coordinates": [[0, 0],
                                                                                        [1, 1]]})),
            "is a LineString",
        ),
        (collection(), "no features"),
        ('{"type": "Topology"}', "no GeoJSON with units"),
        ('{"type": "FeatureCollection", "features": [NaN]}', "NaN is not a number"),
        ("[" * 100_000, "nested deeper|is not GeoJSON"),
        (b"{\xff\xff", "not UTF-8"),
        (
            collection(({"id": "a", "weight": 1}, {"type": "Polygon", "coordinates": [[[0, 0],
                                                                   [1, 1], [0, 0], [0, 0]]]})),
            "encloses no area",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_geojson_is_named(file, content, says):
    with pytest.raises(InvalidInput, match=says):
        unit_files.read(file(content, "units.geojson"))


# ------------------------------------------------------------------------------ plans

CODES = ("usa-adm2:01001", "usa-adm2:01003", "idn-adm2:32.73")


@pytest.mark.parametrize(
    "content",
    [
        "unit,territory\nusa-adm2:01001,2\nusa-adm2:01003,1\nidn-adm2:32.73,2\n",
        "GEOID20;District\n01001;2\n01003;1\n32.73;2\n",
        "01001\t2\n01003\t1\n3273\t2\n",
        "01001 2\n01003 1\n3273 2\n",
        "assignment,id,name\n2,1001,Autauga\n1,1003,Baldwin\n2,3273,Bandung\n",
    ],
)
def test_a_plan_is_read_with_any_header_and_codes_with_or_without_prefix(file, content):
    found = plan_files.matched(plan_files.read_plan(file(content, "plan.csv")), CODES)
    assert found.labels == ("1", "2")
    assert found.district.tolist() == [1, 0, 1]


def test_a_block_equivalency_file_without_a_delimiter_is_read(file):
    lines = "010010201001000" + "02\n" + "010010201001001" + "10\n"
    plan = plan_files.read_plan(file(lines, "plan.txt"))
    assert plan.units == ("010010201001000", "010010201001001")
    assert plan.labels == ("02", "10")


def test_codes_that_lost_their_zeros_are_found_and_that_is_said(file):
    plan = plan_files.read_plan(file("unit,territory\n1001,a\n1003,b\n", "plan.csv"))
    found = plan_files.matched(plan, CODES[:2])
    assert found.notes == ("2 codes in plan.csv lack the zeros in front; they were found without",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "unit,territory\n01001,1\n01003,1\n99,1\n",
            r"assigns units that are not among.*'99' \(row 4\)",
        ),
        ("unit,territory\n01001,1\n", "no territory to 1 of .*usa-adm2:01003"),
        ("unit,territory\n01001,1\n01001,2\n", "row 3: the unit '01001' was assigned already in"),
        ("unit,territory\n01001,\n", "row 2 names no territory for '01001'"),
        ("unit,territory\n01001,1\n1001,1\n", "means usa-adm2:01001, which is there already"),
        ("unit,name,colour\n01001,x,y\n", "no column 'territory'"),
        ("unit,territory\n", "assigns no unit"),
        ("x\n", "is not a unit and a territory"),
        ("01001,Autauga,1\n01003,Baldwin,2\n", "3 columns without names"),
        (
            '# geocrm scenario 1\n# vintage: "2016"\nunit,territory\n01001,1\n',
            r"no territory to 1 of .*made on other boundaries \(2016; here: 2020\)",
        ),
        ("# geocrm scenario 1\n# seed: {\nunit,territory\n01001,1\n", "line 2.*'seed' cannot"),
    ],
)
def test_a_mistake_in_a_plan_is_named(file, content, says):
    with pytest.raises(InvalidInput, match=says):
        plan_files.matched(
            plan_files.read_plan(file(content, "plan.csv")), CODES[:2], vintage="2020"
        )
