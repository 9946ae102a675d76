"""Units of one's own making: hexagons, cells of so many customers, levels with units split.

They are rows of `boundaries` in a layer that is marked `made`, so that a plan is built of them like
of any others. A customer goes on to know the finest administrative unit it lies in; which made unit
holds it stands beside that in `unit_accounts`, one row a customer and level. It is kept by triggers
after each row of `account_scope`, so that no way of writing a customer can forget it. `made_unit`
is the one rule: who lies in a unit of the ground is in the made unit that covers the point, on a
border in the first by code, and off the coast in the nearest.

While no level is made, what the triggers cost is one look at an empty table.

Locks: a column with a constant default, which rewrites nothing, and new tables; the triggers wait
for writers 10 s at most.
"""

from alembic import op

revision = "0030"
down_revision = "0029"

TABLES = """
    ALTER TABLE boundary_layers ADD COLUMN made boolean NOT NULL DEFAULT false;
    COMMENT ON COLUMN boundary_layers.made IS 'by somebody for their plans, not administrative';
    CREATE TABLE made_levels (
        code text PRIMARY KEY REFERENCES boundary_layers ON DELETE CASCADE,
        -- False while its maker looks at it and has not decided to keep it.
        kept boolean NOT NULL DEFAULT false,
        wish jsonb NOT NULL,
        customers integer NOT NULL,
        ground text[] NOT NULL,
        created_by integer REFERENCES users ON DELETE SET NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    COMMENT ON COLUMN made_levels.customers IS 'that its maker saw on this ground';
    COMMENT ON COLUMN made_levels.ground IS 'units whose customers lie in its units';
    CREATE TABLE unit_accounts (
        level text NOT NULL REFERENCES made_levels ON DELETE CASCADE,
        account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
        unit text NOT NULL REFERENCES boundaries ON DELETE CASCADE,
        PRIMARY KEY (level, account_id)
    );
    COMMENT ON TABLE unit_accounts IS 'the made unit of each level that holds a customer';
    CREATE INDEX unit_accounts_unit ON unit_accounts (unit);
    CREATE INDEX unit_accounts_account ON unit_accounts (account_id);
"""
FUNCTIONS = """
    CREATE FUNCTION made_unit(its_level text, its_ground text[], point geometry, home text)
    RETURNS text LANGUAGE plpgsql STABLE AS $$
    BEGIN
        IF point IS NULL OR home IS NULL OR NOT home = ANY (its_ground) THEN
            RETURN NULL;
        END IF;
        RETURN coalesce(
            (SELECT b.code FROM boundaries b
             WHERE b.layer = its_level AND b.geom && point AND ST_Covers(b.geom, point)
             ORDER BY b.code LIMIT 1),
            (SELECT b.code FROM boundaries b
             WHERE b.layer = its_level ORDER BY b.geom <-> point LIMIT 1));
    END $$;

    CREATE FUNCTION account_made_units() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM made_levels m WHERE m.kept) THEN
            RETURN NULL;
        END IF;
        IF TG_OP = 'UPDATE' THEN
            DELETE FROM unit_accounts WHERE account_id = NEW.account_id;
        END IF;
        INSERT INTO unit_accounts (level, account_id, unit)
        SELECT found.code, NEW.account_id, found.unit
        FROM (SELECT m.code, made_unit(m.code, m.ground, NEW.geom, NEW.unit) AS unit
              FROM made_levels m WHERE m.kept) found
        WHERE found.unit IS NOT NULL;
        RETURN NULL;
    END $$;
"""
TRIGGERS = """
    CREATE TRIGGER account_made_units_new AFTER INSERT ON account_scope
        FOR EACH ROW EXECUTE FUNCTION account_made_units();
    CREATE TRIGGER account_made_units_moved AFTER UPDATE OF geom, unit ON account_scope
        FOR EACH ROW WHEN (OLD.unit IS DISTINCT FROM NEW.unit
                           OR ST_AsEWKB(OLD.geom) IS DISTINCT FROM ST_AsEWKB(NEW.geom))
        EXECUTE FUNCTION account_made_units();
"""


def upgrade() -> None:
    """Create the tables, what keeps them, and the triggers."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(TABLES)
    op.execute(FUNCTIONS)
    op.execute(TRIGGERS)


def downgrade() -> None:
    """Drop them, with the units that were made and the plans built of them."""
    op.execute("DROP TRIGGER account_made_units_new ON account_scope")
    op.execute("DROP TRIGGER account_made_units_moved ON account_scope")
    op.execute("DROP FUNCTION account_made_units, made_unit")
    op.execute("DROP TABLE unit_accounts, made_levels")
    op.execute(
        "DELETE FROM territory_plans WHERE level IN (SELECT code FROM boundary_layers WHERE made)"
    )
    op.execute(
        "DELETE FROM boundaries WHERE layer IN (SELECT code FROM boundary_layers WHERE made)"
    )
    op.execute("DELETE FROM boundary_layers WHERE made")
    op.execute("ALTER TABLE boundary_layers DROP COLUMN made")
