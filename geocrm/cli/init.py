"""`geocrm init`: start empty, with the first administrator."""

import secrets
import sys

import click

from geocrm.cli.context import emit, json_option, open_session, say, settings
from geocrm.operations.first_user import add_first_administrator


@click.command()
@click.option("--email", prompt="Your e-mail address", help="The first administrator's address.")
@click.option("--name", default="", help="Their name; by default the part before the @.")
@click.option("--password", help="At least 10 characters; asked for, or generated, when absent.")
@json_option
def init(email: str, name: str, password: str | None, as_json: bool) -> None:
    """Make an empty database ready: tables and the first administrator."""
    generated = password is None and not sys.stdin.isatty()
    if password is None:
        password = secrets.token_urlsafe(12) if generated else _asked()
    chosen = settings()
    with open_session() as (session, actor):
        user = add_first_administrator(
            session,
            actor,
            email=email,
            name=name,
            password=password,
            locale=chosen.default_locale,
        )
        address = user.email
    # Only a password nobody knows yet is shown.
    shown = {"password": password} if generated else {}
    if as_json:
        emit({"email": address, **shown})
    else:
        for value in shown.values():
            click.echo(f"Password: {value}")
        say(f"{address} is the administrator. Start with: geocrm serve --with-worker")


def _asked() -> str:
    answer: str = click.prompt("A password", hide_input=True, confirmation_prompt=True)
    return answer
