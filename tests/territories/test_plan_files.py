"""Plans carried out and in: every format, one territory or all, and what comes back."""

import csv
import importlib
import io
import json
import sys
import zipfile

import numpy as np
import pyogrio.raw
import pytest
from sqlalchemy import delete

from geocrm.errors import Forbidden, InvalidInput, NotFound
from geocrm.spatial.districting import SOLVER_VERSION
from geocrm.territories import (
    designing,
    exporting,
    importing,
    plan_files,
    plan_sides,
    queries,
    scenarios,
    service,
)
from geocrm.territories.models import Measure, TerritoryUnit
from geocrm.territories.palette import colour_at
from geocrm.territories.report_style import Style
from geocrm.territories.service import Move, move_units
from tests.territories.conftest import code


@pytest.fixture
def read_pdf():
    """Opens PDFs; afterwards the process has not loaded the reader, as other tests want it."""
    yield importlib.import_module("pypdfium2").PdfDocument
    for name in [name for name in sys.modules if name.startswith("pypdfium2")]:
        del sys.modules[name]


@pytest.fixture
def take(session, actor, tmp_path):
    """A plan as a file of this kind."""

    def render(plan, kind: str, territory: int | None = None) -> bytes:
        return exporting.render(session, actor, plan.id, kind, Style(tmp_path), territory)

    return render


@pytest.fixture
def bring(session, actor, tmp_path):
    """A new draft from the content of a file."""

    def create(content: bytes, name: str = "Brought", **more) -> importing.Imported:
        path = tmp_path / "plan.csv"
        path.write_bytes(content)
        done = importing.create(session, actor, name, plan_files.read_plan(path), **more)
        session.commit()
        return done

    return create


def division(session, plan) -> dict[str, int]:
    return {unit.code: unit.territory for unit in queries.placed_units(session, plan.id)}


def test_a_scenario_brings_the_same_plan_back_and_writes_the_same_bytes(
    session, actor, add_plan, take, bring
):
    plan = add_plan("Java & Bali, 2026")
    text = take(plan, "scenario")
    twin = bring(text, "Java & Bali, 2026").plan
    assert division(session, twin) == division(session, plan)
    assert take(twin, "scenario") == text == take(plan, "scenario")
    rows = text.decode().split("unit,territory\n")[1].splitlines()
    assert rows == sorted(rows)
    assert len(rows) == 18


def test_a_scenario_says_what_it_was_made_on(add_plan, take, tmp_path):
    path = tmp_path / "plan.txt"
    path.write_bytes(take(add_plan(), "scenario"))
    head = plan_files.read_plan(path).head
    assert (head["format"], head["seed"], head["balance"]) == ("1", 1, "population")
    assert head["unassigned"] == []
    assert len(head["loads"]) == 12
    assert head["territories"]["2"]["name"] == "Slice 2"


def test_units_in_no_territory_stay_in_none(session, add_plan, take, bring):
    plan = add_plan()
    session.execute(delete(TerritoryUnit).where(TerritoryUnit.unit == code("b2")))
    text = take(plan, "scenario")
    assert f'# unassigned: ["{code("b2")}"]' in text.decode()
    twin = bring(text).plan
    assert division(session, twin) == division(session, plan)
    assert code("b2") not in division(session, twin)


def test_replaying_a_designed_scenario_gives_the_same_plan_and_a_changed_one_says_why(
    session, actor, design, take, tmp_path
):
    plan = service.save(session, actor, "Designed", design(3, seed=7, time_s=120))
    plan.params = plan.params | {"solver": SOLVER_VERSION}
    session.commit()
    path = tmp_path / "plan.txt"

    def scenario() -> plan_files.PlanFile:
        path.write_bytes(take(plan, "scenario"))
        return plan_files.read_plan(path)

    request = scenarios.request_of(scenario())
    surveyed = designing.survey(session, actor, request)
    here = scenarios.boundaries(session, "tst-adm2")
    anew = designing.solve(surveyed, request)
    assert scenarios.replayed(scenario(), anew, here).same
    held = division(session, plan)
    unit, home = next((u, n) for u, n in held.items() if list(held.values()).count(n) > 1)
    other = next(n for n in set(held.values()) if n != home)
    move_units(session, actor, plan.id, None, [Move(unit, other)], splits_allowed=True)
    done = scenarios.replayed(scenario(), anew, here)
    assert done.moved == (unit,)
    assert done.reasons == ("units were moved by hand after the plan was designed",)


