"""Customers counted beforehand by boundary unit and by small square, for regions and hexagons.

Figures of regions and wide hexagons read every customer, half a second of CPU of a million. What
they add up is kept here instead: `region_totals` by the unit an account knows, with the month of
its last order; `square_totals` by the squares of zoom 7 to 15 that hexagons of zoom 0 to 8 are put
together from, without months, which would make the fine squares as many as the customers.

They follow every change as `map_cells` do (0015): triggers append differences to `layer_deltas` in
the same transaction, nobody waits, readers add both up, `fold_layer_deltas` moves them over and
`rebuild_layer_totals` counts anew. They are tables of their own because `map_cells` know no unit,
and with one, or with finer squares, the widest tiles would read many times as many rows.

Money is kept in hundredths, so that what is taken away leaves nothing behind. Customers without a
point are in square -1 of the differences, and in no square of the totals.

The triggers come first, the first count after them on its own, so that the table is locked for a
moment only.
"""

from alembic import op

revision = "0020"
down_revision = "0019"

_KINDS = "owner_id, territory_id, segment"
_SQUARE = f"cell, {_KINDS}"
_REGION = f"unit, placed, {_KINDS}, last_order"
_DELTA = f"cell, unit, {_KINDS}, last_order"
_COLUMNS = """
    owner_id integer NOT NULL,
    territory_id integer,
    segment text,
"""
_SUMS = "n integer NOT NULL, cents double precision NOT NULL"
_ADDED_UP = "sum(n) AS n, sum(cents) AS cents"
_CHANGES = "sum(n) <> 0 OR sum(cents) <> 0"
# The finest are 1.2 km wide at the equator; the next would be hardly fewer than the customers.
_FINEST, _COARSEST = 15, 7


def _counted(source: str, sign: str = "") -> str:
    """SQL: a row a customer of `source`, with the keys and what it adds to the sums."""
    return f"""
        SELECT coalesce((s.qk >> {2 * (24 - _FINEST)})::int, -1) AS cell, s.unit, s.owner_id,
               s.territory_id, s.segment,
               s.last_order - (date_part('day', s.last_order)::int - 1) AS last_order,
               {sign}1 AS n,
               {sign}(CASE WHEN abs(s.revenue) <= 1e15 THEN round(s.revenue * 100) ELSE 0 END)
                   AS cents
        FROM {source} s
    """


_CHANGED = f"""
    INSERT INTO layer_deltas ({_DELTA}, n, cents)
    SELECT {_DELTA}, {_ADDED_UP} FROM ({{changes}}) changes GROUP BY {_DELTA} HAVING {_CHANGES}
"""

# Squares of every level, and regions, from the rows of `{source}`.
_LEVELS = f"""
    level{_FINEST} AS (
        SELECT {_SQUARE}, {_ADDED_UP} FROM {{source}} WHERE cell >= 0 GROUP BY {_SQUARE}
    )""" + "".join(
    f""", level{z} AS (
        SELECT cell >> 2 AS cell, {_KINDS}, {_ADDED_UP} FROM level{z + 1} GROUP BY 1, 2, 3, 4)"""
    for z in range(_FINEST - 1, _COARSEST - 1, -1)
)
_EVERY_LEVEL = " UNION ALL ".join(
    f"SELECT {z} AS level, * FROM level{z}" for z in range(_COARSEST, _FINEST + 1)
)
_REGIONS = f"""
    SELECT unit, cell >= 0 AS placed, {_KINDS}, last_order, {_ADDED_UP}
    FROM {{source}} GROUP BY 1, 2, 3, 4, 5, 6"""


def _added_to(table: str, keys: str) -> str:
    return f"""
        INSERT INTO {table} AS t ({keys}, n, cents)
        SELECT {keys}, n, cents FROM ({{rows}}) changed WHERE n <> 0 OR cents <> 0
        ON CONFLICT ({keys}) DO UPDATE SET n = t.n + excluded.n, cents = t.cents + excluded.cents"""


