"""The files a region pack has beside its rows, and how each is made from the extract."""

from pathlib import Path

from geocrm.places.packs.loading import ByProducts
from geocrm.places.packs.roads import write_roads
from geocrm.places.packs.tiles import build_tiles

BY_PRODUCTS: ByProducts = {"roads.osm.pbf": write_roads, "streets.pmtiles": build_tiles}


def missing(folder: Path) -> list[str]:
    """Which of them a pack's folder lacks."""
    return [name for name in BY_PRODUCTS if not (folder / name).is_file()]
