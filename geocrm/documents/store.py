"""The folder of contents: one file a checksum, so that the same content is there once."""

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple

from geocrm.errors import InvalidInput, NotFound

MAX_BYTES: Final = 25 * 1024 * 1024
_BLOCK: Final = 1 << 18
_DRAFT: Final = ".part-"
# A draft or a content without a row this old belongs to no upload under way.
STALE_S: Final = 24 * 3600


class Draft(NamedTuple):
    """A content that was read whole but is not kept yet."""

    path: Path
    size_bytes: int
    sha256: str


@contextmanager
def received(folder: Path, content: IO[bytes], name: str) -> Iterator[Draft]:
    """The content in a draft that is gone after the block, unless `keep` has kept it.

    InvalidInput when it is empty or longer than may be; nothing stays then.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, path = tempfile.mkstemp(prefix=_DRAFT, dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            size_bytes, sha256 = _copy(content, file, name)
            file.flush()
            os.fsync(file.fileno())
        yield Draft(Path(path), size_bytes, sha256)
    finally:
        Path(path).unlink(missing_ok=True)


def _copy(content: IO[bytes], file: IO[bytes], name: str) -> tuple[int, str]:
    digest, size_bytes = hashlib.sha256(), 0
    while block := content.read(_BLOCK):
        size_bytes += len(block)
        if size_bytes > MAX_BYTES:
            raise InvalidInput(
                f"{name[:80]!r} is larger than {MAX_BYTES // 2**20} MB: make it smaller, or send"
                " it in parts"
            )
        digest.update(block)
        file.write(block)
    if not size_bytes:
        raise InvalidInput(f"{name[:80]!r} is empty: choose the file again")
    return size_bytes, digest.hexdigest()


def keep(folder: Path, draft: Draft) -> None:
    """Make the draft the content of its checksum; the last thing before the commit."""
    target = path_of(folder, draft.sha256)
    target.parent.mkdir(exist_ok=True, mode=0o700)
    draft.path.replace(target)


def path_of(folder: Path, sha256: str) -> Path:
    """Where the content of this checksum is."""
    return folder / sha256[:2] / sha256


def require(folder: Path, sha256: str) -> Path:
    """The same, or NotFound when the file is missing, as after a restore without documents."""
    path = path_of(folder, sha256)
    if not path.is_file():
        raise NotFound("The file of this document is missing: restore it from a backup")
    return path


def contents(folder: Path) -> Iterator[Path]:
    """All contents, in the order of their checksums."""
    for part in sorted(folder.glob("[0-9a-f][0-9a-f]")):
        yield from sorted(path for path in part.iterdir() if len(path.name) == 64)


def unnamed(folder: Path, is_known: Callable[[list[str]], set[str]]) -> int:
    """How many contents no version names that belong to no upload under way either."""
    if not folder.is_dir():
        return 0
    before = time.time() - STALE_S
    old = [path.name for path in contents(folder) if path.stat().st_mtime < before]
    return sum(
        len(set(some) - is_known(some))
        for some in (old[start : start + 500] for start in range(0, len(old), 500))
    )


def remove_strays(folder: Path, is_known: Callable[[list[str]], set[str]]) -> int:
    """Delete contents and previews that no version names, and drafts of uploads that broke off."""
    before, gone = time.time() - STALE_S, 0
    if not folder.is_dir():
        return 0
    for draft in folder.glob(f"{_DRAFT}*"):
        gone += _remove_if_old(draft, before)
    old = [path for path in contents(folder) if path.stat().st_mtime < before]
    for start in range(0, len(old), 500):
        some = old[start : start + 500]
        known = is_known([path.name for path in some])
        for path in some:
            if path.name not in known:
                gone += _remove_if_old(path, before)
                for preview in (folder / "previews").glob(f"{path.name}*"):
                    preview.unlink(missing_ok=True)
    return gone


def _remove_if_old(path: Path, before: float) -> int:
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_mtime < before:
            path.unlink()
            return 1
    return 0
