"""Files of many customers: whole or not there, safe to open, known again by our import."""

import csv
import errno
import io
import json
import os

import geopandas
import openpyxl
import pytest
from sqlalchemy import delete, select, text, update

from geocrm.customers import contacting, scope
from geocrm.customers.imports import service as import_service
from geocrm.customers.imports.accounts import AccountKind
from geocrm.customers.imports.plan import Options
from geocrm.customers.models import (
    Account,
    AccountScope,
    Address,
    Channel,
    Consent,
    Contact,
    Email,
    Phone,
)
from geocrm.db import unit_of_work
from geocrm.errors import Conflict, InvalidInput, NotFound, ServiceUnavailable
from geocrm.jobs import Paused
from geocrm.maps.bulk import exporting, files, service
from geocrm.security import OPERATOR, Role
from geocrm.security.models import AuditEntry

EVERYBODY = {"tree": {}}
COLUMNS = ["external_id", "name", "segment", "annual_revenue", "tags"]


@pytest.fixture
def export(bulk_of, manager, rep):
    """Export everybody as the manager; the run and the path of its file."""
    bulk = bulk_of(manager)

    def do(kind, columns=COLUMNS, **options):
        run = bulk.do("export", {"format": kind, "columns": columns, **options}, **EVERYBODY)
        with unit_of_work(bulk.sessions, bulk.actor) as session:
            return run, *service.file_of(session, bulk.actor, run.id)

    do.bulk = bulk
    return do


def two(add_account, rep):
    add_account('=HYPERLINK("x")', owner=rep, external_id="C-1", tags=["vip", "new"], revenue=12.5)
    add_account("Toko Élan, ☕", owner=rep, external_id="C-2", at=None, segment=None)


def test_csv_opens_in_a_spreadsheet_and_runs_nothing(export, add_account, rep):
    two(add_account, rep)
    run, path, name = export("csv")
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows == [
        COLUMNS,
        ["C-1", '\'=HYPERLINK("x")', "B", "12.5", "vip; new"],
        ["C-2", "Toko Élan, ☕", "", "100.0", ""],
    ]
    assert (run.changed, name) == (2, f"customers-{run.finished_at:%Y-%m-%d}-{run.id}.csv")
    assert not export("csv", bom=False)[1].read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_columns_of_a_view_are_taken_with_whose_a_row_is(export, add_account, rep):
    account = add_account("Toko Maju", owner=rep, revenue=12.5, grade="rooftop")
    path = export("csv", ["name", "revenue:120", "grade", "created"])[1]
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert rows == [{
        "geocrm_number": str(account.id), "name": "Toko Maju", "ordered_365_days": "12.5",
        "point_grade": "rooftop", "created_on": rows[0]["created_on"],
    }]  # fmt: skip
    assert next(iter(rows[0])) == "geocrm_number"
    assert len(rows[0]["created_on"]) == 10


def test_a_workbook_holds_the_same(export, add_account, rep):
    two(add_account, rep)
    add_account("A <b> & \x07c", owner=rep, external_id="C-3")
    path = export("xlsx")[1]
    assert import_service.plan_file(path, AccountKind(), Options()).total == 3
    sheet = openpyxl.load_workbook(path).active
    assert [[cell.value for cell in row] for row in sheet] == [
        COLUMNS,
        ["C-1", '\'=HYPERLINK("x")', "B", 12.5, "vip; new"],
        ["C-2", "Toko Élan, ☕", None, 100, None],
        ["C-3", "A <b> & c", "B", 100, None],
    ]
    assert sheet.freeze_panes == "A2"
    assert all(cell.data_type != "f" for row in sheet for cell in row)


