"""`geocrm demo`: synthetic customers to look at the product with."""

import sys

import click

from geocrm import clock
from geocrm.cli.context import emit, json_option, open_sessions, say, settings
from geocrm.db import unit_of_work
from geocrm.demo import people, service
from geocrm.security import OPERATOR


@click.group()
def demo() -> None:
    """Synthetic Indonesian customers, their orders, and one user per role."""


@demo.command("load")
@click.option("--accounts", "num_accounts", default=50_000, help="How many accounts.")
@click.option("--seed", default=1, help="Another seed gives other customers.")
@click.option("--if-absent", is_flag=True, help="Do nothing when the demo is there already.")
@json_option
def load(num_accounts: int, seed: int, if_absent: bool, as_json: bool) -> None:
    """Load the demo; started again after an interruption it goes on where it stopped."""
    with open_sessions() as sessions:
        if if_absent:
            with unit_of_work(sessions, OPERATOR) as session:
                if service.loaded(session) >= num_accounts:
                    return
        added = service.load(
            sessions,
            num_accounts=num_accounts,
            seed=seed,
            today=clock.today(settings().default_timezone),
            report=_progress,
        )
    if as_json:
        emit({"added": added})
    else:
        say(f"Loaded {added:,} demo accounts")


@demo.command("remove")
@json_option
def remove(as_json: bool) -> None:
    """Take out the demo's accounts, plans and users, and nothing else."""
    with open_sessions() as sessions:
        removed = service.remove(sessions, _progress)
    if as_json:
        emit(removed)
    else:
        say(
            f"Removed {removed.accounts:,} demo accounts and {removed.users} demo users;"
            f" {removed.handed_over} accounts of others were handed to the administrator"
        )


@demo.command("sign-ins")
@json_option
def sign_ins(as_json: bool) -> None:
    """How to sign in as each person of the demo."""
    found = [
        {"role": role, "email": f"{login}@{people.DOMAIN}", "password": people.PASSWORD}
        for role, login in people.LOGINS
    ]
    if as_json:
        emit(found)
        return
    for one in found:
        click.echo(f"  {one['role']:<18} {one['email']:<24} {one['password']}")


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total:
        click.echo(f"\r  {done:,} of {total:,} accounts", err=True, nl=done >= total)
