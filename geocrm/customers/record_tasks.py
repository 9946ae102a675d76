"""Once a day: documents, images of merges and words of names that may be kept no longer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.customers import merging_undo
from geocrm.db import elevated
from geocrm.documents import service as documents
from geocrm.jobs import Handler, Work

TIDY: Final = "accounts.tidy_records"
# Deleting an account takes the link to its documents along, not the documents themselves.
_ORPHAN: Final = "NOT EXISTS (SELECT FROM account_documents l WHERE l.document_id = documents.id)"


def run_tidy_in(folder: Callable[[], Path]) -> Handler:
    """The handler of the daily job; it learns the folder of documents when it runs."""

    def run(work: Work) -> dict[str, Any]:
        with work.unit_of_work() as session:
            return tidy(session, folder())

    return run


def tidy(session: Session, folder: Path) -> dict[str, int]:
    """Delete what may go; how many documents, files, merges' images and words went."""
    with elevated(session):
        gone, files = documents.purge(session, folder, _ORPHAN)
    # Words go with their last name; what a dump brought back without its names is found here.
    words = int(session.scalar(text("SELECT forget_words()")) or 0)
    merges = merging_undo.forget(session)
    return {"documents": gone, "files": files, "merges": merges, "words": words}
