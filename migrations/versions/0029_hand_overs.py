"""What goes with an account is written once for a whole hand-over, not once an account.

When a plan goes live or is taken back, one statement gives many accounts another territory and
changes nothing else. Four triggers of that statement then looked at every account twice, before and
after, each for itself, and wrote a row of history an account, whose foreign key locked (and so
wrote) the wide row of the account, too. Together that took a third as long as the update and left
much to be read after it.

Such a statement now says so in a setting (`geocrm.hands_over`), and in place of the four one
trigger, `follow_hand_over`, does all of it in one pass: places are worked out once, sums once for
both sides, of which one is taken away and the other added. What is written is the same.

History goes to `assignment_batches`: a row for all accounts of an owner that went from one
territory to another in that moment, a twentieth of the size. Ids come from the sequence of
`assignment_changes`, so that the rows of both tables have one order. Its accounts have no foreign
key: whoever reads asks for accounts that are there, and one that comes back has its past again.

`account_scope_rule` asks the rules row by row. Where a hand-over has found, behind the lock that a
change of rules waits for, that no rule is active, it says that, too (`geocrm.rules`).

After a go-live the accounts that rules decided are looked at again. `account_scope_ruled` finds
them without reading a million others.

Locks: a new table; the triggers wait for writers 10 s at most; the index is made concurrently.
"""

from alembic import op

revision = "0029"
down_revision = "0028"

_KEYS = "owner_id, before, after, segment"
_SUMS = ("n", "cents", "weak", "ids", "x", "y", "spread")
_ADDED_UP = """
    count(*) AS n, sum(cents) AS cents, sum(weak) AS weak, sum(account_id) AS ids,
    sum(x) AS x, sum(y) AS y, sum(x * x + y * y) AS spread"""
_SIGNED = ", ".join(f"sign * {name}" for name in _SUMS)
# Each sum is taken from the territory before and given to the one after.
_SIDES = "CROSS JOIN (VALUES (-1), (1)) AS side(sign)"
_TERRITORY = "CASE WHEN sign < 0 THEN before ELSE after END"


def _week(day: str) -> str:
    """SQL: the Monday of the week of a day, as in 0023."""
    return f"{day} - (extract(isodow FROM {day})::int - 1)"


# Columns and sums as in 0015, 0020 and 0023.
FUNCTION = f"""
    CREATE FUNCTION follow_hand_over() RETURNS trigger LANGUAGE plpgsql
    -- The statement may have put hash joins aside for itself; here two lists of rows are joined.
    SET enable_hashjoin = on SET work_mem = '128MB' AS $$
    DECLARE
        moment timestamptz := clock_timestamp();
        activation integer := nullif(current_setting('geocrm.activation', true), '');
    BEGIN
        WITH moved AS MATERIALIZED (
            SELECT coalesce((s.qk >> 30)::int, -1) AS cell, coalesce((s.qk >> 18)::int, -1) AS fine,
                   s.unit, s.owner_id, s.before, s.after, s.segment, s.account_id, s.grade,
                   s.last_order - (date_part('day', s.last_order)::int - 1) AS month,
                   {_week("s.last_order")} AS ordered, {_week("s.last_visit")} AS visited,
                   CASE WHEN abs(s.revenue) <= 1e15 THEN round(s.revenue * 100) ELSE 0 END AS cents,
                   (s.grade IN ('region', 'country', 'none'))::int AS weak,
                   greatest(0, least(16777215,
                       floor((s.lon + 180) / 360 * 16777216)))::bigint AS x,
                   greatest(0, least(16777215, floor(
                       (1 - ln(tan(s.phi) + 1 / cos(s.phi)) / pi()) / 2 * 16777216)))::bigint AS y
            FROM (SELECT r.*, r.territory_id AS before, a.territory_id AS after,
                         ST_X(r.geom) AS lon,
                         CASE WHEN r.qk IS NOT NULL THEN radians(greatest(
                             -85.0511287798066, least(85.0511287798066, ST_Y(r.geom)))) END AS phi
                  FROM removed r JOIN added a ON a.account_id = r.account_id
                  WHERE r.territory_id IS DISTINCT FROM a.territory_id) s
        ), summed AS MATERIALIZED (
            SELECT CASE WHEN grouping(month) = 0 THEN 'month'
                        WHEN grouping(ordered) = 0 THEN 'last_order'
                        WHEN grouping(visited) = 0 THEN 'last_visit' ELSE 'grade' END AS kind,
                   cell, {_KEYS}, month, coalesce(ordered, visited) AS week, grade, {_ADDED_UP}
            FROM moved GROUP BY GROUPING SETS (
                (cell, {_KEYS}, month), (cell, {_KEYS}, ordered),
                (cell, {_KEYS}, visited), (cell, {_KEYS}, grade))
        ), cells AS (
            INSERT INTO map_deltas
                (cell, owner_id, territory_id, segment, last_order, {", ".join(_SUMS)})
            SELECT cell, owner_id, {_TERRITORY}, segment, month, {_SIGNED}
            FROM summed {_SIDES} WHERE kind = 'month'
        ), facets AS (
            INSERT INTO facet_deltas
                (facet, cell, owner_id, territory_id, segment, week, grade, {", ".join(_SUMS)})
            SELECT kind, cell, owner_id, {_TERRITORY}, segment, week, grade, {_SIGNED}
            FROM summed {_SIDES} WHERE kind <> 'month'
        ), layers AS (
            INSERT INTO layer_deltas
                (cell, unit, owner_id, territory_id, segment, last_order, n, cents)
            SELECT fine, unit, owner_id, {_TERRITORY}, segment, month, sign * n, sign * cents
            FROM (SELECT fine, unit, {_KEYS}, month, count(*) AS n, sum(cents) AS cents
                  FROM moved GROUP BY fine, unit, {_KEYS}, month) summed {_SIDES}
        )
        INSERT INTO assignment_batches
            (activation_id, changed_at, territory_before, territory_after, owner_id, account_ids)
        SELECT activation, moment, before, after, owner_id, array_agg(account_id)
        FROM moved GROUP BY before, after, owner_id;
        RETURN NULL;
    END $$;
"""
TABLE = """
    CREATE TABLE assignment_batches (
        id bigint PRIMARY KEY
            DEFAULT nextval(pg_get_serial_sequence('assignment_changes', 'id')),
        activation_id integer,
        changed_at timestamptz NOT NULL,
        territory_before integer,
        territory_after integer,
        owner_id integer NOT NULL,
        account_ids bigint[] NOT NULL
    );
    COMMENT ON TABLE assignment_batches IS
        'accounts of an owner that changed territory together; adds to assignment_changes';
    COMMENT ON COLUMN assignment_batches.activation_id IS
        'the go-live that caused it, for its undo; NULL for an undo';
    CREATE INDEX assignment_batches_activation ON assignment_batches (activation_id);
"""
FOLLOWERS = {
    "follow_map_cells_update": "follow_map_cells",
    "follow_layer_totals_update": "follow_layer_totals",
    "follow_facet_cells_update": "follow_facet_cells",
    "note_assignments": "note_assignments",
}
_SETTING = "coalesce(current_setting('geocrm.{}', true), '')"
_HANDS_OVER = _SETTING.format("hands_over")
_RULES = _SETTING.format("rules")


