"""The shape of the code itself."""

import re
from pathlib import Path

from alembic.script import ScriptDirectory

import geocrm.errors
from geocrm.db.migrate import MIGRATIONS
from geocrm.web import access, problems

ROOT = Path(__file__).parents[2]


def test_every_error_has_a_status():
    base = geocrm.errors.GeoCrmError
    kinds = [each for each in vars(geocrm.errors).values() if isinstance(each, type)]
    assert {kind for kind in kinds if issubclass(kind, base)} == {base, *problems.STATUS}


def test_every_route_names_who_may_use_it(app):
    silent = [
        rule.endpoint for rule in app.url_map.iter_rules() if access.of(app, rule.endpoint) is None
    ]
    assert silent == []


def test_migrations_are_numbered_and_have_one_head():
    script = ScriptDirectory(str(MIGRATIONS))
    revisions = sorted(script.walk_revisions(), key=lambda r: r.revision)
    assert len(script.get_heads()) == 1
    for number, revision in enumerate(revisions, start=1):
        assert revision.revision == f"{number:04d}"
        assert Path(revision.path).name.startswith(f"{number:04d}_")
        assert "from geocrm" not in Path(revision.path).read_text()


def test_no_service_commits_or_takes_the_connection():
    for path in (ROOT / "geocrm").rglob("*.py"):
        if {"web", "cli", "db", "jobs", "operations"} & set(path.parts):
            continue
        text = path.read_text()
        assert not re.search(r"\.commit\(\)", text), f"{path} commits"
        assert "session.connection()" not in text, f"{path} takes the connection"


def test_pages_hold_no_inline_script_or_style():
    inline = re.compile(r"<style|\sstyle=|\son\w+=|<script(?![^>]*(src=|application/json))", re.I)
    for path in (ROOT / "geocrm/web/templates").rglob("*.html"):
        assert not inline.search(path.read_text()), path
