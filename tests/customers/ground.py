"""A piece of ground for customers to stand on: two regencies side by side."""

from sqlalchemy import text
from sqlalchemy.orm import Session

WEST, EAST = "idn-adm2:west", "idn-adm2:east"


def lay(session: Session) -> None:
    """Make the regencies west (106 to 108.5 degrees east) and east (108.5 to 111), 6 to 9 south."""
    session.execute(
        text(
            "INSERT INTO boundary_layers (code, name, country, level, parent, source, vintage,"
            " licence, attribution) VALUES ('idn-adm2', 'Regencies', 'ID', 2, NULL, '', '', '', '')"
            " ON CONFLICT DO NOTHING"
        )
    )
    session.execute(
        text(
            "INSERT INTO boundaries (code, layer, name, country, area_km2, geom, outline, centre)"
            " SELECT code, 'idn-adm2', code, 'ID', 1, g, ST_Transform(g, 3857),"
            " ST_PointOnSurface(g) FROM (SELECT code,"
            " ST_Multi(ST_MakeEnvelope(x, -9, x + 2.5, -6, 4326)) AS g"
            " FROM (VALUES (CAST(:west AS text), 106.0), (:east, 108.5)) v(code, x)) w"
        ),
        {"west": WEST, "east": EAST},
    )
