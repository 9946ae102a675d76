"""The command line; each command lives in a module of its own and is loaded when it is used.

Exit status: 0 done, 1 done but nothing found, 2 bad input or refused, 3 a part did not answer
(database, geocoder, disk), 130 interrupted.
"""

import os
import sys
from importlib import import_module
from importlib.util import find_spec

import click

from geocrm.errors import GeoCrmError, MissingActor, ServiceUnavailable

BAD_INPUT, UNAVAILABLE, INTERRUPTED = 2, 3, 130

# Name -> where it is defined, and what it does; so the list of commands needs no imports.
COMMANDS = {
    "addresses": (
        "geocrm.cli.addresses:addresses",
        "Look up where customers are, many at once.",
    ),
    "areas": ("geocrm.cli.areas:areas", "Areas to filter by, out of files."),
    "backup": ("geocrm.cli.backup:backup", "Write everything in the database to a file."),
    "boundaries": (
        "geocrm.cli.made_units:boundaries",
        "Boundaries and their neighbours.",
    ),
    "bulk": ("geocrm.cli.bulk:bulk", "Change, export or delete many customers; undo."),
    "campaigns": ("geocrm.cli.campaigns:campaigns", "The reachable people of a region."),
    "check": ("geocrm.cli.check:check", "Say what is wrong with this installation."),
    "db": ("geocrm.cli.db:db", "Start, stop and look at the private database."),
    "demo": ("geocrm.cli.demo:demo", "Load and remove synthetic customers."),
    "gazetteer": ("geocrm.cli.gazetteer:gazetteer", "Load the places that addresses are found on."),
    "geocode": ("geocrm.cli.geocode:geocode", "Find where an address, or a file of them, is."),
    "import": (
        "geocrm.cli.imports:imports",
        "Bring accounts and orders in from files.",
    ),
    "init": ("geocrm.cli.init:init", "Start empty, with the first administrator."),
    "map": ("geocrm.cli.map:map_group", "What the map counts beforehand."),
    "migrate": ("geocrm.cli.db:migrate", "Bring the tables to the version of the code."),
    "nearby": ("geocrm.cli.nearby:nearby_command", "List the customers around a point."),
    "places": ("geocrm.cli.places:places", "OpenStreetMap extracts: streets and addresses."),
    "providers": (
        "geocrm.cli.providers:providers",
        "Services of others that are asked for addresses.",
    ),
    "restore": (
        "geocrm.cli.backup:restore",
        "Bring back everything from a backup.",
    ),
    "reverse": ("geocrm.cli.reverse:reverse_command", "Say what lies at a point."),
    "serve": ("geocrm.cli.serve:serve", "Serve the pages until interrupted."),
    "territories": (
        "geocrm.cli.territories:territories",
        "Draw balanced territories.",
    ),
    "token": ("geocrm.cli.users:token", "Keys for programs."),
    "user": ("geocrm.cli.users:user", "People who sign in."),
    "views": ("geocrm.cli.views:views", "Saved views: list, show, delete."),
    "visits": ("geocrm.cli.visits:visits", "Plan a day of visits."),
    "worker": ("geocrm.cli.worker:worker", "Run background jobs until interrupted."),
}


class LazyGroup(click.Group):
    """The commands of `COMMANDS` whose module is there; each also takes `--as EMAIL`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, (at, _) in COMMANDS.items() if find_spec(at.partition(":")[0])]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        _offer_as(command)
        return command


def _remember(ctx: click.Context, _parameter: click.Parameter, email: str | None) -> None:
    if email is not None:
        ctx.find_root().obj = email


def _as_option() -> click.Option:
    return click.Option(
        ["--as", "as_email"],
        metavar="EMAIL",
        expose_value=False,
        callback=_remember,
        help="Act as this user, seeing what they see.",
    )


def _offer_as(command: click.Command) -> None:
    """Add the option to the command and everything below it, once."""
    if not any("--as" in parameter.opts for parameter in command.params):
        command.params.append(_as_option())
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _offer_as(below)


@click.group(cls=LazyGroup, params=[_as_option()], context_settings={"show_default": True})
@click.version_option(package_name="geocrm", message="GeoCRM %(version)s")
def cli() -> None:
    """Customers on the map: import, territories, visits, campaigns.

    Commands act as the operator of this installation; --as EMAIL acts as a user.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run a command; the only place where an error becomes a sentence and an exit status."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run a command and give its exit status."""
    try:
        status = cli.main(arguments, prog_name="geocrm", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return BAD_INPUT
    except ServiceUnavailable as error:
        return _refuse(str(error), UNAVAILABLE)
    except MissingActor:
        raise
    except GeoCrmError as error:
        return _refuse(str(error), BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        return _refuse("Interrupted", INTERRUPTED)
    except BrokenPipeError:
        return _reader_left()
    except OSError as error:
        return _refuse(f"{error.filename or 'Input or output'}: {error.strerror}", UNAVAILABLE)
    return status if isinstance(status, int) else 0


def _refuse(sentence: str, status: int) -> int:
    click.echo(f"geocrm: {sentence}", err=True)
    return status


def _reader_left() -> int:
    """Whoever read our output has seen enough, as in `geocrm user list | head`."""
    # The interpreter flushes once more at its end, which must not fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
