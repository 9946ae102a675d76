"""How right, how honest and how fast the geocoder is, beside an exact join and trigrams.

Run: .venv/bin/python -m benchmarks.geocoding [--rows 5000] [--seed 1]

Truth: a village drawn by chance, and an address drawn uniformly from the ground that lies nearer to
that village's point than to any other's. "Right" is the village itself; "false confidence" is the
share of answers whose circle does not hold the drawn address. Prints Markdown.
"""

import argparse
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree
from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.config import Settings
from geocrm.db import cluster, make_engine, make_sessions
from geocrm.geocoding import AddressQuery, Answer, service
from geocrm.places.gazetteer_radius import EARTH_RADIUS_M, distance_m, unit_vectors

PEER_SAMPLE = 150
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Village(NamedTuple):
    """A village with its units, as an address would give them."""

    code: str
    name: str
    district: str
    city: str
    region: str
    postcode: str
    lon: float
    lat: float


class Case(NamedTuple):
    """A village, the address to be found in it, and the point it really has."""

    village: Village
    lon: float
    lat: float


Damage = Callable[[Village, random.Random], AddressQuery]


def slip(name: str, rng: random.Random) -> str:
    """The name with one letter more, less, other, or two swapped."""
    if len(name) < 2:
        return name + rng.choice(LETTERS)
    at = rng.randrange(len(name))
    letter = rng.choice(LETTERS)
    return rng.choice(
        [
            name[:at] + letter + name[at:],
            name[:at] + name[at + 1 :],
            name[:at] + letter + name[at + 1 :],
            name[:at] + name[at : at + 2][::-1] + name[at + 2 :],
        ]
    )


def structured(of: Village, /, **other: str) -> AddressQuery:
    parts = {
        "village": of.name,
        "district": of.district,
        "city": of.city,
        "region": of.region,
        "postcode": of.postcode,
    }
    return AddressQuery(**(parts | other))


def labelled(v: Village, _: random.Random) -> AddressQuery:
    city = v.city.replace("Kabupaten ", "Kab. ").replace("Kota ", "Kodya ")
    return AddressQuery(
        text=f"Jl. Melati No. 7 RT 02/RW 05 Kel. {v.name} Kec. {v.district} {city} {v.postcode}"
    )


def neighbour_name(v: Village, rng: random.Random) -> str:
    return slip(slip(slip(v.name[::-1], rng), rng), rng) + "xq"


DAMAGES: dict[str, Damage] = {
    "as registered": lambda v, _: structured(v),
    "upper case": lambda v, _: structured(
        v, village=v.name.upper(), district=v.district.upper(), city=v.city.upper()
    ),
    "spaces left out": lambda v, _: structured(v, village=v.name.replace(" ", "")),
    "no postcode": lambda v, _: structured(v, postcode=""),
    "no district": lambda v, _: structured(v, district=""),
    "no district, no postcode": lambda v, _: structured(v, district="", postcode=""),
    "slip in the village": lambda v, r: structured(v, village=slip(v.name, r)),
    "two slips in the village": lambda v, r: structured(v, village=slip(slip(v.name, r), r)),
    "slips in village, district, city": lambda v, r: structured(
        v, village=slip(v.name, r), district=slip(v.district, r), city=slip(v.city, r)
    ),
    "slip, no district, no postcode": lambda v, r: structured(
        v, village=slip(v.name, r), district="", postcode=""
    ),
    "another postcode": lambda v, r: structured(v, postcode=f"{r.randrange(10000, 99999)}"),
    "a village nobody knows": lambda v, r: structured(v, village=neighbour_name(v, r)),
    "one line, labelled, abbreviated": labelled,
    "one line, commas": lambda v, _: AddressQuery(
        text=f"Jl. Melati 7, {v.name}, {v.district}, {v.city}, {v.region} {v.postcode}"
    ),
    "one line, commas, backwards": lambda v, _: AddressQuery(
        text=f"{v.region}, {v.city}, {v.district}, {v.name}"
    ),
    "one line, no commas": lambda v, _: AddressQuery(
        text=f"jl melati 7 {v.name} {v.district} {v.city} {v.postcode}".lower()
    ),
    "one line, no commas, a slip": lambda v, r: AddressQuery(
        text=f"jl melati 7 {slip(v.name, r)} {v.district} {v.city}".lower()
    ),
    "village and province only": lambda v, _: AddressQuery(text=f"{v.name}, {v.region}"),
    "village only": lambda v, _: AddressQuery(text=v.name),
}


def draw_cases(session: Session, count: int, seed: int) -> list[Case]:
    rows = session.execute(
        text(
            "SELECT v.code, v.name, d.name, r.name, p.name, coalesce(c.name, ''), v.lon, v.lat"
            " FROM gazetteer_places v JOIN gazetteer_places d ON d.id = v.district_id"
            " JOIN gazetteer_places r ON r.id = v.regency_id"
            " JOIN gazetteer_places p ON p.id = v.region_id"
            " LEFT JOIN gazetteer_places c ON c.id = v.postcode_id"
            " WHERE v.kind = 'village' ORDER BY v.id"
        )
    ).all()
    villages = [Village._make(row) for row in rows]
    lon = np.array([v.lon for v in villages])
    lat = np.array([v.lat for v in villages])
    tree = cKDTree(unit_vectors(lon, lat))
    chord = np.asarray(tree.query(unit_vectors(lon, lat), k=7)[0])[:, -1]
    rng = np.random.default_rng(seed)
    cases: list[Case] = []
    while len(cases) < count:
        at = rng.integers(len(villages), size=count)
        # Anywhere in a disc that holds the village's ground; kept when it is this village's.
        away = 1.3 * chord[at] * EARTH_RADIUS_M * np.sqrt(rng.random(count))
        turn = rng.random(count) * 2 * np.pi
        y = lat[at] + np.degrees(away * np.sin(turn) / EARTH_RADIUS_M)
        x = lon[at] + np.degrees(away * np.cos(turn) / EARTH_RADIUS_M) / np.cos(np.radians(lat[at]))
        nearest = np.asarray(tree.query(unit_vectors(x, y))[1])
        own = np.flatnonzero(nearest == at)
        cases += [Case(villages[at[i]], float(x[i]), float(y[i])) for i in own]
    return cases[:count]


