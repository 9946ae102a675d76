"""Backup and restore: the whole database and its documents in one file, all or nothing.

The session key in `var/secret` stays out: whoever gets hold of a backup cannot forge a sign-in, and
after a restore elsewhere everybody signs in again. Open sessions stay out for the same reason, and
so do the keys of geocoding providers, which cost money in other hands, and their kept answers,
which no terms let us keep for as long as a backup.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import psycopg2
from psycopg2 import errors as pg_errors
from psycopg2 import sql
from sqlalchemy.engine import make_url

from geocrm import clock
from geocrm.db import binaries, make_engine, migrate
from geocrm.documents import store
from geocrm.errors import Conflict, InvalidInput, ServiceUnavailable
from geocrm.operations import archive
from geocrm.operations.archive import Manifest
from geocrm.operations.servers import libpq_dsn

# Sign-ins end with a restore, keys are entered anew; the reference systems come with PostGIS.
_NOT_KEPT = (
    "web_sessions",
    "login_attempts",
    "geocoding_keys",
    "geocoding_cache",
    "spatial_ref_sys",
)
_BLOCK = 1 << 20
_SWAP_ATTEMPTS = 50  # people who are at work reconnect within milliseconds; retry between them

Cursor = psycopg2.extensions.cursor


def backup(url: str, target: Path, documents: Path | None = None) -> Manifest:
    """Write the database into the file; an earlier file of that name is replaced at the end.

    Everything is read in one snapshot, so people may go on working. With the folder of `documents`
    their contents go along: those that the snapshot names, and it names none that is not there, as
    a content is in its place before its row is committed and stays a day behind it.
    """
    if not target.parent.is_dir():
        raise InvalidInput(f"There is no folder {target.parent}")
    with _connected(url) as cursor, archive.writing(target) as writer:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot(), current_setting('server_version_num')::int")
        snapshot, server = cursor.fetchone() or ("", 0)
        rows, revision = _row_counts(cursor), _revision(cursor)
        _dump(url, snapshot, server // 10_000, writer)
        writer.end_dump()
        kept = _add_documents(cursor, writer, documents) if documents else 0
        manifest = Manifest(
            format=archive.FORMAT,
            made_at=clock.now().isoformat(timespec="seconds"),
            geocrm=version("geocrm"),
            revision=revision,
            postgresql=server // 10_000,
            sha256=writer.sha256,
            rows=rows,
            documents=kept,
        )
        writer.finish(manifest)
    return manifest


def _add_documents(cursor: Cursor, writer: archive.DumpWriter, folder: Path) -> int:
    """Append the contents that versions of documents name; how many."""
    cursor.execute("SELECT to_regclass('public.document_versions')")
    if (cursor.fetchone() or (None,))[0] is None:
        return 0
    cursor.execute("SELECT DISTINCT sha256 FROM document_versions ORDER BY 1")
    count = 0
    for (sha256,) in cursor.fetchall():
        path = store.path_of(folder, sha256)
        # One that is missing is missed by `geocrm check`, not by who saves the others.
        if path.is_file():
            writer.add_document(path)
            count += 1
    return count


def _dump(url: str, snapshot: str, major: int, writer: archive.DumpWriter) -> None:
    command = [
        *(binaries.client("pg_dump", major), "--format=custom", "--compress=4"),
        *("--no-owner", "--no-privileges", f"--snapshot={snapshot}"),
        *(f"--exclude-table-data={table}" for table in _NOT_KEPT),
        f"--dbname={_without_password(url)}",
    ]
    with _client(command, url, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        while block := process.stdout.read(_BLOCK):
            writer.write(block)
        complaint = process.stderr.read().decode(errors="replace").strip()
    if process.returncode:
        raise ServiceUnavailable(f"The backup failed, and no file was written: {complaint}")


def restore(
    url: str, source: Path, *, replace: bool = False, documents: Path | None = None
) -> Manifest:
    """Put a backup in the place of the database; on any error the database stays as it was.

    The backup is first restored beside the database, checked and migrated. Documents go into the
    folder `documents` before the exchange; their names are checksums, so none is overwritten.
    Raises Conflict when the database holds anything and `replace` is not asked for.
    """
    manifest = _acceptable(source)
    name = make_url(url).database or ""
    beside = f"{name}_restoring"
    with _connected(_sibling(url, "postgres")) as cursor:
        _require_fit(cursor, manifest, source)
        if not replace:
            _require_empty(url, name)
        try:
            _make_empty_database(cursor, beside)
            _fill(_sibling(url, beside), source, manifest)
            if documents is not None:
                archive.restore_documents(source, documents)
            _swap(cursor, name, beside)
        finally:
            _drop(cursor, beside)
    return manifest


def _acceptable(source: Path) -> Manifest:
    if not source.is_file():
        raise InvalidInput(f"There is no file {source}")
    manifest = archive.read_manifest(source)
    if not list((migrate.MIGRATIONS / "versions").glob(f"{manifest.revision}_*.py")):
        raise Conflict(
            f"{source} was made by GeoCRM {manifest.geocrm} with tables of version"
            f" {manifest.revision}, newer than this code: update GeoCRM first"
        )
    archive.require_intact(source, manifest)
    return manifest


def _require_fit(cursor: Cursor, manifest: Manifest, source: Path) -> None:
    cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
    (major,) = cursor.fetchone() or (0,)
    if manifest.postgresql > major:
        raise Conflict(
            f"{source} was made with PostgreSQL {manifest.postgresql}, and this server is {major}:"
            f" install PostgreSQL {manifest.postgresql} or newer"
        )


def _require_empty(url: str, name: str) -> None:
    with _connected(url) as cursor:
        held = [
            f"{count} {table}"
            for table in ("users", "accounts")
            if (count := _count_if_there(cursor, table))
        ]
    if held:
        raise Conflict(
            f"The database {name} holds {' and '.join(held)}. Make a backup of it, and then run the"
            " same command with --replace"
        )


def _count_if_there(cursor: Cursor, table: str) -> int:
    cursor.execute("SELECT to_regclass(%s)", (f"public.{table}",))
    if (cursor.fetchone() or (None,))[0] is None:
        return 0
    cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
    return int((cursor.fetchone() or (0,))[0])


def _make_empty_database(cursor: Cursor, name: str) -> None:
    _drop(cursor, name)
    try:
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except pg_errors.InsufficientPrivilege as error:
        raise ServiceUnavailable(
            "A restore builds a second database first, and the database user may not make one."
            " Let its administrator run: ALTER ROLE name CREATEDB"
        ) from error


def _fill(url: str, source: Path, manifest: Manifest) -> None:
    command = [
        *(binaries.client("pg_restore", manifest.postgresql), "--exit-on-error"),
        *("--single-transaction", "--no-owner", "--no-privileges", "--no-comments"),
        f"--dbname={_without_password(url)}",
    ]
    _feed(command, url, source)
    with _connected(url) as cursor:
        found = _row_counts(cursor)
    if found != manifest.rows:
        wrong = [table for table, rows in manifest.rows.items() if found.get(table) != rows]
        raise ServiceUnavailable(f"The restored tables {', '.join(wrong)} lack rows: not used")
    engine = make_engine(url, name="geocrm restore")
    try:
        migrate.upgrade(engine)
    finally:
        engine.dispose()


def _feed(command: list[str], url: str, source: Path) -> None:
    with _client(command, url, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        try:
            with archive.reading(source) as dump, process.stdin:
                while block := dump.read(_BLOCK):
                    process.stdin.write(block)
        except BrokenPipeError:
            pass  # it gave up; its complaint says why
        complaint = process.stderr.read().decode(errors="replace").strip()
    if process.returncode:
        raise ServiceUnavailable(f"The restore failed, and nothing was changed: {complaint}")


def _swap(cursor: Cursor, name: str, beside: str) -> None:
    """Exchange the names in one transaction, so that at any moment one of the two is in place."""
    aside = f"{name}_before"
    _drop(cursor, aside)
    for attempt in range(_SWAP_ATTEMPTS):
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = ANY(%s) AND backend_type = 'client backend'"
            " AND pid <> pg_backend_pid()",
            ([name, beside],),
        )
        try:
            cursor.execute("BEGIN")
            _rename(cursor, name, aside)
            _rename(cursor, beside, name)
            cursor.execute("COMMIT")
            break
        except pg_errors.ObjectInUse as error:
            cursor.execute("ROLLBACK")
            if attempt == _SWAP_ATTEMPTS - 1:
                raise ServiceUnavailable(
                    f"Somebody keeps using the database {name}: stop the server and try again;"
                    " nothing was changed"
                ) from error
            time.sleep(0.02)
    _drop(cursor, aside)


def _rename(cursor: Cursor, old: str, new: str) -> None:
    cursor.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
    )


def _drop(cursor: Cursor, name: str) -> None:
    """Drop a database, whoever is at work there.

    Not WITH (FORCE): that fails while autovacuum is there, as its process belongs to a superuser;
    a plain DROP ends autovacuum by itself.
    """
    for attempt in range(_SWAP_ATTEMPTS):
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND backend_type = 'client backend'",
            (name,),
        )
        try:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            return
        except pg_errors.ObjectInUse:
            if attempt == _SWAP_ATTEMPTS - 1:
                raise
            time.sleep(0.02)


def _row_counts(cursor: Cursor) -> dict[str, int]:
    """The number of rows of each of our tables."""
    cursor.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> ALL(%s)"
        # The tables of extensions hold what their package brings.
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
        " ORDER BY 1",
        (list(_NOT_KEPT),),
    )
    return {table: _count_if_there(cursor, table) for (table,) in cursor.fetchall()}


def _revision(cursor: Cursor) -> str:
    cursor.execute("SELECT version_num FROM alembic_version")
    return str((cursor.fetchone() or ("",))[0])


def _client(
    command: list[str], url: str, *, stdin: int | None = None, stdout: int | None = None
) -> "subprocess.Popen[bytes]":
    """Start one of PostgreSQL's programs; the password does not show in the list of processes."""
    environment = {**os.environ, "PGPASSWORD": make_url(url).password or "", "LC_ALL": "C"}
    return subprocess.Popen(
        command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=environment
    )


def _without_password(url: str) -> str:
    # `set(password=None)` would leave the password as it is.
    return make_url(libpq_dsn(url))._replace(password=None).render_as_string()


def _sibling(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


@contextmanager
def _connected(url: str) -> Iterator[Cursor]:
    connection = psycopg2.connect(libpq_dsn(url))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
