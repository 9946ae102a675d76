"""Imports: the files people brought, row by row, so that they can be resumed and undone."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nothing yet."""
