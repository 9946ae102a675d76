"""What a place on offer has in common with an address as somebody wrote it. Pure text.

Both are cut into pieces, so that a page can show them side by side: words that stand in both, words
that stand in both with another spelling, and words that only one of them has.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from geocrm.places.gazetteer_names import folded, words

SAME, NEAR, ALONE, PLAIN = "same", "near", "alone", ""
MAX_JOINED: Final = 3  # "Suka Maju" and "Sukamaju": so many words may be written as one
MIN_NEAR: Final = 5  # one letter of four makes another name
_LONG: Final = 9  # two slips are still the same name
_PIECE: Final = re.compile(r"[^\W_]+|[\W_]+")
_KINDS: Final = (
    "jl jln jalan gg gang lorong no nomor rt rw blok kav kavling lantai lt ruko komplek kompleks"
    " perumahan dusun kel kelurahan desa ds kec kecamatan kab kabupaten kota kotamadya kodya prov"
    " provinsi propinsi administrasi daerah khusus ibukota indonesia street st road rd avenue ave"
    " city regency district province kode pos po box"
)
# Words that say what kind of thing a name is: whether they stand in both tells nothing.
KINDS: Final = frozenset(_KINDS.split())
_PARTS: Final = ("village", "district", "city", "region", "postcode")


class Piece(NamedTuple):
    """A stretch of a text; `mark` is SAME, NEAR, ALONE, or PLAIN for what names nothing."""

    text: str
    mark: str


class Comparison(NamedTuple):
    """An address and a label in pieces; joined, the pieces of each give it back."""

    written: list[Piece]
    label: list[Piece]


def written_address(address: Mapping[str, str | None]) -> str:
    """The address in one line: as typed, and those of its parts that the typed line lacks."""
    typed = (address.get("typed") or "").strip()
    street = " ".join(part for name in ("street", "house_number") if (part := address.get(name)))
    line = typed or street
    for part in (address.get(name) for name in _PARTS):
        if part and folded(part) not in folded(line):
            line = f"{line}, {part}" if line else part
    return line


def compare(written: str, label: str, country: str) -> Comparison:
    """What of the address the label says too; `country` tells which short forms are usual."""
    ours, theirs = _Words(written, country), _Words(label, country)
    for size in range(MAX_JOINED, 0, -1):
        for other in range(1, MAX_JOINED + 1):
            _pair(ours, theirs, size, other)
    _pair_misspelt(ours, theirs)
    return Comparison(ours.pieces(), theirs.pieces())


class _Words:
    """The words of a text in comparable form, and what was found out about each."""

    def __init__(self, text: str, country: str) -> None:
        self._texts = _PIECE.findall(text)
        self._at = [i for i, piece in enumerate(self._texts) if piece[0].isalnum()]
        self.keys = ["".join(words(self._texts[i], country)) for i in self._at]
        self.marks = [PLAIN if folded(self._texts[i]) in KINDS else ALONE for i in self._at]

    def runs(self, size: int) -> dict[str, list[int]]:
        """Where each run of so many words begins that nothing is known about yet."""
        found: dict[str, list[int]] = {}
        for start in range(len(self.keys) - size + 1):
            span = slice(start, start + size)
            if all(mark in (ALONE, PLAIN) for mark in self.marks[span]) and (
                self.marks[start] == ALONE
            ):
                found.setdefault("".join(self.keys[span]), []).append(start)
        return found

    def mark(self, start: int, size: int, mark: str) -> None:
        self.marks[start : start + size] = [mark] * size

    def pieces(self) -> list[Piece]:
        """The text again, neighbours of one mark put together."""
        marks = dict(zip(self._at, self.marks, strict=True))
        joined: list[Piece] = []
        for i, text in enumerate(self._texts):
            mark = marks.get(i, PLAIN)
            if joined and joined[-1].mark == mark:
                joined[-1] = Piece(joined[-1].text + text, mark)
            else:
                joined.append(Piece(text, mark))
        return joined


def _pair(ours: _Words, theirs: _Words, size: int, other: int) -> None:
    """Mark runs that read the same without their spaces."""
    there = theirs.runs(other)
    for key, starts in ours.runs(size).items():
        for start in starts if key in there else ():
            ours.mark(start, size, SAME)
        for start in there.get(key, ()):
            theirs.mark(start, other, SAME)


def _pair_misspelt(ours: _Words, theirs: _Words) -> None:
    """Mark words that are a slip or two away from a word the other side has left."""
    there = theirs.runs(1)
    for key, starts in ours.runs(1).items():
        if len(key) < MIN_NEAR or not key.isalpha():
            continue
        allowed = 2 if len(key) >= _LONG else 1
        like = [k for k in there if len(k) >= MIN_NEAR and OSA.distance(key, k) <= allowed]
        for start in starts if like else ():
            ours.mark(start, 1, NEAR)
        for start in (at for k in like for at in there[k]):
            theirs.mark(start, 1, NEAR)
