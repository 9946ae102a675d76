"""Writing the points of many addresses at once: a handful of statements however many there are.

The answers go into a temporary table; who gets which is decided and locked in the database, against
what the address says at that moment. Pins and positions from files are never among them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.customers.answers import COLUMNS
from geocrm.customers.scope import covering_units_sql, nearest_unit_sql, territories_sql
from geocrm.db import copy_rows, scoped_sql
from geocrm.geocoding import Grade
from geocrm.geocoding.cascade import STREETS
from geocrm.geocoding.service import PROVIDER

Row = Sequence[Any]

GRADES: Final = "ARRAY[" + ", ".join(f"'{grade}'" for grade in Grade) + "]"
# A point of theirs is as good as what they say now; that of another provider only a finer one ends.
LOCAL: Final = f"('{STREETS}', '{PROVIDER}')"
COARSE: Final = "('region', 'country', 'none')"
# Conditions on an address `d`. A person's word on it holds until the address is rewritten.
PLACEABLE: Final = "(d.fingerprint <> '' AND coalesce(d.provider, '') NOT IN ('pin', 'file'))"
WAITING: Final = "(d.answered IS DISTINCT FROM d.fingerprint)"
UNDECIDED: Final = "(d.review IS NULL OR d.review = 'open')"


class Placed(NamedTuple):
    """What became of the addresses there were answers for: some stay as they are."""

    asked: int
    moved: int
    reviews: int


def place(
    session: Session,
    answers: Iterable[tuple[int, str, Row]],
    addressees: str,
    params: Mapping[str, Any],
) -> Placed:
    """Give each answer (number, fingerprint, row of `answers.COLUMNS`) to its addresses.

    `addressees` is SQL that yields (no, account_id). An address gets the answer when it is still
    the one that was looked up (by its fingerprint), is visible to the session's actor, and neither
    a person nor a better source has placed it since. Returns counts of addresses.
    """
    session.execute(text(_TABLES))
    columns = ("no", "fingerprint", *COLUMNS)
    copy_rows(session, "new_points", columns, ((no, f, *row) for no, f, row in answers))
    # Without fresh statistics the planner takes a handful of rows for granted.
    session.execute(text("ANALYZE new_points"))
    scoped_sql(session, _GOES_TO.replace("{addressees}", addressees), params)
    session.execute(text(_GEOMETRY))
    session.execute(text(_UNITS))
    session.execute(text(_COAST))
    session.execute(text(_TERRITORIES))
    scoped_sql(session, _WRITE_ADDRESSES)
    scoped_sql(session, _WRITE_SCOPE)
    return Placed(*session.execute(text(_COUNT)).one())


# The index is made while the table is empty: PostgreSQL does not use one in the transaction that
# made it when rows had been updated before.
_TABLES = f"""
    DROP TABLE IF EXISTS new_points, new_places;
    CREATE TEMP TABLE new_points (no bigint, fingerprint text,
        {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())},
        geom geometry(Point, 4326), unit text, territory_id integer) ON COMMIT DROP;
    CREATE INDEX ON new_points USING gist (geom);
    CREATE TEMP TABLE new_places (account_id bigint, no bigint, moves boolean) ON COMMIT DROP
"""
_SAME = ("lon", "lat", "grade", "radius_m", "provider", "label", "p50", "p200", "p1000", "p5000",
         "ambiguous", "candidates", "notes", "review")  # fmt: skip
# The addresses are held from here on; `moves` is false where the answer changes nothing, or where
# another provider knew better.
_GOES_TO = f"""
    INSERT INTO new_places (account_id, no, moves)
    SELECT d.account_id, p.no,
        {WAITING} OR (
            ({", ".join(f"d.{name}" for name in _SAME)})
                IS DISTINCT FROM ({", ".join(f"p.{name}" for name in _SAME)})
            AND NOT (d.lon IS NOT NULL AND d.provider NOT IN {LOCAL} AND
                array_position({GRADES}, d.grade) < array_position({GRADES}, p.grade)))
    FROM ({{addressees}}) t
    JOIN new_points p ON p.no = t.no
    JOIN addresses d ON d.account_id = t.account_id AND d.fingerprint = p.fingerprint
    JOIN account_scope s ON s.account_id = d.account_id
    WHERE {{scope:s}} AND {PLACEABLE} AND ({WAITING} OR {UNDECIDED})
    ORDER BY d.account_id FOR UPDATE OF d
"""
# Only points that go somewhere need a unit; those for a whole province have none.
_GEOMETRY = f"""
    UPDATE new_points p SET geom = ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326)
    WHERE p.lon IS NOT NULL AND p.grade NOT IN {COARSE}
      AND EXISTS (SELECT FROM new_places w WHERE w.no = p.no AND w.moves);
    ANALYZE new_points, new_places
"""
_UNITS = f"""
    UPDATE new_points r SET unit = w.unit FROM ({covering_units_sql("new_points", "no")}) w
    WHERE w.no = r.no
"""
_COAST = f"""
    UPDATE new_points r SET unit = {nearest_unit_sql("r.geom")}
    WHERE r.unit IS NULL AND r.geom IS NOT NULL
"""
_TERRITORIES = f"""
    UPDATE new_points r SET territory_id = w.territory_id
    FROM ({territories_sql("SELECT unit FROM new_points")}) w
    WHERE w.unit = r.unit
"""
_WRITE_ADDRESSES = f"""
    UPDATE addresses d SET {", ".join(f"{name} = p.{name}" for name in COLUMNS)},
        geocoded_at = clock_timestamp()
    FROM new_places w JOIN new_points p ON p.no = w.no
    JOIN account_scope s ON s.account_id = w.account_id
    WHERE d.account_id = w.account_id AND w.moves AND {{scope:s}}
"""
_WRITE_SCOPE = """
    UPDATE account_scope s SET grade = p.grade, radius_m = p.radius_m, unit = p.unit,
        territory_id = p.territory_id,
        geom = CASE WHEN p.lon IS NOT NULL THEN
            coalesce(p.geom, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326)) END
    FROM new_places w JOIN new_points p ON p.no = w.no
    WHERE s.account_id = w.account_id AND w.moves AND {scope:s}
"""
_COUNT = """
    SELECT count(*), count(*) FILTER (WHERE w.moves),
        count(*) FILTER (WHERE w.moves AND p.review = 'open')
    FROM new_places w JOIN new_points p ON p.no = w.no
"""
