"""Territory design against gerrychain and spopt, on the same maps, judged by the same figures.

gerrychain searches by recombination within the same tolerance, for as many CPU seconds as our
design took. spopt's methods honour contiguity, but no tolerance: k-means and AZP know no weights
at all, max-p only a least load and not the number of regions. They are shown with the deviation
they leave. The peers are installed apart: `make bench-territories` does.

Run: python -m benchmarks.districting_peers --python PEERS/bin/python [--seconds 300] [NAME ...]
"""

import argparse
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.districting import SEED, grid, layer, metis
from geocrm.spatial.districting import Plan, Terms, Units, design, evaluate
from geocrm.spatial.districting.warm import warm

WORKER = Path(__file__).with_name("districting_peer.py")
CASES: dict[str, tuple[Callable[[], Units], int, float]] = {
    "indonesia-30": (partial(layer, "idn-adm2", "population"), 30, 0.05),
    "indonesia-38": (partial(layer, "idn-adm2", "population"), 38, 0.05),
    "indonesia-38-at-7": (partial(layer, "idn-adm2", "population"), 38, 0.07),
    "usa-50": (partial(layer, "usa-adm2", "land"), 50, 0.05),
    "grid-500": (partial(grid, 20, 25), 5, 0.02),
    "grid-3000": (partial(grid, 50, 60), 50, 0.03),
}
PEERS = ("gerrychain", "k-means", "azp", "max-p")


@dataclass(frozen=True)
class Peers:
    """Where the peers are installed, and how long one may take, seconds on the clock."""

    python: str
    limit_s: float

    def plan(self, method: str, units: Units, terms: Terms, seconds: float) -> tuple[Plan, str]:
        """A peer's plan as we judge it, and what it says of its search."""
        if units.place is None:
            raise ValueError("The peers need places")
        with tempfile.TemporaryDirectory() as folder:
            given, result = Path(folder, "instance.npz"), Path(folder, "plan.npy")
            np.savez(
                given, weight=units.weights[:, 0], place=units.place, edges=units.edges,
                k=terms.num_districts, tolerance=terms.tolerances(1)[0], seconds=seconds,
            )  # fmt: skip
            command = [self.python, str(WORKER), method, str(given), str(result)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=self.limit_s)
            if done.returncode:
                raise RuntimeError(done.stderr.strip().splitlines()[-1][:90])
            district = np.load(result)
        # Max-p finds its own number of regions.
        count = max(terms.num_districts, int(district.max()) + 1)
        said = done.stdout.strip()
        if len(np.unique(district)) != terms.num_districts:
            said = f"{len(np.unique(district))} regions {said}"
        return evaluate(units, Terms(count, terms.tolerance), district), said


def row(name: str, plan: Plan, base: float, cpu_s: float, wall_s: float, said: str = "") -> None:
    """One line of the table."""
    share = "" if plan.inertia is None else f"{plan.inertia / base:.3f}"
    whole = "yes" if plan.contiguous else "NO"
    print(
        f"| {name} | {plan.max_deviation[0]:.2%} | {share} | {whole} | {cpu_s:.1f} | {wall_s:.1f} |"
        f" {said} |",
        flush=True,
    )


def compare(name: str, peers: Peers) -> None:
    """Ours, METIS and the peers on one map."""
    make, k, tolerance = CASES[name]
    units, terms = make(), Terms(k, tolerance)
    base = metis(units, terms)
    began, clock = time.process_time(), time.monotonic()
    ours = design(units, terms, seed=SEED)
    seconds = time.process_time() - began
    if ours.inertia is None or base.inertia is None:
        raise ValueError("The plans have no inertia")
    row(f"{name}, ours", ours, ours.inertia, seconds, time.monotonic() - clock)
    row(f"{name}, METIS", base, ours.inertia, 0.0, 0.0)
    for method in PEERS:
        before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        try:
            plan, said = peers.plan(method, units, terms, seconds)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"| {name}, {method} | | | | | | no plan: {str(error)[-90:]} |", flush=True)
            continue
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        row(f"{name}, {method}", plan, ours.inertia, spent, time.monotonic() - clock, said)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, help="the interpreter of the peers")
    parser.add_argument("--seconds", type=float, default=300.0, help="the longest a peer may take")
    parser.add_argument("case", nargs="*", default=list(CASES))
    asked = parser.parse_args()
    warm()
    print("| map, method | max. deviation | inertia / ours | whole | CPU s | wall s | |")
    print("|---|---|---|---|---|---|---|")
    for name in asked.case:
        compare(name, Peers(asked.python, asked.seconds))


if __name__ == "__main__":
    main()
