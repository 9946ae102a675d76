"""Territories on the map: one shape each, whatever units they are made of."""

from dataclasses import replace

import mapbox_vector_tile
import pytest
from shapely.geometry import shape
from sqlalchemy import func, text, update

from geocrm.territories.models import Plan, PlanState, Territory, TerritoryUnit

# All three regencies lie in this tile, at 1 to 4 degrees east and 0 to 1 north.
TILE = "/tiles/territories/6/32/31.mvt"


@pytest.fixture
def plan(session):
    """Two regencies beside each other are North, the third is South; the plan is live."""
    session.execute(
        text(
            "INSERT INTO boundary_layers (code, name, level, parent, source, vintage, licence,"
            " attribution) VALUES ('tst-adm2', 'Regencies', 2, NULL, '', '', '', '')"
        )
    )
    square = "ST_Multi(ST_MakeEnvelope(:x, 0, :x + 1, 1, 4326))"
    for x in (1, 2, 3):
        session.execute(
            text(
                "INSERT INTO boundaries (code, layer, name, area_km2, geom, outline, centre)"
                f" VALUES (:code, 'tst-adm2', 'R', 1, {square}, ST_Transform({square}, 3857),"
                " ST_MakePoint(:x, 0.5))"
            ),
            {"code": f"tst-adm2:{x}", "x": x},
        )
    plan = Plan(name="P", level="tst-adm2", measure="accounts", tolerance=0.1,
                state=PlanState.LIVE.value, live_from=func.now())  # fmt: skip
    session.add(plan)
    session.flush()
    for number, (name, units) in enumerate({"North": (1, 2), "South": (3,)}.items(), 1):
        territory = Territory(plan_id=plan.id, number=number, name=name)
        session.add(territory)
        session.flush()
        for x in units:
            unit = f"tst-adm2:{x}"
            session.add(TerritoryUnit(plan_id=plan.id, unit=unit, territory_id=territory.id))
    session.commit()
    return plan


@pytest.fixture
def visitor(app, client_of, administrator, tmp_path):
    """Somebody who sees everything, with nothing kept from before."""
    app.config["GEOCRM_SETTINGS"] = replace(app.config["GEOCRM_SETTINGS"], var=tmp_path)
    return client_of(administrator)


def shapes(answer):
    """The shapes in a tile by the territory's name, in degrees near the equator."""
    layer = mapbox_vector_tile.decode(answer.data)["territories"]
    return {each["properties"]["name"]: shape(each["geometry"]) for each in layer["features"]}


@pytest.mark.parametrize("path", [TILE, "/tiles/territories/3/4/3.mvt"])
def test_a_territory_is_drawn_without_the_borders_of_its_units(visitor, plan, path):
    found = shapes(visitor.get(path))
    assert set(found) == {"North", "South"}
    north, south = found["North"], found["South"]
    assert north.geom_type == south.geom_type == "Polygon"
    assert north.area == pytest.approx(2 * south.area, rel=0.05)
    assert len(north.simplify(1).exterior.coords) == 5, "a box, with no corner on the old border"
    assert north.intersection(south).area == 0
    assert north.touches(south)


def test_shapes_stay_until_the_plan_changes(session, visitor, plan, statements):
    first = visitor.get(TILE)
    headers = {"If-None-Match": first.headers["ETag"]}
    assert visitor.get(TILE, headers=headers).status_code == 304
    session.execute(update(Plan).where(Plan.id == plan.id).values(version=Plan.version + 1))
    unit = TerritoryUnit.unit == "tst-adm2:2"
    south = text("(SELECT id FROM territories WHERE name = 'South')")
    session.execute(update(TerritoryUnit).where(unit).values(territory_id=south))
    session.commit()
    again = visitor.get(TILE, headers=headers)
    assert again.status_code == 200
    assert shapes(again)["South"].area > shapes(again)["North"].area


def test_without_a_live_plan_there_is_nothing_and_a_tile_that_is_none_is_refused(
    session, visitor, plan
):
    session.execute(update(Plan).values(state=PlanState.ARCHIVED.value))
    session.commit()
    assert visitor.get(TILE).data == b""
    assert visitor.get("/tiles/territories/6/99/0.mvt").status_code == 422
