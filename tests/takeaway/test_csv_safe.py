"""Cells of files for spreadsheets: none is calculated, and each comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geocrm.customers.imports import report, source
from geocrm.takeaway.csv_safe import neutral, plain

SIGNS = "=+-@\t\r|%\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize("before", ["", " ", "\u200b", "\u2060", "\u202e", "\ufeff", "\u00a0 "])
@pytest.mark.parametrize("sign", SIGNS)
def test_no_cell_begins_like_a_formula_whatever_stands_before_the_sign(before, sign):
    for write in (neutral, report.neutral):
        assert write(f"{before}{sign}SUM(A1)").startswith("'")


@given(st.text(st.sampled_from(SIGNS + "'a1 \u200b\n"), max_size=8))
def test_a_cell_comes_back_as_it_was(cell):
    assert plain(neutral(cell)) == cell


@given(st.text(st.sampled_from("=+-@'a1"), max_size=8))
def test_an_import_reads_what_an_export_wrote(cell):
    assert source.text_of(neutral(cell)) == cell
    assert source.text_of(report.neutral(cell)) == cell


@pytest.mark.parametrize("number", ["-5", "+628123456789", "1e3", -5, 2.5, None])
def test_numbers_in_the_file_of_errors_stay_numbers(number):
    assert report.neutral(number) == ("" if number is None else number)


def test_an_apostrophe_that_belongs_to_a_name_stays():
    for name in ("'s-Hertogenbosch", "'Ndrangheta", "''", "'"):
        assert plain(neutral(name)) == name == source.text_of(name)
