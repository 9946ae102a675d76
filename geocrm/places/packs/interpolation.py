"""Interpolation ways: lines that say which house numbers lie between two that are mapped."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.db import copy_rows

MAX_BETWEEN = 500  # more numbers between two houses than that is a slip of the pen
_STEPS = {"even": 2, "odd": 2, "all": 1}


class Between(NamedTuple):
    """A number that lies between two houses: `share` of the way from the first to the second."""

    number: str
    value: int
    share: float


def fill(session: Session) -> None:
    """Add the numbers along each interpolation way to the addresses."""
    session.execute(text(_STREETS_OF_ENDS))
    gaps = session.execute(text(_GAPS)).all()
    columns = ("interpolation_id", "first_id", "number", "value", "share", "gap_m")
    session.execute(
        text(
            "CREATE TEMP TABLE new_between (interpolation_id bigint, first_id bigint, number text,"
            " value int, share double precision, gap_m real) ON COMMIT DROP"
        )
    )
    copy_rows(session, "new_between", columns, _rows(gaps))
    session.execute(text(_INTO_ADDRESSES))
    session.execute(text("ANALYZE new_addresses"))


def _rows(gaps: Sequence[Any]) -> Iterator[tuple[int, int, str, int, float, float]]:
    for gap in gaps:
        span = gap.second_share - gap.first_share
        for one in between(gap.rule, gap.first_number, gap.second_number):
            share = gap.first_share + one.share * span
            yield gap.id, gap.first_id, one.number, one.value, share, gap.gap_m


def between(rule: str, first: str, second: str) -> list[Between]:
    """The numbers strictly between two comparable house numbers; none where the rule is broken."""
    if rule == "alphabetic":
        return _letters_between(first, second)
    step = _STEPS.get(rule) or (int(rule) if re.fullmatch(r"[1-9]\d?", rule) else 0)
    ends = [re.match(r"\d+", number) for number in (first, second)]
    if not step or not ends[0] or not ends[1]:
        return []
    low, high = int(ends[0][0]), int(ends[1][0])
    if rule in ("even", "odd") and (low % 2, high % 2) != ((rule == "odd"),) * 2:
        return []
    return _numbers_between(low, high, step)


def _numbers_between(first: int, second: int, step: int) -> list[Between]:
    direction = 1 if second > first else -1
    values = range(first + step * direction, second, step * direction)
    if len(values) > MAX_BETWEEN:
        return []
    return [Between(str(v), v, (v - first) / (second - first)) for v in values]


def _letters_between(first: str, second: str) -> list[Between]:
    ends = [re.fullmatch(r"(\d+)([a-z])", number) for number in (first, second)]
    if not ends[0] or not ends[1] or ends[0][1] != ends[1][1]:
        return []
    value, low, high = int(ends[0][1]), ord(ends[0][2]), ord(ends[1][2])
    direction = 1 if high > low else -1
    return [
        Between(f"{value}{chr(letter)}", value, (letter - low) / (high - low))
        for letter in range(low + direction, high, direction)
    ]


# The ends often leave the street to the line between them.
_STREETS_OF_ENDS = """
    UPDATE new_addresses a SET street = i.street
    FROM (SELECT street, CAST(unnest(string_to_array(nodes, ',')) AS bigint) * 4 AS osm_ref
          FROM new_interpolations WHERE street <> '') i
    WHERE a.osm_ref = i.osm_ref AND a.street = ''
"""
# Houses along each line in their order, each with the next one.
_GAPS = """
    WITH along AS (
        SELECT i.id, i.rule, i.shape, a.id AS first_id, a.number AS first_number,
            ST_LineLocatePoint(i.shape, a.shape) AS first_share,
            lead(a.number) OVER line AS second_number,
            ST_LineLocatePoint(i.shape, lead(a.shape) OVER line) AS second_share
        FROM new_interpolations i
        CROSS JOIN LATERAL unnest(CAST(string_to_array(i.nodes, ',') AS bigint[]))
            WITH ORDINALITY AS n(node_id, place)
        JOIN new_addresses a ON a.osm_ref = n.node_id * 4 AND GeometryType(a.shape) = 'POINT'
        WINDOW line AS (PARTITION BY i.id ORDER BY n.place, a.id)
    )
    SELECT id, rule, first_id, first_number, second_number, first_share,
        -- The end of a line that closes on itself lies at its beginning.
        CASE WHEN second_share < first_share THEN 1 ELSE second_share END AS second_share,
        ST_Length(CAST(ST_LineSubstring(shape, first_share,
            CASE WHEN second_share < first_share THEN 1 ELSE second_share END) AS geography)
        ) AS gap_m
    FROM along WHERE second_number IS NOT NULL
"""
_INTO_ADDRESSES = """
    INSERT INTO new_addresses
        (osm_ref, number, value, street, city, parts, postcode, country, gap_m, shape)
    SELECT i.osm_ref, b.number, b.value, coalesce(nullif(i.street, ''), a.street),
        coalesce(nullif(i.city, ''), a.city), coalesce(nullif(i.parts, ''), a.parts),
        coalesce(nullif(i.postcode, ''), a.postcode), coalesce(nullif(i.country, ''), a.country),
        b.gap_m, ST_LineInterpolatePoint(i.shape, b.share)
    FROM new_between b JOIN new_interpolations i ON i.id = b.interpolation_id
    JOIN new_addresses a ON a.id = b.first_id
"""
