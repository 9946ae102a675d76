"""Plans on units of one's own making decide who has which customer, as those on regencies do.

While such a plan is live, `live_units` holds its made units, and the administrative unit that an
account carries leads to none of them. `account_scope_unit` therefore gives an account, before its
row is written, the territory of the made unit that holds it: as it stands in `unit_accounts`, or,
where the row comes new or gets another point or unit, by `made_unit`, because `unit_accounts`
follows only after the row. So whoever writes accounts need not know of made units. By its name it
goes after `account_scope_rule`, and only where no rule decided.

A hand-over (`geocrm.hands_over`, migration 0029) has worked that out for all of its accounts, and
gives back exactly what was noted; the trigger leaves its rows alone.

While no plan on made units is live, what it costs is one look at two small tables.

Locks: a function and a trigger, which waits for writers 10 s at most.
"""

from alembic import op

revision = "0032"
down_revision = "0031"

FUNCTION = """
    CREATE FUNCTION account_scope_unit() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        made made_levels;
        home text;
    BEGIN
        SELECT m.* INTO made
        FROM territory_plans p JOIN made_levels m ON m.code = p.level
        WHERE p.state = 'live' AND p.type = 'sales';
        IF NOT FOUND THEN
            RETURN NEW;
        END IF;
        IF TG_OP = 'UPDATE' AND NEW.unit IS NOT DISTINCT FROM OLD.unit
                AND NEW.geom IS NOT DISTINCT FROM OLD.geom THEN
            home := (SELECT u.unit FROM unit_accounts u
                     WHERE u.level = made.code AND u.account_id = NEW.account_id);
        ELSE
            home := made_unit(made.code, made.ground, NEW.geom, NEW.unit);
        END IF;
        NEW.territory_id := (SELECT l.territory_id FROM live_units l WHERE l.unit = home);
        RETURN NEW;
    END $$;
"""
# A rule that decides no longer is seen by what account_scope_rule looks at, hence the segment.
TRIGGER = """
    CREATE TRIGGER account_scope_unit
        BEFORE INSERT OR UPDATE OF territory_id, unit, geom, segment, rule_id ON account_scope
        FOR EACH ROW WHEN (NEW.rule_id IS NULL
            AND coalesce(current_setting('geocrm.hands_over', true), '') <> 'on')
        EXECUTE FUNCTION account_scope_unit();
"""


def upgrade() -> None:
    """Create the trigger."""
    # A trigger waits for writers to end, and whoever comes after waits for it: not for long.
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(FUNCTION)
    op.execute(TRIGGER)


def downgrade() -> None:
    """Drop it; accounts keep what a live plan on made units gave them until they are written."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute("DROP TRIGGER account_scope_unit ON account_scope")
    op.execute("DROP FUNCTION account_scope_unit")
