"""One batch of demo customers as arrays: where, who, what they bought."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import shapely
from numpy.typing import NDArray

from geocrm.demo import names
from geocrm.demo.villages import Villages

# Shares of customers by how well their address is known.
_EXACT, _BY_VILLAGE = 0.70, 0.285  # the rest has no trustworthy point
_JITTER_TRIES = 8
_HISTORY_DAYS = 730
# Thresholds of yearly revenue in rupiah; chosen so that A is about a tenth of the customers.
_SEGMENT_FROM = (("A", 8e6), ("B", 2.3e6), ("C", 0.5e6))
_MEDIAN_ORDER_IDR = 2.0e6


@dataclass(frozen=True, slots=True)
class Sample:
    """Customers, shape (n,), and their orders, shape (m,), in order of the customer."""

    village: NDArray[np.intp]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    grade: NDArray[np.object_]
    name: NDArray[np.object_]
    street: NDArray[np.object_]
    house_number: NDArray[np.intp]
    contact: NDArray[np.object_]
    mobile: NDArray[np.object_]
    email: NDArray[np.object_]
    consent: NDArray[np.intp]
    segment: NDArray[np.object_]
    revenue: NDArray[np.float64]
    last_order: NDArray[np.object_]
    last_visit: NDArray[np.object_]
    order_of: NDArray[np.intp]
    order_day: NDArray[np.object_]
    order_amount: NDArray[np.float64]


def draw(villages: Villages, count: int, rng: np.random.Generator, today: date) -> Sample:
    """Draw `count` customers whose histories end `today`."""
    village = rng.choice(len(villages.weight), count, p=villages.weight)
    grade = np.select(
        [(chance := rng.random(count)) < _EXACT, chance < _EXACT + _BY_VILLAGE],
        ["rooftop", "village"],
        "none",
    ).astype(object)
    lon, lat = _scatter(villages, village, rng)
    lon = np.where(grade == "village", villages.lon[village], lon)
    lat = np.where(grade == "village", villages.lat[village], lat)
    contact = names.people(rng, count)
    order_of, age_days, amount = _orders(count, rng)
    recent = age_days < 365
    revenue = np.bincount(order_of, weights=amount * recent, minlength=count).astype(np.float64)
    last_age = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(last_age, order_of, age_days)
    days = np.array([today - timedelta(days=age) for age in range(_HISTORY_DAYS + 1)], dtype=object)
    return Sample(
        village=village,
        lon=lon,
        lat=lat,
        grade=grade,
        name=names.businesses(rng, count),
        street=names.streets(rng, count),
        house_number=rng.integers(1, 250, count),
        contact=_some(contact, rng.random(count) < 0.8),
        mobile=_some(names.mobiles(rng, count), rng.random(count) < 0.85),
        email=_some(names.addresses_of(contact, rng), rng.random(count) < 0.55),
        consent=_consents(count, rng),
        segment=_segments(revenue),
        revenue=revenue,
        last_order=_day_of(days, last_age),
        last_visit=_last_visits(days, revenue, rng),
        order_of=order_of,
        order_day=days[age_days],
        order_amount=amount,
    )


def _some(values: NDArray[np.object_], there: NDArray[np.bool_]) -> NDArray[np.object_]:
    """The values that are there, None elsewhere."""
    kept = values.copy()
    kept[~there] = None
    return kept


def _scatter(
    villages: Villages, village: NDArray[np.intp], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points around the villages, each inside its own regency; the village itself if all miss."""
    lon, lat = villages.lon[village].copy(), villages.lat[village].copy()
    ground = villages.ground[villages.regency[village]]
    # Half the radius within which 95 % of a village's addresses lie is one standard deviation.
    sigma_deg = villages.radius_m[village] / 2 / 111_320
    missing = np.arange(len(village))
    for _ in range(_JITTER_TRIES):
        near = village[missing]
        x = villages.lon[near] + rng.normal(0, 1, len(near)) * sigma_deg[missing]
        y = villages.lat[near] + rng.normal(0, 1, len(near)) * sigma_deg[missing]
        inside = shapely.contains_xy(ground[missing], x, y)
        lon[missing[inside]], lat[missing[inside]] = x[inside], y[inside]
        missing = missing[~inside]
    return np.round(lon, 6), np.round(lat, 6)


def _orders(
    count: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.float64]]:
    """Orders as (customer, age in days, amount): few customers order often, many rarely."""
    number = np.minimum(rng.zipf(2.2, count), 200)
    number[rng.random(count) < 0.12] = 0  # prospects
    customer = np.repeat(np.arange(count), number)
    # Frequent buyers are recent buyers: the youngest of many uniform draws is young.
    age = rng.integers(0, _HISTORY_DAYS + 1, len(customer))
    size = rng.lognormal(np.log(_MEDIAN_ORDER_IDR), 0.9, count)
    amount = size[customer] * rng.lognormal(0, 0.4, len(customer))
    return customer, age, np.round(amount, -3)


def _consents(count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Channels consented to, as bits in the order of `customers.models.Channel`."""
    shares = (0.45, 0.15, 0.55, 0.35, 0.30)  # e-mail, SMS, WhatsApp, phone, post
    given = [(rng.random(count) < share).astype(np.intp) << bit for bit, share in enumerate(shares)]
    return np.asarray(np.sum(given, axis=0), dtype=np.intp)


def _segments(revenue: NDArray[np.float64]) -> NDArray[np.object_]:
    conditions = [revenue >= least for _name, least in _SEGMENT_FROM]
    return np.select(conditions, [name for name, _least in _SEGMENT_FROM], "D").astype(object)


def _day_of(days: NDArray[np.object_], age: NDArray[np.int64]) -> NDArray[np.object_]:
    known = age <= _HISTORY_DAYS
    return _some(days[np.minimum(age, _HISTORY_DAYS)], known)


def _last_visits(
    days: NDArray[np.object_], revenue: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.object_]:
    """Last visits: the more a customer buys, the sooner somebody has been there."""
    mean_days = np.select([revenue >= 8e6, revenue >= 2.3e6, revenue >= 0.5e6], [20, 45, 90], 200)
    age = np.minimum(rng.exponential(mean_days).astype(np.int64) + 1, _HISTORY_DAYS)
    return _some(days[age], rng.random(len(revenue)) < 0.75)
