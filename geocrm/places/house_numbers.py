"""House numbers in comparable form: letters, ranges, slashes and lists, as people and maps write.

Pure text: the loader of region packs and the geocoder both use it, so that they meet in one form.
"""

import re
from typing import NamedTuple

_MARK = re.compile(
    r"^(?:no|nr|num|numero|nomor|nomer|number|house|hnr|n)\b\s*[.:°º]?\s*|^[#№]\s*|^n[°º]\s*", re.I
)
_SPACES = re.compile(r"\s+")
_LIST = re.compile(r"\s*[;,|&+]\s*|\s+(?:and|und|et|y|dan|ja|och)\s+", re.IGNORECASE)
# 12, 12a, 12 bis, 12-14, 12/3, 12a-c, 3/B: a number, what stands behind it, and a range's end.
_NUMBER = re.compile(
    r"^(?P<value>\d{1,6})\s*(?P<rest>(?:[a-z]|bis|ter|quater|quinquies)(?![a-z]))?"
    r"(?:\s*[-–—]\s*(?P<end>\d{1,6})\s*(?P<end_rest>[a-z])?|\s*(?P<tail>[-/.\s]\s*[a-z0-9/.-]{1,8}))?$",
    re.IGNORECASE,
)
MAX_LISTED = 20  # "1;3;5": more than this is no list of numbers of one house
MAX_SPAN = 200  # 3-5 is a house; 3-405 is something else


class HouseNumber(NamedTuple):
    """A house number: `value` and, for a range, `end`; `rest` tells houses of one value apart.

    `rest` is lower case without spaces: "a", "bis", "/3", or "" for none.
    """

    value: int
    rest: str = ""
    end: int | None = None

    @property
    def text(self) -> str:
        """The comparable form: 12, 12a, 12/3, 12-14."""
        return f"{self.value}{self.rest}" + (f"-{self.end}" if self.end is not None else "")

    def covers(self, other: "HouseNumber") -> bool:
        """Whether it is the other, or a range that holds it on its side of the street."""
        if self.text == other.text:
            return True
        if self.end is None:
            return False
        last = other.end if other.end is not None else other.value
        inside = self.value <= other.value <= last <= self.end
        return inside and (self.value - other.value) % 2 == 0 and other.rest in ("", self.rest)


def house_numbers(text: str) -> list[HouseNumber]:
    """The numbers a value names, in their order: "12; 14a" are two. Nothing when it holds none."""
    parts = [part for part in _LIST.split(text.strip()[:200]) if part][:MAX_LISTED]
    return [found for part in parts if (found := house_number(part)) is not None]


def house_number(text: str) -> HouseNumber | None:
    """One number, or None: "No. 12 A" is 12a."""
    bare = _SPACES.sub(" ", text.strip().lower())
    bare = _MARK.sub("", bare).strip(" .")
    found = _NUMBER.match(bare)
    if found is None:
        return None
    value, rest = int(found["value"]), found["rest"] or ""
    if found["end"] is not None:
        end = int(found["end"])
        if value < end <= value + MAX_SPAN:
            return HouseNumber(value, rest, end)
        # 12-3 and 4-1234 are no ranges: the second part tells houses of one number apart.
        return HouseNumber(value, f"{rest}-{found['end']}{found['end_rest'] or ''}")
    tail = re.sub(r"[\s.]+", "", found["tail"] or "")
    if tail.startswith("-"):
        tail = tail[1:]
    if tail and tail[0].isdigit():
        tail = "/" + tail
    if tail and not rest and re.fullmatch(r"/[a-z]", tail):
        tail = tail[1:]  # 3/B is 3b
    return HouseNumber(value, rest + tail)
