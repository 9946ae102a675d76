"""What may be configured, and what a slip in it is answered with."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from geocrm.config import VARIABLES, Settings, unknown_variables
from geocrm.errors import InvalidInput

KEY = {"GEOCRM_SECRET_KEY": "k" * 32}

BAD = [
    ("GEOCRM_PORT", "80000", "from 1 to 65535"),
    ("GEOCRM_PORT", "http", "whole number"),
    ("GEOCRM_DB_PORT", "80", "from 1024"),  # only root may listen there
    ("GEOCRM_LOCALE", "de", "one of en, id"),
    ("GEOCRM_COUNTRY", "Indonesia", "two-letter"),
    ("GEOCRM_CURRENCY", "Rp", "three-letter"),
    ("GEOCRM_TIMEZONE", "Jakarta", "Asia/Jakarta"),
    ("GEOCRM_TIMEZONE", "../../etc/passwd", "time zone"),
    ("GEOCRM_WEB_WORKERS", "0", "from 1"),
    ("GEOCRM_COOKIE_SECURE", "perhaps", "yes or no"),
    ("GEOCRM_SECRET_KEY", "short", "5 characters"),
    ("GEOCRM_DATABASE_URL", "mysql://root@db/crm", "postgresql://"),
    ("GEOCRM_DATABASE_URL", "postgresql://u:p@db:5432", "name of a database"),
]


@pytest.mark.parametrize(("name", "value", "told"), BAD)
def test_a_bad_value_is_refused_by_name_with_what_would_do(tmp_path, name, value, told):
    with pytest.raises(InvalidInput, match=re.escape(told)) as refusal:
        Settings.from_env({**KEY, "GEOCRM_VAR": str(tmp_path), name: value})
    assert name in str(refusal.value)


def test_a_refused_database_address_does_not_show_its_password(tmp_path):
    with pytest.raises(InvalidInput) as refusal:
        Settings.from_env({**KEY, "GEOCRM_DATABASE_URL": "mysql://u:hunter2@db/crm"})
    assert "hunter2" not in str(refusal.value)


def test_settings_do_not_show_secrets_when_printed():
    found = Settings.from_env({**KEY, "GEOCRM_DATABASE_URL": "postgres://u:hunter2@db/crm"})
    assert "hunter2" not in repr(found)
    assert KEY["GEOCRM_SECRET_KEY"] not in repr(found)
    assert found.database_url == "postgresql+psycopg2://u:hunter2@db/crm"


def test_many_processes_that_start_at_once_share_one_session_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = list(
            pool.map(
                lambda _: Settings.from_env({"GEOCRM_VAR": str(tmp_path)}).secret_key, range(8)
            )
        )
    assert len(set(keys)) == 1
    assert len(keys[0]) == 64
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


def test_a_session_key_that_was_cut_short_is_not_used(tmp_path):
    (tmp_path / "secret").write_text("abc\n")
    with pytest.raises(InvalidInput, match="too short: delete the file"):
        Settings.from_env({"GEOCRM_VAR": str(tmp_path)})


def test_a_misspelt_variable_is_found():
    assert unknown_variables({"GEOCRM_PROT": "1", "GEOCRM_PORT": "1", "HOME": "/"}) == [
        "GEOCRM_PROT"
    ]


def test_every_setting_is_in_the_docs():
    told = (Settings.from_env(KEY).root / "docs" / "install.md").read_text()
    assert [name for name in VARIABLES if f"`{name}`" not in told] == []
