"""Travel times that people give for a design are kept, so that its plan can be designed anew.

A plan says with which times it was designed (`params.request.times.kept` is their digest). Until
now it kept the name of the file alone, so that only whoever still had the file could replay it, and
the page could not take one. In the database they are in every backup, a worker on another machine
reads them, and they come and go with the request that brings them. `content` is compressed already,
so PostgreSQL is told not to try again.

The level is not a foreign key: boundaries are loaded anew now and then, and codes outlive that.

Locks: a new table; the reference to `users` waits for writers of that table 10 s at most.
"""

from alembic import op

revision = "0033"
down_revision = "0032"

TABLE = """
    CREATE TABLE travel_times (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        level text NOT NULL,
        digest text NOT NULL,
        content bytea NOT NULL,
        created_by integer REFERENCES users ON DELETE SET NULL,
        used_at timestamptz NOT NULL DEFAULT now()
    );
    COMMENT ON TABLE travel_times IS 'minutes between units of a level that somebody gave';
    COMMENT ON COLUMN travel_times.used_at IS 'unused since then and in no plan, they go in a day';
    ALTER TABLE travel_times ALTER COLUMN content SET STORAGE EXTERNAL;
    CREATE UNIQUE INDEX travel_times_once ON travel_times (digest, level, created_by)
        NULLS NOT DISTINCT;
    CREATE INDEX travel_times_created_by ON travel_times (created_by);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(TABLE)


def downgrade() -> None:
    """Drop it; plans go on to say which file they were designed with."""
    op.execute("DROP TABLE travel_times")
