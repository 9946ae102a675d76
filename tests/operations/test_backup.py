"""A backup brings back everything, or nothing is changed."""

import contextlib
import hashlib
import json
import shutil

import psycopg2
import pytest

from geocrm.db import make_engine
from geocrm.db.migrate import upgrade
from geocrm.documents import store
from geocrm.errors import InvalidInput
from geocrm.operations import archive
from geocrm.operations.backup import backup, restore
from geocrm.operations.servers import libpq_dsn

PASSWORD = "correct horse battery"
ADD = (
    "INSERT INTO users (email, name, role, fs_uniquifier)"
    " VALUES ('first@example.test', 'First', 'administrator', 'x')"
)


@pytest.fixture(scope="module")
def migrated(installation):
    """The installation with all tables."""
    installation.empty()
    engine = make_engine(installation.up())
    upgrade(engine)
    engine.dispose()
    return installation


@pytest.fixture
def empty(migrated):
    """The installation without people."""
    migrated.ask("DELETE FROM users")
    return migrated


@pytest.fixture(scope="module")
def original(migrated, tmp_path_factory):
    """A backup of an installation whose one user is first@example.test."""
    file = tmp_path_factory.mktemp("backup") / "crm.backup"
    migrated.ask("DELETE FROM users")
    migrated.ask(ADD)
    backup(migrated.up(), file)
    return file


@pytest.fixture
def saved(original, empty, tmp_path):
    """A copy of that backup; the installation holds the same user."""
    empty.ask(ADD)
    copy = tmp_path / "crm.backup"
    shutil.copy(original, copy)
    return copy


def _people(installation):
    return [email for (email,) in installation.ask("SELECT email::text FROM users ORDER BY 1")]


def test_a_backup_brings_back_what_was_deleted(saved, empty, command, capsys):
    empty.ask("DELETE FROM users")
    capsys.readouterr()
    assert command("restore", saved, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rows"]["users"] == 1
    assert _people(empty) == ["first@example.test"]


def test_a_database_that_holds_something_is_replaced_only_when_asked(saved, empty, command, capsys):
    empty.ask("UPDATE users SET email = 'second@example.test'")
    assert command("restore", saved) == 2
    assert "--replace" in capsys.readouterr().err
    assert _people(empty) == ["second@example.test"]
    with contextlib.closing(psycopg2.connect(libpq_dsn(empty.up()))) as _somebody_at_work:
        assert command("restore", saved, "--replace") == 0
    assert _people(empty) == ["first@example.test"]
    names = {name for (name,) in empty.ask("SELECT datname::text FROM pg_database")}
    assert names == {"geocrm", "postgres", "template0", "template1"}


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign", "missing"])
def test_a_damaged_backup_changes_nothing(saved, empty, command, capsys, damage):
    content = bytearray(saved.read_bytes())
    if damage == "cut":
        saved.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
        saved.write_bytes(content)
    elif damage == "foreign":
        saved.write_text("name,city\nToko Maju,Bandung\n")
    else:
        saved.unlink()
    assert command("restore", saved, "--replace") == 2
    told = capsys.readouterr().err
    assert str(saved) in told
    assert "Traceback" not in told
    assert _people(empty) == ["first@example.test"]


def test_a_backup_of_a_newer_version_is_refused(saved, empty, command, capsys):
    content = saved.read_bytes()
    start = content.rindex(b'"revision": "') + len(b'"revision": "')
    saved.write_bytes(content[:start] + b"9999" + content[start + 4 :])
    assert command("restore", saved, "--replace") == 2
    assert "newer than this code" in capsys.readouterr().err
    assert _people(empty) == ["first@example.test"]


def test_a_backup_is_readable_by_its_owner_only_and_holds_no_session_key(original, installation):
    assert original.stat().st_mode & 0o077 == 0
    assert installation.settings.secret_key.encode() not in original.read_bytes()
    assert [file.name for file in original.parent.iterdir()] == [original.name]


def test_a_backup_has_providers_without_their_keys_and_kept_answers(
    empty, command, tmp_path, capsys
):
    empty.ask(
        "INSERT INTO geocoding_providers (name, kind, position, rate_per_s, currency)"
        " VALUES ('google', 'google', 1, 1, 'USD')"
    )
    empty.ask("INSERT INTO geocoding_keys SELECT id, 'top-secret' FROM geocoding_providers")
    empty.ask(
        "INSERT INTO geocoding_cache (provider_id, key, claims, fetched_at, expires_at)"
        " SELECT id, 'k', '[]', now(), now() + interval '30 days' FROM geocoding_providers"
    )
    file = tmp_path / "crm.backup"
    assert command("backup", file) == 0
    assert command("restore", file, "--replace") == 0
    (left,) = empty.ask(
        "SELECT (SELECT count(*) FROM geocoding_providers), (SELECT count(*) FROM geocoding_keys),"
        " (SELECT count(*) FROM geocoding_cache)"
    )
    empty.ask("DELETE FROM geocoding_providers")
    assert left == (1, 0, 0)


def test_a_failed_backup_leaves_no_file(empty, command, tmp_path, capsys):
    assert command("backup", tmp_path / "nowhere" / "crm.backup") == 2
    assert "There is no folder" in capsys.readouterr().err


def test_starting_empty_makes_one_administrator_and_only_once(empty, command, capsys):
    capsys.readouterr()
    assert command("init", "--email", "boss@example.test", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["email"] == "boss@example.test"
    assert len(document["password"]) >= 10
    assert command("init", "--email", "other@example.test", "--json") == 2
    assert "geocrm user add" in capsys.readouterr().err
    assert _people(empty) == ["boss@example.test"]


def test_a_password_that_was_given_is_not_repeated(empty, command, capsys):
    assert command("init", "--email", "boss@example.test", "--password", PASSWORD, "--json") == 0
    assert PASSWORD not in capsys.readouterr().out


def test_documents_are_in_the_backup_and_come_back_checked(empty, tmp_path):
    content = b"%PDF-1.4 a contract"
    sha256 = hashlib.sha256(content).hexdigest()
    folder, elsewhere, file = tmp_path / "documents", tmp_path / "elsewhere", tmp_path / "b.backup"
    path = store.path_of(folder, sha256)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    (folder / sha256[:2] / ("0" * 64)).write_bytes(b"named by nothing")
    empty.ask(ADD)
    empty.ask("INSERT INTO documents DEFAULT VALUES")
    empty.ask(
        "INSERT INTO document_versions (document_id, number, name, media_type, size_bytes, sha256,"
        " previewable) SELECT id, 1, 'a.pdf', 'application/pdf', 9, %s, true FROM documents",
        sha256,
    )
    try:
        assert backup(empty.up(), file, folder).documents == 1
        empty.ask("DELETE FROM documents")
        restore(empty.up(), file, replace=True, documents=elsewhere)
        assert [p.name for p in store.contents(elsewhere)] == [sha256]
        assert store.path_of(elsewhere, sha256).read_bytes() == content
        damaged = file.read_bytes().replace(content, content[::-1])
        file.write_bytes(damaged)
        with pytest.raises(InvalidInput, match="damaged"):
            archive.restore_documents(file, tmp_path / "third")
        assert list(store.contents(tmp_path / "third")) == []
    finally:
        empty.ask("DELETE FROM documents")
