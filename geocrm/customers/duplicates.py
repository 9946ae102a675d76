"""Who may be the same customer twice: one statement, among those the actor sees."""

from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from geocrm.db import scoped_sql

NEAR_M: Final = 2_000  # a point known to the village only is off by as much
ALIKE: Final = 0.5  # trigram similarity: "Toko Maju Jaya" and "Toko Maju" have 0.67
LIMIT: Final = 10
# A number that so many have is a switchboard's, and says nothing.
MANY: Final = 20
NEIGHBOURS: Final = 300


class Duplicate(NamedTuple):
    """Another account that may be the same one, and why: phone, email, name."""

    account_id: int
    name: str
    owner: str
    address: str
    why: list[str]
    shared: list[str]
    distance_m: float | None


def likely(session: Session, account_id: int, limit: int = LIMIT) -> list[Duplicate]:
    """Accounts that share a number or address with this one, or are near by and called alike."""
    values = {
        "id": account_id, "limit": limit, "near": NEAR_M, "alike": ALIKE, "many": MANY,
        "neighbours": NEIGHBOURS,
        # Degrees that hold NEAR_M in every direction up to 60 degrees of latitude.
        "box": NEAR_M / 111_000 * 2,
    }  # fmt: skip
    return [Duplicate._make(row) for row in scoped_sql(session, _LIKELY, values)]


_LIKELY: Final = """
    WITH me AS MATERIALIZED (
        SELECT a.id, a.name, account_name_key(a.name) AS key, s.geom
        FROM accounts a JOIN account_scope s ON s.account_id = a.id
        WHERE a.id = :id AND {scope:s}),
    found AS (
        SELECT q.account_id, 'phone' AS why, p.e164 AS shared
        FROM me JOIN phones p ON p.account_id = me.id
        CROSS JOIN LATERAL (SELECT o.account_id FROM phones o
            WHERE o.e164 = p.e164 AND o.account_id <> me.id LIMIT :many) q
        UNION ALL
        SELECT q.account_id, 'email', CAST(p.address AS text)
        FROM me JOIN emails p ON p.account_id = me.id
        CROSS JOIN LATERAL (SELECT o.account_id FROM emails o
            WHERE o.address = p.address AND o.account_id <> me.id LIMIT :many) q
        UNION ALL
        SELECT n.account_id, 'name', NULL
        FROM me CROSS JOIN LATERAL (
            SELECT o.account_id, o.geom FROM account_scope o
            WHERE o.geom && ST_Expand(me.geom, :box) AND o.account_id <> me.id
            ORDER BY o.geom <-> me.geom LIMIT :neighbours) n
        JOIN accounts b ON b.id = n.account_id
        WHERE similarity(b.name, me.name) >= :alike
          AND ST_DistanceSphere(n.geom, me.geom) <= :near
        UNION ALL
        -- Where one of the two has no point, the whole name must be the same.
        SELECT b.id, 'name', NULL
        FROM me JOIN accounts b ON account_name_key(b.name) = me.key AND b.id <> me.id
        JOIN account_scope o ON o.account_id = b.id
        WHERE me.key <> '' AND (o.geom IS NULL OR me.geom IS NULL))
    SELECT s.account_id, a.name, u.name AS owner,
        coalesce(nullif(d.typed, ''), concat_ws(', ',
            nullif(concat_ws(' ', d.street, d.house_number), ''), d.village, d.city), '')
            AS address,
        array_agg(DISTINCT f.why ORDER BY f.why) AS why,
        coalesce(array_agg(DISTINCT f.shared ORDER BY f.shared)
                 FILTER (WHERE f.shared IS NOT NULL), '{}') AS shared,
        ST_DistanceSphere(s.geom, me.geom) AS distance_m
    FROM found f CROSS JOIN me
    JOIN account_scope s ON s.account_id = f.account_id
    JOIN accounts a ON a.id = s.account_id
    JOIN addresses d ON d.account_id = s.account_id
    JOIN users u ON u.id = s.owner_id
    WHERE {scope:s}
    GROUP BY s.account_id, a.name, u.name, d.typed, d.street, d.house_number, d.village, d.city,
        s.geom, me.geom
    ORDER BY count(DISTINCT f.why) DESC, max(CASE f.why WHEN 'name' THEN 0 ELSE 1 END) DESC,
        distance_m NULLS LAST, s.account_id
    LIMIT :limit
"""
