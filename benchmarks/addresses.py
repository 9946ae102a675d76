"""How right and how honest the geocoder is on streets, with a fifth of the addresses held out.

Run: .venv/bin/python -m benchmarks.addresses [FILE.osm.pbf ...] [--seed 1]

Of each extract a fifth of its distinct addresses loses its addr:* tags before the pack is loaded.
Then both are asked for: the held-out ones, which the pack cannot know, and the kept ones, which it
must find exactly. Truth is where the address was mapped. All happens in one transaction that is
rolled back, so packs of the installation stay as they are. Without files: the extracts that
scripts/osm_fixtures.py fetches. Prints Markdown.
"""

import argparse
import os
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import osmium
from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.config import Settings
from geocrm.db import cluster, make_engine, make_sessions
from geocrm.geocoding import AddressQuery, Answer, Grade, service
from geocrm.places.packs import service as packs
from geocrm.security import OPERATOR
from geocrm.spatial.geodesy import great_circle_m

FIXTURES = Path("var/fixtures")
WITHOUT = ("coquimbo.osm",)  # a city of streets without a single address
HELD_OUT = 0.2
SPLITS = 6  # for the reliability table, which needs more cases than one split has
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Truth(NamedTuple):
    """A mapped address: its parts and where it is."""

    street: str
    number: str
    postcode: str
    city: str
    country: str
    lon: float
    lat: float

    @property
    def key(self) -> tuple[str, str]:
        """What makes two mapped objects one address, however completely each is tagged."""
        return self.street.lower(), self.number.lower()


Form = Callable[[Truth, random.Random], AddressQuery]


def structured(t: Truth, _: random.Random) -> AddressQuery:
    return AddressQuery(
        street=t.street, house_number=t.number, postcode=t.postcode, city=t.city, country=t.country
    )


def one_line(t: Truth, _: random.Random) -> AddressQuery:
    return AddressQuery(text=f"{t.street} {t.number}, {t.postcode} {t.city}", country=t.country)


def no_postcode(t: Truth, _: random.Random) -> AddressQuery:
    return AddressQuery(text=f"{t.street} {t.number}, {t.city}", country=t.country)


def no_commas(t: Truth, _: random.Random) -> AddressQuery:
    line = f"{t.street} {t.number} {t.postcode} {t.city}".upper()
    return AddressQuery(text=line, country=t.country)


def number_first(t: Truth, _: random.Random) -> AddressQuery:
    return AddressQuery(text=f"{t.number} {t.street}, {t.city} {t.postcode}", country=t.country)


def slip(t: Truth, rng: random.Random) -> AddressQuery:
    at = rng.randrange(1, len(t.street))
    street = t.street[:at] + rng.choice(LETTERS) + t.street[at + 1 :]
    return AddressQuery(text=f"{street} {t.number}, {t.postcode} {t.city}", country=t.country)


FORMS: dict[str, Form] = {
    "in parts": structured,
    "one line": one_line,
    "no postcode": no_postcode,
    "upper case, no commas": no_commas,
    "number first": number_first,
    "a slip in the street": slip,
}


def addresses(file: Path) -> list[Truth]:
    """The addresses of an extract that name a street and a city or a postcode."""
    found: list[Truth] = []
    for thing in osmium.FileProcessor(str(file)).with_locations():
        tags = thing.tags
        street, number = tags.get("addr:street", ""), tags.get("addr:housenumber", "")
        city, postcode = tags.get("addr:city", ""), tags.get("addr:postcode", "")
        at = _point(thing) if street and number and (city or postcode) else None
        if at is not None:
            country = tags.get("addr:country", "")
            found.append(Truth(street, number, postcode, city, country, *at))
    usual = Counter(t.country for t in found if t.country).most_common(1)
    country = usual[0][0] if usual else ""
    return [t._replace(country=t.country or country) for t in found]


def _point(thing: osmium.osm.OSMObject) -> tuple[float, float] | None:
    if thing.is_node():
        return thing.lon, thing.lat
    if not thing.is_way():
        return None
    spots = {(n.lon, n.lat) for n in thing.nodes if n.location.valid()}
    if not spots:
        return None
    lon, lat = np.mean(sorted(spots), axis=0)
    return float(lon), float(lat)


def strip(source: Path, target: Path, gone: set[tuple[str, str]]) -> None:
    """Write the extract without the addresses that are held out."""
    with osmium.SimpleWriter(str(target), overwrite=True) as writer:
        for thing in osmium.FileProcessor(str(source)):
            tags = dict(thing.tags)
            own = tags.get("addr:street", ""), tags.get("addr:housenumber", "")
            if (own[0].lower(), own[1].lower()) in gone:
                kept = {k: v for k, v in tags.items() if not k.startswith("addr:")}
                writer.add(thing.replace(tags=kept))
            else:
                writer.add(thing)


class Case(NamedTuple):
    """An address, the answer, and how far off it is; infinite without a point."""

    truth: Truth
    answer: Answer
    off_m: float


def ask(session: Session, truths: Sequence[Truth], form: Form, seed: int) -> list[Case]:
    rng = random.Random(seed)
    answers = service.geocode_many(session, [form(t, rng) for t in truths], truths[0].country)
    return [Case(t, a, _off_m(t, a)) for t, a in zip(truths, answers, strict=True)]