def test_geojson_is_as_the_standard_has_it(export, add_account, rep):
    two(add_account, rep)
    found = json.loads(export("geojson")[1].read_text())
    assert set(found) == {"type", "features"}
    first, second = found["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [106.8, -6.2]}
    assert first["properties"]["annual_revenue"] == 12.5
    assert second["geometry"] is None


def test_a_geopackage_is_written_in_chunks(export, add_account, rep, monkeypatch):
    monkeypatch.setattr(exporting, "CHUNK", 1)
    two(add_account, rep)
    found = geopandas.read_file(export("gpkg", [*COLUMNS, "visits_per_year"])[1])
    assert found.crs.to_epsg() == 4326
    assert list(found["external_id"]) == ["C-1", "C-2"]
    assert (found.geometry[0].x, found.geometry[1]) == (106.8, None)
    assert found["annual_revenue"].tolist() == [12.5, 100.0]
    assert found["visits_per_year"].isna().all()


def read_columns(path, kind):
    """The columns of a file by name, nothing as None."""
    match kind:
        case "csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = [{k: v or None for k, v in row.items()} for row in csv.DictReader(file)]
        case "xlsx":
            header, *lines = openpyxl.load_workbook(path).active.values
            rows = [dict(zip(header, line, strict=True)) for line in lines]
        case "geojson":
            rows = [each["properties"] for each in json.loads(path.read_text())["features"]]
        case _:
            found = geopandas.read_file(path)
            rows = found.astype(object).where(found.notna(), None).to_dict("records")
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.mark.parametrize("kind", ["csv", "xlsx", "geojson", "gpkg"])
def test_all_columns_say_the_last_word_about_each_channel(
    session, export, add_account, rep, actor_of, kind
):
    account = add_account(owner=rep, external_id="C-1")
    add_account(owner=rep, external_id="C-2")
    said = [("email", True), ("phone", True), ("phone", False)]
    for channel, granted in said:
        contacting.state_consent(session, actor_of(rep), account.id, channel, granted, "on paper")
    session.commit()
    found = read_columns(export(kind, [])[1], kind)
    assert {name: cells for name, cells in found.items() if name.startswith("consent_")} == {
        "consent_email": ["yes", None],
        "consent_sms": [None, None],
        "consent_whatsapp": [None, None],
        "consent_phone": ["no", None],
        "consent_post": [None, None],
    }


def test_consent_comes_back_with_a_file_when_the_customers_are_gone(
    session, sessions, export, add_account, rep, actor_of
):
    account = add_account(owner=rep, external_id="C-1")
    for channel, granted in (("email", True), ("phone", False)):
        contacting.state_consent(session, actor_of(rep), account.id, channel, granted, "on paper")
    session.commit()
    path = export("csv", [])[1]
    session.execute(delete(Account), execution_options={"synchronize_session": False})
    session.commit()
    bring_in(sessions, export.bulk.actor, path)
    session.commit()
    stated = session.execute(select(Consent.channel, Consent.granted).order_by(Consent.id)).all()
    assert set(stated) == {("email", True), ("phone", False)}
    assert session.scalars(select(AccountScope.consent)).one() == Channel.EMAIL.bit


def bring_in(sessions, actor, path):
    """Import a file of customers."""
    kind = AccountKind()
    plan = import_service.plan_file(path, kind, Options())
    with unit_of_work(sessions, actor) as batch:
        found, _ = import_service.begin(
            batch, actor, kind, plan, file_name="customers.csv", sha256="x"
        )
    import_service.run(
        lambda: unit_of_work(sessions, actor), kind, actor, found.id, plan, lambda *_: None
    )
    return found.id


@pytest.mark.parametrize("kind", ["csv", "xlsx", "geojson"])
def test_what_was_exported_and_is_imported_again_changes_nothing(
    session, sessions, export, add_account, manager, rep, kind
):
    first = add_account(
        "-Toko Maju", owner=rep, external_id="C-1", tags=["vip", "new"], revenue=1234567.25,
        website="https://example.test", visits_per_year=12,
    )  # fmt: skip
    second = add_account("Warung Éna", owner=rep, external_id="C-2", segment=None, at=None)
    add_account("Toko Jaya", owner=manager, external_id="00123", at=(110.5, -7.5))
    session.add_all([
        Contact(account_id=first.id, name="Ibu Sari", title="Owner"),
        Phone(account_id=first.id, e164="+628111234567", typed="0811 1234 567"),
        Phone(account_id=first.id, e164="+622155501234", typed="021 5550 1234"),
        Email(account_id=second.id, address="ena@example.test"),
    ])  # fmt: skip
    budi = Contact(account_id=second.id, name="Pak Budi", title="Buyer")
    session.add(budi)
    session.flush()
    session.add(
        Phone(account_id=second.id, contact_id=budi.id, e164="+628118887777", typed="0811 888 7777")
    )
    values = {
        "typed": "Jl. Melati 5",
        "city": "Bandung",
        "postcode": "40111",
        "provider": "gazetteer",
    }
    session.execute(update(Address).where(Address.account_id == first.id).values(**values))
    for each in (first, second):
        scope.refresh_reach(session, scope.ONE, {"account_id": each.id})
    for channel, granted in (("email", True), ("email", False), ("sms", True)):
        contacting.state_consent(session, OPERATOR, first.id, channel, granted, "on paper")
    before = everything(session)
    _, path, _ = export(kind, [])
    import_id = bring_in(sessions, export.bulk.actor, path)
    session.commit()
    counts = session.execute(
        text("SELECT created, failed FROM imports WHERE id = :id"), {"id": import_id}
    ).one()
    assert tuple(counts) == (0, 0)
    after = everything(session)
    for table, rows in before.items():
        assert after[table] == rows


def everything(session):
    """All there is to know of the customers, but when and how often they were written."""
    session.commit()
    tables = ("accounts", "account_scope", "addresses", "contacts", "phones", "emails", "consents")
    rows = {}
    for table in tables:
        found = session.connection().execute(text(f"SELECT to_jsonb(x) FROM {table} x")).scalars()
        found = [row | {"tags": sorted(row.get("tags", ()))} for row in found]
        moving = {"version", "updated_at", "updated_by", "geocoded_at"}
        rows[table] = sorted(
            json.dumps({k: v for k, v in row.items() if k not in moving}, sort_keys=True)
            for row in found
        )
    return rows


def test_a_full_disk_is_said_and_leaves_no_half_file(export, add_account, rep, monkeypatch):
    two(add_account, rep)
    bulk = export.bulk

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.CsvWriter, "write", full)
    run_id = bulk.begin("export", {"format": "csv"}, **EVERYBODY)
    with pytest.raises(ServiceUnavailable, match="No space left on device"):
        bulk.run(run_id)
    assert list(bulk.folder.iterdir()) == []
    with unit_of_work(bulk.sessions, bulk.actor) as session, pytest.raises(NotFound):
        service.file_of(session, bulk.actor, run_id)


