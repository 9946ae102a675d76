"""The folder of a pack below var/packs: what is not in the database.

A folder is filled under a name nobody reads and then renamed. Which folders count is what the
database says; what a killed command left behind is swept by the next one.
"""

import errno
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from geocrm.errors import ServiceUnavailable

_FULL = (errno.ENOSPC, errno.EDQUOT)
# Positions of nodes, tiles and roads of an extract, and what making them takes, of its size.
_SPACE_PER_BYTE = 4
_MIN_SPACE_BYTES = 50_000_000


@contextmanager
def filling(packs: Path, name: str, source_bytes: int) -> Iterator[Path]:
    """A new folder for the pack of an extract of this size; gone again when the block fails."""
    folder = packs / f"{name}-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True)
        _require_space(packs, _MIN_SPACE_BYTES + _SPACE_PER_BYTE * source_bytes)
        yield folder
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise _explained(packs, error) from error
    except BaseException:  # an interrupt leaves nothing behind either; it goes on its way
        shutil.rmtree(folder, ignore_errors=True)
        raise


def sweep(packs: Path, known: Collection[str]) -> list[str]:
    """Remove the folders that belong to no pack, and name them."""
    if not packs.is_dir():
        return []
    orphans = sorted(path for path in packs.iterdir() if path.name not in known)
    for path in orphans:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
    return [path.name for path in orphans]


def _require_space(packs: Path, needed_bytes: int) -> None:
    free_bytes = shutil.disk_usage(packs).free
    if free_bytes < needed_bytes:
        raise ServiceUnavailable(
            f"{packs} has {free_bytes // 2**20:,} MB free and this extract needs about"
            f" {needed_bytes // 2**20:,}: free some space, or set GEOCRM_VAR to a larger disk."
            " Nothing was loaded"
        )


def _explained(packs: Path, error: OSError) -> ServiceUnavailable:
    if error.errno in _FULL:
        return ServiceUnavailable(
            f"The disk of {packs} is full: free some space and run the command again. Nothing was"
            " loaded"
        )
    return ServiceUnavailable(
        f"{packs} cannot be written ({error.strerror}): run as its owner, or set GEOCRM_VAR to a"
        " folder of your own. Nothing was loaded"
    )