def upgrade() -> None:
    """Create the tables, their triggers and functions, and count for the first time."""
    op.execute(
        f"""
        CREATE TABLE square_totals (
            level smallint NOT NULL, cell integer NOT NULL, {_COLUMNS} {_SUMS});
        CREATE UNIQUE INDEX square_totals_key ON square_totals (level, {_SQUARE})
            INCLUDE (n, cents) NULLS NOT DISTINCT;
        CREATE INDEX square_totals_gone ON square_totals (level) WHERE n = 0;
        CREATE TABLE region_totals (
            unit text, placed boolean NOT NULL, {_COLUMNS}
            -- The first day of the month of the last order.
            last_order date, {_SUMS});
        CREATE UNIQUE INDEX region_totals_key ON region_totals ({_REGION}) NULLS NOT DISTINCT;
        -- Emptied again and again: cleaned early, or readers wade through what is gone.
        CREATE TABLE layer_deltas (
            cell integer NOT NULL, unit text, {_COLUMNS} last_order date, {_SUMS}
        ) WITH (
            autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
            autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000,
            autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000);
        -- A tile of hexagons reads 69 ranges of squares.
        CREATE INDEX layer_deltas_cell ON layer_deltas (cell);
        COMMENT ON TABLE square_totals IS 'sums of customers by square of zoom `level`';
        COMMENT ON TABLE region_totals IS 'sums of customers by the boundary unit they know';
        COMMENT ON TABLE layer_deltas IS
            'what is to be added to square_totals and region_totals, by square of zoom {_FINEST}';

        CREATE FUNCTION follow_layer_totals() RETURNS trigger LANGUAGE plpgsql AS $$
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
                TRUNCATE square_totals, region_totals, layer_deltas;
            END IF;
            RETURN NULL;
        END $$;

        CREATE FUNCTION fold_layer_deltas() RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            folded bigint;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('layer_totals'));
            WITH gone AS (DELETE FROM layer_deltas RETURNING *),
            {_LEVELS.format(source="gone")},
            squares AS ({
            _added_to("square_totals", f"level, {_SQUARE}").format(rows=_EVERY_LEVEL)
        }),
            regions AS ({
            _added_to("region_totals", _REGION).format(rows=_REGIONS.format(source="gone"))
        })
            SELECT count(*) INTO folded FROM gone;
            DELETE FROM square_totals WHERE n = 0;
            DELETE FROM region_totals WHERE n = 0;
            RETURN folded;
        END $$;

        CREATE FUNCTION rebuild_layer_totals() RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            written bigint;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('layer_totals'));
            -- One statement has one view of all tables: a change is in the customers and its
            -- differences go, or it is in neither and they stay.
            WITH gone AS (DELETE FROM layer_deltas),
            old_squares AS (DELETE FROM square_totals RETURNING 1),
            old_regions AS (DELETE FROM region_totals RETURNING 1),
            counted AS MATERIALIZED (
                SELECT {_DELTA}, {_ADDED_UP} FROM ({_counted("account_scope")}) each
                GROUP BY {_DELTA}),
            {_LEVELS.format(source="counted")},
            -- The old rows are gone before the first new one comes.
            regions AS (
                INSERT INTO region_totals ({_REGION}, n, cents)
                SELECT fresh.* FROM (SELECT count(*) FROM old_regions) first,
                    ({_REGIONS.format(source="counted")}) fresh
                RETURNING 1),
            squares AS (
                INSERT INTO square_totals (level, {_SQUARE}, n, cents)
                SELECT fresh.* FROM (SELECT count(*) FROM old_squares) first,
                    ({_EVERY_LEVEL}) fresh
                ORDER BY fresh.level, fresh.cell
                RETURNING 1)
            SELECT (SELECT count(*) FROM regions) + (SELECT count(*) FROM squares) INTO written;
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
            f"CREATE TRIGGER follow_layer_totals_{event.lower()} AFTER {event} ON account_scope"
            f" {tables} FOR EACH STATEMENT EXECUTE FUNCTION follow_layer_totals()"
        )
    with op.get_context().autocommit_block():
        op.execute("SELECT rebuild_layer_totals()")
        # Whoever reads next should not wait for autovacuum to notice.
        op.execute("VACUUM ANALYZE square_totals, region_totals")


def downgrade() -> None:
    """Drop the tables with their triggers and functions."""
    op.execute(
        """
        DROP FUNCTION follow_layer_totals() CASCADE;
        DROP FUNCTION fold_layer_deltas();
        DROP FUNCTION rebuild_layer_totals();
        DROP TABLE square_totals, region_totals, layer_deltas;
        """
    )
