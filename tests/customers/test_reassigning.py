"""Everybody's unit anew: as shapely says, with the polygons outside, and territories follow."""

import json

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from geocrm.customers import reassigning
from geocrm.customers.models import AccountScope
from geocrm.db import copy_rows, scoped_sql
from tests.customers import ground


@pytest.fixture
def land(session):
    """Sixty cells of a mosaic without the sea in the west; one has an island, one an enclave."""
    rng = np.random.default_rng(3)
    seeds = shapely.multipoints(rng.uniform((105, -9), (112, -5), (60, 2)))
    frame = shapely.box(105, -9, 112, -5)
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=frame))
    shapes = [shapely.intersection(each, frame) for each in cells]
    shapes = [each for each in shapes if each.bounds[0] > 105.5]
    enclave = shapely.box(*(shapes[3].centroid.coords[0] * 2)).buffer(0.05, quad_segs=2)
    shapes[3] = shapely.difference(shapes[3], enclave)
    shapes[5] = shapely.multipolygons([shapes[5], shapely.box(104, -7, 104.25, -6.75)])
    shapes.append(enclave)
    ground.lay(session)
    session.execute(text("DELETE FROM boundaries"))
    for number, shape in enumerate(shapes):
        session.execute(
            text(
                "INSERT INTO boundaries (code, layer, name, country, area_km2, geom, outline,"
                " centre) SELECT :code, 'idn-adm2', :code, 'ID', 1, g, ST_Transform(g, 3857),"
                " ST_PointOnSurface(g) FROM (SELECT ST_Multi(ST_GeomFromWKB(:wkb, 4326)) g) w"
            ),
            {"code": f"idn-adm2:{number:02}", "wkb": shapely.to_wkb(shape)},
        )
    session.commit()
    return shapes


@pytest.fixture
def customers(session, land, add_user):
    """Three thousand anywhere, and one on every corner of every border; their places in order."""
    rng = np.random.default_rng(4)
    corners = np.unique(shapely.get_coordinates(land), axis=0)
    places = np.concatenate([rng.uniform((103.9, -9.2), (112.2, -4.8), (3000, 2)), corners])
    owner = add_user().id
    copy_rows(session, "accounts", ("id", "name"), ((i + 1, "Toko") for i in range(len(places))))
    rows = (
        (i + 1, owner, f"SRID=4326;POINT({lon!r} {lat!r})", "street")
        for i, (lon, lat) in enumerate(places.tolist())
    )
    copy_rows(session, "account_scope", ("account_id", "owner_id", "geom", "grade"), rows)
    session.commit()
    return places


def by_shapely(shapes, places):
    """For each place the first of the units that cover it, or None; borders belong to the unit."""
    tree = shapely.STRtree(shapes)
    of_place, unit = tree.query(shapely.points(places), predicate="covered_by")
    found = {}
    for place, number in zip(of_place.tolist(), unit.tolist(), strict=True):
        found[place] = min(found.get(place, number), number)
    return {place + 1: f"idn-adm2:{number:02}" for place, number in found.items()}


def units(session):
    sql = "SELECT account_id, unit FROM account_scope s WHERE {scope:s}"
    return dict(scoped_sql(session, sql).all())


def test_everybody_gets_the_unit_that_shapely_finds(session, land, customers):
    expected = by_shapely(land, customers)
    covering = scoped_sql(session, reassigning.covering_sql()).all()
    assert dict(covering) == expected
    assert len(covering) == len(expected)
    assert {expected.get(i + 1) for i in range(len(customers))} >= {None, "idn-adm2:05"}


def test_who_lies_off_a_coast_belongs_to_it_and_who_is_far_out_to_none(session, land, add_account):
    # The island's edge is at 104.25 degrees; a hundredth of one is a kilometre.
    near, far = add_account(at=(104.27, -6.9)), add_account(at=(104.6, -6.9))
    assert reassigning.assign_units(session) == (2, 1, 1, 1)
    assert units(session) == {near.id: "idn-adm2:05", far.id: None}


def test_a_second_time_changes_nobody(session, customers):
    first = reassigning.assign_units(session)
    assert first.changed == sum(unit is not None for unit in units(session).values()) > 2000
    assert reassigning.assign_units(session) == first._replace(changed=0)


def test_the_territory_follows_only_where_the_unit_changed(session, land, add_account):
    session.execute(text("INSERT INTO live_units VALUES ('idn-adm2:05', 5)"))
    place = (104.1, -6.9)
    moved = add_account(at=place, unit="idn-adm2:01", territory_id=1)
    by_hand = add_account(at=place, unit="idn-adm2:05", territory_id=9)
    region_only = add_account(at=place, unit=None, territory_id=2, grade="region")
    nowhere = add_account(at=None, territory_id=3)
    assert reassigning.assign_units(session).changed == 1
    session.expire_all()
    found = {s.account_id: (s.unit, s.territory_id) for s in session.query(AccountScope)}
    assert found == {
        moved.id: ("idn-adm2:05", 5),
        by_hand.id: ("idn-adm2:05", 9),
        region_only.id: (None, 2),
        nowhere.id: (None, 3),
    }


def test_the_polygons_are_outside(session, customers):
    scoped_sql(session, "ANALYZE account_scope, boundaries -- {scope:all}")
    # So few customers fit into a page or two, which is cheaper than any index.
    session.execute(text("SET LOCAL enable_seqscan = off"))
    plan = scoped_sql(session, "EXPLAIN (FORMAT JSON) " + reassigning.covering_sql()).scalar()
    plan = plan if isinstance(plan, list) else json.loads(plan)
    loop = joins(plan[0]["Plan"])
    assert [each["Node Type"] for each in loop] == ["Nested Loop"]
    outer, inner = (tables(each) for each in loop[0]["Plans"])
    assert outer == ["boundaries"]
    assert inner == ["account_scope"]
    assert "account_scope_geom" in json.dumps(loop[0]["Plans"][1])


def joins(node):
    """All joins of a plan, the outermost first."""
    own = [node] if "Loop" in node["Node Type"] or "Join" in node["Node Type"] else []
    return own + [found for each in node.get("Plans", ()) for found in joins(each)]


def tables(node):
    """The tables that a part of a plan reads, besides the few layers of boundaries."""
    own = (
        [node["Relation Name"]]
        if node.get("Relation Name") not in (None, "boundary_layers")
        else []
    )
    return own + [found for each in node.get("Plans", ()) for found in tables(each)]
