"""GeoCRM beside Nominatim on the same extract, with the same addresses held out, row by row.

Run: scripts/osm_fixtures.py Helsinki, then
.venv/bin/python -m benchmarks.peers.nominatim [FILE.osm.pbf] [--seed 1] [--rows 200]

The extract without a fifth of its addresses is loaded as a pack and imported by Nominatim
(`scripts/nominatim.sh`, which installs it below var/ the first time). Both are asked for the
held-out addresses and for some of the kept ones, in parts. Nominatim answers over HTTP on this
machine through geopy; a second time as one line when it finds nothing in parts.
"""

import argparse
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
from geopy.geocoders import Nominatim

from benchmarks import addresses
from benchmarks.addresses import Truth
from geocrm.config import ROOT, Settings
from geocrm.db import cluster, make_engine, make_sessions
from geocrm.geocoding import Grade, service
from geocrm.security import OPERATOR
from geocrm.spatial.geodesy import great_circle_m

SCRIPT = ROOT / "scripts" / "nominatim.sh"


class Row(NamedTuple):
    """An answer: how far off (infinite for none), and whether it claims to be the house."""

    off_m: float
    house: bool


def nominatim(url: str) -> Callable[[Truth], Row]:
    split = urlsplit(url)
    client = Nominatim(
        user_agent="GeoCRM benchmark", domain=split.netloc, scheme=split.scheme, timeout=30
    )

    def ask(truth: Truth) -> Row:
        parts = {
            "street": f"{truth.number} {truth.street}",
            "city": truth.city,
            "postalcode": truth.postcode,
        }
        given = {name: words for name, words in parts.items() if words}
        found = client.geocode(given, addressdetails=True)
        if found is None:
            line = f"{truth.street} {truth.number}, {truth.postcode} {truth.city}"
            found = client.geocode(line, addressdetails=True)
        if found is None:
            return Row(float("inf"), house=False)
        off_m = float(great_circle_m(truth.lon, truth.lat, found.longitude, found.latitude))
        return Row(off_m, house="house_number" in found.raw.get("address", {}))

    return ask


def line(name: str, rows: Sequence[Row], took_s: float) -> str:
    off = np.array([row.off_m for row in rows])
    false = np.mean([row.house and row.off_m > 200 for row in rows])
    shares = " | ".join(f"{np.mean(off <= m):.1%}" for m in (50, 200, 1_000))
    houses = np.mean([row.house for row in rows])
    rate = len(rows) / took_s
    return (
        f"| {name} | {len(rows)} | {np.median(off):,.0f} m | {shares} | {houses:.1%} | {false:.2%}"
        f" | {rate:,.0f} |"
    )


def timed(ask: Callable[[Truth], Row], truths: Sequence[Truth]) -> tuple[list[Row], float]:
    start = time.perf_counter()
    return [ask(truth) for truth in truths], time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "file", nargs="?", type=Path, default=addresses.FIXTURES / "Helsinki.osm.pbf"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=200, help="of the kept addresses")
    chosen = parser.parse_args()
    settings = Settings.from_env(os.environ)
    engine = make_engine(settings.database_url or cluster.ensure_running(settings))
    with tempfile.TemporaryDirectory() as folder, make_sessions(engine)() as session:
        session.info["scope"] = OPERATOR
        stripped = Path(folder) / "stripped.osm.pbf"
        split = addresses.load_without(session, chosen.file, chosen.seed, keep_as=stripped)
        kept = random.Random(chosen.seed).sample(split.kept, min(chosen.rows, len(split.kept)))

        def ours(truth: Truth) -> Row:
            answer = service.geocode(session, addresses.structured(truth, random.Random()))
            if answer.lon is None or answer.lat is None:
                return Row(float("inf"), house=False)
            off_m = float(great_circle_m(truth.lon, truth.lat, answer.lon, answer.lat))
            return Row(off_m, house=answer.grade is Grade.ROOFTOP)

        subprocess.run([SCRIPT, "up", stripped], check=True, stdout=subprocess.DEVNULL)
        url = subprocess.run([SCRIPT, "url"], check=True, capture_output=True, text=True).stdout
        peer = nominatim(url.strip())
        print(
            "\n| who, address | n | median | ≤ 50 m | ≤ 200 m | ≤ 1 km | says it is the house",
            end="",
        )
        print(" | of these > 200 m off | rows/s |\n|---|---|---|---|---|---|---|---|---|")
        for name, truths in (("held out", split.held), ("in the extract", kept)):
            print(line(f"Nominatim, {name}", *timed(peer, truths)))
            print(line(f"GeoCRM, {name}", *timed(ours, truths)))
        subprocess.run([SCRIPT, "down"], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
