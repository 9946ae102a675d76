"""How fast a batch of customers' addresses is looked up and written, beside one row after another.

    python -m benchmarks.address_batch [--rows 100000] [--seed 1] [--mix damaged|register]

Runs on the installation's database (set-up must have loaded boundaries and the gazetteer). The
customers are made up, own a user of their own and are deleted in the end; their addresses are
registered villages, most of them damaged the ways of benchmarks/geocoding.py. CPU seconds are of
this process, of the processes that look up, and of the database server as a whole.
"""

import argparse
import os
import random
import re
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.geocoding import DAMAGES, Village, draw_cases
from geocrm.cli.context import open_sessions, settings
from geocrm.customers import bulk, placing
from geocrm.customers.address_batches import engine, service
from geocrm.customers.address_batches.models import AddressBatch
from geocrm.customers.address_batches.online import NoServices
from geocrm.customers.models import AccountScope
from geocrm.db import unit_of_work
from geocrm.geocoding import AddressQuery
from geocrm.security import OPERATOR, Actor, Role
from geocrm.security import service as people
from geocrm.security.models import User
from geocrm.wiring import actor_for

EMAIL: Final = "address-batch-benchmark@example.test"
STREETS: Final = (
    "Melati",
    "Sudirman",
    "Mawar",
    "Diponegoro",
    "Kenanga",
    "Gatot Subroto",
    "Anggrek",
)
TICKS: Final = os.sysconf("SC_CLK_TCK")


# How many of a hundred addresses are written so: all damages alike, or as in a kept register.
MIXES: Final = {
    "damaged": dict.fromkeys(DAMAGES, 1),
    "register": {
        "as registered": 40, "upper case": 15, "no postcode": 10, "no district": 5,
        "slip in the village": 10, "one line, labelled, abbreviated": 10, "one line, commas": 10,
    },
}  # fmt: skip


def damaged(village: Village, rng: random.Random, mix: str) -> AddressQuery:
    """The village's address as one of many people might write it, with a street of its own."""
    shares = MIXES[mix]
    damage = DAMAGES[rng.choices(list(shares), list(shares.values()))[0]]
    query = damage(village, rng)
    street, number = rng.choice(STREETS), str(rng.randrange(1, 300))
    if query.text:
        typed = re.sub("Melati", street, query.text, flags=re.IGNORECASE)
        typed = re.sub(r"\b7\b", number, typed, count=1)
        return AddressQuery(text=typed)
    return AddressQuery(
        text=f"Jl. {street} No. {number}",
        village=query.village, district=query.district, city=query.city, region=query.region,
        postcode=query.postcode,
    )  # fmt: skip


def make_customers(session: Session, owner: User, rows: int, seed: int, mix: str) -> None:
    rng = random.Random(seed)
    asked = [damaged(case.village, rng, mix) for case in draw_cases(session, rows, seed)]
    first = bulk.reserve_ids(session, "accounts", rows)

    def columns(table: str, values: Any) -> Iterator[list[Any]]:
        for number, query in enumerate(asked):
            given = values(first + number, query)
            yield [given.get(name) for name in bulk.COLUMNS[table]]

    now = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    bulk.write(session, "accounts", columns("accounts", lambda i, _: {
        "id": i, "name": f"Toko {i}", "currency": "IDR", "tags": "{}", "demo": False,
        "created_at": now, "updated_at": now}))  # fmt: skip
    bulk.write(session, "account_scope", columns("account_scope", lambda i, _: {
        "account_id": i, "owner_id": owner.id, "grade": "none", "revenue": 0, "consent": 0,
        "reach": 16}))  # fmt: skip
    bulk.write(session, "addresses", columns("addresses", lambda i, q: {
        "account_id": i, "typed": q.text, "village": q.village or None,
        "district": q.district or None, "city": q.city or None, "region": q.region or None,
        "postcode": q.postcode or None, "country": "ID", "grade": "none"}))  # fmt: skip


def forget_customers(sessions: sessionmaker[Session]) -> None:
    with unit_of_work(sessions, OPERATOR) as session:
        owner = session.scalars(select(User).where(User.email == EMAIL)).one_or_none()
        if owner is None:
            return
        owned = select(AccountScope.account_id).where(AccountScope.owner_id == owner.id)
        ids = session.scalars(owned).all()
        session.execute(text("DELETE FROM address_batches WHERE user_id = :id"), {"id": owner.id})
    with unit_of_work(sessions, OPERATOR) as session:
        session.execute(
            delete(bulk.Account).where(bulk.Account.id.in_(ids)),
            execution_options={"synchronize_session": False},
        )
        session.execute(delete(User).where(User.id == owner.id))


def server_cpu_s() -> float:
    """CPU seconds of the database server so far, of those of its processes too that have ended."""
    pid_file = settings().var / "cluster" / "data" / "postmaster.pid"
    postmaster = int(pid_file.read_text().split()[0])
    total = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(folder.name) == postmaster:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == postmaster:
            total += sum(map(int, fields[11:13]))
    return total / TICKS


def batch(sessions: sessionmaker[Session], actor: Actor, choice: str) -> None:
    with unit_of_work(sessions, actor) as session:
        batch_id = service.begin(session, actor, choice, online=False, country="ID").id
    cpu = (time.process_time(), _children_cpu_s(), server_cpu_s())
    started = time.perf_counter()
    engine.run(lambda: unit_of_work(sessions, actor), sessions, batch_id, NoServices(), _quiet)
    wall = time.perf_counter() - started
    own, looking, server = (
        after - before
        for after, before in zip(
            (time.process_time(), _children_cpu_s(), server_cpu_s()), cpu, strict=True
        )
    )
    with unit_of_work(sessions, actor) as session:
        found = session.get_one(AddressBatch, batch_id)
        rate = found.addresses / wall
        print(
            f"{choice}: {found.addresses:,} addresses, {found.lookups:,} different: {wall:.1f} s,"
            f" {rate:,.0f}/s; CPU {own + looking + server:.1f} s (this process {own:.1f}, look-ups"
            f" {looking:.1f}, database {server:.1f}); moved {found.moved:,},"
            f" to review {found.reviews:,}, {found.grades}"
        )


def row_by_row(sessions: sessionmaker[Session], actor: Actor, count: int) -> None:
    with unit_of_work(sessions, actor) as session:
        ids = session.scalars(select(AccountScope.account_id).limit(count)).all()
    cpu = time.process_time() + server_cpu_s()
    started = time.perf_counter()
    for account_id in ids:
        with unit_of_work(sessions, actor) as session:
            placing.geocode(session, account_id)
    wall = time.perf_counter() - started
    cpu = time.process_time() + server_cpu_s() - cpu
    print(
        f"row by row: {len(ids):,} addresses: {wall:.1f} s, {len(ids) / wall:,.0f}/s,"
        f" {cpu:.1f} s CPU"
    )


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _quiet(_done: int, _total: int) -> None:
    """A batch says how far it is; here nobody listens."""


def _peak_mb(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mix", choices=sorted(MIXES), default="damaged")
    given = parser.parse_args()
    print(f"machine load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores")
    with open_sessions() as sessions:
        forget_customers(sessions)
        with unit_of_work(sessions, OPERATOR) as session:
            owner = people.add_user(session, OPERATOR, email=EMAIL, role=Role.FIELD_REP)
            make_customers(session, owner, given.rows, given.seed, given.mix)
            actor = actor_for(session, owner)
        before_mb = _peak_mb(resource.RUSAGE_SELF)
        try:
            batch(sessions, actor, "pending")
            print(
                f"peak memory: {_peak_mb(resource.RUSAGE_SELF):.0f} MB in this process"
                f" ({before_mb:.0f} before), {_peak_mb(resource.RUSAGE_CHILDREN):.0f} MB in the"
                " larger of those that look up"
            )
            batch(sessions, actor, "all")
            row_by_row(sessions, actor, 500)
        finally:
            forget_customers(sessions)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
