"""Customers counted beforehand by week of the last visit or order, and by grade, for wide tiles.

A tile of zoom 0 to 6 that is coloured or filtered by the last visit or by how exact a place is, or
coloured by the last order, read every customer, half a second of CPU of a million. `map_cells`
(0015) cannot tell: each more thing they knew would multiply their rows. So `facet_cells` hold the
same sums for the same cells by one `facet` at a time: the week of the last order, the week of the
last visit, or the grade, each with owner, territory and segment.

Weeks, because the spans that one colours by end on any day: of the week that a span ends in the
customers are read one by one, and of a week they are a quarter of a month's. Weeks begin on Monday;
a customer without the date has none.

They follow every change as `map_cells` do: triggers append differences to `facet_deltas` in the
same transaction, nobody waits, readers add both up, `fold_facet_deltas` moves them over and
`rebuild_facet_cells` counts anew. Sums and cells are those of 0015.

`account_scope_visit_qk` gives the customers visited on a day without reading the table, as
`account_scope_day_qk` those who ordered on it.

The triggers come first, the first count and the index after them on their own, so that the table is
locked for a moment only.
"""

from alembic import op

revision = "0023"
down_revision = "0022"

_KEYS = "facet, cell, owner_id, territory_id, segment, week, grade"
_SUMS = ("n", "cents", "weak", "ids", "x", "y", "spread")
_ALL_SUMS = ", ".join(f"sum({name}) AS {name}" for name in _SUMS)
_WRITTEN = f"{_KEYS}, {', '.join(_SUMS)}"
_COLUMNS = """
    facet text NOT NULL,
    cell integer NOT NULL,
    owner_id integer NOT NULL,
    territory_id integer,
    segment text,
    -- Its first day, of the dates; the other two of the facets leave it out.
    week date,
    grade text,
    n integer NOT NULL,
    cents double precision NOT NULL,
    weak integer NOT NULL,
    ids bigint NOT NULL,
    x bigint NOT NULL,
    y bigint NOT NULL,
    spread numeric NOT NULL
"""
_FINEST, _COARSEST = 9, 3


def _week(day: str) -> str:
    """SQL: the Monday of the week of a day."""
    return f"{day} - (extract(isodow FROM {day})::int - 1)"


def _counted(source: str, sign: str = "") -> str:
    """SQL: three rows a customer of `source`, one a facet, with what each adds to the sums."""
    return f"""
        SELECT f.facet, cell, owner_id, territory_id, segment, f.week, f.grade,
               {sign}1 AS n, {sign}cents AS cents, {sign}weak AS weak, {sign}account_id AS ids,
               {sign}x AS x, {sign}y AS y, {sign}(x * x + y * y) AS spread
        FROM (
            SELECT coalesce((s.qk >> {2 * (24 - _FINEST)})::int, -1) AS cell, s.owner_id,
                   s.territory_id, s.segment, s.account_id, s.grade, s.last_order, s.last_visit,
                   CASE WHEN abs(s.revenue) <= 1e15 THEN round(s.revenue * 100) ELSE 0 END AS cents,
                   (s.grade IN ('region', 'country', 'none'))::int AS weak,
                   -- As morton24 works them out.
                   greatest(0, least(16777215,
                       floor((s.lon + 180) / 360 * 16777216)))::bigint AS x,
                   greatest(0, least(16777215, floor(
                       (1 - ln(tan(s.phi) + 1 / cos(s.phi)) / pi()) / 2 * 16777216)))::bigint AS y
            FROM (SELECT *, ST_X(geom) AS lon,
                         CASE WHEN qk IS NOT NULL THEN radians(greatest(
                             -85.0511287798066, least(85.0511287798066, ST_Y(geom)))) END AS phi
                  FROM {source}) s
            OFFSET 0
        ) placed
        CROSS JOIN LATERAL (VALUES
            ('last_order', {_week("last_order")}, NULL),
            ('last_visit', {_week("last_visit")}, NULL),
            ('grade', NULL, placed.grade)) AS f(facet, week, grade)
    """


