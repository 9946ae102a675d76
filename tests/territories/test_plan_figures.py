"""Figures of any plan against closed forms, and what moves between two plans."""

import json
import re

import numpy as np
import pytest
import shapely

from geocrm.cli import run
from geocrm.spatial.districting import compactness
from geocrm.territories import plan_diff
from geocrm.territories.matching import twins
from geocrm.territories.plan_diff import Division

UNITS = "id,weight,jobs,lon,lat\n" + "".join(
    f"u{at},{at + 1},1,{at % 3},{at // 3}\n" for at in range(9)
)  # fmt: skip
EDGES = "".join(f"u{at},u{at + 1},2\n" for at in range(9) if at % 3 < 2) + "".join(
    f"u{at},u{at + 3},1\n" for at in range(6)
)
ROWS = "unit,territory\n" + "".join(f"u{at},{at // 3 + 1}\n" for at in range(9))


@pytest.fixture
def geocrm(tmp_path, monkeypatch, capsys):
    """Run a command beside the files of a grid, where no database can be reached."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEOCRM_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    for name, content in (("u.csv", UNITS), ("e.csv", EDGES), ("p.csv", ROWS)):
        (tmp_path / name).write_text(content)

    def command(*words: str):
        capsys.readouterr()
        status = run(["territories", *words])
        out, err = capsys.readouterr()
        return status, (json.loads(out) if out.startswith("{") else out), err

    return command


def test_a_circle_scores_one_and_squares_and_rectangles_what_geometry_says():
    assert compactness.polsby_popper(np.pi, 2 * np.pi) == pytest.approx(1)
    assert compactness.reock(np.pi, 1) == pytest.approx(1)
    assert compactness.polsby_popper(1, 4) == pytest.approx(np.pi / 4)
    assert compactness.reock(1, np.sqrt(2) / 2) == pytest.approx(2 / np.pi)
    assert compactness.polsby_popper(4, 10) == pytest.approx(4 * np.pi * 4 / 100)
    assert np.isnan(compactness.polsby_popper(1, 0))


@pytest.mark.parametrize("lat", [0, 45, 70])
@pytest.mark.parametrize("lon", [10, 180])
def test_shapes_on_the_globe_score_as_they_do_on_paper(lat, lon):
    """A disc, a square and a 4:1 rectangle of about 50 km, anywhere, also across the seam."""
    turn = np.linspace(0, 2 * np.pi, 721)
    disc = np.column_stack([np.cos(turn), np.sin(turn)]) * 0.2
    box = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * 0.2
    long = box * [2, 0.5]
    shapes = np.array(
        [
            shapely.Polygon(ring / [np.cos(np.radians(lat)), 1] + [lon, lat])
            for ring in (disc, box, long)
        ],
        dtype=object,
    )
    area, popper, circle = compactness.scores(shapes)
    assert popper == pytest.approx([1, np.pi / 4, 4 * np.pi * 4 / 100], rel=0.02)
    assert circle == pytest.approx([1, 2 / np.pi, 4 / (np.pi * 17 / 4)], rel=0.02)
    assert area[0] == pytest.approx(np.pi * (0.2 * 111.195) ** 2, rel=0.01)


def test_figures_of_a_plan_follow_from_its_units_without_a_database(geocrm):
    status, found, _ = geocrm("evaluate", "p.csv", "--units", "u.csv", "--edges", "e.csv", "--json")
    assert status == 0
    assert [t["loads"]["weight"] for t in found["territories"]] == [6, 15, 24]
    assert found["max_deviation"] == pytest.approx(0.6)
    assert found["measures"]["jobs"]["max_deviation"] == 0
    assert found["contiguous"]
    assert (found["cut_edges"], found["cut_length"]) == (6, 6.0)
    # Three units a degree apart about their weighted middle, e.g. 4, 5, 6 at 0, 1, 2 degrees.
    km = 111.195
    by_hand = sum(
        w * (x - np.average([0, 1, 2], weights=weights)) ** 2 * km**2
        for weights in ([1, 2, 3], [4, 5, 6], [7, 8, 9])
        for w, x in zip(weights, [0, 1, 2], strict=True)
    )
    assert found["inertia"] == pytest.approx(by_hand, rel=2e-3)
    assert found["polsby_popper"] is None
    assert found["moved"] is None


def test_a_territory_in_pieces_is_named(geocrm, tmp_path):
    (tmp_path / "torn.csv").write_text(ROWS.replace("u0,1", "u0,3").replace("u8,3", "u8,1"))
    _, found, _ = geocrm("evaluate", "torn.csv", "--units", "u.csv", "--edges", "e.csv", "--json")
    assert not found["contiguous"]
    assert found["in_pieces"] == ["1", "3"]


def test_without_neighbours_wholeness_is_unknown_not_denied(geocrm):
    _, found, _ = geocrm("evaluate", "p.csv", "--units", "u.csv", "--json")
    assert found["contiguous"] is None


def test_what_moves_is_counted_against_the_plan_kept_whatever_its_names(geocrm, tmp_path):
    renamed = ROWS.replace(",1\n", ",C\n").replace(",2\n", ",A\n").replace(",3\n", ",B\n")
    (tmp_path / "old.csv").write_text(renamed)
    (tmp_path / "new.csv").write_text(ROWS.replace("u3,2", "u3,1"))
    files = ("--units", "u.csv", "--edges", "e.csv", "--json")
    _, same, _ = geocrm("evaluate", "p.csv", "--keep", "old.csv", *files)
    assert same["moved"]["units"] == 0
    _, found, _ = geocrm("evaluate", "new.csv", "--keep", "old.csv", *files)
    assert found["moved"]["units"] == 1
    assert found["moved"]["loads"]["weight"] == 4
    assert found["moved"]["shares"]["weight"] == pytest.approx(4 / 45, abs=1e-6)


def test_squares_have_the_compactness_of_squares(geocrm, tmp_path):
    def square(x, y):
        return [[[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]]

    features = [
        {
            "type": "Feature",
            "properties": {"id": f"u{at}", "weight": 1},
            "geometry": {"type": "Polygon", "coordinates": square(at % 2, at // 2)},
        }
        for at in range(4)
    ]
    (tmp_path / "g.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features})
    )
    (tmp_path / "one.csv").write_text("u0,1\nu1,1\nu2,1\nu3,1\n")
    _, found, _ = geocrm("evaluate", "one.csv", "--units", "g.geojson", "--json")
    assert found["polsby_popper"] == pytest.approx(np.pi / 4, abs=1e-3)
    assert found["reock"] == pytest.approx(2 / np.pi, abs=1e-3)
    assert found["territories"][0]["area_km2"] == pytest.approx(4 * 12_360, rel=1e-3)


def test_a_diff_of_files_needs_no_database_and_says_what_moves(geocrm, tmp_path):
    (tmp_path / "q.csv").write_text(ROWS.replace("u3,2", "u3,1"))
    _, bare, _ = geocrm("diff", "p.csv", "q.csv", "--json")
    assert bare["moved"] == {"units": 1, "reps": 0}
    status, found, _ = geocrm("diff", "p.csv", "q.csv", "--units", "u.csv", "--json")
    assert status == 0
    assert found["matrix"] == [
        {"from": "2", "to": "1", "units": 1, "codes": ["u3"], "weight": 4, "jobs": 1}
    ]
    assert [b["territory"] for b in found["balances"]] == ["1", "2"]
    _, words, _ = geocrm("diff", "p.csv", "q.csv", "--units", "u.csv")
    assert "2 -> 1: 1 units" in words
    assert "4 weight (8.9%)" in words
    _, words, _ = geocrm("diff", "p.csv", "p.csv")
    assert "nothing moves" in words


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("evaluate", "none.csv", "--units", "u.csv"), "There is no file 'none.csv'"),
        (("evaluate", "p.csv", "--units", "e.csv"), "no column|already"),
        (("evaluate", "u.csv", "--units", "u.csv"), "territory"),
        (("diff", "p.csv", "u.csv"), "territory"),
    ],
)
def test_a_mistake_is_a_sentence_and_exit_status_two(geocrm, words, says):
    status, out, err = geocrm(*words)
    assert status == 2
    assert not out
    assert "Traceback" not in err
    assert re.search(says, err)


def test_territories_are_matched_by_what_they_share_not_by_their_numbers():
    before, after = np.array([0, 0, 1, 1, 2]), np.array([2, 2, 0, 0, 0])
    # Territory 1 after has no units; 0 after shares two units with 1 before.
    assert twins(before, after, np.array([1.0, 1, 1, 1, 1])).tolist() == [1, -1, 0]


def test_units_of_one_side_only_come_from_or_go_to_nowhere():
    def side(ids, district):
        return Division("x", ids, np.array(district), ("1", "2"), ("One", "Two"), {})

    found = plan_diff.compare(
        side(("a", "b", "c"), [0, 0, 1]), side(("a", "b", "d"), [0, 0, 1]), {}
    )
    assert [(f.before, f.after, f.units) for f in found.flows] == [
        (1, None, ("c",)),
        (None, 1, ("d",)),
    ]


def test_the_180th_meridian_through_a_territory_is_no_border_of_it():
    whole = shapely.box(178, -18, 180, -16)
    cut = shapely.MultiPolygon([shapely.box(179, -18, 180, -16), shapely.box(-180, -18, -179, -16)])
    for one, other in zip(
        *(compactness.scores(np.array([each])) for each in (whole, cut)), strict=True
    ):
        assert one == pytest.approx(other, rel=1e-3)
