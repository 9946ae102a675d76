"""Names of a pack with one letter left out, by which a misspelt street or village is found."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.places.gazetteer_names import MAX_SPELLING_LENGTH, MIN_SPELLING_LENGTH


def spell(session: Session, pack_id: int) -> None:
    """Write the forms of every street and locality name of the pack, as `spelling_forms` does."""
    session.execute(text("DELETE FROM pack_spellings WHERE pack_id = :pack"), {"pack": pack_id})
    session.execute(
        text(_SPELL),
        {"pack": pack_id, "shortest": MIN_SPELLING_LENGTH, "longest": MAX_SPELLING_LENGTH},
    )


_SPELL = """
    INSERT INTO pack_spellings (form, country, key, pack_id)
    SELECT DISTINCT left(key, i - 1) || substr(key, i + 1), country, key, :pack
    FROM (
        SELECT n.key, n.country FROM pack_street_names n
        JOIN pack_streets s ON s.id = n.street_id WHERE s.pack_id = :pack
        UNION
        SELECT unnest(l.keys), l.country FROM pack_localities l WHERE l.pack_id = :pack
    ) k, generate_series(1, length(key) + 1) AS i
    WHERE length(key) BETWEEN :shortest AND :longest
"""
