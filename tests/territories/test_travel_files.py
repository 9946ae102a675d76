"""Minutes between units out of a file: there and back, what is missing, what is estimated."""

import numpy as np
import pytest

from geocrm.errors import InvalidInput
from geocrm.spatial.geodesy import great_circle_m
from geocrm.territories import travel_files

IDS = ("a", "b", "c", "d")
PLACES = np.array([[106.0, -6.0], [106.1, -6.0], [106.2, -6.0], [106.3, -6.0]])


@pytest.fixture
def read(tmp_path):
    """Read a table of these rows for four units in a line."""

    def read(*rows: str, lonlat=PLACES, head: str = "from,to,minutes", **more):
        path = tmp_path / "times.csv"
        path.write_text("\n".join((head, *rows)) + "\n")
        return travel_files.read(path, IDS, lonlat, **more)

    return read


def test_a_way_is_the_mean_of_there_and_back_or_the_one_that_is_known(read):
    travel = read("a,b,10", "b,a,20", "c,b,7")
    assert travel.minutes[0, 1] == travel.minutes[1, 0] == 15
    assert travel.minutes[1, 2] == travel.minutes[2, 1] == 7


def test_a_missing_pair_goes_the_shortest_way_and_a_known_one_stays_as_it_is(read):
    travel = read("a,b,10", "b,c,10", "c,d,0", "a,d,50")
    assert travel.minutes[0, 2] == 20
    assert travel.minutes[1, 3] == 10
    # Going round by b would be shorter; whoever measured the way knew why it is not.
    assert travel.minutes[0, 3] == 50
    assert tuple(travel.pairs) == (4, 2, 0)


def test_what_no_way_joins_is_estimated_at_the_stated_speed(read):
    travel = read("a,b,10", "b,c,10", speed_kmh=70.0)
    km = great_circle_m(106.0, -6.0, 106.3, -6.0) / 1000
    assert travel.minutes[0, 3] == pytest.approx(km * 1.35 / 70 * 60)
    assert tuple(travel.pairs) == (2, 1, 3)
    assert "3 that no such way joins are estimated" in travel.words()
    assert "at 70 km/h" in travel.words()


def test_without_places_a_pair_that_no_way_joins_is_named(read):
    with pytest.raises(InvalidInput, match="joins a and d by no pair or chain of pairs"):
        read("a,b,10", "b,c,10", lonlat=None)
    assert read("a,b,10", "b,c,10", "d,c,1", lonlat=None).minutes[0, 3] == 21


def test_the_way_within_a_unit_is_nothing_unless_the_file_says_so(read):
    travel = read("a,b,10", "b,b,4")
    assert np.diag(travel.minutes).tolist() == [0, 4, 0, 0]


def test_the_checksum_is_that_of_the_times_not_of_the_file(read):
    one = read("a,b,10", "b,c,20").checksum
    assert read("b,c,20.0", "a,b,10", "a,b,10").checksum == one
    assert read("a,b,10", "b,c,21").checksum != one


def test_units_elsewhere_are_no_matter_but_a_file_without_this_area_is_refused(read):
    assert read("a,b,10", "a,z,3", elsewhere=("z", "y")).pairs.known == 1
    with pytest.raises(InvalidInput, match="no travel time between two of the units"):
        read("y,z,3", elsewhere=("z", "y"))


def test_a_header_in_other_words_is_understood(read):
    assert read("a;b;1,5", head="Origin;Destination;Duration_min").minutes[0, 1] == 1.5


@pytest.mark.parametrize("speed", [0.0, -5.0, float("nan"), float("inf")])
def test_a_speed_that_nobody_drives_is_refused(read, speed):
    with pytest.raises(InvalidInput, match="km/h is not possible"):
        read("a,b,10", speed_kmh=speed)
