"""`geocrm views` as it is used."""

import json

import pytest

from geocrm.cli import run
from geocrm.maps.views import queries, service
from geocrm.security import OPERATOR

STATE = {"mode": "table", "columns": ["name", "revenue"]}


pytestmark = pytest.mark.usefixtures("on_the_test_sessions")


@pytest.fixture
def command(capsys):
    """Run `geocrm views …`, as somebody when named; its status, output and complaint."""

    def call(*arguments, by=None):
        status = run(["views", *map(str, arguments), *(["--as", by.email] if by else [])])
        out, err = capsys.readouterr()
        return status, out, err

    return call


@pytest.fixture
def kept(session, rep, manager, actor_of):
    """The rep's own view, and one that the manager shares."""
    own = service.create(session, actor_of(rep), name="Mine", state=STATE)
    shared = service.create(session, actor_of(manager), name="Ours", state=STATE, shared=True)
    session.commit()
    return own.id, shared.id


def test_people_list_theirs_and_shared_ones_and_the_operator_all(command, kept, rep, manager):
    def named(by):
        status, out, _ = command("list", "--json", by=by)
        assert status == 0
        return {each["name"] for each in json.loads(out)}

    assert named(rep) == named(None) == {"Mine", "Ours"}
    assert named(manager) == {"Ours"}
    assert "Ours  (" in command("list", by=rep)[1]


def test_a_view_is_shown_with_what_it_remembers(command, kept, rep, manager):
    own, _ = kept
    status, out, _ = command("show", own, "--json", by=rep)
    assert status == 0
    assert json.loads(out)["state"] == STATE
    assert 'columns: ["name", "revenue"]' in command("show", own, by=rep)[1]
    status, out, err = command("show", own, by=manager)
    assert (status, out) == (2, "")
    assert f"no view {own}" in err


def test_only_whose_it_is_deletes_a_view(session, command, kept, rep):
    own, shared = kept
    status, _, err = command("delete", shared, by=rep)
    assert status == 2
    assert "belongs to" in err
    assert command("delete", own, "--json", by=rep)[0] == 0
    assert command("delete", shared)[0] == 0
    session.expire_all()
    assert queries.listed(session, OPERATOR) == []