def test_an_export_that_rests_begins_its_file_anew(export, add_account, rep, monkeypatch):
    monkeypatch.setattr(exporting, "CHUNK", 1)
    two(add_account, rep)
    bulk = export.bulk
    run_id = bulk.begin("export", {"format": "csv"}, **EVERYBODY)

    def rest(done, _total):
        if done == 1:
            raise Paused

    with pytest.raises(Paused):
        bulk.run(run_id, rest)
    assert list(bulk.folder.iterdir()) == []
    assert bulk.run(run_id).changed == 2


def test_a_file_is_for_who_made_it_while_they_may_see_all_in_it(
    session, export, add_account, rep, administrator, actor_of, add_user
):
    two(add_account, rep)
    run, _, _ = export("csv")
    with pytest.raises(NotFound):
        service.file_of(session, actor_of(administrator), run.id)
    assert session.scalar(
        select(AuditEntry.action).where(AuditEntry.target == f"bulk:{run.id}").order_by(
            AuditEntry.id.desc())
    ) == "download"  # fmt: skip
    one = select(AccountScope.account_id).limit(1).scalar_subquery()
    session.execute(
        update(AccountScope).where(AccountScope.account_id == one).values(
            owner_id=add_user(Role.FIELD_REP).id),
        execution_options={"synchronize_session": False},
    )  # fmt: skip
    session.commit()
    bulk = export.bulk
    with (
        pytest.raises(Conflict, match="not yours any more"),
        unit_of_work(bulk.sessions, bulk.actor) as own,
    ):
        service.file_of(own, bulk.actor, run.id)


def test_a_file_goes_after_a_week(session, export, add_account, rep):
    two(add_account, rep)
    run, path, _ = export("csv")
    session.execute(text("UPDATE bulk_runs SET created_at = now() - interval '8 days'"))
    session.commit()
    with pytest.raises(NotFound, match="kept for 7 days"):
        service.file_of(session, export.bulk.actor, run.id)
    left, fresh = (path.with_name(f"9-{name}.part.csv") for name in ("left", "fresh"))
    for draft in (left, fresh):
        draft.touch()
    os.utime(left, (0, 0))
    service.forget(session)
    assert (path.exists(), left.exists(), fresh.exists()) == (False, False, True)


def test_more_rows_than_a_sheet_has_are_refused_before_they_are_written(
    export, add_account, rep, monkeypatch
):
    monkeypatch.setattr(exporting, "MAX_SHEET_ROWS", 1)
    two(add_account, rep)
    preview = export.bulk.preview("export", {"format": "xlsx"}, **EVERYBODY)
    assert "export CSV" in str(preview.forecast.stops)
    with pytest.raises(InvalidInput, match="export CSV"):
        export.bulk.begin("export", {"format": "xlsx"}, **EVERYBODY)
