"""Saved views: a question anybody may be given, which never shows more than they may see."""

import pytest

from geocrm.customers import merging, merging_undo
from geocrm.errors import Conflict, Forbidden, InvalidInput, NotFound
from geocrm.maps.views import following, queries, service
from geocrm.maps.views.state import MAX_STATE

IN_A = {"field": "segment", "op": "in", "value": ["A"]}
STATE = {"filter": IN_A, "mode": "table", "columns": ["name", "revenue"], "at": "9/-6.2/106.8"}


@pytest.fixture
def save(session, actor_of):
    def save(user, name="Best", state=STATE, **more):
        return service.create(session, actor_of(user), name=name, state=state, **more)

    return save


def names(session, actor):
    return [each.view.name for each in queries.listed(session, actor)]


def test_a_view_is_its_makers_until_it_is_shared(session, save, rep, manager, actor_of):
    view = save(rep)
    assert names(session, actor_of(rep)) == ["Best"]
    assert names(session, actor_of(manager)) == []
    with pytest.raises(NotFound):
        queries.get(session, actor_of(manager), view.id)
    service.change(session, actor_of(rep), view.id, view.version, shared=True)
    assert names(session, actor_of(manager)) == ["Best"]
    with pytest.raises(Forbidden, match="save your own copy"):
        service.change(session, actor_of(manager), view.id, view.version, name="Mine now")
    with pytest.raises(Forbidden):
        service.remove(session, actor_of(manager), view.id)


def test_ones_own_views_come_before_those_of_others(session, save, rep, manager, actor_of):
    save(manager, "A shared one", shared=True)
    save(rep, "Zebra")
    assert names(session, actor_of(rep)) == ["Zebra", "A shared one"]


def test_who_saves_second_is_told(session, save, rep, actor_of):
    view = save(rep)
    seen = view.version
    service.change(session, actor_of(rep), view.id, seen, name="First")
    with pytest.raises(Conflict, match="changed meanwhile"):
        service.change(session, actor_of(rep), view.id, seen, name="Second")
    assert names(session, actor_of(rep)) == ["First"]


def test_a_role_begins_with_one_view(session, save, rep, manager, administrator, actor_of):
    first, second = save(manager, "Morning"), save(manager, "Evening")
    boss = actor_of(manager)
    for view in (first, second):
        service.set_default(session, boss, view.id, view.version, "field_rep")
    session.refresh(first)
    assert first.default_for_role is None
    begins = queries.default_of(session, actor_of(rep))
    assert (begins.name, begins.shared) == ("Evening", True)
    with pytest.raises(Conflict, match="default of a role"):
        service.change(session, boss, second.id, second.version, shared=False)
    with pytest.raises(Forbidden, match="Only administrators"):
        service.set_default(session, boss, first.id, first.version, "administrator")
    with pytest.raises(InvalidInput, match="no role 'boss'"):
        service.set_default(session, boss, first.id, first.version, "boss")
    with pytest.raises(Forbidden):
        service.set_default(session, actor_of(rep), second.id, second.version, None)
    service.set_default(session, boss, second.id, second.version, None)
    assert queries.default_of(session, actor_of(rep)) is None
    admin = actor_of(administrator)
    service.set_default(session, admin, second.id, second.version, "administrator")
    with pytest.raises(Forbidden, match="Only administrators"):
        service.set_default(session, boss, second.id, second.version, "field_rep")


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"filter": {"field": "shoe", "op": "in", "value": [1]}}, "There is no field 'shoe'"),
        ({"filter": []}, "as its filter"),
        ({"colour": "red"}, "cannot have 'red' as its colour"),
        ({"shoe": 1}, "remembers no 'shoe'"),
        ({"ids": [1, "2"]}, "as its ids"),
        ({"at": "9/-6.2"}, "as its at"),
        ({"at": "nan/0/0"}, "as its at"),
        ({"columns": ["x" * 200]}, "as its columns"),
        ({"selection": {"type": "Point", "coordinates": [1, 2]}}, "Polygon or MultiPolygon"),
        ([], "is an object"),
    ],
)
def test_what_cannot_be_shown_again_is_not_kept(session, save, rep, state, reason):
    with pytest.raises(InvalidInput, match=reason):
        save(rep, state=state)


def test_a_view_may_not_be_endless(save, rep):
    ring = [[106 + i / 1e6, -6 - (i % 2) / 3] for i in range(9_000)]
    area = {"type": "Polygon", "coordinates": [[*ring, [107, -5], ring[0]]]}
    tree = {"and": [{"field": "location", "op": "within", "value": area}] * 2}
    with pytest.raises(InvalidInput, match=f"may take {MAX_STATE:,}"):
        save(rep, state={"filter": tree})


def test_a_marketer_may_not_keep_what_they_may_not_ask(save, marketer):
    with pytest.raises(Forbidden, match="may not filter by name"):
        save(marketer, state={"filter": {"field": "name", "op": "contains", "value": "Toko"}})


def test_a_list_of_customers_follows_who_was_merged_and_comes_back(
    session, save, rep, actor, add_account
):
    one, two, three = (add_account(name, owner=rep).id for name in ("One", "Two", "Three"))
    view = save(rep, state={"mode": "table", "ids": [one, three, two]})
    first = merging.merge(session, actor, two, three)
    second = merging.merge(session, actor, one, two)
    assert following.states(session, [view]) == [{"mode": "table", "ids": [one]}]
    merging_undo.undo(session, actor, second.id)
    assert following.states(session, [view])[0]["ids"] == [one, two]
    merging_undo.undo(session, actor, first.id)
    assert following.states(session, [view])[0]["ids"] == [one, three, two]
