"""Jobs that end early and keep what they have.

Cancelling a design throws its plan away. Whoever has seen enough asks it to end with the best plan
so far; the worker reads this when it reports how far it is.

Locks: a column with a constant default is only noted in the catalogue; it waits 5 s at most.
"""

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Add the column."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        ALTER TABLE job_runs ADD COLUMN ends_early boolean NOT NULL DEFAULT false;
        COMMENT ON COLUMN job_runs.ends_early IS 'asked to end now and keep what it has';
        """
    )


def downgrade() -> None:
    """Drop it; a job that was asked to end early goes on to its end."""
    op.execute("ALTER TABLE job_runs DROP COLUMN ends_early")
