"""The geocoding services of others: how they are asked, what they cost, what may be kept."""

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the tables."""


def downgrade() -> None:
    """Drop the tables."""
