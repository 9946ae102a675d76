"""The list of a bulk action is frozen by its job, not by the request that asks for it.

Writing down a million members takes seconds, and a browser gives up on a request that does. The
request now keeps what was asked (the filter was kept already; `ids` holds a list, until the members
are written) and the fingerprint of the preview that was agreed to; `frozen_at` says when the
members were written, all of them in one transaction. Runs that are there have theirs, and so has
one that old code begins while both versions run: hence the default.

`problem` is why a run stopped, as a sentence with its figures apart, so that a page says it in the
reader's language; `message` stays the English text.

The constraint is swapped without reading the table under a lock.
"""

from alembic import op

revision = "0021"
down_revision = "0020"

_STATES = ("running", "paused", "done", "failed", "cancelled", "undoing", "undone")


def _check_state(states: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{state}'" for state in states)
    op.execute("ALTER TABLE bulk_runs DROP CONSTRAINT IF EXISTS bulk_runs_state_check")
    op.execute(
        "ALTER TABLE bulk_runs ADD CONSTRAINT bulk_runs_state_check"
        f" CHECK (state IN ({listed})) NOT VALID"
    )
    op.execute("ALTER TABLE bulk_runs VALIDATE CONSTRAINT bulk_runs_state_check")


def upgrade() -> None:
    """Add the columns and the state; none of it rewrites the table."""
    op.execute(
        """
        ALTER TABLE bulk_runs
            ADD COLUMN IF NOT EXISTS ids bigint[],
            ADD COLUMN IF NOT EXISTS fingerprint text,
            ADD COLUMN IF NOT EXISTS frozen_at timestamptz DEFAULT now(),
            ADD COLUMN IF NOT EXISTS problem jsonb;
        COMMENT ON COLUMN bulk_runs.ids IS 'who was named one by one, until they are members';
        COMMENT ON COLUMN bulk_runs.fingerprint IS 'of the preview that was agreed to';
        COMMENT ON COLUMN bulk_runs.frozen_at IS 'when bulk_members was written; NULL before';
        COMMENT ON COLUMN bulk_runs.problem IS 'why it stopped: a sentence and its figures';
        """
    )
    _check_state(("preparing", *_STATES))


def downgrade() -> None:
    """Cancel what never began; drop the columns."""
    op.execute("UPDATE bulk_runs SET state = 'cancelled' WHERE frozen_at IS NULL")
    _check_state(_STATES)
    op.execute(
        "ALTER TABLE bulk_runs DROP COLUMN ids, DROP COLUMN fingerprint, DROP COLUMN frozen_at,"
        " DROP COLUMN problem"
    )
