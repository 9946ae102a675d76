"""The pages of imports and of a customer, as people use them."""

import io
from dataclasses import replace

import pytest
from sqlalchemy import select

from geocrm.customers import service
from geocrm.customers.imports.models import Import
from geocrm.customers.models import Account, Activity, Address
from geocrm.jobs import Work
from geocrm.sales import tasks

FILE = "Kode,Nama Toko,lat,lon,Omzet\nK1,Toko Maju,-6.2001,106.8001,1000\nK2,,,,\n"


@pytest.fixture
def settings(settings, tmp_path):
    """Uploads of the test go into its own folder."""
    return replace(settings, var=tmp_path)


@pytest.fixture
def app(app):
    """The application without the proof that a form is ours."""
    app.config["WTF_CSRF_METHODS"] = set()
    return app


@pytest.fixture
def upload(administrator, signed_in_as):
    """Upload a file as the administrator; the browser, and where it was taken."""

    def send(content=FILE, name="../../etc/customers.csv"):
        visitor = signed_in_as(administrator)
        data = {"file": (io.BytesIO(content.encode()), name), "kind": "accounts"}
        answer = visitor.post("/imports", data=data, content_type="multipart/form-data")
        return visitor, answer

    return send


def run_job(session, sessions, actor_of, user, kind):
    """Do what the worker would do with the import's job."""
    found = session.scalars(select(Import).order_by(Import.id.desc()).limit(1)).one()
    session.refresh(found)
    from_queue = {"import_id": found.id, "path": None}
    if found.job_id is not None:
        job = session.get(tasks.JobRun, found.job_id)
        from_queue = job.params
    return kind(Work(found.job_id, actor_of(user), sessions, from_queue))


def test_a_file_goes_from_upload_over_the_preview_to_its_result_and_back(
    session, sessions, actor_of, administrator, upload, settings
):
    visitor, answer = upload()
    assert answer.status_code == 302
    page = visitor.get(answer.location)
    assert page.status_code == 200
    assert "Toko Maju" in page.text
    assert "is empty: a customer needs a name" in page.text
    assert session.scalars(select(Account.id)).all() == []
    (stored,) = (settings.var / "uploads").iterdir()
    assert len(stored.name) == 32
    assert stored.stat().st_mode & 0o777 == 0o600
    assert visitor.post(f"{answer.location}/start", data={}).status_code == 302
    figures = run_job(session, sessions, actor_of, administrator, tasks.run)
    assert (figures["created"], figures["failed"]) == (1, 1)
    assert "Download the rows" in visitor.get(answer.location).text
    errors = visitor.get(f"{answer.location}/errors.csv").text
    assert "K2,,,,,3,column 'Nama Toko': is empty" in errors
    assert visitor.post(f"{answer.location}/undo").status_code == 302
    assert run_job(session, sessions, actor_of, administrator, tasks.undo) == {
        "undone": 1,
        "spared": 0,
    }
    session.expire_all()
    assert session.scalars(select(Account.id)).all() == []


def test_the_mapping_can_be_changed_and_the_whole_file_checked(
    session, sessions, actor_of, administrator, upload
):
    visitor, answer = upload()
    visitor.post(f"{answer.location}/mapping", data={"column-4": "-", "on_duplicate": "skip"})
    found = session.scalars(select(Import)).one()
    assert found.options["mapping"] == {"Omzet": "-"}
    assert found.options["on_duplicate"] == "skip"
    visitor.post(f"{answer.location}/check", data={})
    figures = run_job(session, sessions, actor_of, administrator, tasks.check)
    assert (figures["created"], figures["failed"]) == (1, 1)
    assert session.scalars(select(Account.id)).all() == []


def test_a_file_nobody_can_read_is_refused_and_not_kept(upload, settings):
    _visitor, answer = upload("%PDF-1.7", "list.pdf")
    assert answer.status_code == 422
    assert "a PDF document" in answer.text
    assert list((settings.var / "uploads").iterdir()) == []


def test_a_file_whose_columns_are_unknown_can_be_mapped_on_the_page(session, upload):
    visitor, answer = upload("colour,size\nred,big\n")
    page = visitor.get(answer.location)
    assert "No column holds the name" in page.text
    visitor.post(f"{answer.location}/mapping", data={"column-0": "name"})
    assert "No column holds the name" not in visitor.get(answer.location).text


