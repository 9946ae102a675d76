"""Designing on units out of files, as anybody with a public instance would: without a database."""

import ctypes
import json
import os
import re
import signal
import threading
from types import SimpleNamespace

import pytest

from geocrm import cli
from geocrm.cli import context, ending
from geocrm.spatial.districting import Objective, warm


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run `geocrm territories design` beside the files of a grid of 4 x 6 units."""
    at = [(row, column) for row in range(4) for column in range(6)]
    units = "id,weight,lon,lat,shops\n" + "".join(
        f"u{row}{column},{1 + (row * 6 + column) % 3},{100 + column * 0.1},{row * 0.1},{column}\n"
        for row, column in at
    )
    edges = "a,b\n" + "".join(
        f"u{row}{column},u{row + down}{column + right}\n"
        for row, column in at
        for down, right in ((0, 1), (1, 0))
        if (row + down, column + right) in at
    )
    (tmp_path / "units.csv").write_text(units)
    (tmp_path / "edges.csv").write_text(edges)
    monkeypatch.chdir(tmp_path)

    def no_database(*_, **__):
        raise AssertionError("a database was asked for")

    monkeypatch.setattr(context, "open_sessions", no_database)

    def command(*more: str):
        base = ["territories", "design", "--units", "units.csv", "--edges", "edges.csv"]
        capsys.readouterr()
        status = cli.run([*base, "--effort", "1", "--time", "6", *more])
        said = capsys.readouterr()
        return SimpleNamespace(exit_code=status, stdout=said.out, output=said.out + said.err)

    return command


def document(result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_plan_of_a_file_says_what_is_proven_about_it(run):
    found = document(run("--count", "4", "--tolerance", "0.1", "--json"))
    assert found["tolerance_met"] is True
    assert found["contiguous"] is True
    assert sorted(unit for t in found["territories"] for unit in t["units"]) == sorted(
        f"u{row}{column}" for row in range(4) for column in range(6)
    )
    assert found["objective_kind"] == "inertia"
    assert found["bound_kind"] == "global"
    assert found["bound"] <= found["objective"] * (1 + 1e-9)
    assert found["gap"] == pytest.approx(1 - found["bound"] / found["objective"], abs=1e-5)


def test_a_budget_holds_against_a_plan_out_of_a_file(run, tmp_path):
    left = "".join(f"u{r}{c},{'west' if c < 4 else 'east'}\n" for r in range(4) for c in range(6))
    (tmp_path / "today.csv").write_text("unit,territory\n" + left)
    found = document(
        run(
            "--count",
            "2",
            "--tolerance",
            "0.3",
            "--keep",
            "today.csv",
            "--disruption",
            "0.1",
            "--json",
        )
    )
    assert found["moved"]["share"] <= 0.1
    assert {t["name"] for t in found["territories"]} == {"west", "east"}


def test_a_mixture_of_columns_is_balanced(run):
    found = document(
        run("--count", "3", "--weights", "weight=0.5,shops=0.5", "--tolerance", "0.2", "--json")
    )
    assert found["balance"] == "50% weight + 50% shops"
    assert set(found["territories"][0]["loads"]) >= {"weight", "shops"}


def test_locks_and_a_maximum_choose_the_number(run):
    found = document(run("--max", "16", "--tolerance", "0.4", "--lock", "u00=2,u35=2", "--json"))
    assert len(found["territories"]) == 3
    assert {"u00", "u35"} <= set(found["territories"][1]["units"])
    assert max(t["load"] for t in found["territories"]) <= 16


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ([], "Say how many territories"),
        (["--count", "2", "--lock", "u99=1"], "u99 shall be locked"),
        (["--count", "2", "--lock", "u00"], "u00=3"),
        (["--count", "2", "--weights", "nothing=1"], "nothing"),
        (["--count", "2", "--weights", "weight"], "a=0.7,b=0.3"),
        (["--count", "2", "--disruption", "0.1"], "--keep"),
        (["--count", "2", "--apart", "u00"], "names 1"),
        (["--count", "25"], "there are 24"),
        (["--count", "2", "--save", "Plan"], "leave out --units"),
        (["--count", "2", "--seed", "-1"], "The seed must be 0 or more"),
        (["--count", "2", "--effort", "-1"], "The effort must be 0 or more"),
        (["--count", "2", "--time", "nan"], "The time must be 0 seconds or more"),
        (["--count", "2", "--min", "nan"], "must be a number, not nan"),
        (["--count", "2", "--max", "-1"], "above 0"),
        (["--count", "2", "--min", "1e9"], "a minimum of at most 24"),
        (["--count", "2", "--lock", "u00=1,u00=2"], "locked to two territories"),
        (["--count", "2", "--lock", ","], "--lock names no unit"),
        (["--count", "2", "--weights", "weight=1,weight=2"], "names weight twice"),
        (["--count", "2", "--balance", "weight", "--weights", "shops=1"], "none of the measures"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(run, asked, says):
    result = run(*asked)
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output


def test_a_tolerance_out_of_reach_names_what_is_in_the_way(run, tmp_path):
    heavy = (tmp_path / "units.csv").read_text().replace("u22,3,", "u22,60,")
    heavy = heavy.replace("u22,2,", "u22,60,").replace("u22,1,", "u22,60,")
    (tmp_path / "units.csv").write_text(heavy)
    result = run("--count", "4", "--tolerance", "0.05")
    assert result.exit_code == 2
    assert "u22" in result.output
    assert "is impossible" in result.output


# ---------------------------------------------------------------------------- by themselves


def loads_of(found: dict, measure: str) -> list[float]:
    return [territory["loads"][measure] for territory in found["territories"]]


def test_each_measure_is_held_within_a_tolerance_of_its_own(run):
    found = document(run("--count", "3", "--tolerance", "weight=0.1,shops=0.35", "--json"))
    shops = loads_of(found, "shops")
    assert (found["balance"], found["tolerance"]) == ("weight", 0.1)
    assert found["max_deviation"] <= 0.1
    assert max(abs(each / 20 - 1) for each in shops) <= 0.35 + 1e-9
    held = found["held"]["shops"]
    assert held["tolerance"] == 0.35
    assert held["max_deviation"] == pytest.approx(max(abs(each / 20 - 1) for each in shops))
    assert (held["least"], held["most"]) == (min(shops), max(shops))
    loose = document(run("--count", "3", "--tolerance", "0.1", "--json"))
    assert max(abs(each / 20 - 1) for each in loads_of(loose, "shops")) > 0.35
    assert loose["held"] == {}


def test_limits_of_a_measure_are_in_its_own_scale_also_beside_a_mixture(run):
    asked = ("--count", "3", "--weights", "weight=50,shops=50", "--json")
    found = document(run(*asked, "--tolerance", "0.3", "--min", "shops=16", "--max", "shops=24"))
    shops = loads_of(found, "shops")
    assert min(shops) >= 16
    assert max(shops) <= 24
    assert found["held"]["shops"]["tolerance"] is None
    # A mixture of parts that are all held is as even as they are, and no more is asked of it.
    of_parts = document(run(*asked, "--tolerance", "weight=0.2,SHOPS=0.4"))
    assert of_parts["tolerance"] == pytest.approx(0.3)
    assert set(of_parts["held"]) == {"weight", "shops"}


def test_what_holds_a_plan_back_is_named_with_its_measure(run):
    found = run("--count", "3", "--tolerance", "0.3", "--max", "shops=20")
    assert found.exit_code == 0, found.output
    assert "Held back by" in found.stdout
    assert "the maximum of shops" in found.stdout
    assert "shops: 20 to 20 each, at most 0.00% off the mean" in found.stdout


def test_a_measure_that_misses_its_limits_is_named_with_what_would_do(run):
    asked = ("--count", "5", "--effort", "6", "--tolerance")
    missed = run(*asked, "weight=0.2,shops=0.01")
    assert missed.exit_code == 2
    assert "A tolerance of 1.0% of shops was not met" in missed.output
    option = re.search(r"--tolerance (shops=[0-9.]+)\)", missed.output)[1]
    assert run(*asked, f"weight=0.2,{option}").exit_code == 0


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["--tolerance", "shops=0.1,shops=0.2"], "--tolerance names shops twice"),
        (["--tolerance", "wide"], "--tolerance takes a number, or one for each measure"),
        (["--min", "shops=few"], "'shops=few' is no such part"),
        (["--max", "=4"], "'=4' is no such part"),
        (["--balance", "weight", "--tolerance", "shops=0"], "A tolerance of 0 for shops"),
        (["--min", "shops=-1"], "A limit of -1 for shops"),
        (["--min", "cafes=3"], "no column 'cafes'"),
        (["--min", "shops=24", "--max", "shops=23"], "shops: The minimum 24 is above"),
        (["--max", "shops=29"], "shops: 2 territories of at most 29 hold 58; there are 60"),
        (["--times", "times.csv"], "add --objective travel, or leave out --times"),
        (["--speed", "50"], "add --times"),
    ],
)
def test_limits_that_cannot_be_are_said_in_a_sentence(run, asked, says):
    result = run("--count", "2", *asked)
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output


# ------------------------------------------------------------------------------ travel times


@pytest.fixture
def ridge(run, tmp_path):
    """Ten minutes from unit to unit, but an hour and a half over the ridge in the middle."""
    rows = ["from,to,minutes"]
    for r in range(4):
        for c in range(6):
            rows += [f"u{r}{c},u{r}{c + 1},10"] if c < 5 else []
            rows += [f"u{r}{c},u{r + 1}{c},{90 if r == 1 else 10}"] if r < 3 else []
    path = tmp_path / "times.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_territories_follow_the_minutes_not_the_map(run, ridge):
    asked = ("--count", "2", "--tolerance", "0.1", "--objective", "travel", "--json")
    assert run("--count", "2", "--tolerance", "0.1", "--json").exit_code == 0
    result = run(*asked, "--times", "times.csv")
    found = document(result)
    north = {unit[1] in "01" for unit in found["territories"][0]["units"]}
    assert len(north) == 1
    assert found["objective_unit"] == "weight x minutes"
    assert found["times"]["pairs"] == {"known": 38, "pieced": 238, "straight": 0}
    assert "238 go the shortest way over those" in result.output


def test_the_value_reported_is_the_minutes_of_the_file(run, ridge):
    asked = ("--count", "2", "--tolerance", "0.1", "--objective", "travel", "--json")
    found = document(run(*asked, "--times", "times.csv"))
    total = 0.0
    for territory in found["territories"]:
        at = [(int(unit[1]), int(unit[2])) for unit in territory["units"]]
        total += min(
            sum((1 + (r * 6 + c) % 3) * 10 * (abs(r - y) + abs(c - x)) for r, c in at)
            for y, x in at
        )
    assert found["objective"] == pytest.approx(total)
    assert found["bound"] <= found["objective"] * (1 + 1e-9)
    assert found["bound_kind"] == "global"


def test_given_centres_are_reached_by_their_nearest_unit(run, ridge, tmp_path):
    (tmp_path / "homes.csv").write_text("lon,lat\n100.2,0.3\n100.2,0.0\n")
    asked = ("--tolerance", "0.1", "--objective", "travel", "--centers", "homes.csv", "--json")
    found = document(run(*asked, "--times", "times.csv"))
    assert {unit[1] for unit in found["territories"][0]["units"]} == {"2", "3"}
    assert {unit[1] for unit in found["territories"][1]["units"]} == {"0", "1"}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("u00,u99,3", "times.csv, row 40, column 'to': 'u99' is none of the units: correct its id"),
        ("u00,u01,-3", "row 40, column 'minutes': the travel time is '-3', which is below 0"),
        ("u00,u01,soon", "row 40, column 'minutes': the travel time is 'soon', which is no number"),
        ("u00,u01,", "row 40, column 'minutes': the travel time is missing"),
        ("u00,u01,11", "row 40: from u00 to u01 it is 11 here and 10 in a row above"),
        ("u00,u01,1,2", "row 40 has 4 cells, but there are 3 columns"),
    ],
)
def test_a_row_of_times_that_cannot_be_used_is_named_with_what_to_do(run, ridge, row, says):
    ridge.write_text(f"{ridge.read_text()}{row}\n")
    result = run("--count", "2", "--objective", "travel", "--times", "times.csv")
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output


def test_a_table_without_minutes_is_refused_with_what_it_has(run, ridge):
    ridge.write_text("from,to,hours\nu00,u01,1\n")
    result = run("--count", "2", "--objective", "travel", "--times", "times.csv")
    assert "needs the columns from, to and minutes (found: from, to, hours)" in result.output


def test_what_is_said_to_be_enough_is_enough(run):
    missed = run("--count", "5", "--tolerance", "0", "--max", "9.7")
    assert missed.exit_code == 2
    told = re.search(r"Allow that \(([^)]*)\)", missed.output)
    limits = dict(pair.split() for pair in re.findall(r"--\w+ \S+", told[1]))
    again = run("--count", "5", *(word for pair in limits.items() for word in pair))
    assert again.exit_code == 0, again.output


def test_where_the_first_number_misses_a_maximum_the_next_is_tried(run, tmp_path):
    """24 units of 2: three territories of 16 are more than 15, four of 12 are not."""
    units = re.sub(r"^(u\d+),\d", r"\1,2", (tmp_path / "units.csv").read_text(), flags=re.M)
    (tmp_path / "units.csv").write_text(units)
    found = document(run("--max", "17", "--tolerance", "0.01", "--json"))
    assert [t["load"] for t in found["territories"]] == [16, 16, 16]
    found = document(run("--max", "11", "--tolerance", "0.01", "--json"))
    assert [t["load"] for t in found["territories"]] == [8] * 6


def test_what_whole_units_rule_out_is_not_looked_for_longer(run, tmp_path):
    units = re.sub(r"^(u\d+),\d", r"\1,2", (tmp_path / "units.csv").read_text(), flags=re.M)
    (tmp_path / "units.csv").write_text(units)
    missed = run("--count", "5", "--tolerance", "0.05")
    assert missed.exit_code == 2
    assert "impossible: every load is a multiple of 2 and the mean is 9.6, so 16.7%" in (
        missed.output
    )
    assert "--effort" not in missed.output
    assert "a maximum of 10 or more" in run("--count", "5", "--max", "9").output


def test_a_limit_missed_within_the_tolerance_is_told_as_one_of_the_load(run):
    missed = run("--count", "5", "--tolerance", "0.9", "--min", "9", "--max", "9.7")
    assert "The limits of the load were not met" in missed.output
    assert "or ask for more territories" in missed.output
    missed = run("--count", "5", "--tolerance", "0.9", "--min", "9.5", "--max", "9.7")
    assert "or ask for another number of territories" in missed.output


def test_a_centre_on_another_continent_is_refused_with_how_far_it_is(run, tmp_path):
    (tmp_path / "at.csv").write_text("lon,lat\n100.1,0.1\n-60,40\n")
    refused = run("--centers", "at.csv", "--tolerance", "0.3")
    assert refused.exit_code == 2
    assert "Centre 2 is " in refused.output
    (tmp_path / "at.csv").write_text("lon,lat\n100.1,0.1\n101,0.2\n")
    assert run("--centers", "at.csv", "--tolerance", "0.3").exit_code == 0


def test_a_code_that_holds_a_comma_is_named_in_quotes(run, tmp_path):
    for name in ("units.csv", "edges.csv"):
        text = (tmp_path / name).read_text().replace("u00", '"u0,0"')
        (tmp_path / name).write_text(text)
    found = document(
        run("--count", "3", "--lock", '"u0,0"=2,u35=3', "--tolerance", "0.2", "--json")
    )
    assert "u0,0" in found["territories"][1]["units"]


def test_a_limit_that_was_missed_is_what_is_to_be_relaxed(run, tmp_path):
    heavy = (tmp_path / "units.csv").read_text().replace("u22,3,", "u22,60.0000001,")
    (tmp_path / "units.csv").write_text(heavy)
    missed = run("--count", "3", "--tolerance", "5", "--max", "50")
    assert missed.exit_code == 2
    assert "Allow that (--max 60.0001)" in missed.output
    assert "--tolerance" not in missed.output


def test_small_loads_are_told_with_the_digits_that_count(run, tmp_path):
    small = (tmp_path / "units.csv").read_text().replace("u00,1,", "u00,1.0001234,")
    (tmp_path / "units.csv").write_text(small)
    found = document(run("--count", "24", "--tolerance", "2", "--json"))
    assert found["territories"][0]["load"] == 1.0001234
    assert found["proven_optimal"] is True


@pytest.mark.parametrize(
    ("weight", "says"), [("1e200", "choose a larger unit"), ("1e-200", "choose a smaller unit")]
)
def test_loads_that_cannot_be_reckoned_with_are_refused(run, tmp_path, weight, says):
    odd = (tmp_path / "units.csv").read_text().replace("u22,3,", f"u22,{weight},")
    (tmp_path / "units.csv").write_text(odd)
    result = run("--count", "2")
    assert result.exit_code == 2
    assert "row 16, column 'weight'" in result.output
    assert says in result.output


def test_centres_are_read_like_any_table_and_only_in_degrees(run, tmp_path):
    (tmp_path / "centres.csv").write_text("LON;Lat\n100,0;0,1\n100,5;0,1\n")
    asked = ["--centers", "centres.csv", "--tolerance", "0.5", "--json"]
    assert len(document(run(*asked))["territories"]) == 2
    planar = (tmp_path / "units.csv").read_text().replace("lon,lat", "x,y")
    (tmp_path / "units.csv").write_text(planar)
    result = run(*asked)
    assert result.exit_code == 2
    assert "no lon and lat" in result.output


def test_a_mixture_is_shown_in_the_scale_of_what_is_balanced(run):
    asked = ["--count", "2", "--weights", "weight=1,shops=1", "--tolerance", "0.5", "--json"]
    by = {
        name: sum(t["load"] for t in document(run(*asked, "--balance", name))["territories"])
        for name in ("weight", "shops")
    }
    assert by == {"weight": pytest.approx(48), "shops": pytest.approx(60)}


def test_standard_output_holds_nothing_but_the_document(run, tmp_path):
    """METIS writes of its own to the standard output when one unit outweighs all others."""
    ids = [f"u{at:02d}" for at in range(24)]
    rows = [f"{one},{10.0 ** (6 if at == 5 else at % 7 - 4)}" for at, one in enumerate(ids)]
    (tmp_path / "units.csv").write_text("id,weight\n" + "\n".join(rows))
    pairs = [f"{a},{b}" for at, a in enumerate(ids) for b in ids[at + 1 :]]
    (tmp_path / "edges.csv").write_text("a,b\n" + "\n".join(pairs))
    libc, kept = ctypes.CDLL(None), os.dup(1)
    libc.fflush(None)
    with (tmp_path / "out").open("wb") as out:
        os.dup2(out.fileno(), 1)
        try:
            run("--count", "14", "--tolerance", "20", "--objective", "cut-edges", "--json")
            libc.fflush(None)
        finally:
            os.dup2(kept, 1)
            os.close(kept)
    assert (tmp_path / "out").read_text() == ""


def test_a_best_plan_is_not_said_to_want_more_time(run):
    result = run("--count", "2", "--tolerance", "0.5", "--time", "0.2")
    assert ("limits is better" in result.output) != ("more --time" in result.output)


def test_ctrl_c_ends_the_search_with_the_best_plan_so_far(run, tmp_path):
    side = range(30)
    at = [(row, column) for row in side for column in side]
    rows = [f"{r}-{c},{1 + (r * 7 + c) % 5},{c * 0.1},{r * 0.1}" for r, c in at]
    (tmp_path / "units.csv").write_text("\n".join(["id,weight,lon,lat", *rows]))
    pairs = [f"{r}-{c},{r}-{c + 1}" for r, c in at if c + 1 in side]
    pairs += [f"{r}-{c},{r + 1}-{c}" for r, c in at if r + 1 in side]
    (tmp_path / "edges.csv").write_text("\n".join(["a,b", *pairs]))
    warm.ready(Objective.INERTIA)
    hand = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    hand.start()
    # Far more starts than there is time for; without the hand they would take the time they have.
    result = run("--count", "12", "--effort", "900", "--time", "60", "--json")
    found = document(result)
    assert found["stopped"] == "stopped"
    assert found["elapsed_s"] < 30
    assert "best plan so far" in result.output


def test_ctrl_c_once_more_ends_the_command():
    with ending.on_interrupt() as asked:
        signal.raise_signal(signal.SIGINT)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
