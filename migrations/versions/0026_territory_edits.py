"""What was changed in a plan, step by step, and who has a plan open.

Two people who change one plan must see what the other did, unit by unit, and a step must be taken
back long after it was saved. So `territory_edits` holds each saved step of a plan with the version
it made, and `territory_edit_units` the units that went from one territory to another in it.
Territories are named by their number in the plan, not by their row: a step stays readable after a
territory was removed. NULL is no territory.

`territory_presence` says which page of whom has a plan open. It is worth seconds, so it is not
logged and empty after a crash. Steps before this migration were not kept; nothing is filled in.

Locks: none that a writer waits for; all tables are new.
"""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Create the tables."""
    op.execute(
        """
        CREATE TABLE territory_edits (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            plan_id integer NOT NULL REFERENCES territory_plans ON DELETE CASCADE,
            version integer NOT NULL,
            user_id integer REFERENCES users ON DELETE SET NULL,
            at timestamptz NOT NULL,
            units integer NOT NULL,
            added jsonb NOT NULL DEFAULT '[]',
            removed jsonb NOT NULL DEFAULT '[]',
            UNIQUE (plan_id, version)
        );
        COMMENT ON TABLE territory_edits IS 'saved steps of a plan, with the version each made';
        CREATE TABLE territory_edit_units (
            edit_id bigint NOT NULL REFERENCES territory_edits ON DELETE CASCADE,
            unit text NOT NULL,
            before integer,
            after integer,
            PRIMARY KEY (edit_id, unit)
        );
        COMMENT ON TABLE territory_edit_units IS
            'units that a step moved; numbers of territories, NULL for none';
        CREATE UNLOGGED TABLE territory_presence (
            plan_id integer NOT NULL REFERENCES territory_plans ON DELETE CASCADE,
            user_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
            tab text NOT NULL,
            unsaved integer NOT NULL,
            seen_at timestamptz NOT NULL,
            PRIMARY KEY (plan_id, user_id, tab)
        );
        COMMENT ON TABLE territory_presence IS 'which page of whom has a plan open';
        """
    )


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE territory_presence, territory_edit_units, territory_edits")
