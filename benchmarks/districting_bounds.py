"""What is proven about plans: gaps to a global bound, and optimal plans of small maps.

Counties by land area, the provinces of Indonesia by population, and grids; the first plan is
`design`'s. Each case ends after 60 seconds of processor time at the latest. "published" are the
counties by population of H. Validi, A. Buchanan (2022), doi:10.1007/s12532-022-00221-5, with the
least cut that they proved.

Run: python -m benchmarks.districting_bounds [--quick] [--only compact|cut|published]
"""

import argparse
import csv
import gzip
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from geocrm.spatial.districting import Objective, Terms, Units, bridges, design, on_earth
from geocrm.spatial.districting.cuts import CutQuestion, least_cut
from geocrm.spatial.districting.exact import solve_exact
from geocrm.spatial.districting.hess import Hess
from geocrm.spatial.neighbours import neighbour_edges

BOUNDARIES = Path(__file__).parent.parent / "data" / "boundaries"
CENSUS = Path(__file__).parent.parent / "tests" / "spatial" / "counties_2010.csv"
SECONDS = 60.0


@dataclass(frozen=True)
class Case:
    """One map: a layer and the parents of the units taken, or a grid of so many units."""

    name: str
    layer: str
    parents: tuple[str, ...]
    num_districts: int
    tolerance: float
    band: tuple[int, int] | None = None


def _states(name: str, codes: str, num_districts: int, tolerance: float) -> Case:
    parents = tuple(f"usa-adm1:{code}" for code in codes.split())
    return Case(name, "usa-adm2", parents, num_districts, tolerance)


def _counted(name: str, code: str, num_districts: int, band: tuple[int, int], least: int) -> Case:
    """Counties by population; the name tells the least cut that was published."""
    state = _states(f"{name}, published {least}", code, num_districts, 0.005)
    return replace(state, band=band)


COMPACT = (
    _states("New Mexico", "35", 3, 0.01),
    _states("West Virginia", "54", 3, 0.02),
    _states("Idaho", "16", 4, 0.05),
    _states("South Carolina", "45", 5, 0.05),
    Case("Indonesia, provinces", "idn-adm1", (), 5, 0.10),
    _states("Texas", "48", 4, 0.01),
    _states("Texas, Oklahoma, Arkansas, Louisiana", "48 40 05 22", 3, 0.01),
    _states("Texas, Oklahoma, Arkansas, Louisiana", "48 40 05 22", 5, 0.01),
    Case("grid of 500", "500", (), 4, 0.01),
    Case("grid of 1,000", "1000", (), 5, 0.01),
)
CUTS = (
    _states("New Mexico", "35", 3, 0.05),
    _states("West Virginia", "54", 2, 0.01),
    _states("West Virginia", "54", 3, 0.02),
    _states("Idaho", "16", 2, 0.01),
    _states("Nebraska", "31", 3, 0.01),
    _states("Arkansas", "05", 4, 0.01),
    _states("Iowa", "19", 4, 0.01),
    _states("Kansas", "20", 4, 0.01),
    _states("Mississippi", "28", 4, 0.01),
    _states("Oklahoma", "40", 5, 0.01),
    _states("Alabama", "01", 7, 0.01),
)

PUBLISHED = (
    _counted("Idaho", "16", 2, (779_873, 787_709), 10),
    _counted("New Mexico", "35", 3, (682_962, 689_824), 17),
    _counted("West Virginia", "54", 3, (614_577, 620_752), 23),
    _counted("Louisiana", "22", 6, (751_785, 759_339), 49),
    _counted("Alabama", "01", 7, (679_406, 686_233), 55),
    _counted("Arkansas", "05", 4, (725_335, 732_624), 33),
    _counted("Oklahoma", "40", 5, (746_519, 754_021), 40),
    _counted("Mississippi", "28", 4, (738_116, 745_533), 34),
    _counted("Nebraska", "31", 3, (605_737, 611_824), 19),
    _counted("Iowa", "19", 4, (757_781, 765_396), 33),
    _counted("Kansas", "20", 4, (709_714, 716_845), 32),
)


@cache
def people() -> dict[str, float]:
    """The population of counties in 2010, by code."""
    with CENSUS.open(encoding="utf-8", newline="") as file:
        return {each["code"]: float(each["population"]) for each in csv.DictReader(file)}


@cache
def features(layer: str) -> list[dict[str, object]]:
    with gzip.open(BOUNDARIES / f"{layer}.geojson.gz", "rt", encoding="utf-8") as file:
        found: list[dict[str, object]] = json.load(file)["features"]
    return found