def _off_m(t: Truth, a: Answer) -> float:
    if a.lon is None or a.lat is None:
        return float("inf")
    return float(great_circle_m(t.lon, t.lat, a.lon, a.lat))


def line(name: str, cases: Sequence[Case]) -> str:
    off = np.array([c.off_m for c in cases])
    rooftops = [c for c in cases if c.answer.grade is Grade.ROOFTOP]
    false = sum(c.off_m > 200 for c in rooftops)
    fine = Counter(c.answer.grade.value for c in cases)
    outside = np.mean([c.off_m > (c.answer.radius_m or 0) for c in cases])
    cells = [
        f"{np.median(off):,.0f} m",
        *(f"{np.mean(off <= m):.1%}" for m in (50, 200, 1_000)),
        *(f"{fine[g] / len(cases):.1%}" for g in ("rooftop", "interpolated", "street")),
        f"{false / len(cases):.2%}",
        f"{outside:.1%}",
    ]
    return f"| {name} | {len(cases)} | {' | '.join(cells)} |"


HEADER = (
    "| address | n | median | ≤ 50 m | ≤ 200 m | ≤ 1 km | rooftop | interpolated | street |"
    " false rooftops | outside circle |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def reliability(cases: Iterable[Case]) -> None:
    """Predicted against seen shares, for every distance, in bins of a tenth."""
    print(
        "\n| predicted | " + " | ".join(f"seen ≤ {m:,} m" for m in (50, 200, 1_000, 5_000)) + " |"
    )
    print("|---|---|---|---|---|")
    bins: dict[int, dict[int, list[tuple[float, bool]]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        chances = case.answer.chances
        if chances is None:
            continue
        pairs = zip((50, 200, 1_000, 5_000), _shares(chances), strict=True)
        for metres, share in pairs:
            bins[min(int(share * 10), 9)][metres].append((share, case.off_m <= metres))
    for tenth in sorted(bins):
        cells = []
        for metres in (50, 200, 1_000, 5_000):
            pairs_in = bins[tenth][metres]
            if len(pairs_in) < 50:
                cells.append(f"({len(pairs_in)})")
                continue
            predicted = np.mean([share for share, _ in pairs_in])
            seen = np.mean([inside for _, inside in pairs_in])
            cells.append(f"{predicted:.0%} → {seen:.0%} ({len(pairs_in)})")
        print(f"| {tenth * 10}–{tenth * 10 + 10} % | {' | '.join(cells)} |")


def _shares(chances: object) -> tuple[float, float, float, float]:
    return chances.p50, chances.p200, chances.p1000, chances.p5000  # type: ignore[attr-defined]


def extracts() -> list[Path]:
    """The fetched extracts that have addresses."""
    return [file for file in sorted(FIXTURES.glob("*.osm.pbf")) if file.stem not in WITHOUT]


class Split(NamedTuple):
    """The addresses of an extract: those held out, and those the loaded pack knows."""

    held: list[Truth]
    kept: list[Truth]
    loading_s: float


def load_without(session: Session, file: Path, seed: int, keep_as: Path | None = None) -> Split:
    """Load the extract as the only pack, without a fifth of its addresses; `keep_as` keeps it."""
    truths = addresses(file)
    keys = sorted({t.key for t in truths})
    gone = set(random.Random(seed).sample(keys, round(len(keys) * HELD_OUT)))
    session.execute(text("DELETE FROM region_packs"))
    with tempfile.TemporaryDirectory() as folder:
        stripped = keep_as or Path(folder) / "stripped.osm.pbf"
        strip(file, stripped, gone)
        start = time.perf_counter()
        packs.add(session, stripped, Path(folder), {}, "benchmark")
        took = time.perf_counter() - start
    held = list({t.key: t for t in truths if t.key in gone}.values())
    kept = list({t.key: t for t in truths if t.key not in gone}.values())
    return Split(held, kept, took)


def measure(session: Session, file: Path, seed: int) -> None:
    split = load_without(session, file, seed)
    print(
        f"\n### {file.name}: {len(split.held)} held out, {len(split.kept)} kept,"
        f" loaded in {split.loading_s:.1f} s\n"
    )
    print(HEADER)
    for name, form in FORMS.items():
        asked = [t for t in split.held if t.city or name != "no postcode"]
        print(line(f"held out, {name}", ask(session, asked, form, seed)))
    for name, form in FORMS.items():
        print(line(f"in the pack, {name}", ask(session, split.kept, form, seed)))


def held_out(session: Session, file: Path, seeds: Iterable[int]) -> list[Case]:
    """The held-out addresses of several splits, each asked for once in each."""
    cases: list[Case] = []
    for seed in seeds:
        cases += ask(session, load_without(session, file, seed).held, one_line, seed)
        session.rollback()
    return cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    files = chosen.files or extracts()
    settings = Settings.from_env(os.environ)
    engine = make_engine(settings.database_url or cluster.ensure_running(settings))
    with make_sessions(engine)() as session:
        session.info["scope"] = OPERATOR
        for file in files:
            measure(session, file, chosen.seed)
            session.rollback()
        seeds = range(chosen.seed, chosen.seed + SPLITS)
        reliability([case for file in files for case in held_out(session, file, seeds)])


if __name__ == "__main__":
    main()
