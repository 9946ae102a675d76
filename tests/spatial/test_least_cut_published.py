"""The least cuts that others have proven, of counties whose neighbours are on our own map.

Source: H. Validi, A. Buchanan (2022), Political districting to minimize cut edges,
doi:10.1007/s12532-022-00221-5: limits and optima of its table of counties; the populations are
those of the census of 2010. Both were noted down by hand, and only the totals of states checked.
"""

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from geocrm.spatial.districting.cuts import CutQuestion, least_cut

HERE = Path(__file__).parent
NEIGHBOURS = HERE.parent.parent / "data" / "boundaries" / "neighbours" / "usa-adm2.csv"


@cache
def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def counties(state: str, k: int, low: int, high: int) -> CutQuestion:
    people = {
        code: int(number)
        for code, number in rows(HERE / "counties_2010.csv")
        if code.startswith(f"usa-adm2:{state}")
    }
    at = {code: i for i, code in enumerate(people)}
    edges = [(at[a], at[b]) for a, b, *_ in rows(NEIGHBOURS) if a in at and b in at]
    return CutQuestion.of(list(people.values()), low, high, np.array(edges), k)


@pytest.mark.parametrize(
    ("state", "k", "low", "high", "published"),
    [
        pytest.param("16", 2, 779_873, 787_709, 10, id="Idaho, 44 counties"),
        pytest.param("35", 3, 682_962, 689_824, 17, id="New Mexico, 33"),
        pytest.param("54", 3, 614_577, 620_752, 23, id="West Virginia, 55"),
        pytest.param("31", 3, 605_737, 611_824, 19, id="Nebraska, 93"),
        pytest.param("28", 4, 738_116, 745_533, 34, id="Mississippi, 82"),
        pytest.param("01", 7, 679_406, 686_233, 55, id="Alabama, 67"),
    ],
)
def test_a_published_optimum_is_found_and_proven_without_any_plan_to_start_from(
    state, k, low, high, published
):
    question = counties(state, k, low, high)
    found = least_cut(question, effort=2)
    assert found.bound.proven
    assert found.cost == published
    assert question.is_plan(found.district)