def outside(cases: Sequence[Case], answers: Sequence[Answer]) -> float:
    """Share of the found whose circle does not hold the address."""
    found = [(c, a) for c, a in zip(cases, answers, strict=True) if a.lon is not None]
    if not found:
        return 0.0
    truth = unit_vectors(np.array([c.lon for c, _ in found]), np.array([c.lat for c, _ in found]))
    given = unit_vectors(np.array([a.lon for _, a in found]), np.array([a.lat for _, a in found]))
    radius = np.array([a.radius_m for _, a in found])
    return float((distance_m(truth, given) > radius).mean())


def measure(session: Session, cases: Sequence[Case], seed: int) -> None:
    print("| address | right village | another village | coarser | none | false confidence |")
    print("|---|---|---|---|---|---|")
    for name, damage in DAMAGES.items():
        rng = random.Random(seed)
        queries = [damage(case.village, rng) for case in cases]
        answers = service.geocode_many(session, queries)
        kinds = Counter(_kind(c, a) for c, a in zip(cases, answers, strict=True))
        shares = [kinds[k] / len(cases) for k in ("right", "another", "coarser", "none")]
        cells = [f"{share:.1%}" for share in (*shares, outside(cases, answers))]
        print(f"| {name} | {' | '.join(cells)} |")


def _kind(case: Case, answer: Answer) -> str:
    if answer.place_code == case.village.code:
        return "right"
    if not answer.found:
        return "none"
    return "another" if answer.grade == "village" else "coarser"


def throughput(session: Session, cases: Sequence[Case], seed: int) -> None:
    rng = random.Random(seed)
    tenth = [
        structured(c.village, village=slip(c.village.name, rng) if i % 10 == 0 else c.village.name)
        for i, c in enumerate(cases)
    ]
    start, cpu = time.perf_counter(), time.process_time()
    service.geocode_many(session, tenth)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(f"\nStructured rows, one in ten with a slip: {len(tenth) / wall:,.0f} rows/s wall,")
    print(f"{len(tenth) / cpu:,.0f} rows per second of our own processor time ({len(tenth)} rows).")
    alone = [service_time(session, query) for query in tenth[:300]]
    print(
        f"One by one: median {np.median(alone) * 1000:.1f} ms,"
        f" 95 % within {np.quantile(alone, 0.95) * 1000:.1f} ms."
    )


def service_time(session: Session, query: AddressQuery) -> float:
    start = time.perf_counter()
    service.geocode(session, query)
    return time.perf_counter() - start


def peers(session: Session, cases: Sequence[Case], seed: int) -> None:
    session.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    session.execute(
        text(
            "CREATE TEMP TABLE peer AS SELECT v.code, lower(v.name) AS name, lower(r.name) AS city,"
            " lower(v.label) AS label FROM gazetteer_places v"
            " JOIN gazetteer_places r ON r.id = v.regency_id WHERE v.kind = 'village'"
        )
    )
    session.execute(text("CREATE INDEX ON peer (name, city)"))
    session.execute(text("CREATE INDEX ON peer USING gin (name gin_trgm_ops)"))
    session.execute(text("ANALYZE peer"))
    print("\n| village and city given | exact join | trigrams | GeoCRM |")
    print("|---|---|---|---|")
    for name, damage in (("as registered", lambda name, _: name), ("a slip", slip)):
        rng = random.Random(seed)
        asked = [(c, damage(c.village.name, rng)) for c in cases[:PEER_SAMPLE]]
        cells = [
            _peer(session, asked, "name = :name AND city = :city"),
            _peer(session, asked, "name % :name AND city = :city"),
            _ours(session, asked),
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def _peer(session: Session, asked: Sequence[tuple[Case, str]], condition: str) -> str:
    start = time.perf_counter()
    right = 0
    for case, name in asked:
        found = session.scalar(
            text(
                f"SELECT code FROM peer WHERE {condition}"
                " ORDER BY similarity(name, :name) DESC, code LIMIT 1"
            ),
            {"name": name.lower(), "city": case.village.city.lower()},
        )
        right += found == case.village.code
    return f"{right / len(asked):.1%} right, {len(asked) / (time.perf_counter() - start):,.0f}/s"


def _ours(session: Session, asked: Sequence[tuple[Case, str]]) -> str:
    queries = [AddressQuery(village=name, city=case.village.city) for case, name in asked]
    start = time.perf_counter()
    answers = service.geocode_many(session, queries)
    took = time.perf_counter() - start
    right = sum(a.place_code == c.village.code for a, (c, _) in zip(answers, asked, strict=True))
    return f"{right / len(asked):.1%} right, {len(asked) / took:,.0f}/s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    settings = Settings.from_env(os.environ)
    engine = make_engine(settings.database_url or cluster.ensure_running(settings))
    with make_sessions(engine)() as session:
        cases = draw_cases(session, chosen.rows, chosen.seed)
        measure(session, cases, chosen.seed)
        throughput(session, draw_cases(session, 4 * chosen.rows, chosen.seed + 1), chosen.seed)
        peers(session, cases, chosen.seed)


if __name__ == "__main__":
    main()
