"""Plans that share out orders, workload, or any number out of a file.

A plan's measure was one of three words; now it may also be the name that somebody gave their own
numbers, which only the application can check. What belongs to it (shares of a mixture, the cadence
behind a workload, the numbers) is kept in `params`, where the request already is.

Locks: the table of plans for a moment; it holds as many rows as there are plans.
"""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Let a measure be any word."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(
        """
        ALTER TABLE territory_plans DROP CONSTRAINT territory_plans_measure_check,
            ADD CONSTRAINT territory_plans_measure_check CHECK (measure <> '')
        """
    )


def downgrade() -> None:
    """Allow the three again; other plans are judged by customers from then on."""
    op.execute(
        """
        ALTER TABLE territory_plans DROP CONSTRAINT territory_plans_measure_check;
        UPDATE territory_plans SET measure = 'accounts'
        WHERE measure NOT IN ('accounts', 'revenue', 'population');
        ALTER TABLE territory_plans ADD CONSTRAINT territory_plans_measure_check
            CHECK (measure IN ('accounts', 'revenue', 'population'))
        """
    )
