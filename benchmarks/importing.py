"""How fast customers come in from a file, in how much memory, and what a peer does.

    python benchmarks/importing.py [--rows 100000]

Runs on the installation's database (set-up must have loaded boundaries and the gazetteer); what it
imports it takes back by undo. The peer is the usual way: rows through pandas.to_sql into one plain
table, which neither checks, matches, places nor indexes anything, and rows one by one through
`customers.service`. CPU seconds are of this process and of the database's process for it.
"""

import argparse
import csv
import gzip
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine, select, text

from geocrm.cli.context import open_engine
from geocrm.config import ROOT
from geocrm.customers import contacting
from geocrm.customers import service as one_by_one
from geocrm.customers.imports import engine, service
from geocrm.customers.imports.plan import Options, sha256_of
from geocrm.db import make_sessions, unit_of_work
from geocrm.sales.tasks import KINDS
from geocrm.security import OPERATOR
from geocrm.security.models import User
from geocrm.wiring import actor_for

DATA = ROOT / "data" / "gazetteer"
HEADER = (
    "Kode Pelanggan", "Nama Toko", "Alamat", "Kelurahan", "Kecamatan", "Kota/Kab", "Provinsi",
    "Kode Pos", "No HP", "Email", "Omzet", "Segmen", "Tags",
)  # fmt: skip


def rows_of(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def register(count: int, seed: int) -> Iterator[list[str]]:
    """Rows of a made-up customer register whose addresses are real villages."""
    rng = random.Random(seed)
    districts = {row["id"]: row for row in rows_of(DATA / "districts.csv.gz")}
    regencies = {row["id"]: row for row in rows_of(DATA / "regencies.csv.gz")}
    provinces = {row["id"]: row["name"] for row in rows_of(DATA / "provinces.csv.gz")}
    villages = [row for path in sorted(DATA.glob("villages/*.csv.gz")) for row in rows_of(path)]
    for number in range(count):
        village = rng.choice(villages)
        district = districts[village["district_id"]]
        regency = regencies[district["regency_id"]]
        yield [
            f"BENCH-{number:07d}",
            f"{rng.choice(('Toko', 'Warung', 'UD', 'CV'))} {rng.choice(('Maju', 'Jaya'))} {number}",
            f"Jl. {rng.choice(('Merdeka', 'Sudirman', 'Diponegoro'))} No. {rng.randint(1, 300)}",
            village["name"],
            district["name"],
            regency["name"],
            provinces[regency["province_id"]],
            village["postal_code"],
            f"08{rng.choice('12359')}{rng.randint(10**8, 10**9 - 1)}",
            f"c{number}@example.com" if number % 3 == 0 else "",
            f"{rng.randint(1, 900)}.{rng.randint(100, 999)}.000,50",
            rng.choice("ABCD"),
            "retail, baru" if number % 5 == 0 else "",
        ]


def imported(database: Engine, path: Path) -> tuple[float, int]:
    """Seconds it took, and the number of the import."""
    sessions = make_sessions(database)
    kind = KINDS["accounts"]
    started = time.perf_counter()
    plan = service.plan_file(path, kind, Options())
    with unit_of_work(sessions, OPERATOR) as session:
        found, _ = service.begin(
            session, OPERATOR, kind, plan, file_name=path.name, sha256=sha256_of(path)
        )
        import_id = found.id
    service.run(
        lambda: unit_of_work(sessions, OPERATOR), kind, OPERATOR, import_id, plan, lambda *_: None
    )
    return time.perf_counter() - started, import_id


def undone(database: Engine, import_id: int) -> float:
    sessions = make_sessions(database)
    started = time.perf_counter()
    with unit_of_work(sessions, OPERATOR) as session:
        service.begin_undo(session, OPERATOR, import_id)
    engine.undo(
        lambda: unit_of_work(sessions, OPERATOR), KINDS["accounts"], import_id, lambda *_: None
    )
    return time.perf_counter() - started


def by_pandas(database: Engine, path: Path, sample: int) -> float:
    """Rows a second of pandas.to_sql into a plain temporary table."""
    frame = pd.read_csv(path, sep=";", nrows=sample)
    with database.connect() as connection:
        started = time.perf_counter()
        frame.to_sql("bench_pandas", connection, if_exists="replace", index=False)
        seconds = time.perf_counter() - started
        connection.rollback()
    return len(frame) / seconds


def one_at_a_time(database: Engine, path: Path, sample: int) -> float:
    """Rows a second through the service that a person's form uses; rolled back."""
    frame = pd.read_csv(path, sep=";", nrows=sample).fillna("")
    with make_sessions(database)() as session:
        session.info["scope"] = OPERATOR
        admin = session.scalars(select(User).where(User.role == "administrator")).first()
        assert admin is not None
        actor = actor_for(session, admin)
        started = time.perf_counter()
        for row in frame.itertuples(index=False):
            account = one_by_one.create(
                session,
                actor,
                {"name": row[1], "external_id": f"ONE-{row[0]}"},
                {"typed": row[2], "village": row[3], "district": row[4], "city": row[5]},
            )
            contacting.add_phone(session, actor, account.id, f"0{row[8]}")
        seconds = time.perf_counter() - started
        session.rollback()
    return len(frame) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    wanted = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder, open_engine() as database:
        path = Path(folder) / "register.csv"
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle, delimiter=";")
            writer.writerow(HEADER)
            writer.writerows(register(wanted, seed=1))
        before = time.process_time()
        seconds, import_id = imported(database, path)
        cpu = time.process_time() - before
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"machine load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print(
            f"{wanted:,} rows: {seconds:.1f} s, {wanted / seconds:,.0f} rows/s,"
            f" {cpu:.1f} s CPU in Python, peak {peak_mb:.0f} MB"
        )
        again, second_id = imported(database, path)
        print(f"the same file again (all updates): {again:.1f} s, {wanted / again:,.0f} rows/s")
        for number in (second_id, import_id):
            print(f"undo: {undone(database, number):.1f} s")
        with database.connect() as connection:
            left = connection.execute(
                text("SELECT count(*) FROM accounts WHERE external_id LIKE 'BENCH-%'")
            ).scalar_one()
        print(f"left behind: {left}")
        print(f"pandas.to_sql, 5,000 rows: {by_pandas(database, path, 5_000):,.0f} rows/s")
        print(f"one by one, 300 rows: {one_at_a_time(database, path, 300):,.0f} rows/s")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
