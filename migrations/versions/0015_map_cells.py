"""Customers counted beforehand by cell, so that wide tiles read thousands of rows, not a million.

`map_cells` holds, for the cells of zoom 3 to 9, how many customers there are of each owner,
territory, segment and month of the last order: all that a tile must tell, as sums. Whatever adds up
can be taken back, so it follows every change exactly: triggers append what a statement changed to
`map_deltas`, as differences, in the same transaction. Nobody waits, because rows are only appended;
readers add both tables up. `fold_map_deltas` moves differences into the cells, `rebuild_map_cells`
counts anew; each is one statement behind one lock, so a reader sees the same sums before and after.

Money is kept in hundredths and places in whole steps of the zoom-24 lattice: sums of whole numbers
leave nothing behind when what was added is taken away. `spread` is the sum of x*x + y*y; with x and
y it tells whether all customers of a cell lie on one point. Customers without a point are in cell
-1 of every level, and `weak` counts those whose point is not to be trusted: so the figures beside
the map come from here, too.

The triggers come first, the first count and the index after them on their own, so that the table is
locked for a moment only. One index gives the customers of a month that a date parts, the other the
few whose point is not to be trusted.
"""

from alembic import op

revision = "0015"
down_revision = "0014"

_KEYS = "owner_id, territory_id, segment, last_order"
_SUMS = ("n", "cents", "weak", "ids", "x", "y", "spread")
_ALL_SUMS = ", ".join(f"sum({name}) AS {name}" for name in _SUMS)
_COLUMNS = """
    owner_id integer NOT NULL,
    territory_id integer,
    segment text,
    -- The first day of the month of the last order.
    last_order date,
    n integer NOT NULL,
    cents double precision NOT NULL,
    weak integer NOT NULL,
    ids bigint NOT NULL,
    x bigint NOT NULL,
    y bigint NOT NULL,
    spread numeric NOT NULL
"""


def _counted(source: str, sign: str = "") -> str:
    """SQL: a row a customer of `source`, with the keys and what it adds to the sums."""
    return f"""
        SELECT cell, {_KEYS}, {sign}1 AS n, {sign}cents AS cents, {sign}weak AS weak,
               {sign}account_id AS ids,
               {sign}x AS x, {sign}y AS y, {sign}(x * x + y * y) AS spread
        FROM (
            SELECT coalesce((s.qk >> 30)::int, -1) AS cell, s.owner_id, s.territory_id, s.segment,
                   s.last_order - (date_part('day', s.last_order)::int - 1) AS last_order,
                   CASE WHEN abs(s.revenue) <= 1e15 THEN round(s.revenue * 100) ELSE 0 END AS cents,
                   (s.grade IN ('region', 'country', 'none'))::int AS weak, s.account_id,
                   -- As morton24 works them out.
                   greatest(0, least(16777215,
                       floor((s.lon + 180) / 360 * 16777216)))::bigint AS x,
                   greatest(0, least(16777215, floor(
                       (1 - ln(tan(s.phi) + 1 / cos(s.phi)) / pi()) / 2 * 16777216)))::bigint AS y
            FROM (SELECT *, ST_X(geom) AS lon,
                         CASE WHEN qk IS NOT NULL THEN radians(greatest(
                             -85.0511287798066, least(85.0511287798066, ST_Y(geom)))) END AS phi
                  FROM {source}) s
        ) placed
    """


_CHANGED = f"""
    INSERT INTO map_deltas (cell, {_KEYS}, {", ".join(_SUMS)})
    SELECT cell, {_KEYS}, {_ALL_SUMS} FROM ({{changes}}) changes
    GROUP BY cell, {_KEYS}
    HAVING {" OR ".join(f"sum({name}) <> 0" for name in _SUMS)}
"""

# From each level to the next coarser one: four cells become one.
_LEVELS = "".join(
    f""", level{z} AS (
        SELECT cell >> 2 AS cell, {_KEYS}, {_ALL_SUMS} FROM level{z + 1} GROUP BY 1, 2, 3, 4, 5)"""
    for z in range(8, 2, -1)
)
_EVERY_LEVEL = " UNION ALL ".join(f"SELECT {z} AS level, * FROM level{z}" for z in range(3, 10))