def test_others_imports_are_not_there_and_marketers_have_none(upload, signed_in_as, rep, marketer):
    _visitor, answer = upload()
    other = signed_in_as(rep)
    for path in ("", "/errors.csv", "/rows.csv"):
        assert other.get(f"{answer.location}{path}").status_code == 404
    for path in ("start", "check", "undo", "stop", "discard", "resume", "mapping"):
        assert other.post(f"{answer.location}/{path}").status_code == 404
    assert signed_in_as(marketer).get("/imports").status_code == 403


def test_a_customers_page_shows_what_is_known_in_few_statements(
    session, add_account, rep, signed_in_as, actor_of, statements
):
    account = add_account("Toko Maju", owner=rep)
    for number in range(20):
        service.log_activity(session, actor_of(rep), account.id, "call", f"Call {number}")
    session.commit()
    visitor = signed_in_as(rep)
    visitor.get("/accounts")
    statements.clear()
    page = visitor.get(f"/accounts/{account.id}")
    assert page.status_code == 200
    assert "Call 19" in page.text
    assert len(statements) <= 28


def test_an_entry_of_the_timeline_sent_twice_is_there_once(session, add_account, rep, signed_in_as):
    account = add_account(owner=rep)
    key = "00000000-0000-4000-8000-000000000001"
    for _ in range(2):
        data = {"kind": "visit", "text": "Met Ani", "client_id": key}
        answer = signed_in_as(rep).post(f"/accounts/{account.id}/activities", data=data)
        assert answer.status_code == 302
    assert len(session.scalars(select(Activity.id)).all()) == 1


def test_a_form_that_was_overtaken_shows_both_versions(add_account, administrator, signed_in_as):
    account = add_account("Toko")
    visitor = signed_in_as(administrator)
    form = {"version": "1", "name": "First", "country": "ID"}
    assert visitor.post(f"/accounts/{account.id}/edit", data=form).status_code == 302
    answer = visitor.post(f"/accounts/{account.id}/edit", data=form | {"name": "Second"})
    assert answer.status_code == 409
    assert "Saved now: First" in answer.text
    assert 'value="Second"' in answer.text


# ------------------------------------------------------------------- a new customer on the map


def point_of(session, name):
    """Where the account of this name is: its place, grade and who says so."""
    row = session.execute(
        select(Address.lon, Address.lat, Address.provider, Address.country)
        .join(Account, Account.id == Address.account_id)
        .where(Account.name == name)
    ).one()
    return tuple(row)


def test_a_new_customer_lies_where_the_pin_was_put(session, rep, signed_in_as):
    form = {"name": "Toko Pin", "city": "Bandung", "country": "ID", "lon": "107.6", "lat": "-6.9"}
    answer = signed_in_as(rep).post("/accounts/new", data=form)
    assert answer.status_code == 302
    assert point_of(session, "Toko Pin") == (107.6, -6.9, "pin", "ID")


def test_without_a_pin_the_address_says_where_a_new_customer_is(session, rep, signed_in_as):
    form = {"name": "Toko Alamat", "country": "Finland", "lon": "", "lat": ""}
    assert signed_in_as(rep).post("/accounts/new", data=form).status_code == 302
    assert point_of(session, "Toko Alamat")[2:] != ("pin", "FI")
    assert point_of(session, "Toko Alamat")[3] == "FI"


@pytest.mark.parametrize(
    ("lon", "lat"), [("east", "-6"), ("107", ""), ("nan", "0"), ("181", "0"), ("0", "0")]
)
def test_a_pin_on_no_place_is_refused_and_adds_nobody(session, rep, signed_in_as, lon, lat):
    form = {"name": "Toko Nirgendwo", "lon": lon, "lat": lat}
    assert signed_in_as(rep).post("/accounts/new", data=form).status_code == 422
    session.rollback()
    assert session.scalar(select(Account).where(Account.name == "Toko Nirgendwo")) is None


def test_the_form_opens_with_the_pin_of_its_address(rep, signed_in_as):
    page = signed_in_as(rep).get("/accounts/new?lon=107.6&lat=-6.9").text
    assert 'name="lon" value="107.6"' in page
    assert 'name="lat" value="-6.9"' in page
    assert signed_in_as(rep).get("/accounts/new?lon=east&lat=1").status_code == 422
    assert 'name="lon" value=""' in signed_in_as(rep).get("/accounts/new").text
