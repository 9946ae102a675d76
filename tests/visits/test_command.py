"""`geocrm visits` as it is used."""

import json
import re
from datetime import timedelta

import pytest

from geocrm.cli import run
from tests.visits.conftest import TOMORROW

DAY = TOMORROW.isoformat()


pytestmark = pytest.mark.usefixtures("on_the_test_sessions")


@pytest.fixture
def command(bandung, capsys):
    """Run a command for the rep's day; its status, output and complaint."""

    def call(*arguments, name="plan", rep=bandung.email, day=DAY):
        status = run(["visits", name, "--rep", rep, "--date", day, *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return call


def test_a_day_as_one_json_document(command, around):
    shop = around("Shop", 2, external_id="K-1")
    nowhere = around("Nowhere", at=None)
    status, out, _ = command("--json")
    day = json.loads(out)
    assert status == 0
    assert day["travel_times"] == "estimate"
    (stop,) = day["stops"]
    assert (stop["account"], stop["external_id"]) == (shop.id, "K-1")
    assert re.fullmatch(rf"{DAY}T\d\d:\d\d:\d\d\+07:00", stop["arrive"])
    assert stop["arrive"] < stop["depart"]
    assert stop["wait_s"] == 0
    # There and back, 2 km each by the straight line.
    assert day["distance_m"] == pytest.approx(2 * 2 * 1.35 * 1000, rel=0.02)
    assert day["drive_s"] == pytest.approx(day["distance_m"] / (35 / 3.6), abs=2)
    assert [each["account"] for each in day["unplanned"]] == [nowhere.id]
    assert "pin" in day["unplanned"][0]["reason"]


@pytest.mark.parametrize("start", [("--start=-1.5,2",), ("--start", "-1.5,2")])
def test_a_start_west_of_greenwich_is_understood(command, around, start):
    around("Shop", at=(-1.5, 2.01))
    _, out, _ = command(*start, "--end", "-1.5,2.0", "--json")
    day = json.loads(out)
    assert (day["start"]["lon"], day["start"]["lat"]) == (-1.5, 2.0)
    assert len(day["stops"]) == 1


def test_a_list_of_accounts_with_windows(command, around, tmp_path):
    around("Unasked")
    around("Asked", external_id="K-1")
    path = tmp_path / "list.csv"
    path.write_text("external_id,open,close,visit_min\nK-1,13:00,14:00,20\n")
    _, out, _ = command("--accounts", str(path), "--json")
    (stop,) = json.loads(out)["stops"]
    assert stop["name"] == "Asked"
    assert "T13:20" <= stop["depart"][10:16] <= "T14:00"


def test_the_plan_is_kept_and_can_be_shown(command, around):
    around("Shop")
    _, planned, _ = command("--json")
    status, shown, _ = command("--json", name="show")
    assert status == 0
    assert json.loads(shown) == json.loads(planned)
    _, words, _ = command(name="show")
    assert "Shop" in words
    assert "estimates" in words


def test_a_sheet_asks_no_host_for_anything(command, around, tmp_path):
    around("Toko <b>Maju</b>")
    command()
    out = tmp_path / "sheet.html"
    assert command("--out", str(out), name="sheet")[0] == 0
    text = out.read_text()
    assert "Toko &lt;b&gt;Maju&lt;/b&gt;" in text
    assert "estimates" in text
    # Links a person may click are none of the page's own requests.
    loads = r"""<(?:script|img|link)[^>]*(?:src|href)=["']?(?:https?:)?//|url\(["']?https?:"""
    assert not re.search(loads, text)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--hours", "17:00-08:00"], "no time"),
        (["--hours", "08:00-08:00"], "no time"),
        (["--hours", "eight"], "working hours"),
        (["--start", "6.8"], "no place"),
        (["--start", "-6.9,107.6"], "longitude comes first"),
        (["--visit-min", "0"], "1 to 1440"),
        (["--time", "0"], "seconds"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_what_cannot_be_planned_is_said_in_a_sentence(command, around, arguments, complaint):
    around("Shop")
    status, out, err = command(*arguments, "--json")
    assert (status, out) == (2, "")
    assert complaint in err
    assert "Traceback" not in err


def test_a_wrong_rep_day_or_account_is_said_in_a_sentence(command, around, marketer, tmp_path):
    assert "no customers" in command()[2]
    around("Shop")
    path = tmp_path / "list.txt"
    path.write_text("K-404\n")
    for arguments, options, complaint in (
        ([], {"rep": "nobody@example.test"}, "nobody@example.test"),
        ([], {"rep": marketer.email}, "marketer"),
        ([], {"day": "tomorrow"}, "no date"),
        ([], {"day": (TOMORROW - timedelta(days=9)).isoformat()}, "past"),
        (["--accounts", str(path)], {}, "'K-404'"),
        ([], {"name": "show"}, "no plan"),
    ):
        status, _, err = command(*arguments, **options)
        assert status == 2
        assert complaint in err


def test_a_user_plans_only_for_those_they_may_see(command, around, manager, add_user):
    around("Shop")
    assert command("--as", manager.email)[0] == 0
    status, _, err = command("--as", add_user().email)
    assert status == 2
    assert "no field rep" in err
