"""Known names a slip or two away from a misspelt one, by a lookup instead of a comparison.

A deletion index: a table holds each name with each one letter left out; a query does the same with
its own name, and names one slip apart share a form. The idea is that of SymSpell (W. Garbe, 2012).
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.places.gazetteer_names import MAX_SPELLING_LENGTH, spelling_forms

Name = tuple[str, str]  # country, key
MAX_SLIPS = 2


def spelt_like(
    session: Session,
    table: Literal["gazetteer_spellings", "pack_spellings"],
    names: Collection[Name],
) -> dict[Name, list[tuple[str, int]]]:
    """For each name the known ones near it, with the number of slips; one statement for all."""
    forms = [
        (form, country, key)
        for country, key in names
        if len(key) <= MAX_SPELLING_LENGTH
        for form in sorted(spelling_forms(key))
    ]
    found: dict[Name, list[tuple[str, int]]] = defaultdict(list)
    if not forms:
        return found
    rows = session.execute(
        text(
            "SELECT DISTINCT w.country, w.key, s.key, levenshtein(w.key, s.key)"
            " FROM unnest(CAST(:forms AS text[]), CAST(:countries AS text[]),"
            "             CAST(:keys AS text[])) AS w(form, country, key)"
            f" JOIN {table} s ON s.form = w.form AND s.country = w.country"
            " WHERE s.key <> w.key AND levenshtein_less_equal(w.key, s.key, :slips) <= :slips"
            " ORDER BY 1, 2, 4, 3"
        ),
        {
            "forms": [form for form, _, _ in forms],
            "countries": [country for _, country, _ in forms],
            "keys": [key for _, _, key in forms],
            "slips": MAX_SLIPS,
        },
    )
    for country, key, like, slips in rows:
        found[country, key].append((like, slips))
    return found
