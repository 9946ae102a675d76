"""Measure how far off answers are, by the way they were found, and write the confidence curves.

Run: .venv/bin/python -m benchmarks.geocoding_confidence [FILE.osm.pbf ...] [--seeds 8] [--write]

Streets and numbers: of each extract a fifth of the addresses is held out, several times over; then
all its addresses are asked for, as they would be by somebody whose customers live there. Places:
addresses drawn on the ground of Indonesian villages (benchmarks.geocoding). For each way the
multiple of its length is noted within which the shares lie. With several extracts each is also
predicted from the others alone, which says what a new region may expect; that table is printed.
Without --write nothing is changed; with it geocrm/geocoding/confidence.json is written.
"""

import argparse
import json
import os
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sqlalchemy.orm import Session

from benchmarks import addresses, geocoding
from geocrm.config import Settings
from geocrm.db import cluster, make_engine, make_sessions
from geocrm.geocoding import Answer, confidence, service
from geocrm.security import OPERATOR
from geocrm.spatial.geodesy import great_circle_m

SHARES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
FIRST_SEED = 11  # the seeds of the published tables are others
MIN_CASES = 40
ROWS_OF_VILLAGES = 3_000
PLACES = ("village", "district", "regency", "region", "postcode", "country")
MIN_BIN = 50
EXPONENTS = tuple(round(0.05 * step, 2) for step in range(21))


class Seen(NamedTuple):
    """An answer: how it was found, its length, and how far off it was."""

    way: str
    length_m: float
    off_m: float


def seen(answer: Answer, off_m: float) -> list[Seen]:
    return [Seen(answer.way, answer.length_m, off_m)] if answer.length_m else []


def on_streets(session: Session, file: Path, seeds: Sequence[int]) -> list[Seen]:
    found: list[Seen] = []
    for seed in seeds:
        split = addresses.load_without(session, file, seed)
        for truths in (split.held, split.kept):
            cases = addresses.ask(session, truths, addresses.one_line, seed)
            found += [s for case in cases for s in seen(case.answer, case.off_m)]
        session.rollback()
    return found


def on_villages(session: Session, seed: int) -> list[Seen]:
    cases = geocoding.draw_cases(session, ROWS_OF_VILLAGES, seed)
    found: list[Seen] = []
    for damage in geocoding.DAMAGES.values():
        rng = random.Random(seed)
        answers = service.geocode_many(session, [damage(case.village, rng) for case in cases])
        for case, answer in zip(cases, answers, strict=True):
            if answer.lon is not None:
                off_m = float(great_circle_m(case.lon, case.lat, answer.lon, answer.lat or 0.0))
                found += seen(answer, off_m)
    return found


def fitted(cases: Iterable[Seen]) -> dict[str, dict[str, Any]]:
    """The curve of each way that enough was seen of."""
    by_way: dict[str, list[Seen]] = defaultdict(list)
    for case in cases:
        by_way[case.way].append(case)
    return {
        way: _curve(of_way) for way, of_way in sorted(by_way.items()) if len(of_way) >= MIN_CASES
    }


def _curve(cases: Sequence[Seen]) -> dict[str, Any]:
    length_m = np.array([case.length_m for case in cases])
    off_m = np.array([case.off_m for case in cases])
    exponent = 1.0 if cases[0].way in PLACES else _exponent(length_m, off_m)
    multiples = off_m / (confidence.REFERENCE_M * (length_m / confidence.REFERENCE_M) ** exponent)
    return {
        "cases": len(cases),
        "exponent": exponent,
        "multiples": [round(float(m), 4) for m in np.quantile(multiples, SHARES)],
        "shares": list(SHARES),
    }


def _exponent(length_m: NDArray[np.float64], off_m: NDArray[np.float64]) -> float:
    """The power of the length after which errors no longer depend on it."""
    if len(set(length_m)) == 1:
        return 0.0

    def left(exponent: float) -> float:
        return abs(float(spearmanr(off_m / length_m**exponent, length_m).statistic))

    return min(EXPONENTS, key=left)


def predicted(curve: Mapping[str, Any], case: Seen, within_m: float) -> float:
    known = confidence.curve(curve["multiples"], curve["shares"], curve["exponent"])
    return known.share_within(within_m, case.length_m)


def across(by_file: Mapping[str, Sequence[Seen]]) -> None:
    """How predictions from the other extracts fit each one."""
    print("\n| predicted from the others | within | cases | predicted | seen |")
    print("|---|---|---|---|---|---|")
    for name, cases in by_file.items():
        others = fitted(c for other, of in by_file.items() if other != name for c in of)
        known = [case for case in cases if case.way in others]
        for within_m in confidence.WITHIN_M:
            for tenth, rows in sorted(_bins(others, known, within_m).items()):
                if len(rows) >= MIN_BIN:
                    shares, hits = zip(*rows, strict=True)
                    print(
                        f"| {name}, {tenth * 10}–{tenth * 10 + 10} % | {within_m:,.0f} m"
                        f" | {len(rows)} | {np.mean(shares):.0%} | {np.mean(hits):.0%} |"
                    )


def _bins(
    curves: Mapping[str, Any], cases: Iterable[Seen], within_m: float
) -> dict[int, list[tuple[float, bool]]]:
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for case in cases:
        share = predicted(curves[case.way], case, within_m)
        bins[min(int(share * 10), 9)].append((share, case.off_m <= within_m))
    return bins


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    files = chosen.files or addresses.extracts()
    settings = Settings.from_env(os.environ)
    engine = make_engine(settings.database_url or cluster.ensure_running(settings))
    with make_sessions(engine)() as session:
        session.info["scope"] = OPERATOR
        seeds = range(FIRST_SEED, FIRST_SEED + chosen.seeds)
        by_file = {file.name: on_streets(session, file, seeds) for file in files}
        places = [case for case in on_villages(session, FIRST_SEED) if case.way in PLACES]
    across(by_file)
    streets = [c for cases in by_file.values() for c in cases if c.way not in PLACES]
    curves = fitted([*streets, *places])
    print("\n| way | cases | power | half within | nine tenths | 95 % |\n|---|---|---|---|---|")
    for way, curve in curves.items():
        at = dict(zip(curve["shares"], curve["multiples"], strict=True))
        numbers = (curve["cases"], curve["exponent"], at[0.5], at[0.9], at[0.95])
        print(f"| {way} | {' | '.join(map(str, numbers))} |")
    if chosen.write:
        before = json.loads(confidence.FILE.read_text(encoding="utf-8"))
        document = {
            "measured": datetime.now(UTC).date().isoformat(),
            "extracts": [file.name for file in files],
            "curves": before["curves"] | curves,
        }
        confidence.FILE.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
