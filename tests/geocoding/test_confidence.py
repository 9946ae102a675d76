"""Confidence curves: shares that rise, never promise all, and fit what was measured."""

import json

from hypothesis import given
from hypothesis import strategies as st

from geocrm.geocoding import confidence
from geocrm.geocoding.cascade import _WAYS
from geocrm.geocoding.gazetteer_step import GRADES

WAYS = sorted(confidence.curves())


def test_every_way_to_find_a_point_has_a_curve() -> None:
    assert {*_WAYS, "street", "street_alone"} | {g.value for g in GRADES.values()} <= set(WAYS)


@given(st.sampled_from(WAYS), st.floats(1, 1e6))
def test_chances_rise_with_the_distance_and_stay_below_certainty(way: str, length_m: float) -> None:
    found = confidence.chances(way, length_m)
    shares = [found.p50, found.p200, found.p1000, found.p5000]
    assert shares == sorted(shares)
    assert all(0 <= share <= 0.98 for share in shares)


@given(st.sampled_from(WAYS), st.floats(1, 1e5))
def test_a_longer_length_is_less_sure_and_reaches_farther(way: str, length_m: float) -> None:
    near, far = confidence.chances(way, length_m), confidence.chances(way, 3 * length_m)
    assert far.p200 <= near.p200
    assert confidence.radius_m(way, 3 * length_m) >= confidence.radius_m(way, length_m)


def test_the_radius_holds_the_share_it_promises() -> None:
    for way, curve in confidence.curves().items():
        radius_m = confidence.radius_m(way, 1_000.0)
        if radius_m > confidence.LEAST_RADIUS_M:
            # Where few were seen, the outermost may be one house asked for again and again.
            most = 0.98 if curve.multiples[-1] < 1.001 * curve.multiples[-2] else 0.96
            assert 0.94 <= curve.share_within(radius_m, 1_000.0) <= most, way


def test_the_file_says_what_was_measured_and_on_how_much() -> None:
    document = json.loads(confidence.FILE.read_text(encoding="utf-8"))
    assert document["measured"]
    assert document["extracts"]
    measured = {way: of["cases"] for way, of in document["curves"].items() if of["cases"]}
    assert {"exact", "between", "beside", "street", "village"} <= measured.keys()
    assert all(cases >= 40 for cases in measured.values())