def _follow(trigger: str, function: str, condition: str) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER {trigger} AFTER UPDATE ON account_scope"
        f" REFERENCING OLD TABLE AS removed NEW TABLE AS added"
        f" FOR EACH STATEMENT {condition} EXECUTE FUNCTION {function}()"
    )


def _rule(condition: str) -> str:
    return (
        "CREATE OR REPLACE TRIGGER account_scope_rule"
        " BEFORE INSERT OR UPDATE OF territory_id, unit, segment, rule_id ON account_scope"
        f" FOR EACH ROW {condition} EXECUTE FUNCTION account_scope_rule()"
    )


def upgrade() -> None:
    """Create the table and the trigger; the others step aside for it."""
    # A trigger waits for writers to end, and whoever comes after waits for it: not for long.
    op.execute("SET LOCAL lock_timeout = '10s'")
    for statements in (TABLE, FUNCTION):
        op.execute(statements)
    for trigger, function in FOLLOWERS.items():
        op.execute(_follow(trigger, function, f"WHEN ({_HANDS_OVER} <> 'on')"))
    op.execute(_follow("follow_hand_over", "follow_hand_over", f"WHEN ({_HANDS_OVER} = 'on')"))
    op.execute(_rule(f"WHEN ({_RULES} <> 'none')"))
    with op.get_context().autocommit_block():
        # One left invalid by a killed run would never be used.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS account_scope_ruled")
        op.execute(
            "CREATE INDEX CONCURRENTLY account_scope_ruled ON account_scope (account_id)"
            " WHERE rule_id IS NOT NULL"
        )


def downgrade() -> None:
    """Drop them; history goes back to a row an account, of the accounts that are left."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute("DROP INDEX account_scope_ruled")
    op.execute(_rule(""))
    op.execute("DROP TRIGGER follow_hand_over ON account_scope")
    for trigger, function in FOLLOWERS.items():
        op.execute(_follow(trigger, function, ""))
    op.execute(
        """
        INSERT INTO assignment_changes (account_id, written_for, changed_at, territory_before,
            territory_after, owner_before, owner_after, activation_id)
        SELECT a.id, a.id, b.changed_at, b.territory_before, b.territory_after, b.owner_id,
            b.owner_id, b.activation_id
        FROM assignment_batches b JOIN accounts a ON a.id = ANY (b.account_ids)
        ORDER BY b.id;
        DROP FUNCTION follow_hand_over;
        DROP TABLE assignment_batches;
        """
    )
