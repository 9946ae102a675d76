"""Territories drawn in a map program come in as outlines."""

import json
from io import BytesIO

import pytest
import shapely

from geocrm.errors import InvalidInput
from geocrm.maps.areas import service as areas
from geocrm.territories import exporting, importing, outlines, plan_files, queries
from geocrm.territories.report_style import Style


@pytest.fixture
def brought(session, actor, tmp_path):
    """A new draft from a map, with what was said about it."""

    def bring(content: bytes, name: str, within: str | None = None):
        path = tmp_path / name
        path.write_bytes(content)
        assert outlines.is_map(path)
        found = areas.read_apart(path, name)["areas"]
        file, notes = outlines.plan_of(session, name, found, "tst-adm2", within)
        plan = importing.create(session, actor, name, file, level="tst-adm2", within=within).plan
        return plan, notes

    return bring


def division(session, plan) -> dict[str, str]:
    names = {t.number: t.name for t in queries.territories(session, plan.id)}
    return {u.code: names[u.territory] for u in queries.placed_units(session, plan.id)}


def drawn(*named: tuple[str, shapely.Geometry]) -> bytes:
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": shapely.geometry.mapping(g)}
        for name, g in named
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.mark.parametrize("kind", ["geojson", "kml", "gpkg", "shp"])
def test_a_plan_that_went_out_as_a_map_comes_back_the_same(
    session, actor, add_plan, brought, tmp_path, kind
):
    plan = add_plan("Out")
    content = exporting.render(session, actor, plan.id, kind, Style(tmp_path), None)
    back, _ = brought(content, "back.zip" if kind == "shp" else f"back.{kind}")
    assert division(session, back) == division(session, plan)


def test_of_outlines_over_each_other_the_largest_counts_and_it_is_said(session, add_plan, brought):
    add_plan()
    whole = shapely.box(-10, -10, 20, 20)
    back, notes = brought(drawn(("Town", shapely.box(0, 0, 1, 1)), ("All", whole)), "two.geojson")
    assert set(division(session, back).values()) == {"All"}
    assert notes == ("1 units lie in several outlines of two.geojson; the largest counts",)


def test_units_in_no_outline_are_refused_by_name(country, brought):
    with pytest.raises(InvalidInput, match=r"units lie in no outline of part.geojson: Unit .*"):
        brought(drawn(("West", shapely.box(0, 0, 2, 4))), "part.geojson")


def test_a_table_is_no_map(tmp_path):
    path = tmp_path / "plan.csv"
    path.write_text("unit,territory\na,1\n")
    assert not outlines.is_map(path)
    assert plan_files.read_plan(path).units == ("a",)


def test_the_api_takes_a_map_as_it_takes_a_table(client_of, manager, add_plan):
    add_plan()
    everywhere = drawn(("All", shapely.box(-10, -10, 20, 20)))
    form = {"file": (BytesIO(everywhere), "all.geojson"), "name": "By map", "level": "tst-adm2"}
    answer = client_of(manager).post(
        "/api/v1/territories/plans/import", data=form, content_type="multipart/form-data"
    )
    assert answer.status_code == 201, answer.json
    assert answer.json["territories"] == 1
