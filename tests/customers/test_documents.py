"""Documents of customers: what is taken, what is refused, who sees them, and what stays."""

import io
import struct
import sys
import threading
import zipfile
import zlib
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import select, text, update

from geocrm.customers import documents, queries, record_tasks, service
from geocrm.customers.record_models import AccountDocument
from geocrm.db import make_engine, make_sessions, unit_of_work
from geocrm.documents import preview, store
from geocrm.documents import service as engine
from geocrm.documents.models import Document, DocumentVersion
from geocrm.errors import InvalidInput, NotFound
from geocrm.operations import checks
from geocrm.security import OPERATOR, Role
from tests.customers.conftest import somebody_with_a_customer

PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R>>endobj
4 0 obj<</Length 27>>stream
1 0 0 rg 0 0 200 100 re f
endstream endobj
trailer<</Root 1 0 R>>
%%EOF"""


def png(width=20, height=10, kind="PNG"):
    output = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(output, kind)
    return output.getvalue()


def png_bomb(edge=60_000):
    """A picture of a few kilobytes that takes 10 GB unpacked."""

    def chunk(name, content):
        crc = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc)

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1_000_000)) for _ in range(20)) + packer.flush()
    header = struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def office(*parts, mimetype=None):
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for part in parts:
            archive.writestr(part, "x")
    return output.getvalue()


@pytest.fixture
def settings(settings, tmp_path):
    """Documents of the test go into its own folder."""
    return replace(settings, var=tmp_path)


@pytest.fixture
def app(app):
    """The application without the proof that a form is ours."""
    app.config["WTF_CSRF_METHODS"] = set()
    return app


@pytest.fixture
def folder(settings):
    """Where the contents are."""
    return settings.var / "documents"


@pytest.fixture
def add(session, actor, folder, add_account):
    """Add a document to one and the same customer."""
    account = add_account()

    def send(content, name="contract.pdf", **more):
        return documents.add(session, actor, folder, account.id, io.BytesIO(content), name, **more)

    send.account_id = account.id
    return send


def files(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else []


# ------------------------------------------------------------------------------- what is taken


@pytest.mark.parametrize(
    ("content", "name", "media_type", "kept_as"),
    [
        (PDF, "Contract.PDF", "application/pdf", "Contract.PDF"),
        (PDF, "invoice.pdf.exe", "application/pdf", "invoice.pdf.exe.pdf"),
        (png(), "shop.png", "image/png", "shop.png"),
        (png(), "report.exe", "image/png", "report.exe.png"),
        (png(kind="JPEG"), "shop.jpeg", "image/jpeg", "shop.jpeg"),
        (png(kind="WEBP"), "shop", "image/webp", "shop.webp"),
        (png(kind="GIF"), "a.b.gif", "image/gif", "a.b.gif"),
        (b"name,amount\nToko,1\n", "prices.csv", "text/csv", "prices.csv"),
        (b"Catatan: rapat besok", "note", "text/plain", "note.txt"),
        (office("[Content_Types].xml", "xl/workbook.xml"), "a.xlsx",
         "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "a.xlsx"),
        (office(mimetype="application/vnd.oasis.opendocument.text"), "a.odt",
         "application/vnd.oasis.opendocument.text", "a.odt"),
        (PDF, "../../etc/cron.d/job", "application/pdf", "job.pdf"),
        (PDF, "C:\\Windows\\x\u202efdp.exe", "application/pdf", "xfdp.exe.pdf"),
        (PDF, "", "application/pdf", "document.pdf"),
        (PDF, "...", "application/pdf", "document.pdf"),
        (PDF, "a" * 5_000 + ".pdf", "application/pdf", "a" * 146 + ".pdf"),
        (PDF, 'a"b\r\nSet-Cookie: x.pdf', "application/pdf", "abSet-Cookie x.pdf"),
        # A picture that is also a script is kept as what it is shown as.
        (b"GIF89a" + b"\x01\x00\x01\x00" + b"=1;alert(1)//", "x.gif", "image/gif", "x.gif"),
    ],
)  # fmt: skip
def test_a_file_is_what_its_content_says(add, content, name, media_type, kept_as):
    version = add(content, name)
    assert (version.media_type, version.name, version.number) == (media_type, kept_as, 1)


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"", "empty.pdf", "is empty"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "photo.png", "web page"),
        (b"\xef\xbb\xbf  <svg xmlns='x'><script>alert(1)</script></svg>", "logo.svg", "web page"),
        (b"<?xml version='1.0'?><svg onload='x'/>", "logo.png", "web page"),
        (b"MZ\x90\x00\x03", "setup.pdf", "not taken"),
        (b"\x7fELF\x02\x01", "run.txt", "not taken"),
        (b"PK\x03\x04 broken", "a.docx", "damaged"),
        (office("a/b.txt"), "a.zip", "not taken"),
        (office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "a.docx",
         "macros"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "a.doc", "old office format"),
        (b"\x89PNG\r\n\x1a\n", "cut.png", "damaged picture"),
        (b"\xff\xd8\xff\xe0", "cut.jpg", "damaged picture"),
    ],
)  # fmt: skip
def test_what_could_run_or_cannot_be_read_is_refused_and_leaves_nothing(
    session, add, folder, content, name, why
):
    with pytest.raises(InvalidInput, match=why):
        add(content, name)
    assert files(folder) == []
    assert session.scalars(select(DocumentVersion.id)).all() == []


def test_a_file_that_is_too_large_is_refused_while_it_comes(session, actor, add, folder):
    class Endless(io.RawIOBase):
        read_bytes = 0

        def read(self, size=-1):
            self.read_bytes += size
            return b"%PDF-" + bytes(size - 5)

    endless = Endless()
    with pytest.raises(InvalidInput, match="larger than 25 MB"):
        documents.add(session, actor, folder, add.account_id, endless, "film.pdf")
    assert endless.read_bytes < 27 * 2**20
    assert files(folder) == []


def test_an_upload_that_breaks_off_leaves_neither_row_nor_file(session, actor, add, folder):
    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise ConnectionResetError("the phone lost its signal")

    add(PDF)
    with pytest.raises(ConnectionResetError):
        documents.add(session, actor, folder, add.account_id, Broken(), "x.pdf")
    assert len(files(folder)) == len(session.scalars(select(DocumentVersion.id)).all()) == 1


# ------------------------------------------------------------------------------- versions


def test_the_same_content_is_kept_once_and_versions_stay(session, actor, add, folder):
    first = add(PDF)
    again = add(PDF, "copy.pdf")
    newer = add(PDF + b"\n", document_id=first.document_id)
    assert (newer.document_id, newer.number, newer.name) == (first.document_id, 2, "contract.pdf")
    assert files(folder) == sorted({first.sha256, newer.sha256})
    assert first.sha256 == again.sha256
    old = documents.version(session, add.account_id, first.document_id, 1)
    assert store.require(folder, old.sha256).read_bytes() == PDF
    listed = documents.listed(session, add.account_id)
    assert {(each.name, each.number) for each in listed} == {("contract.pdf", 2), ("copy.pdf", 1)}


def test_a_deleted_document_can_be_taken_back_and_goes_for_good_after_a_month(
    session, actor, add, folder, monkeypatch
):
    version = add(PDF)
    documents.remove(session, actor, add.account_id, version.document_id)
    with pytest.raises(NotFound):
        documents.version(session, add.account_id, version.document_id)
    assert [d.id for d in documents.listed(session, add.account_id, deleted=True)] == [
        version.document_id
    ]
    documents.take_back(session, actor, add.account_id, version.document_id)
    assert documents.version(session, add.account_id, version.document_id).number == 1
    documents.remove(session, actor, add.account_id, version.document_id)
    monkeypatch.setattr(store, "STALE_S", -5)
    assert record_tasks.tidy(session, folder)["documents"] == 0
    found = session.get(Document, version.document_id)
    found.deleted_at -= timedelta(days=engine.KEPT_DAYS + 1)
    session.flush()
    assert record_tasks.tidy(session, folder) == {
        "documents": 1,
        "files": 1,
        "merges": 0,
        "words": 0,
    }
    assert files(folder) == []


def test_a_file_that_another_document_has_and_one_under_way_stay(
    session, actor, add, folder, monkeypatch
):
    first, second = add(PDF), add(PDF, "copy.pdf")
    documents.remove(session, actor, add.account_id, first.document_id)
    session.get(Document, first.document_id).deleted_at -= timedelta(days=40)
    session.flush()
    (folder / ".part-abc").write_bytes(b"under way")
    record_tasks.tidy(session, folder)
    assert files(folder) == sorted([".part-abc", second.sha256])
    monkeypatch.setattr(store, "STALE_S", -5)
    record_tasks.tidy(session, folder)
    assert files(folder) == [second.sha256]


def test_documents_of_a_deleted_customer_wait_as_long_as_it_may_come_back(
    session, actor, add, folder, monkeypatch
):
    monkeypatch.setattr(store, "STALE_S", -5)
    kept, version = add(PDF), add(png(), "photo.png")
    link = session.scalars(
        select(AccountDocument).where(AccountDocument.document_id == kept.document_id)
    ).one()
    session.delete(link)
    session.flush()
    record_tasks.tidy(session, folder)
    session.add(AccountDocument(document_id=kept.document_id, account_id=add.account_id))
    session.flush()
    record_tasks.tidy(session, folder)
    session.expire_all()
    assert session.get(Document, kept.document_id).orphaned_at is None
    service.remove(session, actor, add.account_id)
    assert record_tasks.tidy(session, folder)["documents"] == 0
    assert files(folder) == sorted([kept.sha256, version.sha256])
    session.execute(update(Document).values(orphaned_at=Document.orphaned_at - timedelta(days=31)))
    assert record_tasks.tidy(session, folder)["documents"] == 2
    assert files(folder) == []


# ------------------------------------------------------------------------------- previews


def test_pictures_and_pdfs_are_drawn_anew(session, add, folder):
    shown = preview.draw(folder, add(png(4_000, 2_000), "shop.png"))
    with Image.open(shown) as image:
        assert (image.format, image.size) == ("WEBP", (1_600, 800))
    page = preview.draw(folder, add(PDF))
    with Image.open(page) as image:
        assert image.width == 2 * image.height
        red, green, _blue = image.convert("RGB").getpixel((10, 10))
        assert red > 200 > green
    assert preview.draw(folder, add(PDF)) == page


def test_a_bomb_is_kept_but_never_unpacked(add, folder):
    version = add(png_bomb(), "bomb.png")
    assert not version.previewable
    with pytest.raises(InvalidInput, match="no preview"):
        preview.draw(folder, version)


def test_a_picture_that_lies_about_its_size_or_breaks_its_decoder_is_said_to_be_damaged(
    add, folder
):
    content = bytearray(png())
    content[40:60] = bytes(20)
    version = add(bytes(content), "broken.png")
    with pytest.raises(InvalidInput, match="cannot be shown"):
        preview.draw(folder, version)
    with pytest.raises(InvalidInput, match="cannot be shown"):
        preview.draw(folder, add(b"%PDF-1.7 and nothing", "broken.pdf"))
    assert files(folder / "previews") == []


def test_where_a_photograph_was_taken_does_not_go_into_its_preview(add, folder):
    output = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "At home"
    Image.new("RGB", (10, 10)).save(output, "JPEG", exif=exif)
    shown = preview.draw(folder, add(output.getvalue(), "a.jpg"))
    assert b"At home" not in shown.read_bytes()


# ------------------------------------------------------------------------------- over the web


def upload(visitor, account_id, content=PDF, name="contract.pdf", document=None):
    path = f"/api/v1/accounts/{account_id}/documents"
    if document is not None:
        path += f"/{document}/versions"
    return visitor.post(
        path, data={"file": (io.BytesIO(content), name)}, content_type="multipart/form-data"
    )


def test_a_document_is_handed_out_so_that_no_browser_runs_it(add_account, administrator, client_of):
    account, visitor = add_account(), client_of(administrator)
    made = upload(visitor, account.id)
    assert made.status_code == 201
    assert (made.json["name"], made.json["number"]) == ("contract.pdf", 1)
    answer = visitor.get(made.json["url"], buffered=True)
    assert answer.data == PDF
    headers = answer.headers
    assert headers["Content-Disposition"].startswith("attachment; filename=contract.pdf")
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"].startswith("private")
    shown = visitor.get(made.json["preview"], buffered=True)
    assert (shown.status_code, shown.mimetype) == (200, "image/webp")
    assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_names_in_other_scripts_arrive_whole(add_account, administrator, client_of):
    visitor = client_of(administrator)
    made = upload(visitor, add_account().id, name="договор №5 – тест.pdf")
    disposition = visitor.get(made.json["url"], buffered=True).headers["Content-Disposition"]
    assert "filename*=UTF-8''%D0%B4%D0%BE" in disposition
    assert "\n" not in disposition


def test_somebody_elses_document_is_not_there_by_guessing_ids(
    session, add_account, add_user, rep, administrator, marketer, client_of
):
    theirs, mine = add_account(owner=add_user()), add_account(owner=rep)
    document = upload(client_of(administrator), theirs.id).json["id"]
    own = upload(client_of(rep), mine.id, PDF + b"x").json["id"]
    visitor = client_of(rep)
    for account, number in ((theirs.id, document), (mine.id, document), (theirs.id, own)):
        path = f"/api/v1/accounts/{account}/documents/{number}"
        for answer in (
            visitor.get(f"{path}/versions/1"),
            visitor.get(f"{path}/versions/1/preview"),
            visitor.delete(path),
            visitor.post(f"{path}/take-back"),
            upload(visitor, account, document=number),
        ):
            assert answer.status_code == 404, path
    assert visitor.get(f"/api/v1/accounts/{theirs.id}/documents").status_code == 404
    assert upload(visitor, theirs.id).status_code == 404
    path = f"/api/v1/accounts/{mine.id}/documents"
    assert client_of(marketer).get(path).status_code == 403
    assert upload(client_of(marketer), mine.id).status_code == 403


def test_what_is_not_taken_is_said_in_a_sentence_and_too_large_is_cut_off_early(
    add_account, administrator, client_of, folder
):
    account, visitor = add_account(), client_of(administrator)
    refused = upload(visitor, account.id, b"<html><script>alert(1)</script>", "photo.png")
    assert refused.status_code == 422
    assert "PDF" in refused.json["detail"]
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    endless = visitor.post(
        f"/api/v1/accounts/{account.id}/documents",
        input_stream=io.BytesIO(body + bytes(1_000)),
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(27 * 2**20)},
    )
    assert endless.status_code == 413
    nothing = visitor.post(
        f"/api/v1/accounts/{account.id}/documents", data={}, content_type="multipart/form-data"
    )
    assert nothing.status_code == 422
    assert files(folder) == []


def test_a_version_may_be_sent_by_two_at_once(settings, database_url, folder):
    """Two real transactions: each gets a number of its own."""
    database = make_engine(database_url)
    sessions = make_sessions(database)
    with unit_of_work(sessions, OPERATOR) as session:
        owner, account = somebody_with_a_customer(session, Role.FIELD_REP, "two@example.test")
        first = documents.add(session, OPERATOR, folder, account.id, io.BytesIO(PDF), "a.pdf")
        account_id, document_id, owner_id = account.id, first.document_id, owner.id
    numbers, start = [], threading.Barrier(2)

    def send(content):
        with unit_of_work(sessions, OPERATOR) as session:
            start.wait()
            made = documents.add(
                session, OPERATOR, folder, account_id, io.BytesIO(content), "a.pdf",
                document_id=document_id,
            )  # fmt: skip
            numbers.append(made.number)

    try:
        both = [threading.Thread(target=send, args=(PDF + each,)) for each in (b"1", b"2")]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert sorted(numbers) == [2, 3]
    finally:
        with unit_of_work(sessions, OPERATOR) as session:
            session.execute(text("DELETE FROM documents"))
            session.delete(queries.get(session, account_id))
            session.flush()
            session.execute(text("DELETE FROM users WHERE id = :id"), {"id": owner_id})
        database.dispose()


def test_this_test_draws_in_a_process_of_its_own():
    assert "pypdfium2" not in sys.modules


def test_the_check_finds_documents_without_a_file_and_files_without_a_document(
    session, add, folder, settings, monkeypatch
):
    def finding():
        return checks.documents(session.connection(), settings)

    lost, kept = add(PDF, "contract.pdf"), add(png(), "front.png")
    assert finding().state is checks.State.OK
    stray = folder / "ab" / ("ab" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"nobody's")
    assert finding().state is checks.State.OK, "it may belong to an upload under way"
    monkeypatch.setattr(store, "STALE_S", -5)
    assert finding().state is checks.State.WARN
    assert "1 files" in finding().message
    assert "geocrm worker" in finding().remedy
    store.path_of(folder, lost.sha256).unlink()
    assert finding().state is checks.State.FAIL
    assert "1 of 2 is missing" in finding().message
    assert "contract.pdf" in finding().message
    assert kept.name not in finding().message
    assert "geocrm restore" in finding().remedy
