"""Finding customers by what somebody remembers of them, best hits first.

A name is found by its beginning, then by the beginnings of its words, then with misspelt words put
right; each step is a statement that stops at the first hits, and the next runs only when hits are
missing. Who sees few customers is answered by reading theirs: an index on the names of everybody
would be walked for long before it meets one of them.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import phonenumbers
from rapidfuzz.distance import OSA
from sqlalchemy import text
from sqlalchemy.orm import Session

from geocrm.customers import reaching
from geocrm.db import scoped_sql
from geocrm.maps.calls import read_number

SHORTEST: Final = 2
LONGEST: Final = 100
_SHORTEST_PHONE: Final = 5  # digits
_PHONE: Final = re.compile(r"[\d\s().+/\-]{5,}")
# Up to so many customers are read faster than a common word is looked up in a million names.
_FEW: Final = 3_000
# Fewer letters begin too many words to gather them all.
_SHORTEST_BEGINNING: Final = 3
_SHORTEST_MISSPELT: Final = 4
_CORRECTIONS: Final = 4
_LAST: Final = chr(1_114_111)  # sorts behind every other letter
_TO_RANK: Final = 60  # hits of a word, of which those with most revenue are shown


class Hit(NamedTuple):
    """A customer that was found, and by what."""

    account_id: int
    name: str
    found_by: str
    segment: str | None
    lon: float | None
    lat: float | None


class _Names(NamedTuple):
    """Where names stand.

    The table `n`, the account of a row, what the hit is shown with, and the condition that the row
    is exactly what was typed.
    """

    table: str
    account: str
    found_by: str
    identity: str


_ACCOUNTS: Final = _Names(
    "accounts", "n.id", "coalesce(a.external_id, '')", "n.external_id = :typed"
)
_CONTACTS: Final = _Names("contacts", "n.account_id", "hits.found", "false")


class Typed(NamedTuple):
    """What was typed as names are compared, and whether the actor sees few customers."""

    text: str
    folded: str
    sees_few: bool

    @property
    def words(self) -> list[str]:
        """Its words, without capitals, accents and punctuation."""
        return self.folded.split()


def understand(session: Session, typed: str) -> Typed:
    """What was typed, ready for both searches by name."""
    row = scoped_sql(
        session,
        # In two halves, each from an index alone: as one, thousands of rows of the table are read.
        "SELECT folded(:typed), (SELECT count(*) FROM ("
        "SELECT FROM account_scope s WHERE {scope_owner:s} UNION ALL"
        f" SELECT FROM account_scope s WHERE {{scope_territory:s}} LIMIT {_FEW + 1}) seen)",
        {"typed": typed},
    ).one()
    return Typed(typed, str(row[0]), int(row[1]) <= _FEW)


def by_name(session: Session, typed: Typed, limit: int) -> list[Hit]:
    """Customers with that id, or whose name or words of it begin so or nearly so."""
    return _by_words(session, _ACCOUNTS, typed, limit)


def by_contact(session: Session, typed: Typed, limit: int, *, corrected: bool = True) -> list[Hit]:
    """Customers with a contact of that name; unless `corrected`, as it is spelt."""
    return _by_words(session, _CONTACTS, typed, limit, corrected=corrected)


def by_email(session: Session, typed: str, limit: int) -> list[Hit]:
    """Customers with an e-mail address that begins so; only for what has an @."""
    if "@" not in typed:
        return []
    return _children(
        session,
        "emails",
        "address::text",
        "n.address >= CAST(:begins AS citext) AND n.address < CAST(:begins || :last AS citext)",
        "address",
        {"begins": typed, "last": _LAST},
        limit,
    )


def by_phone(session: Session, typed: str, limit: int, region: str = "ID") -> list[Hit]:
    """Customers with a number that begins with the digits typed, in any spelling."""
    written = reaching.plain(typed)
    # A whole number may have a scheme, an extension or a name around it, as a call has.
    begins = read_number(typed, region).e164
    if begins is None and _PHONE.fullmatch(written):
        begins = e164_beginning(written, region)
    if begins is None or len(begins) <= _SHORTEST_PHONE:
        return []
    return _children(
        session, "phones", "e164", "n.e164 LIKE :begins || '%'", "e164", {"begins": begins}, limit
    )


def e164_beginning(typed: str, region: str) -> str:
    """What was typed of a number, as it begins internationally: 0812-34 is +6281234."""
    digits = re.sub(r"\D", "", typed.replace("(0)", ""))
    if typed.strip().startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    country = str(phonenumbers.country_code_for_region(region))
    if digits.startswith("0"):
        return f"+{country}{digits[1:]}"
    return f"+{digits}" if digits.startswith(country) else f"+{country}{digits}"


# ------------------------------------------------------------------------- names and words


def _by_words(
    session: Session, names: _Names, typed: Typed, limit: int, *, corrected: bool = True
) -> list[Hit]:
    words = typed.words
    if not words:
        return []
    if typed.sees_few:
        found = _among_few(session, names, typed, limit)
        if found or not corrected:
            return found
        return _among_few(session, names, typed, limit, corrected=True)
    found = _beginning(session, names, typed, limit)
    if len(found) < limit and (len(words[-1]) >= _SHORTEST_BEGINNING or not found):
        more = _with_words(session, names, [[word] for word in words], limit)
        found = _distinct(found + more, limit)
    if found or not corrected:
        return found
    alternatives = _put_right(session, words)
    return _with_words(session, names, alternatives, limit) if alternatives else []


def _beginning(session: Session, names: _Names, typed: Typed, limit: int) -> list[Hit]:
    """Names that begin so, in their order: the index is walked until there are enough."""
    return _hits(
        session,
        _shown(
            names,
            f"""
            (SELECT n.name AS found, {names.account} AS account_id, 0 AS place
             FROM {names.table} n JOIN account_scope s ON s.account_id = {names.account}
             WHERE {{scope:s}} AND {names.identity})
            UNION ALL
            (SELECT n.name, {names.account},
                    row_number() OVER (ORDER BY folded(n.name) COLLATE "C", n.id)
             FROM {names.table} n JOIN account_scope s ON s.account_id = {names.account}
             WHERE {{scope:s}} AND folded(n.name) COLLATE "C" >= :begins
               AND folded(n.name) COLLATE "C" < :begins || :last
             ORDER BY folded(n.name) COLLATE "C", n.id LIMIT :limit)
            """,
        ),
        {"typed": typed.text, "begins": typed.folded, "last": _LAST, "limit": limit},
    )


def _with_words(
    session: Session, names: _Names, words: Sequence[Sequence[str]], limit: int
) -> list[Hit]:
    """Names with a word of each group; the last is taken as a beginning."""
    *whole, last = words
    groups = [" | ".join(map(_lexeme, group)) for group in whole]
    groups.append(" | ".join(f"{_lexeme(word)}:*" for word in last))
    return _hits(
        session,
        _shown(
            names,
            f"""
            SELECT found, account_id, row_number() OVER (ORDER BY revenue DESC, account_id) AS place
            FROM (
                SELECT n.name AS found, {names.account} AS account_id, s.revenue
                FROM {names.table} n JOIN account_scope s ON s.account_id = {names.account}
                WHERE {{scope:s}} AND name_words(n.name) @@ CAST(:query AS tsquery) LIMIT {_TO_RANK}
            ) met
            ORDER BY place LIMIT :limit
            """,
        ),
        {"query": " & ".join(f"({group})" for group in groups), "limit": limit},
    )


def _lexeme(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _put_right(session: Session, words: Sequence[str]) -> list[list[str]] | None:
    """For each word the known ones it may stand for; None when one cannot be read."""
    found = []
    for word in words:
        if len(word) < _SHORTEST_MISSPELT:
            found.append([word])
            continue
        near = [known for known in _similar_words(session, word) if _misspelt(word, known)]
        if not near:
            return None
        found.append(sorted(near, key=lambda known: OSA.distance(word, known))[:_CORRECTIONS])
    return found


def _similar_words(session: Session, word: str) -> list[str]:
    rows = session.execute(text("SELECT word FROM similar_words(:word) word"), {"word": word})
    return [row.word for row in rows]


def _misspelt(word: str, known: str) -> bool:
    """Whether one slip of the fingers makes one of the other; two in a long word."""
    return OSA.distance(word, known) <= (1 if len(word) < 7 else 2)


def _among_few(
    session: Session, names: _Names, typed: Typed, limit: int, *, corrected: bool = False
) -> list[Hit]:
    """The same, read from the few customers the actor sees."""
    words = typed.words
    values: dict[str, Any] = {"typed": typed.text, "folded": typed.folded, "limit": limit}
    if corrected:
        if len(typed.folded) < _SHORTEST_MISSPELT:
            return []
        wanted = "word_similarity(:folded, mine.folded) >= 0.5"
        rank = "word_similarity(:folded, mine.folded) DESC"
    else:
        values |= {f"word{i}": f" {word}" for i, word in enumerate(words)}
        holds = (f"strpos(' ' || mine.folded, :word{i}) > 0" for i in range(len(words)))
        wanted = f"({' AND '.join(holds)} OR mine.identical)"
        rank = "mine.identical DESC, starts_with(mine.folded, :folded) DESC, mine.revenue DESC"
    return _hits(
        session,
        _shown(
            names,
            f"""
            SELECT mine.found, mine.account_id,
                   row_number() OVER (ORDER BY {rank}, mine.id) AS place
            FROM (
                SELECT n.id, n.name AS found, {names.account} AS account_id, s.revenue,
                       folded(n.name) AS folded, coalesce({names.identity}, false) AS identical
                FROM account_scope s JOIN {names.table} n ON {names.account} = s.account_id
                WHERE {{scope:s}} OFFSET 0
            ) mine
            WHERE {wanted} ORDER BY place LIMIT :limit
            """,
        ),
        values,
    )


def _shown(names: _Names, hits: str) -> str:
    return f"""
        WITH hits AS MATERIALIZED ({hits})
        SELECT a.id, a.name, {names.found_by}, sc.segment, ST_X(sc.geom), ST_Y(sc.geom)
        FROM hits JOIN accounts a ON a.id = hits.account_id
        JOIN account_scope sc ON sc.account_id = hits.account_id
        ORDER BY hits.place
    """


# ------------------------------------------------------------------------- numbers, addresses


def _children(
    session: Session,
    table: str,
    found_by: str,
    condition: str,
    order: str,
    values: dict[str, Any],
    limit: int,
) -> list[Hit]:
    return _hits(
        session,
        f"""
        SELECT s.account_id, a.name, n.{found_by}, s.segment, ST_X(s.geom), ST_Y(s.geom)
        FROM {table} n JOIN accounts a ON a.id = n.account_id
        JOIN account_scope s ON s.account_id = n.account_id
        WHERE {{scope:s}} AND {condition} ORDER BY n.{order}, n.id LIMIT :limit
        """,
        values | {"limit": limit},
    )


def _hits(session: Session, sql: str, values: dict[str, Any]) -> list[Hit]:
    found = [Hit._make(row) for row in scoped_sql(session, sql, values)]
    return _distinct(found, values["limit"])


def _distinct(hits: Sequence[Hit], limit: int) -> list[Hit]:
    return list({(hit.account_id, hit.found_by): hit for hit in hits}.values())[:limit]
