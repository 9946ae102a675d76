"""Units may be neighbours over a bridge: land for whoever drives, not a common border.

Locks: `boundary_edges` for a moment, which waits 10 s at most.
"""

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Accept the kind; `geocrm boundaries load` brings the bridges that the files know."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(
        """
        ALTER TABLE boundary_edges DROP CONSTRAINT boundary_edges_kind_check;
        ALTER TABLE boundary_edges ADD CONSTRAINT boundary_edges_kind_check
            CHECK (kind IN ('land', 'ferry', 'bridge'));
        COMMENT ON COLUMN boundary_edges.length_m IS
            'land: length of the shared border; ferry, bridge: width of the crossing';
        """
    )


def downgrade() -> None:
    """A bridge is a ferry again."""
    op.execute(
        """
        UPDATE boundary_edges SET kind = 'ferry' WHERE kind = 'bridge';
        ALTER TABLE boundary_edges DROP CONSTRAINT boundary_edges_kind_check;
        ALTER TABLE boundary_edges ADD CONSTRAINT boundary_edges_kind_check
            CHECK (kind IN ('land', 'ferry'));
        COMMENT ON COLUMN boundary_edges.length_m IS
            'land: length of the shared border; ferry: width of the crossing';
        """
    )