def units_of(case: Case) -> Units:
    if case.layer.isdigit():
        return grid(int(case.layer))
    chosen = [f for f in features(case.layer) if not case.parents or parent(f) in case.parents]
    shapes = shapely.from_geojson([json.dumps(each["geometry"]) for each in chosen])
    point = shapely.point_on_surface(shapes)
    lon, lat = shapely.get_x(point), shapely.get_y(point)
    edges = neighbour_edges(shapes, np.full(len(shapes), case.layer)).pairs()
    told = [f["properties"] for f in chosen]
    weight = [each["population"] or each["area_km2"] for each in told]
    if case.band is not None:
        weight = [people()[each["code"]] for each in told]
    joined = np.concatenate([edges, bridges(lon, lat, edges)])
    return Units(np.round(np.array(weight, dtype=float))[:, None], on_earth(lon, lat), joined)


def parent(feature: dict[str, object]) -> str:
    return str(feature["properties"]["parent"])


def grid(size: int) -> Units:
    """A seeded grid of unequal weights."""
    columns = 25
    at = np.arange(size).reshape(-1, columns)
    across = np.stack([at[:, :-1].ravel(), at[:, 1:].ravel()], axis=1)
    down = np.stack([at[:-1].ravel(), at[1:].ravel()], axis=1)
    y, x = np.divmod(np.arange(size), columns)
    weight = np.round(np.random.default_rng(1).gamma(2.0, 1000.0, size))
    return Units(weight[:, None], on_earth(100 + x * 0.1, y * 0.1), np.concatenate([across, down]))


def first_plan(
    units: Units, case: Case, objective: Objective = Objective.INERTIA
) -> NDArray[np.intp]:
    terms = Terms(case.num_districts, case.tolerance, objective=objective)
    return design(units, terms, effort=6).district


def limits(units: Units, case: Case) -> tuple[int, int]:
    if case.band is not None:
        return case.band
    mean = units.weights[:, 0].sum() / case.num_districts
    return int(np.ceil(mean * (1 - case.tolerance))), int(np.floor(mean * (1 + case.tolerance)))


def countdown() -> Callable[[], float]:
    began = time.process_time()
    return lambda: began + SECONDS - time.process_time()


def row(case: Case, n: int, start: float, cost: float, bound: float, seconds: float) -> str:
    gap = max(0.0, 1 - bound / cost) if np.isfinite(cost) else np.inf
    return (
        f"| {case.name} | {n} | {case.num_districts} | {case.tolerance:.1%} | {start:,.0f} | "
        f"{cost:,.0f} | {bound:,.0f} | {gap:.3%} | {seconds:.1f} |"
    )


def compact(case: Case) -> str:
    """Squared kilometres from the centre unit times weight, over the total weight."""
    units = units_of(case)
    place = units.place
    assert place is not None
    square = ((place[:, None] - place[None]) ** 2).sum(axis=2)
    weight = units.weights[:, 0].astype(np.int64)
    cost = units.weights * square / units.weights[:, 0].sum()
    model = Hess.of(cost, weight, *limits(units, case), units.edges, case.num_districts)
    plan = first_plan(units, case)
    began = time.process_time()
    left = countdown()
    found = solve_exact(model, incumbent=plan, seconds_left=left)
    seconds = time.process_time() - began
    start = model.centres(plan)[1] if model.is_plan(plan) else np.inf
    return row(case, len(units), start, found.cost, found.bound.value, seconds)


def cut(case: Case) -> str:
    units = units_of(case)
    weight = units.weights[:, 0].astype(np.int64)
    question = CutQuestion.of(weight, *limits(units, case), units.edges, case.num_districts)
    plan = first_plan(units, case, Objective.CUT_EDGES)
    began, left = time.process_time(), countdown()
    found = least_cut(question, incumbent=plan, should_stop=lambda: left() <= 0)
    seconds = time.process_time() - began
    start = question.cost(plan)
    return row(case, len(units), start, found.cost, found.bound.value, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the first four of each")
    parser.add_argument("--only", choices=["compact", "cut", "published"])
    chosen = parser.parse_args()
    last = 4 if chosen.quick else None
    # Compile first.
    warm = Case("warm", "100", (), 2, 0.1)
    compact(warm)
    cut(warm)
    head = "| map | units | k | tolerance | first plan | best plan | bound | gap | CPU s |"
    kinds = ("compact", COMPACT, compact), ("cut", CUTS, cut), ("published", PUBLISHED, cut)
    for kind, cases, how in kinds:
        if chosen.only in (None, kind):
            print(f"\n{kind}\n\n{head}\n|---|---|---|---|---|---|---|---|---|")
            for case in cases[:last]:
                print(how(case), flush=True)


if __name__ == "__main__":
    main()
