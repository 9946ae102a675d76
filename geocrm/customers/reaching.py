"""Telephone numbers and e-mail addresses in one form. Pure text."""

import re
import unicodedata
from functools import lru_cache

import phonenumbers

_BETWEEN = re.compile(r"\s*(?:[;|\n]|/(?=\s*[+0(])|,|\batau\b|\bor\b|&)\s*", re.IGNORECASE)
# Indonesian mobiles, by far the most frequent here: nothing is left to look up.
_INDONESIAN_MOBILE = re.compile(r"(?:\+?62|0|)(8[1-9]\d{7,10})")
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,24}"
)
MAX_EMAIL = 254  # characters, RFC 5321


def split_numbers(typed: str) -> list[str]:
    """The numbers in a cell that may hold several."""
    return [part for part in _BETWEEN.split(typed) if part]


@lru_cache(maxsize=50_000)
def e164(typed: str, country: str) -> str | None:
    """The number as +628123456789, or None when it is none. `country` is where it is dialled."""
    written = plain(typed)
    digits = re.sub(r"[\s().\-]", "", written)
    if country == "ID":
        mobile = _INDONESIAN_MOBILE.fullmatch(digits)
        if mobile:
            return f"+62{mobile[1]}"
    try:
        number = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number) or not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def email_address(typed: str) -> str | None:
    """The address without what surrounds it, or None when it is none."""
    bare = typed.strip().removeprefix("mailto:").strip("<>;, ")
    if len(bare) > MAX_EMAIL or not _EMAIL.fullmatch(bare) or ".." in bare:
        return None
    return bare


def plain(typed: str) -> str:
    """Without emoji and signs that cannot be seen; digits of any script as those of ASCII."""
    if typed.isascii():
        return typed
    wide = unicodedata.normalize("NFKC", typed)
    kept = (c for c in wide if unicodedata.category(c)[0] not in "SCM" or c == "+")
    return "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in kept).strip()