def test_a_replay_names_what_differs(session, actor, design, take, tmp_path, monkeypatch):
    found = design(3)
    file = plan_files.PlanFile(
        "plan.txt",
        tuple(unit.code for unit in found.ground.units),
        tuple("123"[at % 3] for at in range(18)),
        tuple(range(18)),
        {"loads": "other", "vintage": "2016", "solver": "0", "stopped_early": True},
    )
    reasons = " ".join(scenarios.replayed(file, found, {"vintage": "2020"}).reasons)
    for word in ("fingerprint other", "vintage differs (2016, now 2020)", "solver differs",
                 "time ran out when"):  # fmt: skip
        assert word in reasons


def test_a_block_equivalency_file_goes_out_and_comes_back(session, add_plan, take, bring):
    plan = add_plan()
    content = take(plan, "bef")
    lines = content.decode().splitlines()
    assert lines[0] == "GEOID,DISTRICT"
    assert lines[1] == f"a1,{division(session, plan)[code('a1')]}"
    done = bring(content, level="tst-adm2")
    assert division(session, done.plan) == division(session, plan)
    assert (done.units, done.territories) == (18, 3)
    assert done.plan.state == plan.state


def test_a_file_of_an_area_makes_a_plan_of_that_area(session, country, bring):
    west = [f"{x}{y}" for x in "ab" for y in "1234"] + ["i1", "i2"]
    content = "".join(f"{unit};{unit[0]}\n" for unit in west).encode()
    done = bring(content, level="tst-adm2", within="tst-adm1:w", measure=Measure.ACCOUNTS)
    assert done.territories == 3
    assert [t.name for t in queries.territories(session, done.plan.id)] == ["a", "b", "i"]


