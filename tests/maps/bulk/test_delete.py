"""Many customers deleted with all that hangs on them, and brought back as they were."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from geocrm.customers import cascades, scope
from geocrm.errors import Conflict
from geocrm.maps.bulk import service

EVERYBODY = {"tree": {}}
# How a row of each table is made that goes with an account; a new table needs a line here.
ROWS = {
    "account_changes": "(account_id, user_id, source, field, old, new)"
    " VALUES (:a, :u, 'person', 'name', 'Toko', 'Toko Lengkap')",
    "account_documents": "(account_id, document_id) VALUES (:a, :document)",
    "account_followers": "(account_id, user_id) VALUES (:a, :u)",
    "account_merges": "(account_id, loser_id, loser_name, winner_name) VALUES (:a, 0, 'x', 'y')",
    "account_merge_rows": "(merge_id, table_name, kind, key)"
    " SELECT id, 'accounts', 'moved', '{}' FROM account_merges WHERE account_id = :a",
    "account_former_ids": "(external_id, account_id, merge_id)"
    " SELECT 'C-9', :a, id FROM account_merges WHERE account_id = :a",
    "activities": "(account_id, kind, text, at, user_id) VALUES (:a, 'note', 'Hi', now(), :u)",
    "address_points": "(account_id, lon, lat, grade, address)"
    " VALUES (:a, 1.25, 2.5, 'village', 'Jl')",
    "address_decision_rows": "(decision_id, account_id, before, after)"
    " VALUES (:decision, :a, '{}', '')",
    "audience_members": "(audience_id, account_id) VALUES (:audience, :a)",
    "consents": "(account_id, channel, granted, source, at, user_id) VALUES"
    " (:a, 'email', true, 'by hand', '2024-03-01 10:11:12.123456+00', :u),"
    " (:a, 'email', false, 'letter', '2025-03-01', :u)",
    "contacts": "(account_id, name, title) VALUES (:a, 'Ibu Sari', 'Owner')",
    "emails": "(account_id, contact_id, address) SELECT :a, id, 'sari@example.test' FROM contacts"
    " WHERE account_id = :a",
    "phones": "(account_id, contact_id, e164, typed) SELECT :a, id, '+628111234567', '0811'"
    " FROM contacts WHERE account_id = :a",
    "primary_contacts": "(account_id, contact_id) SELECT :a, id FROM contacts"
    " WHERE account_id = :a",
    "next_actions": "(account_id, text, user_id) VALUES (:a, 'Call', :u)",
    "orders": "(account_id, external_id, ordered_on, amount)"
    " VALUES (:a, 'SO-1', '2026-01-02', 12.34)",
    "assignment_changes": "(account_id, written_for, changed_at, owner_before, owner_after)"
    " VALUES (:a, :a, '2026-01-02', :u, :u)",
    "territory_challenges": "(plan_id, account_id, reason, user_id)"
    " SELECT plan_id, :a, 'Mine', :u FROM territory_activations WHERE id = :activation",
    "territory_rule_accounts": "(rule_id, account_id) VALUES (:rule, :a)",
    "unit_accounts": "(level, account_id, unit) VALUES ('x', :a, 'x:1')",
    "visit_stops": "(plan_id, account_id, position, lon, lat, arrive_s, depart_s, wait_s, drive_s,"
    ' distance_m, why) VALUES (:visit_plan, :a, 1, 1, 2, 3, 4, 0, 1, 1, \'{"kind": "due"}\')',
    "visit_unplanned": "(plan_id, account_id, position, reason) VALUES (:visit_plan, :a, 1, 'x')",
}
MADE_UNIT = (
    "(code, layer, name, country, area_km2, geom, outline, centre) SELECT 'x:1', 'x', 'Cell', 'TS',"
    " 1, g, ST_Transform(g, 3857), ST_PointOnSurface(g)"
    " FROM (SELECT ST_Multi(ST_MakeEnvelope(0, 0, 1, 1, 4326)) AS g) shape"
)
MADE_WITH_THE_ACCOUNT = {"accounts", "account_scope", "addresses"}


def columns_of(session, table):
    return session.execute(
        text("SELECT column_name FROM information_schema.columns WHERE table_name = :t"),
        {"t": table},
    ).scalars().all()  # fmt: skip


def children_by_the_standard(session):
    """Tables that lose rows with an account, as information_schema tells it."""
    pairs = session.execute(
        text(
            "SELECT c.table_name, p.table_name FROM information_schema.referential_constraints r"
            " JOIN information_schema.table_constraints c ON c.constraint_name = r.constraint_name"
            " JOIN information_schema.table_constraints p"
            "   ON p.constraint_name = r.unique_constraint_name"
            " WHERE r.delete_rule = 'CASCADE' AND c.table_schema = 'public'"
        )
    ).all()
    found = {"accounts"}
    while more := {child for child, parent in pairs if parent in found} - found:
        found |= more
    return found


@pytest.fixture
def full(session, add_account, rep):
    """A customer with a row in every table that goes with it."""
    account = add_account(
        "Toko Lengkap", owner=rep, external_id="C-1", tags=["vip"], at=(106.812345678912, -6.2)
    )
    ids = {"a": account.id, "u": rep.id}
    parents = {
        "audience": "audiences (name, channel, definition, matched, excluded, reachable)"
        " VALUES ('x', 'email', '{}', 1, '{}', 1)",
        "document": "documents DEFAULT VALUES",
        "decision": "address_decisions (user_id, action) VALUES (:u, 'settle')",
        "rule": "territory_rules (name, priority, territory, named) VALUES ('x', 1, 'y', true)",
    }
    for name, insert in parents.items():
        ids[name] = _sql(session, f"INSERT INTO {insert} RETURNING id", ids).scalar_one()
    _row_with_defaults(session, "boundary_layers", {"code": "x"}, key="code")
    _row_with_defaults(session, "made_levels", {"code": "x", "ground": "{}"}, key="code")
    _sql(session, f"INSERT INTO boundaries {MADE_UNIT}", {})
    ground = {"tolerance": 0.1, "measure": "accounts"}
    plan = _row_with_defaults(session, "territory_plans", ground)
    given = {"plan_id": plan}
    ids["activation"] = _row_with_defaults(session, "territory_activations", given)
    ids["visit_plan"] = _row_with_defaults(
        session,
        "visit_plans",
        {"user_id": rep.id, "travel_times": "estimate", "start_kind": "home", "end_kind": "home"},
    )
    order = [table.name for table in cascades.tables(session)]
    for table in sorted(ROWS, key=order.index):
        _sql(session, f"INSERT INTO {table} {ROWS[table]}", ids)
    with_all = scope.ONE, {"account_id": account.id}
    scope.refresh_consent(session, *with_all)
    scope.refresh_reach(session, *with_all)
    session.commit()
    return account


def _sql(session, sql, params):
    return session.connection().execute(text(sql), params)


def _row_with_defaults(session, table, given, key="id"):
    """A row of a table that only has to be there: every needed column gets something."""
    fill = {"integer": "1", "smallint": "1", "bigint": "1", "text": "'x'", "date": "'2026-01-02'",
            "double precision": "1", "jsonb": "'{}'", "boolean": "false"}  # fmt: skip
    needed = _sql(
        session,
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = :t"
        " AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'",
        {"t": table},
    ).all()
    values = {name: fill.get(kind, "now()") for name, kind in needed}
    if "shift_end_s" in values:
        values["shift_end_s"] = "2"
    values |= {name: f"'{value}'" for name, value in given.items()}
    return _sql(
        session,
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"
        f" RETURNING {key}",
        {},
    ).scalar_one()


def everything_of(session, account_id):
    """All rows of the account, as text; where no column of time moves."""
    session.commit()
    found = {}
    for table in cascades.tables(session):
        rows = _sql(
            session,
            f"SELECT to_jsonb(x) FROM {table.rows} WHERE {table.account} = :a ORDER BY x::text",
            {"a": account_id},
        ).scalars()
        found[table.name] = [json.dumps(row, sort_keys=True) for row in rows]
    return found


def test_every_table_that_goes_with_an_account_is_known_here(session):
    known = {table.name for table in cascades.tables(session)}
    assert known == children_by_the_standard(session)
    assert known == set(ROWS) | MADE_WITH_THE_ACCOUNT, "add how to make a row of the new table"


def test_nothing_that_speaks_of_accounts_is_emptied_by_deleting_one(session):
    """Rows that lose only their column would not come back: such a table needs thought."""
    known = {table.name for table in cascades.tables(session)}
    links = [cascades.Link(*row) for row in session.execute(text(cascades._LINKS))]
    assert [each for each in links if each.parent in known and each.on_delete != "c"] == []


def test_a_deleted_customer_comes_back_with_all_that_hung_on_it(
    session, bulk_of, add_account, full, administrator
):
    other = add_account("Toko Lain")
    before = everything_of(session, full.id)
    assert all(before.values()), [name for name, rows in before.items() if not rows]
    bulk = bulk_of(administrator)
    run = bulk.do("delete", ids=[full.id, other.id])
    assert (run.changed, run.failed) == (2, 0)
    assert not any(everything_of(session, full.id).values())
    run = bulk.undo(run.id)
    assert (run.undone, run.spared) == (2, 0)
    assert everything_of(session, full.id) == before


def test_consent_is_back_with_its_history_and_what_counts(session, bulk_of, full, administrator):
    bulk = bulk_of(administrator)
    bulk.undo(bulk.do("delete", ids=[full.id]).id)
    session.commit()
    rows = _sql(
        session, "SELECT granted, source, at FROM consents WHERE account_id = :a ORDER BY id",
        {"a": full.id},
    ).all()  # fmt: skip
    assert [(row.granted, row.source) for row in rows] == [(True, "by hand"), (False, "letter")]
    assert rows[0].at == datetime(2024, 3, 1, 10, 11, 12, 123456, tzinfo=UTC)


def test_a_customer_whose_id_is_in_use_again_stays_away_and_is_listed(
    session, bulk_of, full, add_account, administrator
):
    bulk = bulk_of(administrator)
    run = bulk.do("delete", ids=[full.id])
    add_account("Toko Baru", external_id="C-1")
    run = bulk.undo(run.id)
    assert (run.undone, run.spared) == (0, 1)
    assert bulk.left_alone(run.id) == {full.id: "id_in_use"}


def test_what_a_row_refers_to_may_be_gone_meanwhile(session, bulk_of, full, administrator):
    bulk = bulk_of(administrator)
    run = bulk.do("delete", ids=[full.id])
    for table in ("audiences", "visit_plans", "address_decisions"):
        _sql(session, f"DELETE FROM {table}", {})
    session.commit()
    assert bulk.undo(run.id).undone == 1
    after = everything_of(session, full.id)
    gone = {"audience_members", "visit_stops", "visit_unplanned", "address_decision_rows"}
    assert {name for name, rows in after.items() if not rows} == gone


def test_a_point_that_may_not_be_kept_is_not_in_the_image(
    session, bulk_of, add_account, administrator, look
):
    account = add_account()
    _sql(
        session, "UPDATE addresses SET retain_until = now() + interval '1 day', provider = 'p'", {}
    )
    session.commit()
    bulk = bulk_of(administrator)
    run = bulk.do("delete", ids=[account.id])
    session.commit()
    image = _sql(session, "SELECT before FROM bulk_before", {}).scalar_one()
    assert image["addresses"][0]["lon"] is None
    assert image["account_scope"][0]["geom"] is None
    bulk.undo(run.id)
    assert (look(account)[1].geom, look(account)[1].grade) == (None, "none")


def test_a_manager_brings_back_only_what_they_may_see(
    session, bulk_of, add_account, manager, rep, add_user
):
    kept, lost = add_account(owner=rep), add_account(owner=add_user(manager_id=manager.id))
    run = bulk_of(manager).do("delete", ids=[kept.id, lost.id])
    _sql(session, "UPDATE users SET manager_id = NULL WHERE id <> :r", {"r": rep.id})
    session.commit()
    bulk = bulk_of(manager)
    run = bulk.undo(run.id)
    assert (run.undone, run.spared) == (1, 1)
    assert bulk.left_alone(run.id) == {lost.id: "gone"}


def test_after_thirty_days_the_images_are_gone_and_so_is_the_undo(
    session, bulk_of, add_account, administrator
):
    account = add_account()
    bulk = bulk_of(administrator)
    run = bulk.do("delete", ids=[account.id])
    session.execute(text("UPDATE bulk_runs SET created_at = now() - interval '31 days'"))
    session.commit()
    assert service.forget(session) == 1
    session.commit()
    assert _sql(session, "SELECT count(*) FROM bulk_before", {}).scalar_one() == 0
    with pytest.raises(Conflict, match="kept for 30 days"):
        bulk.undo(run.id)
    assert bulk.found(run.id).changed == 1


def test_the_place_of_a_deleted_customer_is_kept_to_the_last_bit_and_not_as_geojson(
    session, bulk_of, add_account, manager
):
    place = (106.816666123456, -6.200000987654)
    account = add_account(owner=manager, at=place)
    bulk = bulk_of(manager)
    where = text("SELECT CAST(geom AS text) FROM account_scope WHERE account_id = :id")
    was = session.connection().execute(where, {"id": account.id}).scalar_one()
    session.commit()
    run = bulk.do("delete", ids=[account.id])
    image = text("SELECT before -> 'account_scope' -> 0 ->> 'geom' FROM bulk_before")
    assert session.connection().execute(image).scalar_one() == was
    session.commit()
    bulk.undo(run.id)
    assert session.connection().execute(where, {"id": account.id}).scalar_one() == was
