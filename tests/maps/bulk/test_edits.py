"""Owner, tags and segment of many customers at once, and the way back."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text, update

from geocrm.customers import history, service
from geocrm.customers.models import Account, AccountScope
from geocrm.errors import Conflict, Forbidden, InvalidInput, NotFound
from geocrm.maps.bulk import history as bulk_history
from geocrm.maps.bulk import preparing
from geocrm.security import Role
from geocrm.security.models import AuditEntry
from geocrm.web import timeline
from geocrm.wiring.bulk import ACTIONS
from tests.maps.bulk.conftest import Bulk

EVERYBODY = {"tree": {}}


def test_a_manager_hands_customers_to_a_rep_and_takes_it_back(
    bulk_of, add_account, add_user, manager, rep, look
):
    other = add_user(manager_id=manager.id)
    first, second = add_account(owner=rep), add_account(owner=rep)
    theirs = add_account(owner=other)
    bulk = bulk_of(manager)
    preview = bulk.preview("owner", {"owner_id": other.id}, **EVERYBODY)
    assert (preview.total, preview.forecast.changed, preview.forecast.unchanged) == (3, 2, 1)
    run = bulk.do("owner", {"owner_id": other.id}, fingerprint=preview.fingerprint, **EVERYBODY)
    assert (run.state, run.changed, run.unchanged, run.failed) == ("done", 2, 1, 0)
    for account in (first, second):
        assert look(account)[1].owner_id == other.id
    assert look(theirs)[1].owner_id == other.id
    run = bulk.undo(run.id)
    assert (run.state, run.undone, run.spared) == ("undone", 2, 0)
    assert [look(account)[1].owner_id for account in (first, second)] == [rep.id, rep.id]


@pytest.mark.parametrize(
    ("action", "params"),
    [("owner", {}), ("tag", {"add": ["vip"]}), ("segment", {"segment": "A"})],
)
def test_who_has_the_form_open_is_told_after_a_bulk_action_and_after_its_undo(
    bulk_of, add_account, add_user, manager, rep, look, actor_of, session, action, params
):
    other = add_user(manager_id=manager.id)
    opened = datetime(2026, 1, 1, tzinfo=UTC)
    account = add_account(owner=rep, updated_at=opened)
    bulk = bulk_of(manager)
    run = bulk.do(action, params or {"owner_id": other.id}, **EVERYBODY)
    changed = look(account)[0]
    assert (changed.version, changed.updated_by) == (2, manager.id)
    assert changed.updated_at > opened
    with pytest.raises(Conflict, match=f"changed by {manager.name}"):
        service.change(session, actor_of(manager), account.id, 1, {"segment": "C"})
    session.rollback()
    bulk.undo(run.id)
    assert look(account)[0].version == 3


def test_a_customer_who_is_so_already_is_not_written(bulk_of, add_account, manager, rep, look):
    account = add_account(owner=rep)
    run = bulk_of(manager).do("owner", {"owner_id": rep.id}, **EVERYBODY)
    assert (run.unchanged, look(account)[0].version) == (1, 1)


def test_the_timeline_tells_of_a_hand_over_and_of_its_undo(
    session, bulk_of, add_account, add_user, manager, rep, actor_of
):
    other = add_user(manager_id=manager.id)
    account = add_account(owner=rep)
    bulk = bulk_of(manager)
    bulk.undo(bulk.do("owner", {"owner_id": other.id}, **EVERYBODY).id)
    actor = actor_of(manager)
    whole = timeline.page(session, actor, account.id).events
    told = [(each.by, *each.details["fields"]) for each in whole]
    assert told == [
        (manager.name, {"field": "owner_id", "old": other.name, "new": rep.name}),
        (manager.name, {"field": "owner_id", "old": rep.name, "new": other.name}),
    ]
    first = timeline.page(session, actor, account.id, limit=1)
    rest = timeline.page(session, actor, account.id, cursor=first.next, limit=1)
    assert first.events + rest.events == whole
    assert timeline.counts(session, actor, account.id) == {"change": 2}


def test_nobody_is_given_to_somebody_the_actor_may_not_give_to(
    bulk_of, add_account, add_user, manager, rep
):
    add_account(owner=rep)
    stranger = add_user()
    for action in (bulk_of(manager).preview, bulk_of(manager).begin):
        with pytest.raises(InvalidInput, match="you may give customers to"):
            action("owner", {"owner_id": stranger.id}, **EVERYBODY)


def test_a_customer_seen_through_a_territory_is_not_handed_over(
    session, sessions, bulk_of, add_account, add_user, rep, tmp_path, actor_of
):
    mine, near = add_account(owner=rep), add_account(owner=add_user(), territory_id=7)
    other_name = add_user(manager_id=rep.id)
    actor = replace(actor_of(rep), territory_ids=frozenset({7}))
    bulk = Bulk(sessions, actor, tmp_path)
    preview = bulk.preview("owner", {"owner_id": other_name.id}, **EVERYBODY)
    assert preview.forecast.reasons == {"not_yours_to_give": 1}
    run = bulk.do("owner", {"owner_id": other_name.id}, ids=[mine.id, near.id])
    assert (run.changed, run.failed) == (1, 1)
    assert bulk.left_alone(run.id) == {near.id: "not_yours_to_give"}


def test_tags_come_and_go_and_an_undo_leaves_those_that_were_there(bulk_of, add_account, rep, look):
    plain = add_account(owner=rep)
    vip = add_account(owner=rep, tags=["old", "vip", "cold"])
    bulk = bulk_of(rep)
    run = bulk.do("tag", {"add": [" vip ", "vip"], "remove": ["cold"]}, **EVERYBODY)
    assert run.changed == 2
    assert (look(plain)[0].tags, look(vip)[0].tags) == (["vip"], ["old", "vip"])
    assert bulk.do("tag", {"add": ["vip"], "remove": ["cold"]}, **EVERYBODY).unchanged == 2
    bulk.undo(run.id)
    assert look(plain)[0].tags == []
    assert sorted(look(vip)[0].tags) == ["cold", "old", "vip"]


def test_somebody_with_fifty_tags_is_left_alone_and_listed(bulk_of, add_account, rep, look):
    full = add_account(owner=rep, tags=[f"t{n}" for n in range(50)])
    bulk = bulk_of(rep)
    run = bulk.do("tag", {"add": ["one more"]}, ids=[full.id])
    assert (run.changed, run.failed, len(look(full)[0].tags)) == (0, 1, 50)
    assert bulk.left_alone(run.id) == {full.id: "too_many_tags"}


def test_the_segment_is_set_where_lists_and_tiles_read_it(bulk_of, add_account, rep, look):
    account = add_account(owner=rep, segment="B")
    bulk = bulk_of(rep)
    run = bulk.do("segment", {"segment": "A"}, ids=[account.id])
    kept, scope = look(account)
    assert (kept.segment, scope.segment, kept.version) == ("A", "A", 2)
    bulk.undo(run.id)
    kept, scope = look(account)
    assert (kept.segment, scope.segment, kept.version) == ("B", "B", 3)
    bulk.do("segment", {"segment": None}, ids=[account.id])
    assert look(account)[1].segment is None


def test_what_somebody_changed_since_stays_and_is_listed(session, bulk_of, add_account, rep, look):
    changed, renamed = add_account(owner=rep, segment="B"), add_account(owner=rep, segment="B")
    bulk = bulk_of(rep)
    run = bulk.do("segment", {"segment": "A"}, **EVERYBODY)
    for table, key in ((Account, Account.id), (AccountScope, AccountScope.account_id)):
        session.execute(update(table).where(key == changed.id).values(segment="C"))
    session.execute(update(Account).where(Account.id == renamed.id).values(name="Toko Baru"))
    session.commit()
    run = bulk.undo(run.id)
    assert (run.undone, run.spared) == (1, 1)
    assert bulk.left_alone(run.id) == {changed.id: "changed_since"}
    assert look(changed)[0].segment == "C"
    assert (look(renamed)[0].segment, look(renamed)[0].name) == ("B", "Toko Baru")


def test_two_runs_are_undone_in_reverse_order(bulk_of, add_account, rep, look):
    account = add_account(owner=rep, segment="B")
    bulk = bulk_of(rep)
    tag = bulk.do("tag", {"add": ["x"]}, ids=[account.id])
    segment = bulk.do("segment", {"segment": "A"}, ids=[account.id])
    bulk.undo(segment.id)
    bulk.undo(tag.id)
    assert (look(account)[0].segment, look(account)[0].tags) == ("B", [])


def test_a_rep_whose_scope_shrank_changes_only_what_is_left(
    session, bulk_of, add_account, add_user, rep, look
):
    mine, given = add_account(owner=rep), add_account(owner=rep)
    bulk = bulk_of(rep)
    run_id = bulk.begin("segment", {"segment": "A"}, **EVERYBODY)
    preparing.freeze(ACTIONS["segment"], bulk.running(run_id))
    session.execute(
        update(AccountScope)
        .where(AccountScope.account_id == given.id)
        .values(owner_id=add_user().id)
    )
    session.commit()
    run = bulk.run(run_id)
    assert (run.changed, run.failed, run.total) == (1, 1, 2)
    assert bulk.left_alone(run_id) == {given.id: "gone"}
    assert (look(mine)[0].segment, look(given)[0].segment) == ("A", "B")


def test_ids_of_somebody_else_are_not_meant(bulk_of, add_account, add_user, rep):
    mine, theirs = add_account(owner=rep), add_account(owner=add_user())
    bulk = bulk_of(rep)
    assert bulk.preview("tag", {"add": ["x"]}, ids=[mine.id, theirs.id]).total == 1
    with pytest.raises(InvalidInput, match="Nobody is meant"):
        bulk.begin("tag", {"add": ["x"]}, ids=[theirs.id])


def test_a_selection_that_changed_since_the_preview_is_not_touched(bulk_of, add_account, rep, look):
    account = add_account(owner=rep, segment="B")
    bulk = bulk_of(rep)
    preview = bulk.preview("segment", {"segment": "A"}, **EVERYBODY)
    add_account(owner=rep)
    with pytest.raises(Conflict, match="changed since you looked"):
        bulk.begin("segment", {"segment": "A"}, fingerprint=preview.fingerprint, **EVERYBODY)
    assert look(account)[0].segment == "B"


def test_a_key_sent_twice_begins_one_run(bulk_of, add_account, rep):
    account = add_account(owner=rep)
    bulk = bulk_of(rep)
    first = bulk.begin("tag", {"add": ["x"]}, ids=[account.id], client_key="k")
    assert bulk.begin("tag", {"add": ["x"]}, ids=[account.id], client_key="k") == first
    with pytest.raises(Conflict, match="used for another"):
        bulk.begin("tag", {"add": ["y"]}, ids=[account.id], client_key="k")


def test_what_a_run_did_is_audited_once_and_told_of_each_account(
    session, bulk_of, add_account, rep
):
    account = add_account(owner=rep, segment="B")
    add_account(owner=rep)
    bulk = bulk_of(rep)
    run = bulk.do("segment", {"segment": "A"}, **EVERYBODY)
    entries = session.scalars(select(AuditEntry).where(AuditEntry.target == f"bulk:{run.id}")).all()
    assert [(each.action, each.details["accounts"]) for each in entries] == [("bulk", 2)]
    (change,) = history.page(session, account.id, sources=bulk_history.SOURCES)
    assert (change.source, change.field, change.old, change.new, change.by) == (
        f"bulk {run.id}", "segment", "B", "A", rep.name,
    )  # fmt: skip
    bulk.undo(run.id)
    undone = history.page(session, account.id, sources=bulk_history.SOURCES)
    assert [(each.old, each.new) for each in undone] == [("A", "B"), ("B", "A")]


def test_the_history_names_owners_and_tags_of_a_bulk_action(session, bulk_of, add_account, rep):
    account = add_account(owner=rep)
    bulk = bulk_of(rep)
    bulk.do("tag", {"add": ["vip", "new"]}, ids=[account.id])
    bulk.do("tag", {"add": ["old"], "remove": ["new"]}, ids=[account.id])
    changes = history.page(session, account.id, field="tags", sources=bulk_history.SOURCES)
    assert [(each.old, each.new) for each in changes] == [
        ("vip, new", "vip, old"), (None, "vip, new"),
    ]  # fmt: skip


def test_somebody_elses_run_looks_missing(bulk_of, add_account, add_user, rep):
    account = add_account(owner=rep)
    run = bulk_of(rep).do("tag", {"add": ["x"]}, ids=[account.id])
    with pytest.raises(NotFound):
        bulk_of(add_user()).undo(run.id)


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("dance", {}),
        ("owner", {}),
        ("owner", {"owner_id": "one"}),
        ("owner", {"owner_id": True}),
        ("tag", {}),
        ("tag", {"add": "x"}),
        ("tag", {"add": ["x"], "remove": ["x"]}),
        ("tag", {"add": ["x" * 61]}),
        ("tag", {"add": [f"{n}" for n in range(51)]}),
        ("segment", {}),
        ("segment", {"segment": 4}),
        ("segment", {"segment": "x" * 61}),
        ("delete", {"force": True}),
        ("export", {"format": "pdf"}),
        ("export", {"columns": ["shoe"]}),
        ("audience", {"name": "", "channel": "email"}),
        ("audience", {"name": "x", "channel": "pigeon"}),
        ("visits", {}),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(
    bulk_of, add_account, administrator, action, params
):
    add_account()
    with pytest.raises(InvalidInput, match=r"\w+ \w+"):
        bulk_of(administrator).preview(action, params, **EVERYBODY)


def test_a_role_does_in_bulk_what_it_may_do_one_by_one(bulk_of, add_account, rep, marketer):
    add_account(owner=rep)
    for action, params in (("delete", {}), ("export", {}), ("audience", {"name": "x"})):
        with pytest.raises(Forbidden):
            bulk_of(rep).preview(action, params, **EVERYBODY)
    with pytest.raises(Forbidden):
        bulk_of(marketer).preview("audience", {"name": "x", "channel": "email"}, **EVERYBODY)
    assert rep.role == Role.FIELD_REP.value


def test_what_was_spared_is_told_apart_from_what_was_taken_back(session, bulk_of, add_account, rep):
    ids = [add_account(owner=rep, segment="B").id for _ in range(3)]
    bulk = bulk_of(rep)
    run = bulk.do("segment", {"segment": "A"}, ids=ids)
    for table, key in (("accounts", "id"), ("account_scope", "account_id")):
        session.connection().execute(
            text(f"UPDATE {table} SET segment = 'C' WHERE {key} = :id"), {"id": ids[1]}
        )
    session.commit()
    run = bulk.undo(run.id)
    assert (run.undone, run.spared) == (2, 1)
    told = [
        [(each.old, each.new) for each in history.page(session, one, sources=bulk_history.SOURCES)]
        for one in ids
    ]
    back = [("A", "B"), ("B", "A")]
    assert told == [back, [("B", "A")], back]
