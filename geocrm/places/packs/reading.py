"""Opens an extract, refuses what is none, and streams it through the sieve once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import osmium

from geocrm.errors import InvalidInput
from geocrm.places.packs import tags as meaning
from geocrm.places.packs.sieve import KEYS, Disorder, Sieve
from geocrm.places.packs.staging import Staging

# Above this size the positions of nodes wait in a file; below, memory holds them (16 bytes a node).
NODES_IN_MEMORY_BYTES = 20_000_000
_DATE = "osmosis_replication_timestamp"


def header_date(path: Path) -> datetime | None:
    """Check that the file is an extract we can read; how new its header says it is."""
    header = _header(path)
    if header.has_multiple_object_versions or ".osh." in path.name:
        raise _history(path)
    written = header.get(_DATE)
    try:
        return datetime.fromisoformat(written.replace("Z", "+00:00")) if written else None
    except ValueError:
        return None  # a tool wrote something else there; the objects say it too


def _header(path: Path) -> Any:
    try:
        with osmium.io.Reader(opened(path), osmium.osm.NOTHING) as reader:
            return reader.header()
    except RuntimeError as error:
        raise InvalidInput(
            f"{path} is no OpenStreetMap extract in PBF form ({_reason(error)}): give a file that"
            " ends in .osm.pbf"
        ) from error


def read(path: Path, staging: Staging, folder: Path) -> Sieve:
    """Fill the staging tables from the file; `folder` takes what does not fit in memory."""
    sieve = Sieve(staging)
    try:
        with node_positions(path, folder) as index:
            for thing in _objects(path, index):
                sieve.take(thing)
    except Disorder as error:
        raise _history(path) if error.repeated else _unsorted(path) from error
    except (RuntimeError, ValueError) as error:
        raise InvalidInput(
            f"{path} is damaged or was cut short ({_reason(error)}): fetch it again. Nothing was"
            " loaded"
        ) from error
    staging.finish()
    return sieve


def opened(path: Path) -> Any:
    """The file, read as PBF whatever it is called."""
    return osmium.io.File(str(path), "pbf")


@contextmanager
def node_positions(path: Path, folder: Path) -> Iterator[str]:
    """Where the positions of nodes are kept while a file is read, in osmium's words."""
    if path.stat().st_size <= NODES_IN_MEMORY_BYTES:
        yield "sparse_mem_array"
        return
    file = folder / "nodes.positions"
    try:
        yield f"sparse_file_array,{file}"
    finally:
        file.unlink(missing_ok=True)


def _objects(path: Path, index: str) -> Iterator[Any]:
    return iter(
        osmium.FileProcessor(opened(path))
        .with_locations(index)
        .with_areas(osmium.filter.KeyFilter("boundary", "place", *meaning.NUMBER_KEYS))
        .with_filter(osmium.filter.KeyFilter(*KEYS))
    )


def _history(path: Path) -> InvalidInput:
    return InvalidInput(
        f"{path} is a history file, which holds every version of every object: take the plain"
        " extract of the same region (.osm.pbf)"
    )


def _unsorted(path: Path) -> InvalidInput:
    return InvalidInput(
        f"{path} is not sorted, nodes before ways before relations: run osmium sort on it first"
    )


def _reason(error: Exception) -> str:
    return str(error).rstrip(".")[:200]
