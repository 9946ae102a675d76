"""A rep's day against nearest-neighbour planning, on made-up customers.

Run: python -m benchmarks.tours
"""

import time

import numpy as np
from numpy.typing import NDArray

from geocrm.spatial.tours import Day, check_day, plan_day

HOUR = 3600.0
SEED = 1


def made_up_day(num_visits: int) -> Day:
    """Visits scattered over 30 km, 36 km/h, 30 minutes each, a third with narrow windows."""
    rng = np.random.default_rng(SEED)
    xy = rng.uniform(0, 30_000, (num_visits + 1, 2))
    metres = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    opens = rng.choice([8, 9, 13], num_visits) * HOUR
    return Day(
        travel_time_s=metres / 10,
        distance_m=metres,
        service_s=np.full(num_visits, 1800.0),
        open_s=opens,
        close_s=opens + rng.choice([2, 4, 9], num_visits) * HOUR,
        prize=rng.integers(1, 10, num_visits).astype(float),
        shift_start_s=8 * HOUR,
        shift_end_s=17 * HOUR,
        start=num_visits,
        end=num_visits,
    )


def nearest_first(day: Day) -> tuple[float, float]:
    """Total prize and driving when always going to the nearest visit that still fits."""
    here, clock, prize, drive = day.start, day.shift_start_s, 0.0, 0.0
    left: NDArray[np.bool_] = np.ones(len(day.service_s), dtype=bool)
    while True:
        reach = day.travel_time_s[here, : len(left)]
        done = np.maximum(clock + reach, day.open_s) + day.service_s
        home = done + day.travel_time_s[: len(left), day.end]
        fits = left & (done <= day.close_s) & (home <= day.shift_end_s)
        if not fits.any():
            return prize, drive + float(day.travel_time_s[here, day.end])
        visit = int(np.argmin(np.where(fits, reach, np.inf)))
        drive, clock = drive + float(reach[visit]), float(done[visit])
        prize, here, left[visit] = prize + float(day.prize[visit]), visit, False


def main() -> None:
    """Print the table."""
    print("| visits to choose from | method | visits | prize | driving, min | CPU s |")
    print("|---|---|---|---|---|---|")
    for num_visits in (15, 50, 100):
        day = made_up_day(num_visits)
        prize, drive = nearest_first(day)
        print(f"| {num_visits} | nearest first | | {prize:.0f} | {drive / 60:.0f} | |")
        began = time.process_time()
        plan = plan_day(day, seed=SEED)
        seconds = time.process_time() - began
        if problems := check_day(day, plan):
            raise SystemExit("; ".join(problems))
        print(
            f"| {num_visits} | plan_day | {len(plan.order)} | {day.prize[plan.order].sum():.0f} "
            f"| {plan.total_drive_s / 60:.0f} | {seconds:.2f} |"
        )


if __name__ == "__main__":
    main()