@pytest.mark.parametrize(
    ("content", "more", "says"),
    [
        (
            b"a1,1\nzz,1\n",
            {"level": "tst-adm2"},
            r"units of tst-adm2 \(1\): 'zz' \(row 2\)",
        ),
        (b"a1,1\n", {"level": "tst-adm2"}, "no territory to 17 of the 18 units"),
        (b"a1,1\n", {}, "choose a boundary level"),
        (b"a1,1\n", {"level": "tst-adm9"}, "no boundary level 'tst-adm9'"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_and_nothing_is_kept(
    session, actor, country, bring, content, more, says
):
    with pytest.raises(InvalidInput, match=says):
        bring(content, **more)
    assert queries.plans(session, actor) == []


def test_a_rep_brings_no_plans(session, country, rep, actor_of, tmp_path):
    path = tmp_path / "plan.csv"
    path.write_text("a1,1\n")
    with pytest.raises(Forbidden):
        importing.create(
            session, actor_of(rep), "Mine", plan_files.read_plan(path), level="tst-adm2"
        )


@pytest.mark.parametrize("kind", ["geojson", "kml", "gpkg", "shp"])
@pytest.mark.parametrize("territory", [None, 2])
def test_map_programs_read_what_we_write(add_plan, take, tmp_path, kind, territory):
    path = tmp_path / f"plan.{exporting.ENDINGS.get(kind, kind)}"
    path.write_bytes(take(add_plan(), kind, territory))
    where = f"/vsizip/{path}/territories.shp" if kind == "shp" else str(path)
    layer = "territories" if kind == "gpkg" else None
    meta, _, shapes, fields = pyogrio.raw.read(where, layer=layer)
    names = fields[[f.casefold() for f in meta["fields"]].index("name")]
    wanted = ["Slice 1", "Slice 2", "Slice 3"]
    assert list(names) == (wanted if territory is None else ["Slice 2"])
    assert len(shapes) == len(names)
    if kind == "shp":
        archive = zipfile.ZipFile(path)
        assert archive.read("territories.cpg") == b"UTF-8"
    if kind in ("shp", "gpkg"):
        where = where.replace("territories.shp", "units.shp")
        units = pyogrio.raw.read(where, layer="units" if kind == "gpkg" else None)
        assert len(units[2]) == (18 if territory is None else 6)


def test_the_pdf_has_a_page_for_each_territory_with_its_units_and_figures(add_plan, take, read_pdf):
    plan = add_plan("Anambas & Łódź")
    book = read_pdf(take(plan, "pdf"))
    pages = [page.get_textpage().get_text_range() for page in book]
    assert len(pages) == 1 + 3
    assert "Anambas & Łódź" in pages[0]
    assert "Slice 3" in pages[0]
    assert "Slice 2" in pages[2]
    assert len([line for line in pages[2].splitlines() if "Unit " in line]) == 6
    alone = read_pdf(take(plan, "pdf", 2))
    assert len(alone) == 1
    assert "Slice 2" in alone[0].get_textpage().get_text_range()


def test_the_pdf_draws_every_territory_in_its_colour(session, add_plan, take, read_pdf):
    plan = add_plan()
    picture = np.asarray(read_pdf(take(plan, "pdf"))[0].render().to_pil())
    shown = {tuple(pixel) for pixel in picture[145:420, ::4].reshape(-1, 3).tolist()}
    for territory in queries.territories(session, plan.id):
        colour = [int(colour_at(territory.colour)[at : at + 2], 16) for at in (1, 3, 5)]
        # A seventh of the paper shines through.
        drawn = [0.85 * part + 0.15 * 255 for part in colour]
        assert any(max(abs(a - b) for a, b in zip(drawn, p, strict=True)) < 4 for p in shown)


def test_a_territory_or_format_that_there_is_not_is_refused(add_plan, take):
    plan = add_plan()
    with pytest.raises(NotFound, match="no territory 9"):
        take(plan, "csv", 9)
    with pytest.raises(InvalidInput, match="no format 'dwg'"):
        take(plan, "dwg")
    with pytest.raises(InvalidInput, match="whole plan"):
        take(plan, "scenario", 1)


def test_the_csv_of_one_territory_holds_its_units_only(add_plan, take):
    rows = list(csv.DictReader(io.StringIO(take(add_plan(), "csv", 1).decode("utf-8-sig"))))
    assert len(rows) == 6
    assert {row["territory"] for row in rows} == {"Slice 1"}


def test_geojson_names_the_units_of_each_territory(session, add_plan, take):
    plan = add_plan()
    found = json.loads(take(plan, "geojson"))["features"]
    held = {unit: f["id"] for f in found for unit in f["properties"]["units"]}
    assert held == division(session, plan)


def test_the_difference_of_saved_plans_counts_accounts_revenue_people_and_reps(
    session, actor, add_plan, add_account, rep
):
    for name in ("a1", "a2", "b3", "c1", "d2"):
        add_account(f"Toko {name}", unit=code(name), revenue=250.0)
    first = add_plan("First", people={1: [rep]})
    second = add_plan("Second", people={2: [rep]})
    move_units(session, actor, second.id, None, [Move(code("a1"), 2)], splits_allowed=True)
    sides = [plan_sides.of_plan(session, plan) for plan in (first, second)]
    found = plan_sides.diff(session, actor, *sides).document()
    assert found["moved"] == {
        "units": 1, "reps": 1, "accounts": 1, "revenue": 250, "population": 100
    }  # fmt: skip
    assert found["reps"][0]["before"] == ["Slice 1"]
    assert found["reps"][0]["after"] == ["Slice 2"]
    assert found["totals"]["population"] == 1800
    same = plan_sides.diff(session, actor, sides[0], sides[0]).document()
    assert same["same"]


def test_a_request_that_a_scenario_lacks_is_named(tmp_path):
    path = tmp_path / "plan.txt"
    path.write_text('# geocrm scenario 1\n# level: "x"\nunit,territory\na,1\n')
    with pytest.raises(InvalidInput, match="lacks the line # count"):
        scenarios.request_of(plan_files.read_plan(path))
    path.write_text("unit,territory\na,1\n")
    with pytest.raises(InvalidInput, match="is no scenario"):
        scenarios.request_of(plan_files.read_plan(path))
