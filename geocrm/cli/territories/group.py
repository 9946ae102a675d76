"""The group that the commands of territories join."""

import click


@click.group()
def territories() -> None:
    """Divide the ground evenly, and say who is responsible for which part."""
