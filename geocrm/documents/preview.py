"""Pictures of documents, drawn anew by a child process with little memory, time and no network.

What somebody sent is never shown itself: a picture is decoded and encoded again, a page of a PDF
is painted. A file that breaks its decoder breaks a process that holds nothing.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from geocrm.documents import kinds, store
from geocrm.documents.models import DocumentVersion
from geocrm.errors import InvalidInput

MEDIA_TYPE: Final = "image/webp"
MAX_PAGE: Final = 500
_CHILD: Final = Path(__file__).with_name("draw_child.py")
_SECONDS: Final = 20  # on the clock; the child's own limit is in seconds of the processor


def draw(folder: Path, version: DocumentVersion, page: int = 1) -> Path:
    """A picture of the version, kept for the next time; InvalidInput when it cannot be drawn."""
    if not version.previewable or not 1 <= page <= MAX_PAGE:
        raise InvalidInput(f"There is no preview of page {page} of {version.name}: download it")
    source = store.require(folder, version.sha256)
    target = folder / "previews" / f"{version.sha256}-{page}.webp"
    if not target.is_file():
        target.parent.mkdir(exist_ok=True, mode=0o700)
        _draw(source, target, version, page)
    return target


def _draw(source: Path, target: Path, version: DocumentVersion, page: int) -> None:
    descriptor, draft = tempfile.mkstemp(dir=target.parent)
    kind = "pdf" if version.media_type == kinds.PDF.media_type else "picture"
    try:
        with os.fdopen(descriptor, "wb") as output, source.open("rb") as content:
            subprocess.run(
                [sys.executable, "-P", str(_CHILD), kind, str(page), str(kinds.MAX_PIXELS)],
                stdin=content,
                stdout=output,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=True,
                env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PATH": ""},
            )
        Path(draft).replace(target)
    except (subprocess.SubprocessError, OSError) as error:
        raise InvalidInput(
            f"{version.name} cannot be shown here, as it is damaged, locked or too large: download"
            " it"
        ) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(draft).unlink()
