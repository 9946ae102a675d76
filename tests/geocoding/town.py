"""Two villages with streets of the same name, drawn as an OpenStreetMap extract.

West lies around 9.50, Ost around 9.60, both at 47.10. In both Hauptstrasse runs west to east, with
odd numbers on its north side. In West Lange Gasse runs 400 m east, then 400 m north.
"""

from pathlib import Path

import osmium

# Metres to degrees, near enough at 47 degrees north.
EAST, NORTH = 1 / 76_000, 1 / 111_200
WEST, OST = (9.50, 47.10), (9.60, 47.10)
SIDE_M = 12.0  # a house stands so far from the middle of its street

Spot = tuple[float, float]


def at(village: Spot, east_m: float, north_m: float) -> Spot:
    """The place so many metres from the middle of the village."""
    return village[0] + east_m * EAST, village[1] + north_m * NORTH


class _Drawing:
    def __init__(self, writer: osmium.SimpleWriter) -> None:
        self._writer = writer
        self._ways: list[osmium.osm.mutable.Way] = []
        self._next = 0

    def node(self, spot: Spot, **tags: str) -> int:
        self._next += 1
        node = osmium.osm.mutable.Node(
            id=self._next, location=spot, tags={k.replace("__", ":"): v for k, v in tags.items()}
        )
        self._writer.add_node(node)
        return self._next

    def street(self, name: str, *spots: Spot, **more: str) -> None:
        nodes = [self.node(spot) for spot in spots]
        tags = {"highway": "residential", "name": name} | {
            k.replace("__", ":"): v for k, v in more.items()
        }
        self._ways.append(
            osmium.osm.mutable.Way(id=1_000 + len(self._ways), nodes=nodes, tags=tags)
        )

    def house(self, street: str, number: str, spot: Spot, city: str, postcode: str) -> None:
        self.node(
            spot, addr__street=street, addr__housenumber=number, addr__city=city,
            addr__postcode=postcode, addr__country="LI",
        )  # fmt: skip

    def finish(self) -> None:
        for way in self._ways:
            self._writer.add_way(way)


def draw(file: Path) -> Path:
    """Write the extract."""
    with osmium.SimpleWriter(str(file)) as writer:
        town = _Drawing(writer)
        for village, name, code in ((WEST, "West", "9401"), (OST, "Ost", "9402")):
            town.node(village, place="village", name=name)
            town.street("Hauptstrasse", at(village, 0, 0), at(village, 600, 0))
            _houses(town, village, name, code)
        town.street("Lange Gasse", at(WEST, 0, 100), at(WEST, 400, 100), at(WEST, 400, 500))
        for number, spot in (("1", at(WEST, 0, 112)), ("41", at(WEST, 412, 500))):
            town.house("Lange Gasse", number, spot, "West", "9401")
        town.street(
            "Bahnhofstrasse", at(WEST, 0, -300), at(WEST, 300, -300), name__fr="Rue de la Gare"
        )
        town.house("Bahnhofstrasse", "1-5", at(WEST, 30, -288), "West", "9401")
        town.house("Bahnhofstrasse", "7", at(WEST, 60, -288), "West", "9401")
        town.street("Am Bach", at(OST, 0, -300), at(OST, 300, -300))
        town.finish()
    return file


def _houses(town: _Drawing, village: Spot, name: str, code: str) -> None:
    known = ("1", "3", "5", "9", "11", "2", "4", "8", "10a", "10b")
    for number in known if name == "West" else ("1", "2", "3"):
        value = int(number.rstrip("ab"))
        side = SIDE_M if value % 2 else -SIDE_M
        # Even numbers begin later, so that the two sides are not in step.
        east_m = 40 * value if value % 2 else 40 * value + 100
        town.house("Hauptstrasse", number, at(village, east_m, side), name, code)