def upgrade() -> None:
    """Create the tables, their triggers and functions, and count for the first time."""
    op.execute(
        f"""
        CREATE TABLE map_cells (level smallint NOT NULL, cell integer NOT NULL, {_COLUMNS})
            WITH (fillfactor = 80);
        CREATE UNIQUE INDEX map_cells_key ON map_cells (level, cell, {_KEYS}) NULLS NOT DISTINCT;
        -- Emptied again and again: cleaned early, or readers wade through what is gone.
        CREATE TABLE map_deltas (cell integer NOT NULL, {_COLUMNS}) WITH (
            autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
            autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000,
            autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000);
        COMMENT ON TABLE map_cells IS 'sums of customers by cell of zoom `level`';
        COMMENT ON TABLE map_deltas IS 'what is to be added to map_cells, by cell of zoom 9';

        CREATE FUNCTION follow_map_cells() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                {_CHANGED.format(changes=_counted("added"))};
            ELSIF TG_OP = 'DELETE' THEN
                {_CHANGED.format(changes=_counted("removed", "-"))};
            ELSIF TG_OP = 'UPDATE' THEN
                {
            _CHANGED.format(changes=f"{_counted('removed', '-')} UNION ALL {_counted('added')}")
        };
            ELSE
                TRUNCATE map_cells, map_deltas;
            END IF;
            RETURN NULL;
        END $$;

        CREATE FUNCTION fold_map_deltas() RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            folded bigint;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('map_cells'));
            WITH gone AS (DELETE FROM map_deltas RETURNING *),
            level9 AS (SELECT cell, {_KEYS}, {_ALL_SUMS} FROM gone GROUP BY 1, 2, 3, 4, 5)
            {_LEVELS}, written AS (
                INSERT INTO map_cells AS c (level, cell, {_KEYS}, {", ".join(_SUMS)})
                {_EVERY_LEVEL}
                ON CONFLICT (level, cell, {_KEYS}) DO UPDATE SET
                    {", ".join(f"{name} = c.{name} + excluded.{name}" for name in _SUMS)}
            )
            SELECT count(*) INTO folded FROM gone;
            DELETE FROM map_cells WHERE n = 0;
            RETURN folded;
        END $$;

        CREATE FUNCTION rebuild_map_cells() RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            written bigint;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('map_cells'));
            -- One statement has one view of all three tables: a change is in the customers and its
            -- differences go, or it is in neither and they stay.
            WITH gone AS (DELETE FROM map_deltas),
            old AS (DELETE FROM map_cells RETURNING 1),
            level9 AS (
                SELECT cell, {_KEYS}, {_ALL_SUMS}
                FROM ({_counted("account_scope")}) counted GROUP BY 1, 2, 3, 4, 5)
            {_LEVELS}
            INSERT INTO map_cells (level, cell, {_KEYS}, {", ".join(_SUMS)})
            -- The old rows are gone before the first new one comes.
            SELECT fresh.* FROM (SELECT count(*) FROM old) first, ({_EVERY_LEVEL}) fresh;
            GET DIAGNOSTICS written = ROW_COUNT;
            RETURN written;
        END $$;
        """
    )
    for event, tables in {
        "INSERT": "REFERENCING NEW TABLE AS added",
        "UPDATE": "REFERENCING OLD TABLE AS removed NEW TABLE AS added",
        "DELETE": "REFERENCING OLD TABLE AS removed",
        "TRUNCATE": "",
    }.items():
        op.execute(
            f"CREATE TRIGGER follow_map_cells_{event.lower()} AFTER {event} ON account_scope"
            f" {tables} FOR EACH STATEMENT EXECUTE FUNCTION follow_map_cells()"
        )
    with op.get_context().autocommit_block():
        op.execute("SELECT rebuild_map_cells()")
        # For the month that a date parts; one left invalid by a killed run would never be used.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS account_scope_day_qk")
        op.execute(
            "CREATE INDEX CONCURRENTLY account_scope_day_qk ON account_scope (last_order, qk)"
            " INCLUDE (account_id, owner_id, territory_id, segment, revenue, grade)"
        )
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS account_scope_weak")
        op.execute(
            "CREATE INDEX CONCURRENTLY account_scope_weak ON account_scope (qk)"
            " WHERE grade IN ('none', 'country', 'region')"
        )


def downgrade() -> None:
    """Drop the tables with their triggers and functions."""
    op.execute(
        """
        DROP INDEX account_scope_day_qk, account_scope_weak;
        DROP FUNCTION follow_map_cells() CASCADE;
        DROP FUNCTION fold_map_deltas();
        DROP FUNCTION rebuild_map_cells();
        DROP TABLE map_cells, map_deltas;
        """
    )
