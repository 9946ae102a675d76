"""Files of documents over HTTP: how they come in, and how they go out so that nothing runs them."""

from pathlib import Path
from typing import IO, Final

from flask import Response, current_app, request, send_file
from flask_babel import gettext as _

from geocrm.documents import preview, store
from geocrm.documents.models import DocumentVersion
from geocrm.errors import InvalidInput

# The form around the file takes little.
MAX_BODY: Final = store.MAX_BYTES + 64 * 1024
# Opened by itself, nothing in it may run, load or be framed.
POLICY: Final = "default-src 'none'; sandbox"


def folder() -> Path:
    """Where this installation keeps its documents."""
    found: Path = current_app.config["GEOCRM_SETTINGS"].var / "documents"
    return found


def sent() -> tuple[IO[bytes], str]:
    """The file of the form and the name it came with."""
    given = request.files.get("file")
    if given is None or (not given.filename and not given.stream.read(1)):
        raise InvalidInput(_("Choose a file first"))
    given.stream.seek(0)
    return given.stream, given.filename or ""


def handed_out(version: DocumentVersion) -> Response:
    """The version as a download, never shown by the browser."""
    answer = send_file(
        store.require(folder(), version.sha256),
        mimetype=version.media_type,
        as_attachment=True,
        download_name=version.name,
        etag=version.sha256,
        last_modified=version.uploaded_at,
    )
    return _locked_up(answer)


def picture(version: DocumentVersion, page: int) -> Response:
    """What the version looks like, painted by us."""
    path = preview.draw(folder(), version, page)
    return _locked_up(send_file(path, mimetype=preview.MEDIA_TYPE, etag=f"{version.sha256}-{page}"))


def _locked_up(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer
