"""What a plan shares out: hours, orders, numbers out of a file, mixtures; the same anywhere."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import delete

from geocrm import clock
from geocrm.cli import run
from geocrm.errors import InvalidInput
from geocrm.sales import order_counts
from geocrm.sales.bulk import write_orders
from geocrm.security import Role
from geocrm.territories import (
    columns,
    designing,
    editing,
    explaining,
    importing,
    load_files,
    members,
    plan_files,
    plan_sides,
    queries,
    scenarios,
    service,
    sheets,
    standing,
)
from geocrm.territories.balance import Balance, asked, require_name
from geocrm.territories.limits import Limits, wished
from geocrm.territories.models import Measure, MemberRole
from geocrm.territories.requests import Request
from geocrm.territories.service import Move
from geocrm.territories.travel_models import TravelTimes
from geocrm.territories.wishes import Wishes
from geocrm.territories.workload import Cadence
from geocrm.visits.cadence import CADENCE
from tests.territories.conftest import COLUMNS, ROWS, code, neighbours

UNITS = [code(column + row) for column in COLUMNS for row in ROWS] + [code("i1"), code("i2")]
# Hardly any time on the way: the hours are the visits.
HOURLY = Cadence({"A": 12, "D": 2}, visit_s=3_600.0, speed_m_s=1e9)
MIXED = {"accounts": 70, "workload": 30}


@pytest.fixture
def customers(country, add_account):
    """One or two in every unit; those of the west are visited six times as often."""
    for at, unit in enumerate(UNITS):
        for _ in range(1 + at % 2):
            add_account(unit=unit, segment="A" if unit[-2] in "ab" else "D", revenue=100.0)


@pytest.fixture
def saved(session, actor, design, customers):
    """Design by a balance and save it."""

    def save(name: str = "Mixed", measure: str = Measure.ACCOUNTS, weights=None, **more):
        found = design(
            3, measure, tolerance=0.9, wishes=Wishes(weights=weights or {}), cadence=HOURLY, **more
        )
        plan = service.save(session, actor, name, found)
        session.commit()
        return plan

    return save


def by_hand(shares: dict[str, float]) -> dict[str, float]:
    """The load of each unit, counted here: customers and hours made parts of their sums."""
    accounts = {unit: 1.0 + at % 2 for at, unit in enumerate(UNITS)}
    hours = {unit: n * (12.0 if unit[-2] in "ab" else 2.0) for unit, n in accounts.items()}
    return {
        unit: sum(accounts.values())
        * (
            shares["accounts"] * accounts[unit] / sum(accounts.values())
            + shares["workload"] * hours[unit] / sum(hours.values())
        )
        for unit in UNITS
    }


def test_a_plan_by_workload_shares_out_hours_not_heads(design, customers):
    document = design(2, Measure.WORKLOAD, tolerance=0.3, cadence=HOURLY).document()
    assert document["balance"] == "workload"
    for territory in document["territories"]:
        heads = {unit: 1 + UNITS.index(unit) % 2 for unit in territory["units"]}
        hours = sum(n * (12 if unit[-2] in "ab" else 2) for unit, n in heads.items())
        assert territory["load"] == pytest.approx(hours, abs=0.01)
    # Half of the hours are in two thirds of the west, where a third of the customers are.
    assert document["max_deviation"] < 0.3


def test_a_mixture_is_the_same_wherever_the_plan_is_looked_at(session, actor, saved):
    plan = saved(weights=MIXED)
    right = by_hand({"accounts": 0.7, "workload": 0.3})
    sheet = sheets.sheet(session, actor, plan.id)
    assert {u.code: u.load for u in sheet.units} == pytest.approx(right, rel=1e-6)
    assert sum(row.load for row in sheet.territories) == pytest.approx(27)
    assert sheet.balance.words() == "70% accounts + 30% workload"
    shown = columns.columns(session, actor, plan.id)
    codes = [shown.prefix + each for each in shown.code]
    assert dict(zip(codes, shown.further["mixture"], strict=True)) == pytest.approx(right, abs=1e-3)
    assert shown.further["workload"][codes.index(code("a1"))] == pytest.approx(12, rel=1e-4)
    asked_now = standing.read(session, actor, plan.id)
    assert asked_now.units().weights[:, 0].sum() == pytest.approx(27)
    _, why = explaining.of_plan(session, actor, plan.id, code("a1"))
    assert why.weight == pytest.approx(right[code("a1")], rel=1e-6)


def test_the_editor_judges_by_the_mixture_also_what_is_in_no_territory(session, actor, saved):
    plan = saved(weights=MIXED)
    before = sheets.sheet(session, actor, plan.id)
    right = by_hand({"accounts": 0.7, "workload": 0.3})
    home = {unit.code: unit.territory for unit in before.units}
    gone = next(u for u in UNITS if sum(n == home[u] for n in home.values()) > 2)
    done = editing.save(session, actor, plan.id, plan.version, editing.Step({0: [gone]}))
    loads = np.zeros(4)
    for unit, load in right.items():
        loads[0 if unit == gone else home[unit]] += load
    assert done.max_deviation == pytest.approx(np.abs(loads[1:] / 9 - 1).max(), rel=1e-5)


def test_shares_need_not_add_up_and_are_shown_in_the_scale_of_the_largest():
    mixed = asked("", {"workload": 3, "revenue": 1, "orders": 0}, {}, CADENCE)
    assert mixed.shares == {"revenue": 0.25, "workload": 0.75}
    assert (mixed.measure, mixed.cadence) == ("workload", CADENCE)
    assert asked("", {"accounts": 5}, {}, CADENCE) == Balance("accounts")
    assert asked("accounts", {"revenue": 1, "orders": 2}, {}, CADENCE).measure == "orders"


@pytest.mark.parametrize(
    ("measure", "weights", "says"),
    [
        ("size", {}, "no measure size; there are accounts, orders"),
        ("accounts", {"accounts": 1, "siz": 2}, "no measure siz"),
        ("", {}, "Say what is to be shared out"),
        ("accounts", {"accounts": -1}, "0 or more"),
        ("accounts", {"accounts": float("nan")}, "0 or more"),
        ("accounts", {"accounts": 0, "revenue": 0}, "not all 0"),
    ],
)
def test_what_is_no_measure_or_share_is_refused(measure, weights, says):
    with pytest.raises(InvalidInput, match=says):
        Request("tst-adm2", 3, measure, wishes=Wishes(weights=weights))


def test_a_measure_that_is_empty_here_is_named(session, actor, country, add_account):
    add_account(unit=code("a1"), revenue=0.0)
    for measure, remedy in {"orders": "import orders", "revenue": "no revenue"}.items():
        request = Request(
            "tst-adm2", 2, "accounts", wishes=Wishes(weights={"accounts": 1, measure: 1})
        )
        with pytest.raises(InvalidInput, match=remedy):
            designing.survey(session, actor, request)


# ------------------------------------------------------------------------------ orders


def test_orders_of_the_last_year_count_for_the_unit_and_for_what_it_lies_in(
    session, country, add_account, add_user, actor_of
):
    today = clock.business_day()
    days = [today, today.replace(year=today.year - 2)]
    rep = add_user(Role.FIELD_REP)
    mine, other = add_account(unit=code("a1"), owner=rep), add_account(unit=code("b1"))
    write_orders(session, [(mine.id, None, day, 5.0, "IDR") for day in days])
    write_orders(session, [(other.id, None, today, 5.0, "IDR")] * 2)
    session.commit()
    units = [code("a1"), code("b1"), code("c1"), "tst-adm1:w"]
    everything = {code("a1"): 1.0, code("b1"): 2.0, "tst-adm1:w": 3.0}
    assert order_counts.by_unit(session, units) == everything
    session.info["scope"] = actor_of(rep)
    assert order_counts.by_unit(session, units) == {code("a1"): 1.0, "tst-adm1:w": 1.0}


# ------------------------------------------------------------------------------ files of numbers


@pytest.fixture
def numbers(tmp_path):
    """A file of numbers: 1, 2, 3, ... with changes."""

    def write(**changes: str):
        rows = {unit: str(at + 1) for at, unit in enumerate(UNITS)}
        rows |= {code(name): text for name, text in changes.items()}
        lines = [f"{unit},{text}" for unit, text in rows.items() if text != "left out"]
        path = tmp_path / "potential.csv"
        path.write_text("unit,number\n" + "\n".join(lines) + "\n")
        return path

    return write


def test_numbers_of_a_file_are_kept_with_the_plan(session, actor, design, numbers):
    held = load_files.read(session, "tst-adm2", numbers(), "potential")
    found = design(3, "potential", tolerance=0.9, numbers=held)
    plan = service.save(session, actor, "Ours", found)
    session.commit()
    session.expire_all()
    sheet = sheets.sheet(session, actor, plan.id)
    assert {unit.code: unit.load for unit in sheet.units} == held["potential"]
    service.move_units(session, actor, plan.id, None, [Move(code("a1"), 2)], splits_allowed=True)
    copied = service.copy(session, actor, plan.id, "Copy")
    assert Balance.of_plan(copied).numbers == held


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"zz": "4"}, "row 20, column 'unit': 'tst-adm2:zz' is no unit of tst-adm2: correct"),
        ({"b1": "-3"}, "row 6, column 'number': potential is '-3', which is below 0"),
        ({"b1": "nan"}, "row 6, column 'number': potential is 'nan', which is no number"),
        ({"b1": ""}, "row 6, column 'number': potential is missing"),
        ({"a2": "2\na2,7"}, "row 4, column 'unit': 'a2' stands in row 3 too"),
        ({"b2": "left out"}, "potential has no number for tst-adm2:b2: give one"),
    ],
)
def test_a_wrong_row_is_named_with_what_to_do(session, actor, country, numbers, changes, says):
    def ask() -> None:
        held = load_files.read(session, "tst-adm2", numbers(**changes), "potential")
        designing.survey(session, actor, Request("tst-adm2", 3, "potential", numbers=held))

    with pytest.raises(InvalidInput, match=says):
        ask()


@pytest.mark.parametrize("name", ["", "x" * 61, "workload", "mixture", "a=b", "a,b", "a\x00b"])
def test_numbers_cannot_be_called_like_something_else(name):
    with pytest.raises(InvalidInput):
        require_name(name)


# ------------------------------------------------------------------------------ scenarios


def test_a_scenario_keeps_the_mixture_and_gives_the_same_plan(
    session, actor, saved, numbers, tmp_path
):
    held = load_files.read(session, "tst-adm2", numbers(), "shops")
    weights = {"accounts": 50, "workload": 30, "shops": 20}
    plan = saved(weights=weights, numbers=held, seed=5)
    path = tmp_path / "plan.txt"
    path.write_bytes(scenarios.write(session, actor, plan.id))
    file = plan_files.read_plan(path)
    request = scenarios.request_of(file)
    assert request.balance == replace(Balance.of_plan(plan), rates={})
    found = designing.solve(designing.survey(session, actor, request), request)
    done = scenarios.replayed(file, found, scenarios.boundaries(session, "tst-adm2"))
    assert done.same
    again = importing.create(session, actor, "Again", file).plan
    assert Balance.of_plan(again) == Balance.of_plan(plan)
    assert (
        scenarios.write(session, actor, again.id).splitlines()[2:]
        == (path.read_bytes().splitlines()[2:])
    )


def test_the_fingerprint_covers_every_measure_that_is_mixed(
    session, actor, saved, add_account, tmp_path
):
    plan = saved(weights=MIXED)
    path = tmp_path / "plan.txt"
    path.write_bytes(scenarios.write(session, actor, plan.id))
    request = scenarios.request_of(plan_files.read_plan(path))
    slower = replace(request, cadence=replace(HOURLY, visit_s=7_200.0))
    prints = [
        designing.survey(session, actor, each).ground.fingerprint(each.balance)
        for each in (request, slower)
    ]
    assert prints[0] == plan.params["loads"]
    assert prints[1] != prints[0]


def test_a_scenario_whose_mixture_makes_no_sense_is_refused(session, actor, saved, tmp_path):
    path = tmp_path / "plan.txt"
    path.write_bytes(scenarios.write(session, actor, saved(weights=MIXED).id))
    text = path.read_text()
    for wrong in ('# balanced: {"shares": {"accounts": 0.5, "workload": 0.5}}', "# balanced: [1]"):
        lines = [wrong if line.startswith("# balanced") else line for line in text.splitlines()]
        path.write_text("\n".join(lines))
        with pytest.raises(InvalidInput, match="balanced"):
            scenarios.request_of(plan_files.read_plan(path))


def test_the_difference_says_how_many_hours_move(session, actor, saved):
    one = saved("One", Measure.WORKLOAD)
    other = service.copy(session, actor, one.id, "Other")
    home = {unit.code: unit.territory for unit in queries.placed_units(session, other.id)}
    there = next(n for n in (1, 2, 3) if n != home[code("a1")])
    move = [Move(code("a1"), there)]
    service.move_units(session, actor, other.id, None, move, splits_allowed=True)
    sides = [plan_sides.of_plan(session, plan) for plan in (one, other)]
    found = plan_sides.diff(session, actor, *sides).document()
    assert found["moved"]["accounts"] == 1
    assert found["moved"]["workload"] == pytest.approx(12, abs=0.01)


# ------------------------------------------------------------------------------ who sees what


def test_a_rep_sees_the_hours_of_their_own_territory_only(
    session, actor, saved, go_live, rep, actor_of
):
    plan = saved(measure=Measure.WORKLOAD)
    members.set_members(session, actor, plan.id, None, 1, {rep.id: MemberRole.REP})
    session.commit()
    go_live(plan)
    session.info["scope"] = seen_by = actor_of(rep)
    rows = {row.number: row for row in sheets.sheet(session, seen_by, plan.id).territories}
    assert rows[1].load > 0
    assert rows[1].further["workload"] == rows[1].load
    assert (rows[2].load, rows[2].further["workload"]) == (None, None)
    shown = columns.columns(session, seen_by, plan.id)
    hidden = {h for h, t in zip(shown.further["workload"], shown.territory, strict=True) if t != 1}
    assert hidden == {None}


def test_fairness_counts_hours_of_visits(session, actor, saved):
    plan = saved()
    fair = standing.fair(standing.read(session, actor, plan.id))["workload"]
    hours = by_hand({"accounts": 0.0, "workload": 1.0})
    loads = np.zeros(3)
    for unit in sheets.sheet(session, actor, plan.id).units:
        loads[unit.territory - 1] += hours[unit.code]
    # The cadence of today has travel in it, which is little beside visits of A customers.
    assert fair.rank[int(loads.argmax())] == 1


# ------------------------------------------------------------------------------ by themselves


def held_apart(**limits) -> tuple[Wishes, float]:
    return wished(Wishes(), Measure.ACCOUNTS, Limits(**limits), 0.05)


def test_hours_are_held_beside_customers_and_the_plan_says_so_ever_after(
    session, actor, design, customers, tmp_path
):
    wishes, tolerance = held_apart(
        tolerance={"accounts": 0.5, "workload": 0.6}, maximum={"workload": 95.0}
    )
    found = design(3, tolerance=tolerance, measure=Measure.ACCOUNTS, wishes=wishes, cadence=HOURLY)
    document = found.document()
    hours = [t["loads"]["workload"] for t in document["territories"]]
    assert sum(hours) == pytest.approx(sum(n for n in hours_by_unit().values()), rel=1e-3)
    assert max(hours) <= 95
    assert document["held"]["workload"]["tolerance"] == 0.6
    plan = service.save(session, actor, "Held", found)
    session.commit()
    assert (plan.tolerance, Balance.of_plan(plan).beside) == (0.5, ("workload",))
    assert "workload" in columns.columns(session, actor, plan.id).further
    # Somebody who sees fewer customers may look at it: it keeps no load that was counted.
    assert {"least", "most"}.isdisjoint(plan.params["proof"]["held"]["workload"])
    path = tmp_path / "plan.txt"
    path.write_bytes(scenarios.write(session, actor, plan.id))
    file = plan_files.read_plan(path)
    request = scenarios.request_of(file)
    assert request.wishes.maximums == {"workload": 95.0}
    again = designing.solve(designing.survey(session, actor, request), request)
    assert scenarios.replayed(file, again, scenarios.boundaries(session, "tst-adm2")).same


def hours_by_unit() -> dict[str, float]:
    return {u: (1 + at % 2) * (12.0 if u[-2] in "ab" else 2.0) for at, u in enumerate(UNITS)}


def test_standing_and_explanations_of_such_a_plan_go_by_what_is_balanced(
    session, actor, design, customers
):
    wishes, tolerance = held_apart(tolerance={"accounts": 0.5, "workload": 0.9})
    found = design(3, tolerance=tolerance, measure=Measure.ACCOUNTS, wishes=wishes, cadence=HOURLY)
    plan = service.save(session, actor, "Held", found)
    session.commit()
    assert standing.read(session, actor, plan.id).units().weights.shape == (18, 1)
    _, why = explaining.of_plan(session, actor, plan.id, code("a1"))
    assert why.weight == 1


def test_a_measure_held_beside_that_is_no_measure_is_refused(session, actor, customers):
    wishes, tolerance = held_apart(minimum={"shops": 3.0})
    with pytest.raises(InvalidInput, match="There is no measure shops"):
        Request("tst-adm2", 3, Measure.ACCOUNTS, tolerance=tolerance, wishes=wishes)


# ------------------------------------------------------------------------------ the command


@pytest.fixture
def command(on_the_test_sessions, capsys):
    """Run `geocrm territories`; its status, output and complaint."""

    def call(*arguments: str):
        status = run(["territories", *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return call


def test_the_command_saves_and_judges_a_mixture_with_numbers_of_a_file(command, customers, numbers):
    area = ("--level", "tst-adm2", "--count", "2", "--tolerance", "0.9", "--effort", "0")
    load = ("--load", str(numbers()), "--load-as", "shops")
    weights = ("--weights", "accounts=60,workload=20,shops=20")
    status, out, err = command("design", *area, *load, *weights, "--save", "Mix", "--json")
    assert status == 0, err
    made = json.loads(out)
    assert made["weights"] == {"accounts": 0.6, "workload": 0.2, "shops": 0.2}
    assert sum(t["load"] for t in made["territories"]) == pytest.approx(27, abs=0.05)
    assert sum(t["loads"]["shops"] for t in made["territories"]) == sum(range(1, 19))
    assert "60% accounts + 20% shops + 20% workload, in the scale of accounts" in err
    _, out, _ = command("evaluate", "Mix", "--json")
    judged = json.loads(out)
    assert judged["max_deviation"] == pytest.approx(made["max_deviation"], abs=1e-5)
    assert list(judged["measures"]) == [
        "60% accounts + 20% shops + 20% workload",
        *("accounts", "shops", "workload", "revenue", "population"),
    ]
    _, out, _ = command("evaluate", "Mix", "--balance", "population", "--json")
    assert next(iter(json.loads(out)["measures"])) == "population"
    _, out, _ = command("list")
    assert "by 60% accounts + 20% shops + 20% workload" in out


def test_the_command_holds_numbers_of_a_file_beside_what_is_balanced(command, customers, numbers):
    area = ("--level", "tst-adm2", "--count", "2", "--tolerance", "0.5", "--balance", "accounts")
    load = ("--load", str(numbers()), "--load-as", "shops", "--max", "shops=95", "--effort", "1")
    status, out, err = command("design", *area, *load, "--json")
    assert status == 0, err
    made = json.loads(out)
    assert max(t["loads"]["shops"] for t in made["territories"]) <= 95
    assert made["held"]["shops"]["maximum"] == 95


def test_travel_times_of_a_file_come_back_with_the_scenario(
    session, command, customers, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    # Five minutes to a neighbour, but five hours over a ridge: between columns, or between rows.
    for name, at, ridge in (("times", 0, {"b", "c"}), ("others", 1, {"2", "3"})):
        rows = [f"{a},{b},{300 if {a[at], b[at]} == ridge else 5}" for a, b, _ in neighbours()]
        (tmp_path / f"{name}.csv").write_text("\n".join(["from,to,minutes", *rows]) + "\n")
    area = ("--level", "tst-adm2", "--count", "2", "--tolerance", "0.9", "--effort", "1")
    times = ("--balance", "accounts", "--objective", "travel", "--times", "times.csv")
    status, out, err = command("design", *area, *times, "--save", "Timed", "--json")
    assert status == 0, err
    made = json.loads(out)
    assert made["objective_unit"] == "weight x minutes"
    assert made["times"]["pairs"]["known"] == len(neighbours())
    assert command("export", "Timed", "--format", "scenario", "plan.txt")[0] == 0
    # They were kept with the plan; elsewhere the file is asked for.
    assert command("replay", "plan.txt")[0] == 0
    session.execute(delete(TravelTimes))
    session.commit()
    status, _, err = command("replay", "plan.txt")
    assert status == 2
    assert "times.csv, which are not kept here: give that file again (--times)" in err
    assert command("replay", "plan.txt", "--times", "times.csv")[0] == 0
    status, out, _ = command("replay", "plan.txt", "--times", "others.csv", "--json")
    assert status == 1
    assert "the travel times differ" in json.loads(out)["reasons"][0]


def test_a_mixture_takes_two_statements_more_whatever_the_size(
    session, actor, design, customers, statements
):
    counts = {}
    for count in (2, 6):
        for weights in ({}, {"accounts": 1, "workload": 1}):
            found = design(count, "accounts", tolerance=0.9, wishes=Wishes(weights=weights))
            plan = service.save(session, actor, "Plan", found)
            session.commit()
            statements.clear()
            columns.columns(session, actor, plan.id)
            counts.setdefault(bool(weights), set()).add(len(statements))
    (plain,), (mixed,) = counts[False], counts[True]
    assert mixed == plain + 2
