"""The backup file: a tar of PostgreSQL's own dump, the documents, and a manifest of what is in it.

The manifest stands last, so that the dump streams straight into the file; a file without it was
never finished. Documents are named by the checksum of their content.
"""

import hashlib
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from geocrm.errors import InvalidInput

FORMAT = 1
_DUMP, _MANIFEST, _DOCUMENTS = "database.dump", "manifest.json", "documents/"
_BLOCK = 1 << 20
_CHECKSUM = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: enough to refuse it in time and to check it after restoring."""

    format: int
    made_at: str
    geocrm: str
    revision: str
    postgresql: int
    sha256: str
    rows: dict[str, int]
    # Contents of documents; 0 in backups from before there were any.
    documents: int = 0


class DumpWriter:
    """Streams the dump into the archive, counting and hashing on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._size = 0
        self._documents: list[str] = []
        # The size is known only at the end; the header is written again then.
        self._file.write(_header(_DUMP, 0))

    def write(self, block: bytes) -> None:
        """Append to the dump."""
        self._file.write(block)
        self._hash.update(block)
        self._size += len(block)

    @property
    def sha256(self) -> str:
        """The checksum of what was written."""
        return self._hash.hexdigest()

    def end_dump(self) -> None:
        """Say that the dump is complete."""
        self._file.write(_padding(self._size))

    def add_document(self, path: Path) -> None:
        """Append the content of a document, after the dump."""
        size = path.stat().st_size
        self._file.write(_header(_DOCUMENTS + path.name, size))
        with path.open("rb") as content:
            shutil.copyfileobj(content, self._file, _BLOCK)
        self._file.write(_padding(size))

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and the end of the archive."""
        text = json.dumps(asdict(manifest), indent=1).encode()
        self._file.write(_header(_MANIFEST, len(text)) + text + _padding(len(text)))
        self._file.write(bytes(2 * tarfile.BLOCKSIZE))
        self._file.seek(0)
        self._file.write(_header(_DUMP, self._size))


@contextmanager
def writing(target: Path) -> Iterator[DumpWriter]:
    """A new archive that appears under its name only when everything went well."""
    draft = target.with_name(f".{target.name}.part")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield DumpWriter(file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def read_manifest(source: Path) -> Manifest:
    """The manifest, or InvalidInput when this is no complete backup."""
    try:
        with tarfile.open(source, "r:") as archive:
            member = archive.extractfile(_MANIFEST)
            assert member is not None
            values = json.load(member)
            if values.get("format") != FORMAT:
                raise InvalidInput(
                    f"{source} is a backup in format {values.get('format')}, and this version"
                    f" reads format {FORMAT}: update GeoCRM"
                )
            return Manifest(**values)
    except (tarfile.TarError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(
            f"{source} is not a complete GeoCRM backup: it was cut short, or made by another"
            " program. Use a file made with: geocrm backup FILE"
        ) from error


@contextmanager
def reading(source: Path) -> Iterator[IO[bytes]]:
    """The dump inside the archive."""
    with tarfile.open(source, "r:") as archive:
        member = archive.extractfile(_DUMP)
        assert member is not None
        yield member


def restore_documents(source: Path, folder: Path) -> int:
    """Put the documents of a backup into the folder, beside those that are there; how many.

    A content is checked against the checksum that is its name before it takes its place.
    """
    count = 0
    with tarfile.open(source, "r:") as archive:
        for member in archive:
            name = member.name.removeprefix(_DOCUMENTS)
            if member.isreg() and name != member.name and _CHECKSUM.fullmatch(name):
                content = archive.extractfile(member)
                assert content is not None
                _restore_document(content, folder, name, source)
                count += 1
    return count


def _restore_document(content: IO[bytes], folder: Path, name: str, source: Path) -> None:
    target = folder / name[:2] / name
    if target.is_file() and target.stat().st_size:
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{name}.restoring")
    try:
        found = hashlib.sha256()
        with draft.open("wb") as file:
            while block := content.read(_BLOCK):
                found.update(block)
                file.write(block)
        if found.hexdigest() != name:
            raise InvalidInput(f"{source} is damaged: a document in it is not what was saved")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def require_intact(source: Path, manifest: Manifest) -> None:
    """Raise InvalidInput when the dump is not what was written."""
    found = hashlib.sha256()
    with reading(source) as dump:
        while block := dump.read(_BLOCK):
            found.update(block)
    if found.hexdigest() != manifest.sha256:
        raise InvalidInput(f"{source} is damaged: its checksum is wrong. Use another backup")


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o600
    # GNU format: sizes beyond 8 GB fit without an extra header.
    return member.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
