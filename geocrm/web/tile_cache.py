"""Tiles kept as files: for those that are the same for everybody and cost a second to draw."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

MAX_ZOOM: Final = 9  # nearer ones hold few shapes and are drawn as fast as they are read
MAX_TILES: Final = 5_000  # of one version of a layer
_WORTH_KEEPING: Final = 2_000  # bytes


class TileCache:
    """The kept tiles of one version of a layer; the name is `layer-version`, without slashes.

    What cannot be written is not kept: a full disk makes tiles slow, not wrong.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder / name

    def get(self, z: int, x: int, y: int) -> bytes | None:
        """The tile, or None when it is not kept."""
        try:
            return self._path(z, x, y).read_bytes()
        except OSError:
            return None

    def put(self, z: int, x: int, y: int, tile: bytes) -> None:
        """Keep the tile if it is worth it."""
        if z > MAX_ZOOM or len(tile) < _WORTH_KEEPING:
            return
        with suppress(OSError):
            if not self._folder.exists():
                self._drop_older()
                self._folder.mkdir(parents=True, exist_ok=True)
            if len(os.listdir(self._folder)) < MAX_TILES:
                self._write(self._path(z, x, y), tile)

    def _write(self, path: Path, tile: bytes) -> None:
        # Renamed when it is whole, so that nobody reads half a tile.
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".")
        with os.fdopen(handle, "wb") as file:
            file.write(tile)
        os.replace(name, path)

    def _drop_older(self) -> None:
        layer = self._folder.name.rpartition("-")[0]
        for other in self._folder.parent.glob(f"{layer}-*"):
            # A longer name is another layer's.
            if other.name.rpartition("-")[0] == layer:
                shutil.rmtree(other, ignore_errors=True)

    def _path(self, z: int, x: int, y: int) -> Path:
        return self._folder / f"{z}-{x}-{y}.mvt"
