"""`geocrm backup` and `geocrm restore`: the whole database and its documents in one file."""

from pathlib import Path

import click

from geocrm.cli.context import answering, emit, json_option, open_engine, say, settings
from geocrm.db import cluster
from geocrm.operations import backup as backups
from geocrm.operations.archive import Manifest

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Write everything in the database to FILE while people go on working.

    The session key stays out: after a restore elsewhere everybody signs in again.
    """
    chosen = settings()
    with open_engine(chosen):
        url = cluster.ensure_running(chosen, say)
        manifest = backups.backup(url, file.absolute(), chosen.var / "documents")
    _report(manifest, file, as_json, "Saved")


@click.command()
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="Replace what the database holds now.")
@json_option
def restore(file: Path, replace: bool, as_json: bool) -> None:
    """Bring back everything from FILE, or change nothing."""
    chosen = settings()
    url = cluster.ensure_running(chosen, say)
    with answering(chosen):
        manifest = backups.restore(
            url, file.absolute(), replace=replace, documents=chosen.var / "documents"
        )
    _report(manifest, file, as_json, "Restored")
    if manifest.rows.get("region_packs"):
        say("A backup holds no files of region packs: geocrm check says which are missing")


def _report(manifest: Manifest, file: Path, as_json: bool, verb: str) -> None:
    if as_json:
        emit({"file": file, **{key: getattr(manifest, key) for key in ("made_at", "rows")}})
    else:
        rows = manifest.rows
        documents = f", {manifest.documents:,} documents" if manifest.documents else ""
        say(f"{verb} {rows['accounts']:,} accounts and {rows['users']:,} users{documents} ({file})")