_CHANGED = f"""
    INSERT INTO facet_deltas ({_WRITTEN})
    SELECT {_KEYS}, {_ALL_SUMS} FROM ({{changes}}) changes
    GROUP BY {_KEYS}
    HAVING {" OR ".join(f"sum({name}) <> 0" for name in _SUMS)}
"""
# From each level to the next coarser one: four cells become one.
_LEVELS = f"""
    level{_FINEST} AS (
        SELECT {_KEYS}, {_ALL_SUMS} FROM {{source}} GROUP BY {_KEYS})""" + "".join(
    f""", level{z} AS (
        SELECT facet, cell >> 2 AS cell, owner_id, territory_id, segment, week, grade, {_ALL_SUMS}
        FROM level{z + 1} GROUP BY 1, 2, 3, 4, 5, 6, 7)"""
    for z in range(_FINEST - 1, _COARSEST - 1, -1)
)
_EVERY_LEVEL = " UNION ALL ".join(
    f"SELECT {z} AS level, * FROM level{z}" for z in range(_COARSEST, _FINEST + 1)
)


def upgrade() -> None:
    """Create the tables, their triggers and functions, and count for the first time."""
    op.execute(
        f"""
        CREATE TABLE facet_cells (level smallint NOT NULL, {_COLUMNS}) WITH (fillfactor = 80);
        CREATE UNIQUE INDEX facet_cells_key ON facet_cells (level, {_KEYS}) NULLS NOT DISTINCT;
        CREATE INDEX facet_cells_gone ON facet_cells (level) WHERE n = 0;
        -- Emptied again and again: cleaned early, or readers wade through what is gone.
        CREATE TABLE facet_deltas ({_COLUMNS}) WITH (
            autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
            autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000,
            autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000);
        COMMENT ON TABLE facet_cells IS 'sums of customers by cell of zoom `level` and one facet';
        COMMENT ON TABLE facet_deltas IS
            'what is to be added to facet_cells, by cell of zoom {_FINEST}';

        CREATE FUNCTION follow_facet_cells() RETURNS trigger LANGUAGE plpgsql AS $$
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
                TRUNCATE facet_cells, facet_deltas;
            END IF;
            RETURN NULL;
        END $$;

        CREATE FUNCTION fold_facet_deltas() RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            folded bigint;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('facet_cells'));
            WITH gone AS (DELETE FROM facet_deltas RETURNING *),
            {_LEVELS.format(source="gone")}, written AS (
                INSERT INTO facet_cells AS c (level, {_WRITTEN})
                {_EVERY_LEVEL}
                ON CONFLICT (level, {_KEYS}) DO UPDATE SET
                    {", ".join(f"{name} = c.{name} + excluded.{name}" for name in _SUMS)}
            )
            SELECT count(*) INTO folded FROM gone;
            DELETE FROM facet_cells WHERE n = 0;
            RETURN folded;
        END $$;

        CREATE FUNCTION rebuild_facet_cells() RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            written bigint;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('facet_cells'));
            -- One statement has one view of all three tables: a change is in the customers and its
            -- differences go, or it is in neither and they stay.
            WITH gone AS (DELETE FROM facet_deltas),
            old AS (DELETE FROM facet_cells RETURNING 1),
            {_LEVELS.format(source=f"({_counted('account_scope')}) counted")}
            INSERT INTO facet_cells (level, {_WRITTEN})
            -- The old rows are gone before the first new one comes.
            SELECT fresh.* FROM (SELECT count(*) FROM old) first, ({_EVERY_LEVEL}) fresh
            ORDER BY fresh.level, fresh.facet, fresh.cell;
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
            f"CREATE TRIGGER follow_facet_cells_{event.lower()} AFTER {event} ON account_scope"
            f" {tables} FOR EACH STATEMENT EXECUTE FUNCTION follow_facet_cells()"
        )
    with op.get_context().autocommit_block():
        op.execute("SELECT rebuild_facet_cells()")
        # Whoever reads next should not wait for autovacuum to notice.
        op.execute("VACUUM ANALYZE facet_cells")
        # One left invalid by a killed run would never be used.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS account_scope_visit_qk")
        op.execute(
            "CREATE INDEX CONCURRENTLY account_scope_visit_qk ON account_scope (last_visit, qk)"
            " INCLUDE (account_id, owner_id, territory_id, segment, revenue)"
        )


def downgrade() -> None:
    """Drop the tables with their triggers and functions."""
    op.execute(
        """
        DROP INDEX account_scope_visit_qk;
        DROP FUNCTION follow_facet_cells() CASCADE;
        DROP FUNCTION fold_facet_deltas();
        DROP FUNCTION rebuild_facet_cells();
        DROP TABLE facet_cells, facet_deltas;
        """
    )
