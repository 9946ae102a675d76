"""The name a document is kept and handed out under. Pure text."""

import re
import unicodedata
from typing import Final

from geocrm.documents.kinds import Kind

MAX_NAME: Final = 150  # characters; file systems take 255 bytes
_FORBIDDEN: Final = re.compile(r'[<>:"|?*]')


def clean(given: str, kind: Kind) -> str:
    """The last part of the name without tricks, with the extension of what the content is.

    "invoice.pdf.exe" that holds a PDF becomes "invoice.pdf.exe.pdf": no system will start it.
    """
    last = re.split(r"[/\\]", given)[-1]
    # Control characters, and those that turn the direction of text ("annexe.pdf" for "fdp.exe").
    plain = "".join(c for c in unicodedata.normalize("NFC", last) if c.isprintable())
    words = " ".join(_FORBIDDEN.sub("", plain).split()).strip(". ")
    stem, extension = _split(words, kind)
    return f"{stem[: MAX_NAME - len(extension)].strip('. ') or 'document'}{extension}"


def _split(words: str, kind: Kind) -> tuple[str, str]:
    for extension in kind.extensions:
        if words.lower().endswith(extension):
            return words[: -len(extension)], words[-len(extension) :]
    return words, kind.extensions[0]
